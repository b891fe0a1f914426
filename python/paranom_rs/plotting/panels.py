"""Panels of series, alarms shaded: what pictures of a detector's answers share. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.plotting.style import plain_axes, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_POINTS", "alarm_legend", "draw_line", "merged", "shade"]

#: Points of a line, and intervals that are shaded.
MOST_POINTS, MOST_SPANS = 4000, 500


def draw_line(axis: Axes, over: NDArray[Any], values: Floats, color: str) -> None:
    """Draw a series, thinned."""
    at = thin(values, MOST_POINTS)
    axis.plot(over[at], values[at], color=color, linewidth=0.8)
    axis.margins(x=0.005)
    plain_axes(axis)


def merged(flags: Flags) -> list[list[int]]:
    """Return runs of flags as [first, after the last]; where there are too many, near ones as one."""
    runs = runs_of_ones(flags)
    if len(runs) > MOST_SPANS:
        # What is nearer than a screen shows is one.
        first = np.append(True, runs[1:, 0] - runs[:-1, 1] > len(flags) // MOST_SPANS)
        runs = np.stack([runs[first, 0], runs[np.append(first[1:], True), 1]], axis=1)
    found: list[list[int]] = runs.tolist()
    return found


def shade(axis: Axes, over: NDArray[Any], flags: Flags, color: str, *, height: float = 1.0) -> None:
    """Shade runs of flags: the whole panel, or a bar of some ``height`` at its bottom."""
    for start, stop in merged(flags):
        right = over[min(stop, len(over) - 1)]
        axis.axvspan(over[start], right, ymax=height, color=color, alpha=0.25 if height == 1 else 0.9, linewidth=1)


def alarm_legend(figure: Figure, alarm: str, truth: tuple[str, str] | None) -> None:
    """Add a legend of alarms in their colour, the threshold, and the truth by its colour and name."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Any] = [
        Patch(color=alarm, alpha=0.25, label="alarm"),
        Line2D([], [], color=alarm, linestyle="--", linewidth=1, label="threshold"),
    ]
    if truth is not None:
        color, name = truth
        entries.append(Patch(color=color, alpha=0.9, label=name))
    figure.legend(handles=entries, loc="outside lower right", frameon=False, fontsize=9, ncols=3)
