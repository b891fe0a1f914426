"""Do detectors rank on the generated suite as they do on real recordings?

Each detector learns from the normal rows of a series and scores the others; windows of 60 rows for all data, nothing
is tuned. The figure is VUS-PR (buffer 100), which needs no threshold and forgives labels that are off by some rows.
Its size depends on the share of anomalous rows, so ranks are compared. Means are over the series of a set, then over
sets.
Where a detector scores windows, a row gets the mean score of those that cover it. A missing value takes the one before.

Of the suite one series is used for each normal rule in each grade; the families of anomalies take turns. Intervals
(95 %) come from a bootstrap, of the suite's normal rules, and of the real sets and the series in them.

--data names a folder with nab/, shuttle/, skab/, ucr/, ecg/ and power_demand/ in it; without it only the suite is used.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.audit.statistics import ranks
from paranom_rs.evaluate.metrics import vus
from paranom_rs.evaluate.one_line_detectors import one_liners, triviality
from paranom_rs.experiments import detectors, recordings, report
from paranom_rs.experiments.detectors import WINDOW
from paranom_rs.experiments.processes import in_processes
from paranom_rs.experiments.recordings import Task
from paranom_rs.suites import Suite, load
from paranom_rs.suites.graded_1 import GRADES

SUITE = "graded-1"
DRAWS = 2_000
STRIDE = 5

Score = Callable[[Task, int], Floats]
"""From a task and a seed to the scores of the test rows."""


def moving_z_score(task: Task, seed: int) -> Floats:
    """The largest deviation of a channel from the mean of the 60 rows before, in their standard deviations."""
    rows = np.concatenate([task.train[-WINDOW:], task.test])
    before = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0)[:-1]
    least = np.maximum(1e-6 * task.train.std(axis=0), 1e-12)
    return np.asarray((np.abs(task.test - before.mean(axis=2)) / np.maximum(before.std(axis=2), least)).max(axis=1))


def baseline(name: str) -> Score:
    """One of the detectors of windows that need no network."""

    def score(task: Task, seed: int) -> Floats:
        from paranom_rs.deep.windowing import covering, to_rows, windows
        from paranom_rs.detect.baselines import Baselines

        fitted = Baselines(random_state=seed).fit(windows(task.train, window=WINDOW, stride=STRIDE).data)
        start = covering(len(task.test), WINDOW, STRIDE)
        cut = np.lib.stride_tricks.sliding_window_view(task.test, WINDOW, axis=0).transpose(0, 2, 1)[start]
        return to_rows(fitted.scores(cut)[name], start, WINDOW, len(task.test))

    return score


def on_test(detect: detectors.Detect, window: int = 1) -> Score:
    """The scores of the test rows; from those of the windows that end at them, if a score is of so many rows."""

    def score(task: Task, seed: int) -> Floats:
        from paranom_rs.deep.windowing import to_rows

        scores = detect(task, seed)[1][window - 1 :]
        return to_rows(scores, np.arange(len(scores)), window, len(task.test))

    return score


#: Whether a detector is a simple one, which looks at a value or at the rows right before it, and the detector.
DETECTORS: dict[str, tuple[bool, Score]] = {
    "z-score": (True, on_test(detectors.z_score)),
    "moving z-score": (True, moving_z_score),
    "isolation forest": (False, baseline("isolation forest")),
    "PCA": (False, baseline("PCA")),
    "left matrix profile": (False, on_test(detectors.left_profile, WINDOW)),
    "RAMP": (False, on_test(detectors.ramp, 20)),
    "LSTM autoencoder": (False, on_test(detectors.autoencoder(cell="lstm", scoring_mode="latent"))),
    "LSTM-AD": (False, on_test(detectors.lstm_ad)),
}


class Measured(NamedTuple):
    """A series, and how well each detector did on it."""

    #: the group that the bootstrap draws: a set of recordings, or a normal rule of the suite
    group: str
    grade: str
    name: str
    figures: Floats
    #: the figure of random scores
    chance: float
    #: CPU seconds of all detectors
    seconds: float


def generated(suite: Suite) -> Iterator[tuple[str, str, str, Task]]:
    """Rule, grade, name and task of one series for each normal rule and grade; families of anomalies take turns."""
    rules: dict[str, list[str]] = {}
    for name in suite:
        rule, family, _ = name.split("-")
        rules.setdefault(rule, [])
        if family not in rules[rule]:
            rules[rule].append(family)
    for i, (rule, families) in enumerate(rules.items()):
        for j, grade in enumerate(GRADES):
            name = f"{rule}-{families[(i + j) % len(families)]}-{grade}"
            series = suite[name]
            yield rule, grade, name, Task(series.train, series.test, series.y)


def recorded(folder: Path) -> Iterator[tuple[str, str, str, Task]]:
    """Group, no grade, name and task of each recording in the folder."""
    for group, read in recordings.SETS.items():
        for name, task in read(folder):
            yield group, "", f"{group} {name}", task


def measure(tasks: Iterable[tuple[str, str, str, Task]], names: list[str], seed: int, jobs: int = 1) -> list[Measured]:
    """The VUS-PR of each detector on each series; the same for any number of processes."""
    work = [(task, names, seed) for task in tasks]
    return [_shown(x, names) for x in in_processes(_measure, work, jobs)]


def _measure(work: tuple[tuple[str, str, str, Task], list[str], int]) -> Measured:
    (group, grade, name, task), names, seed = work
    started = time.process_time()
    filled = Task(_filled(task.train), _filled(task.test), task.y)
    found = np.array([vus(task.y, DETECTORS[detector][1](filled, seed)).pr for detector in names])
    luck = vus(task.y, np.random.default_rng(seed).random(len(task.y))).pr
    return Measured(group, grade, name, found, luck, time.process_time() - started)


def _shown(measured: Measured, names: list[str]) -> Measured:
    figures = ", ".join(f"{name} {x:.2f}" for name, x in zip(names, measured.figures, strict=True))
    print(f"{measured.name} ({measured.seconds:.0f} s): {figures}", flush=True)
    return measured


def _filled(x: Floats) -> Floats:
    """Each missing value replaced by the last one before it (0 where there is none)."""
    known = ~np.isnan(x)
    last = np.maximum.accumulate(np.where(known, np.arange(len(x))[:, None], -1), axis=0)
    return np.where(last < 0, 0.0, np.take_along_axis(np.nan_to_num(x), np.maximum(last, 0), axis=0))


def grouped(measured: list[Measured], figures: Callable[[Measured], Floats]) -> list[Floats]:
    """Figures of the series of each group, shape (series, figures)."""
    groups: dict[str, list[Floats]] = {}
    for x in measured:
        groups.setdefault(x.group, []).append(figures(x))
    return [np.array(group) for group in groups.values()]


def over_groups(groups: list[Floats]) -> Floats:
    """The mean over groups of the mean of each."""
    return np.asarray(np.mean([group.mean(axis=0) for group in groups], axis=0))


@dataclass(frozen=True)
class Ranking:
    """Mean ranks of detectors over groups of series: 1 is the best."""

    #: per group, the ranks in each of its series, shape (series, detectors)
    ranks: list[Floats]

    @classmethod
    def of(cls, measured: list[Measured]) -> Ranking:
        """Rank the detectors on each series."""
        return cls(grouped(measured, lambda x: ranks(-x.figures)))

    def mean(self) -> Floats:
        """The mean over groups of the mean rank in each, shape (detectors,)."""
        return over_groups(self.ranks)

    def drawn(self, rng: np.random.Generator, *, series: bool) -> Floats:
        """The mean ranks of as many groups, drawn with replacement, and of series drawn anew in each if wanted."""
        chosen = [self.ranks[i] for i in rng.integers(0, len(self.ranks), len(self.ranks))]
        if series:
            chosen = [group[rng.integers(0, len(group), len(group))] for group in chosen]
        return Ranking(chosen).mean()

    def agreement(self) -> float:
        """The mean Spearman correlation between the rankings of two halves of the groups, over all halves."""
        numbers, found = range(len(self.ranks)), []
        for half in itertools.combinations(numbers, len(self.ranks) // 2):
            rest = [i for i in numbers if i not in half]
            parts = [Ranking([self.ranks[i] for i in part]).mean() for part in (half, rest)]
            found.append(correlations(*parts)[0])
        return float(np.mean(found)) if len(self.ranks) > 1 else float("nan")


def correlations(a: Floats, b: Floats) -> tuple[float, float]:
    """Spearman's rho and Kendall's tau-b between two lists of numbers; NaN where one is constant."""
    signs = [np.sign(x[:, None] - x) for x in (a, b)]
    x, y = ranks(a) - (len(a) + 1) / 2, ranks(b) - (len(b) + 1) / 2
    with np.errstate(invalid="ignore"):
        rho = (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())
        tau = (signs[0] * signs[1]).sum() / np.sqrt((signs[0] ** 2).sum() * (signs[1] ** 2).sum())
    return float(rho), float(tau)


def interval(values: list[float]) -> tuple[float, float]:
    """The middle 95 % of bootstrapped figures."""
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def compared(here: Ranking, there: Ranking, seed: int) -> dict[str, tuple[float, float, float]]:
    """Spearman and Kendall between two sides' mean ranks, each with its interval."""
    rng = np.random.default_rng(seed)
    drawn = [correlations(here.drawn(rng, series=False), there.drawn(rng, series=True)) for _ in range(DRAWS)]
    found = correlations(here.mean(), there.mean())
    return {
        name: (found[i], *interval([x[i] for x in drawn])) for i, name in enumerate(("Spearman's rho", "Kendall's tau"))
    }


