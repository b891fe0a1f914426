"""What one channel is like, whatever its values do: constant, in steps, at limits, missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paranom_rs._internal.checks import Floats

__all__ = ["Channel", "channel_of", "filled"]

#: A limit is one where at least this share of the rows stands, three times as many as one step inside.
SHARE_AT_LIMIT = 0.01
#: A channel is dense where it has more levels than this, and this share of those that it could have.
FEW, DENSE = 64, 0.25


@dataclass(frozen=True)
class Channel:
    """What one channel is like.

    Attributes
    ----------
    name
        Its name.
    missing
        The share of missing values.
    constant
        Its value, if it has only one; else None.
    step
        The step that all its values are multiples of; None for one too fine to see, or where nearly all values differ.
    low, high
        The limits where its values stay, if it has any.
    spread
        Standard deviation.
    change
        Standard deviation of the change from row to row.
    levels
        How many different values it has.
    low_value, high_value
        The lowest and the highest.
    is_dense
        Whether what lies between two of its values is one that it may have, too: nearly all values differ, or a good
        part of all steps comes.
    digits
        The power of ten that all its values are multiples of; None for one too fine to see.
    """

    name: str
    missing: float
    constant: float | None
    step: float | None
    low: float | None
    high: float | None
    spread: float
    change: float
    levels: int
    low_value: float
    high_value: float
    is_dense: bool
    digits: float | None

    @property
    def is_empty(self) -> bool:
        """Whether all its values are missing."""
        return self.missing == 1.0


def channel_of(name: str, x: Floats) -> Channel:
    """Describe a channel of normal rows (n,)."""
    known = x[~np.isnan(x)]
    missing = 1.0 - len(known) / len(x)
    if len(known) == 0:
        return Channel(name, 1.0, None, None, None, None, 0.0, 0.0, 0, np.nan, np.nan, False, None)
    levels, counts = np.unique(known, return_counts=True)
    if len(levels) == 1:
        only = float(levels[0])
        return Channel(name, missing, only, None, None, None, 0.0, 0.0, 1, only, only, False, None)
    low = float(levels[0]) if _piles_up(counts, len(known)) else None
    high = float(levels[-1]) if _piles_up(counts[::-1], len(known)) else None
    change = np.diff(x)
    change = change[~np.isnan(change)]
    moved = float(change.std()) if len(change) else 0.0
    digits = _digits(levels)
    step = _step(levels, digits, len(known))
    ends = float(levels[0]), float(levels[-1])
    possible = len(known) if step is None else min((ends[1] - ends[0]) / step, len(known))
    is_dense = len(levels) > FEW and len(levels) >= DENSE * possible
    return Channel(
        name, missing, None, step, low, high, float(known.std()), moved, len(levels), *ends, is_dense, digits
    )


def _piles_up(counts: np.ndarray[tuple[int], np.dtype[np.int64]], rows: int) -> bool:
    """Whether the outermost level has far more rows than the next ones inside: values that were cut off."""
    inside = counts[1:4].mean() if len(counts) > 1 else 0.0
    return len(counts) > 4 and counts[0] >= max(SHARE_AT_LIMIT * rows, 3.0 * inside, 3)


def _digits(levels: Floats) -> float | None:
    """Return the power of ten that all levels are multiples of; None where it is too fine to see."""
    wide = levels[-1] - levels[0]
    for digits in range(6, -10, -1):
        step = 10.0**digits if digits >= 0 else 1.0 / 10.0**-digits
        off = np.abs(levels / step - np.round(levels / step))
        if step <= wide and off.max() < 1e-6 * max(1.0, np.abs(levels).max() / step * 1e-6):
            return step if wide / step < 1e6 else None
    return None


def _step(levels: Floats, digits: float | None, rows: int) -> float | None:
    """Return the step that explains all levels, the digits or the distance of the levels; None where nearly all values
    differ: it is as fine as noise.
    """
    if digits is None or len(levels) > 0.9 * rows:
        return None
    gaps = np.diff(levels)
    coarse = float(np.round(gaps / digits).astype(np.int64).min()) * digits
    multiples = (levels - levels[0]) / coarse
    on_zero = abs(levels[0] / coarse - round(levels[0] / coarse)) < 1e-6
    return coarse if on_zero and np.abs(multiples - np.round(multiples)).max() < 1e-6 else digits


def filled(x: Floats) -> Floats:
    """Return values (n, d) with straight lines in place of what is missing; 0 in channels without any value."""
    if not np.isnan(x).any():
        return x
    out = x.copy()
    rows = np.arange(len(x))
    for j in range(x.shape[1]):
        known = ~np.isnan(x[:, j])
        out[:, j] = np.interp(rows, rows[known], x[known, j]) if known.any() else 0.0
    return out
