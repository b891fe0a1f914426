"""Judge a detector: per point, per event, per range, and by volumes under the surface (VUS).

Needs scikit-learn (``pip install "paranom_rs[metrics]"``) for the point-wise figures; events, ranges and
VUS need only NumPy. Higher scores mean more anomalous, labels are 0 (normal) and 1 (anomalous).

Point adjustment is here under its own name only, :func:`point_adjusted_f1`, and never inside
:func:`evaluate`: it lets a nearly random score reach F1 = 1.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import SpecError

__all__ = [
    "VUS",
    "Evaluation",
    "EventReport",
    "RangeReport",
    "evaluate",
    "event_report",
    "events",
    "plot_confusion",
    "plot_curves",
    "point_adjusted_f1",
    "range_report",
    "vus",
]


def _sklearn() -> Any:
    try:
        return importlib.import_module("sklearn.metrics")
    except ImportError as error:
        raise ImportError('scikit-learn is needed: pip install "paranom_rs[metrics]"') from error


def _pyplot() -> Any:
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError('matplotlib is needed: pip install "paranom_rs[plot]"') from error


def events(y: ArrayLike) -> NDArray[np.int64]:
    """The runs of ones in `y`, as (k, 2) rows of [start, stop)."""
    flags = checks.labels("y", y)
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2).astype(np.int64)


class EventReport(NamedTuple):
    """What was found, counted in events rather than rows."""

    n_events: int
    found: int
    recall: float
    """Share of the true events with at least one row predicted; NaN without events."""
    precision: float
    """Share of the predicted events that touch a true one; NaN without predictions."""
    false_alarms: int
    """Predicted events that touch no true event."""
    delays: NDArray[np.int64]
    """Rows from an event's start to its first predicted row, for each event; -1 where it was missed."""
    mean_delay: float
    """Mean of the delays of the events found; NaN if there is none."""


def event_report(y_true: ArrayLike, y_pred: ArrayLike) -> EventReport:
    """Event-wise recall, precision and delay of predictions `y_pred` (n,) against labels `y_true` (n,)."""
    truth, pred = _pair(y_true, y_pred)
    true_events, pred_events = events(truth), events(pred)
    hits = np.flatnonzero(pred)
    first = np.searchsorted(hits, true_events[:, 0])
    following = np.append(hits, len(pred))[first]
    delays = np.where(following < true_events[:, 1], following - true_events[:, 0], -1)
    found = delays >= 0
    touched = _overlaps(pred_events, true_events) > 0
    return EventReport(
        n_events=len(true_events),
        found=int(found.sum()),
        recall=float(found.mean()) if len(found) else float("nan"),
        precision=float(touched.mean()) if len(touched) else float("nan"),
        false_alarms=int((~touched).sum()),
        delays=delays,
        mean_delay=float(delays[found].mean()) if found.any() else float("nan"),
    )


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Flags, Flags]:
    truth, pred = checks.labels("y_true", y_true), checks.labels("y_pred", y_pred)
    if len(truth) != len(pred):
        raise SpecError("y_pred", f"{len(pred)} rows, but y_true has {len(truth)}")
    return truth, pred


