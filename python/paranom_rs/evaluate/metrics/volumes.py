"""Volumes under the surface: range-based ROC and PR curves over all buffer lengths (Paparrizos et al., VLDB 2022)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats

#: Of the curves of a figure. An answer does not change any more long before.
MOST_THRESHOLDS = 2**16
#: Of the table of distances and thresholds: a gigabyte.
MOST_CELLS = 2**27


class VUS(NamedTuple):
    """Volumes under the range-ROC and the range-PR surface.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import vus
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> found = vus(y, scores, window=2)
    >>> round(found.roc, 3), round(found.pr, 3)
    (1.0, 1.0)
    """

    roc: float
    pr: float


def vus(y_true: ArrayLike, scores: ArrayLike, *, window: int = 100, thresholds: int = 250) -> VUS:
    """Return VUS-ROC and VUS-PR, in O(n log n + thresholds * window ** 2).

    They are means over the buffer lengths w = 0 to ``window`` of the areas under the range-based ROC and PR curve.
    Around each event w // 2 rows on either side have the label sqrt(1 - distance / w). The figures are those of the
    authors' code (TSB-AD, ``version="opt"``), also where several events' buffers meet.

    Compare only figures of equal ``window``: a longer buffer gives a larger number.

    Parameters
    ----------
    y_true
        Labels of both classes, 0/1, shape (n,).
    scores
        Higher is more anomalous, shape (n,), no NaN.
    window
        The longest buffer, in rows. ``thresholds * window`` may be 2**28 at most: that takes a gigabyte.
    thresholds
        At how many evenly spaced ranks of the scores each curve is taken, from 2 to 65,536.

    Raises
    ------
    SpecError
        For labels of one class, another shape, NaN, or a window that is too long for so many thresholds.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import vus
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> found = vus(y, scores, window=2)
    >>> round(found.roc, 3), round(found.pr, 3)
    (1.0, 1.0)
    """
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    checks.same_order("scores", scores, y_true)
    s = checks.scores("scores", scores, len(truth))
    count = checks.whole("thresholds", thresholds, least=2, most=MOST_THRESHOLDS)
    window = checks.whole("window", window, most=2 * MOST_CELLS // count)
    cuts = _Cuts(s, count)
    events = runs_of_ones(truth)
    buffers, widened = _Buffers(events, truth, cuts, window // 2), _Widened(events, cuts)
    # How much is predicted at each cut: of all rows, and of the labels of the events' own rows.
    predicted, inside = cuts.predicted, np.cumsum(np.bincount(cuts.first[truth], minlength=cuts.count))
    n, positives = len(truth), float(truth.sum())
    roc, pr = np.zeros(window + 1), np.zeros(window + 1)
    for w in range(window + 1):
        if w and w % 2 == 0:
            buffers.widen()
            widened.widen()
        near = buffers.sums(w)
        hit = inside + near
        mass = positives + near / 2
        recall = np.minimum(hit / mass, 1.0) * widened.share()
        fall_out = (predicted - hit) / (n - mass)
        x, y = np.concatenate([[0.0], fall_out, [1.0]]), np.concatenate([[0.0], recall, [1.0]])
        roc[w] = np.dot(np.diff(x), (y[1:] + y[:-1]) / 2)
        pr[w] = np.dot(np.diff(y[:-1]), hit / predicted)
    return VUS(float(roc.mean()), float(pr.mean()))


class _Cuts:
    """Scores at evenly spaced ranks, from the highest down: the thresholds of a curve."""

    def __init__(self, scores: Floats, count: int) -> None:
        n = len(scores)
        ascending = np.sort(scores)
        levels = ascending[::-1][np.linspace(0, n - 1, count).astype(np.int64)]
        self.count = count
        #: rows predicted at each cut
        self.predicted = n - np.searchsorted(ascending, levels)
        #: the first cut that predicts each row
        self.first: NDArray[np.int64] = np.searchsorted(-levels, -scores)


class _Buffers:
    """How many rows there are up to ``half`` rows away from an event, by their distance and their first cut.

    A row's label is the sum over the events that reach it, 1 at most, and each of them adds sqrt(1 / 2) or more. So a
    row that one event reaches has that event's label, and one that more events reach has 1.
    """

    def __init__(self, events: NDArray[np.int64], truth: Flags, cuts: _Cuts, half: int) -> None:
        self.half, self.count = 0, cuts.count
        #: rows that one event reaches, (distance - 1, cut); rows that more events reach, (cut,)
        self.once = np.zeros((half, cuts.count), np.int64)
        self.often = np.zeros(cuts.count, np.int64)
        rows, nearest, second = _two_nearest(events, truth, half)
        first = cuts.first[rows]
        self.first_by_nearest = _grouped(first, nearest, half)
        place = (nearest - 1) * cuts.count + first
        self.places_by_second = _grouped(place, second, half)

    def widen(self) -> None:
        """Let the buffers be one row longer on either side."""
        self.half += 1
        self.once[self.half - 1] = np.bincount(self.first_by_nearest[self.half], minlength=self.count)
        places = self.places_by_second[self.half]
        np.subtract.at(self.once.reshape(-1), places, 1)
        self.often += np.bincount(places % self.count, minlength=self.count)

    def sums(self, w: int) -> Floats:
        """Return, for each cut, the sum of the labels of the rows that it predicts, for buffers of ``w`` rows."""
        labels = np.sqrt(1 - np.arange(1, self.half + 1) / max(w, 1))
        sums: Floats = np.cumsum(labels @ self.once[: self.half] + self.often)
        return sums


def _two_nearest(
    events: NDArray[np.int64], truth: Flags, half: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows outside of events with one within ``half`` rows, and the distances to the two nearest."""
    n, start, last = len(truth), events[:, 0], events[:, 1] - 1
    # Events that do not exist are too far away.
    starts, lasts = np.append(start, [2 * n + half] * 2), np.concatenate([[-n - half] * 2, last])
    rows = np.flatnonzero(~truth)
    behind = np.searchsorted(start, rows)
    left, right = rows - lasts[behind + 1], starts[behind] - rows
    near = np.minimum(left, right) <= half
    rows, behind, left, right = rows[near], behind[near], left[near], right[near]
    others = np.minimum(rows - lasts[behind], starts[behind + 1] - rows)
    return rows, np.minimum(left, right), np.minimum(np.maximum(left, right), others)


