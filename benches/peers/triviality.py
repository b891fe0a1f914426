"""How many events one line of code finds: GutenTAG's published benchmark beside our suite, by the same one-liners.

    pip install timeeval-gutentag==1.5.0      # in an environment of its own: it brings an older NumPy
    python benches/peers/triviality.py benchmark-datasets.yaml

The file is generation_configs/benchmark-datasets.yaml of GutenTAG's repository. Its series of one channel and one
anomaly are taken (107), generated with seed 42. The rule is the same for all: `triviality(X, y)` on the rows as they
are delivered, without a clean copy. The second line has what `Generator.from_gutentag` makes of the same configuration.
Rows that differ from the clean copy (the same seed without the anomaly) without a label are counted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import yaml
from gutenTAG import GutenTAG

from paranom_rs import Generator, one_liners, triviality
from paranom_rs.suites import load
from paranom_rs.suites.graded_1 import GRADES

SEED = 42


class Made(NamedTuple):
    """Values (n, d), labels (n,), and the values without the anomaly."""

    X: np.ndarray
    y: np.ndarray
    clean: np.ndarray


def published(path: Path) -> dict[str, Any]:
    """The configuration, less the series of several channels or anomalies and the training parts."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    series = [x for x in config["timeseries"] if x.get("channels", 1) == 1 and len(x["anomalies"]) == 1]
    return {"timeseries": [x | {"semi-supervised": False, "supervised": False} for x in series]}


def gutentag(config: dict[str, Any]) -> list[Made]:
    """What GutenTAG makes; its clean copy is the same configuration and seed without the anomaly."""
    bare = {"timeseries": [x | {"anomalies": []} for x in config["timeseries"]]}
    made, clean = (GutenTAG(seed=SEED).load_config_dict(x).generate(return_timeseries=True) for x in (config, bare))
    values = [[x.timeseries.filter(like="value").to_numpy() for x in side] for side in (made, clean)]
    return [
        Made(x, series.timeseries["is_anomaly"].to_numpy(), twin)
        for x, series, twin in zip(values[0], made, values[1], strict=True)
    ]


def imported(config: dict[str, Any]) -> list[Made]:
    """What our reading of the configuration makes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "single.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        made = [x.generator.generate(x.rows) for x in Generator.from_gutentag(path, seed=SEED)]
    return [Made(x.X, x.y, x.clean.X) for x in made]


def line(name: str, made: list[Made]) -> str:
    found = np.concatenate([triviality(x.X, x.y) for x in made])
    shares = found.mean(axis=0)
    best = int(shares.argmax())
    most = f"{shares[best]:.1%} ({one_liners()[best]})"
    unlabelled = sum(int((((x.clean != x.X) & ~np.isnan(x.X)).any(axis=1) & (x.y == 0)).sum()) for x in made)
    return f"{name:34} {len(found):7} {most:>30} {found.any(axis=1).mean():8.1%} {unlabelled:26,}"


def main() -> None:
    config = published(Path(sys.argv[1]))
    print(f"{'':34} {'events':>7} {'found by the best one-liner':>30} {'by any':>8} {'rows changed, not labelled':>26}")
    print(line("GutenTAG 1.5.0, its benchmark", gutentag(config)))
    print(line("the same, read by from_gutentag", imported(config)))
    suite = load("graded-1")
    for grade in GRADES:
        series = [x for x in suite.values() if x.grade == grade]
        print(line(f"graded-1, {grade}", [Made(x.test, x.y, x.data.clean.X) for x in series]))


if __name__ == "__main__":
    main()
