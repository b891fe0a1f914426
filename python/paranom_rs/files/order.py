"""The order of rows in time: refused, told, sorted or kept where it goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.frames import Frame
from paranom_rs._internal.times import time_texts
from paranom_rs.errors import SpecError

__all__ = ["Order", "OrderCheck", "in_time_order"]

Order = Literal["auto", "raise", "sort", "keep"]

#: Of so many rows, one may be before the row above; and one more.
_ROWS_PER_STEP_BACK = 100
_HOUR = np.timedelta64(1, "h")
#: In which summer time ends, north and south.
_MONTHS = (3, 4, 9, 10, 11)


class OrderCheck:
    """Whether time goes forward, process by process, from each part of a table to the next. Equal times pass.

    Parameters
    ----------
    order
        As in `read_table`.
    tell
        Gets the warning.
    """

    def __init__(self, order: Order, tell: Callable[[str], None]) -> None:
        self._order, self._tell = order, tell
        self._last: dict[str | None, NDArray[Any]] = {}
        self._rows = self._back = 0

    def check(self, frame: Frame, place: Callable[[int], str]) -> None:
        """Look at the next rows, and tell of the first that is before the row above it, where some may be.

        Parameters
        ----------
        frame
            The next rows.
        place
            Gives the file and the line of one of them.

        Raises
        ------
        SpecError
            For a row that is before the row above it: the first one if none may be, else one of too many. Rows that are
            to be sorted or kept are not looked at.
        """
        if self._order in ("sort", "keep") or frame.times is None:
            return
        for row, before, after in self._rows_back(frame, frame.times):
            self._back += 1
            shown, here = time_texts(np.concatenate([before, after]), frame.zone)
            where = f"{place(row)}: {frame.time_name}"
            if self._order == "raise" or self._back > 1 + (self._rows + row) // _ROWS_PER_STEP_BACK:
                rule = f'must not be before the row above, {shown}; order "keep" or "sort" takes such rows'
                raise SpecError(where, rule, here)
            if self._back == 1:
                why = _why(before[0], after[0], frame.zone)
                self._tell(
                    f"{where}: the clock goes back from {shown} to {here}{why}; rows stay as they stand, "
                    'order "sort" sorts them'
                )
        self._rows += len(frame)

    def _rows_back(self, frame: Frame, times: NDArray[Any]) -> list[tuple[int, NDArray[Any], NDArray[Any]]]:
        """Return the rows that are before the row above in their process: the row, the time above, its time."""
        found = []
        keys = None if frame.keys is None else np.array(frame.keys)
        for key in [None] if frame.keys is None else dict.fromkeys(frame.keys):
            rows = np.arange(len(frame)) if keys is None else np.flatnonzero(keys == key)
            own = times[rows]
            known = np.concatenate([self._last[key], own]) if key in self._last else own
            offset = len(known) - len(own)
            places = np.flatnonzero(known[1:] < known[:-1]) + 1
            found += [(int(rows[i - offset]), known[i - 1 : i], known[i : i + 1]) for i in places]
            self._last[key] = own[-1:]
        return sorted(found, key=lambda step: step[0])


def _why(before: Any, after: Any, zone: str | None) -> str:
    """Return what a step back looks like."""
    is_date = isinstance(after, np.datetime64)
    # A clock of local time shows an hour twice, in the night in which summer time ends.
    if not is_date or zone is not None or before - after > _HOUR or int(str(after)[5:7]) not in _MONTHS:
        return ""
    return ", as it does where summer time ends"


def in_time_order(frame: Frame) -> Frame:
    """Return the rows sorted by time; those of one time stay as they stand."""
    return frame if frame.times is None else frame.take(np.argsort(frame.times, kind="stable"))
