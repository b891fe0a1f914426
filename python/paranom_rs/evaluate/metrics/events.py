"""Figures that count events, not rows. An event is a run of ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags
from paranom_rs.errors import SpecError


class EventReport(NamedTuple):
    """What was found, counted in events.

    An *alarm* is a run of predicted rows; a run that reaches beyond an event's buffer is cut there into several.

    Attributes
    ----------
    n_events, found
        True events, and those that were found.
    recall
        Share of the true events that were found; NaN without events.
    precision
        Share of the alarms that are not false; NaN without alarms.
    false_alarms
        Alarms that share no row with the buffer of an event that was found.
    delays
        Rows from each true event's start to its first predicted row; -1 where it was missed.
    mean_delay
        Mean delay of the events that were found; NaN if none was.
    flagged_normal
        Share of the normal rows that are predicted; NaN without normal rows.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import event_report
    >>> report = event_report([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> report.found, report.false_alarms, report.delays.tolist()
    (1, 0, [1])
    """

    n_events: int
    found: int
    recall: float
    precision: float
    false_alarms: int
    delays: NDArray[np.int64]
    mean_delay: float
    flagged_normal: float


def event_intervals(y: ArrayLike) -> NDArray[np.int64]:
    """Return the events of labels ``y`` (n,): int64, shape (events, 2), each [start, stop).

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import event_intervals
    >>> event_intervals([0, 1, 1, 0, 1]).tolist()
    [[1, 3], [4, 5]]
    """
    return runs_of_ones(checks.labels("y", y))


def event_report(y_true: ArrayLike, y_pred: ArrayLike, *, tolerance: int | None = None) -> EventReport:
    """Return recall, precision, false alarms and delays, counted in events.

    An event is found by a run of predicted rows that shares a row with it, and begins no earlier than ``tolerance``
    rows before it. So whoever predicts all rows finds nothing but what lies at the very start.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    tolerance
        How many rows before an event an alarm for it may begin, and how many after it one may go on: the event's
        buffer. By default as many as the event has.

    Raises
    ------
    SpecError, SpecTypeError
        For labels that are not 0 or 1, another number of predictions, and a tolerance below 0.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import event_report
    >>> report = event_report([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0])
    >>> report.found, report.false_alarms, report.delays.tolist()
    (1, 0, [1])
    """
    truth, pred = label_pair(y_true, y_pred)
    events, runs = runs_of_ones(truth), runs_of_ones(pred)
    begin, end = events[:, 0], events[:, 1]
    margin = (
        end - begin if tolerance is None else np.full(len(events), checks.whole("tolerance", tolerance, most=2**62))
    )
    # Of each event: the first run that begins late enough, and reaches the event.
    first = np.maximum(np.searchsorted(runs[:, 0], begin - margin), np.searchsorted(runs[:, 1], begin, side="right"))
    run_start = np.append(runs[:, 0], len(pred))[first]
    found = run_start < end
    delays = np.where(found, np.maximum(run_start - begin, 0), -1)
    buffers = np.stack([begin - margin, end + margin], axis=1).clip(0, len(pred))
    is_true = _true_alarms(pred, _covered(len(pred), buffers), _covered(len(pred), buffers[found]))
    return EventReport(
        n_events=len(events),
        found=int(found.sum()),
        recall=float(found.mean()) if len(found) else float("nan"),
        precision=float(is_true.mean()) if len(is_true) else float("nan"),
        false_alarms=int((~is_true).sum()),
        delays=delays,
        mean_delay=float(delays[found].mean()) if found.any() else float("nan"),
        flagged_normal=float("nan") if truth.all() else float(pred[~truth].mean()),
    )


def _covered(rows: int, intervals: NDArray[np.int64]) -> Flags:
    """Return which rows lie in one of the intervals."""
    change = np.zeros(rows + 1, np.int64)
    np.add.at(change, intervals[:, 0], 1)
    np.add.at(change, intervals[:, 1], -1)
    return np.asarray(np.cumsum(change)[:-1] > 0)


def _true_alarms(pred: Flags, buffered: Flags, found: Flags) -> Flags:
    """Cut predicted runs where a buffer begins or ends; return which pieces share a row with a found event's buffer."""
    goes_on = pred[1:] & pred[:-1] & (buffered[1:] == buffered[:-1])
    starts = pred & ~np.append(np.zeros(min(len(pred), 1), bool), goes_on)
    rows = np.flatnonzero(pred)
    return np.logical_or.reduceat(found[rows], np.flatnonzero(starts[rows])) if len(rows) else np.zeros(0, bool)


def label_pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Flags, Flags]:
    """Return labels and predictions of equal length."""
    checks.same_order("y_pred", y_pred, y_true)
    truth, pred = checks.labels("y_true", y_true), checks.labels("y_pred", y_pred)
    if len(truth) != len(pred):
        raise SpecError("y_pred", f"must have {len(truth)} rows, as y_true has", str(len(pred)))
    return truth, pred


def overlaps(of: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each interval in ``of``, how many in ``among`` share a row with it."""
    return np.searchsorted(among[:, 0], of[:, 1]) - np.searchsorted(among[:, 1], of[:, 0], side="right")
