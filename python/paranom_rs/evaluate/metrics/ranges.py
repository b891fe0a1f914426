"""Range-based precision and recall (Tatbul et al., NeurIPS 2018)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics.events import label_pair, overlaps


class RangeReport(NamedTuple):
    """Range-based precision, recall and F1.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import range_report
    >>> report = range_report([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> round(float(report.precision), 3), round(float(report.recall), 3)
    (1.0, 0.6)
    """

    precision: float
    recall: float
    f1: float


def range_report(y_true: ArrayLike, y_pred: ArrayLike, *, alpha: float = 0.2) -> RangeReport:
    """Return range-based precision, recall and F1, with flat positional bias.

    An event that k predicted ranges overlap counts for 1/k of its overlap.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    alpha
        From 0 to 1: the weight that recall gives to an event being touched at all. Precision has no such term
        (section 4.2 of the paper).

    Returns
    -------
    report
        0 where a figure is not defined.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import range_report
    >>> report = range_report([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> round(float(report.precision), 3), round(float(report.recall), 3)
    (1.0, 0.6)
    """
    truth, pred = label_pair(y_true, y_pred)
    if not 0 <= checks.real("alpha", alpha) <= 1:
        raise SpecError("alpha", "must be from 0 to 1", checks.shown(alpha))
    recall = _score(truth, pred, alpha)
    precision = _score(pred, truth, 0.0)
    total = precision + recall
    return RangeReport(precision, recall, 2 * precision * recall / total if total else 0.0)


def _score(ranges: Flags, other: Flags, alpha: float) -> float:
    """Return the mean over ``ranges`` of how well ``other`` covers them."""
    intervals = runs_of_ones(ranges)
    if not len(intervals):
        return 0.0
    start, stop = intervals.T
    covered = np.concatenate([[0], np.cumsum(other)])
    overlap = (covered[stop] - covered[start]) / (stop - start)
    pieces = overlaps(intervals, runs_of_ones(other))
    return float(np.mean(alpha * (pieces > 0) + (1 - alpha) * overlap / np.maximum(pieces, 1)))
