"""How like real recordings generated rows are, and how fast they come; docs/fit.md has the figures.

``python -m paranom_rs.experiments.fit FOLDER`` reads the recordings below a folder with nab/, shuttle/, skab/, ucr/,
ecg/, power_demand/, and prints tables. None of them comes with the package; what is not there is left out.
``--floors`` fits each file of the folder instead (also those of tsbad/ and pump/), with three seeds, and says which
figures are worse than they should be.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.fitted import Fitted
from paranom_rs.generate.fit.likeness import channel_likeness, copied_share, correlation_error, separability
from paranom_rs.generate.generator import Generator

__all__ = ["main", "recordings"]


def recordings(folder: Path) -> Iterator[tuple[str, Floats]]:
    """Give the name and the rows (n, d) of each recording that is there."""
    path = folder / "skab" / "anomaly-free" / "anomaly-free.csv"
    if path.exists():
        with path.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))[1:]
        yield "SKAB, anomaly-free, 8 channels", np.array([[float(x) for x in row[1:9]] for row in rows])
    path = folder / "nab" / "machine_temperature_system_failure.csv"
    if path.exists():
        with path.open(newline="") as file:
            values = [float(row["value"]) for row in csv.DictReader(file)]
        yield "machine temperature", np.array(values[4000:16000])[:, None]
    for name, part, most, columns in (
        ("power demand", "power_demand/power_data.txt", None, slice(None)),
        ("shuttle TEK17", "shuttle/TEK17.txt", 2000, slice(None)),
        ("ECG, 2 channels", "ecg/mitdb__100_180.txt", None, slice(1, None)),
        ("UCR 135", "ucr/135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt", 1200, slice(None)),
    ):
        if (folder / part).exists():
            x = np.atleast_2d(np.loadtxt(folder / part, ndmin=2))
            yield name, np.ascontiguousarray((x.reshape(-1, 1) if 1 in x.shape else x)[:most, columns])


def files(folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Give the name, the path or the values, and the labels of each recording: what `Generator.fit` takes."""
    for path in sorted(folder.glob("tsbad/*/*.npz")):
        with np.load(path) as held:
            yield path.stem[:24], held["X"], held["y"]
    for path in sorted([*folder.glob("ucr/*.txt"), *folder.glob("shuttle/TEK1?.txt")]):
        yield path.stem[:12], np.loadtxt(path), None
    for path in sorted(folder.glob("ecg/*.txt")):
        yield path.stem, np.loadtxt(path)[:, 1:], None
    for path in sorted(folder.glob("skab/valve1/*.csv")):
        yield f"valve1/{path.name}", path, "anomaly"
    for pattern in ("nab/machine*.csv", "pump/*.csv.gz", "pump/kaggle_fragments/*.csv"):
        for path in sorted(folder.glob(pattern)):
            if "status" not in path.name:
                yield path.stem[:24], path, None


def floors(name: str, recording: Any, labels: Any) -> str:
    """Fit with three seeds, and return a line with the worst figures, and which of them should be better."""
    worst = dict.fromkeys(("acf", "quantiles", "correlations", "apart", "copied", "at any level"), 0.0)
    halves, methods = np.nan, set()
    for seed in range(3):
        fitted = Generator.fit(recording, labels=labels, random_state=seed)
        normal = fitted.recorded
        made = fitted.generator.generate(len(normal)).X
        a, b = filled(normal), filled(made)
        spread = a.std(axis=0)
        moving = spread > 0.0
        # Of many channels, summaries only: a classifier of thousands of columns takes minutes.
        narrow = bool(moving.sum() > 10)
        middle = len(a) // 2
        if seed == 0:
            halves = separability(a[:middle, moving], a[middle:, moving], only_summary=narrow)
        errors = [channel_likeness(normal[:, j], made[:, j]) for j in range(normal.shape[1])]
        found = {
            "acf": max(e.autocorrelation for e in errors),
            "quantiles": max(e.quantiles for e in errors),
            "correlations": correlation_error(normal, made),
            "apart": separability(a[:, moving], b[:, moving], only_summary=narrow),
            "copied": copied_share(a, b, spread),
            "at any level": copied_share(a, b, spread, at_any_level=True),
        }
        worst = {key: max(value, found[key]) for key, value in worst.items()}
        methods.add(fitted.method)
    limits = {"acf": 0.05, "quantiles": 0.02, "correlations": 0.05, "apart": max(0.65, halves + 0.05)}
    missed = ", ".join(key for key, limit in limits.items() if worst[key] > limit)
    return (
        f"| {name} | {'x'.join(map(str, normal.shape))} | {'/'.join(sorted(methods))} | {halves:.2f} "
        f"| {worst['apart']:.2f} | {worst['acf']:.3f} | {worst['quantiles']:.1%} | {worst['correlations']:.3f} "
        f"| {worst['copied']:.0%} | {worst['at any level']:.0%} | {missed or '-'} |"
    )


