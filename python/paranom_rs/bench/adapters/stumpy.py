"""STUMPY: ``stumpy``, the distance to the nearest window of the training rows, the mean over channels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.bench.adapters.library import library, unknown
from paranom_rs.detect.covering import covering_mean


def find(name: str) -> Callable[..., Any]:
    """Return what makes the detector; ``stump`` or nothing is the name."""
    if name not in ("", "stump"):
        raise unknown(name, "STUMPY", ["stump"])
    return partial(NearestTrainingWindow, library("stumpy"))


class NearestTrainingWindow:
    """STUMPY's AB-join; a row's score is the mean over the windows that cover it."""

    def __init__(self, stumpy: Any, window: int = 60) -> None:
        self.stumpy, self.window = stumpy, window

    def fit(self, X: Floats) -> Self:
        """Keep the training rows; they are scored against themselves."""
        self.train = X
        self.decision_scores_ = self._scores(X, None)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Return a score for each row."""
        return self._scores(X, self.train)

    def _scores(self, X: Floats, other: Floats | None) -> Floats:
        channels = [covering_mean(self._profile(X, other, j), self.window) for j in range(X.shape[1])]
        return np.asarray(np.mean(channels, axis=0))

    def _profile(self, X: Floats, other: Floats | None, channel: int) -> Floats:
        column = np.ascontiguousarray(X[:, channel])
        if other is None:
            found = self.stumpy.stump(column, self.window)
        else:
            there = np.ascontiguousarray(other[:, channel])
            found = self.stumpy.stump(column, self.window, there, ignore_trivial=False)
        return np.asarray(found[:, 0], np.float64)
