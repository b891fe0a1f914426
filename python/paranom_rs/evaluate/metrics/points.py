"""Figures by rows: those of scikit-learn, and F1 after point adjustment, plain and by shares (PA%K)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics.events import label_pair


class PointReport(NamedTuple):
    """The confusion matrix (TP, FP, TN, FN), and figures from it; 0 where one is not defined."""

    confusion: tuple[int, int, int, int]
    accuracy: float
    precision: float
    recall: float
    f: dict[float, float]


class CurveAreas(NamedTuple):
    """The area under the ROC curve, and the average precision."""

    roc_auc: float
    average_precision: float


def sklearn_metrics() -> Any:
    """Return scikit-learn's metrics."""
    return require("sklearn.metrics", "metrics", "evaluation")


def point_report(truth: Flags, pred: Flags, betas: Sequence[float]) -> PointReport:
    """Return scikit-learn's figures of predictions."""
    metrics = sklearn_metrics()
    tn, fp, fn, tp = metrics.confusion_matrix(truth, pred, labels=[False, True]).ravel().tolist()
    return PointReport(
        confusion=(tp, fp, tn, fn),
        accuracy=float(metrics.accuracy_score(truth, pred)),
        precision=float(metrics.precision_score(truth, pred, zero_division=0)),
        recall=float(metrics.recall_score(truth, pred, zero_division=0)),
        f={b: float(metrics.fbeta_score(truth, pred, beta=b, zero_division=0)) for b in betas},
    )


def curve_areas(truth: Flags, scores: Floats) -> CurveAreas:
    """Return scikit-learn's figures of scores."""
    metrics, ranked = sklearn_metrics(), finite_ranks(scores)
    return CurveAreas(
        float(metrics.roc_auc_score(truth, ranked)), float(metrics.average_precision_score(truth, ranked))
    )


def finite_ranks(scores: Floats) -> Floats:
    """Return the scores, or their ranks where scikit-learn would refuse an infinity: curves depend only on order."""
    if np.isfinite(scores).all():
        return scores
    return np.unique(scores, return_inverse=True)[1].astype(np.float64)


def point_adjusted_f1(y_true: ArrayLike, y_pred: ArrayLike, *, k: float = 0.0) -> float:
    """Return F1 after point adjustment: an event counts as wholly found if one of its rows is predicted.

    Do not rank detectors by it: nearly random scores can reach 1 (Kim et al., AAAI 2022). It is here for comparison
    with papers that report it.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    k
        PA%K of the same paper: only an event of which a larger share than this is predicted counts as wholly found;
        of the others, the rows that are predicted count. From 0 to 1; 1 is F1 without adjustment.

    Returns
    -------
    f1
        0 where there are neither events nor predictions.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import point_adjusted_f1
    >>> float(point_adjusted_f1([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0]))
    1.0
    """
    if not 0 <= checks.real("k", k) <= 1:
        raise SpecError("k", "must be from 0 to 1", checks.shown(k))
    shares, f1 = _adjusted(*label_pair(y_true, y_pred))
    return float(f1[np.searchsorted(shares, k, side="right")])


def pa_k(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the area under `point_adjusted_f1` over all ``k`` from 0 to 1 (PA%K of Kim et al., AAAI 2022).

    Predictions, 0/1, shape (n,). The area is exact: F1 changes only where ``k`` is the predicted share of an event.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import pa_k
    >>> round(pa_k([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0]), 3)
    0.833
    """
    shares, f1 = _adjusted(*label_pair(y_true, y_pred))
    return float(np.diff(np.concatenate([[0.0], shares, [1.0]])) @ f1)


def _adjusted(truth: Flags, pred: Flags) -> tuple[Floats, Floats]:
    """Return the predicted shares of the events, ascending, and F1 for ``k`` below them, between them and above."""
    events = runs_of_ones(truth)
    length = events[:, 1] - events[:, 0]
    counted = np.concatenate([[0], np.cumsum(pred)])
    hit = counted[events[:, 1]] - counted[events[:, 0]]
    order = np.argsort(hit / length, kind="stable")
    # What an event adds when it counts as wholly found; summed over all events, over all without the lowest, ...
    extra = np.where(hit > 0, length - hit, 0)[order]
    found = hit.sum() + np.append(np.cumsum(extra[::-1])[::-1], 0)
    false_alarms, anomalous = int((pred & ~truth).sum()), int(truth.sum())
    return (hit / length)[order], 2 * found / np.maximum(found + false_alarms + anomalous, 1)
