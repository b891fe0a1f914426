"""The report of a fit as a picture, and as one page of HTML that needs no other file. Needs matplotlib."""

from __future__ import annotations

import base64
import html
import io
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from paranom_rs.plotting.style import LINE, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.generate.fit.report import FitReport

__all__ = ["page", "picture"]

#: Channels that are drawn.
_MOST_CHANNELS = 12
MADE = "#b5541c"


def page(report: FitReport) -> str:
    """Return the page: the template ``fit_report.html``, filled in."""
    template = resources.files("paranom_rs.plotting").joinpath("fit_report.html").read_text(encoding="utf-8")
    image = io.BytesIO()
    picture(report).savefig(image, format="png", dpi=100)
    return Template(template).substitute(
        figures="\n".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in report.lines()
        ),
        picture=base64.b64encode(image.getvalue()).decode(),
        channels="\n".join(
            f"<tr><td>{html.escape(name)}</td><td class=n>{x.quantiles:.2%}</td>"
            f"<td class=n>{x.autocorrelation:.3f}</td></tr>"
            for name, x in report.channels.items()
        ),
    )


def picture(report: FitReport) -> Figure:
    """Draw the first rows of the recording above generated ones, for the first channels."""
    names = list(report.channels)[:_MOST_CHANNELS]
    figure = new_figure(11, 1.0 + 1.7 * len(names))
    axes = figure.subplots(2 * len(names), 1, sharex=True, squeeze=False)[:, 0]
    for j, name in enumerate(names):
        recorded, made = axes[2 * j], axes[2 * j + 1]
        recorded.plot(report.recorded[:, j], color=LINE, linewidth=0.7)
        made.plot(report.made[:, j], color=MADE, linewidth=0.7)
        made.sharey(recorded)
        recorded.set_title(name, fontsize=9, loc="left")
        for axis, kind in ((recorded, "recorded"), (made, "generated")):
            plain_axes(axis)
            axis.set_ylabel(kind, fontsize=7)
            axis.tick_params(labelsize=7)
    axes[-1].set_xlabel("row")
    return figure
