"""RAMP as a River anomaly detector: ``learn_one`` and ``score_one`` with dicts of features."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    from river.base import AnomalyDetector
except ImportError as error:
    raise ImportError("paranom_rs.connect.river needs River: pip install river") from error

from paranom_rs._internal.checks import real
from paranom_rs.detect.ramp import RAMP, Refresh, Scale

__all__ = ["RiverRAMP"]


class RiverRAMP(AnomalyDetector):  # type: ignore[misc]  # River is untyped
    """RAMP behind River's interface.

    The features are those of the first sample learnt. Later ones are ignored; absent ones are missing samples. The
    score is 0 until ``reference + window`` samples have been learnt. :attr:`ramp` is the detector itself,
    for feedback.

    Parameters
    ----------
    window
        Samples that are compared at once.
    reference
        Samples that are remembered.
    threshold
        Scores above it train the detector (see :class:`paranom_rs.RAMP`).
    bias
        The larger it is, the faster the detector grows sure of its alarms.
    scale
        The unit of distance: "std", "mad", "relative" or "none".
    refresh
        "never", "sliding" or "clean".

    Examples
    --------
    >>> from paranom_rs.connect.river import RiverRAMP
    >>> model = RiverRAMP(window=2, reference=4)
    >>> for x in [1, 2, 1, 2, 1, 2]:
    ...     model.learn_one({"x": x})
    >>> model.score_one({"x": 1}), model.score_one({"x": 5}) > 1
    (0.0, True)
    """

    def __init__(
        self,
        window: int = 5,
        reference: int = 60,
        threshold: float = 1.0,
        bias: float = 0.85,
        scale: Scale = "std",
        refresh: Refresh = "never",
    ) -> None:
        self.window = window
        self.reference = reference
        self.threshold = threshold
        self.bias = bias
        self.scale = scale
        self.refresh = refresh
        self.ramp: RAMP | None = None
        self._features: list[Hashable] = []

    def learn_one(self, x: dict[Hashable, Any]) -> None:
        """Take a sample."""
        if self.ramp is not None:
            self.ramp.update(self._values(x, self._features))
        elif x:
            features = sorted(x, key=lambda name: (type(name).__name__, str(name)))
            # A sample that is refused leaves nothing behind.
            ramp = RAMP(
                len(features),
                window=self.window,
                reference=self.reference,
                threshold=self.threshold,
                bias=self.bias,
                scale=self.scale,
                refresh=self.refresh,
            )
            ramp.update(self._values(x, features))
            self.ramp, self._features = ramp, features

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The features, in the order of the detector's channels; AttributeError before the first sample."""
        if self.ramp is None:
            raise AttributeError("feature_names_in_ is there once a sample was learnt")
        names = np.empty(len(self._features), dtype=object)
        names[:] = self._features
        return names

    def score_one(self, x: dict[Hashable, Any]) -> float:
        """Return the score that ``x`` would get; nothing changes."""
        if self.ramp is None:
            return 0.0
        score = self.ramp.score_next(self._values(x, self._features))
        return 0.0 if math.isnan(score) else score

    @staticmethod
    def _values(x: dict[Hashable, Any], features: list[Hashable]) -> list[float]:
        return [_number(f"x[{name!r}]", x.get(name)) for name in features]


def _number(path: str, value: Any) -> float:
    if value is None:
        return math.nan
    return float(value) if isinstance(value, bool | np.bool_) else real(path, value)
