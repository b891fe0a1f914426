"""A detector's scores of a series as a figure: series, truth, score, threshold and alarms on the axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.columns import column_names
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError
from paranom_rs.plotting.panels import alarm_legend, draw_line, shade
from paranom_rs.plotting.style import LINE, SHADES, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.detect.base import Detector

#: Channels that get a panel of their own.
_MOST_PANELS = 6


def plot_detector(
    detector: Detector, X: ArrayLike, y: ArrayLike | None = None, *, causal: bool = False, times: Any = None
) -> Figure:
    """Draw the channels, each in a panel (many: the first six and how many are left out), and the score below them.

    Anomalies of the truth are marked below the series, alarms are shaded. See `Detector.plot` for the arguments.
    """
    scores = np.asarray(detector.decision_function(X, causal))
    level = detector.causal_threshold_ if causal else detector.threshold_
    rows = checks.series("X", X)
    axis_of_time = _times(X, times, len(rows))
    truth = None if y is None else checks.labels("y", y)
    if truth is not None and len(truth) != len(rows):
        raise SpecError("y", f"must have {len(rows)} rows, as X has", str(len(truth)))
    known: Any = getattr(detector, "feature_names_in_", range(rows.shape[1]))
    names = column_names("X", X) or [str(name) for name in known]
    shown = min(rows.shape[1], _MOST_PANELS)
    figure = new_figure(11, 1.4 + 1.2 * shown + 1.6)
    axes = figure.subplots(shown + 1, 1, sharex=True, squeeze=False)[:, 0]
    alarms = scores > level
    for j in range(shown):
        draw_line(axes[j], axis_of_time, rows[:, j], LINE)
        axes[j].set_ylabel(names[j])
        if truth is not None:
            shade(axes[j], axis_of_time, truth, "black", height=0.05)
        shade(axes[j], axis_of_time, alarms, SHADES[0])
    draw_line(axes[-1], axis_of_time, scores, "0.2")
    axes[-1].axhline(level, color=SHADES[0], linewidth=1, linestyle="--")
    shade(axes[-1], axis_of_time, alarms, SHADES[0])
    axes[-1].set_ylabel("score")
    axes[-1].set_xlabel("time" if axis_of_time.dtype.kind == "M" else "row")
    if axis_of_time.dtype.kind == "M":
        dates = require("matplotlib.dates", "plot", "plots")
        # The year, and what else all ticks share, stands at the axis' end.
        ticks = dates.AutoDateLocator()
        axes[-1].xaxis.set_major_locator(ticks)
        axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(ticks))
    figure.suptitle(_title(detector, scores, alarms, rows.shape[1] - shown), x=0.01, ha="left", fontsize=11)
    alarm_legend(figure, SHADES[0], ("black", "anomaly (truth)") if truth is not None else None)
    return figure


def _times(X: Any, times: Any, count: int) -> NDArray[Any]:
    """Return what the rows are drawn over: their times, where they have some, else their numbers."""
    given = times
    if given is None and type(X).__module__.partition(".")[0] == "pandas" and X.index.dtype.kind in "Mm":
        # Without its zone: matplotlib's axis has none.
        given = X.index.tz_localize(None) if getattr(X.index, "tz", None) is not None else X.index
    if given is None:
        return np.arange(count)
    found = np.asarray(given)
    if found.shape != (count,):
        raise SpecError("times", f"must have {count} rows, as X has", f"shape {found.shape}")
    return found


def _title(detector: Detector, scores: Floats, alarms: Flags, left_out: int) -> str:
    more = f"; {left_out} more channels" if left_out else ""
    return f"{type(detector).__name__}: {len(scores):,} rows, {alarms.mean():.2%} under alarm{more}"
