"""Timestamps of rows: numbers or datetimes with a step, that may jitter and leave gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal

import numpy as np

from paranom_rs._internal.checks import shown
from paranom_rs._internal.columns import datetimes, library, pandas_datetimes
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs._internal.times import UNITS
from paranom_rs._internal.zones import name_of, offset_at, offset_text, offsets_of
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.days import date_of, day_number
from paranom_rs.generate.rule import plain

__all__ = ["Gaps", "TimeIndex"]

_WEEK = 7 * UNITS["D"]
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|h|D|W)")
#: Steps that have no length of their own.
_BY_CALENDAR = re.compile(r"(\d+)\s*(MS|M|B)")
#: Those that have one wherever clocks are never put forward or back.
_LOCAL_DAYS = re.compile(r"(\d+)\s*(D|W)")
_START = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d(?:[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?)?)?)?)\s*(Z|[+-]\d\d:?\d\d)?")


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
    length: Any


@dataclass(frozen=True)
class TimeIndex(KnownKeywords):
    """Timestamps ``start + row * step``, each a little early or late, with gaps between them.

    ``TimeIndex(0.0, 0.5)`` gives numbers; whole ones (``TimeIndex(0, 5)``) are int64, exact however large; others are
    refused for rows whose times float64 cannot tell apart.
    ``TimeIndex("2026-01-01", "1min")`` gives datetimes (`numpy.datetime64` in nanoseconds). Both may be objects:
    ``datetime``, ``datetime64`` or ``Timestamp``, and ``timedelta``, ``timedelta64`` or ``Timedelta``.
    ``TimeIndex(df.index)`` takes all from an index or an array of two or more evenly spaced times; a ``step`` that is
    given must be theirs.

    **Steps** of datetimes are a number and one of ns, us, ms, s, min, h, D, W. By the calendar: ``"1MS"`` and ``"1M"``,
    the first and the last of each month, ``"1B"``, Monday to Friday, but for ``days_off``. Row 0 is then the first such
    day from ``start`` on, at the same time of the day. A week is seven days from row 0 on.

    **Time zones.** With a ``zone``, rows are still evenly spaced in absolute time, also where clocks are put forward or
    back, and a `Calendar` goes by local time. Steps of D, W and by the calendar keep the local time of the day instead
    (a day is 23 or 25 hours long twice a year; ``"24h"`` never is). pandas, polars, Arrow and Parquet get times with
    their zone, text files times in UTC with a Z; ``Dataset.t`` and functions see UTC.

    Time always goes up (datetimes to the nanosecond, numbers as far as float64 tells them apart), and the time of any
    row is known without those before it. Gaps, jitter and arrivals are in the clock only: signals go by the row, unless
    they stand in `AtTime`. A `Calendar` goes by the clock.

    Parameters
    ----------
    start
        The time of row 0, before it jitters; or all times, evenly spaced. A text may end with an offset from UTC
        (``"2026-01-01T08:00+01:00"``, ``Z``); else it is local time, the first one where it comes twice.
    step
        From row to row; may be left out for all times.
    jitter
        How early or late a timestamp is at most, all equally likely; less than half the step. In units of ``step``.
    gaps
        Intervals of time without rows.
    zone
        The time zone: a name (``"Europe/Berlin"``), an offset (``"+01:00"``) or a ``tzinfo``. By default that of
        ``start``, if it has one.
    arrivals
        ``"poisson"``: rows come by chance, one in each ``step`` on average, like events. The waiting times are
        exponential and independent (exactly: the rows are a Poisson process of which it is known that 2**64 events take
        2**64 steps). Two are at least a nanosecond apart, in a clock of numbers a millionth of the step. Row 0 is at
        ``start``. Not with ``jitter``.
    days_off
        Dates (``"2026-12-25"``, `datetime.date`) that are no business days, for steps like ``"1B"``:
        `public_holidays`.

    Raises
    ------
    SpecError, SpecTypeError
        For what is no time or step, a zone that this system does not know, or a local time that its clocks never show.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic, TimeIndex
    >>> clock = TimeIndex("2026-01-01", "1min")
    >>> [str(t) for t in Generator({"x": Stochastic(Normal())}, time=clock).generate(2).t]
    ['2026-01-01T00:00:00.000000000', '2026-01-01T00:01:00.000000000']
    """

    start: Any
    step: Any = None
    jitter: Any = None
    gaps: Gaps | None = None
    zone: Any = None
    arrivals: Literal["poisson"] | None = None
    days_off: Sequence[str | date] | None = None

    def __post_init__(self) -> None:
        start, zone = self.start, _zone_name(self.zone)
        step = _step_text(self.step)
        if isinstance(start, str | bytes | bool | date | np.datetime64) or np.ndim(start) == 0:
            if step is None:
                raise SpecError("step", "must be given where start is one time")
            start, own = _start_text(start)
        else:
            start, found, own = _evenly_spaced(start)
            if step is not None and _same_length(step) != _same_length(found):
                raise SpecError("step", f"must be that of the times, {found!r}, or left out", shown(self.step))
            step = found
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "step", step)
        object.__setattr__(self, "zone", zone or own)

    def to_spec(self) -> dict[str, Any]:
        """Return the timestamps as plain values: datetimes as nanoseconds since 1970, in UTC where there is a zone."""
        if self.gaps is not None and not isinstance(self.gaps, Gaps):
            raise SpecTypeError("gaps", "must be Gaps", shown(self.gaps))
        is_number = not isinstance(self.start, str)
        spec: dict[str, Any]
        if is_number:
            _check_number("start", self.start, "a number, or a datetime")
            for name in ("zone", "days_off"):
                if getattr(self, name) is not None:
                    raise SpecError(name, "must go with datetimes, not with numbers", repr(getattr(self, name)))
            spec = {"kind": "number", "start": plain(self.start), "step": _length("step", self.step, True)}
        else:
            start, zone = _since_1970(self.start, self.zone)
            spec = {"kind": "datetime", "start": start, "step": _step(self.step, zone)}
            if zone is not None:
                spec["zone"] = zone
        if self.jitter is not None:
            spec["jitter"] = _length("jitter", self.jitter, is_number)
        if self.gaps is not None:
            spec["gaps"] = {"every": plain(self.gaps.every), "length": _lengths(self.gaps.length, is_number)}
        if self.arrivals is not None:
            spec["arrivals"] = plain(self.arrivals)
        if self.days_off is not None:
            spec["days_off"] = _days(self.days_off)
        return spec


def _days(days: Any) -> list[Any]:
    """Return dates as days since 1970; numbers of days stay."""
    if isinstance(days, str) or not isinstance(days, Sequence):
        raise SpecTypeError("days_off", "must be a list of dates", shown(days))
    return [day if isinstance(day, int) else day_number(f"days_off[{i}]", day) for i, day in enumerate(days)]


def _zone_name(zone: Any) -> str | None:
    """Return the name of a zone that may be an object."""
    if zone is None or isinstance(zone, str):
        return zone
    if isinstance(zone, tzinfo):
        return name_of(zone)
    raise SpecTypeError("zone", "must be a time zone's name, an offset or a tzinfo", shown(zone))


def _start_text(start: Any) -> tuple[Any, str | None]:
    """Return a start as a number or a text, and the zone that it has."""
    if isinstance(start, np.datetime64):
        if np.isnat(start):
            raise SpecError("start", "must be a datetime like 2026-01-01T08:00", shown(start))
        return str(start), None
    if not isinstance(start, date):
        return (start.item() if isinstance(start, np.generic) else start), None
    if start != start:  # NaT of pandas
        raise SpecError("start", "must be a datetime like 2026-01-01T08:00", shown(start))
    text = start.isoformat()
    zone = start.tzinfo if isinstance(start, datetime) else None
    return text, None if zone is None else name_of(zone)


def _step_text(step: Any) -> Any:
    """Return a step, where it is an object, as a text."""
    nanoseconds = _nanoseconds_of(step)
    return step if nanoseconds is None else length_text(nanoseconds)


def _nanoseconds_of(length: Any) -> int | None:
    """Return the nanoseconds of an object that is a length of time; None for others."""
    if isinstance(length, np.timedelta64):
        if np.isnat(length) or np.datetime_data(length.dtype)[0] in ("Y", "M", "generic"):
            raise SpecError("step", "must be a length of time in weeks or less", shown(length))
        return int(length.astype("timedelta64[ns]").astype(np.int64))
    if not isinstance(length, timedelta):
        return None
    if length != length:  # NaT of pandas
        raise SpecError("step", "must be a length of time", shown(length))
    value = getattr(length, "nanoseconds", 0)  # pandas has what timedelta rounds
    return (length // timedelta(microseconds=1)) * 1000 + value


def _evenly_spaced(index: Any) -> tuple[float | str, float | str, str | None]:
    """Return the first time and the step of an index or an array of times, and its zone."""
    if np.ndim(index) != 1:
        raise SpecError("start", "must be a time, or times in one column", f"shape {np.shape(index)}")
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
        zone = None if found is None else found[1]
        return f"{times[0]}{'' if zone is None else 'Z'}", length_text(int(step)), zone
    return times[0].item(), step.item(), None


def _shown_step(step: Any, times: Any) -> str:
    return length_text(int(step)) if times.dtype.kind == "M" else str(step)


def _same_length(step: float | str) -> object:
    """Return a step in a form that can be compared."""
    return _nanoseconds("step", step) if isinstance(step, str) else step


def length_text(nanoseconds: int) -> str:
    """Return a length of time in the largest unit of which it is a whole number: 90 s are ``90s``, 3,600 s ``1h``."""
    unit = max((name for name, size in UNITS.items() if nanoseconds % size == 0), key=lambda name: UNITS[name])
    return f"{nanoseconds // UNITS[unit]}{unit}"


def for_people(time: dict[str, Any]) -> dict[str, Any]:
    """Return a spec's table of datetimes as people write it: dates, and lengths with their unit."""
    if time.get("kind") != "datetime" or isinstance(time.get("start"), str | date):
        return time
    lengths = {name: length_text(time[name]) for name in ("step", "jitter") if isinstance(time.get(name), int)}
    written = time | lengths | {"start": _date(time["start"], time.get("zone"))}
    if "gaps" in time:
        length = time["gaps"]["length"]
        texts = [length_text(x) for x in length] if isinstance(length, list) else length_text(length)
        written["gaps"] = time["gaps"] | {"length": texts}
    if "days_off" in time:
        written["days_off"] = [date_of(day) for day in time["days_off"]]
    return written


