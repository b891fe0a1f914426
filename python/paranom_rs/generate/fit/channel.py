"""What one channel is like, whatever its values do: constant, in steps, at limits, missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paranom_rs._internal.checks import Floats

__all__ = ["Channel", "channel_of", "filled"]

#: A limit is one where at least this share of the rows stands, three times as many as one step inside.
SHARE_AT_LIMIT = 0.01


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
        The step that all its values are multiples of; None for one too fine to see.
    low, high
        The limits where its values stay, if it has any.
    spread
        Standard deviation.
    change
        Standard deviation of the change from row to row.
    levels
        How many different values it has.
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

    @property
    def is_empty(self) -> bool:
        """Whether all its values are missing."""
        return self.missing == 1.0


def channel_of(name: str, x: Floats) -> Channel:
    """Describe a channel of normal rows (n,)."""
    known = x[~np.isnan(x)]
    missing = 1.0 - len(known) / len(x)
    if len(known) == 0:
        return Channel(name, 1.0, None, None, None, None, 0.0, 0.0, 0)
    levels, counts = np.unique(known, return_counts=True)
    if len(levels) == 1:
        return Channel(name, missing, float(levels[0]), None, None, None, 0.0, 0.0, 1)
    low = float(levels[0]) if _piles_up(counts, len(known)) else None
    high = float(levels[-1]) if _piles_up(counts[::-1], len(known)) else None
    change = np.diff(x)
    change = change[~np.isnan(change)]
    moved = float(change.std()) if len(change) else 0.0
    step = _step(levels, len(known))
    return Channel(name, missing, None, step, low, high, float(known.std()), moved, len(levels))


def _piles_up(counts: np.ndarray[tuple[int], np.dtype[np.int64]], rows: int) -> bool:
    """Whether the outermost level has far more rows than the next ones inside: values that were cut off."""
    inside = counts[1:4].mean() if len(counts) > 1 else 0.0
    return len(counts) > 4 and counts[0] >= max(SHARE_AT_LIMIT * rows, 3.0 * inside, 3)


def _step(levels: Floats, rows: int) -> float | None:
    """Return the step of a sensor's digits: a power of ten, or the distance of the levels, that explains all levels."""
    gaps = np.diff(levels)
    wide = levels[-1] - levels[0]
    found = None
    for digits in range(6, -10, -1):
        step = 10.0**digits if digits >= 0 else 1.0 / 10.0**-digits
        off = np.abs(levels / step - np.round(levels / step))
        if step <= wide and off.max() < 1e-6 * max(1.0, np.abs(levels).max() / step * 1e-6):
            found = step
            break
    # As fine as noise: the digits do not show.
    if found is not None and len(levels) <= 0.9 * rows and wide / found < 1e6:
        coarse = float(np.round(gaps / found).astype(np.int64).min()) * found
        multiples = (levels - levels[0]) / coarse
        on_zero = abs(levels[0] / coarse - round(levels[0] / coarse)) < 1e-6
        return coarse if on_zero and np.abs(multiples - np.round(multiples)).max() < 1e-6 else found
    return None


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
