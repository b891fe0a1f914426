"""The z-score: how far a row is from the mean of normal rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import Flag, OrNone, Rule
from paranom_rs._internal.scaling import Scaler
from paranom_rs.detect.base import Detector
from paranom_rs.detect.scaled_windows import checked_scale


class ZScore(Detector):
    """The largest deviation of a channel from its normal mean, in normal standard deviations.

    It looks at each row by itself, and needs no library. What another detector must beat. A channel that is constant in
    training has the unit 1; a missing value deviates by nothing.

    Parameters
    ----------
    follow_levels
        Whether channels are counted from the median of the 120 rows before: all, none, or (None) those that wander in
        the training rows.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Attributes
    ----------
    mean_, scale_
        (d,) float64, of the training rows.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import ZScore
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = ZScore().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {"follow_levels": OrNone(Flag()), **Detector.parameters}

    mean_: Floats
    scale_: Floats

    def __init__(self, *, follow_levels: bool | None = None, trim: float = 0.0, alarm_share: float = 0.01) -> None:
        self._take(locals())

    def _learn(self, rows: Floats) -> None:
        self.window_ = 1
        scaler = Scaler.fit(rows)
        self.mean_, self.scale_ = scaler.mean, scaler.scale

    def _deviations(self, rows: Floats) -> Floats:
        return np.abs(np.nan_to_num(Scaler(self.mean_, self.scale_)(rows)))

    def _window_scores(self, rows: Floats) -> Floats:
        return np.asarray(self._deviations(rows).max(axis=1))

    def _contributions(self, window: Floats) -> Floats:
        return np.asarray(self._deviations(window)[0])

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        return None, self.mean_[None].copy()

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {"mean_": self.mean_, "scale_": self.scale_}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        if self.window_ != 1:
            raise ValueError("its window is not a row")
        self.mean_, self.scale_ = checked_scale(arrays, self.n_features_in_)
