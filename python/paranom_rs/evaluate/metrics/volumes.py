"""Volumes under the surface: range-based ROC and PR curves over all buffer lengths (Paparrizos et al., VLDB 2022)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats


class VUS(NamedTuple):
    """Volumes under the range-ROC and the range-PR surface."""

    roc: float
    pr: float


def vus(y_true: ArrayLike, scores: ArrayLike, *, window: int = 100, thresholds: int = 250) -> VUS:
    """Return VUS-ROC and VUS-PR, in O(n log n + window * (rows near events)).

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
        The longest buffer, in rows.
    thresholds
        At how many evenly spaced ranks of the scores each curve is taken; 2 or more.

    Raises
    ------
    SpecError
        For labels of one class, another shape, or NaN.
    """
    truth = checks.both_classes("y_true", checks.labels("y_true", y_true))
    checks.same_order("scores", scores, y_true)
    s = checks.scores("scores", scores, len(truth))
    window = checks.whole("window", window)
    cuts = _Cuts(s, checks.whole("thresholds", thresholds, least=2))
    events = runs_of_ones(truth)
    buffers = _Buffers(events, truth, window // 2)
    # How much is predicted at each cut: of all rows, and of the labels of the events' own rows.
    predicted, inside = cuts.predicted, cuts.sums(np.flatnonzero(truth))
    first_cut = _first_cut_of_events(cuts, events, window // 2)
    n, positives = len(truth), float(truth.sum())
    roc, pr = np.zeros(window + 1), np.zeros(window + 1)
    for w in range(window + 1):
        near = cuts.sums(buffers.rows, buffers.labels(w))
        hit = inside + near
        mass = positives + near / 2
        recall = np.minimum(hit / mass, 1.0) * _share_of_events(cuts, events, first_cut, w // 2)
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

    def sums(self, rows: NDArray[np.int64], weights: Floats | None = None) -> Floats:
        """Return, for each cut, the sum of the weights of those ``rows`` that it predicts."""
        return np.cumsum(np.bincount(self.first[rows], weights, self.count)).astype(np.float64)


class _Buffers:
    """The rows up to ``half`` rows away from an event, and their labels for each buffer length."""

    def __init__(self, events: NDArray[np.int64], truth: Flags, half: int) -> None:
        n, start, last = len(truth), events[:, 0], events[:, 1] - 1
        # Nearest first, so that the rows of a shorter buffer come first.
        steps = np.arange(1, half + 1)
        distance = np.repeat(steps, 2 * len(events))
        near = (np.stack([start, last]).ravel() + np.outer(steps, np.repeat([-1, 1], len(events)))).ravel()
        keep = (near >= 0) & (near < n)
        keep[keep] = ~truth[near[keep]]
        self.distance = distance[keep]
        #: each row once, and where each of ``distance`` is among them
        self.rows, self.place = np.unique(near[keep], return_inverse=True)

    def labels(self, w: int) -> Floats:
        """Return the label of each row for buffers of ``w`` rows; those of several events add up to 1 at most."""
        reach = np.searchsorted(self.distance, w // 2, side="right")
        labels = np.sqrt(1 - self.distance[:reach] / max(w, 1))
        return np.minimum(np.bincount(self.place[:reach], labels, len(self.rows)), 1.0)


def _first_cut_of_events(cuts: _Cuts, events: NDArray[np.int64], half: int) -> NDArray[np.int64]:
    """Return the first cut that predicts any row of an event with h rows on either side, (events, h from 0 on)."""
    n, start, last = len(cuts.first), events[:, 0], events[:, 1] - 1
    first_or_never = np.append(cuts.first, cuts.count)
    steps = np.arange(1, half + 1)
    before, after = start[:, None] - steps, last[:, None] + steps
    sides = np.minimum(first_or_never[np.where(before < 0, n, before)], first_or_never[np.where(after >= n, n, after)])
    own = np.minimum.reduceat(first_or_never, events.ravel())[::2]
    return np.minimum.accumulate(np.concatenate([own[:, None], sides], axis=1), axis=1)


def _share_of_events(
    cuts: _Cuts, events: NDArray[np.int64], first_cut: NDArray[np.int64], half: int
) -> NDArray[np.float64]:
    """Return, for each cut, the share of the widened events that it predicts a row of; those that meet count as one."""
    start, last = events[:, 0], events[:, 1] - 1
    heads = np.flatnonzero(np.append(True, last[:-1] + half < start[1:] - half))
    groups = np.minimum.reduceat(first_cut[:, half], heads)
    share: NDArray[np.float64] = np.cumsum(np.bincount(groups, minlength=cuts.count)[: cuts.count]) / len(heads)
    return share
