"""Quality of RAMP on published data: ``python benches/peers/ramp_quality.py DATA`` prints the table of docs/ramp.md.

DATA holds ramp/ (the data of the published program), skab/valve1/, nab/ and ucr/; what is missing is skipped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from paranom_rs import RAMP
from paranom_rs.detect.ramp_replay import replay


def runs(labels: np.ndarray) -> list[tuple[int, int]]:
    """Instances as (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], labels, [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def judged(labels: np.ndarray, flags: np.ndarray) -> str:
    p, r, f, _ = precision_recall_fscore_support(labels, flags, average="binary", zero_division=0)
    hit = sum(flags[a:b].any() for a, b in runs(labels))
    return f"P {p:.3f}  R {r:.3f}  F1 {f:.3f}  instances {hit}/{len(runs(labels))}"


def ramp_data(data: Path) -> Iterator[tuple[str, str]]:
    for name, m, M, theta, starts, stem in (
        ("toy", 5, 60, 0.2, (0,), "toy"),
        ("interleaved", 5, 200, 0.5, (0, 516, 767), "sciflow"),
    ):
        source = data / f"{'toy_dataset' if stem == 'toy' else 'sciflow_data'}.txt"
        rows = [line.split()[:3] for line in source.read_text().splitlines() if line.strip()]
        X = np.array(rows, float)
        labels = np.loadtxt(data / f"{stem}_truth_labels.txt", dtype=int)
        n = min(len(X) - m, len(labels))
        labels = labels[:n]
        for feedback in (True, False):
            how = f"feedback {'yes' if feedback else 'no'}"
            flags = replay(
                X.T,
                window=m,
                reference=M,
                threshold=theta,
                bias=0.85,
                start_index=starts,
                labels=np.append(labels, np.zeros(len(X))) if feedback else None,
            )[0]
            yield f"{name}, author mode, {how}", judged(labels, flags[:n])
            for what, options in (
                ("default mode", {"scale": "relative", "threshold": theta}),
                ("default mode, scale std, threshold at the 90 % quantile", {"threshold": 1.0}),
            ):
                settings = {"window": m, "reference": M, "bias": 0.85} | options
                ramp = RAMP(3, processes="infer" if len(starts) > 1 else None, **settings)
                if "quantile" in what:
                    # An operator's view: the threshold that flags a tenth of the windows without training, of
                    # the part that is one process.
                    ramp.calibrate(X[: starts[1]] if len(starts) > 1 else X, quantile=0.9)
                flags = np.zeros(n, int)
                for i, x in enumerate(X):
                    if i in starts[1:]:
                        ramp.add_process()
                    d = ramp.update(x)
                    if d is None or d.start >= n:
                        continue
                    flags[d.start] = d.is_anomaly
                    if feedback and d.is_anomaly:
                        word = "true_positives" if labels[d.start] else "false_positives"
                        ramp.feedback(**{word: [d.time]})
                yield f"{name}, {what}, {how}", judged(labels, flags)


def skab(data: Path) -> Iterator[tuple[str, str]]:
    for scale in ("std", "mad", "relative", "none"):
        areas = []
        for path in sorted(data.glob("*.csv")):
            table = pd.read_csv(path, sep=";")
            labels = table.pop("anomaly").to_numpy()
            X = table.drop(columns=["datetime", "changepoint"]).to_numpy(float)
            ramp = RAMP(X.shape[1], window=10, reference=300, threshold=1.0, scale=scale, p_limit=0.0)
            score = ramp.score(X).score
            ready = ~np.isnan(score)
            areas.append(roc_auc_score(labels[ready], score[ready]))
        yield f"SKAB valve1, scale {scale}", f"mean ROC AUC {np.mean(areas):.3f} over {len(areas)} files"


def nab(data: Path) -> Iterator[tuple[str, str]]:
    table = pd.read_csv(data / "machine_temperature_system_failure.csv")
    times = pd.to_datetime(table["timestamp"])
    key = "realKnownCause/machine_temperature_system_failure.csv"
    windows = json.loads((data / "combined_windows.json").read_text())[key]
    labels = np.zeros(len(table), int)
    for start, stop in windows:
        labels[(times >= start) & (times <= stop)] = 1
    X = table[["value"]].to_numpy(float)
    day = 288  # samples, one per five minutes
    probation = int(0.15 * len(X))  # NAB lets detectors learn on it
    for refresh in ("never", "sliding", "clean"):
        settings = {"window": 48, "reference": 7 * day, "min_gap": day // 2, "refresh": refresh}
        ramp = RAMP(1, threshold=1.0, **settings)
        ramp.calibrate(X[:probation], quantile=1.0)
        found = ramp.score(X)
        begins = np.flatnonzero(np.diff(found.alarm.astype(int), prepend=0) == 1)
        begins = begins[begins >= probation]
        hit = sum(found.is_anomaly[a:b].any() for a, b in runs(labels))
        ready = ~np.isnan(found.score)
        area = roc_auc_score(labels[ready], found.score[ready])
        false = int((labels[begins] == 0).sum())
        yield (
            f"NAB machine temperature, refresh {refresh}",
            f"{hit}/{len(windows)} windows hit, {false} of {len(begins)} alarms outside, ROC AUC {area:.3f}",
        )


def ucr(data: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(data.glob("*.txt")):
        train, start, stop = map(int, path.stem.split("_")[-3:])
        X = np.loadtxt(path).reshape(-1, 1)
        ramp = RAMP(1, window=25, reference=train, threshold=1.0, p_limit=0.0)
        found = ramp.score(X)
        at = int(np.nanargmax(found.score)) - 12  # the middle of the window
        hit = start - 100 <= at <= stop + 100
        yield f"UCR {path.stem.split('_')[3]}", f"top-1 at {at}, truth {start}-{stop}: {'hit' if hit else 'miss'}"


def main() -> None:
    data = Path(sys.argv[1])
    for folder, part in (("ramp", ramp_data), ("skab/valve1", skab), ("nab", nab), ("ucr", ucr)):
        if not (data / folder).exists():
            print(f"{folder}: not there, skipped")
            continue
        for name, result in part(data / folder):
            print(f"| {name} | {result} |", flush=True)


if __name__ == "__main__":
    main()
