"""Where anomalies lie: as they say, or at random in their third of the series, apart from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DRAWS = 50


@dataclass(frozen=True)
class Wanted:
    """An anomaly that has no rows yet."""

    number: int
    length: int
    third: int


def place(wanted: list[Wanted], taken: list[tuple[int, int]], rows: int, rng: np.random.Generator) -> dict[int, int]:
    """Return a first row for each anomaly that has room, at least one normal row apart from all others.

    Parameters
    ----------
    wanted
        The anomalies; they begin in their third of the series where that has room, else anywhere.
    taken
        Intervals (start, stop) that are taken already.
    rows
        The length of the series.
    rng
        What the places are drawn from.
    """
    # Long ones first: they fit in the fewest places.
    order = sorted(wanted, key=lambda x: (-x.length, x.number))
    best: dict[int, int] = {}
    for draw in range(_DRAWS + 1):
        # The last attempt packs them without gaps: what fits at all, fits so.
        found = _attempt(order, list(taken), rows, rng if draw < _DRAWS else None)
        if len(found) > len(best) or not draw:
            best = found
        if len(best) == len(wanted):
            break
    return best


def _attempt(
    order: list[Wanted], taken: list[tuple[int, int]], rows: int, rng: np.random.Generator | None
) -> dict[int, int]:
    found = {}
    for x in order:
        low, high = x.third * rows // 3, (x.third + 1) * rows // 3 - 1
        free = _free(x.length, taken, rows)
        near = _clip(free, low, high - x.length + 1) or _clip(free, low, high) or free
        if near:
            found[x.number] = start = near[0][0] if rng is None else _draw(near, rng)
            taken.append((start, start + x.length))
    return found


def _free(length: int, taken: list[tuple[int, int]], rows: int) -> list[tuple[int, int]]:
    """Return the intervals (first, last) of rows in which an event of a length may begin."""
    free, first = [], 0
    for start, stop in sorted(taken):
        if start - 1 - length >= first:
            free.append((first, start - 1 - length))
        first = max(first, stop + 1)
    if rows - length >= first:
        free.append((first, rows - length))
    return free


def _clip(intervals: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    return [(max(a, low), min(b, high)) for a, b in intervals if max(a, low) <= min(b, high)]


def _draw(intervals: list[tuple[int, int]], rng: np.random.Generator) -> int:
    at = int(rng.integers(sum(b - a + 1 for a, b in intervals)))
    for a, b in intervals:
        if at <= b - a:
            return a + at
        at -= b - a + 1
    raise AssertionError("the draw lies in one of the intervals")
