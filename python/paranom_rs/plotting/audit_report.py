"""An audit as one page of HTML with plots: nothing beside it is needed. Needs matplotlib."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paranom_rs.evaluate.audit import Audit

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .9rem .25rem 0;text-align:left;"
    "border-bottom:1px solid #ddd;vertical-align:top}th{font-weight:600}img{max-width:100%}"
    ".bad{color:#b00020;font-weight:600}"
)


def page(audit: Audit) -> str:
    """Return the page."""
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>"
        f"<td{' class=bad' if '<-' in value else ''}>{html.escape(value.replace('<-', '←'))}</td></tr>"
        for name, value in audit.lines()
    )
    pairs = "".join(
        f"<tr><td>{html.escape(pair)}</td><td>{x.measure:.3f}</td><td>{x.p:.2g}</td></tr>"
        for pair, x in audit.associations.items()
    )
    text = io.BytesIO()
    _picture(audit).savefig(text, format="png", dpi=110)
    image = base64.b64encode(text.getvalue()).decode()
    associations = (
        "<h2>What goes together</h2><p>Cramer's V with a kind, else Spearman's rank correlation. Kinds may differ in "
        "severity by design; a position must not tell anything.</p>"
        f"<table><tr><th>pair</th><th>measure</th><th>p</th></tr>{pairs}</table>"
        if pairs
        else ""
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Audit</title><style>{_STYLE}</style>"
        f"<h1>Audit of {audit.rows:,} rows</h1><table>{rows}</table>"
        f'<h2>Pictures</h2><img alt="plots" src="data:image/png;base64,{image}">{associations}</html>'
    )


def _picture(audit: Audit) -> Figure:
    """Draw which one-liners find how much, how severe events are, where they lie, and how long they are."""
    from paranom_rs.plotting.style import LINE, SHADES, new_figure

    figure = new_figure(12, 8.5)
    (easy, severe), (where, long) = figure.subplots(2, 2)
    # Those that find most, of events or of decoys.
    decoys = audit.decoy_alarms
    top = sorted(audit.one_liners, key=lambda name: max(audit.one_liners[name], decoys.get(name, 0.0)))[-16:]
    at = np.arange(len(top))
    if decoys:
        easy.barh(at - 0.2, [decoys[name] for name in top], 0.4, color=SHADES[1], label="decoys: false alarms")
    easy.barh(at + 0.2 * bool(decoys), [audit.one_liners[name] for name in top], 0.4 if decoys else 0.8, color=LINE,
              label="events")  # fmt: skip
    easy.set_yticks(at, top)
    easy.set_xlim(0, 1)
    if decoys:
        easy.legend(fontsize=8, frameon=False, loc="lower right")
    _label(easy, "share that a one-liner finds", "")
    severity = audit.table.get("severity", np.empty(0))
    known = severity[np.isfinite(severity) & (severity > 0)]
    if len(known):
        severe.hist(known, bins=np.geomspace(known.min(), known.max() * 1.001, 30), color=LINE)
        severe.set_xscale("log")
        severe.axvline(1.0, color=SHADES[0], linewidth=1)
    _label(severe, "severity: largest change / noise", "events")
    position = audit.table.get("position", np.empty(0))
    where.hist(position, bins=np.linspace(0, 1, 21).tolist(), color=LINE)
    where.axhline(len(position) / 20, color=SHADES[0], linewidth=1)
    _label(where, "position in the dataset (line: even)", "events")
    names = list(audit.kinds)
    kind = audit.table.get("kind", np.empty(0))
    length = (audit.table["stop"] - audit.table["start"]).astype(float) if len(kind) else np.empty(0)
    for i, name in enumerate(names):
        mine = (kind == i) & np.isfinite(severity) & (severity > 0)
        if mine.any():
            long.scatter(length[mine], severity[mine], s=9, alpha=0.6, label=name)
    if long.collections:
        long.set_yscale("log")
        long.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _label(long, "length in rows", "severity")
    return figure


def _label(axis: Axes, x: str, y: str) -> None:
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(alpha=0.25, linewidth=0.5)
    sides: Any = axis.spines
    for side in ("top", "right"):
        sides[side].set_visible(False)
