"""Affiliation precision and recall (Huet, Navarro & Rossi, KDD 2022): how near predictions and events are in time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics.events import label_pair


class AffiliationReport(NamedTuple):
    """Affiliation precision, recall and F1. NaN where one is not defined.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import affiliation
    >>> report = affiliation([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> round(report.precision, 3), round(report.recall, 3)
    (1.0, 0.917)
    """

    precision: float
    recall: float
    f1: float


def affiliation(y_true: ArrayLike, y_pred: ArrayLike) -> AffiliationReport:
    """Return precision and recall by distance in time, measured against a prediction at a random place.

    Row i is the interval of time from i to i + 1. The series is cut half-way between neighbouring events; each zone is
    judged alone. The *precision* of a zone is the mean over its predicted times of the probability that a time drawn
    uniformly from the zone is at least as far from the event. The *recall* is the mean over the event's times of the
    probability that such a random time is farther from it than the nearest prediction of the zone.

    A prediction at random has about 0.5. So a value of 0.5 is bad, and values near 1 differ in what is below 1.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).

    Returns
    -------
    report
        Recall: the mean over all events, 0 for a zone without predictions; NaN without events. Precision: the mean over
        the zones that have predictions; NaN where there is none. F1 is NaN where one of them is, and 0 where both are.

    Raises
    ------
    SpecError, SpecTypeError
        For labels that are not 0 or 1, and another number of predictions.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import affiliation
    >>> report = affiliation([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> round(report.precision, 3), round(report.recall, 3)
    (1.0, 0.917)
    """
    truth, pred = label_pair(y_true, y_pred)
    events, runs = runs_of_ones(truth).astype(np.float64), runs_of_ones(pred).astype(np.float64)
    if not len(events):
        return AffiliationReport(float("nan"), float("nan"), float("nan"))
    edges = np.concatenate([[0.0], (events[:-1, 1] + events[1:, 0]) / 2, [len(truth)]])
    precisions, recalls = [], []
    for event, low, high in zip(events, edges[:-1], edges[1:], strict=True):
        zone = _Zone(event, float(low), float(high))
        inside = runs[np.searchsorted(runs[:, 1], low, side="right") : np.searchsorted(runs[:, 0], high)]
        inside = inside.clip(low, high)
        if len(inside):
            precisions.append(zone.precision(inside))
        recalls.append(zone.recall(inside) if len(inside) else 0.0)
    precision = float(np.mean(precisions)) if precisions else float("nan")
    recall = float(np.mean(recalls))
    total = precision + recall
    return AffiliationReport(precision, recall, 2 * precision * recall / total if total else 0.0)


class _Zone:
    """An event, and the times that are nearer to it than to any other event."""

    def __init__(self, event: NDArray[np.float64], low: float, high: float) -> None:
        self.start, self.stop = event.tolist()
        self.low, self.high = low, high

    def precision(self, runs: Floats) -> float:
        """Return the mean over predicted times of how probable it is to be at least as far from the event."""
        begin, end = runs.T
        in_event = np.clip(np.minimum(end, self.stop) - np.maximum(begin, self.start), 0, None)
        before = self._mass(self.start - begin) - self._mass(self.start - end)
        after = self._mass(end - self.stop) - self._mass(begin - self.stop)
        return float((in_event + before + after).sum() / (end - begin).sum())

    def _mass(self, distance: Floats) -> Floats:
        """Return the integral over distances, from 0 on, of the probability that a random time is at least so far."""
        far = np.clip(distance, 0, None)
        nearer = (self.stop - self.start) * far
        for margin in (self.start - self.low, self.high - self.stop):
            short = np.minimum(far, margin)
            nearer = nearer + short * short / 2 + margin * (far - short)
        return np.asarray(far - nearer / (self.high - self.low))

    def recall(self, runs: Floats) -> float:
        """Return the mean over the event's times of how probable it is to be farther off than the nearest run."""
        # Between these times, the probability is linear.
        before, after = np.append(self.low, runs[:, 1]), np.append(runs[:, 0], self.high)
        nodes = [runs.ravel(), (before + after) / 2, (runs[:, 1] + self.high) / 2, (runs[:, 0] + self.low) / 2]
        times = np.unique(np.concatenate([*nodes, [self.start, self.stop]]).clip(self.start, self.stop))
        later = np.searchsorted(runs[:, 0], times, side="right")
        since = times - np.append(-np.inf, runs[:, 1])[later]
        until = np.append(runs[:, 0], np.inf)[later] - times
        distance = np.clip(np.minimum(since, until), 0, None)
        nearer = np.minimum(distance, times - self.low) + np.minimum(distance, self.high - times)
        farther = 1 - nearer / (self.high - self.low)
        return float(np.trapezoid(farther, times) / (self.stop - self.start))
