"""How early an event is announced: the delay of the first alarm, negative where it comes before the event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs.evaluate.metrics.events import label_pair


class WarningReport(NamedTuple):
    """When each event was announced.

    Attributes
    ----------
    delays
        (events,) float64: rows from the event's start to the alarm's; negative where the alarm is earlier, NaN where
        there is none.
    mean_delay
        The mean over the events that have an alarm; NaN if none has.
    early, found
        The shares of the events whose alarm begins before them, and that have an alarm at all; NaN without events.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import warning_report
    >>> report = warning_report([0, 0, 0, 1, 1, 0], [0, 0, 1, 1, 0, 0], horizon=2)
    >>> report.delays.tolist(), report.early, report.found
    ([-1.0], 1.0, 1.0)
    """

    delays: NDArray[np.float64]
    mean_delay: float
    early: float
    found: float


def warning_report(y_true: ArrayLike, y_pred: ArrayLike, *, horizon: int) -> WarningReport:
    """Return by how many rows each event is announced.

    An alarm is a run of predicted rows. An event's alarm is the first one that begins in the event, or at most
    ``horizon`` rows before it and behind the event before. So an alarm that is always on announces nothing.

    Parameters
    ----------
    y_true, y_pred
        Labels and predictions, 0/1, shape (n,).
    horizon
        How many rows before an event an alarm is a warning of it, and not a false one.

    Raises
    ------
    SpecError, SpecTypeError
        For labels that are not 0 or 1, another number of predictions, and a horizon below 0.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import warning_report
    >>> report = warning_report([0, 0, 0, 1, 1, 0], [0, 0, 1, 1, 0, 0], horizon=2)
    >>> report.delays.tolist(), report.early, report.found
    ([-1.0], 1.0, 1.0)
    """
    truth, pred = label_pair(y_true, y_pred)
    reach = checks.whole("horizon", horizon, most=2**62)
    events, alarms = runs_of_ones(truth), runs_of_ones(pred)[:, 0]
    start, stop = events.T
    earliest = np.maximum(start - reach, np.append(0, stop)[: len(stop)])
    first = np.append(alarms, len(truth))[np.searchsorted(alarms, earliest)]
    found = first < stop
    delays = np.where(found, first - start, np.nan)
    return WarningReport(
        delays=delays,
        mean_delay=float(delays[found].mean()) if found.any() else float("nan"),
        early=float((delays < 0).mean()) if len(events) else float("nan"),
        found=float(found.mean()) if len(events) else float("nan"),
    )
