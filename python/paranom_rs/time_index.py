"""Timestamps of rows: their numbers, other numbers with a step, or datetimes with a step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.rule import plain

__all__ = ["TimeIndex"]

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
    "D": 86400 * 10**9,
}
_STEP = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|h|D)")


@dataclass(frozen=True)
class TimeIndex:
    """Timestamps ``start + row * step``.

    ``TimeIndex(0.0, 0.5)`` gives numbers; ``TimeIndex("2026-01-01", "1min")`` gives datetimes (`numpy.datetime64` in
    nanoseconds, without a time zone). Steps of datetimes are a number and one of ns, us, ms, s, min, h, D.
    """

    start: float | str
    step: float | str

    def to_spec(self) -> dict[str, Any]:
        """Return the timestamps as plain values: datetimes as nanoseconds since 1970."""
        if not isinstance(self.start, str):
            for name, value in (("start", self.start), ("step", self.step)):
                if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                    wanted = "a number, or a datetime as text" if name == "start" else "a number, since start is one"
                    raise SpecTypeError(f"time.{name}: must be {wanted}, got {value!r}")
            return {"kind": "number", "start": plain(self.start), "step": plain(self.step)}
        return {"kind": "datetime", "start": _since_1970(self.start), "step": _nanoseconds(self.step)}


def _since_1970(start: str) -> int:
    # Neither "now" nor "NaT", nor a time zone, which NumPy would drop.
    match = re.fullmatch(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?)?)?)?", start)
    try:
        time = np.datetime64(start) if match else None
    except ValueError:
        time = None
    if time is None:
        raise SpecError(f"time.start: must be a datetime like 2026-01-01T08:00, without a time zone, got {start!r}")
    if not np.datetime64("1678") <= time < np.datetime64("2262"):
        raise SpecError(f"time.start: must lie in the years 1678 to 2261, got {start!r}")
    return int(time.astype("datetime64[ns]").astype(np.int64))


def _nanoseconds(step: float | str) -> int:
    match = _STEP.fullmatch(step) if isinstance(step, str) else None
    if match is None:
        raise SpecError(f"time.step: must be a number and one of {', '.join(_UNITS)}, like '1min', got {step!r}")
    number, unit = match.groups()
    return round(float(number) * _UNITS[unit]) if "." in number else int(number) * _UNITS[unit]


def timestamps(time: dict[str, Any] | None, rows: NDArray[np.uint64]) -> NDArray[Any]:
    """Return the timestamps of rows, for the ``time`` of a spec that the plan has checked."""
    if time is None:
        return rows.astype(np.int64) if rows.size == 0 or int(rows[-1]) < 2**63 else rows
    if time["kind"] == "number":
        return float(time["start"]) + rows.astype(np.float64) * float(time["step"])
    if rows.size and int(time["start"]) + int(rows[-1]) * int(time["step"]) >= 2**63:
        raise SpecError(f"start: row {rows[-1]} lies beyond the year 2262, where datetime64[ns] ends")
    # The check above keeps the product below 2**63 + 2**63.
    steps = rows * np.uint64(time["step"])
    return (steps.astype(np.int64) + np.int64(time["start"])).view("datetime64[ns]")
