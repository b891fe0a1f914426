"""What comes again: by hour and weekday, as the mean shape of a period, or as cycles that differ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.distributions import Normal
from paranom_rs.generate.fit.period import Period, period_of
from paranom_rs.generate.processes import RandomSeason
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.signals import Calendar, Pattern

__all__ = ["Season", "seasons_of"]

#: A season counts where it has so much of the variance, and more than by chance.
LEAST_SEASON = 0.05
MOST_PERIOD = 4096
#: Hours need so many days, weekdays so many.
DAYS_FOR_HOURS, DAYS_FOR_WEEKDAYS = 3, 15
#: The calendar is taken where it explains this much of what the period's shape does.
CALENDAR_ENOUGH = 0.9
#: Cycles that differ are sines: they explain this much of the variance, and leave less than this share of what one
#: shape for all cycles leaves. There are so many cycles at least.
SINES, LEFT_BY_ONE, LEAST_CYCLES = 0.9, 0.5, 20
#: A channel has so many seasons at most.
MOST_SEASONS = 3
_MOST_ROWS = 1 << 17
_HOUR, _DAY = 3_600_000_000_000, 86_400_000_000_000


class Season(NamedTuple):
    """A rule, what it leaves of the values (n,), and which share of their variance it explains."""

    rule: Rule | None
    rest: Floats
    explained: float


def seasons_of(x: Floats, rows: NDArray[np.int64], times: NDArray[Any] | None) -> tuple[list[Rule], Floats]:
    """Return the seasons of a channel, one after the other, and what they leave of it.

    Parameters
    ----------
    x
        (n,), nothing missing.
    rows
        (n,), which rows of the recording they are: they tell the phase.
    times
        (n,), datetime64[ns] of a clock that the generator has too; or None.
    """
    rules: list[Rule] = []
    while len(rules) < MOST_SEASONS and float(x.std()) > 0.0:
        found = _season(x, rows, times, period_of(((x - x.mean()) / x.std())[:, None]))
        if found.rule is None:
            break
        rules.append(found.rule)
        x = found.rest
        if isinstance(found.rule, RandomSeason):
            break
    return rules, x


def _season(x: Floats, rows: NDArray[np.int64], times: NDArray[Any] | None, period: Period | None) -> Season:
    """Return the season that explains most."""
    shape = _shape(x, rows, period)
    cycles = _cycles(x, rows, period, shape)
    if cycles.rule is not None:
        return cycles
    calendar = _calendar(x, times)
    return calendar if calendar.explained > CALENDAR_ENOUGH * shape.explained else shape


def _shape(x: Floats, rows: NDArray[np.int64], period: Period | None) -> Season:
    """Return the mean shape of a period that keeps time."""
    nothing = Season(None, x, 0.0)
    if period is None or not period.keeps_time or period.rows > MOST_PERIOD or len(x) < 3 * period.rows:
        return nothing
    phase = rows % period.rows
    counts = np.bincount(phase, minlength=period.rows)
    if (counts == 0).any():
        return nothing
    shape = np.bincount(phase, x, minlength=period.rows) / counts
    shape = shape - shape.mean()
    explained = float(shape.var() / x.var())
    if explained <= LEAST_SEASON + period.rows / len(x):
        return nothing
    return Season(Pattern([float(value) for value in shape]), x - shape[phase], explained)


def _calendar(x: Floats, times: NDArray[Any] | None) -> Season:
    """Return the season by hour and, of two weeks or more, by weekday."""
    nothing = Season(None, x, 0.0)
    if times is None or times.dtype.kind != "M":
        return nothing
    nanoseconds = times.astype("datetime64[ns]").astype(np.int64)
    days = float(nanoseconds[-1] - nanoseconds[0]) / _DAY
    if days < DAYS_FOR_HOURS or len(x) < 8 * days:
        return nothing
    has_weekdays = days >= DAYS_FOR_WEEKDAYS
    parts = _calendar_parts(nanoseconds, has_weekdays)
    every = 1 + len(x) // _MOST_ROWS
    middle = float(x.mean())
    found = np.linalg.lstsq(parts[::every], x[::every] - middle, rcond=None)[0]
    season = parts @ found
    explained = float(season.var() / x.var())
    if explained <= LEAST_SEASON + 1.0 / days:
        return nothing
    hours, weekdays = found[:24], found[24:]
    # The level is not the season's: 0 in the mean of the hours, and of the weekdays.
    level = float(hours.mean() + (weekdays.mean() if has_weekdays else 0.0))
    rule = Calendar(
        hour=[float(value) for value in hours - hours.mean()],
        weekday=[float(value) for value in weekdays - weekdays.mean()] if has_weekdays else None,
    )
    return Season(rule, x - season + level, explained)


def _calendar_parts(nanoseconds: NDArray[np.int64], has_weekdays: bool) -> Floats:
    """Return the share of each hour, straight lines between them, and of each weekday: (n, 24) or (n, 31)."""
    hour = (nanoseconds % _DAY) / _HOUR
    before = hour.astype(np.int64)
    rows = np.arange(len(hour))
    parts = np.zeros((len(hour), 31 if has_weekdays else 24))
    parts[rows, before] = 1.0 - (hour - before)
    parts[rows, (before + 1) % 24] += hour - before
    if has_weekdays:
        # The first of January 1970 was a Thursday.
        parts[rows, 24 + (nanoseconds // _DAY + 3) % 7] = 1.0
    return parts


def _cycles(x: Floats, rows: NDArray[np.int64], period: Period | None, shape: Season) -> Season:
    """Return sines whose size and phase differ from cycle to cycle."""
    nothing = Season(None, x, 0.0)
    if period is None or period.rows < 8 or len(x) < LEAST_CYCLES * period.rows:
        return nothing
    # Whole cycles in rows that follow on each other.
    cycle = rows // period.rows
    starts = np.flatnonzero(np.diff(np.concatenate([[-1], cycle])))
    whole = [s for s in starts if s + period.rows <= len(x) and rows[s + period.rows - 1] == rows[s] + period.rows - 1]
    whole = [s for s in whole if rows[s] % period.rows == 0]
    if len(whole) < LEAST_CYCLES:
        return nothing
    middle = float(x.mean())
    values = x[np.array(whole)[:, None] + np.arange(period.rows)] - middle
    angle = 2.0 * np.pi * np.arange(period.rows) / period.rows
    a, b = values @ np.sin(angle) * 2.0 / period.rows, values @ np.cos(angle) * 2.0 / period.rows
    sines = a[:, None] * np.sin(angle) + b[:, None] * np.cos(angle)
    left = float((values - sines).var())
    total = float(values.var())
    left_by_one = total - shape.explained * total if shape.rule is not None else total
    if left > (1.0 - SINES) * total or left > LEFT_BY_ONE * left_by_one:
        return nothing
    # Of each cycle the mean of its two ends is seen: half the variance of one.
    size, phase = np.hypot(a, b), _near(np.arctan2(b, a) / (2.0 * np.pi))
    rule = RandomSeason(
        period.rows,
        amplitude=Normal(float(size.mean()), float(np.sqrt(2.0) * size.std())),
        phase=Normal(float(phase.mean()), float(np.sqrt(2.0) * phase.std())),
    )
    rest = np.full(len(x), middle)
    rest[(np.array(whole)[:, None] + np.arange(period.rows)).ravel()] += (values - sines).ravel()
    return Season(rule, rest, 1.0 - left / total)


def _near(phase: Floats) -> Floats:
    """Return phases (in cycles) within half a cycle of their mean."""
    middle = np.angle(np.exp(2j * np.pi * phase).mean()) / (2.0 * np.pi)
    found: Floats = middle + (phase - middle + 0.5) % 1.0 - 0.5
    return found