def separation(measured: list[Measured], simple: NDArray[np.bool_], seed: int) -> tuple[float, float, float]:
    """How much larger the mean figure of the other detectors is than that of the simple ones, and its interval."""
    groups = grouped(measured, lambda x: np.asarray(x.figures[~simple].mean() - x.figures[simple].mean()))
    means = np.array([group.mean() for group in groups])
    rng = np.random.default_rng(seed)
    drawn = means[rng.integers(0, len(means), (DRAWS, len(means)))].mean(axis=1)
    return float(means.mean()), *interval(drawn.tolist())


def lines_of_code(suite: Suite) -> list[dict[str, report.Cell]]:
    """What one-liners find in the suite's rows to score, by grade: events alone, and the rows as they are."""
    rows: list[dict[str, report.Cell]] = []
    for grade in GRADES:
        series = [x for x in suite.values() if x.grade == grade]
        audits = [x.data.audit() for x in series]
        events, decoys = np.array([x.events for x in audits]), np.array([x.decoys for x in audits])
        found = events @ np.array([list(x.one_liners.values()) for x in audits]) / events.sum()
        delivered = np.concatenate([triviality(x.test, x.y) for x in series]).mean(axis=0)
        alarmed = np.array([x.decoys_alarmed_on for x in audits])
        best, best_delivered = int(found.argmax()), int(delivered.argmax())
        rows.append(
            {
                "grade": grade, "events": int(events.sum()), "left out": sum(x.left_out for x in audits),
                "decoys": int(decoys.sum()), "best one-liner": _share(found[best], one_liners()[best]),
                "any": f"{events @ np.array([x.found_by_any for x in audits]) / events.sum():.0%}",
                "decoys, any": f"{decoys @ alarmed / decoys.sum():.0%}" if decoys.any() else None,
                "no test can tell": sum(x.events_undetectable for x in audits),
                "as delivered, best": _share(delivered[best_delivered], one_liners()[best_delivered]),
            }
        )  # fmt: skip
    return rows


