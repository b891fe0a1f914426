"""An audit as one page of HTML with plots, which needs no other file. Needs matplotlib."""

from __future__ import annotations

import base64
import html
import io
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from paranom_rs.plotting.style import LINE, SHADES, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paranom_rs.evaluate.audit import Audit


def page(audit: Audit) -> str:
    """Return the page: the template ``audit_report.html``, filled in."""
    template = resources.files("paranom_rs.plotting").joinpath("audit_report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        rows=f"{audit.rows:,}",
        figures="\n".join(
            f"<tr><th>{html.escape(name)}</th>"
            f"<td{' class=bad' if '<-' in value else ''}>{html.escape(value.replace('<-', '←'))}</td></tr>"
            for name, value in audit.lines()
        ),
        plots=_png(_picture(audit)),
        associations="\n".join(
            f"<tr><td>{html.escape(pair)}</td><td>{x.measure:.3f}</td><td>{x.p:.2g}</td></tr>"
            for pair, x in audit.associations.items()
        ),
        associations_class="" if audit.associations else "none",
    )


def _png(figure: Figure) -> str:
    """Return a figure as base64 of a PNG."""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return base64.b64encode(image.getvalue()).decode()


def _picture(audit: Audit) -> Figure:
    """Draw the one-liners that find most, severities, positions and lengths."""
    figure = new_figure(12, 8.5)
    (easy, severe), (where, long) = figure.subplots(2, 2)
    _draw_one_liners(easy, audit)
    _draw_severity(severe, audit)
    _draw_positions(where, audit)
    _draw_lengths(long, audit)
    return figure


def _draw_one_liners(axis: Axes, audit: Audit) -> None:
    """Draw the share of events, and of decoys, that the 16 one-liners with the largest ones find."""
    events, decoys = audit.one_liners, audit.decoy_alarms
    top = sorted(events, key=lambda name: max(events[name], decoys.get(name, 0.0)))[-16:]
    at = np.arange(len(top))
    if decoys:
        axis.barh(at - 0.2, [decoys[name] for name in top], 0.4, color=SHADES[1], label="decoys: false alarms")
        axis.barh(at + 0.2, [events[name] for name in top], 0.4, color=LINE, label="events")
        axis.legend(fontsize=8, frameon=False, loc="lower right")
    else:
        axis.barh(at, [events[name] for name in top], 0.8, color=LINE)
    axis.set_yticks(at, top)
    axis.set_xlim(0, 1)
    _label(axis, "share that a one-liner finds", "")


def _draw_severity(axis: Axes, audit: Audit) -> None:
    severity = audit.table.get("severity", np.empty(0))
    known = severity[np.isfinite(severity) & (severity > 0)]
    if len(known):
        axis.hist(known, bins=np.geomspace(known.min(), known.max() * 1.001, 30).tolist(), color=LINE)
        axis.set_xscale("log")
        axis.axvline(1.0, color=SHADES[0], linewidth=1)
    _label(axis, "severity: largest change / noise", "events")


def _draw_positions(axis: Axes, audit: Audit) -> None:
    position = audit.table.get("position", np.empty(0))
    axis.hist(position, bins=np.linspace(0, 1, 21).tolist(), color=LINE)
    axis.axhline(len(position) / 20, color=SHADES[0], linewidth=1)
    _label(axis, "position in the dataset (line: even)", "events")


def _draw_lengths(axis: Axes, audit: Audit) -> None:
    table = audit.table
    if table:
        length, severity = (table["stop"] - table["start"]).astype(float), table["severity"]
        for kind, name in enumerate(audit.kinds):
            mine = (table["kind"] == kind) & np.isfinite(severity) & (severity > 0)
            if mine.any():
                axis.scatter(length[mine], severity[mine], s=9, alpha=0.6, label=name)
    if axis.collections:
        axis.set_yscale("log")
        axis.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _label(axis, "length in rows", "severity")


def _label(axis: Axes, x: str, y: str) -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    plain_axes(axis)
