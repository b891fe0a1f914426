"""What is measured on: series of the suite under a seed, and public series of a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats, shown
from paranom_rs.errors import SpecError
from paranom_rs.suites import Suite, load, names

#: The longest buffer of VUS on the suite, in rows.
BUFFER = 100
TABLES = ("suite", "tsb-ad")
#: The parts of the public series: the folder, and what its figures are listed as.
PARTS = {"uni": "one channel", "multi": "many channels"}


class Task(NamedTuple):
    """Normal rows to learn from (n, d), rows to score (m, d), their labels (m,), and VUS's longest buffer."""

    train: Floats
    scored: Floats
    y: NDArray[np.int8]
    buffer: int


class Entry(NamedTuple):
    """A series that a detector is measured on.

    Attributes
    ----------
    table
        ``"suite"``, or the part of the public series: ``"tsb-ad, one channel"`` or ``"tsb-ad, many channels"``.
    group
        The grade, or the source. Figures are means over the series of a group, then over groups.
    name
        The name of the series.
    sha256
        Of the spec (its fingerprint), or of the file.
    source
        Where it comes from: the suite's name and the seed, or the path of the file.
    """

    table: str
    group: str
    name: str
    sha256: str
    source: tuple[str, int] | str

    def load(self) -> Task:
        """Generate the series, or read it."""
        return read(Path(self.source)) if isinstance(self.source, str) else _generate(self.name, *self.source)


@lru_cache(maxsize=2)
def _suite(name: str, seed: int) -> Suite:
    return load(name).with_seed(seed)


def _generate(series: str, suite: str, seed: int) -> Task:
    made = _suite(suite, seed)[series]
    return Task(made.train, made.test, made.y, BUFFER)


def of_suite(suite: str, seed: int, only: Sequence[str] | None = None) -> list[Entry]:
    """Return the series of a suite under a seed, or some of them."""
    checks.one_of("suite", suite, tuple(names()))
    held = _suite(suite, seed)
    for name in only or []:
        if name not in held:
            raise SpecError("series", f"must be series of {suite}; list(suite) names them", shown(name))
    return [
        Entry("suite", x.grade, x.name, x.generator.fingerprint, (suite, seed))
        for x in held.values()
        if only is None or x.name in only
    ]


def of_folder(folder: Path) -> list[Entry]:
    """Return the public series of a folder: ``uni/*.npz`` and ``multi/*.npz``, in it or in its ``tsbad``.

    A file holds ``X`` (n, d), the labels ``y`` (n,), ``train`` (how many of the first rows may be learnt from) and
    ``window`` (VUS's longest buffer). The source is the second word of its name.
    """
    home = home_of(folder)
    found = [
        Entry(f"tsb-ad, {title}", source_of(path), path.stem, _digest(path), str(path.resolve()))
        for part, title in PARTS.items()
        for path in sorted((home / part).glob("*_*.npz"))
    ]
    if not found:
        raise SpecError("data", "must be a folder with uni/*.npz or multi/*.npz", repr(str(folder)))
    return found


def source_of(path: Path) -> str:
    """Return the source of a public series."""
    return path.stem.split("_")[1]


def home_of(folder: Path) -> Path:
    """Return the folder that holds ``uni`` and ``multi``."""
    inner = folder / "tsbad"
    return inner if inner.is_dir() else folder


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path: Path) -> Task:
    """Read a public series, of a file as `of_folder` describes it."""
    with np.load(path) as held:
        missing = {"X", "y", "train", "window"} - set(held)
        if missing:
            raise SpecError(str(path), f"must hold {', '.join(sorted(missing))}")
        rows, y = checks.series("X", held["X"]), checks.labels("y", held["y"])
        learnt = checks.whole("train", int(held["train"]), least=1, most=len(rows))
        buffer: Any = checks.whole("window", int(held["window"]))
    if len(y) != len(rows):
        raise SpecError(f"{path}.y", f"must have {len(rows)} rows, as X has", str(len(y)))
    return Task(rows[:learnt], rows, checks.both_classes("y", y).astype(np.int8), buffer)
