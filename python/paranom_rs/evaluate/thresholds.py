"""From a score to a decision: one small class per rule, for every detector.

Each has ``fit(scores, y=None)``, which sets ``threshold_`` and returns the object, and ``predict(scores)``,
which gives 1 where ``score > threshold_``. Hand one to a detector (``threshold=POT()``) or use it on any
scores.

=================  ==============================================================  =========
class              the threshold is                                                 needs y
=================  ==============================================================  =========
`Quantile`         a quantile of the normal scores                                  no
`KSigma`           mean + k standard deviations (or median + k MADs)                no
`AlarmsPerDay`     the lowest one that keeps alarms within a daily budget           no
`POT`              where a tail fitted to the excesses says "once in 1/risk rows"   no
`SPOT`             POT that goes on learning, score by score                        no
`FBeta`            the one with the largest F-beta                                  yes
=================  ==============================================================  =========

With `y`, the rules that need no labels look at the normal rows only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import SpecError

__all__ = ["POT", "SPOT", "AlarmsPerDay", "FBeta", "KSigma", "Quantile", "Threshold"]


class Threshold(ABC):
    """A rule that turns scores into a threshold."""

    needs_labels = False
    threshold_: float

    def fit(self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn ``threshold_`` from scores (n,) and, where there are any, labels (n,). Returns self."""
        s = checks.scores("scores", scores)
        flags = None if y is None else checks.labels("y", y)
        if flags is not None and len(flags) != len(s):
            raise SpecError("y", f"{len(flags)} rows, but there are {len(s)} scores")
        if self.needs_labels:
            if flags is None:
                raise SpecError("y", f"{type(self).__name__} learns from labels; give y, or use another rule")
            checks.both_classes("y", flags)
        elif flags is not None:
            if flags.all():
                raise SpecError("y", "holds no normal row to learn a threshold from")
            s, flags = s[~flags], None
        with np.errstate(invalid="ignore"):
            found = float(self._find(s, flags))
        if np.isnan(found):
            raise SpecError("scores", f"hold an infinity; {type(self).__name__} finds no threshold among such")
        self.threshold_ = found
        return self

    @abstractmethod
    def _find(self, s: Floats, y: Flags | None) -> float: ...

    def predict(self, scores: ArrayLike) -> NDArray[np.int8]:
        """1 where ``score > threshold_``, else 0; int8 (n,)."""
        return (checks.scores("scores", scores) > self.threshold_).astype(np.int8)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments that make an equal, unfitted rule (`deep` is scikit-learn's, and changes nothing)."""
        return {k: v for k, v in vars(self).items() if not k.endswith("_") and not k.startswith("_")}

    def set_params(self, **params: Any) -> Self:
        """Change arguments, under the same rules as when the object is made. Returns self."""
        vars(self).update(vars(type(self)(**self.get_params() | params)))
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_params() == other.get_params()

    def __hash__(self) -> int:
        return hash(repr(self))


class Quantile(Threshold):
    """The `q` quantile of the scores: a share of 1 - q of normal rows will be called anomalous."""

    def __init__(self, q: float = 0.90) -> None:
        checks.share("q", q)
        self.q = q

    def _find(self, s: Floats, y: Flags | None) -> float:
        return float(np.quantile(s, self.q))


class KSigma(Threshold):
    """Mean + `k` standard deviations; with ``robust=True`` median + k * 1.4826 * MAD."""

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


class AlarmsPerDay(Threshold):
    """The lowest threshold at which normal scores raise at most `alarms` alarms per day, there and above it.

    An alarm is a run of consecutive rows above the threshold, so a long excursion counts once. The scores
    must be in the order of time, `rows_per_day` of them a day (1440 for one a minute).
    """

    def __init__(self, alarms: float = 1.0, *, rows_per_day: float) -> None:
        checks.positive("alarms", alarms)
        checks.positive("rows_per_day", rows_per_day)
        self.alarms = alarms
        self.rows_per_day = rows_per_day

    def _find(self, s: Floats, y: Flags | None) -> float:
        return lowest_threshold(s, self.alarms * len(s) / self.rows_per_day)


class FBeta(Threshold):
    """The threshold with the largest F-beta on labelled scores; 0.1, as in LSTM-AD, favours precision.

    Ties go to the higher threshold, and the threshold lies midway between the two scores that it parts.
    """

    needs_labels = True

    def __init__(self, beta: float = 0.1) -> None:
        checks.positive("beta", beta)
        self.beta = beta

    def _find(self, s: Floats, y: Flags | None) -> float:
        assert y is not None
        order = np.argsort(-s, kind="stable")
        ranked, hits = s[order], np.cumsum(y[order])
        # A cut is only possible after the last of equal scores.
        cut = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        flagged, found = cut + 1, hits[cut]
        b2 = self.beta**2
        f = (1 + b2) * found / (flagged + b2 * y.sum())
        best = int(cut[np.argmax(f)])
        if best + 1 == len(ranked):
            return float(np.nextafter(ranked[-1], -np.inf))
        low, high = ranked[best + 1], ranked[best]
        middle = low + (high - low) / 2
        return float(middle if np.isfinite(middle) and low <= middle < high else low)


class POT(Threshold):
    """Peaks over threshold: the level passed with probability `risk` (Siffer et al., KDD 2017).

    A generalised Pareto tail is fitted by maximum likelihood (Grimshaw's reduction to one variable) to what
    exceeds the `level` quantile. ``shape_`` and ``scale_`` hold the fit, ``start_`` the quantile. Needs at
    least 10 distinct excesses. Where the tail is bounded the threshold stays below its end.
    """

    shape_: float
    scale_: float
    start_: float

    def __init__(self, risk: float = 1e-4, *, level: float = 0.98) -> None:
        checks.share("risk", risk)
        checks.share("level", level)
        if risk >= 1 - level:
            raise SpecError("risk", f"{risk}; it must be below 1 - level = {1 - level:g}: the tail starts there")
        self.risk = risk
        self.level = level

    def _find(self, s: Floats, y: Flags | None) -> float:
        if not np.isfinite(s).all():
            raise SpecError("scores", f"hold an infinity; {type(self).__name__} fits a tail to finite scores")
        self.start_ = float(np.quantile(s, self.level))
        self._excesses = s[s > self.start_] - self.start_
        self._seen = len(s)
        return self._refit()

    def _refit(self) -> float:
        if len(np.unique(self._excesses)) < 10:
            raise SpecError(
                "scores",
                f"{len(np.unique(self._excesses))} distinct excesses over the {self.level} quantile; a tail needs 10 or more: give more scores or a lower level",
            )
        self.shape_, self.scale_ = _fit_pareto(self._excesses)
        return self._level_of_risk()

    def _level_of_risk(self) -> float:
        """The level passed with probability `risk` under the fitted tail (equation 1 of the paper)."""
        ratio = self.risk * self._seen / len(self._excesses)
        if self.shape_ == 0:
            return self.start_ - self.scale_ * float(np.log(ratio))
        return self.start_ + self.scale_ / self.shape_ * float(np.expm1(-self.shape_ * np.log(ratio)))


def _fit_pareto(excesses: Floats) -> tuple[float, float]:
    """Maximum-likelihood (shape, scale) of a generalised Pareto distribution.

    Grimshaw (1993): with theta = shape / scale, the best shape for a given theta is mean(log(1 + theta *
    y)), so the likelihood is a function of theta alone. Its maximum is bracketed on a grid and refined by
    golden sections.
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
    grid = np.concatenate([-edge * (1 - np.geomspace(1e-6, 1, 60)[:-1]), [0.0], np.geomspace(1e-3, 50, 80)])
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
    """POT that goes on learning: `update` judges one score and refits the tail when it is a normal peak.

    Siffer et al., KDD 2017, algorithm 2. Fit it on a first stretch of scores, then feed it one by one.
    Scores called anomalous never enter the tail.
    """

    def update(self, score: float) -> bool:
        """Whether `score` is anomalous; a normal score is learned from."""
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
