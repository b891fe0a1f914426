"""Does a suite rank detectors as real sets of series do, and as they rank them among each other?

Twelve detectors, seven of ours and five of other families, learn from the training rows of each series and score the
rest, all with the settings they come with. The figure is VUS-PR. On a set, a detector has the mean of its ranks over
the series. Two sets agree as far as Spearman's correlation of these mean ranks says. Real sets are the sources of
TSB-AD by its protocol, of one and of many channels, and the other recordings (every second run of SKAB).

The yardstick is the mean correlation of two different real sets. A suite is as good as a real set when its mean
correlation with the real sets is as high. Intervals (95 %) come from a bootstrap of the series in each set.

--data names a folder as `paranom_rs.experiments.recordings` describes it. What was measured is kept in --out, and not
measured again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import paranom_rs
from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.audit.statistics import ranks
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import report, window_detectors
from paranom_rs.experiments.defaults import Work, works
from paranom_rs.experiments.ranking import correlations, interval
from paranom_rs.suites import load, names

OURS = (
    "RAMP",
    "NearestWindows",
    "MatrixProfileDetector",
    "LeftMatrixProfile",
    "PCADetector",
    "IsolationForest",
    "ZScore",
)
OTHERS = ("MovingZScore", "Differences", "Histograms", "KMeansWindows", "OneClassWindows")
DETECTORS = (*OURS, *OTHERS)
DRAWS = 1_000

#: Series by set, with a figure for each detector.
Figures = dict[str, Floats]


class Measured(NamedTuple):
    """The figures of the detectors on a series."""

    set: str
    series: str
    figures: list[float]
    seconds: float


def real(folder: Path) -> Iterable[tuple[str, Work]]:
    """The set of each real series, and the series."""
    for x in works(folder):
        yield (f"{x.group}, {x.table.removeprefix('TSB-AD, ')}" if x.table.startswith("TSB-AD") else x.group), x


def of_suite(name: str, every: int) -> Iterable[tuple[str, Work]]:
    """The series of a suite, or every so many."""
    for series in list(load(name).values())[::every]:
        yield name, Work("suite", series.grade, series.name, series.train, series.test, series.y, 100)


def measure(given: tuple[str, Work]) -> Measured:
    """Fit and score with each detector."""
    group, work = given
    started, found = time.process_time(), []
    for name in DETECTORS:
        detector: Any = getattr(paranom_rs, name)() if name in OURS else getattr(window_detectors, name)()
        scores = np.asarray(detector.fit(work.train).decision_function(work.scored))
        found.append(vus(work.y, scores, window=work.buffer).pr)
    return Measured(group, work.name, found, time.process_time() - started)


def measured(work: Callable[[], Iterable[tuple[str, Work]]], path: Path, jobs: int) -> list[Measured]:
    """The figures of all series; those that the file has are taken from there."""
    if path.exists():
        return [Measured(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    if jobs == 1:
        found = [measure(x) for x in work()]
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            found = list(pool.map(measure, work()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(x) + "\n" for x in found), encoding="utf-8")
    return found


def by_set(found: list[Measured], key: Callable[[Measured], str] = lambda x: x.set) -> Figures:
    """The figures of the series of each set, (series, detectors)."""
    groups: dict[str, list[list[float]]] = {}
    for x in found:
        groups.setdefault(key(x), []).append(x.figures)
    return {name: np.array(rows) for name, rows in groups.items()}


def word(place: int) -> Callable[[Measured], str]:
    """What gives a word of a series' name: 1 is the family, 2 the grade."""
    return lambda x: x.series.rsplit("-", 2)[place]


def mean_ranks(figures: Floats) -> Floats:
    """The mean over series of the detectors' ranks; 1 is the best."""
    return np.asarray(np.mean([ranks(-row) for row in figures], axis=0))


def among(sets: Figures) -> float:
    """The mean of Spearman's correlation over all pairs of sets."""
    held = {name: mean_ranks(figures) for name, figures in sets.items()}
    return float(np.mean([correlations(held[a], held[b])[0] for a, b in itertools.combinations(held, 2)]))


