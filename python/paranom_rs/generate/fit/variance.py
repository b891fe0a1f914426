"""Variance that changes: calm times and wild times."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.distributions import Empirical
from paranom_rs.generate.fit.likeness import quantile_error
from paranom_rs.generate.fit.noise import innovations_of
from paranom_rs.generate.fit.period import autocorrelation
from paranom_rs.generate.processes import StochasticVolatility
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.signals import AR1, ColouredNoise

__all__ = ["coloured_volatility_of", "volatility_of"]

#: Logarithms of squares go together over so many rows.
LAGS = 50
#: A mean autocorrelation of so many standard errors is no chance; of fewer rows nothing is said.
ERRORS, LEAST_ROWS = 5.0, 500
#: The variance of correlated values changes so many times more slowly than they do.
SLOWER = 3.0
#: Quantiles of a product are off by at most this share of the range.
MOST_OFF = 0.02
#: The normal distribution as a table: values at evenly spaced shares, without the farthest.
_SHARES = np.linspace(0.0, 1.0, 257)
_SCORES = np.array([NormalDist().inv_cdf(float(np.clip(p, 2e-4, 1.0 - 2e-4))) for p in _SHARES])


class Volatility(NamedTuple):
    """How the logarithm of a standard deviation varies: its correlation from row to row, and its standard deviation."""

    persistence: float
    spread: float


def volatility_of(x: Floats) -> StochasticVolatility | None:
    """Return the rule of uncorrelated values (n,) whose variance changes; None where it does not."""
    found = _volatility(x)
    return None if found is None else StochasticVolatility(float(x.std()), *found, float(x.mean()))


def coloured_volatility_of(x: Floats, weights: Floats, rng: np.random.Generator) -> Rule | None:
    """Return the rule of correlated values (n,) whose variance changes: a moving average times a positive noise.

    None where the variance does not change, where it changes as quickly as values do, and where such a product has
    another distribution than the values.

    Parameters
    ----------
    x
        The values.
    weights
        Of the moving average that has their autocorrelation.
    rng
        Draws the noise whose distribution is compared.
    """
    middle, std = float(x.mean()), float(x.std())
    found = _volatility(innovations_of(x - middle, weights))
    if found is None or 1.0 / (1.0 - found.persistence) < SLOWER * _reach(weights):
        return None
    # The mean of squares is 1, as in `StochasticVolatility`.
    factors = np.exp(found.spread * _SCORES - found.spread**2)
    drawn = rng.permutation(np.interp(rng.random(len(x)), _SHARES, factors)) * rng.normal(size=len(x))
    if quantile_error(x[:, None], middle + std * drawn[:, None]) > MOST_OFF:
        return None
    scaled = [float(weight) for weight in std / np.sqrt(weights @ weights) * weights]
    rule: Rule = ColouredNoise(scaled) * Empirical([float(x) for x in factors], of=AR1(found.persistence))
    return rule + middle


def _reach(weights: Floats) -> float:
    """Return how many rows weights reach on average."""
    shares = weights**2
    return 1.0 + float(np.arange(len(weights)) @ shares / shares.sum())


def _volatility(x: Floats) -> Volatility | None:
    """Return how the variance of uncorrelated values (n,) changes; None where it does not.

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
    return Volatility(persistence, min(spread, 3.0))
