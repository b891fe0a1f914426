"""Draws the ``mermaid`` blocks of the pages as SVG: graphs of arrows, in layers, without another program."""

from __future__ import annotations

import re
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive

Arrow = tuple[str, str, bool]
ROW, HEIGHT, GAP, LETTER = 74, 28, 26, 7.6


def arrows_of(text: str) -> list[Arrow]:
    """The arrows of a graph: from, to, dotted."""
    found = []
    for line in text.splitlines()[1:]:
        arrow = re.fullmatch(r"\s*(\S+) (-->|-\.->) (\S+)\s*", line)
        if arrow is None:
            raise ValueError(f"not an arrow: {line!r}")
        found.append((arrow[1], arrow[3], arrow[2] != "-->"))
    return found


def layers_of(arrows: list[Arrow]) -> list[list[str]]:
    """The names by layers: each below all that point to it, by drawn-through arrows."""
    depth = dict.fromkeys((name for a, b, _ in arrows for name in (a, b)), 0)
    for _ in depth:
        for a, b, late in arrows:
            if not late:
                depth[b] = max(depth[b], depth[a] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, level in depth.items():
        layers[level].append(name)
    near = {name: [a if b == name else b for a, b, _ in arrows if name in (a, b)] for name in depth}
    for _ in range(8):
        place = {name: (i + 0.5) / len(layer) for layer in layers for i, name in enumerate(layer)}
        for layer in layers:
            layer.sort(key=lambda name: sum(place[other] for other in near[name]) / len(near[name]))
    return layers


def svg(text: str) -> str:
    """The picture of a graph."""
    arrows = arrows_of(text)
    layers = layers_of(arrows)
    wide = {name: LETTER * len(name) + 22 for layer in layers for name in layer}
    width = max(sum(wide[name] + GAP for name in layer) for layer in layers) + GAP
    height = ROW * len(layers)
    at: dict[str, tuple[float, float]] = {}
    for level, layer in enumerate(layers):
        x = (width - sum(wide[name] + GAP for name in layer) + GAP) / 2
        for name in layer:
            at[name] = (x + wide[name] / 2, ROW * (level + 0.5))
            x += wide[name] + GAP
    drawn = [_path(at[a], at[b], late=late) for a, b, late in arrows]
    boxes = [_box(name, x, y, wide[name]) for name, (x, y) in at.items()]
    head = (
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker>'
    )
    inside = "".join([f"<defs>{head}</defs>", *drawn, *boxes])
    label = escape("; ".join(f"{a} to {b}" for a, b, _ in arrows))
    size = f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}"'
    return f'<svg class="diagram" role="img" aria-label="{label}" {size}>{inside}</svg>'


def _box(name: str, x: float, y: float, wide: float) -> str:
    rectangle = f'x="{x - wide / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{wide:.1f}" height="{HEIGHT}"'
    return f'<rect {rectangle} rx="5"/><text x="{x:.1f}" y="{y:.1f}">{escape(name)}</text>'


def _path(start: tuple[float, float], stop: tuple[float, float], *, late: bool) -> str:
    """An arrow: from the lower edge of a box to the upper edge of another, or the other way round."""
    (x, y), (u, v) = start, stop
    if v == y:  # neighbours of a layer: an arc below
        y, v = y + HEIGHT / 2, v + HEIGHT / 2
        middle = f"C{x:.1f} {y + 26:.1f} {u:.1f} {v + 26:.1f}"
    else:
        down = 1 if v > y else -1
        y, v = y + down * HEIGHT / 2, v - down * HEIGHT / 2
        middle = f"C{x:.1f} {(y + v) / 2:.1f} {u:.1f} {(y + v) / 2:.1f}"
    kind = ' class="late"' if late else ""
    return f'<path{kind} d="M{x:.1f} {y:.1f}{middle} {u:.1f} {v:.1f}" marker-end="url(#head)"/>'


class Mermaid(Directive):
    """A ``mermaid`` block."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Draw it."""
        return [nodes.raw("", svg("\n".join(self.content)), format="html")]


def setup(app: Any) -> dict[str, Any]:
    """Connect with Sphinx."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