def _date(start: int, zone: str | None) -> datetime | str:
    """Return a time as TOML has it: its dates have microseconds, and offsets in minutes."""
    offset = 0 if zone is None else offset_at(zone, start)
    offset = 0 if offset % (60 * 10**9) else offset
    local = start + offset
    if start % 1000:
        end = "" if zone is None else offset_text(offset // (60 * 10**9))
        return f"{np.datetime64(local, 'ns')}{end}"
    date = datetime(1970, 1, 1) + timedelta(microseconds=local // 1000)
    return date if zone is None else date.replace(tzinfo=timezone(timedelta(microseconds=offset // 1000)))


def in_nanoseconds(time: dict[str, Any]) -> dict[str, Any]:
    """Return a spec's table of datetimes that are written as texts; what else stands there stays, to be refused."""
    names = ("jitter", "zone", "arrivals", "days_off")
    given = {name: time[name] for name in names if name in time}
    spec = time | TimeIndex(time["start"], time.get("step", ""), **given).to_spec()
    gaps = time.get("gaps")
    if isinstance(gaps, dict) and "length" in gaps:
        spec["gaps"] = gaps | {"length": _lengths(gaps["length"], False)}
    return spec


def with_offsets(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec for the core, which knows no zones but by their offsets."""
    time = spec.get("time")
    zone = time.get("zone") if isinstance(time, dict) else None
    if not isinstance(time, dict) or not isinstance(zone, str):
        return spec
    try:
        return spec | {"time": time | {"offsets": offsets_of(zone)}}
    except SpecError as error:
        raise error.under("time") from None


def _check_number(name: str, value: object, wanted: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise SpecTypeError(name, f"must be {wanted}", shown(value))


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


def _since_1970(start: str, zone: str | None) -> tuple[int, str | None]:
    """Return a start in nanoseconds since 1970, in UTC where there is a zone, and the zone."""
    # Neither "now" nor "NaT".
    match = _START.fullmatch(start)
    try:
        time = np.datetime64(match[1]) if match else None
    except ValueError:
        time = None
    if match is None or time is None:
        raise SpecError("start", "must be a datetime like 2026-01-01T08:00", shown(start))
    if not np.datetime64("1678") <= time < np.datetime64("2262"):
        raise SpecError("start", "must lie in the years 1678 to 2261", shown(start))
    local = int(time.astype("datetime64[ns]").astype(np.int64))
    end = match[2]
    if end is None:
        return (local, None) if zone is None else (_first_time(start, local, zone), zone)
    if end == "Z":
        return local, zone or "UTC"
    end = end if ":" in end else f"{end[:3]}:{end[3:]}"
    return local - offset_at(end, 0), zone or end


def _first_time(start: str, local: int, zone: str) -> int:
    """Return the time when clocks in a zone first show a local time."""
    offsets = {offset for _, offset in offsets_of(zone)}
    times = [local - offset for offset in offsets if offset_at(zone, local - offset) == offset]
    if not times:
        raise SpecError("start", f"must be a time that clocks in {zone} show: then they are put forward", shown(start))
    return min(times)


def _step(step: Any, zone: str | None) -> int | str:
    """Return a step of datetimes in nanoseconds; one by the calendar, which has no length, as a text."""
    text = step if isinstance(step, str) else ""
    by_calendar = _BY_CALENDAR.fullmatch(text)
    if by_calendar is None and zone is not None and len(offsets_of(zone)) > 1:
        by_calendar = _LOCAL_DAYS.fullmatch(text)
    if by_calendar is not None:
        return "".join(by_calendar.groups())
    return _nanoseconds("step", step, "D, W, MS, M, B")


def _nanoseconds(name: str, length: Any, more: str = "D, W") -> int:
    whole = _nanoseconds_of(length)
    if whole is not None:
        return whole
    match = _LENGTH.fullmatch(length) if isinstance(length, str) else None
    if match is None:
        units = ", ".join(name for name in UNITS if name != "D")
        raise SpecError(name, f"must be a number and one of {units}, {more}, like '1min'", shown(length))
    number, unit = match.groups()
    if len(number) > 40:
        raise SpecError(name, "must be less than 2**63 nanoseconds", shown(length))
    size = _WEEK if unit == "W" else UNITS[unit]
    return round(float(number) * size) if "." in number else int(number) * size
