"""The pump of the article: RNN, GRU and LSTM autoencoders, light and deep, plain and variational.

``sensor.csv`` is Kaggle's "pump sensor data" (columns timestamp, sensor_02, machine_status); a .gz of it is
fine too. The protocol is the article's: scaler fitted on normal data, windows of 60 minutes every 45, only
wholly normal and wholly anomalous ones, 85 / 5 / 10 % of the normal ones for training, validation and test,
threshold at the 90 % quantile of the training scores. Its windows overlap, so neighbours can fall on both
sides of the split.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.evaluate.metrics import evaluate
from paranom_rs.experiments import report

SCORES = ("latent", "reconstruction")


def read(path: Path, column: str = "sensor_02") -> tuple[Floats, NDArray[np.int8]]:
    """The sensor (n,), NaN where a value is missing, and 1 where the machine's status is not NORMAL."""
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        lines = csv.reader(file)
        header = next(lines)
        value, status = header.index(column), header.index("machine_status")
        pairs = [(line[value], line[status]) for line in lines]
    x = np.array([float(v) if v else np.nan for v, _ in pairs])
    return x, np.array([s != "NORMAL" for _, s in pairs], dtype=np.int8)


def run(
    x: Floats, y: NDArray[np.int8], *, seed: int, epochs: int, variants: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One row of figures for each variant and score, and for each baseline."""
    from paranom_rs.deep import Baselines, RNNAutoencoder, windows

    cut = windows(x, y)
    split = cut.split(seed=seed)
    data = cut.data
    tested = np.concatenate([split.test, split.anomalous])
    truth = np.repeat([0, 1], [len(split.test), len(split.anomalous)])

    def figures(name: str, score: str, train: Floats, test: Floats, **more: Any) -> dict[str, Any]:
        found = evaluate(truth, scores=test, threshold=float(np.quantile(train, 0.90)), window=0)
        assert found.confusion is not None
        assert found.f is not None
        counts = dict(zip(("TP", "FP", "TN", "FN"), found.confusion, strict=True))
        return {
            "model": name, "score": score, **counts, "accuracy": found.accuracy, "precision": found.precision,
            "recall": found.recall, "F1": found.f[1.0], "ROC AUC": found.roc_auc, **more,
        }  # fmt: skip

    rows = []
    for variant in variants:
        depth = "light" if variant["num_layers"] == 1 else "deep"
        name = f"{variant['cell'].upper()} {depth}{' VAE' if variant['variational'] else ''}"
        det = RNNAutoencoder(**variant, epochs=epochs, random_state=seed, scoring_mode="latent")
        det.fit(data[split.train], validation=data[split.validation])
        for score in SCORES:
            # Training does not depend on the score.
            det.set_params(scoring_mode=score)
            rows.append(
                figures(
                    name,
                    score,
                    det.decision_function(data[split.train]),
                    det.decision_function(data[tested]),
                    **{
                        "loss": min(det.history_["validation"]),
                        "s/epoch": float(np.median(det.history_["seconds"])),
                    },
                )
            )
        print(f"{name}: F1 latent {rows[-2]['F1']:.3f}, reconstruction {rows[-1]['F1']:.3f}", flush=True)
    started = time.perf_counter()
    base = Baselines(random_state=seed).fit(data[split.train])
    seconds = time.perf_counter() - started
    train, test = base.scores(data[split.train]), base.scores(data[tested])
    rows += [figures(k, "baseline", train[k], test[k], **{"s/epoch": seconds}) for k in train]
    return rows


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """F1 and ROC AUC of every model, beside the best baseline."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(r["model"] for r in rows if r["score"] != "baseline"))
    figure, axes = plt.subplots(1, 2, figsize=(11, 0.32 * len(names) + 2.0), sharey=True, layout="constrained")
    for ax, key in zip(axes, ("F1", "ROC AUC"), strict=True):
        for score, marker in zip(SCORES, "os", strict=True):
            chosen = {r["model"]: r[key] for r in rows if r["score"] == score}
            ax.plot([chosen[n] for n in names], range(len(names)), marker, label=score)
        best = max((r for r in rows if r["score"] == "baseline"), key=lambda r: r[key])
        ax.axvline(best[key], color="grey", linestyle=":", label=f"best baseline: {best['model']}")
        ax.set(xlabel=key, yticks=range(len(names)), yticklabels=names)
        ax.grid(axis="x", alpha=0.3)
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    axes[0].invert_yaxis()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m paranom_rs.experiments.pump", description=__doc__)
    parser.add_argument("file", type=Path, help="sensor.csv, or a .gz of it")
    parser.add_argument("--out", type=Path, default=Path("out/pump"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"])
    parser.add_argument("--layers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rows", type=int, help="only the first so many rows")
    given = parser.parse_args(arguments)
    x, y = read(given.file)
    x, y = x[: given.rows], y[: given.rows]
    variants = [
        {"cell": c, "num_layers": n, "variational": v}
        for v, c, n in itertools.product([False, True], given.cells, given.layers)
    ]
    rows = run(x, y, seed=given.seed, epochs=given.epochs, variants=variants)
    notes = [
        f"{given.file.name}: {len(x)} rows, {int(y.sum())} not normal. Seed {given.seed}, {given.epochs} epochs.",
        "Batches of 64, windows of 60 every 45, threshold at the 90 % quantile of the training scores."
        " That quantile makes about a tenth of the normal test windows false alarms, so F1 cannot pass about 0.93.",
    ]
    if "SEMIREAL" in given.file.name:
        notes.insert(
            0,
            "**The labels are exact, the values semi-real**: digitised from a plot, not the file of Kaggle.",
        )
    report.write(given.out, "pump", "Pump: autoencoders", notes, {"Results": report.table(rows)})
    picture(rows, given.out / "pump.png")


if __name__ == "__main__":
    main()
