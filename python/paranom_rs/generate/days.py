"""Days of the calendar: dates as numbers, and public holidays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from paranom_rs._internal import checks
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError, SpecTypeError

__all__ = ["date_of", "day_number", "public_holidays"]

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(path: str, day: str | date) -> int:
    """Return a date as days since 1970."""
    if not isinstance(day, str | date):
        raise SpecTypeError(path, "must be a date", checks.shown(day))
    try:
        found = date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise SpecError(path, "must be a date like 2026-12-25", checks.shown(day)) from None
    return found.toordinal() - _EPOCH


def date_of(number: int) -> date:
    """Return the date of days since 1970."""
    return date.fromordinal(number + _EPOCH)


def public_holidays(country: str, years: int | Iterable[int], *, subdivision: str | None = None) -> list[date]:
    """Return the public holidays of a country, for `Calendar` and for the ``days_off`` of a `TimeIndex`.

    They are dates and stand as such in the spec: a spec means the same whatever the library says later. Needs the
    library ``holidays``: ``pip install ".[holidays]"``.

    Parameters
    ----------
    country
        Its code of two letters, as in ISO 3166-1: ``"DE"``.
    years
        A year or several: ``range(2026, 2031)``.
    subdivision
        A state or province, such as ``"BY"``.

    Returns
    -------
    list of date
        In order.

    Raises
    ------
    SpecError, SpecTypeError
        For a country or subdivision that the library does not have, and for years that are none.
    ImportError
        Without the library.

    Examples
    --------
    >>> from paranom_rs import public_holidays
    >>> days = public_holidays("DE", 2026)
    >>> str(days[0])
    '2026-01-01'
    """
    library = require("holidays", "holidays", "public_holidays")
    several = [years] if isinstance(years, int | np.integer) else years
    wanted = [checks.whole(f"years[{at}]", year, least=1, most=9999) for at, year in checks.each("years", several)]
    for path, name in (("country", country), ("subdivision", subdivision)):
        if not isinstance(name, str) and not (path == "subdivision" and name is None):
            raise SpecTypeError(path, "must be a text", checks.shown(name))
    try:
        found = library.country_holidays(country, subdiv=subdivision, years=wanted)
    except (NotImplementedError, KeyError, AttributeError, ValueError) as error:
        raise SpecError(
            "country", "must be a country, and a part of it, that the library holidays has", str(error)
        ) from None
    return sorted(day for day in found if day.year in wanted)
