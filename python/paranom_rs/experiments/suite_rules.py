"""Learns the normal rules of the suite graded-2 from public recordings, and writes them with their sources.

``python -m paranom_rs.experiments.suite_rules --data FOLDER --out graded_2_rules.json`` reads tsbad/ and ecg/ of a
folder as `paranom_rs.experiments.recordings` describes it. The normal training rows of each recording go into
`Generator.fit` with ``method="rules"``: quantiles, spectra, patterns, levels and their lengths are kept, and no row of
the recording. The licences of these recordings permit that. SKAB is under the GPL; the UCR archive, the power demand
and the shuttle's valve state no licence: they are not learnt from, and rules like theirs are written here.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs import (
    AR1,
    ECG,
    Cosine,
    Generator,
    Normal,
    Pattern,
    RandomWalk,
    Ref,
    Rounded,
    Sine,
    Square,
    Stochastic,
)
from paranom_rs._internal.checks import Floats
from paranom_rs.experiments import recordings
from paranom_rs.generate.rule import Rule

NAB = "numenta/NAB at ea702d7, MIT"
NASA = "NASA SMAP and MSL telemetry, imperial-qore/TranAD at 7ffb98d, BSD-3-Clause"
WRITTEN = "written for the suite"
ECG_SOURCE = "MIT-BIH Arrhythmia and BIDMC Congestive Heart Failure databases, PhysioNet, ODC-By 1.0"
#: Names of learnt rules, and the number of the series in its part of TSB-AD.
UNI = {
    "facility": "001", "traffic": "006", "speed": "009", "service": "014", "requests": "025", "rover-2": "141",
    "rover-6": "145", "rover-9": "148", "orbit-2": "532", "orbit-6": "536", "orbit-8": "538", "orbit-11": "541",
    "orbit-17": "547", "orbit-19": "549",
}  # fmt: skip
MULTI = {
    "rover-all-4": "005", "rover-all-8": "009", "orbit-all-2": "145", "orbit-all-8": "151", "orbit-all-14": "157",
    "orbit-all-22": "165",
}  # fmt: skip
HEARTS = {"heart-100": ("mitdb__100_180", 1_700), "heart-15": ("chfdbchf15", 2_200)}
#: Rows on which the range and the spread of a variable are measured.
ROWS = 20_000


def learnt(folder: Path) -> Iterator[tuple[str, str, Floats]]:
    """Name, source and normal rows (n, d) of each recording that is learnt from."""
    for part, wanted in (("uni", UNI), ("multi", MULTI)):
        held = {x.name.split("_")[0]: x for x in recordings.tsbad(folder, part)}
        for name, number in wanted.items():
            x = held[number]
            yield name, NAB if x.source == "NAB" else NASA, x.X[: x.train][x.y[: x.train] == 0]
    for name, (file, rows) in HEARTS.items():
        yield name, ECG_SOURCE, np.loadtxt(folder / "ecg" / f"{file}.txt")[:rows, 1:3]


def written() -> dict[str, dict[str, Rule]]:
    """Normal rules that were written by hand: what recordings without a clear licence are like."""
    day, week = [0, 0, 0, 0.1, 0.8, 1, 0.95, 0.9, 0.3, 0.1, 0, 0], [1, 1, 1, 1, 1, 0.2, 0.1]
    cycle = [0, 0, 0.2, 3.5, 4, 3.8, 3.7, 3.6, 3.6, -1.5, -0.8, -0.3, -0.1, 0, 0, 0, 0, 0, 0, 0]
    pulse = [0, 0.3, 0.9, 1, 0.7, 0.45, 0.5, 0.35, 0.2, 0.1]
    slow = Cosine(period=911.0, amplitude=0.2) + 1.0
    valve: dict[str, Rule] = {
        "vibration": Normal(0.03, 0.0005) + RandomWalk(std=0.00001),
        "vibration_2": Ref("vibration") * 1.4 + Normal(0.0, 0.0006),
        "current": AR1(phi=0.3, std=0.25, mean=1.0),
        "pressure": Rounded(Normal(0.05, 0.25), step=0.328),
        "temperature": AR1(phi=0.9995, std=0.6, mean=80.0) + Normal(0.0, 0.05),
        "thermocouple": Ref("temperature", lag=30) * 0.3 + Normal(2.0, 0.02),
        "voltage": Normal(230.0, 9.0),
        "flow": Rounded(Normal(32.0, 0.5), step=1.0),
    }
    return {
        "week": {
            "x": Pattern(day, period=96.0) * Pattern(week, period=672.0, held=True) * 600.0 + AR1(0.9, 25.0) + 700.0
        },
        "cycle": {"x": Pattern(cycle, period=500.0) + Normal(0.0, 0.04)},
        "pressure": {"x": Pattern(pulse, period=61.3) * slow * 40.0 + AR1(0.95, 1.0) + 80.0},
        "beat": {"x": ECG(period=71.0) * slow + Sine(period=803.0, amplitude=0.1) + Normal(0.0, 0.03)},
        "machine": {"x": Square(period=331.0, amplitude=1.0, duty=0.6) * slow + AR1(0.97, 0.12)},
        "valve": valve,
    }


def generator_of(rules: dict[str, Rule]) -> Generator:
    """The generator of written rules."""
    return Generator({name: Stochastic(normal=rule) for name, rule in rules.items()})


def entry(source: str, generator: Generator) -> dict[str, Any]:
    """What the file holds of a normal rule."""
    rows = generator.generate(ROWS).X
    sizes = {"low": rows.min(axis=0), "high": rows.max(axis=0), "spread": rows.std(axis=0)}
    variables = generator.to_spec()["variables"]
    return {"source": source, "variables": shorter(variables)} | {
        name: [float(f"{x:.6g}") for x in values] for name, values in sizes.items()
    }


def shorter(rule: Any) -> Any:
    """The rule with six digits of quantiles and patterns; weights must sum to 1, so they stay."""
    if isinstance(rule, dict):
        short = {"quantiles"} | ({"values"} if rule.get("kind") == "pattern" else set())
        return {
            name: [float(f"{x:.6g}") for x in part] if name in short else shorter(part) for name, part in rule.items()
        }
    return [shorter(part) for part in rule] if isinstance(rule, list | tuple) else rule


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m paranom_rs.experiments.suite_rules",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("graded_2_rules.json"))
    given = parser.parse_args(arguments)
    rules = {}
    for name, source, rows in learnt(given.data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rules[name] = entry(source, Generator.fit(rows, method="rules").generator)
        print(f"{name}: {rows.shape[0]} rows of {rows.shape[1]} channels", flush=True)
    for name, made in written().items():
        rules[name] = entry(WRITTEN, generator_of(made))
    given.out.write_text(json.dumps({"rules": rules}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
