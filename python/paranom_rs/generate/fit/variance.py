"""Variance that changes: calm times and wild times."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.period import autocorrelation
from paranom_rs.generate.processes import StochasticVolatility

__all__ = ["volatility_of"]

#: Logarithms of squares go together over so many rows.
LAGS = 50
#: A mean autocorrelation of so many standard errors is no chance; of fewer rows nothing is said.
ERRORS, LEAST_ROWS = 5.0, 500


def volatility_of(x: Floats) -> StochasticVolatility | None:
    """Return the rule of uncorrelated values (n,) whose variance changes; None where it does not.

    The logarithm of squares is that of the variance, an autoregression, plus noise whose variance is known; so the
    autocovariance at lags above 0 is that of the autoregression (Harvey, Ruiz and Shephard, Review of Economic Studies
    61, 1994).
    """
    n = len(x)
    middle, std = float(x.mean()), float(x.std())
    if n < LEAST_ROWS or std == 0.0:
        return None
    z = (x - middle) / std
    y = np.log(z**2 + 1e-6)
    r = autocorrelation(y, LAGS) * y.var()
    near = r[1:11]
    if near.mean() <= ERRORS * y.var() / np.sqrt(10.0 * n):
        return None
    known = np.flatnonzero(r[1:] < 0.3 * r[1])
    last = max(int(known[0]) if len(known) else LAGS, 3)
    lags = np.arange(1, last + 1)
    usable = r[lags] > 0.0
    if usable.sum() < 3:
        return None
    # Weighted by height: the logarithm of small ones is noisy.
    slope, height = np.polyfit(lags[usable], np.log(r[lags][usable]), 1, w=r[lags][usable])
    persistence = float(np.clip(np.exp(slope), 0.0, 0.9999))
    spread = float(np.sqrt(np.exp(height)) / 2.0)
    return StochasticVolatility(std, persistence, min(spread, 3.0), middle)
