"""Variables: the columns of a dataset, each with a normal rule and an anomalous one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.rule import Part, Rule, Transform

__all__ = ["Recorded", "Stochastic"]


@dataclass(frozen=True)
class Stochastic(Part):
    """A variable made of rules (Paranom paper, section 2.2).

    ``normal`` is a distribution, a signal, or sums and products of those; ``anomalous`` replaces its value in
    anomalous rows, or is a transform of it (`Shift`, `Spike`, …). Without ``anomalous``, the variable stays normal
    unless an `Anomaly` brings a rule for it.
    """

    kind: ClassVar[str] = "stochastic"
    normal: Rule | float
    anomalous: Rule | Transform | float | None = None


@dataclass(frozen=True, eq=False)
class Recorded(Part):
    """Real data as the normal rule; anomalies are injected into it.

    Parameters
    ----------
    values
        The recording, one number a row: anything NumPy makes a 1-D float64 array of (an array, a pandas or polars
        column). NaN stands for a missing value.
    anomalous
        A rule or transform for anomalous rows.
    labels
        Rows that are anomalous already: 0/1 for each row, or ``[(start, stop), …]``. They stay labelled, under the
        name ``"recorded"``, and no other event hits them. All labelled recordings must have the same labels.
    repeat
        Whether the recording begins anew when it ends; if not, rows beyond it are refused.
    """

    kind: ClassVar[str] = "recorded"
    values: ArrayLike
    anomalous: Rule | Transform | float | None = None
    labels: ArrayLike | None = None
    repeat: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _series(self.values, "values"))
        if self.labels is not None:
            rows = len(self.values)  # type: ignore[arg-type]
            object.__setattr__(self, "labels", _stretches(self.labels, rows))

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        column: str,
        *,
        anomalous: Rule | Transform | float | None = None,
        labels: str | None = None,
        repeat: bool = True,
    ) -> Recorded:
        """Read a ``column``, and the column of 0/1 ``labels``, of a CSV file with a header or of a Parquet file.

        Raises `SpecError` for a column that is not there or not numeric, and what `open` raises.
        """
        columns = read_columns(path, [column] if labels is None else [column, labels])
        return cls(columns[column], anomalous, labels=None if labels is None else columns[labels], repeat=repeat)


def read_columns(path: str | Path, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Read numeric columns of a CSV or Parquet file; empty CSV fields are NaN."""
    path = Path(path)
    if path.suffix == ".parquet":
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            raise ImportError('reading Parquet needs pyarrow: pip install "paranom_rs[parquet]"') from error
        found = pq.read_schema(path).names
        _check_columns(path, names, found)
        table = pq.read_table(path, columns=names)
        return {name: _series(table[name].to_numpy(), f"{path}: {name}") for name in names}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        _check_columns(path, names, header)
        places = [header.index(name) for name in names]
        rows = [[row[place] if place < len(row) else "" for place in places] for row in reader if row]
    columns = {}
    for i, name in enumerate(names):
        try:
            columns[name] = np.array([float(row[i]) if row[i] else np.nan for row in rows], dtype=np.float64)
        except ValueError as error:
            raise SpecError(f"{path}: column {name!r} must hold numbers ({error})") from None
    return columns


def _check_columns(path: Path, names: list[str], found: list[str]) -> None:
    for name in names:
        if name not in found:
            raise SpecError(f"{path}: has no column {name!r}; it has {', '.join(map(repr, found))}")


def _series(values: ArrayLike, path: str) -> NDArray[np.float64]:
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SpecTypeError(f"{path}: must be numbers ({error})") from None
    if np.ndim(values) != 1:
        raise SpecTypeError(f"{path}: must be one-dimensional, got {np.ndim(values)} dimensions")
    return array


def _stretches(labels: ArrayLike, rows: int) -> list[list[int]]:
    """Labels as [start, stop] pairs; from 0/1 for each row, or from pairs."""
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 2 and array.shape[0] > 0:
        return [[int(start), int(stop)] for start, stop in array]
    if array.size == 0:
        return []
    if array.shape != (rows,):
        raise SpecError(f"labels: must be one 0 or 1 for each of the {rows} rows, or pairs, got shape {array.shape}")
    if not np.isin(array, (0, 1)).all():
        raise SpecError("labels: must be 0 or 1")
    edges = np.flatnonzero(np.diff(np.concatenate([[0], array.astype(np.int8), [0]])))
    return [[int(start), int(stop)] for start, stop in edges.reshape(-1, 2)]


def load_recordings(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a spec in which recordings that name a ``file`` (relative to ``folder``) hold its values."""
    variables = spec.get("variables")
    if not isinstance(variables, dict):
        return spec
    loaded = {}
    for name, variable in variables.items():
        if isinstance(variable, dict) and variable.get("kind") == "recorded" and "file" in variable:
            rest = {key: x for key, x in variable.items() if key not in ("file", "column", "labels")}
            for key in ("file", "column"):
                if not isinstance(variable.get(key), str):
                    raise SpecTypeError(f"variables.{name}.{key}: must be a text")
            wanted = [variable["column"], *([variable["labels"]] if "labels" in variable else [])]
            columns = read_columns(folder / variable["file"], wanted)
            rest["values"] = columns[variable["column"]]
            if "labels" in variable:
                rest["labels"] = _stretches(columns[variable["labels"]], len(rest["values"]))
            loaded[name] = rest
        else:
            loaded[name] = variable
    return spec | {"variables": loaded}