def _grouped(values: NDArray[np.int64], by: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """Return the values whose ``by`` is 0, 1, ... ``most``."""
    by = np.minimum(by, most + 1).astype(np.min_scalar_type(most + 1))
    order = np.argsort(by, kind="stable")
    return np.split(values[order], np.searchsorted(by[order], np.arange(1, most + 2)))[:-1]


class _Widened:
    """Events with ``half`` rows on either side; those that meet are one."""

    def __init__(self, events: NDArray[np.int64], cuts: _Cuts) -> None:
        self.half, self.cuts = 0, cuts
        self.start, self.last = events[:, 0], events[:, 1] - 1
        #: the first cut that predicts any row of each
        self.first = np.minimum.reduceat(np.append(cuts.first, cuts.count), events.ravel())[::2]

    def widen(self) -> None:
        """Let each be one row longer on either side."""
        self.half += 1
        first = self.cuts.first
        before, after = np.maximum(self.start - self.half, 0), np.minimum(self.last + self.half, len(first) - 1)
        widened = np.minimum(self.first, np.minimum(first[before], first[after]))
        heads = np.flatnonzero(np.append(True, after[:-1] < before[1:]))
        self.first = np.minimum.reduceat(widened, heads)
        self.start, self.last = self.start[heads], np.append(self.last[heads[1:] - 1], self.last[-1])

    def share(self) -> Floats:
        """Return, for each cut, the share of them that it predicts a row of."""
        found = np.cumsum(np.bincount(self.first, minlength=self.cuts.count)[: self.cuts.count])
        share: Floats = found / len(self.first)
        return share
