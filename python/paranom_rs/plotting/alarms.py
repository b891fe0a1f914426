"""The picture of a detector's answers: series, truth, score, threshold and alarms over time. Needs matplotlib."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.plotting.style import LINE, SHADES, new_figure, plain_axes, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ALARM", "MOST_PANELS", "TRUTH", "axis_of", "busiest", "caption", "merged", "plot_alarms"]

ALARM, TRUTH = SHADES[0], SHADES[4]
#: Channels that are drawn, points of a line, and intervals that are shaded.
MOST_PANELS, MOST_POINTS, MOST_SPANS = 8, 4000, 500


def plot_alarms(frame: Frame, score: Floats, threshold: float, alarm: Flags, *, title: str) -> Figure:
    """Draw a panel for each channel and one for the score; alarms are shaded, and a bar below marks the labels.

    Parameters
    ----------
    frame
        The rows; of many channels those that stand out most in alarms.
    score
        (n,), NaN where there is none.
    threshold
        Scores above it are anomalies.
    alarm
        (n,)
    title
        What the rows are called.
    """
    over, name = axis_of(frame)
    channels = busiest(frame, alarm)
    figure = new_figure(11, 1.1 * len(channels) + 2.6)
    axes = figure.subplots(len(channels) + 1, 1, sharex=True, squeeze=False)[:, 0]
    names = frame.names or [f"channel {j}" for j in range(frame.values.shape[1])]
    for axis, j in zip(axes, channels, strict=False):
        _line(axis, over, frame.values[:, j], LINE)
        axis.set_ylabel(names[j], rotation=0, ha="right", va="center")
        _shade(axis, over, alarm, ALARM)
        if frame.labels is not None:
            _shade(axis, over, frame.labels, TRUTH, height=0.08)
    last = axes[-1]
    _line(last, over, score, "0.25")
    last.axhline(threshold, color=ALARM, linewidth=1, linestyle="--")
    _shade(last, over, alarm, ALARM)
    # Scores of alarms may be many times the others.
    finite = score[np.isfinite(score)]
    if len(finite) and finite.max() > 20 * max(threshold, 1e-300):
        last.set_yscale("symlog", linthresh=threshold)
    last.set_ylabel("score", rotation=0, ha="right", va="center")
    last.set_xlabel(name)
    text = textwrap.fill(caption(title, frame, alarm, channels), 120)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    _legend(figure, frame.labels is not None)
    return figure


def axis_of(frame: Frame) -> tuple[NDArray[Any], str]:
    """Return what the rows are drawn over, and its name: their times, in local time, or their numbers."""
    if frame.times is None:
        return np.arange(len(frame)), "row"
    name = frame.time_name or "time"
    if frame.times.dtype.kind != "M":
        return frame.times, name
    return frame.times.astype("M8[us]"), f"{name} (UTC)" if frame.zone is not None else name


def busiest(frame: Frame, alarm: Flags) -> list[int]:
    """Return the channels to draw: all, or those whose alarms lie farthest from their other rows, in order."""
    count = frame.values.shape[1]
    if count <= MOST_PANELS:
        return list(range(count))
    inside, outside = frame.values[alarm], frame.values[~alarm]
    with np.errstate(all="ignore"):
        middle = np.array([_median(x) for x in outside.T])
        spread = np.array([_median(np.abs(x - m)) for x, m in zip(outside.T, middle, strict=True)])
        far = np.array([_median(np.abs(x - m)) for x, m in zip(inside.T, middle, strict=True)]) / np.maximum(
            spread, 1e-12
        )
    far = np.where(np.isfinite(far), far, -1.0)
    return sorted(np.argsort(-far, kind="stable")[:MOST_PANELS].tolist())


def _median(x: Floats) -> float:
    x = x[np.isfinite(x)]
    return float(np.median(x)) if len(x) else float("nan")


def merged(flags: Flags) -> list[list[int]]:
    """Return runs of flags as [first, after the last]; where there are too many, near ones as one."""
    runs = runs_of_ones(flags)
    if len(runs) > MOST_SPANS:
        first = np.append(True, runs[1:, 0] - runs[:-1, 1] > len(flags) // MOST_SPANS)
        runs = np.stack([runs[first, 0], runs[np.append(first[1:], True), 1]], axis=1)
    found: list[list[int]] = runs.tolist()
    return found


def caption(title: str, frame: Frame, alarm: Flags, channels: list[int]) -> str:
    """Return the first line of the picture: how many rows and alarms, and the year where the axis shows none."""
    left_out = frame.values.shape[1] - len(channels)
    more = f"; {left_out} more channels are not drawn" if left_out else ""
    runs = len(runs_of_ones(alarm))
    when = ""
    if frame.times is not None and frame.times.dtype.kind == "M" and len(frame):
        first, last = np.datetime_as_string(frame.times[[0, -1]], unit="D").tolist()
        when = f", {first}" if first == last else f", {first} to {last}"
    return f"{title}: {len(frame):,} rows{when}; {runs:,} alarms{more}"


def _line(axis: Axes, over: NDArray[Any], values: Floats, color: str) -> None:
    at = thin(values, MOST_POINTS)
    axis.plot(over[at], values[at], color=color, linewidth=0.8)
    axis.margins(x=0.005)
    plain_axes(axis)


def _shade(axis: Axes, over: NDArray[Any], flags: Flags, color: str, *, height: float = 1.0) -> None:
    for start, stop in merged(flags):
        right = over[min(stop, len(over) - 1)]
        axis.axvspan(over[start], right, ymax=height, color=color, alpha=0.25 if height == 1 else 0.9, linewidth=1)


def _legend(figure: Figure, labelled: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Any] = [
        Patch(color=ALARM, alpha=0.25, label="alarm"),
        Line2D([], [], color=ALARM, linestyle="--", linewidth=1, label="threshold"),
    ]
    if labelled:
        entries.append(Patch(color=TRUTH, label="label"))
    figure.legend(handles=entries, loc="outside lower right", frameon=False, fontsize=9, ncols=3)
