"""What the library generates from a spec, in the shape of the reference, and comparison to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._core import Plan


@dataclass(frozen=True)
class Rows:
    """Columns by name, labels, and the events (start, stop, kind, id) that touch the rows."""

    columns: dict[str, NDArray[np.float64]]
    y: NDArray[np.int8]
    events: list[tuple[int, int, str, int]]

    def __getitem__(self, part: slice) -> Rows:
        """Some of the rows; all events."""
        return Rows({name: column[part] for name, column in self.columns.items()}, self.y[part], self.events)


def generated(spec: dict[str, Any], start: int, rows: int, *, clean: bool = False, threads: int | None = 1) -> Rows:
    plan = Plan(spec)
    columns = [np.full(rows, -7.0) for _ in plan.names]
    y = np.full(rows, -7, np.int8)
    plan.fill([(start, rows)], columns, y, clean=clean, threads=threads, progress=None, state=None)
    kinds = [name for name, _ in plan.kinds]
    events = zip(*(array.tolist() for array in plan.events(start, rows)), strict=True)
    return Rows(dict(zip(plan.names, columns, strict=True)), y, [(a, b, kinds[kind], i) for a, b, kind, i in events])


def bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The bit patterns; all NaN count as one."""
    return np.where(np.isnan(values), np.nan, values).view(np.uint64)


def assert_same_values(a: Rows, b: Rows) -> None:
    """Bit for bit the same columns and labels."""
    assert list(a.columns) == list(b.columns)
    for name in a.columns:
        different = np.flatnonzero(bits(a.columns[name]) != bits(b.columns[name]))
        if len(different):
            j = different[0]
            x, y = a.columns[name][j], b.columns[name][j]
            raise AssertionError(
                f"{name}: {len(different)} rows differ, first {j}: {x} ({x.hex()}) and {y} ({y.hex()})"
            )
    np.testing.assert_array_equal(a.y, b.y)
