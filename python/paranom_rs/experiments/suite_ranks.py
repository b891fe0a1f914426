"""Does a suite rank detectors as real sets of series do, and as they rank them among each other?

Eight detectors that are quick and of different families, three of ours and five of a few lines, learn from the training
rows of each series and score the rest, all with the settings they come with. The figure is VUS-PR. On a set, a
detector has the mean of its ranks over the series. Two sets agree as far as Spearman's correlation of these mean ranks
says. Real sets are the sources of TSB-AD by its protocol, of one and of many channels, and the other recordings (every
second run of SKAB). Of graded-1 every fifth series is used; of series with more than 8 channels every second one.

The yardsticks are the mean correlation of two different real sets, and that of each real set with the mean ranks over
the others. A suite is as good as real sets when its correlation with the real sets is as high. Intervals (95 %) come
from a bootstrap of the series in each set.

--data names a folder as `paranom_rs.experiments.recordings` describes it. What was measured is kept in --out, and not
measured again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import paranom_rs
from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.audit.statistics import ranks
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments import report, window_detectors
from paranom_rs.experiments.defaults import Work, works
from paranom_rs.experiments.processes import in_processes
from paranom_rs.experiments.ranking import interval
from paranom_rs.suites import load, names

OURS = ("RAMP", "MatrixProfileDetector", "ZScore")
OTHERS = ("MovingZScore", "Differences", "Histograms", "KMeansWindows", "OneClassWindows")
DETECTORS = (*OURS, *OTHERS)
DRAWS = 500
#: Of these suites only every so many series are used.
EVERY = {"graded-1": 5}
#: Of series with more channels only every second one is used.
MOST_CHANNELS = 8

#: The ranks of the detectors on the series of each set.
Ranked = dict[str, Floats]


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


def of_suite(name: str) -> Iterable[tuple[str, Work]]:
    """The series of a suite that are used."""
    for i, series in enumerate(list(load(name).values())[:: EVERY.get(name, 1)]):
        if series.train.shape[1] <= MOST_CHANNELS or i % 2 == 0:
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
    found = list(in_processes(measure, work(), jobs))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(x) + "\n" for x in found), encoding="utf-8")
    return found


def by_set(found: list[Measured], key: Callable[[Measured], str] = lambda x: x.set) -> Ranked:
    """The ranks of the detectors on the series of each set, (series, detectors); 1 is the best."""
    groups: dict[str, list[Floats]] = {}
    for x in found:
        groups.setdefault(key(x), []).append(ranks(-np.array(x.figures)))
    return {name: np.array(rows) for name, rows in groups.items()}


def word(place: int) -> Callable[[Measured], str]:
    """What gives a word of a series' name: 1 is the family, 2 the grade."""
    return lambda x: x.series.rsplit("-", 2)[place]


def means(sets: Ranked) -> Floats:
    """The mean ranks on each set, (sets, detectors)."""
    return np.array([x.mean(axis=0) for x in sets.values()])


def spearman(a: Floats, b: Floats) -> Floats:
    """Spearman's correlation of each line of a with each line of b."""
    table = np.corrcoef([ranks(x) for x in a], [ranks(x) for x in b])
    return np.asarray(table[: len(a), len(a) :])


def among(sets: Ranked) -> float:
    """The mean of Spearman's correlation over all pairs of sets."""
    held = means(sets)
    return float(spearman(held, held)[np.triu_indices(len(held), 1)].mean())


def with_others(sets: Ranked) -> float:
    """The mean over sets of Spearman's correlation with the mean ranks over the others."""
    held = means(sets)
    others = [np.delete(held, i, axis=0).mean(axis=0) for i in range(len(held))]
    return float(np.mean([spearman(x[None], y[None])[0, 0] for x, y in zip(held, others, strict=True)]))


def with_sets(suite: Floats, sets: Ranked) -> float:
    """The mean of Spearman's correlation of the suite with each set."""
    return float(spearman(suite.mean(axis=0)[None], means(sets)).mean())


def with_mean(suite: Floats, sets: Ranked) -> float:
    """Spearman's correlation of the suite's mean ranks with the mean over sets of theirs."""
    return float(spearman(suite.mean(axis=0)[None], means(sets).mean(axis=0)[None])[0, 0])


def drawn(rows: Floats, rng: np.random.Generator) -> Floats:
    """As many series, drawn with replacement."""
    return rows[rng.integers(0, len(rows), len(rows))]


def with_interval(figure: Callable[[Floats, Ranked], float], suite: Floats, sets: Ranked, seed: int) -> str:
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
    some = next(iter(sets.values()))
    rows: list[dict[str, report.Cell]] = [
        {
            "of": "a real set",
            "with each real set": with_interval(lambda _, again: among(again), some, sets, seed),
            "with their mean": with_interval(lambda _, again: with_others(again), some, sets, seed),
        }
    ]
    for name, figures in suites.items():
        rows.append(
            {
                "of": name,
                "with each real set": with_interval(with_sets, figures, sets, seed),
                "with their mean": with_interval(with_mean, figures, sets, seed),
            }
        )
    if len(suites) > 1:
        all_of = means(suites)
        each, mean = with_sets(all_of, sets), with_mean(all_of, sets)
        rows.append({"of": "the suites' mean", "with each real set": f"{each:.2f}", "with their mean": f"{mean:.2f}"})
    parts: list[dict[str, report.Cell]] = []
    for name, held in found.items():
        for place, what in ((1, "family"), (2, "grade")):
            for part, figures in by_set(held, word(place)).items():
                agreement = round(with_sets(figures, sets), 2)
                parts.append({"suite": name, what: part, "series": len(figures), "with each real set": agreement})
    every = {**suites, **sets}
    table = spearman(means(every), means(sets))
    matrix: list[dict[str, report.Cell]] = [
        {"set": name, **dict(zip(sets, np.round(line, 2).tolist(), strict=True))}
        for name, line in zip(every, table, strict=True)
    ]
    held_ranks: list[dict[str, report.Cell]] = [
        {"detector": name, **dict(zip(every, np.round(column, 1).tolist(), strict=True))}
        for name, column in zip(DETECTORS, means(every).T, strict=True)
    ]
    return {
        "Spearman's correlation of mean ranks": report.table(rows),
        "Parts of the suites": report.table(parts, 2),
        "Each with each real set": report.table(matrix, 2),
        "Mean ranks": report.table(held_ranks, 1),
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
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args(arguments)
    there = measured(lambda: real(given.data), given.out / "real.jsonl", given.jobs)
    found = {
        name: measured(lambda name=name: of_suite(name), given.out / f"{name}.jsonl", given.jobs)  # type: ignore[misc]
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
