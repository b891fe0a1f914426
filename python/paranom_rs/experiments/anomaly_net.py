"""AnomalyNet with a part of it changed: kinds of anomalies left out one by one, the twin, the number of steps.

VUS-PR on the series of `paranom_rs.experiments.defaults`: means over series, then over sources, then over seeds, ± the
standard deviation of the seeds' means; all other settings are the defaults. --series takes every n-th series only.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import report
from paranom_rs.experiments.defaults import Work, means_of, works
from paranom_rs.experiments.processes import in_processes


def variants() -> dict[str, tuple[dict[str, Any], str | None]]:
    """What is changed, by name: settings, and the kind that is left out."""
    found: dict[str, tuple[dict[str, Any], str | None]] = {
        "defaults": ({}, None),
        "no training": ({"steps": 0}, None),
        "100 steps": ({"steps": 100}, None),
        "500 steps": ({"steps": 500}, None),
        "a third from the twin": ({"twin": True}, None),
    }
    from paranom_rs.deep.training_events import KINDS

    return found | {f"without {kind}": ({}, kind) for kind in KINDS}


class Task(NamedTuple):
    """One variant on one series."""

    work: Work
    variant: str
    seed: int


def score(task: Task) -> float:
    """VUS-PR of a variant on a series."""
    from paranom_rs.deep import AnomalyNet
    from paranom_rs.deep.training_events import KINDS

    settings, without = variants()[task.variant]

    class Variant(AnomalyNet):
        """Learns from some of the kinds only."""

        _kinds = tuple(kind for kind in KINDS if kind != without)

    detector = Variant(random_state=task.seed, **settings).fit(task.work.train)
    return float(vus(task.work.y, detector.decision_function(task.work.scored), window=task.work.buffer).pr)


def over_seeds(found: list[tuple[Task, float]]) -> dict[str, report.Cell]:
    """By table, the means of each source and over sources: mean over seeds ± the standard deviation of the seeds'."""
    row: dict[str, report.Cell] = {}
    for table in dict.fromkeys(task.work.table for task, _ in found):
        by_seed = [
            means_of((task.work.group, value) for task, value in found if (task.work.table, task.seed) == (table, seed))
            for seed in dict.fromkeys(task.seed for task, _ in found)
        ]
        for group in by_seed[0]:
            row[f"{table}: {group}"] = report.over_seeds([means[group] for means in by_seed])
    return row


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.anomaly_net",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="as for paranom_rs.experiments.recordings")
    parser.add_argument("--out", type=Path, default=Path("out/anomaly_net"))
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--series", type=int, default=1, help="every so many-th series")
    parser.add_argument("--only", nargs="+", choices=variants(), default=list(variants()), metavar="VARIANT")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args(arguments)
    chosen = list(works(given.data))[:: given.series]
    rows: list[dict[str, report.Cell]] = []
    for name in given.only:
        tasks = [Task(work, name, seed) for seed in range(given.seeds) for work in chosen]
        found = list(zip(tasks, in_processes(score, tasks, given.jobs), strict=True))
        rows.append({"variant": name, **over_seeds(found)})
        print(report.table(rows[-1:]), flush=True)
    notes = [f"{given.seeds} seeds, {len(chosen)} series."]
    report.write(given.out, "anomaly_net", "AnomalyNet with a part changed", notes, {"VUS-PR": report.table(rows)})


if __name__ == "__main__":
    main()