def _share(share: float, name: str) -> str:
    return f"{share:.1%} (`{name}`)".replace("|", "\\|") if share > 0 else "0 %"


def tables(names: list[str], suite: list[Measured], real: list[Measured], seed: int) -> dict[str, str]:
    """The figures, their ranks, and what they say, as tables."""
    parts: Mapping[str, list[Measured]] = {
        **{grade: [x for x in suite if x.grade == grade] for grade in GRADES},
        "suite": suite,
        **{group: [x for x in real if x.group == group] for group in dict.fromkeys(x.group for x in real)},
        **({"real": real} if real else {}),
    }
    parts = {name: part for name, part in parts.items() if part}
    sides = {name: Ranking.of(part) for name, part in parts.items()}
    means = {name: side.mean() for name, side in sides.items()}
    figures = {
        name: over_groups(grouped(part, lambda x: np.array([*x.figures, x.chance]))) for name, part in parts.items()
    }
    made = {
        "Mean rank": report.table(
            [{"detector": name, **{k: float(x[i]) for k, x in means.items()}} for i, name in enumerate(names)], 1
        ),
        "VUS-PR": report.table(
            [
                {"detector": n, **{k: float(x[i]) for k, x in figures.items()}}
                for i, n in enumerate([*names, "(chance)"])
            ]
        ),
    }
    if real:
        rows: list[dict[str, report.Cell]] = []
        for name in [*GRADES, "suite"]:
            if name in sides:
                found = compared(sides[name], sides["real"], seed)
                rows.append({"of the suite": name, **{k: _with_interval(x) for k, x in found.items()}})
        made["Correlation of the mean ranks with those on real data"] = report.table(rows)
        made["Agreement of two halves with each other (Spearman's rho, mean of all halves)"] = report.table(
            [{"suite": sides["suite"].agreement(), "real": sides["real"].agreement()}], 2
        )
    simple = np.array([DETECTORS[name][0] for name in names])
    if simple.any() and not simple.all():
        apart = {name: separation(parts[name], simple, seed) for name in (*GRADES, "suite", "real") if name in parts}
        made["VUS-PR of the others less that of the simple detectors (both z-scores)"] = report.table(
            [{"data": name, "difference": _with_interval(x)} for name, x in apart.items()]
        )
    made["VUS-PR of each series"] = report.table(
        [{"series": x.name, **dict(zip(names, x.figures.tolist(), strict=True)), "(chance)": x.chance}
         for x in [*suite, *real]]
    )  # fmt: skip
    return made


