"""Channels whose level wanders: which ones do, and their rows without the level."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.checks import Flags, Floats

#: The level is the median of so many rows before: what lasts less than half as long leaves it alone.
ROWS = 120
#: Rows whose levels are computed at once.
_BLOCK = 4096


def wandering(rows: Floats) -> Flags:
    """Return which channels of normal rows (n, d) wander: (d,).

    The mean squared difference of values that lie some rows apart stays the same with the distance where a channel is
    steady or periodic, and grows with it where it wanders (in proportion for a random walk). A channel wanders if it is
    twice as large for distances of n/4 to n/2 as for n/16 to n/8, and grows on the way.
    """
    if len(rows) < 64:
        return np.zeros(rows.shape[1], dtype=bool)
    return np.array([_wanders(column[~np.isnan(column)]) for column in rows.T])


def _wanders(x: Floats) -> bool:
    n = len(x)
    if n < 64:
        return False
    near, middle, far = (_spread(x, n // k, 2 * n // k) for k in (16, 8, 4))
    return bool(near > 0 and middle > 1.1 * near and far > 1.1 * middle and far > 2 * near)


def _spread(x: Floats, least: int, most: int) -> float:
    """Return the mean squared difference over distances from ``least`` to ``most`` rows."""
    distances = np.unique(np.linspace(least, most, 16).round().astype(np.int64)).tolist()
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean([np.mean(np.square(x[k:] - x[:-k])) for k in distances]))


def without_level(rows: Floats, which: Flags, before: Floats) -> Floats:
    """Return rows (n, d) whose channels ``which`` are counted from the median of the ``ROWS`` rows before each.

    Parameters
    ----------
    rows
        What follows ``before``, (n, d).
    which
        (d,).
    before
        The rows before, (k, d), of which the last ``ROWS`` count.

    Where no row before holds a value, a value is its own level.
    """
    if not which.any() or not len(rows):
        return rows
    out = rows.copy()
    head = np.full((ROWS, int(which.sum())), np.nan)
    known = before[-ROWS:, which]
    head[ROWS - len(known) :] = known
    whole = np.concatenate([head, rows[:, which]])
    for start in range(0, len(rows), _BLOCK):
        stop = min(start + _BLOCK, len(rows))
        views = np.lib.stride_tricks.sliding_window_view(whole[start : stop + ROWS - 1], ROWS, axis=0)
        levels = _medians(views)
        part = rows[start:stop, which]
        with np.errstate(over="ignore"):
            out[start:stop, which] = part - np.where(np.isnan(levels), part, levels)
    return out


def _medians(views: Floats) -> Floats:
    """Return the median of the values that are there, over the last axis; NaN where none is."""
    ordered = np.sort(views, axis=-1)  # what is missing stands last
    count = views.shape[-1] - np.isnan(views).sum(axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.where(count == 0, 0, np.minimum(high, views.shape[-1] - 1))
    pair = [np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (low, high)]
    return np.asarray(pair[0] / 2 + pair[1] / 2)
