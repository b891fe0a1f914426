"""The timestamps that a table or a series brings with it."""

from __future__ import annotations

from typing import Any


def row_times(x: object) -> Any | None:
    """Return the DatetimeIndex of a pandas object, or None for what has none."""
    index = getattr(x, "index", None)
    return index if getattr(getattr(index, "dtype", None), "kind", "") == "M" else None


def time_of(times: Any | None, row: int) -> Any | None:
    """Return the timestamp of a row, or None where there are none."""
    return None if times is None else times[row]