def _with_interval(figures: tuple[float, float, float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*figures)


def picture(names: list[str], suite: list[Measured], real: list[Measured], seed: int, path: Path) -> None:
    """Mean ranks on the suite against those on real data, with intervals; and by grade and set as colours."""
    from paranom_rs.plotting.style import LINE, SHADES, new_figure

    rng = np.random.default_rng(seed)
    figure = new_figure(13, 5.2)
    cross, grid = figure.subplots(1, 2, width_ratios=[1, 1.25])
    here, there = Ranking.of(suite), Ranking.of(real)
    spread = [
        np.quantile([side.drawn(rng, series=side is there) for _ in range(DRAWS)], [0.025, 0.975], axis=0)
        for side in (here, there)
    ]
    x, y = here.mean(), there.mean()
    cross.plot([1, len(names)], [1, len(names)], color="0.8", linewidth=1, zorder=0)
    for place, i in enumerate(np.argsort(y, kind="stable").tolist()):
        name = names[i]
        color = SHADES[0] if DETECTORS[name][0] else LINE
        cross.plot(spread[0][:, i], [y[i], y[i]], [x[i], x[i]], spread[1][:, i], color=color, alpha=0.35, linewidth=1)
        cross.plot(x[i], y[i], "o", color=color, markersize=5)
        # Neighbours' names lie above and below.
        cross.annotate(
            name, (x[i], y[i]), (4, 4 if place % 2 else -10), textcoords="offset points", fontsize=8, color=color
        )
    cross.set(xlabel="mean rank on the suite (1: best)", ylabel="mean rank on real data")
    groups = {grade: [s for s in suite if s.grade == grade] for grade in GRADES}
    groups |= {group: [s for s in real if s.group == group] for group in dict.fromkeys(s.group for s in real)}
    values = np.array([Ranking.of(part).mean() for part in groups.values()]).T
    grid.imshow(values, vmin=1, vmax=len(names), cmap="viridis_r", aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        grid.text(
            j, i, f"{value:.1f}", ha="center", va="center", fontsize=8, color="w" if value > len(names) / 2 else "k"
        )
    grid.set_xticks(range(len(groups)), list(groups), rotation=30, ha="right")
    grid.set_yticks(range(len(names)), names)
    grid.axvline(len(GRADES) - 0.5, color="w", linewidth=3)
    grid.set_title("mean rank")
    figure.savefig(path, dpi=110)


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.ranking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/ranking"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(DETECTORS), default=list(DETECTORS), metavar="DETECTOR")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args(arguments)
    suite = load(SUITE)
    names = list(given.only)
    here = measure(generated(suite), names, given.seed, given.jobs)
    there = measure(recorded(given.data), names, given.seed, given.jobs) if given.data else []
    made = {"What a line of code finds": report.table(lines_of_code(suite))} | tables(names, here, there, given.seed)
    notes = [
        f"Suite {SUITE}: {len(here)} of its {len(suite)} series; {len(there)} recordings. Seed {given.seed}.",
        f"{sum(x.seconds for x in [*here, *there]):.0f} CPU seconds of detectors.",
    ]
    report.write(given.out, "ranking", "Ranking of detectors", notes, made)
    if there:
        picture(names, here, there, given.seed, given.out / "ranking.png")


if __name__ == "__main__":
    main()
