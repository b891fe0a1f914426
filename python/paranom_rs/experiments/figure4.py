"""Paranom, figure 4: does a detector get better where its anomalies are generated? Two protocols, over many seeds.

The folder holds TEK14_labeled.csv, TEK16_labeled.csv and TEK17_labeled.csv, as for `paranom_rs.experiments.shuttle`.

"letter": the paper to the letter. The real model learns all 10,000 rows of TEK16 and TEK17, anomalies included; the
threshold is the one with the largest F0.1 on these rows. The generated model learns 10,000 normal rows (the four
distinct normal cycles, over and over) into which the Generator puts anomalies: 1 % of the rows, as long as the real
ones, each event shifted by an amount of its own, 0.1 to 0.6 of the range of the normal rows; its threshold comes from
these rows. The paper does not say how large its amounts are. Both are tested on TEK14.

"cycles": one model learns all four distinct normal cycles. The threshold (largest F0.1) comes from the normal cycles
and the real anomalous cycles of the two other files, or from normal cycles with generated anomalies. Each file is
tested. The normal cycles of the files are the same to the bit, so a false alarm there is a false alarm on learnt rows.
Precision is counted twice: over all rows, and without the unlabelled rows of cycles that hold an anomaly.

The detectors: LSTM-AD, as in the paper, and AnomalyNet, whose network itself learns from generated anomalies. The real
rows of the "letter" are what it is fitted on, too.

Other instructions of the CPU round sums in another way. oneDNN computes the LSTM and has a limit of its own:
ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 PARANOM_SIMD=avx2 python -m paranom_rs.experiments.figure4 FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics import event_intervals
from paranom_rs.evaluate.thresholds import FBeta
from paranom_rs.experiments import report, shuttle
from paranom_rs.experiments.shuttle import CYCLE, FILES, Series

TESTED = "TEK14"
FIGURES = (*shuttle.FIGURES, "precision, sick cycles apart")
ROWS, SHARE = 10_000, 0.01
GENERATED = {"generated shapes": "shapes", "generated shifts": "shifted", "generated beyond the range": "beyond"}


class Learnt(NamedTuple):
    """A detector that has learnt some rows."""

    own: Floats
    """The scores of these rows."""
    score: Callable[[Floats], Floats]
    """From rows to scores."""


def lstm_ad(rows: Floats, seed: int, steps: int) -> Learnt:
    """LSTM-AD, its Gaussian fitted on the rows that it learnt."""
    detector = shuttle.predictor(rows, rows, seed, steps)
    return Learnt(shuttle.scored(detector, rows), lambda x: shuttle.scored(detector, x))


def anomaly_net(rows: Floats, seed: int, steps: int) -> Learnt:
    """AnomalyNet with its defaults; its own anomalies are generated in both cases."""
    from paranom_rs.deep import AnomalyNet

    detector = AnomalyNet(random_state=seed).fit(shuttle.coarse(rows))
    own = np.nan_to_num(detector.decision_scores_)

    def score(x: Floats) -> Floats:
        return np.repeat(detector.decision_function(shuttle.coarse(x)), shuttle.MEAN)

    return Learnt(np.repeat(own, shuttle.MEAN), score)


DETECTORS: dict[str, Callable[[Floats, int, int], Learnt]] = {"LSTM-AD": lstm_ad, "AnomalyNet": anomaly_net}


def threshold(scores: Floats, y: NDArray[np.int8]) -> float:
    """The one with the largest F0.1 on rows averaged by fives."""
    return float(FBeta(0.1).fit(scores[:: shuttle.MEAN], shuttle.coarse_labels(y)).threshold_)


def figures(series: Series, scores: Floats, value: float) -> dict[str, Any]:
    """Figures of a tested file."""
    _, y = series
    found = shuttle.figures(y, scores, value)
    sick = np.repeat(y.reshape(-1, CYCLE).any(axis=1), CYCLE)
    alarm = (scores > value) & ~(sick & (y == 0))
    apart = float((alarm & (y == 1)).sum() / alarm.sum()) if alarm.any() else 0.0
    return {key: found[key] for key in (*shuttle.FIGURES, "of")} | {FIGURES[-1]: apart}


def normal_cycles(data: dict[str, Series]) -> Floats:
    """The distinct normal cycles of all files, one behind the other."""
    return np.concatenate(shuttle.cycles(data.values())[0])


def lengths(data: dict[str, Series], tested: str) -> tuple[int, int]:
    """The rows of the shortest and of the longest real event of the other files."""
    return shuttle.lengths(shuttle.others_than(data, tested))


def training_sets(data: dict[str, Series], seed: int) -> dict[str, Series]:
    """What the models of the letter learn: real rows, and normal rows with generated anomalies."""
    normal, duration = normal_cycles(data), lengths(data, TESTED)
    real = shuttle.joined(shuttle.others_than(data, TESTED))
    as_many = len(event_intervals(real[1])) * sum(duration) / 2 / ROWS
    return {
        "real": real,
        "generated shifts": shuttle.generated(normal, "shifted", ROWS, SHARE, duration, seed),
        "as many shifts as real events": shuttle.generated(normal, "shifted", ROWS, as_many, duration, seed),
    }


def letter(data: dict[str, Series], detector: str, seed: int, steps: int) -> list[dict[str, Any]]:
    """The paper to the letter: a row for real anomalies, one for generated ones, and one for more of them."""
    rows = []
    for name, (x, y) in training_sets(data, seed).items():
        learnt = DETECTORS[detector](x, seed, steps)
        value = threshold(learnt.own, y)
        found = figures(data[TESTED], learnt.score(data[TESTED][0]), value)
        rows.append({"detector": detector, "anomalies": name, "file": TESTED, "seed": seed, **found})
    return rows


def cycles(data: dict[str, Series], detector: str, seed: int, steps: int) -> list[dict[str, Any]]:
    """All normal cycles learnt: rows for real and for three sorts of generated anomalies, in each file."""
    normal = normal_cycles(data)
    learnt = DETECTORS[detector](normal, seed, steps)
    none = np.zeros(len(normal), np.int8)
    rows = []
    for tested in FILES:
        _, sick = shuttle.cycles(shuttle.others_than(data, tested))
        real = shuttle.joined([(normal, none), *sick])
        duration = lengths(data, tested)
        sets = {"real": real} | {
            name: shuttle.generated(normal, kind, ROWS, 0.1, duration, seed) for name, kind in GENERATED.items()
        }
        scores = learnt.score(data[tested][0])
        for name, (x, y) in sets.items():
            found = figures(data[tested], scores, threshold(learnt.score(x), y))
            rows.append({"detector": detector, "anomalies": name, "file": tested, "seed": seed, **found})
    return rows


PROTOCOLS = {"letter": letter, "cycles": cycles}


def summary(rows: list[dict[str, Any]]) -> list[dict[str, report.Cell]]:
    """Mean over files and seeds, ± the standard deviation of the seeds' means; events summed over the files."""
    table: list[dict[str, report.Cell]] = []
    for detector, name in dict.fromkeys((r["detector"], r["anomalies"]) for r in rows):
        mine = [r for r in rows if (r["detector"], r["anomalies"]) == (detector, name)]
        shown = {key: shuttle.over_seeds(mine, key) for key in FIGURES}
        events = sum(r["of"] for r in mine if r["seed"] == min(r["seed"] for r in mine))
        table.append({"detector": detector, "anomalies": name, **shown, "of": events})
    return table


