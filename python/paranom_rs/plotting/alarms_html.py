"""A detector's answers as a page for a browser: series, score and alarms to zoom in. Needs bokeh."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.optional import needs
from paranom_rs.plotting.alarms import ALARM, TRUTH, axis_of, busiest, caption
from paranom_rs.plotting.panels import merged
from paranom_rs.plotting.style import LINE, thin

__all__ = ["alarms_page"]

#: Points of a line.
MOST_POINTS = 20_000


def alarms_page(frame: Frame, score: Floats, threshold: float, alarm: Flags, *, title: str) -> str:
    """Return HTML that needs nothing from outside; arguments are those of `plot_alarms`."""
    with needs("bokeh", "html", "a page"):
        from bokeh.embed import file_html
        from bokeh.layouts import column
        from bokeh.models import BoxAnnotation, Div, HoverTool, Span
        from bokeh.plotting import figure
        from bokeh.resources import INLINE
    over, name = axis_of(frame)
    dates = over.dtype.kind == "M"
    channels = busiest(frame, alarm)
    names = frame.names or [f"channel {j}" for j in range(frame.values.shape[1])]
    panels: list[Any] = []
    for label, values in [*((names[j], frame.values[:, j]) for j in channels), ("score", score)]:
        panel = figure(
            height=180,
            sizing_mode="stretch_width",
            x_axis_type="datetime" if dates else "linear",
            y_axis_label=label,
            tools="xpan,xwheel_zoom,xbox_zoom,reset,save",
            active_scroll="xwheel_zoom",
            **({"x_range": panels[0].x_range} if panels else {}),
        )
        at = thin(values, MOST_POINTS)
        panel.line(over[at], values[at], color=LINE, line_width=1)
        for start, stop in merged(alarm):
            ends = {"left": over[start], "right": over[min(stop, len(over) - 1)]}
            panel.add_layout(BoxAnnotation(**ends, fill_color=ALARM, fill_alpha=0.25, line_color=ALARM))
        for start, stop in [] if frame.labels is None or label == "score" else merged(frame.labels):
            ends = {"left": over[start], "right": over[min(stop, len(over) - 1)]}
            low = float(np.nanmin(values, initial=np.inf))
            panel.add_layout(BoxAnnotation(**ends, top=low, fill_color=TRUTH, fill_alpha=0.9, line_color=TRUTH))
        panel.add_tools(HoverTool(tooltips=[(name, "$x{%F %T}" if dates else "$x{0.}"), (label, "$y")], mode="vline"))
        panels.append(panel)
    panels[-1].add_layout(Span(location=threshold, dimension="width", line_color=ALARM, line_dash="dashed"))
    panels[-1].xaxis.axis_label = name
    text = caption(title, frame, alarm, channels)
    legend = f'<span style="background:{ALARM}55;padding:0 .5em">alarm</span>'
    if frame.labels is not None:
        legend += f' <span style="background:{TRUTH};color:white;padding:0 .5em">label</span>'
    head = Div(text=f"<b>{escape(text)}</b> &nbsp; {legend}", sizing_mode="stretch_width")
    return str(file_html(column(head, *panels, sizing_mode="stretch_width"), INLINE, title=escape(title)))
