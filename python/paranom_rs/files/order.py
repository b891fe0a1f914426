"""The order of rows in time: refused, sorted or kept where it goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from paranom_rs._internal.frames import Frame
from paranom_rs._internal.times import first_step_back, time_texts
from paranom_rs.errors import SpecError

__all__ = ["Order", "OrderCheck", "in_time_order"]

Order = Literal["raise", "sort", "keep"]


class OrderCheck:
    """Whether time goes forward, process by process, from each part of a table to the next. Equal times pass."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._last: dict[str | None, Any] = {}

    def check(self, frame: Frame, place: Callable[[int], str]) -> None:
        """Raise SpecError for the first row before the one above it, unless such rows are to be sorted or kept.

        Parameters
        ----------
        frame
            The next rows.
        place
            Gives the file and the line of a row, for the error.
        """
        if self._order != "raise" or frame.times is None:
            return
        keys = None if frame.keys is None else np.array(frame.keys)
        for key in [None] if frame.keys is None else dict.fromkeys(frame.keys):
            rows = np.arange(len(frame)) if keys is None else np.flatnonzero(keys == key)
            own = frame.times[rows]
            known = np.concatenate([self._last[key], own]) if key in self._last else own
            back = first_step_back(known)
            if back is not None:
                row = int(rows[back - len(known) + len(own)])
                before, after = time_texts(known[back - 1 : back + 1], frame.zone)
                rule = f'must not be before the row above, {before}; order "keep" or "sort" takes such rows'
                raise SpecError(f"{place(row)}: {frame.time_name}", rule, after)
            self._last[key] = own[-1:]


def in_time_order(frame: Frame) -> Frame:
    """Return the rows sorted by time; those of one time stay as they stand."""
    return frame if frame.times is None else frame.take(np.argsort(frame.times, kind="stable"))
