"""Which rows to generate for absolute counts of normal and of anomalous ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs.errors import SpecError

#: How far, and through how many events of no use, the rows are looked for.
_FARTHEST = 2**44
_MOST_EVENTS = 10**7
#: Rows looked through at once: all of them may be events.
_FIRST_WINDOW, _LAST_WINDOW = 1 << 12, 1 << 40
_DENSE = 1 << 16


def first_of_each_class(plan: _core.Plan, start: int, normal: int, anomalous: int) -> list[tuple[int, int]]:
    """Return the intervals that hold the first ``normal`` normal and the first ``anomalous`` anomalous rows."""
    if normal + anomalous == 0:
        return []
    if anomalous and not plan.kinds:
        raise SpecError("anomalous", "must be 0 without anomalies", str(anomalous))
    end = min(2**64 - start, _FARTHEST, *([plan.most_rows - start] if plan.most_rows is not None else []))
    # Offsets from `start`, so that the last rows of the axis are numbers too.
    good, bad = _Counted(normal), _Counted(anomalous)
    most = _MOST_EVENTS + 4 * (normal + anomalous)
    done, seen, window = 0, 0, _FIRST_WINDOW
    while good.missing or bad.missing:
        if done >= end or seen > most:
            raise SpecError(
                "normal, anomalous",
                f"must be at most what the {max(done, 0)} rows from {start} on have, where the search ends: "
                f"{good.found} normal and {bad.found} anomalous rows",
                f"normal={normal}, anomalous={anomalous}",
            )
        rows = min(window, end - done)
        anomalous_here, events = _anomalous_runs(plan, start + done, rows)
        bad.add(anomalous_here, done)
        good.add(_between(anomalous_here, rows), done)
        done, seen = done + rows, seen + events
        if events < _DENSE:
            window = min(2 * window, _LAST_WINDOW)
    both = np.concatenate([*good.parts, *bad.parts])
    both = both[np.argsort(both[:, 0], kind="stable")]
    return [(start + a, b - a) for a, b in _joined(both)]


class _Counted:
    """The first rows of a class: runs are added until there are enough."""

    def __init__(self, wanted: int) -> None:
        self.missing, self.found = wanted, 0
        self.parts: list[NDArray[np.int64]] = [np.empty((0, 2), np.int64)]

    def add(self, runs: NDArray[np.int64], offset: int) -> None:
        """Take the rows of these runs that are still missing; they count from ``offset``."""
        ends = np.cumsum(runs[:, 1] - runs[:, 0])
        self.found += int(ends[-1]) if len(ends) else 0
        kept = runs[: int(np.searchsorted(ends, self.missing)) + 1] if self.missing else runs[:0]
        if len(kept):
            length = min(int(ends[len(kept) - 1]), self.missing)
            kept = kept.copy()
            kept[-1, 1] -= ends[len(kept) - 1] - length
            self.missing -= length
            self.parts.append(kept + offset)


def _anomalous_runs(plan: _core.Plan, start: int, rows: int) -> tuple[NDArray[np.int64], int]:
    """Anomalous runs among rows, counted from the first of them, and the events that they are joined from."""
    starts, stops, events = plan.anomalous(start, rows)
    first = np.uint64(start)
    edges = np.stack([np.maximum(starts, first) - first, np.minimum(stops - first, np.uint64(rows))], axis=1)
    return edges.astype(np.int64), events


def _between(runs: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Return the runs between these, among ``rows`` rows."""
    gaps = np.concatenate([[0], runs.ravel(), [rows]]).reshape(-1, 2)
    return gaps[gaps[:, 1] > gaps[:, 0]]


def _joined(runs: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Join neighbours, so that the generator works on long intervals."""
    joined: list[tuple[int, int]] = []
    for a, b in runs.tolist():
        if joined and joined[-1][1] == a:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined
