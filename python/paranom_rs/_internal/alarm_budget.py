"""The lowest threshold that keeps alarms within a budget."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lowest_threshold(
    scores: NDArray[np.float64],
    budget: float,
    *,
    release: float = 1.0,
    min_gap: int = 0,
    rows_per_alarm: float = np.inf,
) -> float:
    """Return the lowest of the scores which, as a threshold, gives at most ``budget`` alarms, and so do all above it.

    Parameters
    ----------
    scores
        (n,), in the order of time.
    budget
        The alarms that are allowed, over all scores.
    release, min_gap
        An alarm begins with a score above the threshold. It ends once scores are at or below ``release * threshold``
        for ``min_gap`` rows in a row (one row at least).
    rows_per_alarm
        So many rows above the threshold count as one alarm at least.
    """
    levels = np.unique(scores)
    # At most so many rows may lie above the threshold: lower levels are out of the question.
    most = budget * rows_per_alarm
    if most < len(scores):
        levels = levels[levels >= np.sort(scores)[len(scores) - 1 - int(most)]]
    if release == 1 and min_gap <= 1:
        over = np.flatnonzero(_runs_above(scores, levels) > budget)
        return float(levels[over[-1] + 1] if len(over) else levels[0])
    # The number of alarms first grows as the threshold sinks, and shrinks only once alarms merge. The top of that
    # slope is searched from above, in steps that double and then halve.
    low, step = len(levels) - 1, 1
    while low - step >= 0 and count_alarms(scores, levels[low - step], release, min_gap) <= budget:
        low -= step
        step *= 2
    while step > 1:
        step //= 2
        if low - step >= 0 and count_alarms(scores, levels[low - step], release, min_gap) <= budget:
            low -= step
    return float(levels[low])


def _runs_above(scores: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.intp]:
    """Runs of scores above each level."""
    # A run above t starts at each row i with s[i-1] <= t < s[i]: it is open for t in [s[i-1], s[i]).
    before = np.concatenate([[-np.inf], scores[:-1]])
    rising = scores > before
    starts = np.bincount(np.searchsorted(levels, scores[rising]), minlength=len(levels))
    stops = np.bincount(np.searchsorted(levels, before[rising & (before > -np.inf)]), minlength=len(levels))
    # Runs open at t = levels[j]: tops above it minus bottoms above it.
    runs: NDArray[np.intp] = np.cumsum((starts - stops)[::-1])[::-1] - (starts - stops)
    return runs


def count_alarms(scores: NDArray[np.float64], threshold: float, release: float, min_gap: int) -> int:
    """Alarms that begin, with the rules of the detector."""
    high = scores > threshold
    if release == 1 and min_gap <= 1:
        return int(np.count_nonzero(high[1:] & ~high[:-1])) + int(high[:1].any())
    held = scores > release * threshold
    alarms, quiet, on = 0, 0, False
    # Nothing happens between the samples that are held or high, but for the gap's length.
    last = -1
    for i in np.flatnonzero(held).tolist():
        quiet = i - last - 1
        if on and quiet >= max(min_gap, 1):
            on = False
        if high[i] and not on:
            on = True
            alarms += 1
        last = i
    return alarms
