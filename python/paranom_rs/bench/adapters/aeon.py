"""aeon: ``aeon:KMeansAD``, one of its anomaly detectors for series."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.bench.adapters.library import library, unknown


def find(name: str) -> Callable[..., Any]:
    """Return what makes an aeon detector of this name, with aeon's keywords."""
    series = library("aeon.anomaly_detection.series")
    known: dict[str, Any] = {}
    for module in pkgutil.iter_modules(series.__path__, series.__name__ + "."):
        found = vars(library(module.name))
        known |= {n: c for n, c in found.items() if inspect.isclass(c) and hasattr(c, "fit_predict") and n[0] != "_"}
    if name not in known:
        raise unknown(name, "aeon", known)
    return partial(OfSeries, known[name])


class OfSeries:
    """An aeon detector; rows are points in time."""

    def __init__(self, made: Callable[..., Any], **keywords: Any) -> None:
        self.model = made(**keywords)

    def fit(self, X: Floats) -> Self:
        """Fit the model to a series (n, d)."""
        self.model.fit(self._series(X), axis=0)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Return aeon's score for each row."""
        return np.asarray(self.model.predict(self._series(X), axis=0), np.float64)

    def _series(self, X: Floats) -> Floats:
        # Some of aeon's detectors take one channel only, of one dimension.
        return X[:, 0] if X.shape[1] == 1 else X
