"""The picture of a run of RAMP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats, matrix, numbers, real
from paranom_rs.errors import SpecError
from paranom_rs.plotting.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(
    X: ArrayLike,
    score: ArrayLike,
    *,
    threshold: float,
    contributions: ArrayLike | None = None,
    alarms: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    labels: ArrayLike | None = None,
) -> Figure:
    """Draw series, score and threshold, contributions and alarms above each other.

    Parameters
    ----------
    X
        (n, d), rows as scored.
    score
        (n,) or shorter. NaN and negative values (placeholders) are left out.
    threshold
        Drawn into the score.
    contributions
        (len(score), d).
    alarms
        (len(score),), shaded.
    names
        The names of the channels.
    labels
        (n,) or shorter, 1 where anomalous: marked below the series.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        matplotlib is not installed (``pip install ".[plot]"``).
    SpecError
        Arrays whose shapes do not fit.
    SpecTypeError
        Arrays that hold no numbers.
    """
    figure = new_figure(12, 7)
    rows = matrix("X", X)
    values = _vector(score, "score", len(rows))
    level = real("threshold", threshold)
    drawn = np.where(values >= 0, values, np.nan)
    channels = names or [f"channel {j}" for j in range(rows.shape[1])]
    if len(channels) != rows.shape[1]:
        raise SpecError("names", f"must name {rows.shape[1]} channels", str(len(channels)))
    panels = 2 if contributions is None else 3
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
    _series(axes[0], rows, channels)
    if labels is not None:
        for start, stop in runs_of_ones(_vector(labels, "labels", len(rows)) != 0):
            axes[0].axvspan(start - 0.5, stop - 0.5, ymax=0.04, color="black", linewidth=0)
    axes[1].plot(drawn, color="black", linewidth=0.8)
    axes[1].axhline(level, color="tab:red", linewidth=0.8, linestyle="--", label="threshold")
    axes[1].set_ylabel("score")
    axes[1].legend(loc="upper right", fontsize="small")
    if contributions is not None:
        given = matrix("contributions", contributions)
        if given.shape != (len(values), rows.shape[1]):
            raise SpecError("contributions.shape", f"must be {(len(values), rows.shape[1])}", str(given.shape))
        shares = np.where(np.isfinite(drawn)[:, None], given, np.nan)
        axes[2].stackplot(np.arange(len(shares)), np.nan_to_num(shares).T, labels=channels, linewidth=0)
        axes[2].set_ylim(0, 1)
        axes[2].set_ylabel("contributions")
    if alarms is not None:
        runs = runs_of_ones(_vector(alarms, "alarms", len(values)) != 0)
        for axis in axes[:2]:
            for start, stop in runs:
                axis.axvspan(start - 0.5, stop - 0.5, color="tab:red", alpha=0.2, linewidth=0)
    axes[-1].set_xlabel("sample")
    axes[-1].set_xlim(0, len(rows))
    return figure


def _series(axis: Axes, rows: Floats, channels: Sequence[str]) -> None:
    """Draw the channels, standardised, one above the other."""
    deviation = rows.std(axis=0)
    lines = (rows - rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    for j, name in enumerate(channels):
        axis.plot(lines[:, j] + 6 * j, linewidth=0.8, label=name)
    axis.set_ylabel("series (standardised, stacked)")
    axis.set_yticks([])
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(channels), 6), fontsize="small")


def _vector(x: ArrayLike, path: str, most: int) -> Floats:
    """A float64 array of one dimension that is not too long."""
    array = numbers(path, x).astype(np.float64, copy=False)
    if array.ndim != 1 or len(array) > most:
        raise SpecError(path, f"must be a vector of at most {most} values", f"shape {array.shape}")
    return array
