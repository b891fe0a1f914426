"""Which rows to generate for absolute counts of normal and of anomalous ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs.errors import SpecError

_FARTHEST = 2**44


def count_stretches(plan: _core.Plan, start: int, normal: int, anomalous: int) -> list[tuple[int, int]]:
    """Return (start, length) of the rows that hold the first ``normal`` normal and ``anomalous`` anomalous rows."""
    if normal + anomalous == 0:
        return []
    if anomalous and not plan.kinds:
        raise SpecError(f"anomalous: must be 0 without anomalies, got {anomalous}")
    rows = max(2 * (normal + anomalous), 1024)
    end = min(2**64 - start, _FARTHEST, *([plan.most_rows - start] if plan.most_rows is not None else []))
    while True:
        rows = max(min(rows, end), 0)
        bad = _anomalous_stretches(plan, start, rows)
        good = _between(bad, start, start + rows)
        if _length(bad) >= anomalous and _length(good) >= normal:
            break
        if rows == end:
            raise SpecError(
                f"normal, anomalous: from row {start} on there are {_length(good)} normal and {_length(bad)} anomalous "
                f"rows up to row {start + rows}, got normal={normal}, anomalous={anomalous}"
            )
        rows *= 4
    both = np.concatenate([_first(good, normal), _first(bad, anomalous)])
    both = both[np.argsort(both[:, 0], kind="stable")]
    return [(int(a), int(b - a)) for a, b in _joined(both)]


def _anomalous_stretches(plan: _core.Plan, start: int, rows: int) -> NDArray[np.uint64]:
    starts, stops, _, _ = plan.events(start, rows)
    edges = np.stack([np.maximum(starts, np.uint64(start)), stops], axis=1)
    return np.minimum(edges, np.uint64(start + rows)) if start + rows < 2**64 else edges


def _between(stretches: NDArray[np.uint64], start: int, stop: int) -> NDArray[np.uint64]:
    starts = np.concatenate([np.array([start], np.uint64), stretches[:, 1]])
    stops = np.concatenate([stretches[:, 0], np.array([stop], np.uint64)])
    gaps = np.stack([starts, stops], axis=1)
    return gaps[gaps[:, 1] > gaps[:, 0]]


def _length(stretches: NDArray[np.uint64]) -> int:
    return int((stretches[:, 1] - stretches[:, 0]).sum())


def _first(stretches: NDArray[np.uint64], rows: int) -> NDArray[np.uint64]:
    """Cut stretches off after so many rows."""
    lengths = stretches[:, 1] - stretches[:, 0]
    before = np.concatenate([np.zeros(1, np.uint64), np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    kept = stretches[before < rows].copy()
    if len(kept):
        kept[-1, 1] = kept[-1, 0] + np.uint64(rows - int(before[len(kept) - 1]))
        kept[-1, 1] = min(kept[-1, 1], stretches[len(kept) - 1, 1])
    return kept


def _joined(stretches: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Join neighbours, so that the generator works in long stretches."""
    joined: list[tuple[int, int]] = []
    for a, b in stretches.tolist():
        if joined and joined[-1][1] == a:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined
