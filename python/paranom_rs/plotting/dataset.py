"""A dataset as a figure: series, thinned to what a screen shows, with events shaded. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import whole
from paranom_rs.plotting.style import LINE, SHADES, new_figure, plain_axes, thin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.generate.dataset import Dataset

#: Intervals that a panel shades at most.
_MOST_SPANS = 1000
#: What it is called that an event reaches a variable through a `Ref`.
CONSEQUENCE = "consequence"


def spans(data: Dataset, kind: int) -> list[tuple[int, int]]:
    """Return where a kind's events lie, as positions [start, stop); of many, those very near each other are merged."""
    events = data.events
    mine = events.kind == kind
    starts = np.searchsorted(data.row, events.start[mine])
    stops = np.searchsorted(data.row, events.stop[mine] - np.uint64(1), side="right")
    if len(starts) > _MOST_SPANS:
        first = np.append(True, starts[1:] - stops[:-1] > len(data) // _MOST_SPANS)
        starts, stops = starts[first], stops[np.append(first[1:], True)]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def consequences(data: Dataset, name: str) -> list[list[int]]:
    """Return where a variable is labelled because it refers to one that an event changes, as [start, stop)."""
    flags = data.labels[:, data.names.index(name)].astype(bool)
    for kind, (_, touched) in enumerate(data.generator.kinds):
        if name in touched:
            for left, right in spans(data, kind):
                flags[left:right] = False
    runs = runs_of_ones(flags)
    if len(runs) > _MOST_SPANS:
        first = np.append(True, runs[1:, 0] - runs[:-1, 1] > len(data) // _MOST_SPANS)
        runs = np.stack([runs[first, 0], runs[np.append(first[1:], True), 1]], axis=1)
    found: list[list[int]] = runs.tolist()
    return found


def title(data: Dataset) -> str:
    """Return the title of a picture of a dataset."""
    share = data.y.mean() if len(data) else 0
    return f"{len(data):,} rows, {share:.2%} anomalous, {len(data.events)} events"


def plot_dataset(data: Dataset, variables: list[str], most_points: int) -> Figure:
    """Plot a panel for each variable: the series, its events shaded by name, and their consequences hatched."""
    most_points = whole("most_points", most_points, least=10)
    columns = [data.floats(name) for name in variables]
    figure = new_figure(11, 1.1 + 1.9 * len(variables))
    axes = np.atleast_1d(figure.subplots(len(variables), 1, sharex=True))
    t = data.t
    used: dict[str, Any] = {}
    for name, values, axis in zip(variables, columns, axes, strict=True):
        at = thin(values, most_points)
        states = data.states.get(name, [])
        axis.plot(
            t[at], values[at], color=LINE, linewidth=0.8, zorder=3, drawstyle="steps-post" if states else "default"
        )
        if states:
            axis.set_yticks(range(len(states)), states)
        for kind, (event, touched) in enumerate(data.generator.kinds):
            if name not in touched:
                continue
            for left, right in spans(data, kind):
                # Up to the next row, and with an edge, so that an event of one row can be seen.
                lo, hi = t[left], t[min(right, len(t) - 1)]
                shade = SHADES[kind % len(SHADES)]
                used[event] = axis.axvspan(lo, hi, color=shade, alpha=0.3, linewidth=1.0, zorder=1)
        for left, right in consequences(data, name) if data.generator.graph else []:
            lo, hi = t[left], t[min(right, len(t) - 1)]
            used[CONSEQUENCE] = axis.axvspan(
                lo, hi, facecolor="none", edgecolor="0.45", hatch="////", linewidth=0.5, zorder=1
            )
        axis.set_ylabel(name)
        axis.margins(x=0.005)
        plain_axes(axis)
    axes[-1].set_xlabel("time" if t.dtype.kind == "M" else "row" if "time" not in data.generator.to_spec() else "t")
    # At the left: the legend stands at the right.
    figure.suptitle(title(data), x=0.01, horizontalalignment="left", fontsize=11)
    if used:
        # On the figure's edge, off the data.
        figure.legend(list(used.values()), list(used), loc="outside upper right", frameon=False, fontsize=9, ncols=4)
    return figure
