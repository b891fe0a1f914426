"""Signs that a detector is out of its depth: what is said, of which channel, and what helps."""

from __future__ import annotations

import warnings

import numpy as np

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import DetectorWarning

#: The training rows should hold so many windows, one behind the other.
LEAST_WINDOWS = 5
#: A larger share of rows under alarm is a sign that the rows are not those that were learnt.
MOST_FLAGGED = 0.4
#: Fewer rows say nothing about shares.
LEAST_ROWS = 100
#: The range of normal values: between these quantiles, widened by its own length on both sides.
_QUANTILES = (0.005, 0.995)


def normal_range(rows: Floats) -> Floats:
    """Return where the values of each channel lie, (2, d): a wide range around the quantiles of the training rows."""
    low, high = np.nanquantile(rows, _QUANTILES, axis=0)
    margin = high - low
    return np.stack([low - margin, high + margin])


def warn_of_training(rows: Floats, window: int, names: list[str]) -> None:
    """Warn of training rows that teach too little: too few for the window, or a channel that never changes."""
    count = int((~np.isnan(rows).all(axis=1)).sum())
    if count < LEAST_WINDOWS * window:
        few = f"{count} training rows are short for windows of {window}: thresholds are rough"
        _warn(f"{few}. Remedy: {LEAST_WINDOWS * window} rows at least, or window={max(count // LEAST_WINDOWS, 1)}.")
    constant = np.nanmax(rows, axis=0) == np.nanmin(rows, axis=0)
    if constant.any():
        where = f"constant in the training rows: {_shown(names, constant)}. Its unit is 1, and any change of it counts"
        _warn(f"{where}. Remedy: training rows in which it changes, or leave the channel out.")


def warn_of_drift(rows: Floats, flags: Flags, normal: Floats, follows: Flags, names: list[str]) -> None:
    """Warn when a large share of rows is under alarm: which channels have left their normal range, and what helps."""
    if len(rows) < LEAST_ROWS or flags.mean() <= MOST_FLAGGED:
        return
    outside = np.mean((rows < normal[0]) | (rows > normal[1]), axis=0)
    away = outside > MOST_FLAGGED
    if away.any():
        where = f"outside the range of the training rows: {_shown(names, away)}"
        cure = (
            'follow_levels=True, or RAMP with refresh="sliding"' if not follows[away].all() else "train on newer rows"
        )
    else:
        where = "no channel has left the range of the training rows"
        cure = "more training rows, or calibrate(X) on newer normal rows"
    _warn(f"{flags.mean():.0%} of {len(rows):,} rows are under alarm; {where}. Remedy: {cure}.")


def _shown(names: list[str], which: Flags) -> str:
    chosen = [name for name, wanted in zip(names, which, strict=True) if wanted]
    more = f" and {len(chosen) - 5} more" if len(chosen) > 5 else ""
    return "channel " + ", ".join(chosen[:5]) + more


def _warn(text: str) -> None:
    warnings.warn(text, DetectorWarning, stacklevel=5)
