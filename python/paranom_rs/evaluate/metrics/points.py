"""Figures by rows: those of scikit-learn, and F1 after point adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.optional import require
from paranom_rs.evaluate.metrics.events import label_pair, overlaps


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


def point_adjusted_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return F1 after point adjustment: an event counts as wholly found if one of its rows is predicted.

    Do not rank detectors by it: nearly random scores can reach 1 (Kim et al., AAAI 2022). It is here for comparison
    with papers that report it.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    """
    truth, pred = label_pair(y_true, y_pred)
    events = runs_of_ones(truth)
    touched = overlaps(events, runs_of_ones(pred)) > 0
    found = int((events[touched, 1] - events[touched, 0]).sum())
    false_alarms = int((pred & ~truth).sum())
    anomalous = int(truth.sum())
    return 2 * found / (found + false_alarms + anomalous) if anomalous or false_alarms else 0.0
