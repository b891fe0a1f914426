"""Where anomalies lie: as they say, or at random in their third of the series, apart from each other."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_TRIES = 64
#: So often all anomalies are placed anew where one found no room; of more than `_MANY`, not at all.
_DRAWS, _MANY = 50, 2000


@dataclass(frozen=True)
class Wanted:
    """An anomaly that has no rows yet."""

    number: int
    length: int
    third: int


class Taken:
    """Intervals (start, stop) of rows, in order; between two of them lies one row at least."""

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self._intervals = list(intervals)

    def copy(self) -> Taken:
        """Return the same intervals, to go on with."""
        return Taken(self._intervals)

    def add(self, start: int, stop: int) -> None:
        """Take an interval that touches no other."""
        insort(self._intervals, (start, stop))

    def touching(self, start: int, stop: int) -> tuple[int, int] | None:
        """Return an interval that shares a row with this one, or has none between; None if it is free."""
        at = bisect_left(self._intervals, (start, stop))
        for near in self._intervals[max(at - 1, 0) : at + 1]:
            if near[0] <= stop and start <= near[1]:
                return near
        return None

    def free(self, length: int, low: int, high: int) -> list[tuple[int, int]]:
        """Return the intervals (first, last) of rows from ``low`` to ``high`` in which an event may begin."""
        free, first = [], low
        for start, stop in self._intervals[max(bisect_left(self._intervals, (low, 0)) - 1, 0) :]:
            if first > high:
                break
            if start - 1 - length >= first:
                free.append((first, min(start - 1 - length, high)))
            first = max(first, stop + 1)
        if first <= high:
            free.append((first, high))
        return free


def place(wanted: list[Wanted], taken: Taken, rows: int, rng: np.random.Generator) -> dict[int, int]:
    """Return a first row for each anomaly that has room, at least one normal row apart from all others.

    Parameters
    ----------
    wanted
        The anomalies; they begin in their third of the series where that has room, else anywhere.
    taken
        Rows that are taken already.
    rows
        The length of the series.
    rng
        What the places are drawn from.
    """
    # Long ones first: they fit in the fewest places.
    order = sorted(wanted, key=lambda x: (-x.length, x.number))
    best = _attempt(order, taken.copy(), rows, rng)
    if len(order) <= _MANY:
        # The last attempt packs them without gaps: what fits at all, fits so.
        for draws in [*[rng] * _DRAWS, None]:
            if len(best) == len(order):
                break
            best = max(best, _attempt(order, taken.copy(), rows, draws), key=len)
    return best


def _attempt(order: list[Wanted], taken: Taken, rows: int, rng: np.random.Generator | None) -> dict[int, int]:
    found: dict[int, int] = {}
    full: dict[tuple[str, int], int] = {}  # of each place, the length that it has no room for
    for x in order:
        low, high = x.third * rows // 3, (x.third + 1) * rows // 3 - 1
        for name, third, last in (
            ("within the third", x.third, high - x.length + 1),
            ("beginning in it", x.third, high),
            ("anywhere", -1, rows),
        ):
            if full.get((name, third)) == x.length:
                continue
            start = _find(taken, x.length, 0 if third < 0 else low, min(last, rows - x.length), rng)
            if start is not None:
                found[x.number] = start
                taken.add(start, start + x.length)
                break
            full[name, third] = x.length
    return found


def _find(taken: Taken, length: int, low: int, high: int, rng: np.random.Generator | None) -> int | None:
    """Return a free row from ``low`` to ``high`` to begin in, each as likely; without ``rng`` the first."""
    if high < low:
        return None
    if rng is not None:
        for start in rng.integers(low, high + 1, _TRIES).tolist():
            if taken.touching(start, start + length) is None:
                return int(start)
    free = taken.free(length, low, high)
    if not free or rng is None:
        return free[0][0] if free else None
    at = int(rng.integers(sum(b - a + 1 for a, b in free)))
    for a, b in free:
        if at <= b - a:
            return a + at
        at -= b - a + 1
    raise AssertionError("the draw lies in one of the intervals")
