"""What the time of a row is: a clock with a step, that jitters and leaves gaps, in a zone or by the calendar.

How long all gaps before a row are must be known without the rows before it: after n gaps it is n times the mean, moved
by a draw of its own. A gap is the difference of two such sums.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from . import fmath, random

Table = dict[str, Any]

# What the draws of a clock are for.
JITTER, PLACE, LENGTH, WAIT, HALVES = 1, 2, 3, 4, 5
TICKS = 2**20  # of a step, between which rows that come by chance lie in a clock of numbers
DAY = 86_400 * 10**9


def ends(length: Any) -> tuple[Any, Any]:
    shortest, longest = length if isinstance(length, list | tuple) else (length, length)
    return shortest, longest


def gaps_before(key: random.Key, every: int, row: int) -> int:
    """One gap lies in each `every` rows, behind one of them."""
    slot, within = divmod(row, every)
    return slot + (within > random.scaled(random.word(key, PLACE, slot), every))


def bits(key: random.Key, row: int) -> int:
    return int(random.words(key, JITTER, np.array([row], np.uint64))[0])


def unit(word: int) -> float:
    return (word >> 11) * 2.0**-53


def first_half(key: random.Key, bits: int, index: int, length: int) -> int:
    """The ticks that the first half of 2^bits rows takes of those of all: the share Beta(n, n), n being half the rows.

    That is 1/2 + t / (2 sqrt(2n + t^2)) for Student's t with 2n degrees of freedom, drawn as Bailey (1994) does.
    """
    a, b = random.block(key, index, HALVES | bits << 8)
    square = float(fmath.expm1(2.0 / 2.0**bits * -fmath.ln(1.0 - unit(int(a)))))
    cos = float(fmath.sincos2pi(unit(int(b)) - 0.5)[1])
    deviation = 0.5 * (float(np.sqrt(square)) * cos) / float(np.sqrt(1.0 + square * (cos * cos)))
    by = int(float(length) * abs(deviation))
    left = max(length // 2 - by, 0) if deviation < 0.0 else length // 2 + by
    return min(max(left, 2 ** (bits - 1)), length - 2 ** (bits - 1))


def arrival(key: random.Key, step: int, row: int) -> int:
    """How many ticks after row 0 a row is that comes by chance, one in `step` on average: of a Poisson process."""
    first = row - row % 512
    begin, length = 0, step * 2**64  # of all rows; then of the half that has the row, and so on to its tile
    for bits in range(64, 9, -1):
        left = first_half(key, bits, first >> bits, length)
        if first >> (bits - 1) & 1:
            begin, length = begin + left, length - left
        else:
            length = left
    # Exponential waiting times, scaled to the tile; rows are one tick apart at least.
    rows = np.arange(512, dtype=np.uint64) + np.uint64(first)
    waits = (-fmath.ln(1.0 - random.uniforms(key, WAIT, rows))).tolist()
    before, total = [0.0], 0.0
    for wait in waits:
        total += wait
        before.append(total)
    j = row - first
    return begin + j + int(float(length - 512) * (before[j] / total))


def offset_of(offsets: list[list[int]], time: int) -> int:
    """How far local clocks are ahead at a time."""
    return [offset for start, offset in offsets if start <= time][-1]


def shown_at(offsets: list[list[int]], local: int) -> int:
    """When local clocks first show something; if they never do, as much later as they are put forward."""
    shown = [local - offset for _, offset in offsets if offset_of(offsets, local - offset) == offset]
    if shown:
        return min(shown)
    for (_, before), (start, after) in itertools.pairwise(offsets):
        if start + before <= local < start + after:
            return local - before
    raise AssertionError(local)


def day_of(step: str, first: int, days_off: list[int], row: int) -> int:
    """The day of a row, since 1970, where the step is by the calendar."""
    unit = step.lstrip("0123456789")
    every = int(step[: -len(unit)])
    epoch = date(1970, 1, 1)
    if unit in ("D", "W"):
        return first + row * every * (7 if unit == "W" else 1)
    start = epoch + timedelta(days=first)
    if unit == "B":
        day, left = first, row * every
        while True:
            if (epoch + timedelta(days=day)).weekday() < 5 and day not in days_off:
                if left == 0:
                    return day
                left -= 1
            day += 1
    months = start.year * 12 + start.month - 1 + row * every + (unit == "M" or start.day > 1)
    there = date(months // 12, months % 12 + 1, 1)
    return (there - epoch).days - (unit == "M")


def by_calendar(table: Table) -> Callable[[int], int]:
    """Nanoseconds since 1970 of rows whose step is a text: at the local time of row 0, on other days."""
    offsets = table.get("offsets", [[-(2**63), 0]])
    local = int(table["start"]) + offset_of(offsets, int(table["start"]))
    first, within = divmod(local, DAY)
    days_off = table.get("days_off", [])
    return lambda row: shown_at(offsets, day_of(table["step"], first, days_off, row) * DAY + within)


def local_datetimes(table: Table, seed: int) -> Callable[[int], int]:
    """What local clocks show at rows, as nanoseconds since they showed the beginning of 1970."""
    time = datetimes(table, seed)
    if "offsets" not in table:
        return time
    return lambda row: time(row) + offset_of(table["offsets"], time(row))


def places(table: Table, seed: int) -> Callable[[int], tuple[int, float]]:
    """Where rows would be if all were one step apart: a row, and the part of the way to the next one."""

    def whole(row: int) -> tuple[int, float]:
        since = max(datetimes(table, seed)(row) - int(table["start"]), 0)
        there, rest = divmod(since, int(table["step"]))
        part = min(float(rest) / float(int(table["step"])), 1.0 - 2.0**-53)
        return (there, part) if there < 2**64 else (2**64 - 1, 0.0)

    def broken(row: int) -> tuple[int, float]:
        return beside(0, (numbers(table, seed)(row) - float(table["start"])) / float(table["step"]))

    return whole if table["kind"] != "number" or is_whole(table) else broken


def beside(row: int, by: float) -> tuple[int, float]:
    """The place ``by`` rows after a row, as a row and a part of the way to the next; the axis ends at both ends."""
    if math.isnan(by):
        return row, 0.0
    if math.isinf(by):
        return (2**64 - 1 if by > 0.0 else 0), 0.0
    whole = math.floor(by)
    there = row + whole
    if there < 0:
        return 0, 0.0
    return (there, by - whole) if there < 2**64 else (2**64 - 1, 0.0)


def datetimes(table: Table, seed: int) -> Callable[[int], int]:
    """Nanoseconds since 1970, whole."""
    if isinstance(table["step"], str):
        return by_calendar(table)
    key = random.key_of(seed, "time", "")
    start, step, jitter = int(table["start"]), int(table["step"]), int(table.get("jitter", 0))

    def time(row: int) -> int:
        t = start + (arrival(key, step, row) if "arrivals" in table else step * row)
        if "gaps" in table:
            shortest, longest = map(int, ends(table["gaps"]["length"]))
            mean = (shortest + longest) // 2
            n = gaps_before(key, int(table["gaps"]["every"]), row)
            moved = [random.scaled(random.word(key, LENGTH, i), mean - shortest + 1) for i in (n, 0)]
            t += n * mean + (moved[0] - moved[1])
        return t + random.scaled(bits(key, row), 2 * jitter + 1) - jitter

    return time


def numbers(table: Table, seed: int) -> Callable[[int], float]:
    key = random.key_of(seed, "time", "")
    start, step, jitter = float(table["start"]), float(table["step"]), float(table.get("jitter", 0.0))

    def time(row: int) -> float:
        if "arrivals" in table:
            t = start + float(arrival(key, TICKS, row)) / float(TICKS) * step
        else:
            t = start + float(row) * step
        if "gaps" in table:
            shortest, longest = map(float, ends(table["gaps"]["length"]))
            half = 0.5 * (longest - shortest)
            n = gaps_before(key, int(table["gaps"]["every"]), row)
            moved = unit(random.word(key, LENGTH, n)) - unit(random.word(key, LENGTH, 0))
            t += float(n) * (shortest + half) + moved * half
        return t + (2.0 * unit(bits(key, row)) - 1.0) * jitter if jitter > 0.0 else t

    return time


def is_whole(table: Table) -> bool:
    """Whether a clock of numbers has whole ones only: then its times are whole, as those of datetimes are."""
    lengths = ends(table["gaps"]["length"]) if "gaps" in table else ()
    return all(isinstance(x, int) for x in (table["start"], table["step"], table.get("jitter", 0), *lengths))


def timestamps(table: Table | None, seed: int, rows: list[int], stream: int = random.STREAM) -> list[Any]:
    """The times of rows; without a table, their numbers."""
    if table is None:
        return rows
    is_float = table["kind"] == "number" and (stream == 1 or not is_whole(table))
    time = numbers(table, seed) if is_float else datetimes(table, seed)
    return [time(row) for row in rows]
