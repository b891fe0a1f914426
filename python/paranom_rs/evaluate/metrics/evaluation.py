"""All figures of a detector at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics.events import EventReport, event_report, label_pair
from paranom_rs.evaluate.metrics.nearness import AffiliationReport, affiliation
from paranom_rs.evaluate.metrics.points import curve_areas, point_report, sklearn_metrics
from paranom_rs.evaluate.metrics.ranges import RangeReport, range_report
from paranom_rs.evaluate.metrics.volumes import vus


@dataclass(frozen=True)
class Evaluation:
    """The figures of one detector on one labelled series. None where a figure needs what was not given.

    Attributes
    ----------
    n, anomalous
        Rows, and rows labelled 1.
    threshold
        The threshold of the scores.
    confusion
        TP, FP, TN, FN.
    accuracy, precision, recall
        By rows.
    f
        F-beta by beta: ``f[1.0]`` is F1, ``f[0.1]`` is F0.1.
    roc_auc, average_precision, vus_roc, vus_pr
        Of scores.
    event, range
        By events and by ranges.
    affiliation
        By distance in time.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import evaluate
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> report = evaluate(y, scores=scores, threshold=0.5, window=2)
    >>> report.precision, report.recall
    (1.0, 1.0)
    """

    n: int
    anomalous: int
    threshold: float | None
    confusion: tuple[int, int, int, int] | None
    accuracy: float | None
    precision: float | None
    recall: float | None
    f: dict[float, float] | None
    roc_auc: float | None
    average_precision: float | None
    vus_roc: float | None
    vus_pr: float | None
    event: EventReport | None
    range: RangeReport | None
    affiliation: AffiliationReport | None

    def to_dict(self) -> dict[str, float | int | None]:
        """Return one flat dict of numbers: a row of a table."""
        tp, fp, tn, fn = self.confusion or (None,) * 4
        row: dict[str, float | int | None] = {
            "n": self.n,
            "anomalous": self.anomalous,
            "threshold": self.threshold,
        }
        row |= {"TP": tp, "FP": fp, "TN": tn, "FN": fn}
        row |= {"accuracy": self.accuracy, "precision": self.precision, "recall": self.recall}
        row |= {f"F{beta:g}": value for beta, value in (self.f or {}).items()}
        row |= {"ROC AUC": self.roc_auc, "average precision": self.average_precision}
        row |= {"VUS-ROC": self.vus_roc, "VUS-PR": self.vus_pr}
        if self.event is not None:
            row |= {"events": self.event.n_events, "events found": self.event.found}
            row |= {"false alarms": self.event.false_alarms, "mean delay": self.event.mean_delay}
            row |= {"normal rows flagged": self.event.flagged_normal}
        if self.range is not None:
            row |= {"range precision": self.range.precision, "range recall": self.range.recall}
            row |= {"range F1": self.range.f1}
        if self.affiliation is not None:
            row |= {"affiliation precision": self.affiliation.precision}
            row |= {"affiliation recall": self.affiliation.recall}
        return row

    def __str__(self) -> str:
        shown = {k: v for k, v in self.to_dict().items() if v is not None}
        width = max(map(len, shown))
        return "\n".join(
            f"{k:<{width}}  {v:.4f}" if isinstance(v, float) else f"{k:<{width}}  {v}" for k, v in shown.items()
        )


def evaluate(
    y_true: ArrayLike,
    *,
    scores: ArrayLike | None = None,
    y_pred: ArrayLike | None = None,
    threshold: float | None = None,
    betas: tuple[float, ...] = (1.0, 0.1),
    window: int = 100,
    alpha: float = 0.2,
) -> Evaluation:
    """Return every figure that can be trusted, of scores, of predictions, or of both.

    Parameters
    ----------
    y_true
        Labels of both classes, 0/1, shape (n,).
    scores
        Higher is more anomalous, shape (n,). They give ROC AUC, average precision (both by scikit-learn) and VUS.
    y_pred
        Predictions, 0/1, shape (n,). They give accuracy, precision, recall and F-beta (by scikit-learn; 0 where one is
        not defined), and the figures by events, by ranges and by distance in time.
    threshold
        In place of ``y_pred``: a row is predicted where its score is above it.
    betas
        Which F-beta: finite numbers, 0 or more.
    window
        The longest buffer of VUS.
    alpha
        As in `range_report`.

    Raises
    ------
    SpecError
        For another shape, NaN, lengths that differ, labels of one class, or neither scores nor predictions; for pandas'
        objects with the same index in another order.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import evaluate
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> report = evaluate(y, scores=scores, threshold=0.5, window=2)
    >>> report.precision, report.recall
    (1.0, 1.0)
    """
    sklearn_metrics()  # before any work: the figures by rows need it
    for at, beta in checks.each("betas", betas):
        checks.at_least_0(f"betas[{at}]", beta)
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    if scores is None and y_pred is None:
        raise SpecError("scores", "must be given, or y_pred")
    for path, given in (("scores", scores), ("y_pred", y_pred)):
        checks.same_order(path, given, y_true)
    s = None if scores is None else checks.scores("scores", scores, len(truth))
    pred = None if y_pred is None else label_pair(truth, y_pred)[1]
    if threshold is not None:
        if s is None or pred is not None:
            raise SpecError("threshold", "must be None where y_pred is given", checks.shown(threshold))
        threshold = checks.real("threshold", threshold)
        if np.isnan(threshold):
            raise SpecError("threshold", "must be a number", "nan")
        pred = s > threshold
    areas = None if s is None else curve_areas(truth, s)
    volumes = None if s is None else vus(truth, s, window=window)
    points = None if pred is None else point_report(truth, pred, betas)
    return Evaluation(
        n=len(truth),
        anomalous=int(truth.sum()),
        threshold=threshold,
        confusion=points and points.confusion,
        accuracy=points and points.accuracy,
        precision=points and points.precision,
        recall=points and points.recall,
        f=points and points.f,
        roc_auc=areas and areas.roc_auc,
        average_precision=areas and areas.average_precision,
        vus_roc=volumes and volumes.roc,
        vus_pr=volumes and volumes.pr,
        event=None if pred is None else event_report(truth, pred),
        range=None if pred is None else range_report(truth, pred, alpha=alpha),
        affiliation=None if pred is None else affiliation(truth, pred),
    )
