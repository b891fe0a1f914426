"""The clock of a recording: its step, how far timestamps jitter, and its gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.generate.time_index import Gaps, TimeIndex

__all__ = ["breaks_of", "clock_of"]

#: Time from row to row beyond so many steps is a gap.
GAP = 1.5
#: Values before and after a gap this long do not follow on each other.
BREAK = 10.0


def _steps(times: NDArray[Any]) -> NDArray[Any]:
    steps = np.diff(times)
    return steps.astype(np.int64) if times.dtype.kind == "M" else steps


def step_of(times: NDArray[Any]) -> float:
    """Return the usual time from row to row: the median of those above 0; 0 if there is none."""
    steps = _steps(times)
    above = steps[steps > 0]
    return float(np.median(above)) if len(above) else 0.0


def breaks_of(times: NDArray[Any] | None) -> NDArray[np.int64]:
    """Return the rows before which the clock has a gap so long that values do not follow on each other."""
    if times is None or len(times) < 2:
        return np.empty(0, np.int64)
    return np.flatnonzero(_steps(times) > BREAK * step_of(times)) + 1


def clock_of(times: NDArray[Any] | None) -> tuple[TimeIndex | None, list[str]]:
    """Return the clock of timestamps, and what could not be learnt of it."""
    if times is None or len(times) < 2:
        return None, []
    step = step_of(times)
    if step <= 0:
        return None, ["all rows have the same time: the generator has no clock"]
    steps = _steps(times)
    notes = []
    if (steps <= 0).any():
        at = f"{int((steps <= 0).sum())} rows have the time of the row before, or an earlier one"
        notes.append(f"{at}: the clock goes up in each row")
    is_gap = steps > GAP * step
    usual = steps[~is_gap & (steps > 0)]
    jitter = float(np.abs(usual - step).max()) / 2.0 if len(usual) else 0.0
    if jitter >= 0.499 * step:
        notes.append("times are as irregular as their step is long: jitter ends at half a step")
        jitter = 0.499 * step
    extra = steps[is_gap] - step
    gaps = None
    if times.dtype.kind == "M":
        if len(extra):
            gaps = Gaps(every=max(len(times) // len(extra), 1), length=(_text(extra.min()), _text(extra.max())))
        start = np.datetime_as_string(times[0].astype("datetime64[ns]"))
        return TimeIndex(str(start), _text(step), _text(jitter) if jitter >= 1.0 else None, gaps), notes
    if len(extra):
        gaps = Gaps(every=max(len(times) // len(extra), 1), length=(float(extra.min()), float(extra.max())))
    small = jitter if jitter > 1e-9 * step else None
    if times.dtype.kind in "iu" and small is None and step == int(step):
        return TimeIndex(int(times[0]), int(step), None, gaps), notes
    return TimeIndex(float(times[0]), step, small, gaps), notes


def _text(nanoseconds: float) -> str:
    return f"{round(nanoseconds)}ns"
