"""Pictures of how good a detector is. Needs matplotlib and scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs.evaluate.metrics.events import label_pair
from paranom_rs.evaluate.metrics.points import finite_ranks, sklearn_metrics
from paranom_rs.plotting.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_confusion", "plot_curves"]


def plot_confusion(y_true: ArrayLike, y_pred: ArrayLike) -> Figure:
    """Draw the confusion matrix of predictions.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    """
    truth, pred = label_pair(y_true, y_pred)
    figure = new_figure(3.6, 3.2)
    sklearn_metrics().ConfusionMatrixDisplay.from_predictions(
        truth,
        pred,
        labels=[False, True],
        display_labels=["normal", "anomalous"],
        cmap="Blues",
        colorbar=False,
        ax=figure.subplots(),
    )
    return figure


def plot_curves(y_true: ArrayLike, scores: dict[str, ArrayLike] | ArrayLike) -> Figure:
    """Draw ROC and precision-recall curves.

    Parameters
    ----------
    y_true
        Labels of both classes, 0/1, shape (n,).
    scores
        Scores, shape (n,), of one detector, or of several by name.
    """
    metrics = sklearn_metrics()
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    named = scores if isinstance(scores, dict) else {"score": scores}
    figure = new_figure(9, 4)
    roc, pr = figure.subplots(1, 2)
    for name, values in named.items():
        s = finite_ranks(checks.scores(f"scores[{name!r}]", values, len(truth)))
        metrics.RocCurveDisplay.from_predictions(truth, s, name=name, ax=roc)
        metrics.PrecisionRecallDisplay.from_predictions(truth, s, name=name, ax=pr)
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    pr.axhline(float(truth.mean()), color="grey", linestyle=":", linewidth=1)
    roc.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")
    pr.set(title="precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    return figure
