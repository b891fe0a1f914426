"""A sequential callback variable as it is defined: one row after the other (Gottschlich 2018, section 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

BLOCK = 32_768

Past = tuple[float, ...]
Function = Callable[[int, Past], float]
Change = Callable[[int, "Event", float, float, Past], float]


@dataclass(frozen=True)
class Event:
    """Rows ``start`` to ``stop`` (not included) of one event."""

    start: int
    stop: int


def walk(
    start: int,
    rows: int,
    normal: Function,
    anomalous: Change | None,
    events: Sequence[Event],
    previous: int,
    warmup: int | None,
) -> tuple[list[float], list[float]]:
    """The values of rows ``start .. start + rows - 1``, and those of the clean copy.

    ``normal(row, previous)`` gives a normal value from the last ones. ``anomalous(row, event, value, first, column)``
    gives an anomalous one from the normal value, that of the event's first row, and the last values as delivered.
    """
    values, clean = [], []
    for row in range(start, start + rows):
        # Every row alone: from row 0, or from `warmup` rows before its block.
        begin = 0 if warmup is None else max(row // BLOCK * BLOCK - warmup, 0)
        chain: list[float] = []
        column: list[float] = []
        for i in range(begin, row + 1):
            x = normal(i, tuple(chain[-previous:]))
            chain.append(x)
            event = next((event for event in events if event.start <= i < event.stop), None)
            if event is not None and anomalous is not None:
                if event.start >= begin:
                    first = chain[event.start - begin]
                else:
                    first = walk(event.start, 1, normal, None, [], previous, warmup)[1][0]
                x = anomalous(i, event, x, first, tuple(column[-previous:]))
            column.append(x)
        values.append(column[-1])
        clean.append(chain[-1])
    return values, clean
