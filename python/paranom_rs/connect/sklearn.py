"""RAMP in the manner of scikit-learn and PyOD: ``fit``, ``decision_function``, ``predict``, ``threshold_``."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError("paranom_rs.connect.sklearn needs scikit-learn: pip install scikit-learn") from error

from paranom_rs._internal.checks import numbers, share, whole
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError

__all__ = ["RAMPDetector"]


class RAMPDetector(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """RAMP with PyOD's conventions: rows are in the order of time, a higher score is more anomalous, 1 is an anomaly.

    ``fit`` takes the first ``window`` rows as the reference and scores the rest; after that nothing is learnt, and
    ``decision_function`` of the same rows is the same every time. A row's score is that of the window which ends
    there; rows before the first complete window share its score.

    Parameters
    ----------
    subsequence_length : samples per compared window.
    window : samples in the reference; None: half of the rows that ``fit`` gets.
    contamination : the share of training rows above ``threshold_``.
    scale, refresh, nan_policy : as in :class:`paranom_rs.RAMP`.

    Attributes
    ----------
    threshold_ : float
    decision_scores_ : (n,) float64, the scores of the training rows (the reference's: those of its successors' first).
    labels_ : (n,) int, 1 where they are above the threshold.
    n_features_in_ : int
    """

    def __init__(
        self,
        *,
        subsequence_length: int = 5,
        window: int | None = None,
        contamination: float = 0.1,
        scale: Literal["std", "mad", "relative", "none"] = "std",
        refresh: Literal["never", "sliding", "clean"] = "never",
        nan_policy: Literal["skip", "raise"] = "skip",
    ) -> None:
        self.subsequence_length = subsequence_length
        self.window = window
        self.contamination = contamination
        self.scale = scale
        self.refresh = refresh
        self.nan_policy = nan_policy

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Take the reference from ``X`` (n, d), and the threshold from the scores of the rows behind it."""
        rows = numbers("X", X)
        if rows.ndim != 2:
            raise SpecError("X.ndim", "must be 2", str(rows.ndim))
        share("contamination", self.contamination)
        if self.contamination > 0.5:
            raise SpecError("contamination", "must be > 0 and at most 0.5", str(self.contamination))
        window = len(rows) // 2 if self.window is None else whole("window", self.window, least=1)
        if len(rows) < window + self.subsequence_length:
            least = window + self.subsequence_length
            raise SpecError("X", f"must have window + subsequence_length = {least} rows at least", str(len(rows)))
        ramp = RAMP(
            rows.shape[1],
            subsequence_length=self.subsequence_length,
            window=window,
            threshold=1.0,
            scale=self.scale,
            refresh=self.refresh,
            nan_policy=self.nan_policy,
            p_limit=0.0,
        )
        ramp.score(rows[:window])
        self._state = ramp.to_bytes()
        self.n_features_in_ = rows.shape[1]
        behind = self._scores(rows[window:])
        self.threshold_ = float(np.quantile(behind, 1 - self.contamination))
        self.decision_scores_ = np.concatenate([np.full(window, behind[0]), behind])
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Scores (n,) of rows ``X`` (n, d), at least ``subsequence_length`` of them."""
        check_is_fitted(self, "threshold_")
        return self._scores(X)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """1 where the score is above ``threshold_``, else 0."""
        return (self.decision_function(X) > self.threshold_).astype(np.int64)

    def fit_predict(self, X: ArrayLike, y: Any = None) -> NDArray[np.int64]:
        """Labels of the training rows."""
        labels: NDArray[np.int64] = self.fit(X).labels_
        return labels

    def _scores(self, X: ArrayLike) -> NDArray[np.float64]:
        score = RAMP.from_bytes(self._state).score(X).score
        if len(score) < self.subsequence_length:
            least = self.subsequence_length
            raise SpecError("X", f"must have subsequence_length = {least} rows at least", str(len(score)))
        score[: self.subsequence_length - 1] = score[self.subsequence_length - 1]
        return score
