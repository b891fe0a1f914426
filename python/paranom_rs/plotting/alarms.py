"""The picture of a detector's answers: series, truth, score, threshold and alarms over time. Needs matplotlib."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.plotting.panels import alarm_legend, draw_line, shade
from paranom_rs.plotting.style import LINE, SHADES, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ALARM", "MOST_PANELS", "TRUTH", "axis_of", "busiest", "caption", "plot_alarms"]

ALARM, TRUTH = SHADES[0], SHADES[4]
#: Channels that are drawn.
MOST_PANELS = 8


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
        draw_line(axis, over, frame.values[:, j], LINE)
        axis.set_ylabel(names[j], rotation=0, ha="right", va="center")
        shade(axis, over, alarm, ALARM)
        if frame.labels is not None:
            shade(axis, over, frame.labels, TRUTH, height=0.08)
    last = axes[-1]
    draw_line(last, over, score, "0.25")
    last.axhline(threshold, color=ALARM, linewidth=1, linestyle="--")
    shade(last, over, alarm, ALARM)
    # Scores of alarms may be many times the others.
    finite = score[np.isfinite(score)]
    if len(finite) and finite.max() > 20 * max(threshold, 1e-300):
        last.set_yscale("symlog", linthresh=threshold)
    last.set_ylabel("score", rotation=0, ha="right", va="center")
    last.set_xlabel(name)
    text = textwrap.fill(caption(title, frame, alarm, channels), 120)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    alarm_legend(figure, ALARM, (TRUTH, "label") if frame.labels is not None else None)
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
