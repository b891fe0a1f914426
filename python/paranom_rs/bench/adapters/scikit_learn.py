"""scikit-learn: ``sklearn:IsolationForest``. Its detectors see rows one by one; with ``window=60``, windows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.bench.adapters.library import library, unknown
from paranom_rs.bench.adapters.pyod import OfWindows

#: Where its outlier detectors are.
_MODULES = ("sklearn.covariance", "sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors", "sklearn.svm")


def find(name: str) -> Callable[..., Any]:
    """Return what makes a detector of scikit-learn of this name, with its keywords and ``window``."""
    known: dict[str, Any] = {}
    for module in _MODULES:
        found = vars(library(module))
        known |= {n: c for n, c in found.items() if inspect.isclass(c) and hasattr(c, "fit_predict") and n[0] != "_"}
    if name not in known:
        raise unknown(name, "scikit-learn", known)
    made = known[name]
    if name == "LocalOutlierFactor":
        made = partial(made, novelty=True)
    return partial(Inverted, made)


class Inverted(OfWindows):
    """A detector of scikit-learn; its scores are turned, so that higher is more anomalous."""

    @property
    def threshold_(self) -> float | None:
        """0, as ``predict`` has it, for rows; windows have none."""
        return 0.0 if self.window == 1 else None

    def decision_function(self, X: Floats) -> Floats:
        """Return a score for each row."""
        return np.asarray(-super().decision_function(X))
