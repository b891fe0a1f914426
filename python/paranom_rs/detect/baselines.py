"""What a deep score must beat: three scores that need no training worth the name."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal.checks import Floats
from paranom_rs.deep.base import Scaler
from paranom_rs.deep.windows import fill_missing
from paranom_rs.errors import SpecError


class Baselines(BaseEstimator):
    """Trivial detectors of windows (k, size, d), fitted on normal ones, to show beside a deep score.

    * "mean z-score": the largest absolute mean of a channel, in its spread over normal windows.
    * "PCA": squared Mahalanobis distance in the three leading principal components of the window.
    * "isolation forest": scikit-learn's, on the rows of the window laid side by side.
    """

    def __init__(self, *, rng: int = 0) -> None:
        self.rng = rng

    def fit(self, X: ArrayLike) -> Self:
        """Learn normal windows (k, size, d), at least two."""
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 3 or len(data) < 2:
            raise SpecError("X", f"shape {data.shape}; two or more windows (k, size, d) are wanted")
        self._shape = data.shape[1:]
        self._scaler = Scaler.fit(data.reshape(-1, data.shape[2]))
        flat = self._flat(data)
        self._means = Scaler.fit(flat.reshape(data.shape).mean(axis=1))
        self._pca = PCA(min(3, *flat.shape), whiten=True, random_state=self.rng).fit(flat)
        self._forest = IsolationForest(random_state=self.rng).fit(flat)
        return self

    def _flat(self, data: Floats) -> Floats:
        filled = fill_missing(self._scaler(data))
        return np.ascontiguousarray(filled).reshape(len(filled), -1)

    def scores(self, X: ArrayLike) -> dict[str, Floats]:
        """Scores (k,) of windows (k, size, d) by name, higher is more anomalous."""
        check_is_fitted(self, "_forest")
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 3 or data.shape[1:] != self._shape:
            raise SpecError(
                "X", f"shape {data.shape}; windows of shape (k, {self._shape[0]}, {self._shape[1]}) are wanted"
            )
        flat = self._flat(data)
        means = self._means(flat.reshape(data.shape).mean(axis=1))
        return {
            "mean z-score": np.abs(means).max(axis=1),
            "PCA": np.square(self._pca.transform(flat)).sum(axis=1),
            "isolation forest": -self._forest.score_samples(flat),
        }

    def beside(
        self, name: str, scores: Floats, windows: ArrayLike, y: NDArray[np.bool_]
    ) -> dict[str, dict[str, float]]:
        """Print, and return by name, how well these `scores` and the trivial ones of the `windows` tell `y`."""
        table = {
            row: {"ROC AUC": float(roc_auc_score(y, s)), "average precision": float(average_precision_score(y, s))}
            for row, s in {name: scores, **self.scores(windows)}.items()
        }
        print(f"{int(y.sum())} anomalous of {len(y)}:")
        for row, figures in table.items():
            print(f"  {row:<18}" + "".join(f"{figure}  {value:.3f}   " for figure, value in figures.items()).rstrip())
        return table
