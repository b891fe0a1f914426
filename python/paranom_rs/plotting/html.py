"""A dataset as a page for a browser: series to zoom in, events shaded and named. Needs bokeh."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs._internal.checks import whole
from paranom_rs._internal.optional import needs
from paranom_rs.plotting.dataset import CONSEQUENCE, consequences, spans, title
from paranom_rs.plotting.style import LINE, SHADES, thin

if TYPE_CHECKING:
    from paranom_rs.generate.dataset import Dataset

__all__ = ["dataset_page"]


def dataset_page(data: Dataset, variables: list[str], most_points: int) -> str:
    """Return HTML that needs nothing from outside."""
    with needs("bokeh", "html", "a page"):
        from bokeh.embed import file_html
        from bokeh.layouts import column
        from bokeh.models import BoxAnnotation, Div, HoverTool
        from bokeh.plotting import figure
        from bokeh.resources import INLINE
    most_points = whole("most_points", most_points, least=10)
    t = data.t
    dates = t.dtype.kind == "M"
    t = t.astype("datetime64[us]") if dates else t.astype(np.float64)
    panels: list[Any] = []
    for name in variables:
        values = data.floats(name).astype(np.float64)
        shared = {"x_range": panels[0].x_range} if panels else {}
        panel = figure(
            height=200,
            sizing_mode="stretch_width",
            x_axis_type="datetime" if dates else "linear",
            y_axis_label=name,
            tools="xpan,xwheel_zoom,xbox_zoom,reset,save",
            active_scroll="xwheel_zoom",
            **shared,
        )
        at = thin(values, most_points)
        states = data.states.get(name, [])
        if states:
            panel.step(t[at], values[at], color=LINE, line_width=1, mode="after")
            panel.yaxis.ticker = list(range(len(states)))
            panel.yaxis.major_label_overrides = dict(enumerate(states))
        else:
            panel.line(t[at], values[at], color=LINE, line_width=1)
        for kind, (event, touched) in enumerate(data.generator.kinds):
            if name not in touched or not len(t):
                continue
            for left, right in spans(data, kind):
                panel.add_layout(
                    BoxAnnotation(
                        left=t[left],
                        right=t[min(right, len(t) - 1)],
                        fill_color=SHADES[kind % len(SHADES)],
                        fill_alpha=0.3,
                        line_color=SHADES[kind % len(SHADES)],
                        name=event,
                    )
                )
        for left, right in consequences(data, name) if data.generator.graph else []:
            panel.add_layout(
                BoxAnnotation(
                    left=t[left],
                    right=t[min(right, len(t) - 1)],
                    fill_color="gray",
                    fill_alpha=0.2,
                    line_color="gray",
                    hatch_pattern="/",
                    hatch_alpha=0.3,
                    name=CONSEQUENCE,
                )
            )
        panel.add_tools(HoverTool(tooltips=[("t", "$x{%F %T}" if dates else "$x{0.}"), (name, "$y")], mode="vline"))
        panels.append(panel)
    legend = " ".join(
        f'<span style="background:{SHADES[kind % len(SHADES)]}55;padding:0 .5em">{escape(event)}</span>'
        for kind, (event, _) in enumerate(data.generator.kinds)
    )
    if data.generator.graph:
        legend += f' <span style="background:#80808055;padding:0 .5em">{CONSEQUENCE}</span>'
    head = Div(text=f"<b>{title(data)}</b> &nbsp; {legend}", sizing_mode="stretch_width")
    return str(file_html(column(head, *panels, sizing_mode="stretch_width"), INLINE, title=title(data)))
