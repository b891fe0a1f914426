"""Plots: series thinned to what a screen shows, events shaded. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import whole
from paranom_rs._internal.optional import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.generate.dataset import Dataset

LINE = "#1f4e79"
_MOST_SPANS = 1000
SHADES = ["#d1495b", "#edae49", "#66a182", "#8e6c8a", "#2e86ab", "#a26769"]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure that no global state knows; the reason why pyplot is not imported."""
    figure: Figure = require("matplotlib.figure", "plot", "a plot").Figure(
        figsize=(width, height), layout="constrained"
    )
    return figure


def thin(values: NDArray[Any], most_points: int) -> NDArray[np.int64]:
    """Return the positions of the lowest and highest value of each of ``most_points / 2`` intervals, in order."""
    n = len(values)
    if n <= most_points:
        return np.arange(n)
    size = -(-n // (most_points // 2))
    padded = np.full(-(-n // size) * size, np.nan)
    padded[:n] = values
    pieces = padded.reshape(-1, size)
    base = np.arange(len(pieces)) * size
    empty = np.isnan(pieces).all(axis=1)
    low = np.where(np.isnan(pieces), np.inf, pieces).argmin(axis=1)
    high = np.where(np.isnan(pieces), -np.inf, pieces).argmax(axis=1)
    picks = np.stack([base + np.minimum(low, high), base + np.maximum(low, high)], axis=1)
    picks[empty] = base[empty, None]
    kept: NDArray[np.int64] = np.minimum(picks.ravel(), n - 1)
    return kept


def spans(data: Dataset, kind: int) -> list[tuple[int, int]]:
    """Return the spans of a kind's events, by position; where there are many, those too near to tell apart are one."""
    events = data.events
    mine = events.kind == kind
    starts = np.searchsorted(data.row, events.start[mine])
    stops = np.searchsorted(data.row, events.stop[mine] - np.uint64(1), side="right")
    if len(starts) > _MOST_SPANS:
        first = np.append(True, starts[1:] - stops[:-1] > len(data) // _MOST_SPANS)
        starts, stops = starts[first], stops[np.append(first[1:], True)]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def title(data: Dataset) -> str:
    """Return what a picture of a dataset is headed."""
    share = data.y.mean() if len(data) else 0
    return f"{len(data):,} rows, {share:.2%} anomalous, {len(data.events)} events"


def plot_dataset(data: Dataset, variables: list[str], most_points: int) -> Figure:
    """Plot a panel for each variable: the series, its events shaded by name."""
    most_points = whole("most_points", most_points, least=10)
    columns = [data[name] for name in variables]
    figure = new_figure(11, 1.1 + 1.9 * len(variables))
    axes = np.atleast_1d(figure.subplots(len(variables), 1, sharex=True))
    t = data.t
    used: dict[str, Any] = {}
    for name, values, axis in zip(variables, columns, axes, strict=True):
        at = thin(values, most_points)
        axis.plot(t[at], values[at], color=LINE, linewidth=0.8, zorder=3)
        for kind, (event, touched) in enumerate(data.generator.kinds):
            if name not in touched:
                continue
            for left, right in spans(data, kind):
                # Up to the next row, and with an edge, so that an event of one row can be seen.
                lo, hi = t[left], t[min(right, len(t) - 1)]
                shade = SHADES[kind % len(SHADES)]
                used[event] = axis.axvspan(lo, hi, color=shade, alpha=0.3, linewidth=1.0, zorder=1)
        axis.set_ylabel(name)
        axis.margins(x=0.005)
        axis.grid(alpha=0.25, linewidth=0.5)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[-1].set_xlabel("time" if t.dtype.kind == "M" else "row" if "time" not in data.generator.to_spec() else "t")
    # At the left: the legend stands at the right.
    figure.suptitle(title(data), x=0.01, horizontalalignment="left", fontsize=11)
    if used:
        # On the figure's edge, off the data.
        figure.legend(list(used.values()), list(used), loc="outside upper right", frameon=False, fontsize=9, ncols=4)
    return figure
