"""Three scores that take seconds: what another detector must beat."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.estimator import Estimator
from paranom_rs._internal.missing import fill_missing
from paranom_rs._internal.optional import require
from paranom_rs._internal.scaling import Scaler
from paranom_rs.errors import SpecError


class Baselines(Estimator):
    """Three trivial detectors of windows, to compare another detector with. They need scikit-learn.

    * "mean z-score": the largest absolute mean of a channel, in units of its spread over normal windows.
    * "PCA": squared Mahalanobis distance in the three leading principal components of the window.
    * "isolation forest": scikit-learn's, on the rows of the window laid side by side.

    Parameters
    ----------
    random_state
        The seed of PCA and the forest.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.detect.baselines import Baselines
    >>> windows = np.random.default_rng(0).normal(size=(100, 10, 1))
    >>> baselines = Baselines().fit(windows)
    >>> windows[7] += 5
    >>> {name: int(scores.argmax()) for name, scores in baselines.scores(windows).items()}["mean z-score"]
    7
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: ArrayLike) -> Self:
        """Learn normal windows.

        Parameters
        ----------
        X
            Two windows or more, shape (k, window, d).

        Returns
        -------
        self

        Raises
        ------
        SpecError
            For fewer windows, another shape, and a channel without any value.
        """
        decomposition = require("sklearn.decomposition", "deep", "Baselines")
        ensemble = require("sklearn.ensemble", "deep", "Baselines")
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 3 or len(data) < 2:
            raise SpecError("X", "must be two or more windows (k, window, d)", f"shape {data.shape}")
        self._shape = data.shape[1:]
        self._scaler = Scaler.fit(data.reshape(-1, data.shape[2]))
        flat = self._flat(data)
        self._means = Scaler.fit(flat.reshape(data.shape).mean(axis=1))
        self._pca = decomposition.PCA(min(3, *flat.shape), whiten=True, random_state=self.random_state).fit(flat)
        self._forest = ensemble.IsolationForest(random_state=self.random_state).fit(flat)
        return self

    def _flat(self, data: Floats) -> Floats:
        filled = fill_missing(self._scaler(data))
        return np.ascontiguousarray(filled).reshape(len(filled), -1)

    def scores(self, X: ArrayLike) -> dict[str, Floats]:
        """Score windows.

        Parameters
        ----------
        X
            Windows of the shape that `fit` saw, (k, window, d).

        Returns
        -------
        scores
            Shape (k,), by name of the detector; higher is more anomalous.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError
            For windows of another shape.
        """
        if not hasattr(self, "_forest"):
            raise require("sklearn.exceptions", "deep", "Baselines").NotFittedError("Baselines: call fit first")
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 3 or data.shape[1:] != self._shape:
            wanted = f"must be windows of shape (k, {self._shape[0]}, {self._shape[1]})"
            raise SpecError("X", wanted, f"shape {data.shape}")
        flat = self._flat(data)
        means = self._means(flat.reshape(data.shape).mean(axis=1))
        return {
            "mean z-score": np.abs(means).max(axis=1),
            "PCA": np.square(self._pca.transform(flat)).sum(axis=1),
            "isolation forest": -self._forest.score_samples(flat),
        }
