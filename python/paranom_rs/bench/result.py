"""What a bench found: a run for each detector and series, tables, and a signed file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs._core import build_info
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import Floats, one_of
from paranom_rs.bench.figures import FIGURES
from paranom_rs.errors import MismatchError, SpecError

FORMAT = "paranom-bench 1"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "pyod", "river", "aeon", "stumpy")


def versions() -> dict[str, str]:
    """Return the versions of what takes part, by name."""
    found = {"paranom_rs": str(build_info()["version"]), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Run:
    """What a detector did on a series.

    Attributes
    ----------
    table, group, series, detector
        Which. `BenchResult.table` gives means over the series of a group, then over groups.
    status
        ``"ok"``, or why there are no figures: ``"failed"`` (an error), ``"timeout"``, ``"memory"``, ``"crashed"``, or
        ``"given up"`` (not tried, after several that broke a limit).
    message
        The error, or what happened.
    figures
        By name; None where one is not defined.
    seconds
        CPU seconds of fitting and scoring.
    memory
        Mebibytes at the peak, beyond those of the process before.

    Examples
    --------
    >>> from paranom_rs.bench import Run
    >>> run = Run("suite", "wave", "wave-value-easy", "ZScore", "ok", figures={"VUS-PR": 0.9})
    >>> run.status, run.figures["VUS-PR"]
    ('ok', 0.9)
    """

    table: str
    group: str
    series: str
    detector: str
    status: str
    message: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)
    seconds: float | None = None
    memory: float | None = None


@dataclass(frozen=True)
class BenchResult:
    """The runs of a bench, and what is needed to repeat it.

    Attributes
    ----------
    seed
        The seed of the suite's series.
    suite
        The suite's name.
    limits
        Seconds and mebibytes that a detector had for a series.
    versions
        Of Python, of this library and of others that were there.
    series
        The hash of each series' spec, or of its file, by table and name: ``"suite/wave-value-easy"``.
    runs
        What each detector did on each series.

    Examples
    --------
    >>> from paranom_rs.bench import BenchResult, Run
    >>> run = Run("suite", "wave", "wave-value-easy", "ZScore", "ok", figures={"VUS-PR": 0.9})
    >>> result = BenchResult(7, "graded-1", limits={}, versions={}, series={}, runs=[run])
    >>> [run.detector for run in result.runs if run.status == "ok"]
    ['ZScore']
    """

    seed: int
    suite: str
    limits: dict[str, float]
    versions: dict[str, str]
    series: dict[str, str]
    runs: list[Run]

    @property
    def tables(self) -> list[str]:
        """The tables that have runs."""
        return list(dict.fromkeys(run.table for run in self.runs))

    @property
    def detectors(self) -> list[str]:
        """The detectors, in the order in which they were given."""
        return list(dict.fromkeys(run.detector for run in self.runs))

    def figures(self, table: str, figure: str = "VUS-PR") -> Floats:
        """Return a figure of each series and detector, (series, detectors); 0 where a run failed, NaN if undefined."""
        names = list(dict.fromkeys(run.series for run in self.of(table)))
        columns = {name: j for j, name in enumerate(self.detectors)}
        found = np.full((len(names), len(columns)), np.nan)
        rows = {name: i for i, name in enumerate(names)}
        for run in self.of(table):
            found[rows[run.series], columns[run.detector]] = _figure(run, figure)
        return found

    def of(self, table: str) -> list[Run]:
        """Return the runs of a table; SpecError where it has none."""
        one_of("table", table, tuple(self.tables))
        return [run for run in self.runs if run.table == table]

    def table(self, table: str) -> list[dict[str, Any]]:
        """Return a row for each detector, the best VUS-PR first.

        Each figure is the mean over the series of a group, then over groups. A run that failed counts as 0 in figures
        of which more is better, and is left out of delay, seconds and memory. So is a delay where no event was found.
        A series whose precision is not defined, for it has no alarm, is left out of the affiliation precision.
        """
        rows = []
        for detector in self.detectors:
            runs = [run for run in self.of(table) if run.detector == detector]
            row: dict[str, Any] = {"detector": detector}
            row |= {name: _over_groups(runs, lambda run, name=name: _figure(run, name)) for name in FIGURES}
            row["seconds"] = float(np.sum([run.seconds or 0.0 for run in runs]))
            row["memory"] = max((run.memory for run in runs if run.memory is not None), default=None)
            row["failed"] = sum(run.status != "ok" for run in runs)
            rows.append(row)
        return sorted(rows, key=lambda row: -(row["VUS-PR"] or 0.0))

    def by_group(self, table: str, figure: str = "VUS-PR") -> list[dict[str, Any]]:
        """Return a row for each detector with its mean figure in each group, and over groups."""
        rows = []
        for detector in self.detectors:
            runs = [run for run in self.of(table) if run.detector == detector]
            groups = dict.fromkeys(run.group for run in self.of(table))
            means = {g: _mean([_figure(run, figure) for run in runs if run.group == g]) for g in groups}
            rows.append({"detector": detector, **means, "mean": _mean(list(means.values()))})
        return sorted(rows, key=lambda row: -(row["mean"] or 0.0))

    def failures(self) -> list[Run]:
        """Return the runs without figures."""
        return [run for run in self.runs if run.status != "ok"]

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write a JSON file with all of this and a SHA-256 of it, and return the hash. A file there is replaced."""
        held = {"format": FORMAT, **asdict(self)}
        signature = _signature(held)
        with whole_file(Path(path)) as place:
            place.write_text(json.dumps(held | {"sha256": signature}, indent=1) + "\n", encoding="utf-8")
        return signature

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BenchResult:
        """Read what `save` wrote.

        Raises
        ------
        SpecError
            For another file.
        MismatchError
            For one that was changed.
        """
        try:
            held = json.loads(Path(path).read_text(encoding="utf-8"))
            if held.pop("format") != FORMAT:
                raise ValueError("format")
            signature = held.pop("sha256")
            result = cls(**held | {"runs": [Run(**run) for run in held["runs"]]})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SpecError(str(path), "must be a result of paranom bench", str(error)) from None
        if _signature({"format": FORMAT, **held}) != signature:
            raise MismatchError(f"{path}: the result was changed after it was written")
        return result


def _signature(held: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _figure(run: Run, name: str) -> float:
    if run.status != "ok":
        return 0.0 if FIGURES[name] else float("nan")
    value = run.figures[name]
    return float("nan") if value is None else value


def _mean(values: Iterable[float | None]) -> float | None:
    held = [x for x in values if x is not None and not np.isnan(x)]
    return float(np.mean(held)) if held else None


def _over_groups(runs: list[Run], value: Any) -> float | None:
    groups: dict[str, list[float]] = {}
    for run in runs:
        groups.setdefault(run.group, []).append(value(run))
    return _mean([_mean(found) for found in groups.values()])
