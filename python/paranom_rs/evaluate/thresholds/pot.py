"""Thresholds from extreme value theory: the tail of the scores is fitted."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.thresholds.base import Threshold


class POT(Threshold):
    """Peaks over threshold: the level that scores exceed with a given probability (Siffer et al., KDD 2017).

    A generalised Pareto tail is fitted to the excesses over a quantile, by maximum likelihood. It needs 10 distinct
    excesses at least. Where the tail is bounded, the threshold stays below its end.

    Parameters
    ----------
    risk
        The probability that a normal score exceeds the threshold; below 1 - level.
    level
        The quantile where the tail starts.

    Attributes
    ----------
    shape_, scale_
        The fitted tail.
    start_
        The quantile's value.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.evaluate.thresholds import POT
    >>> normal = np.random.default_rng(0).normal(size=5_000)
    >>> rule = POT(risk=1e-3).fit(normal)
    >>> rule.predict([0.0, 9.0]).tolist()
    [0, 1]
    """

    shape_: float
    scale_: float
    start_: float

    def __init__(self, risk: float = 1e-4, *, level: float = 0.98) -> None:
        checks.share("risk", risk)
        checks.share("level", level)
        if risk >= 1 - level:
            raise SpecError("risk", f"must be below 1 - level = {1 - level:g}, where the tail starts", str(risk))
        self.risk = risk
        self.level = level

    def _find(self, s: Floats, y: Flags | None) -> float:
        if not np.isfinite(s).all():
            raise SpecError("scores", f"must be finite for {type(self).__name__}", "an infinity")
        start = float(np.quantile(s, self.level))
        excesses = s[s > start] - start
        distinct = len(np.unique(excesses))
        if distinct < 10:
            rule = f"must have 10 distinct excesses over the {self.level} quantile: give more scores or a lower level"
            raise SpecError("scores", rule, str(distinct))
        self.start_, self._excesses, self._seen = start, excesses, len(s)
        return self._refit()

    def _refit(self) -> float:
        self.shape_, self.scale_ = _fit_pareto(self._excesses)
        return self._level_of_risk()

    def _level_of_risk(self) -> float:
        """Return the level that the fitted tail exceeds with probability `risk` (equation 1 of the paper)."""
        ratio = self.risk * self._seen / len(self._excesses)
        if self.shape_ == 0:
            return self.start_ - self.scale_ * float(np.log(ratio))
        return self.start_ + self.scale_ / self.shape_ * float(np.expm1(-self.shape_ * np.log(ratio)))


def _fit_pareto(excesses: Floats) -> tuple[float, float]:
    """Return the maximum-likelihood shape and scale of a generalised Pareto distribution.

    Grimshaw (1993): with theta = shape / scale, the best shape for a given theta is mean(log(1 + theta * y)). So the
    likelihood is a function of theta alone. A grid brackets its maximum, golden sections refine it.
    """
    mean, largest = float(excesses.mean()), float(excesses.max())
    y = excesses / mean

    def loss(theta: float) -> float:
        if abs(theta) < 1e-9:  # the exponential distribution
            return 1.0
        shape = float(np.mean(np.log1p(theta * y)))
        # Below -1 the likelihood has no maximum (it grows without bound at the end of the tail).
        return float(np.log(shape / theta) + shape + 1) if shape > -1 else np.inf

    edge = mean / largest
    # Where theta * y is large for all y, the loss only rises; a heavy tail has its best theta near 1 / median.
    top = 1e3 / max(float(np.quantile(y, 0.1)), 1e-12)
    rising = np.geomspace(1e-3, max(top, 50.0), 8 * max(int(np.log10(max(top, 50.0) / 1e-3)), 10))
    grid = np.concatenate([-edge * (1 - np.geomspace(1e-6, 1, 60)[:-1]), [0.0], rising])
    grid.sort()
    losses = np.array([loss(float(t)) for t in grid])
    best = int(np.argmin(losses))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(80):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) <= loss(right):
            high = right
        else:
            low = left
    theta = (low + high) / 2
    if losses[best] < loss(theta):
        theta = float(grid[best])
    if abs(theta) < 1e-9:
        return 0.0, mean
    shape = float(np.mean(np.log1p(theta * y)))
    return shape, shape / theta * mean


class SPOT(POT):
    """POT that goes on learning (Siffer et al., KDD 2017, algorithm 2).

    Fit it on the first scores, then pass the others to `update`, one by one. A normal score above ``start_`` refits the
    tail. An anomalous one never does. The parameters are those of `POT`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.evaluate.thresholds import SPOT
    >>> normal = np.random.default_rng(0).normal(size=5_000)
    >>> rule = SPOT(risk=1e-3).fit(normal)
    >>> bool(rule.update(9.0)), bool(rule.update(0.0))
    (True, False)
    """

    def update(self, score: float) -> bool:
        """Return whether ``score`` is anomalous; learn from it if it is not."""
        value = float(checks.scores("score", [score])[0])
        if value > self.threshold_:
            return True
        self._seen += 1
        if value > self.start_:
            self._excesses = np.append(self._excesses, value - self.start_)
            self.threshold_ = self._refit()
        else:
            self.threshold_ = self._level_of_risk()
        return False
