"""Time zones: their names, and their offsets from UTC as the core takes them."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from paranom_rs.errors import SpecError

__all__ = ["name_of", "offset_at", "offset_text", "offsets_of", "tzinfo_of"]

_SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Changes are looked for between these years, and seen if they hold for three days. The shortest, in Africa/Freetown,
#: held for four.
_FIRST, _LAST, _DAYS = 1880, 2262, 3


def tzinfo_of(zone: str) -> tzinfo:
    """Return a time zone by its name, like Europe/Berlin, or its offset, like +01:00.

    Raises
    ------
    SpecError
        For a name that this system's time zones do not have.
    """
    if zone == "UTC":
        return UTC
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    try:
        if offset is not None:
            sign, hours, minutes = offset.groups()
            length = timedelta(hours=int(hours), minutes=int(minutes))
            return timezone(-length if sign == "-" else length)
        return ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        rule = "must be a time zone like Europe/Berlin, or an offset like +01:00 (none here? pip install tzdata)"
        raise SpecError("zone", rule, repr(zone)) from None


def name_of(zone: tzinfo) -> str:
    """Return what `tzinfo_of` reads: the name of a zone, or its offset.

    Raises
    ------
    SpecError
        For a zone without a name whose offset changes, or has seconds.
    """
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if isinstance(name, str):
        return name
    offset = zone.utcoffset(None)
    if offset is None or offset % timedelta(minutes=1):
        raise SpecError("zone", "must have a name like Europe/Berlin, or an offset in minutes", repr(zone))
    if not offset:
        return "UTC"
    return offset_text(offset // timedelta(minutes=1))


def offset_text(minutes: int) -> str:
    """Return an offset from UTC as times have it: ``+02:00``."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@lru_cache(maxsize=64)
def offsets_of(zone: str) -> list[list[int]]:
    """Return when a zone's offset changes: pairs of a time, in nanoseconds since 1970, and the offset from it on.

    The first time is -2**63. Offsets that hold for less than three days are not seen.
    """
    info = tzinfo_of(zone)

    def offset(second: int) -> int:
        found = (_EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
        return round((found or timedelta(0)).total_seconds())

    def year(number: int) -> int:
        return round((datetime(number, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())

    days = range(year(_FIRST), year(_LAST), _DAYS * 86_400)
    changes = [[-(2**63), offset(days[0]) * _SECOND]]
    if isinstance(info, timezone):
        return changes
    before = offset(days[0])
    for start, stop in itertools.pairwise(days):
        after = offset(stop)
        if after != before:
            low, high = start, stop  # the offset is the old one at `low`, the new one at `high`
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            changes.append([high * _SECOND, after * _SECOND])
            before = after
    return changes


def offset_at(zone: str, time: int) -> int:
    """Return how far local clocks are ahead of UTC at a time; both in nanoseconds."""
    return next(offset for start, offset in reversed(offsets_of(zone)) if start <= time)
