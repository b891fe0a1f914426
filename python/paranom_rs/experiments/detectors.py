"""All detectors side by side, on generated data of graded difficulty and on real data.

Each detector sees normal training data and scores a test series; nothing is tuned on the test. F1 is at the
99 % quantile of the scores of the training data. VUS-PR has a buffer of 100 rows. Seconds are of CPU, for
fitting and scoring.

--data names a folder with nab/, shuttle/, skab/ and ucr/ in it; without it only generated data are used.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics import evaluate
from paranom_rs.experiments import recordings, report
from paranom_rs.experiments.recordings import Task

WINDOW = 60


def generated(seed: int) -> Iterator[tuple[str, Task]]:
    """Two coupled waves; anomalies from far outside the range to hardly visible."""
    from paranom_rs import Anomaly, Choice, Drift, Flatline, Generator, Noise, Normal, Scale, Shift, Sine, Stochastic

    def plant(anomalies: list[Any]) -> Any:
        wave = Sine(period=50) + Normal(0.0, 0.1)
        slow = Sine(period=50, amplitude=0.7) * Sine(period=610) + Normal(0.0, 0.1)
        variables = {"a": Stochastic(normal=wave), "b": Stochastic(normal=slow)}
        return Generator(variables, anomalies=anomalies or None, seed=seed)

    train = plant([]).generate(6_000).X
    grades = {
        "easy": {"shift": Shift(Choice([-4.0, 4.0])), "scale": Scale(4.0)},
        "medium": {"shift": Shift(Choice([-1.0, 1.0])), "stuck": Flatline(), "drift": Drift(Choice([-2.0, 2.0]))},
        "hard": {"shift": Shift(Choice([-0.3, 0.3])), "scale": Scale(0.7), "noise": Noise(0.15)},
    }
    for grade, kinds in grades.items():
        anomalies = [
            Anomaly(frequency=0.03 / len(kinds), duration=(30, 120), name=kind, values={"a": rule})
            for kind, rule in kinds.items()
        ]
        # The training rows are the first of the same stream: the test begins behind them.
        data = plant(anomalies).generate(20_000, start=6_000)
        yield f"generated, {grade}", Task(train, data.X, data.y)


def real(folder: Path) -> Iterator[tuple[str, Task]]:
    """The sets of the folder that are there."""
    for name, task in recordings.nab(folder):
        yield f"NAB {name}", task
    for name, task in recordings.shuttle(folder):
        if name == "TEK14":
            yield f"shuttle {name}", task
    if (folder / "skab").exists():
        # Of another day than the run that is scored: harder than to learn from its first rows.
        normal = np.loadtxt(
            folder / "skab" / "anomaly-free" / "anomaly-free.csv", delimiter=";", skiprows=1, usecols=range(1, 9)
        )
        tested = np.loadtxt(folder / "skab" / "valve1" / "1.csv", delimiter=";", skiprows=1, usecols=range(1, 10))
        yield "SKAB valve1/1", Task(normal, tested[:, :8], tested[:, 8].astype(np.int8))
    for name, task in recordings.ucr(folder):
        yield f"UCR {name}", task


Detect = Callable[[Task, int], tuple[Floats, Floats]]
"""From a task and a seed to the scores of the training and of the test rows."""


def z_score(task: Task, seed: int) -> tuple[Floats, Floats]:
    """The largest deviation of a channel from its training mean, in standard deviations."""
    mean, scale = task.train.mean(axis=0), np.maximum(task.train.std(axis=0), 1e-12)
    return tuple(np.abs((x - mean) / scale).max(axis=1) for x in (task.train, task.test))


def left_profile(task: Task, seed: int) -> tuple[Floats, Floats]:
    """The left matrix profile: the distance of the window that ends at a row from the nearest one before it."""
    from paranom_rs import StreamingMatrixProfile

    rows = np.concatenate([task.train, task.test])
    stream = StreamingMatrixProfile(WINDOW, len(rows), rows.shape[1])
    scores = stream.update_many(rows).reshape(len(rows), -1)[:, -1]
    # The first half of the training rows has little to be compared with.
    return scores[len(task.train) // 2 : len(task.train)], scores[len(task.train) :]


def ramp(task: Task, seed: int) -> tuple[Floats, Floats]:
    """RAMP without feedback or self-training: the distance to the nearest pattern of the reference."""
    from paranom_rs import RAMP

    size = 20
    reference = min(1000, len(task.train) // 2)
    detector = RAMP(task.train.shape[1], window=size, reference=reference, threshold=1e9, p_limit=0.0)
    scores = detector.score(np.concatenate([task.train, task.test])).score
    train, test = scores[: len(task.train)], scores[len(task.train) :]
    return train[~np.isnan(train)], test


def autoencoder(**params: Any) -> Detect:
    """An autoencoder with these parameters, scores per row."""

    def detect(task: Task, seed: int) -> tuple[Floats, Floats]:
        from paranom_rs.deep import RNNAutoencoder

        det = RNNAutoencoder(window=WINDOW, stride=10, random_state=seed, verbose=False, **params).fit(task.train)
        return det.decision_scores_, det.decision_function(task.test)

    return detect


def lstm_ad(task: Task, seed: int) -> tuple[Floats, Floats]:
    """LSTM-AD with its default settings."""
    from paranom_rs.deep import LSTMAD

    det = LSTMAD(random_state=seed, verbose=False).fit(task.train)
    return det.decision_scores_, det.decision_function(task.test)


DETECTORS: dict[str, Detect] = {
    "z-score": z_score,
    "left matrix profile": left_profile,
    "RAMP": ramp,
    "RNN autoencoder, latent": autoencoder(cell="rnn", scoring_mode="latent"),
    "GRU autoencoder, latent": autoencoder(cell="gru", scoring_mode="latent"),
    "LSTM autoencoder, latent": autoencoder(cell="lstm", scoring_mode="latent"),
    "LSTM autoencoder, both": autoencoder(cell="lstm", scoring_mode="both"),
    "LSTM autoencoder, reconstruction": autoencoder(cell="lstm", scoring_mode="reconstruction"),
    "LSTM-AD": lstm_ad,
}


def run(tasks: list[tuple[str, Task]], detectors: dict[str, Detect], seed: int) -> list[dict[str, Any]]:
    """One row of figures for each task and detector."""
    rows = []
    for task_name, task in tasks:
        for name, detect in detectors.items():
            started = time.process_time()
            train, test = detect(task, seed)
            seconds = time.process_time() - started
            found = evaluate(task.y, scores=test, threshold=float(np.quantile(train, 0.99)))
            assert found.f is not None
            rows.append(
                {
                    "data": task_name, "detector": name, "VUS-PR": found.vus_pr, "ROC AUC": found.roc_auc,
                    "F1": found.f[1.0], "CPU s": round(seconds, 2),
                }
            )  # fmt: skip
        print(f"{task_name}: done", flush=True)
    return rows


def grid(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Detectors down, data across, and the mean."""
    table: dict[str, dict[str, Any]] = {}
    for row in rows:
        table.setdefault(row["detector"], {"detector": row["detector"]})[row["data"]] = row[key]
    for line in table.values():
        line["mean"] = float(np.mean([v for v in line.values() if not isinstance(v, str)]))
    return list(table.values())


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """VUS-PR as a grid of colours."""
    import matplotlib.pyplot as plt

    lines = grid(rows, "VUS-PR")
    columns = [c for c in lines[0] if c != "detector"]
    values = np.array([[line[c] for c in columns] for line in lines])
    figure, ax = plt.subplots(figsize=(1.1 * len(columns) + 3.2, 0.5 * len(lines) + 2), layout="constrained")
    ax.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.6 else "black")
    ax.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
    ax.set_yticks(range(len(lines)), [line["detector"] for line in lines])
    ax.set_title("VUS-PR")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.detectors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/detectors"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(DETECTORS), default=list(DETECTORS), metavar="DETECTOR")
    given = parser.parse_args(arguments)
    tasks = list(generated(given.seed)) + (list(real(given.data)) if given.data else [])
    rows = run(tasks, {k: DETECTORS[k] for k in given.only}, given.seed)
    notes = [
        f"Seed {given.seed}. Threshold: the 99 % quantile of the training scores.",
        "One run each: differences of a few hundredths mean nothing.",
    ]
    parts = {f"{key}": report.table(grid(rows, key)) for key in ("VUS-PR", "F1", "ROC AUC", "CPU s")}
    report.write(given.out, "detectors", "Detectors side by side", notes, parts)
    picture(rows, given.out / "detectors.png")


if __name__ == "__main__":
    main()