def with_sets(suite: Floats, sets: Figures) -> float:
    """The mean of Spearman's correlation of the suite with each set."""
    here = mean_ranks(suite)
    return float(np.mean([correlations(here, mean_ranks(figures))[0] for figures in sets.values()]))


def with_mean(suite: Floats, sets: Figures) -> float:
    """Spearman's correlation of the suite's mean ranks with the mean over sets of theirs."""
    return correlations(mean_ranks(suite), np.mean([mean_ranks(x) for x in sets.values()], axis=0))[0]


def drawn(figures: Floats, rng: np.random.Generator) -> Floats:
    """As many series, drawn with replacement."""
    return figures[rng.integers(0, len(figures), len(figures))]


def with_interval(figure: Callable[[Floats, Figures], float], suite: Floats, sets: Figures, seed: int) -> str:
    """A figure, and the middle 95 % of it over draws of the series."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(DRAWS):
        again = {name: drawn(x, rng) for name, x in sets.items()}
        values.append(figure(drawn(suite, rng), again))
    low, high = interval(values)
    return f"{figure(suite, sets):.2f} ({low:.2f} to {high:.2f})"


def tables(found: dict[str, list[Measured]], there: list[Measured], seed: int) -> dict[str, str]:
    """Agreement, its parts, and mean ranks as tables."""
    sets = by_set(there)
    suites = {name: by_set(x)[name] for name, x in found.items()}
    yardstick = with_interval(lambda _, again: among(again), next(iter(sets.values())), sets, seed)
    rows: list[dict[str, report.Cell]] = [{"of": "a real set", "with each other real set": yardstick}]
    for name, figures in suites.items():
        rows.append(
            {
                "of": name,
                "with each other real set": with_interval(with_sets, figures, sets, seed),
                "with their mean": with_interval(with_mean, figures, sets, seed),
            }
        )
    parts: list[dict[str, report.Cell]] = []
    for name, held in found.items():
        for place, what in ((1, "family"), (2, "grade")):
            for part, figures in by_set(held, word(place)).items():
                agreement = round(with_sets(figures, sets), 2)
                parts.append({"suite": name, what: part, "series": len(figures), "with each real set": agreement})
    matrix: list[dict[str, report.Cell]] = [
        {"set": a, **{b: round(correlations(mean_ranks(x), mean_ranks(y))[0], 2) for b, y in sets.items()}}
        for a, x in {**suites, **sets}.items()
    ]
    held_ranks: list[dict[str, report.Cell]] = [
        {"detector": name, **{s: round(float(mean_ranks(x)[j]), 1) for s, x in {**suites, **sets}.items()}}
        for j, name in enumerate(DETECTORS)
    ]
    return {
        "Spearman's correlation of mean ranks": report.table(rows),
        "Parts of the suites": report.table(parts),
        "Each with each real set": report.table(matrix),
        "Mean ranks": report.table(held_ranks),
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.suite_ranks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("out/suite_ranks"))
    parser.add_argument("--suites", nargs="+", choices=names(), default=names(), metavar="SUITE")
    parser.add_argument("--every", type=int, default=1, help="only every so many series of a suite (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args(arguments)
    there = measured(lambda: real(given.data), given.out / "real.jsonl", given.jobs)
    found = {
        name: measured(lambda name=name: of_suite(name, given.every), given.out / f"{name}.jsonl", given.jobs)  # type: ignore[misc]
        for name in given.suites
    }
    counts = ", ".join(f"{len(x)} of {name}" for name, x in found.items())
    seconds = sum(x.seconds for part in (there, *found.values()) for x in part)
    notes = [
        f"{counts}; {len(there)} real series in {len({x.set for x in there})} sets. {len(DETECTORS)} detectors.",
        f"{seconds:.0f} CPU seconds.",
    ]
    report.write(given.out, "suite_ranks", "Ranks on suites and on real sets", notes, tables(found, there, given.seed))


if __name__ == "__main__":
    main()
