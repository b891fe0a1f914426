"""Times of rows: read from texts and epoch numbers, checked for their order, shown as texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import shown
from paranom_rs._internal.zones import offset_text, tzinfo_of
from paranom_rs.errors import SpecError

Datetimes = NDArray[np.datetime64]

#: Nanoseconds of a unit of epoch numbers.
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "D": 86400 * 10**9}

_ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?"
    r"\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?"
)
_UTC = ("UTC", "Etc/UTC", "Z")
#: 1990 and 2100, in seconds: epoch numbers of any unit lie between them.
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800


def is_date(text: str) -> bool:
    """Return whether a text is a date or a date and a time, with the year first."""
    return _ISO.fullmatch(text.strip()) is not None


def parse_dates(texts: Sequence[str], form: str | None = None) -> tuple[Datetimes, str | None]:
    """Return texts as datetime64[ns], and their time zone: "UTC", an offset, or None.

    Times with a zone are given in UTC. The zone is the common offset, or "UTC" where offsets differ.

    Parameters
    ----------
    form
        A format of ``datetime.strptime``, for texts that do not have the year first.

    Raises
    ------
    NotADateError
        Names the first text that is no date.
    """
    if form is not None:
        return _parse_format(texts, form)
    return _parse_plain(texts) or _parse_slowly(texts)


class NotADateError(ValueError):
    """A text that is no date; ``at`` is its position."""

    def __init__(self, at: int) -> None:
        self.at = at
        super().__init__(at)


def _parse_plain(texts: Sequence[str]) -> tuple[Datetimes, str | None] | None:
    """Read the common texts fast: ISO, all without a zone or all with Z."""
    if not texts:
        return np.empty(0, "datetime64[ns]"), None
    zone = None
    if texts[0].endswith("Z"):
        if not all(text.endswith("Z") for text in texts):
            return None
        texts, zone = [text[:-1] for text in texts], "UTC"
    if not _are_plain(texts):
        return None
    try:
        return np.array(texts, "datetime64[ns]"), zone
    except ValueError:
        return None


def _are_plain(texts: Sequence[str]) -> bool:
    """Return whether texts of one length are dates of years that nanoseconds reach, without offsets.

    NumPy would read words and offsets, too, and let years beyond its range wrap around.
    """
    length = len(texts[0])
    if length < 10 or set(map(len, texts)) != {length} or min(texts) < "1678" or max(texts) >= "2262":
        return False
    joined = "".join(texts)
    dashes = set(joined[4::length]) | set(joined[7::length]) == {"-"} and joined.count("-") == 2 * len(texts)
    return dashes and "+" not in joined


def _parse_slowly(texts: Sequence[str]) -> tuple[Datetimes, str | None]:
    plain, offsets = [], []
    for i, text in enumerate(texts):
        match = _ISO.fullmatch(text.strip())
        if match is None or not "1678" <= match[1] <= "2261":
            raise NotADateError(i)
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        plain.append(f"{year}-{month}-{day}T{int(hour or 0):02}:{minute or '00'}:{second or '00'}.{fraction or '0'}")
        offsets.append(zone)
    try:
        times = np.array(plain, "datetime64[ns]")
    except ValueError:
        raise NotADateError(_first_wrong(plain)) from None
    if all(zone is None for zone in offsets):
        return times, None
    if None in offsets:
        raise NotADateError(
            offsets.index(None) if offsets[0] is not None else next(i for i, z in enumerate(offsets) if z)
        )
    minutes = {zone: _offset(zone) for zone in set(offsets)}
    shift = np.array([minutes[zone] for zone in offsets], "timedelta64[m]")
    offset, *others = set(minutes.values())
    return times - shift, offset_text(offset) if offset and not others else "UTC"


def _first_wrong(texts: list[str]) -> int:
    for i, text in enumerate(texts):
        try:
            np.datetime64(text)
        except ValueError:
            return i
    return 0


def _offset(zone: str) -> int:
    """Return the minutes of "Z", "+02", "+0200", "-02:30"."""
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (60 * int(digits[:2]) + int(digits[2:]))


def _parse_format(texts: Sequence[str], form: str) -> tuple[Datetimes, str | None]:
    stamps = []
    for i, text in enumerate(texts):
        try:
            stamps.append(datetime.strptime(text.strip(), form).isoformat())
        except ValueError:
            raise NotADateError(i) from None
    return parse_dates(stamps)


def epoch_unit(values: NDArray[Any]) -> str | None:
    """Return the unit in which numbers count the time since 1970, if all lie in the years 1990 to 2099 in it."""
    if not len(values) or not np.isfinite(values).all():
        return None
    low, high = float(values.min()), float(values.max())
    found = [
        u for u in ("s", "ms", "us", "ns") if _EARLIEST * 1e9 / UNITS[u] <= low and high < _LATEST * 1e9 / UNITS[u]
    ]
    return found[0] if found else None


def from_epoch(path: str, values: NDArray[Any], unit: str) -> Datetimes:
    """Return numbers of a unit since 1970 as datetime64[ns]."""
    size = UNITS[unit]
    if values.dtype.kind in "iu":
        beyond = np.abs(values.astype(np.float64)) * size >= 2.0**63
        nanoseconds = np.where(beyond, 0, values).astype(np.int64) * size
    else:
        whole = np.floor(values)
        beyond = ~(np.abs(values) < 2.0**63 / size)
        with np.errstate(invalid="ignore", over="ignore"):
            part = np.round((values - whole) * size).astype(np.int64)
            nanoseconds = np.where(beyond, 0, whole).astype(np.int64) * size + np.where(beyond, 0, part)
    if beyond.any():
        at = int(np.argmax(beyond))
        raise SpecError(f"{path}[{at}]", f"must be a time between 1678 and 2261 in units of {unit}", shown(values[at]))
    return nanoseconds.view("datetime64[ns]")


def first_step_back(times: NDArray[Any]) -> int | None:
    """Return the first row whose time is before that of the row above it."""
    back = times[1:] < times[:-1]
    return int(np.argmax(back)) + 1 if back.any() else None


def time_texts(times: NDArray[Any], zone: str | None = None) -> list[str]:
    """Return times as texts: ISO dates with their offset, and numbers as short as they are exact."""
    if times.dtype.kind != "M":
        return [repr(x) for x in times.tolist()]
    texts = np.datetime_as_string(times).tolist()
    if zone is None or zone in _UTC:
        return [f"{_short(text)}{'' if zone is None else 'Z'}" for text in texts]
    info = tzinfo_of(zone)
    return [_with_offset(text, info) for text in texts]


def _short(text: str) -> str:
    """Return an ISO text without the fraction of a second where it is 0."""
    body, dot, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return (f"{body}{dot}{fraction}" if fraction else body).replace("T", " ")


def _with_offset(text: str, zone: tzinfo) -> str:
    """Return a time in UTC as the local time of a zone, with its offset."""
    body, dot, fraction = text.partition(".")
    local = datetime.fromisoformat(f"{body}+00:00").astimezone(zone).isoformat()
    stamp, offset = local[:19], local[19:]
    return f"{_short(f'{stamp}{dot}{fraction}')}{offset}"