def against(rows: list[dict[str, Any]]) -> list[dict[str, report.Cell]]:
    """In how many seeds generated anomalies are above and below the real ones, and Wilcoxon's p."""
    from scipy.stats import wilcoxon

    table: list[dict[str, report.Cell]] = []
    for detector, name in dict.fromkeys((r["detector"], r["anomalies"]) for r in rows if r["anomalies"] != "real"):
        line: dict[str, report.Cell] = {"detector": detector, "anomalies": name}
        for key in ("recall", "precision", "F1", "F0.1", "events", FIGURES[-1]):
            by_seed = []
            for seed in sorted({r["seed"] for r in rows}):
                pair = [
                    np.mean([float(r[key]) for r in rows
                             if (r["detector"], r["anomalies"], r["seed"]) == (detector, which, seed)])
                    for which in (name, "real")
                ]  # fmt: skip
                by_seed.append(pair[0] - pair[1])
            gap = np.round(by_seed, 12)
            p = float(wilcoxon(gap, zero_method="zsplit").pvalue) if gap.any() else 1.0
            line[key] = f"{(gap > 0).sum()} / {(gap < 0).sum()}, p = {p:.3f}"
        table.append(line)
    return table


def run(data: dict[str, Series], protocol: str, detector: str, seeds: int, steps: int) -> list[dict[str, Any]]:
    """All seeds of a protocol."""
    rows = []
    for seed in range(seeds):
        started = time.process_time()
        rows += PROTOCOLS[protocol](data, detector, seed, steps)
        print(f"{protocol}, {detector}, seed {seed}: {time.process_time() - started:.1f} CPU s", flush=True)
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.figure4",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where TEK14_labeled.csv and its like are")
    parser.add_argument("--out", type=Path, default=Path("out/figure4"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2400, help="of training LSTM-AD")
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--detectors", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    given = parser.parse_args(arguments)
    from paranom_rs.deep.devices import build

    data = shuttle.read(given.folder)
    parts = {}
    for protocol in given.protocols:
        rows = [
            row for name in given.detectors for row in run(data, protocol, name, given.seeds, given.steps)
        ]  # fmt: skip
        parts[f"{protocol}: figures"] = report.table([*shuttle.PAPER, *summary(rows)])
        parts[f"{protocol}: generated against real, seeds above / below"] = report.table(against(rows))
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / f"{protocol}.json").write_text(json.dumps(rows), encoding="utf-8")
    notes = [
        f"{given.seeds} seeds; LSTM-AD with {given.steps} steps; rows averaged by fives.",
        f"{build()}; oneDNN with {os.environ.get('ONEDNN_MAX_CPU_ISA', 'all instructions of the CPU')}.",
    ]
    report.write(given.out, "figure4", "Figure 4: real and generated anomalies", notes, parts)


if __name__ == "__main__":
    main()
