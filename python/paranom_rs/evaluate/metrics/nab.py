"""The score of the Numenta anomaly benchmark (Lavin & Ahmad, ICMLA 2015): early detections are worth more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics.events import label_pair


class _Profile(NamedTuple):
    """What a found event, a false alarm and a missed event are worth."""

    found: float
    false_alarm: float
    missed: float


PROFILES = {
    "standard": _Profile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": _Profile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": _Profile(1.0, 0.11, 2.0),
}


def nab_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, profile: str = "standard", probation: int | None = None
) -> float:
    """Return the normalised NAB score: 100 for the first row of each event and nothing else, 0 for no prediction.

    Each event is a window of the benchmark. Its first predicted row counts, by a sigmoid that falls from the window's
    start to its end. Each predicted row outside of a window counts against the detector: little right behind a window,
    fully from three windows' lengths on. The score has no lower bound.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    profile
        ``"standard"``, ``"reward_low_FP_rate"`` (false alarms cost twice as much) or ``"reward_low_FN_rate"`` (missed
        events cost twice as much).
    probation
        How many rows at the beginning do not count. By default as in the benchmark: 15 % of the rows, 750 at most.

    Returns
    -------
    score
        NaN without events behind the rows that do not count.

    Raises
    ------
    SpecError, SpecTypeError
        For labels that are not 0 or 1, another number of predictions, and unknown profiles.

    Notes
    -----
    The benchmark divides by the window's length less 1 behind a window. A window of one row counts as one of two.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import nab_score
    >>> nab_score([0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0], probation=0)
    100.0
    """
    truth, pred = label_pair(y_true, y_pred)
    checks.one_of("profile", profile, tuple(PROFILES))
    n, worth = len(truth), PROFILES[profile]
    quiet = min(int(0.15 * n), 750) if probation is None else checks.whole("probation", probation)
    events = runs_of_ones(truth)
    counted = events[events[:, 1] > quiet]
    if not len(counted):
        return float("nan")
    rows = np.flatnonzero(pred[quiet:]) + quiet
    gained = worth.found * _of_events(rows, counted) - worth.missed * float((~_touched(rows, counted)).sum())
    false = rows[~truth[rows]]
    lost = worth.false_alarm * float(_behind(false, events).sum())
    most, least = worth.found * len(counted), -worth.missed * len(counted)
    return 100 * (gained + lost - least) / (most - least)


def _sigmoid(position: Floats) -> Floats:
    """Return the benchmark's value of a position: -1 is a window's start, 0 its end, 1 is as far behind it."""
    return np.asarray(np.where(position >= 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, 3))) - 1))


def _touched(rows: NDArray[np.int64], events: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(np.searchsorted(rows, events[:, 0]) < np.searchsorted(rows, events[:, 1]))


def _of_events(rows: NDArray[np.int64], events: NDArray[np.int64]) -> float:
    """Return the sum of what the first predicted row of each event is worth."""
    found = events[_touched(rows, events)]
    start, stop = found.T
    first = rows[np.searchsorted(rows, start)]
    return float((_sigmoid((first - stop) / (stop - start)) / _sigmoid(np.array(-1.0))).sum())


def _behind(rows: NDArray[np.int64], events: NDArray[np.int64]) -> Floats:
    """Return what rows outside of events are worth, by how far they are behind the event before them."""
    before = np.searchsorted(events[:, 0], rows) - 1
    start, stop = events[np.maximum(before, 0)].T
    position = (rows - (stop - 1)) / np.maximum(stop - start - 1, 1)
    return _sigmoid(np.where(before < 0, 3.0, position))
