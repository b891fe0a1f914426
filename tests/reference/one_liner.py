"""What one line of code sees in a series, and whether it finds an event (Wu & Keogh 2021).

A one-liner gives a number for every row. It finds an event when its largest number over the neighbourhood lies in the
event, or within 100 rows of it (the rule of the UCR archive), and nowhere else. The neighbourhood holds the event
alone among normal rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .fmath import Floats

TOLERANCE = 100  # rows
PIECE, REACH = 64, 80  # the neighbourhood: whole pieces of 64 rows, 80 more on each side
HALO = 65  # no number depends on rows further away


def around(series: Floats, w: int) -> Floats:
    """Of numbers for the windows that begin at each row, those of the windows around each row (NaN: not all there)."""
    shifted = np.full(len(series), np.nan)
    shifted[w // 2 :] = series[: len(series) - w // 2]
    return shifted


def numbers(x: Floats) -> dict[str, Floats]:
    """Each one-liner's number for each row; NaN where it looks at rows that are not there."""

    def ahead(series: Floats, rows: int) -> Floats:
        return np.concatenate([series[rows:], np.full(min(rows, len(series)), np.nan)])

    with np.errstate(all="ignore"):
        dx = x - np.concatenate([[np.nan], x[:-1]])
        step, bend = np.abs(dx), np.abs(ahead(dx, 1) - dx)
        found = {"x": x, "-x": -x, "|dx|": step, "-|dx|": -step, "|ddx|": bend}
        found["isnan(x)"] = np.isnan(x).astype(np.float64)
        # Over windows that double: sums, squared distances from the mean (Chan et al. 1983), sums of steps.
        total, spread, steps = x, np.zeros(len(x)), step
        for w in (2, 4, 8, 16, 32, 64, 128):
            apart = total - ahead(total, w // 2)
            spread = (spread + ahead(spread, w // 2)) + apart * apart * (1 / w)
            total, steps = total + ahead(total, w // 2), steps + ahead(steps, w // 2)
            if w > 2:
                mean, variance, moved = around(total, w), around(spread, w), around(steps, w)
                found |= {f"mean(x, {w})": mean, f"-mean(x, {w})": -mean}
                found |= {f"std(x, {w})": variance, f"-std(x, {w})": -variance}
                found |= {f"mean(|dx|, {w})": moved, f"-mean(|dx|, {w})": -moved}
                found[f"|x - mean(x, {w})|"] = np.abs(x - mean * (1 / w))
    return found


def neighbourhood(start: int, stop: int, end: int) -> tuple[int, int]:
    """The rows of an event's neighbourhood, among rows 0 .. end - 1."""
    low = max(start - TOLERANCE, 0) // PIECE - REACH
    high = -(-min(stop + TOLERANCE, end) // PIECE) + REACH
    return max(low, 0) * PIECE, min(high * PIECE, end)


def found(x: Floats, first: int, start: int, stop: int, end: int) -> dict[str, bool]:
    """Which one-liners find the event in rows start .. stop - 1.

    ``x`` holds rows from ``first`` on: at least the neighbourhood with `HALO` on each side, as far as there are rows.
    """
    low, high = neighbourhood(start, stop, end)
    offsets = np.arange(high - low)
    inside = (offsets >= start - TOLERANCE - low) & (offsets < stop + TOLERANCE - low)

    def most(values: Floats, which: NDArray[np.bool_]) -> float:
        return float(np.fmax.reduce(values[which], initial=-np.inf))

    return {
        name: most(series[low - first : high - first], inside) > most(series[low - first : high - first], ~inside)
        for name, series in numbers(x).items()
    }
