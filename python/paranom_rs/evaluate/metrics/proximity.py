"""PATE: the area under a precision-recall curve that counts rows near events in part (Ghorbani et al., KDD 2024)."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.metrics.points import finite_ranks
from paranom_rs.evaluate.metrics.volumes import MOST_THRESHOLDS


def pate(y_true: ArrayLike, scores: ArrayLike, *, early: int = 100, late: int = 100, thresholds: int = 250) -> float:
    """Return PATE, the mean area under four curves: with and without a buffer before and after each event.

    A predicted row of an event counts as one true positive. A predicted row behind an event counts in part: less, the
    farther it is from the event. So does one before an event, but only where a row of the event is predicted too. An
    event's rows that are missed count as missed in full if none is predicted; otherwise those count less that are far
    behind the event's start. The rest of a predicted row is a false positive. The figures are those of the authors'
    package (``PATE`` 0.1.1), also where the buffers of several events meet.

    Parameters
    ----------
    y_true
        Labels of both classes, 0/1, shape (n,).
    scores
        Higher is more anomalous, shape (n,), no NaN.
    early, late
        Rows of the buffers before and after each event. They end where another event, or its buffer, is.
    thresholds
        At how many quantiles of the distinct scores the curve is taken, from 2 to 65,536.

    Returns
    -------
    area
        From 0 to 1, higher is better.

    Raises
    ------
    SpecError
        For labels of one class, another shape, or NaN.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import pate
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> round(pate(y, scores, early=1, late=1), 3)
    1.0
    """
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    checks.same_order("scores", scores, y_true)
    s = finite_ranks(checks.scores("scores", scores, len(truth)))
    early, late = checks.whole("early", early), checks.whole("late", late)
    levels = _levels(truth, s, checks.whole("thresholds", thresholds, least=2, most=MOST_THRESHOLDS))
    # The first threshold, from the highest down, that predicts each row.
    first = np.searchsorted(-levels, -s)
    events = runs_of_ones(truth)
    predicted = np.cumsum(np.bincount(first, minlength=len(levels))).astype(np.float64)
    hit = np.cumsum(np.bincount(first[truth], minlength=len(levels)))
    missed = np.sum([_missed(first[start:stop], len(levels)) for start, stop in events.tolist()], axis=0)
    areas = [
        _area(hit + _near(first, events, *buffers, len(levels)), predicted, missed)
        for buffers in itertools.product((0, early), (0, late))
    ]
    return float(np.mean(areas))


def _levels(truth: Flags, scores: Floats, count: int) -> Floats:
    """Return the thresholds, from the highest down: quantiles of the distinct scores that bend the curve."""
    distinct, place = np.unique(-scores, return_inverse=True)
    found = np.cumsum(np.bincount(place[truth], minlength=len(distinct)))
    if len(distinct) > 2:
        # In a row of thresholds that find no further anomalous row, only the first and the last bend the curve.
        grows = np.diff(found) > 0
        distinct = distinct[np.concatenate([[True], grows[:-1] | grows[1:], [True]])]
    return np.unique(np.percentile(-distinct, np.linspace(100, 0, count)))[::-1]


def _near(first: NDArray[np.int64], events: NDArray[np.int64], early: int, late: int, count: int) -> Floats:
    """Return, for each threshold, the weights of the predicted rows in the buffers."""
    n, gained = len(first), np.zeros(count + 1)
    previous = -1
    for i, (start, stop) in enumerate(events.tolist()):
        limit = int(events[i + 1, 0]) if i + 1 < len(events) else n
        last = min(stop - 1 + late, limit - 1)
        begin = max(start - early, previous + 1)
        behind, before = np.arange(stop, last + 1), np.arange(begin, start)
        own = first[start:stop].min()
        gained += np.bincount(first[behind], _weights(behind - (start + stop - 1) / 2), count + 1)
        gained += np.bincount(
            np.maximum(first[before], own), _weights((start + stop - 1) / 2 - before[::-1])[::-1], count + 1
        )
        previous = last
    return np.cumsum(gained)[:count]


def _weights(distance: Floats) -> Floats:
    """Return weights by the distance from the event's middle: 0 for the farthest row, which is the last."""
    # The mean distance from an event's rows is that from its middle: no row of a buffer lies inside the event.
    return np.asarray(1 - distance / distance[-1]) if len(distance) else distance


def _missed(first: NDArray[np.int64], count: int) -> Floats:
    """Return, for each threshold, the weights of the rows of an event that it does not predict."""
    length, rows = len(first), np.arange(len(first))
    total = np.full(count, float(length))
    # Only at these thresholds more of the event is predicted.
    steps = np.unique(first)
    for step, stop in zip(steps.tolist(), np.append(steps[1:], count).tolist(), strict=True):
        found = first <= step
        begin = int(np.argmax(found))
        gap = np.flatnonzero(~found[begin:])
        run = int(gap[0]) if len(gap) else length - begin
        # Up to as many rows behind the event's start as its first predicted run has, a missed row counts in full.
        far = rows[~found & (rows > run)]
        discount = (run + 1) * (far - run / 2).sum() / max(length * (length - 1) / 2, 1)
        total[step:stop] = (~found).sum() - discount
    return total


def _area(hit: Floats, predicted: Floats, missed: Floats) -> float:
    """Return the area under the curve, without the points where recall falls."""
    precision, recall = np.append(1.0, hit / predicted), np.append(0.0, hit / (hit + missed))
    rising = recall >= np.maximum.accumulate(recall)
    return float(np.trapezoid(precision[rising], recall[rising]))
