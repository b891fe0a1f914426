"""A threshold from a budget of alarms."""

from __future__ import annotations

from paranom_rs._internal import checks
from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.thresholds.base import Threshold


class AlarmsPerDay(Threshold):
    """The lowest threshold at which normal scores raise no more alarms a day than allowed, as at all higher ones.

    An alarm is a run of consecutive rows above the threshold. A run counts once, but all together count no less than
    their rows divided by ``rows_per_alarm``: permanent alarm is not one alarm. Scores must be in the order of time.

    Parameters
    ----------
    alarms_per_day
        Above 0; a fraction is fine (1/7: one a week).
    rows_per_day
        Above 0: 1440 for one row a minute.
    rows_per_alarm
        Above 0: how many rows under alarm count as one alarm, on average.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.evaluate.thresholds import AlarmsPerDay
    >>> rule = AlarmsPerDay(1, rows_per_day=100).fit(np.arange(200.0))
    >>> int(rule.predict(np.arange(200.0)).sum()) > 0
    True
    """

    def __init__(self, alarms_per_day: float = 1.0, *, rows_per_day: float, rows_per_alarm: float = 10) -> None:
        checks.positive("alarms_per_day", alarms_per_day)
        checks.positive("rows_per_day", rows_per_day)
        checks.positive("rows_per_alarm", rows_per_alarm)
        self.alarms_per_day = alarms_per_day
        self.rows_per_day = rows_per_day
        self.rows_per_alarm = rows_per_alarm

    def _find(self, s: Floats, y: Flags | None) -> float:
        budget = self.alarms_per_day * len(s) / self.rows_per_day
        return lowest_threshold(s, budget, rows_per_alarm=self.rows_per_alarm)
