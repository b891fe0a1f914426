"""Recordings: real data as a variable's normal values, read from arrays and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import file_path, numbers
from paranom_rs._internal.csv_text import CsvRows, open_csv
from paranom_rs._internal.parquet import parquet
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Recorded"]

#: Rows of a CSV file that are read at once.
ROWS = 1 << 13


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
            object.__setattr__(self, "labels", _labelled_runs(self.labels, rows))

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
        """Read a recording from a CSV file, or from a Parquet file.

        Parameters
        ----------
        path
            The file; what does not end in .parquet is CSV, of any delimiter; also .gz.
        column
            The column of values; ``column 1`` and so on where the file has no header. Empty fields, NA and null are
            missing values.
        labels
            The column of 0/1 labels.
        anomalous, repeat, missing
            As in `Recorded`.

        Raises
        ------
        SpecError, SpecTypeError
            For a column that is not there or not numeric.
        OSError
            For a file that cannot be read.
        """
        columns = read_columns(path, [column] if labels is None else [column, labels])
        known = None if labels is None else columns[labels]
        return cls(columns[column], anomalous, labels=known, repeat=repeat, missing=missing)


def read_columns(path: str | Path, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Read numeric columns of a CSV or Parquet file; what is missing is NaN."""
    path = file_path(path)
    if path.suffix == ".parquet":
        with parquet(path) as pq:
            _check_columns(path, names, pq.read_schema(path).names)
            table = pq.read_table(path, columns=names)
        return {name: _series(table[name], f"{path}: {name}") for name in names}
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    with open_csv(path) as text:
        rows = CsvRows(text, path)
        _check_columns(path, names, rows.header)
        for lines in rows.parts(ROWS):
            for name in names:
                parts[name].append(rows.floats(lines, rows.header.index(name)))
    return {name: np.concatenate([np.empty(0), *part]) for name, part in parts.items()}


def _check_columns(path: Path, names: list[str], found: list[str]) -> None:
    for name in names:
        if name not in found:
            raise SpecError(path, f"must have a column {name!r}", ", ".join(map(repr, found)) or "none")
        if found.count(name) > 1:
            raise SpecError(path, f"must have one column {name!r}", f"{found.count(name)} of them")


def _series(values: ArrayLike, path: str) -> NDArray[np.float64]:
    """Return a copy of numbers, which nobody can change."""
    array = np.array(numbers(path, values), np.float64, order="C", subok=False)
    if array.ndim != 1:
        raise SpecTypeError(path, "must be one-dimensional", f"{array.ndim} dimensions")
    # Over bytes: an array that owns its memory can be made writeable again.
    return np.frombuffer(array.tobytes(), np.float64)


def _labelled_runs(labels: ArrayLike, rows: int) -> list[list[int]]:
    """Return labels as [start, stop] pairs; from 0/1 for each row, or from pairs."""
    array = numbers("labels", labels)
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
    runs: list[list[int]] = runs_of_ones(array).tolist()
    return runs


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
                    raise SpecTypeError(f"variables.{name}.{key}", "must be a text", repr(variable.get(key)))
            if "values" in variable:
                raise SpecError(f"variables.{name}.values", "must not be given beside file")
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
        return _labelled_runs(labels, rows)
    except (SpecError, SpecTypeError) as error:
        raise error.under(path) from None
