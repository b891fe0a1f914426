"""Pictures of a detector. matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError


def _pyplot() -> Any:
    return require("matplotlib.pyplot", "plot", "a picture")


def history(lines: dict[str, list[float]], best: int) -> Any:
    """Plot the training and validation loss per epoch, and the criterion where it is another figure."""
    epochs = np.arange(1, len(lines["train"]) + 1)
    figure, ax = _pyplot().subplots(figsize=(6, 3.6), layout="constrained")
    ax.plot(epochs, lines["train"], label="training", marker=".")
    ax.plot(epochs, lines["validation"], label="validation", marker=".")
    ax.axvline(best + 1, color="grey", linestyle=":", label="kept")
    ax.set(xlabel="epoch", ylabel="loss per window")
    handles, names = ax.get_legend_handles_labels()
    if lines["criterion"] != lines["validation"]:
        right = ax.twinx()
        right.plot(epochs, lines["criterion"], color="C3", marker=".", label="criterion (right)")
        right.set_ylabel("criterion")
        more = right.get_legend_handles_labels()
        handles, names = handles + more[0], names + more[1]
    figure.legend(handles, names, loc="outside upper center", ncols=4, fontsize=8)
    return figure


def errors(scores: Floats, y: ArrayLike | None, threshold: float) -> Any:
    """Plot a histogram of scores with the threshold."""
    flags = np.zeros(len(scores), dtype=bool) if y is None else checks.labels("y", y)
    if len(flags) != len(scores):
        raise SpecError("y", f"must have one label for each of the {len(scores)} scores", str(len(flags)))
    if not len(scores):
        raise SpecError("X", "must have a row to draw the score of", "0 rows")
    figure, ax = _pyplot().subplots(figsize=(6, 3.6), layout="constrained")
    # Scores are skewed: equal bins on a logarithmic axis where none is 0 or less.
    positive = scores.min() > 0 and scores.max() > scores.min()
    low, high = float(scores.min()), float(scores.max())
    bins = np.geomspace(low, high, 50) if positive else np.linspace(low, high if high > low else low + 1, 50)
    ax.hist(scores[~flags], bins, alpha=0.7, label="scores" if y is None else "normal")
    if y is not None:
        ax.hist(scores[flags], bins, alpha=0.7, label="anomalous", color="C3")
    ax.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.4g}")
    ax.set(xlabel="score", ylabel="number", xscale="log" if positive else "linear")
    ax.legend()
    return figure


def reconstruction(data: Floats, restored: Floats, scores: Floats, threshold: float) -> Any:
    """Plot windows and their reconstructions."""
    if not len(data):
        raise SpecError("X", "must hold a window to draw", "0 windows")
    columns = min(3, len(data))
    rows = -(-len(data) // columns)
    figure, axes = _pyplot().subplots(
        rows, columns, figsize=(3.4 * columns, 2.4 * rows), squeeze=False, layout="constrained"
    )
    for k, ax in enumerate(axes.ravel()):
        if k >= len(data):
            ax.set_axis_off()
            continue
        ax.plot(data[k, :, 0], label="window")
        ax.plot(restored[k, :, 0], label="reconstruction")
        verdict = "anomalous" if scores[k] > threshold else "normal"
        ax.set_title(f"score {scores[k]:.3g}: {verdict}", fontsize=9)
    axes[0, 0].legend(fontsize=8)
    return figure
