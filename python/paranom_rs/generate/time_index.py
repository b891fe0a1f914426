"""Timestamps of rows: numbers or datetimes with a step, that may jitter and leave gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from paranom_rs._internal.checks import shown
from paranom_rs._internal.columns import datetimes, library, pandas_datetimes
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

    Examples
    --------
    >>> from paranom_rs import Gaps, Generator, Normal, Stochastic, TimeIndex
    >>> clock = TimeIndex(0.0, 1.0, gaps=Gaps(every=4, length=100.0))
    >>> Generator({"x": Stochastic(Normal())}, time=clock, seed=1).generate(6).t.tolist()
    [0.0, 1.0, 102.0, 103.0, 104.0, 105.0]
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
    ``TimeIndex(df.index)`` takes both from an index or an array of two or more evenly spaced times, in UTC where it
    has a time zone; a ``step`` that is given must be theirs.

    Time always goes up (datetimes to the nanosecond, numbers as far as float64 tells them apart), and the time of any
    row is known without those before it. Gaps and jitter are in the clock only: signals go by the row, and go on behind
    a gap where they were before it. A `Calendar` goes by the clock.

    Parameters
    ----------
    start
        The time of row 0, before it jitters; or all times, evenly spaced.
    step
        From row to row; may be left out for all times.
    jitter
        How early or late a timestamp is at most, all equally likely; less than half the step. In units of ``step``.
    gaps
        Intervals of time without rows.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic, TimeIndex
    >>> clock = TimeIndex("2026-01-01", "1min")
    >>> [str(t) for t in Generator({"x": Stochastic(Normal())}, time=clock).generate(2).t]
    ['2026-01-01T00:00:00.000000000', '2026-01-01T00:01:00.000000000']
    """

    start: float | str
    step: float | str | None = None
    jitter: float | str | None = None
    gaps: Gaps | None = None

    def __post_init__(self) -> None:
        if isinstance(self.start, str | bytes | bool) or np.ndim(self.start) == 0:
            if self.step is None:
                raise SpecError("step", "must be given where start is one time")
            return
        start, step = _evenly_spaced(self.start)
        if self.step is not None and _same_length(self.step) != _same_length(step):
            raise SpecError("step", f"must be that of the times, {step!r}, or left out", repr(self.step))
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "step", step)

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


def _evenly_spaced(index: Any) -> tuple[float | str, float | str]:
    """Return the first time and the step of an index or an array of times."""
    found = pandas_datetimes(index) if library(index) == "pandas" or hasattr(index, "tz_localize") else datetimes(index)
    times = np.asarray(index) if found is None else found[0]
    if times.dtype.kind == "M":
        times = times.astype("datetime64[ns]")
    if times.ndim != 1 or times.dtype.kind not in "iufM" or len(times) < 2:
        raise SpecError("start", "must be a time, or at least two times", f"{len(times)} of dtype {times.dtype}")
    steps = np.diff(times.view(np.int64) if times.dtype.kind == "M" else times)
    step = steps[0]
    uneven = steps != step if times.dtype.kind != "f" else ~(np.abs(steps - step) <= 1e-6 * np.abs(step))
    if times.dtype.kind == "f" and not uneven.any():
        step = (times[-1] - times[0]) / (len(times) - 1)
    if uneven.any() or not step > 0:
        row = int(np.argmax(uneven)) + 1
        rule = f"must be a time one step behind the one before; the first step is {_shown_step(step, times)}"
        raise SpecError(f"start[{row}]", rule, _shown_step(steps[row - 1], times))
    if times.dtype.kind == "M":
        return str(times[0]), length_text(int(step))
    return times[0].item(), step.item()


def _shown_step(step: Any, times: Any) -> str:
    return length_text(int(step)) if times.dtype.kind == "M" else str(step)


def _same_length(step: float | str) -> object:
    """Return a step in a form that can be compared."""
    return _nanoseconds("step", step) if isinstance(step, str) else step


def length_text(nanoseconds: int) -> str:
    """Return a length of time in the largest unit of which it is a whole number: 90 s are ``90s``, 3,600 s ``1h``."""
    unit = max((name for name, size in _UNITS.items() if nanoseconds % size == 0), key=lambda name: _UNITS[name])
    return f"{nanoseconds // _UNITS[unit]}{unit}"


def for_people(time: dict[str, Any]) -> dict[str, Any]:
    """Return a spec's table of datetimes as people write it: a date, and lengths with their unit."""
    if time.get("kind") != "datetime" or isinstance(time.get("start"), str):
        return time
    start = time["start"]
    lengths = {name: length_text(time[name]) for name in ("step", "jitter") if name in time}
    # TOML's dates have microseconds.
    exact = start % 1000 == 0
    date = datetime(1970, 1, 1) + timedelta(microseconds=start // 1000) if exact else str(np.datetime64(start, "ns"))
    written = time | lengths | {"start": date}
    if "gaps" in time:
        length = time["gaps"]["length"]
        texts = [length_text(x) for x in length] if isinstance(length, list) else length_text(length)
        written["gaps"] = time["gaps"] | {"length": texts}
    return written


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
