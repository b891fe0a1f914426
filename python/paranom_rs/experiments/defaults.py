"""Every detector with the settings it comes with, on real recordings: nothing is set, and nothing is tuned.

Each detector learns from the normal rows at the beginning of a series. Two kinds of tables:

* VUS-PR on verified series of TSB-AD, by its protocol: the whole series is scored, the buffer is the series' own, means
  over the series of a source, then over sources. And on other recordings, where the other rows are scored (buffer 100).
* Alarms on the other recordings at the threshold that `fit` sets: precision, recall and F1 of rows, the share of normal
  rows under alarm (the detectors aim at 1 % at most), and the share of events with an alarm.

--data names a folder as `paranom_rs.experiments.recordings` describes it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import paranom_rs
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.bench.published import published_figures
from paranom_rs.bench.series import PARTS
from paranom_rs.detect.base import Detector
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import recordings, report
from paranom_rs.experiments.processes import in_processes

#: By the name of the class.
DETECTORS = (
    "RAMP",
    "NearestWindows",
    "MatrixProfileDetector",
    "LeftMatrixProfile",
    "PCADetector",
    "IsolationForest",
    "ZScore",
    "AnomalyNet",
)
#: Those that need torch.
DEEP = ("AnomalyNet",)
ALARMS = ("precision", "recall", "F1", "normal rows under alarm", "events found")


class Work(NamedTuple):
    """A series, with the rows that a detector learns from, and those that count."""

    table: str
    group: str
    name: str
    train: Floats
    scored: Floats
    y: Any
    buffer: int


class Found(NamedTuple):
    """What a detector did on a series."""

    work: tuple[str, str, str]
    detector: str
    vus_pr: float
    alarms: tuple[float, ...]
    seconds: float


def works(folder: Path) -> Iterator[Work]:
    """All series of the folder."""
    for part, title in PARTS.items():
        for x in recordings.tsbad(folder, part):
            yield Work(f"TSB-AD, {title}", x.source, x.name, x.X[: x.train], x.X, x.y, x.window)
    for group, read in recordings.SETS.items():
        for i, (name, task) in enumerate(read(folder)):
            if group != "SKAB" or i % 2 == 0:
                yield Work("other recordings", group, name, task.train, task.test, task.y, 100)


def made(name: str, seed: int = 0) -> Detector:
    """Return a detector with its defaults; one that draws, with this seed."""
    from paranom_rs import deep

    kind = getattr(deep if name in DEEP else paranom_rs, name)
    detector: Detector = kind(random_state=seed) if "random_state" in kind.parameters else kind()
    return detector


def measure(given: tuple[Work, str], seed: int = 0) -> Found:
    """Fit a detector with its defaults, and score."""
    work, name = given
    started = time.process_time()
    detector = made(name, seed).fit(work.train)
    scores = detector.decision_function(work.scored)
    seconds = time.process_time() - started
    y, alarm = np.asarray(work.y).astype(bool), scores > detector.threshold_
    hits = float((alarm & y).sum())
    precision, recall = hits / max(alarm.sum(), 1), hits / y.sum()
    f1 = 2 * hits / (alarm.sum() + y.sum())
    events = runs_of_ones(y)
    found = float(np.mean([alarm[start:stop].any() for start, stop in events.tolist()]))
    alarms = (float(precision), float(recall), float(f1), float(alarm[~y].mean()), found)
    return Found(work[:3], name, vus(work.y, scores, window=work.buffer).pr, alarms, seconds)


def measured(folder: Path, names: list[str], jobs: int, seed: int = 0) -> list[Found]:
    """What each detector did on each series; the same for any number of processes."""
    todo = [(work, name) for work in works(folder) for name in names]
    return list(in_processes(partial(measure, seed=seed), todo, jobs))


def over_groups(found: list[Found], figure: Any) -> dict[str, float]:
    """The mean of a figure over the series of each group, and over groups."""
    return means_of((x.work[1], figure(x)) for x in found)


def means_of(figures: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each group's figures, and the mean over groups."""
    groups: dict[str, list[float]] = {}
    for group, value in figures:
        groups.setdefault(group, []).append(value)
    means = {group: float(np.mean(values)) for group, values in groups.items()}
    return means | {"mean": float(np.mean(list(means.values())))}


def published(folder: Path) -> dict[str, list[dict[str, report.Cell]]]:
    """The three best of the benchmark's own detectors on the same series, by table."""
    tables: dict[str, list[dict[str, report.Cell]]] = {}
    for part, title in PARTS.items():
        rows = published_figures(folder, part, {x.name: x.source for x in recordings.tsbad(folder, part)})
        best = sorted(rows, key=lambda row: -(row["mean"] or 0.0))[:3]
        for row in best:
            row["detector"] += f" ({row.pop('from')})"
        tables[f"TSB-AD, {title}"] = best
    return tables


def tables(found: list[Found], names: list[str], folder: Path) -> dict[str, str]:
    """The figures as tables."""
    best = published(folder)
    made = {}
    for table in dict.fromkeys(x.work[0] for x in found):
        part = [x for x in found if x.work[0] == table]
        rows: list[Any] = [
            {"detector": name, **over_groups([x for x in part if x.detector == name], lambda x: x.vus_pr),
             "CPU s": round(sum(x.seconds for x in part if x.detector == name), 1)}
            for name in names
        ]  # fmt: skip
        made[f"VUS-PR: {table}"] = report.table(rows + best.get(table, []))
    other = [x for x in found if x.work[0] == "other recordings"]
    if other:
        rows = [
            {"detector": name, **{
                figure: over_groups([x for x in other if x.detector == name], lambda x, i=i: x.alarms[i])["mean"]
                for i, figure in enumerate(ALARMS)}}
            for name in names
        ]  # fmt: skip
        made["Alarms with the default threshold: other recordings, mean over sets"] = report.table(rows)
        made["Normal rows under alarm, by set"] = report.table(
            [{"detector": name, **over_groups([x for x in other if x.detector == name], lambda x: x.alarms[3])}
             for name in names]
        )  # fmt: skip
    return made


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.defaults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("out/defaults"))
    parser.add_argument("--only", nargs="+", choices=DETECTORS, default=list(DETECTORS), metavar="DETECTOR")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the detectors that draw (default: 0)")
    given = parser.parse_args(arguments)
    found = measured(given.data, list(given.only), given.jobs, given.seed)
    notes = [
        "All settings are the defaults.",
        "Chosen on these series: the window of 60 rows, the power of the mean over windows, and RAMP's joint distance"
        " for up to four channels.",
    ]
    report.write(given.out, "defaults", "Detectors as they come", notes, tables(found, list(given.only), given.data))


if __name__ == "__main__":
    main()
