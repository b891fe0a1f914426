"""Uniqueness as it is defined: one row after the other (Gottschlich 2018, section 2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Datum = tuple[float, ...]


@dataclass
class Outcome:
    """The attempt that each row was settled with, the rows that stayed duplicates, and every draw that was made."""

    attempts: list[int]
    duplicates: list[int]
    draws: list[tuple[int, int]]


class NotUniqueError(Exception):
    """Hard uniqueness failed at this row."""


def same(x: float) -> int:
    """The bits that a value is compared by: -0.0 is 0.0, and NaN is NaN."""
    return int(np.float64(np.nan if np.isnan(x) else x + 0.0).view(np.uint64))


def settle(
    rows: int, anomalous: Callable[[int], bool], draw: Callable[[int, int], Datum], tries: dict[bool, tuple[int, bool]]
) -> Outcome:
    """Walk the rows upward. ``tries`` maps a class (anomalous or not) to (tries, hard); one not there may repeat."""
    registers: dict[bool, set[tuple[int, ...]]] = {False: set(), True: set()}
    outcome = Outcome([], [], [])
    for row in range(rows):
        side = anomalous(row)
        most, hard = tries.get(side, (1, False))
        for attempt in range(most):
            outcome.draws.append((row, attempt))
            datum = tuple(same(x) for x in draw(row, attempt))
            if datum not in registers[side]:
                registers[side].add(datum)
                break
        else:
            if hard:
                raise NotUniqueError(row)
            if side in tries:
                outcome.duplicates.append(row)
        outcome.attempts.append(attempt)
    return outcome
