"""Variables: the columns of a dataset, each with a normal rule and an anomalous one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.checks import file_path
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Recorded", "Stochastic"]


@dataclass(frozen=True)
class Stochastic(Part):
    """A variable made of rules (Paranom paper, section 2.2).

    ``normal`` is a distribution, a signal, or sums and products of those; ``anomalous`` replaces its value in
    anomalous rows, or is a transform of it (`Shift`, `Spike`, …). Without ``anomalous``, the variable stays normal
    unless an `Anomaly` brings a rule for it. ``missing`` says when values are lost.
    """

    kind: ClassVar[str] = "stochastic"
    normal: Rule | float
    anomalous: Rule | Transform | float | None = None
    missing: Dropouts | None = None


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
    missing
        When values are lost, beside those that the recording lacks.
    """

    kind: ClassVar[str] = "recorded"
    values: ArrayLike
    anomalous: Rule | Transform | float | None = None
    labels: ArrayLike | None = None
    repeat: bool = True
    missing: Dropouts | None = None

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
        missing: Dropouts | None = None,
    ) -> Recorded:
        """Read a ``column``, and the column of 0/1 ``labels``, of a CSV file with a header or of a Parquet file.

        Raises `SpecError` for a column that is not there or not numeric, and what `open` raises.
        """
        columns = read_columns(path, [column] if labels is None else [column, labels])
        known = None if labels is None else columns[labels]
        return cls(columns[column], anomalous, labels=known, repeat=repeat, missing=missing)


def read_columns(path: str | Path, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Read numeric columns of a CSV or Parquet file; empty CSV fields are NaN."""
    path = file_path(path)
    if path.suffix == ".parquet":
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise ImportError('reading Parquet needs pyarrow: pip install "paranom_rs[parquet]"') from error
        try:
            _check_columns(path, names, pq.read_schema(path).names)
            table = pq.read_table(path, columns=names)
        except pa.ArrowInvalid as error:
            raise SpecError(path, f"is no Parquet file: {error}") from None
        return {name: _series(table[name].to_numpy(), f"{path}: {name}") for name in names}
    columns: dict[str, list[float]] = {name: [] for name in names}
    try:
        # Spreadsheets put a byte order mark before the header.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            _check_columns(path, names, header)
            places = {name: header.index(name) for name in names}
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise SpecError(path, f"line {reader.line_num}: must have {len(header)} fields", str(len(row)))
                for name, place in places.items():
                    columns[name].append(_number(row[place], f"{path}: line {reader.line_num}: {name}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(path, f"is no CSV file in UTF-8: {error}") from None
    return {name: np.array(column, dtype=np.float64) for name, column in columns.items()}


def _number(text: str, path: str) -> float:
    try:
        return float(text) if text else np.nan
    except ValueError:
        raise SpecError(path, "must be a number, or empty", repr(text)) from None


def _check_columns(path: Path, names: list[str], found: list[str]) -> None:
    for name in names:
        if name not in found:
            raise SpecError(path, f"has no column {name!r}; it has {', '.join(map(repr, found)) or 'none'}")


def _series(values: ArrayLike, path: str) -> NDArray[np.float64]:
    """Return a copy of numbers, which nobody can change."""
    try:
        given = np.asanyarray(values)
        # Texts, datetimes and complex numbers would be converted without a word.
        texts = given.dtype.kind == "O" and any(isinstance(x, str | bytes) for x in given.flat)
        if given.dtype.kind not in "biufO" or texts:
            raise SpecTypeError(path, "must be numbers", str("texts" if texts else given.dtype))
        if isinstance(given, np.ma.MaskedArray):
            given = np.ma.filled(given.astype(np.float64), np.nan)
        array = np.array(values if given.dtype.kind == "O" else given, dtype=np.float64, order="C", subok=False)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SpecTypeError):
            raise
        raise SpecTypeError(path, f"must be numbers ({error})") from None
    if array.ndim != 1:
        raise SpecTypeError(path, "must be one-dimensional", f"{array.ndim} dimensions")
    array.flags.writeable = False
    return array


def _stretches(labels: ArrayLike, rows: int) -> list[list[int]]:
    """Labels as [start, stop] pairs; from 0/1 for each row, or from pairs."""
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise SpecTypeError("labels", f"must be one 0 or 1 for each row, or pairs ({error})") from None
    if array.ndim == 2 and array.shape[1] == 2 and array.shape[0] > 0:
        # The core checks the pairs.
        pairs: list[list[int]] = array.tolist()
        return pairs
    if array.size == 0:
        return []
    if array.shape != (rows,):
        raise SpecError("labels", f"must be one 0 or 1 for each of the {rows} rows, or pairs", f"shape {array.shape}")
    wrong = np.flatnonzero(~np.isin(array, (0, 1)))
    if len(wrong):
        raise SpecError(f"labels[{wrong[0]}]", "must be 0 or 1", str(array[wrong[0]]))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], array.astype(np.int8), [0]])))
    return [[int(start), int(stop)] for start, stop in edges.reshape(-1, 2)]


def load_recordings(spec: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a spec twice: its recordings name a ``file`` wherever one stands (it may be relative to ``folder``); and
    its recordings hold the values of the file.
    """
    variables = spec.get("variables")
    if not isinstance(variables, dict):
        return spec, spec
    named, loaded = {}, {}
    for name, variable in variables.items():
        if isinstance(variable, dict) and variable.get("kind") == "recorded" and "file" in variable:
            rest = {key: x for key, x in variable.items() if key not in ("file", "column", "labels")}
            for key in ("file", "column"):
                if not isinstance(variable.get(key), str):
                    raise SpecTypeError(f"variables.{name}.{key}", "must be a text")
            if "values" in variable:
                raise SpecError(f"variables.{name}.values", "goes without file")
            file, column, labels = (folder / variable["file"]).absolute(), variable["column"], variable.get("labels")
            columns = read_columns(file, [column, labels] if isinstance(labels, str) else [column])
            rest["values"] = columns[column]
            if labels is not None:
                given = columns[labels] if isinstance(labels, str) else labels
                rest["labels"] = _labels_at(f"variables.{name}", given, len(rest["values"]))
            named[name], loaded[name] = variable | {"file": str(file)}, rest
        else:
            named[name] = loaded[name] = variable
    return spec | {"variables": named}, spec | {"variables": loaded}


def _labels_at(path: str, labels: ArrayLike, rows: int) -> list[list[int]]:
    try:
        return _stretches(labels, rows)
    except (SpecError, SpecTypeError) as error:
        raise error.under(path) from None
