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

    Attributes
    ----------
    n_events, found
        True events, and those with a predicted row.
    recall
        Share of the true events with a predicted row; NaN without events.
    precision
        Share of the predicted events that touch a true one; NaN without predictions.
    false_alarms
        Predicted events that touch no true one.
    delays
        Rows from each true event's start to its first predicted row; -1 where it was missed.
    mean_delay
        Mean delay of the events that were found; NaN if none was.
    """

    n_events: int
    found: int
    recall: float
    precision: float
    false_alarms: int
    delays: NDArray[np.int64]
    mean_delay: float


def event_intervals(y: ArrayLike) -> NDArray[np.int64]:
    """Return the events of labels ``y`` (n,): int64, shape (events, 2), each [start, stop)."""
    return runs_of_ones(checks.labels("y", y))


def event_report(y_true: ArrayLike, y_pred: ArrayLike) -> EventReport:
    """Return recall, precision, false alarms and delays, counted in events.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    """
    truth, pred = label_pair(y_true, y_pred)
    true_events, pred_events = runs_of_ones(truth), runs_of_ones(pred)
    predicted = np.flatnonzero(pred)
    following = np.append(predicted, len(pred))[np.searchsorted(predicted, true_events[:, 0])]
    delays = np.where(following < true_events[:, 1], following - true_events[:, 0], -1)
    found = delays >= 0
    touches = overlaps(pred_events, true_events) > 0
    return EventReport(
        n_events=len(true_events),
        found=int(found.sum()),
        recall=float(found.mean()) if len(found) else float("nan"),
        precision=float(touches.mean()) if len(touches) else float("nan"),
        false_alarms=int((~touches).sum()),
        delays=delays,
        mean_delay=float(delays[found].mean()) if found.any() else float("nan"),
    )


def label_pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Flags, Flags]:
    """Return labels and predictions of equal length."""
    truth, pred = checks.labels("y_true", y_true), checks.labels("y_pred", y_pred)
    if len(truth) != len(pred):
        raise SpecError("y_pred", f"must have {len(truth)} rows, as y_true has", str(len(pred)))
    return truth, pred


def overlaps(of: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each interval in ``of``, how many in ``among`` share a row with it."""
    return np.searchsorted(among[:, 0], of[:, 1]) - np.searchsorted(among[:, 1], of[:, 0], side="right")
