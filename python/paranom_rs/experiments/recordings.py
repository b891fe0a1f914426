"""Real recordings with labels, as tasks: a folder with nab/, shuttle/, skab/, ucr/, ecg/, power_demand/ and tsbad/.

None of them comes with the package. What is not there is left out.
"""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.bench import series as public


class Task(NamedTuple):
    """Normal rows to learn from (n, d), rows to score (m, d), and their labels (m,)."""

    train: Floats
    test: Floats
    y: NDArray[np.int8]


#: First and last anomalous row (Keogh, Lin & Fu, ICDM 2005; indices as in RNN-Time-series-Anomaly-Detection).
ECG = {
    "chfdb_chf01_275": [(2330, 2600)],
    "chfdbchf15": [(2250, 2400)],
    "mitdb__100_180": [(1800, 1990)],
}
POWER = [(8254, 8998), (11348, 12143), (33883, 34601)]


def marked(rows: int, spans: Iterable[tuple[int, int]]) -> NDArray[np.int8]:
    """Labels (rows,): 1 from the first to the last row of each span."""
    y = np.zeros(rows, np.int8)
    for first, last in spans:
        y[first : last + 1] = 1
    return y


def nab(folder: Path) -> Iterator[tuple[str, Task]]:
    """NAB's machine temperature; its windows are the labels, the first 2,000 rows are learned from."""
    name = "machine_temperature_system_failure"
    path = folder / "nab" / f"{name}.csv"
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    stamps = [datetime.datetime.fromisoformat(r["timestamp"]) for r in rows]
    spans = json.loads((folder / "nab" / "combined_windows.json").read_text())[f"realKnownCause/{name}.csv"]
    y = np.zeros(len(rows), np.int8)
    for a, b in spans:
        low, high = datetime.datetime.fromisoformat(a), datetime.datetime.fromisoformat(b)
        y[[low <= s <= high for s in stamps]] = 1
    yield "machine temperature", from_prefix(np.array([[float(r["value"])] for r in rows]), y, 2000)


def shuttle(folder: Path) -> Iterator[tuple[str, Task]]:
    """NASA's Marotta valve. TEK14 has an anomaly in its second cycle, and is learned from two cycles of TEK17."""
    if not (folder / "shuttle").exists():
        return
    tek = {k: np.loadtxt(folder / "shuttle" / f"TEK{k}_labeled.csv", delimiter=",", skiprows=1) for k in (14, 16, 17)}
    series = {k: (x[:, :1], x[:, 1].astype(np.int8)) for k, x in tek.items()}
    yield "TEK14", Task(series[17][0][:2000], *series[14])
    for k in (16, 17):
        yield f"TEK{k}", from_prefix(*series[k], 2000)


def skab(folder: Path) -> Iterator[tuple[str, Task]]:
    """SKAB's valve 1, 16 runs; the first 400 rows of a run are learned from, as its authors do."""
    for path in sorted((folder / "skab" / "valve1").glob("*.csv"), key=lambda path: int(path.stem)):
        rows = np.loadtxt(path, delimiter=";", skiprows=1, usecols=range(1, 10))
        yield f"valve1/{path.stem}", from_prefix(rows[:, :8], rows[:, 8].astype(np.int8), 400)


def ucr(folder: Path) -> Iterator[tuple[str, Task]]:
    """Series of the UCR anomaly archive; the name of a file says what is learned from, and where the anomaly is."""
    for path in sorted((folder / "ucr").glob("*_UCR_Anomaly_*.txt")):
        end, first, last = (int(part) for part in path.stem.split("_")[-3:])
        x = np.loadtxt(path)[:, None]
        yield path.stem.split("_")[0], from_prefix(x, marked(len(x), [(first, last)]), end)


def ecg(folder: Path) -> Iterator[tuple[str, Task]]:
    """Electrocardiograms of PhysioNet, two channels; the first 1,500 rows are learned from."""
    for name, spans in ECG.items():
        path = folder / "ecg" / f"{name}.txt"
        if path.exists():
            x = np.loadtxt(path)[:, 1:3]
            yield name, from_prefix(x, marked(len(x), spans), 1500)


def power_demand(folder: Path) -> Iterator[tuple[str, Task]]:
    """A year of a Dutch research centre's demand, every 15 minutes; the first 4,000 rows are learned from."""
    path = folder / "power_demand" / "power_data.txt"
    if path.exists():
        x = np.loadtxt(path)[:, None]
        yield "1997", from_prefix(x, marked(len(x), POWER), 4000)


#: All sets, by name.
SETS = {
    "NAB": nab,
    "shuttle": shuttle,
    "SKAB": skab,
    "UCR": ucr,
    "ECG": ecg,
    "power demand": power_demand,
}


class Whole(NamedTuple):
    """A series of TSB-AD: all of it is scored, and its first rows are learned from."""

    #: NAB, MSL or SMAP
    source: str
    name: str
    X: Floats
    y: NDArray[np.int8]
    #: rows to learn from
    train: int
    #: the longest buffer of VUS
    window: int


def tsbad(folder: Path, part: str) -> Iterator[Whole]:
    """Verified series of TSB-AD; ``part`` is "uni" or "multi"."""
    for path in sorted((folder / "tsbad" / part).glob("*.npz")):
        x = public.read(path)
        yield Whole(public.source_of(path), path.stem, x.scored, x.y, len(x.train), x.buffer)


def from_prefix(x: Floats, y: NDArray[np.int8], rows: int) -> Task:
    """A series (n, d) whose first rows, all of them normal, are learned from."""
    assert not y[:rows].any(), "the rows to learn from must be normal"
    return Task(x[:rows], x[rows:], y[rows:])
