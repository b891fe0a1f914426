"""Small pieces of HTML for notebooks: tables and lines that take the notebook's colours, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.arrays import runs_of_ones

_CELL = "padding:.15em .7em .15em 0;text-align:left;border:0;background:transparent;color:inherit"
_WIDTH, _HEIGHT = 240, 28
#: Marks anomalies; readable on white and on black.
_MARK = "#d1495b"


class Svg(str):
    """Markup that is put into a cell as it is."""

    __slots__ = ()


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> str:
    """Return a title and a table; cells are escaped, but for `Svg`."""
    lines = [
        f'<div style="margin:.3em 0"><b>{escape(title)}</b></div>',
        '<table style="border-collapse:collapse;color:inherit;font:inherit">',
    ]
    if head:
        lines.append(_row("th", head))
    lines += [_row("td", row) for row in rows]
    lines.append("</table>")
    if note:
        lines.append(f'<div style="opacity:.7">{escape(note)}</div>')
    return f'<div style="color:inherit">{"".join(lines)}</div>'


def _row(tag: str, cells: Iterable[object]) -> str:
    inside = "".join(
        f'<{tag} style="{_CELL}">{cell if isinstance(cell, Svg) else escape(str(cell))}</{tag}>' for cell in cells
    )
    return f'<tr style="background:transparent">{inside}</tr>'


def line(values: ArrayLike, marked: ArrayLike | None = None) -> Svg:
    """Return a series as a small picture, from its lowest to its highest value; marked rows have a red bar below."""
    series = np.asarray(values, np.float64)
    low, high = _envelope(series)
    held = np.isfinite(low)
    if not held.any():
        return Svg("")
    bottom, top = float(low[held].min()), float(high[held].max())
    scale = (_HEIGHT - 8) / (top - bottom) if top > bottom else 0.0
    at = (np.arange(len(low)) + 0.5) * _WIDTH / len(low)
    parts = []
    for begin, end in runs_of_ones(held).tolist():
        points = [
            f"{at[i]:.1f},{_HEIGHT - 6 - scale * (y - bottom):.1f}"
            for i in range(begin, end)
            for y in (low[i], high[i])
        ]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" stroke-width="1"/>')
    if marked is not None and len(series):
        in_marked = _buckets(np.asarray(marked).astype(np.float64), len(low)).max(axis=1) > 0
        for begin, end in runs_of_ones(in_marked).tolist():
            left, width = begin * _WIDTH / len(low), max((end - begin) * _WIDTH / len(low), 1.5)
            parts.append(f'<rect x="{left:.1f}" y="{_HEIGHT - 3}" width="{width:.1f}" height="3" fill="{_MARK}"/>')
    return Svg(f'<svg width="{_WIDTH}" height="{_HEIGHT}" style="vertical-align:middle">{"".join(parts)}</svg>')


def _buckets(x: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return a series cut into ``count`` pieces of one length, filled up with NaN."""
    size = -(-len(x) // count)
    padded = np.full(size * count, np.nan)
    padded[: len(x)] = x
    pieces: NDArray[np.float64] = np.nan_to_num(padded.reshape(count, size), nan=-np.inf)
    return pieces


def _envelope(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and the highest value of at most a few hundred pieces; infinite where there is none."""
    count = min(len(x), _WIDTH)
    if not count:
        return np.empty(0), np.empty(0)
    x = np.where(np.isfinite(x), x, np.nan)
    return -_buckets(-x, count).max(axis=1), _buckets(x, count).max(axis=1)
