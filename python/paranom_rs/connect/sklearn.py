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
from paranom_rs._internal.columns import column_names
from paranom_rs.detect.ramp import RAMP, Refresh, Scale
from paranom_rs.errors import SpecError

__all__ = ["RAMPDetector"]


class RAMPDetector(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """RAMP with PyOD's conventions: rows are in the order of time, a higher score is more anomalous, 1 is an anomaly.

    ``fit`` takes the first ``reference`` rows as the reference and scores the rest; after that nothing is learnt, and
    ``decision_function`` of the same rows is the same every time. A row's score is that of the window which ends
    there; rows before the first complete window share its score.

    Parameters
    ----------
    window
        Samples that are compared at once.
    reference
        Samples that are remembered. None: half of the rows that ``fit`` gets.
    contamination
        The share of training rows above ``threshold_``.
    scale, refresh, nan_policy
        As in `paranom_rs.RAMP`.

    Attributes
    ----------
    threshold_
        float
    decision_scores_
        (n,) float64, the scores of the training rows. Those of the reference have the first score behind it.
    labels_
        (n,) int, 1 where they are above the threshold.
    n_features_in_
        int
    feature_names_in_
        (d,) object, the columns of the table (pandas, polars, Arrow) that ``fit`` got; not there without names. A table
        with other names, or in another order, is refused.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.connect.sklearn import RAMPDetector
    >>> X = np.sin(np.arange(600) / 5)[:, None]
    >>> detector = RAMPDetector(reference=300).fit(X[:400])
    >>> detector.predict(X[400:]).shape
    (200,)
    """

    def __init__(
        self,
        *,
        window: int = 5,
        reference: int | None = None,
        contamination: float = 0.1,
        scale: Scale = "std",
        refresh: Refresh = "never",
        nan_policy: Literal["skip", "raise"] = "skip",
    ) -> None:
        self.window = window
        self.reference = reference
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
        reference = len(rows) // 2 if self.reference is None else whole("reference", self.reference, least=1)
        if len(rows) < reference + self.window:
            least = reference + self.window
            raise SpecError("X", f"must have at least reference + window = {least} rows", str(len(rows)))
        ramp = RAMP(
            rows.shape[1],
            window=self.window,
            reference=reference,
            threshold=1.0,
            scale=self.scale,
            refresh=self.refresh,
            nan_policy=self.nan_policy,
            p_limit=0.0,
        )
        ramp.score(rows[:reference])
        names = column_names("X", X)
        if names is not None:
            ramp.name_features(names)
        self._state = ramp.to_bytes()
        self.n_features_in_ = rows.shape[1]
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        behind = self._scores(rows[reference:])
        self.threshold_ = float(np.quantile(behind, 1 - self.contamination))
        self.decision_scores_ = np.concatenate([np.full(reference, behind[0]), behind])
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Scores (n,) of rows ``X`` (n, d), at least ``window`` of them."""
        check_is_fitted(self, "threshold_")
        return self._scores(X)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``-decision_function(X)``: higher is more normal."""
        return -self.decision_function(X)

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """1 where the score is above ``threshold_``, else 0."""
        return (self.decision_function(X) > self.threshold_).astype(np.int64)

    def fit_predict(self, X: ArrayLike, y: Any = None) -> NDArray[np.int64]:
        """Labels of the training rows."""
        labels: NDArray[np.int64] = self.fit(X).labels_
        return labels

    def _scores(self, X: ArrayLike) -> NDArray[np.float64]:
        score = RAMP.from_bytes(self._state).score(X).score
        if len(score) < self.window:
            least = self.window
            raise SpecError("X", f"must have at least window = {least} rows", str(len(score)))
        score[: self.window - 1] = score[self.window - 1]
        return score
