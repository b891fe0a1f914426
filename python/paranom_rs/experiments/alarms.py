"""What alarms are worth on recordings: figures of rows, and of events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags
from paranom_rs.evaluate.metrics import event_report

#: Rows of a day in the sets whose clock is known.
ROWS_PER_DAY = {"NAB": 288, "SKAB": 86_400, "power demand": 96}


class Alarms(NamedTuple):
    """The figures of one detector on one recording; NaN where one is not defined.

    Attributes
    ----------
    precision, recall, f1
        Of rows; 0 without alarms.
    normal
        The share of the normal rows under alarm.
    events
        The share of the events with an alarm.
    per_1000
        Alarms (runs of rows) per 1,000 rows.
    a_day
        Alarms a day; NaN where the set has no clock.
    delay
        Rows from an event's start to its alarm, the mean over the events found. An alarm that begins earlier than the
        length of an event before it finds none.
    """

    precision: float
    recall: float
    f1: float
    normal: float
    events: float
    per_1000: float
    a_day: float
    delay: float


#: How each figure is called in a table.
TITLES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "normal": "normal rows under alarm",
    "events": "events found",
    "per_1000": "alarms per 1,000 rows",
    "a_day": "alarms a day",
    "delay": "delay, rows",
}


def alarms(y: Any, flagged: Flags, group: str) -> Alarms:
    """Return the figures of flagged rows (n,) beside labels (n,), of a recording of this set."""
    truth = np.asarray(y).astype(bool)
    hits, runs = float((flagged & truth).sum()), len(runs_of_ones(flagged))
    found = [flagged[start:stop].any() for start, stop in runs_of_ones(truth).tolist()]
    days = len(truth) / ROWS_PER_DAY.get(group, np.nan)
    return Alarms(
        precision=hits / max(int(flagged.sum()), 1),
        recall=hits / int(truth.sum()),
        f1=2 * hits / int(flagged.sum() + truth.sum()),
        normal=float(flagged[~truth].mean()),
        events=float(np.mean(found)),
        per_1000=1000 * runs / len(truth),
        a_day=runs / days,
        delay=event_report(truth, flagged).mean_delay,
    )
