"""Whether detectors rank on generated rows with generated anomalies as they do on real labelled rows.

``python -m paranom_rs.experiments.fit_ranks FOLDER`` reads labelled recordings, fits a generator to the normal rows of
each, adds anomalies, the varied set and those that `Generator.fit` learns from the labelled rows, and scores real and
generated rows with simple detectors that learnt from the same normal rows. It prints each detector's mean VUS-PR on all
three, and Spearman's correlations of those on real rows with the others.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics import vus
from paranom_rs.experiments.recordings import SETS, Task
from paranom_rs.generate.generator import Generator

__all__ = ["main"]

WINDOW, MOST_ROWS, MADE_ROWS, MOST_TASKS = 16, 5000, 20_000, 4
Score = Callable[[Floats], Floats]


def windows(x: Floats) -> Floats:
    """Return the window that ends in each row, flat; the first rows have that of the first whole one."""
    view = sliding_window_view(x, WINDOW, axis=0)
    flat = view.reshape(len(view), -1)
    return np.concatenate([np.repeat(flat[:1], WINDOW - 1, axis=0), flat])


def detectors(train: Floats) -> dict[str, Score]:
    """Return scores of rows, learnt from normal rows (n, d)."""
    mean, std = train.mean(axis=0), train.std(axis=0) + 1e-9
    change = np.diff(train, axis=0).std(axis=0) + 1e-9
    flat = windows((train - mean) / std)[WINDOW:]
    some = flat[:: max(len(flat) // 2000, 1)]
    few = min(5, *some.shape)
    pca, forest = PCA(few).fit(some), IsolationForest(random_state=0).fit(some)
    near = NearestNeighbors(n_neighbors=1).fit(some)

    def told(x: Floats) -> Floats:
        return windows((x - mean) / std)

    def left(x: Floats) -> Floats:
        seen = told(x)
        squared: Floats = np.square(seen - pca.inverse_transform(pca.transform(seen))).sum(axis=1)
        return squared

    def spread(x: Floats) -> Floats:
        found: Floats = told(x).reshape(len(x), -1, WINDOW).std(axis=2).max(axis=1)
        return found

    return {
        "distance from the mean": lambda x: np.abs((x - mean) / std).max(axis=1),
        "change": lambda x: np.abs(np.diff(x, axis=0, prepend=x[:1]) / change).max(axis=1),
        "moving spread": spread,
        "still": lambda x: -spread(x),
        "PCA of windows": left,
        "isolation forest of windows": lambda x: -forest.score_samples(told(x)),
        "nearest window": lambda x: near.kneighbors(told(x))[0][:, 0],
    }


def precisions(task: Task, x: Floats, y: NDArray[np.int8]) -> dict[str, float]:
    """Return VUS-PR of each detector on rows and their labels."""
    return {name: vus(y, score(x), window=WINDOW, thresholds=60).pr for name, score in detectors(task.train).items()}


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    warnings.simplefilter("ignore", UserWarning)
    found: dict[str, list[dict[str, float]]] = {"real": [], "varied anomalies": [], "learnt anomalies": []}
    for of in SETS.values():
        for number, (_, task) in enumerate(of(folder)):
            if number >= MOST_TASKS:
                break
            normal = np.concatenate([task.train, task.test])
            labels = np.concatenate([np.zeros(len(task.train), np.int8), task.y])
            learnt = Generator.fit(normal, labels=labels, anomalies="learn").generator
            varied = Generator.from_source(learnt.source.without_anomalies()).with_anomalies()
            # As many real rows, around the labelled ones.
            first = max(0, int(np.flatnonzero(task.y)[0]) - MOST_ROWS // 2)
            rows = slice(first, first + MOST_ROWS)
            found["real"].append(precisions(task, task.test[rows], task.y[rows]))
            for name, generator in (("varied anomalies", varied), ("learnt anomalies", learnt)):
                twin = generator.generate(MADE_ROWS, start=10**6)
                found[name].append(precisions(task, twin.X, twin.y))
    means = {
        which: {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} for which, rows in found.items()
    }
    print(f"| detector | {' | '.join(means)} |\n|---|---|---|---|")
    for name in means["real"]:
        print(f"| {name} | {' | '.join(f'{scores[name]:.3f}' for scores in means.values())} |")
    print(f"\n{len(found['real'])} recordings; Spearman's correlation of the ranks with those on real rows:")
    for which, scores in means.items():
        print(f"{which}: {spearmanr(list(means['real'].values()), list(scores.values())).statistic:.2f}")


if __name__ == "__main__":
    main()