def _overlaps(of: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each event in `of`: how many events in `among` share a row with it."""
    return np.searchsorted(among[:, 0], of[:, 1]) - np.searchsorted(among[:, 1], of[:, 0], side="right")


class RangeReport(NamedTuple):
    """Range-based precision and recall."""

    precision: float
    recall: float
    f1: float


def range_report(y_true: ArrayLike, y_pred: ArrayLike, *, alpha: float = 0.2) -> RangeReport:
    """Range-based precision, recall and F1 (Tatbul et al., NeurIPS 2018).

    Flat positional bias, and overlap with k ranges is weighed by 1/k. `alpha` is the weight that recall
    gives to an event being touched at all; precision has no such term (section 4.2 of the paper). 0 where
    nothing is defined.
    """
    truth, pred = _pair(y_true, y_pred)
    if not 0 <= checks.real("alpha", alpha) <= 1:
        raise SpecError("alpha", f"{alpha}; a weight between 0 and 1 is wanted")
    recall = _range_score(truth, pred, alpha)
    precision = _range_score(pred, truth, 0.0)
    total = precision + recall
    return RangeReport(precision, recall, 2 * precision * recall / total if total else 0.0)


def _range_score(ranges: Flags, other: Flags, alpha: float) -> float:
    spans = events(ranges)
    if not len(spans):
        return 0.0
    covered = np.concatenate([[0], np.cumsum(other)])
    overlap = (covered[spans[:, 1]] - covered[spans[:, 0]]) / (spans[:, 1] - spans[:, 0])
    pieces = _overlaps(spans, events(other))
    return float(np.mean(alpha * (pieces > 0) + (1 - alpha) * overlap / np.maximum(pieces, 1)))


class VUS(NamedTuple):
    """Volumes under the range-ROC and the range-PR surface."""

    roc: float
    pr: float


def vus(y_true: ArrayLike, scores: ArrayLike, *, window: int = 100, thresholds: int = 250) -> VUS:
    """VUS-ROC and VUS-PR (Paparrizos et al., VLDB 2022), in O(n log n + window * (rows near events)).

    The mean over buffer lengths w = 0 .. `window` of the area under the range-based ROC and PR curve, each
    taken at `thresholds` evenly spaced ranks of the scores. Around each event w // 2 rows on either side
    carry the label sqrt(1 - distance / w). The figures are those of the authors' code (TSB-AD,
    `version="opt"`, also where several events' buffers meet); `window` and `thresholds` have its defaults.
    A longer buffer gives a larger number, so compare only figures of equal `window`.

    Needs both classes in `y_true` (n,), and scores (n,) without NaN; raises SpecError otherwise.
    """
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    s = checks.scores("scores", scores, len(truth))
    window = checks.whole("window", window)
    thresholds = checks.whole("thresholds", thresholds, least=1)
    if thresholds < 2:
        raise SpecError("thresholds", f"{thresholds}; 2 or more are wanted, from the highest score to the lowest")
    n, half = len(truth), window // 2

    ascending = np.sort(s)
    cuts = ascending[::-1][np.linspace(0, n - 1, thresholds).astype(np.int64)]
    predicted = n - np.searchsorted(ascending, cuts)
    # The first cut that a row reaches: everything below is counting rows by it.
    reach = np.searchsorted(-cuts, -s)

    def upto(rows: NDArray[np.int64], weights: Floats | None = None) -> Floats:
        """Sum of the weights of the `rows` that are predicted, for each cut."""
        return np.cumsum(np.bincount(reach[rows], weights, thresholds)).astype(np.float64)

    spans = events(truth)
    start, last = spans[:, 0], spans[:, 1] - 1
    inside = upto(np.flatnonzero(truth))
    positives = float(truth.sum())

    # Rows of the widest buffers, nearest first, so that a narrower buffer is a prefix.
    distance = np.repeat(np.arange(1, half + 1), 2 * len(spans))
    near = (np.stack([start, last]).ravel() + np.outer(np.arange(1, half + 1), np.repeat([-1, 1], len(spans)))).ravel()
    keep = (near >= 0) & (near < n)
    keep[keep] = ~truth[near[keep]]
    distance, near = distance[keep], near[keep]
    buffer_rows, place = np.unique(near, return_inverse=True)

    # For each event and half-width, the first cut that predicts any row of its widened range.
    offsets = np.arange(1, half + 1)
    reach_or_never = np.append(reach, thresholds)
    below, above = start[:, None] - offsets, last[:, None] + offsets
    sides = np.minimum(reach_or_never[np.where(below < 0, n, below)], reach_or_never[np.where(above >= n, n, above)])
    own = np.minimum.reduceat(reach, spans.ravel()[: 2 * len(spans) - (spans[-1, 1] == n)])[::2]
    first_hit = np.minimum.accumulate(np.concatenate([own[:, None], sides], axis=1), axis=1)

    roc, pr = np.zeros(window + 1), np.zeros(window + 1)
    for w in range(window + 1):
        h = w // 2
        cut = np.searchsorted(distance, h, side="right")
        weight = np.bincount(place[:cut], np.sqrt(1 - distance[:cut] / max(w, 1)), len(buffer_rows))
        blurred = upto(buffer_rows, np.minimum(weight, 1.0))
        hit = inside + blurred
        # Widened ranges that meet count as one.
        heads = np.flatnonzero(np.append(True, last[:-1] + h < start[1:] - h))
        groups = np.minimum.reduceat(first_hit[:, h], heads)
        existence = np.cumsum(np.bincount(groups, minlength=thresholds)[:thresholds]) / len(heads)
        mass = positives + blurred / 2
        tpr = np.minimum(hit / mass, 1.0) * existence
        fpr = (predicted - hit) / (n - mass)
        x, y = np.concatenate([[0.0], fpr, [1.0]]), np.concatenate([[0.0], tpr, [1.0]])
        roc[w] = np.dot(np.diff(x), (y[1:] + y[:-1]) / 2)
        pr[w] = np.dot(np.diff(y[:-1]), hit / predicted)
    return VUS(float(roc.mean()), float(pr.mean()))


def point_adjusted_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """F1 after point adjustment (an event touched once counts as wholly found). Do not rank detectors by it.

    Kept for comparison with papers that report it. A nearly random score can reach 1 (Kim et al., AAAI 2022).
    """
    truth, pred = _pair(y_true, y_pred)
    spans = events(truth)
    touched = _overlaps(spans, events(pred)) > 0
    hits = int((spans[touched, 1] - spans[touched, 0]).sum())
    false_alarms = int((pred & ~truth).sum())
    wanted = int(truth.sum())
    return 2 * hits / (hits + false_alarms + wanted) if wanted or false_alarms else 0.0


@dataclass(frozen=True)
class Evaluation:
    """The figures of one detector on one labelled series; None where a figure needs what was not given."""

    n: int
    """Rows judged."""
    anomalous: int
    """Rows labelled 1."""
    threshold: float | None
    confusion: tuple[int, int, int, int] | None
    """(TP, FP, TN, FN)."""
    accuracy: float | None
    precision: float | None
    recall: float | None
    f: dict[float, float] | None
    """F-beta by beta; ``f[1.0]`` is F1, ``f[0.1]`` is F0.1."""
    roc_auc: float | None
    average_precision: float | None
    vus_roc: float | None
    vus_pr: float | None
    event: EventReport | None
    range: RangeReport | None

    def to_dict(self) -> dict[str, float | int | None]:
        """One flat dict of numbers: a row of a table."""
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
        if self.range is not None:
            row |= {"range precision": self.range.precision, "range recall": self.range.recall}
            row |= {"range F1": self.range.f1}
        return row

    def __str__(self) -> str:
        shown = {k: v for k, v in self.to_dict().items() if v is not None}
        width = max(map(len, shown))
        return "\n".join(
            f"{k:<{width}}  {v:.4f}" if isinstance(v, float) else f"{k:<{width}}  {v}" for k, v in shown.items()
        )


def evaluate(
    y_true: ArrayLike,
    score_or_pred: ArrayLike,
    *,
    threshold: float | None = None,
    betas: tuple[float, ...] = (1.0, 0.1),
    window: int = 100,
    alpha: float = 0.2,
) -> Evaluation:
    """Every trusted figure at once, for scores or for 0/1 predictions.

    ``y_true`` (n,) holds 0/1. ``score_or_pred`` (n,) holds predictions when its dtype is boolean or
    integer, and scores (higher is more anomalous) when it is floating point. Scores give ROC AUC, average
    precision (both by scikit-learn) and VUS with buffer `window`; with a `threshold` (a row is predicted
    where score > threshold) they also give the figures of predictions: accuracy, precision, recall, F for
    each of `betas`, event-wise recall and delay, range-based precision and recall with weight `alpha`. A
    ratio whose denominator is 0 is 0.

    Raises SpecError for another shape, NaN, lengths that differ, or a `y_true` of one class only.
    """
    metrics = _sklearn()
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    given = checks.numbers("score_or_pred", score_or_pred)
    pred: Flags | None
    scores: Floats | None
    if given.dtype.kind in "bui":
        scores, pred = None, checks.labels("score_or_pred", given)
        if len(pred) != len(truth):
            raise SpecError("score_or_pred", f"{len(pred)} rows, but y_true has {len(truth)}")
        if threshold is not None:
            raise SpecError("threshold", f"{threshold}; predictions (integers) were given, not scores")
    else:
        scores = checks.scores("score_or_pred", given, len(truth))
        if threshold is not None and np.isnan(checks.real("threshold", threshold)):
            raise SpecError("threshold", "is NaN, above which no score lies")
        pred = None if threshold is None else scores > threshold
    volumes = None if scores is None else vus(truth, scores, window=window)
    confusion = None
    if pred is not None:
        tn, fp, fn, tp = metrics.confusion_matrix(truth, pred, labels=[False, True]).ravel().tolist()
        confusion = (tp, fp, tn, fn)
    return Evaluation(
        n=len(truth),
        anomalous=int(truth.sum()),
        threshold=None if threshold is None else float(threshold),
        confusion=confusion,
        accuracy=None if pred is None else float(metrics.accuracy_score(truth, pred)),
        precision=None if pred is None else float(metrics.precision_score(truth, pred, zero_division=0)),
        recall=None if pred is None else float(metrics.recall_score(truth, pred, zero_division=0)),
        f=None
        if pred is None
        else {b: float(metrics.fbeta_score(truth, pred, beta=b, zero_division=0)) for b in betas},
        roc_auc=None if scores is None else float(metrics.roc_auc_score(truth, _ranks(scores))),
        average_precision=None if scores is None else float(metrics.average_precision_score(truth, _ranks(scores))),
        vus_roc=None if volumes is None else volumes.roc,
        vus_pr=None if volumes is None else volumes.pr,
        event=None if pred is None else event_report(truth, pred),
        range=None if pred is None else range_report(truth, pred, alpha=alpha),
    )


def _ranks(scores: Floats) -> Floats:
    """The scores, or their ranks where scikit-learn would refuse an infinity: curves see only the order."""
    if np.isfinite(scores).all():
        return scores
    return np.unique(scores, return_inverse=True)[1].astype(np.float64)


def plot_confusion(y_true: ArrayLike, y_pred: ArrayLike, *, ax: Any = None) -> Any:
    """Draw the confusion matrix of 0/1 predictions; returns the matplotlib axes."""
    truth, pred = _pair(y_true, y_pred)
    ax = _pyplot().subplots(figsize=(3.6, 3.2), layout="constrained")[1] if ax is None else ax
    display = _sklearn().ConfusionMatrixDisplay.from_predictions(
        truth,
        pred,
        labels=[False, True],
        display_labels=["normal", "anomalous"],
        cmap="Blues",
        colorbar=False,
        ax=ax,
    )
    return display.ax_


def plot_curves(y_true: ArrayLike, scores: dict[str, ArrayLike] | ArrayLike) -> Any:
    """Draw ROC and precision-recall curves of one score, or of several by name; returns the figure."""
    metrics = _sklearn()
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    named = scores if isinstance(scores, dict) else {"score": scores}
    figure, (roc, pr) = _pyplot().subplots(1, 2, figsize=(9, 4), layout="constrained")
    for name, values in named.items():
        s = _ranks(checks.scores(f"scores[{name!r}]", values, len(truth)))
        metrics.RocCurveDisplay.from_predictions(truth, s, name=name, ax=roc)
        metrics.PrecisionRecallDisplay.from_predictions(truth, s, name=name, ax=pr)
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    pr.axhline(float(truth.mean()), color="grey", linestyle=":", linewidth=1)
    roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
    pr.set(title="precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    return figure
