"""PyOD: ``pyod:IForest``. Its detectors see rows one by one; with ``window=60`` they see windows of 60 rows."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.bench.adapters.library import library, unknown
from paranom_rs.detect.covering import covering_mean


def find(name: str) -> Callable[..., Any]:
    """Return what makes a PyOD detector of this name, with PyOD's keywords and ``window``."""
    models = library("pyod.models")
    modules = {m.name.replace("_", ""): m.name for m in pkgutil.iter_modules(models.__path__)}
    if name.lower() not in modules:
        raise unknown(name, "PyOD", modules)
    module = library(f"pyod.models.{modules[name.lower()]}")
    made = getattr(module, name, None)
    if made is None:
        raise unknown(name, "PyOD", modules)
    return partial(OfWindows, made)


class OfWindows:
    """A PyOD detector of windows; a row's score is the mean over the windows that cover it."""

    def __init__(self, made: Callable[..., Any], window: int = 1, **keywords: Any) -> None:
        self.model, self.window = made(**keywords), window

    def fit(self, X: Floats) -> Self:
        """Fit the model to all windows."""
        self.model.fit(self._windows(X))
        return self

    @property
    def threshold_(self) -> float | None:
        """PyOD's threshold, for rows; windows have none."""
        return float(self.model.threshold_) if self.window == 1 else None

    def decision_function(self, X: Floats) -> Floats:
        """Return a score for each row."""
        found = np.asarray(self.model.decision_function(self._windows(X)), np.float64)
        return found if self.window == 1 else covering_mean(found, self.window)

    def _windows(self, X: Floats) -> Floats:
        cut = np.lib.stride_tricks.sliding_window_view(X, self.window, axis=0)
        return cut.reshape(len(cut), -1)
