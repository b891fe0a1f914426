"""Every detector with the settings it comes with, on real recordings: nothing is set, and nothing is tuned.

Each detector learns from the normal rows at the beginning of a series. Beside ours stand detectors of other libraries
(PEERS), also with what they come with: scikit-learn's and PyOD's own thresholds, and for River, which has none, the
99 % quantile of the scores of the training rows. Three kinds of tables:

* VUS-PR on verified series of TSB-AD, by its protocol: the whole series is scored, the buffer is the series' own, means
  over the series of a source, then over sources. And on other recordings, where the other rows are scored (buffer 100;
  of SKAB's runs every second).
* Alarms at the threshold that `fit` sets, on the rows behind those learnt from: precision, recall and F1 of rows, the
  share of normal rows under alarm (our detectors aim at 1 % at most), the share of events with an alarm, alarms a day,
  and the delay. Means over the series of a set, then over sets.
* COMMAND is what ``paranom detect`` does with a file, without options: RAMP with a reference that slides.
* The same for each recording, in a file of its own, `alarms.md`.

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

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.bench.detectors import make, threshold_of
from paranom_rs.bench.published import published_figures
from paranom_rs.bench.series import PARTS
from paranom_rs.cli.file_ramp_engine import FileRampEngine
from paranom_rs.cli.ramp_engine import make_ramp
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import recordings, report
from paranom_rs.experiments.alarms import TITLES, Alarms, alarms
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
    "RNNAutoencoder",
    "LSTMAD",
)
#: The command without options.
COMMAND = "paranom detect"
#: Of other libraries, as `paranom bench` names them.
PEERS = ("sklearn:IsolationForest", "pyod:ECOD", "river:HalfSpaceTrees")
NAMES = (*DETECTORS, COMMAND, *PEERS)


class Work(NamedTuple):
    """A series, with the rows that a detector learns from, and those that count; alarms count from row ``first``.

    Detectors are ranked by the ``ranked`` ones only: of SKAB's runs, which are alike, by every second.
    """

    table: str
    group: str
    name: str
    train: Floats
    scored: Floats
    y: Any
    buffer: int
    first: int = 0
    ranked: bool = True


class Found(NamedTuple):
    """What a detector did on a series."""

    work: tuple[str, str, str]
    detector: str
    #: NaN where the detectors are not ranked.
    vus_pr: float
    alarms: Alarms
    seconds: float


def works(folder: Path, *, every: bool = False) -> Iterator[Work]:
    """The series of the folder that detectors are ranked by, or every series."""
    for part, title in PARTS.items():
        for x in recordings.tsbad(folder, part):
            yield Work(f"TSB-AD, {title}", x.source, x.name, x.X[: x.train], x.X, x.y, x.window, x.train)
    for group, read in recordings.SETS.items():
        for i, (name, task) in enumerate(read(folder)):
            ranked = group != "SKAB" or i % 2 == 0
            if ranked or every:
                yield Work("other recordings", group, name, task.train, task.test, task.y, 100, ranked=ranked)


def measure(given: tuple[Work, str], seed: int = 0) -> Found:
    """Fit a detector with its defaults, and score."""
    work, name = given
    started = time.process_time()
    if name == COMMAND:
        scores, flagged = of_the_command(work)
    else:
        detector = make(name, seed).fit(work.train)
        scores = detector.decision_function(work.scored)
        flagged = scores > threshold_of(detector, work.train)
    seconds = time.process_time() - started
    y, flagged = np.asarray(work.y)[work.first :], flagged[work.first :]
    found = alarms(y, flagged, work.group)
    pr = vus(work.y, scores, window=work.buffer).pr if work.ranked else float("nan")
    return Found(work[:3], name, pr, found, seconds)


def of_the_command(work: Work) -> tuple[Floats, Flags]:
    """Return the scores of ``paranom detect``, and the rows under alarm; it gets the training rows first."""
    names = [str(j) for j in range(work.train.shape[1])]
    options = dict.fromkeys(("window", "reference", "scale", "refresh", "threshold", "quantile"))
    engine = make_ramp(argparse.Namespace(**options), Frame(work.train, names), names, FileRampEngine)
    # The scored rows are all, or those behind the training rows.
    parts = [Frame(x, names) for x in ((work.scored,) if work.first else (work.train, work.scored))]
    *_, (_, found) = engine.answers(iter(parts))
    return np.nan_to_num(found.score), found.alarm


def measured(folder: Path, names: list[str], jobs: int, seed: int = 0) -> list[Found]:
    """What each detector did on each series; the same for any number of processes."""
    todo = [(work, name) for work in works(folder, every=True) for name in names]
    return list(in_processes(partial(measure, seed=seed), todo, jobs))


def over_groups(found: list[Found], figure: Any) -> dict[str, float]:
    """The mean of a figure over the series of each group, and over groups."""
    return means_of((x.work[1], figure(x)) for x in found)


def means_of(figures: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The mean of each group's figures that are defined, and the mean over groups; NaN where none is."""
    groups: dict[str, list[float]] = {}
    for group, value in figures:
        if not np.isnan(value):
            groups.setdefault(group, []).append(value)
    if not groups:
        return {"mean": float("nan")}
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
    for table in dict.fromkeys(x.work[0] for x in found):
        part = [x for x in found if x.work[0] == table]
        rows = [
            {"detector": name, **{
                title: _or_none(over_groups([x for x in part if x.detector == name], partial(_figure, figure))["mean"])
                for figure, title in TITLES.items()}}
            for name in names
        ]  # fmt: skip
        made[f"Alarms at the default threshold: {table}"] = report.table(rows)
        rows = [
            {"detector": name, **over_groups([x for x in part if x.detector == name], partial(_figure, "normal"))}
            for name in names
        ]
        made[f"Normal rows under alarm: {table}"] = report.table(rows)
    return made


def each_recording(found: list[Found], names: list[str]) -> dict[str, str]:
    """A table for each figure of the alarms: a row for each recording."""
    cells = {(x.work, x.detector): x.alarms for x in found}
    works = list(dict.fromkeys(x.work for x in found))

    def row(figure: str, work: tuple[str, str, str]) -> dict[str, report.Cell]:
        head: dict[str, report.Cell] = {"set": work[1], "recording": work[2].partition("_tr_")[0]}
        return head | {name: _or_none(getattr(cells[work, name], figure)) for name in names}

    made = {}
    for figure, title in TITLES.items():
        rows = [row(figure, work) for work in works]
        made[title] = report.table([x for x in rows if any(x[name] is not None for name in names)], digits=2)
    return made


def _figure(name: str, found: Found) -> float:
    return float(getattr(found.alarms, name))


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.defaults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("out/defaults"))
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="DETECTOR")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the detectors that draw (default: 0)")
    given = parser.parse_args(arguments)
    found = measured(given.data, list(given.only), given.jobs, given.seed)
    notes = [
        "All settings are the defaults.",
        "Chosen on these series: the window of 60 rows, the power of the mean over windows, and RAMP's joint distance"
        " for up to four channels.",
    ]
    names = list(given.only)
    report.write(given.out, "defaults", "Detectors as they come", notes, tables(found, names, given.data))
    report.write(given.out, "alarms", "Alarms on each recording", notes[:1], each_recording(found, names))


if __name__ == "__main__":
    main()
