"""What the time of a row is: a clock with a step, that jitters and leaves gaps.

How long all gaps before a row are must be known without the rows before it: after n gaps it is n times the mean, moved
by a draw of its own. A gap is the difference of two such sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import random

Table = dict[str, Any]

# What the draws of a clock are for.
JITTER, PLACE, LENGTH = 1, 2, 3


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


def datetimes(table: Table, seed: int) -> Callable[[int], int]:
    """Nanoseconds since 1970, whole."""
    key = random.key_of(seed, "time", "")
    start, step, jitter = int(table["start"]), int(table["step"]), int(table.get("jitter", 0))

    def time(row: int) -> int:
        t = start + step * row
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
