"""Timestamps of rows: numbers or datetimes with a step, that may jitter and leave gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from paranom_rs._internal.checks import shown
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.rule import plain

__all__ = ["Gaps", "TimeIndex"]

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


@dataclass(frozen=True, kw_only=True)
class Gaps(KnownKeywords):
    """Intervals of time without rows: a feed that went down. One gap lies in each ``every`` rows, anywhere in them.

    Parameters
    ----------
    every
        Rows, 1 or more.
    length
        Time that a gap adds to the step, or the shortest and the longest; those near the mean come more often. A
        number where timestamps are numbers, else a text like a step: ``("1min", "2h")``.
    """

    every: int
    length: float | str | tuple[float | str, float | str]


@dataclass(frozen=True)
class TimeIndex(KnownKeywords):
    """Timestamps ``start + row * step``, each a little early or late, with gaps between them.

    ``TimeIndex(0.0, 0.5)`` gives numbers; whole ones (``TimeIndex(0, 5)``) are int64, exact however large; others are
    refused for rows whose times float64 cannot tell apart.
    ``TimeIndex("2026-01-01", "1min")`` gives datetimes (`numpy.datetime64` in nanoseconds, without a time zone).
    Steps of datetimes are a number and one of ns, us, ms, s, min, h, D.

    Time always goes up (datetimes to the nanosecond, numbers as far as float64 tells them apart), and the time of any
    row is known without those before it. Gaps and jitter are in the clock only: signals go by the row, and go on behind
    a gap where they were before it. A `Calendar` goes by the clock.

    Parameters
    ----------
    start
        The time of row 0, before it jitters.
    step
        From row to row.
    jitter
        How early or late a timestamp is at most, all equally likely; less than half the step. In units of ``step``.
    gaps
        Intervals of time without rows.
    """

    start: float | str
    step: float | str
    jitter: float | str | None = None
    gaps: Gaps | None = None

    def to_spec(self) -> dict[str, Any]:
        """Return the timestamps as plain values: datetimes as nanoseconds since 1970."""
        if self.gaps is not None and not isinstance(self.gaps, Gaps):
            raise SpecTypeError("gaps", "must be Gaps", repr(self.gaps))
        is_number = not isinstance(self.start, str)
        if isinstance(self.start, str):
            spec: dict[str, Any] = {"kind": "datetime", "start": _since_1970(self.start)}
        else:
            _check_number("start", self.start, "a number, or a datetime as text")
            spec = {"kind": "number", "start": plain(self.start)}
        spec["step"] = _length("step", self.step, is_number)
        if self.jitter is not None:
            spec["jitter"] = _length("jitter", self.jitter, is_number)
        if self.gaps is not None:
            spec["gaps"] = {"every": plain(self.gaps.every), "length": _lengths(self.gaps.length, is_number)}
        return spec


def in_nanoseconds(time: dict[str, Any]) -> dict[str, Any]:
    """Return a spec's table of datetimes that are written as texts; what else stands there stays, to be refused."""
    spec = time | TimeIndex(time["start"], time.get("step", ""), time.get("jitter")).to_spec()
    gaps = time.get("gaps")
    if isinstance(gaps, dict) and "length" in gaps:
        spec["gaps"] = gaps | {"length": _lengths(gaps["length"], False)}
    return spec


def _check_number(name: str, value: object, wanted: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise SpecTypeError(name, f"must be {wanted}", repr(value))


def _length(name: str, value: Any, is_number: bool) -> Any:
    """Return a length of time as a spec has it: a number, or nanoseconds."""
    if not is_number:
        return _nanoseconds(name, value)
    _check_number(name, value, "a number, since start is one")
    return plain(value)


def _lengths(length: object, is_number: bool) -> Any:
    """Return a length of gaps, or the shortest and the longest, as a spec has them."""
    if isinstance(length, tuple | list):
        return [_length(f"gaps.length[{i}]", end, is_number) for i, end in enumerate(length)]
    return _length("gaps.length", length, is_number)


def _since_1970(start: str) -> int:
    # Neither "now" nor "NaT", nor a time zone, which NumPy would drop.
    match = re.fullmatch(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?)?)?)?", start)
    try:
        time = np.datetime64(start) if match else None
    except ValueError:
        time = None
    if time is None:
        raise SpecError("start", "must be a datetime like 2026-01-01T08:00, without a time zone", repr(start))
    if not np.datetime64("1678") <= time < np.datetime64("2262"):
        raise SpecError("start", "must lie in the years 1678 to 2261", repr(start))
    return int(time.astype("datetime64[ns]").astype(np.int64))


def _nanoseconds(name: str, length: float | str) -> int:
    match = _STEP.fullmatch(length) if isinstance(length, str) else None
    if match is None:
        raise SpecError(name, f"must be a number and one of {', '.join(_UNITS)}, like '1min'", repr(length))
    number, unit = match.groups()
    if len(number) > 40:
        raise SpecError(name, "must be less than 2**63 nanoseconds", shown(length))
    return round(float(number) * _UNITS[unit]) if "." in number else int(number) * _UNITS[unit]