def likeness(name: str, x: Floats, method: str) -> str:
    """Fit, compare, and return a line of the table."""
    begin = time.process_time()
    fitted: Fitted = Generator.fit(x, method=method)  # type: ignore[arg-type]
    seconds = time.process_time() - begin
    report = fitted.report
    # What nobody can have copied: the first half's generator beside the second half.
    middle = len(x) // 2
    first = Generator.fit(x[:middle], method=fitted.method)  # type: ignore[arg-type]
    unseen = separability(x[middle:], first.generator.generate(middle).X)
    errors = report.channels.values()
    return " | ".join(
        [
            f"| {name}",
            fitted.method,
            f"{report.halves:.2f}",
            f"{report.separability:.2f}",
            f"{unseen:.2f}",
            f"{report.copied:.0%}, {report.copied_at_any_level:.0%}",
            f"{np.mean([e.autocorrelation for e in errors]):.3f}",
            f"{max(e.quantiles for e in errors):.1%}",
            f"{report.correlation:.3f}",
            f"{seconds:.1f} |",
        ]
    )


def bootstrap(name: str, x: Floats) -> str:
    """Return the line of a peer: a moving-block bootstrap, blocks of 128 rows from anywhere, one after the other."""
    starts = np.random.default_rng(0).integers(0, len(x) - 128, -(-len(x) // 128))
    made = np.concatenate([x[start : start + 128] for start in starts])[: len(x)]
    errors = [channel_likeness(x[:, j], made[:, j]) for j in range(x.shape[1])]
    return " | ".join(
        [
            f"| {name}",
            "moving-block bootstrap",
            "",
            f"{separability(x, made):.2f}",
            "",
            f"{copied_share(x, made, x.std(axis=0)):.0%}",
            f"{np.mean([e.autocorrelation for e in errors]):.3f}",
            f"{max(e.quantiles for e in errors):.1%}",
            f"{correlation_error(x, made):.3f}",
            "|",
        ]
    )


def speed() -> Iterator[str]:
    """Give lines: CPU seconds of a fit of 100,000 rows of 10 channels, and the speed of what it makes."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(100_000)[:, None] / np.linspace(10, 100, 10))
    x = wave + 0.3 * rng.normal(size=wave.shape)
    for method in ("blocks", "rules", "auto"):
        begin = time.process_time()
        fitted = Generator.fit(x, method=method)
        seconds = time.process_time() - begin
        out = {name: np.empty(1 << 19) for name in fitted.generator.names}
        fitted.generator.generate(1 << 19, out=out, threads=1)
        begin = time.process_time()
        fitted.generator.generate(1 << 19, out=out, threads=1)
        rate = 10 * (1 << 19) / (time.process_time() - begin) / 1e6
        yield f"| {method} ({fitted.method}) | {seconds:.1f} | {rate:.0f} |"


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", nargs="+", default=["auto", "rules"])
    parser.add_argument("--floors", action="store_true", help="each file with three seeds")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", UserWarning)
    if options.floors:
        print(
            "| recording | normal rows | method | halves | told apart | acf | quantiles | correlations | copied "
            "| at any level | missed |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for name, recording, labels in files(options.folder):
            print(floors(name, recording, labels), flush=True)
        return
    print(
        "| recording | method | halves | told apart | unseen half | copied, at any level | acf | quantiles "
        "| correlations | fit, s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, x in recordings(options.folder):
        for method in options.methods:
            print(likeness(name, x, method), flush=True)
        print(bootstrap(name, x), flush=True)
    print("\n| method | fit of 100,000 x 10, CPU s | M values/s, one thread |\n|---|---|---|")
    for line in speed():
        print(line, flush=True)


if __name__ == "__main__":
    main()
