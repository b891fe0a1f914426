"""A threshold from a budget of alarms."""

from __future__ import annotations

from paranom_rs._internal import checks
from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.thresholds.base import Threshold


class AlarmsPerDay(Threshold):
    """The lowest threshold at which normal scores raise no more alarms a day than allowed, as at all higher ones.

    An alarm is a run of consecutive rows above the threshold. So a long excursion counts once. Scores must be in the
    order of time.

    Parameters
    ----------
    alarms_per_day
        Above 0; a fraction is fine (1/7: one a week).
    rows_per_day
        Above 0: 1440 for one row a minute.
    """

    def __init__(self, alarms_per_day: float = 1.0, *, rows_per_day: float) -> None:
        checks.positive("alarms_per_day", alarms_per_day)
        checks.positive("rows_per_day", rows_per_day)
        self.alarms_per_day = alarms_per_day
        self.rows_per_day = rows_per_day

    def _find(self, s: Floats, y: Flags | None) -> float:
        return lowest_threshold(s, self.alarms_per_day * len(s) / self.rows_per_day)
