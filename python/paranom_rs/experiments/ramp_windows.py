"""RAMP's default window of 60 rows, beside windows that follow from the period of the training rows.

A rule is a share of the period, a range that windows are kept in, and how much a series must be like itself one period
later (its autocorrelation). The period is that of the channel where it is clearest. Series without a period keep 60
rows. The series are those of `paranom_rs.experiments.defaults`: VUS-PR, and the alarms at the default threshold.
"""

from __future__ import annotations

import argparse
import itertools
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paranom_rs import RAMP
from paranom_rs._internal.checks import Floats
from paranom_rs.detect.window_choice import main_period
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import report
from paranom_rs.experiments.alarms import alarms
from paranom_rs.experiments.defaults import Work, means_of, works


class Rule(NamedTuple):
    """How a window follows from a period."""

    share: float
    low: int
    high: int
    likeness: float

    def window(self, train: Floats, period: tuple[int | None, float]) -> int | None:
        """Return the window for training rows; None for the default."""
        if period[0] is None or period[1] < self.likeness:
            return None
        return int(np.clip(round(self.share * period[0]), self.low, min(self.high, len(train) // 3)))

    def __str__(self) -> str:
        return f"{self.share:g} x period, {self.low} to {self.high} rows, autocorrelation >= {self.likeness}"


RULES = [Rule(k, *ends, like) for like, k, ends in itertools.product((0.2, 0.5), (0.5, 1), ((30, 120), (16, 250)))]


def clearest_period(train: Floats) -> tuple[int | None, float]:
    """Return the main period of the channel that is most like itself one period later, and how much."""
    return max((main_period(column) for column in train.T), key=lambda found: found[1])


def figures(work: Work, window: int | None) -> tuple[float, float, float]:
    """VUS-PR, and the F1 and the share of events found of the alarms."""
    detector = RAMP(window=window).fit(work.train)
    scores = detector.decision_function(work.scored)
    found = alarms(np.asarray(work.y)[work.first :], (scores > detector.threshold_)[work.first :], work.group)
    return vus(work.y, scores, window=work.buffer).pr, found.f1, found.events


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m paranom_rs.experiments.ramp_windows", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("out/ramp_windows"))
    given = parser.parse_args(arguments)
    todo = list(works(given.data, every=True))
    periods = [clearest_period(work.train) for work in todo]
    measured = lru_cache(maxsize=None)(lambda i, window: figures(todo[i], window))
    parts = {}
    for table in dict.fromkeys(work.table for work in todo):
        at = [i for i, work in enumerate(todo) if work.table == table]
        rows: list[dict[str, report.Cell]] = []
        for rule in (None, *RULES):
            chosen = {i: rule.window(todo[i].train, periods[i]) if rule else None for i in at}
            found = {i: measured(i, window) for i, window in chosen.items()}
            means = [means_of((todo[i].group, found[i][k]) for i in at)["mean"] for k in range(3)]
            rows.append(
                {
                    "window": "60 rows" if rule is None else str(rule),
                    "series": sum(window is not None for window in chosen.values()),
                    **dict(zip(("VUS-PR", "F1 of alarms", "events found"), means, strict=True)),
                }
            )
        parts[table] = report.table(rows)
    report.write(given.out, "ramp_windows", "RAMP: 60 rows, or the period", ["Means over series, then sets."], parts)


if __name__ == "__main__":
    main()
