"""How severe events are: their largest change, in units of the noise around them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from paranom_rs.generate.events import Events
from paranom_rs.generate.row_source import Interval, RowSource

__all__ = ["LONGEST", "PAGE", "page_noise", "severities"]

#: Rows that share an estimate of the noise.
PAGE = 4096
#: Rows of an event that are looked at.
LONGEST = 1 << 20
#: Rows that are made at once, if no event is longer; and pages.
_ROWS, _PAGES = 1 << 18, 64


def page_noise(bend: NDArray[np.float64]) -> float:
    """Return the noise of a page of rows from its second differences: their robust standard deviation, over sqrt(6).

    Second differences of white noise have 6 times its variance; those of a smooth signal are small.
    """
    known = np.abs(bend[np.isfinite(bend)])
    level = float(np.median(known)) if len(known) else 0.0
    return level / 0.6745 / math.sqrt(6)


def severities(source: RowSource, events: Events) -> NDArray[np.float64]:
    """Return how severe each event is in each variable, shape (events, d).

    The largest change of an event's first `LONGEST` rows, over the noise of the page in which it begins. A change
    between a value and a missing one is infinite. NaN where an event does not touch the variable, where it is labelled
    in a recording, and where rows cannot be made again at will: those of functions and of a `Uniqueness`.
    """
    found = np.full((len(events), len(source.names)), np.nan)
    if not source.has_independent_rows:
        return found
    # States have no sizes, and what is hidden no column.
    sized = {name: j for j, name in enumerate(source.names) if source.types[name].kind != "states"}
    touched = [[(name, sized[name]) for name in variables if name in sized] for _, variables in source.kinds]
    chosen = [i for i, kind in enumerate(events.kind.tolist()) if events.names[kind] != "recorded"]
    noise = _noise(source, sorted({int(events.start[i]) // PAGE for i in chosen}))
    for group in _groups(source, events, chosen):
        rows = _joined([place for _, place in group])
        values, clean = (_filled(source, rows, clean=clean) for clean in (False, True))
        starts = np.array([start for start, _ in rows], np.uint64)
        before = np.concatenate([[0], np.cumsum([length for _, length in rows])])
        for i, (start, length) in group:
            at = int(np.searchsorted(starts, np.uint64(start), side="right")) - 1
            first = int(before[at]) + start - rows[at][0]
            here = slice(first, first + length)
            for name, j in touched[int(events.kind[i])]:
                peak = _peak(values[name][here], clean[name][here])
                level = noise[start // PAGE][j]
                found[i, j] = (math.inf if level == 0 else peak / level) if peak > 0 else 0.0
    return found


def _peak(values: NDArray[np.float64], clean: NDArray[np.float64]) -> float:
    """Return the largest change; infinite where one of the two is missing."""
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.abs(values - clean)
    same = (values == clean) | (np.isnan(values) & np.isnan(clean))
    return float(np.where(same, 0.0, np.nan_to_num(change, nan=np.inf)).max(initial=0.0))


def _groups(source: RowSource, events: Events, chosen: list[int]) -> Iterator[list[tuple[int, Interval]]]:
    """Give events with their rows, some at a time."""
    end = _end(source)
    group: list[tuple[int, Interval]] = []
    total = 0
    for i in chosen:
        start = int(events.start[i])
        length = min(int(events.stop[i]), start + LONGEST, end) - start
        if group and total + length > _ROWS:
            yield group
            group, total = [], 0
        group.append((i, (start, length)))
        total += length
    if group:
        yield group


def _joined(places: list[Interval]) -> list[Interval]:
    """Return intervals, sorted by their starts, as intervals that are apart from each other."""
    joined: list[Interval] = []
    for start, length in places:
        if joined and start <= sum(joined[-1]):
            first, before = joined[-1]
            joined[-1] = (first, max(before, start + length - first))
        else:
            joined.append((start, length))
    return joined


def _noise(source: RowSource, pages: list[int]) -> dict[int, list[float]]:
    """Return the noise of each variable in pages of the clean copy."""
    end = _end(source)
    levels = {}
    for at in range(0, len(pages), _PAGES):
        some = pages[at : at + _PAGES]
        # A second difference needs the row before and the row after.
        places = [(max(page * PAGE - 1, 0), min((page + 1) * PAGE + 1, end)) for page in some]
        joined = _joined([(low, high - low) for low, high in places])
        values = _filled(source, joined, clean=True)
        rows = np.concatenate([np.arange(length, dtype=np.uint64) + np.uint64(start) for start, length in joined])
        for page, (low, high) in zip(some, places, strict=True):
            here = slice(*np.searchsorted(rows, np.array([low, high], np.uint64)))
            with np.errstate(invalid="ignore", over="ignore"):
                levels[page] = [page_noise(np.diff(values[name][here], 2)) for name in source.names]
    return levels


def _end(source: RowSource) -> int:
    """Return the row behind the last one that can be made here."""
    return 2**64 - 1 if source.plan.most_rows is None else source.plan.most_rows


def _filled(source: RowSource, rows: list[Interval], *, clean: bool) -> dict[str, NDArray[np.float64]]:
    """Return the values of rows; of flags and whole numbers as floats."""
    columns = source.allocate(sum(length for _, length in rows), np.float64)
    source.fill(rows, columns, clean=clean)
    return columns
