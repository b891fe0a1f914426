"""Tables of a bench as one page of HTML that needs no other file, light or dark as the reader's system is."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["bench_page", "section"]

#: Columns of which less is better.
_LESS = {"delay", "seconds", "memory", "failed"}


def bench_page(facts: Mapping[str, str], sections: Sequence[str], failures: Sequence[tuple[str, str, str, str]]) -> str:
    """Return the page: the template ``bench_report.html``, filled in.

    Parameters
    ----------
    facts
        ``seed``, ``suite``, ``seconds``, ``memory``, ``command``, ``versions``, ``signature``.
    sections
        What `section` made.
    failures
        Detector, series, what happened, and the message of each run without figures.
    """
    template = resources.files("paranom_rs.plotting").joinpath("bench_report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        {name: escape(text) for name, text in facts.items()}, tables="\n".join(sections), failures=_failures(failures)
    )


def section(title: str, rows: Sequence[Mapping[str, Any]], note: str = "", figure: Figure | None = None) -> str:
    """Return a heading, a table of rows with equal keys, a note and a picture."""
    parts = [f"<h2>{escape(title)}</h2>", '<div class="wide"><table>']
    columns = list(dict.fromkeys(key for row in rows for key in row))
    best = {column: _best(column, [row.get(column) for row in rows]) for column in columns}
    numbers = [any(isinstance(row.get(c), float | int) for row in rows) for c in columns]
    head = "".join(f"<th{' class=n' if n else ''}>{escape(c)}</th>" for c, n in zip(columns, numbers, strict=True))
    parts.append(f"<tr>{head}</tr>")
    for row in rows:
        cells = [_cell(row.get(c), n, best[c]) for c, n in zip(columns, numbers, strict=True)]
        parts.append(f"<tr>{''.join(cells)}</tr>")
    parts.append("</table></div>")
    if figure is not None:
        image = io.StringIO()
        figure.savefig(image, format="svg", transparent=True)
        # The colours of axis and names are those of the page.
        parts.append(image.getvalue().partition("<svg")[2].replace("#000001", "currentColor").join(["<svg", ""]))
    if note:
        parts.append(f"<p>{escape(note)}</p>")
    return "\n".join(parts)


def _best(column: str, values: Sequence[Any]) -> float | None:
    held = [float(x) for x in values if isinstance(x, float | int)]
    if len(held) < 2 or column == "failed":
        return None
    return min(held) if column in _LESS else max(held)


def _cell(value: Any, number: bool, best: float | None) -> str:
    if not number:
        return f"<td>{escape('' if value is None else str(value))}</td>"
    mark = " best" if best is not None and value == best else ""
    return f'<td class="n{mark}">{shown(value)}</td>'


def shown(value: Any) -> str:
    """Return a number as the tables show it: three digits."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _failures(failures: Sequence[tuple[str, str, str, str]]) -> str:
    if not failures:
        return ""
    rows = "".join(
        f'<tr><td>{escape(detector)}</td><td>{escape(series)}</td><td class="bad">{escape(what)}</td>'
        f"<td>{escape(message)}</td></tr>"
        for detector, series, what, message in failures[:200]
    )
    more = f"<p>And {len(failures) - 200} more.</p>" if len(failures) > 200 else ""
    return f'<h2>Runs without figures</h2><div class="wide"><table>{rows}</table></div>{more}'
