"""Thresholds from the quantiles, or from the mean and the spread, of normal scores."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.thresholds.base import Threshold


class Quantile(Threshold):
    """A quantile of the scores.

    Parameters
    ----------
    q
        0 < q < 1. A share of 1 - q of the normal rows will be called anomalous.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.evaluate.thresholds import Quantile
    >>> rule = Quantile(0.9).fit(np.arange(11.0))
    >>> rule.threshold_, rule.predict([8.5, 9.5]).tolist()
    (9.0, [0, 1])
    """

    def __init__(self, q: float = 0.90) -> None:
        checks.share("q", q)
        self.q = q

    def _find(self, s: Floats, y: Flags | None) -> float:
        return float(np.quantile(s, self.q))


class KSigma(Threshold):
    """Mean + k standard deviations.

    Parameters
    ----------
    k
        Above 0.
    robust
        Whether to use the median and 1.4826 times the MAD (median absolute deviation) instead.

    Examples
    --------
    >>> from paranom_rs.evaluate.thresholds import KSigma
    >>> rule = KSigma(3).fit([1.0, 2.0, 3.0])
    >>> rule.predict([3.0, 9.0]).tolist()
    [0, 1]
    """

    def __init__(self, k: float = 3.0, *, robust: bool = False) -> None:
        checks.positive("k", k)
        self.k = k
        self.robust = checks.flag("robust", robust)

    def _find(self, s: Floats, y: Flags | None) -> float:
        if not self.robust:
            return float(s.mean() + self.k * s.std())
        middle = np.median(s)
        # 1.4826 makes the MAD of a normal distribution its standard deviation.
        return float(middle + self.k * 1.4826 * np.median(np.abs(s - middle)))
