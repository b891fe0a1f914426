"""Recordings: real data as a variable's normal values, read from arrays and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import file_path, numbers
from paranom_rs._internal.csv_text import CsvRows, open_csv
from paranom_rs._internal.parquet import parquet
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Blocks", "Recorded"]

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
    dtype, hidden
        As in `Stochastic`.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Recorded, Shift
    >>> pump = Recorded([1.0, 2.0, 3.0], anomalous=Shift(10.0))
    >>> Generator({"pump": pump}, anomalies=Anomaly(events=[(1, 2)])).generate(5)["pump"].tolist()
    [1.0, 12.0, 3.0, 1.0, 2.0]
    """

    kind: ClassVar[str] = "recorded"
    values: ArrayLike
    anomalous: Rule | Transform | float | None = None
    labels: ArrayLike | None = None
    repeat: bool = True
    missing: Dropouts | None = None
    dtype: Literal["int64"] | None = None
    hidden: bool | None = None

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


@dataclass(frozen=True, eq=False)
class Blocks(Rule):
    """Blocks of a recording, in an order that is drawn anew for each round: new data that look like the recording.

    A round plays each block once. It has the values of the recording in another order, and any row is known alone.

    Parameters
    ----------
    values
        The recording, one number a row. NaN stands for a missing value.
    blocks
        1 to 512 pairs ``(start, stop)``: the first row of a block, and the row after its last. Cut where the recording
        looks alike, and the joints are not seen.
    fade
        Rows at the start of a block in which the rows that came after the block before fade into it: at most as many as
        the shortest block has, and as there are after the last. By default the values jump.
    reach
        How many places a block may come later than in the recording, 1 to 512: with a small number, what varies slowly
        in the recording varies slowly here. By default blocks come in any order.
    mix
        The share of another block that a block has at most, 0 to 1; or one for each block. In each round the other
        block and the share, from ``-mix`` to ``mix``, are drawn anew: ``x + share * (other - x)``, where the other
        block is stretched to as many rows. So no rows are copies, and cycles are larger and smaller than recorded ones.
        Blocks whose share is 0 stay as they are, and are in no mixture.
    group
        Rules of several variables with the same group, and blocks of the same lengths, play them in the same order:
        channels stay together. By default each rule draws an order of its own.

    Raises
    ------
    SpecTypeError
        For values that are not numbers.

    Examples
    --------
    >>> from paranom_rs import Blocks, Generator, Stochastic
    >>> values = [0, 1, 2, 3, 10, 11, 12, 13]
    >>> Generator({"x": Stochastic(Blocks(values, [(0, 4), (4, 8)]))}, seed=1).generate(8)["x"].tolist()
    [10.0, 11.0, 12.0, 13.0, 0.0, 1.0, 2.0, 3.0]
    """

    kind: ClassVar[str] = "blocks"
    values: ArrayLike
    blocks: Sequence[tuple[int, int]]
    fade: int = 0
    reach: int | None = None
    group: str | None = None
    mix: float | Sequence[float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _series(self.values, "values"))


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
    return _frozen(array)


def _labelled_runs(labels: ArrayLike, rows: int) -> NDArray[np.int64] | list[Any]:
    """Return labels as [start, stop] pairs, in an array that nobody can change; from 0/1 for each row or pairs."""
    array = numbers("labels", labels)
    if array.ndim == 2 and array.shape[1] == 2 and array.shape[0] > 0:
        # The core checks the pairs.
        if array.dtype.kind in "bi":
            return _frozen(array.astype(np.int64))
        pairs: list[Any] = array.tolist()
        return pairs
    if array.size == 0:
        return []
    if array.shape != (rows,):
        raise SpecError("labels", f"must be one 0 or 1 for each of the {rows} rows, or pairs", f"shape {array.shape}")
    wrong = np.flatnonzero((array != 0) & (array != 1))
    if len(wrong):
        raise SpecError(f"labels[{wrong[0]}]", "must be 0 or 1", str(array[wrong[0]]))
    runs = runs_of_ones(array)
    return _frozen(runs) if len(runs) else []


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy over bytes: an array that owns its memory can be made writeable again."""
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


Table = dict[str, Any]

#: The kinds of variables and rules that hold the values of a recording, or name its ``file`` and ``column``.
_KINDS = ("recorded", "blocks")


def map_recordings(spec: Table, change: Callable[[str, Table], Table]) -> Table:
    """Return a spec in which ``change(path, table)`` takes the place of each table that holds a recording.

    Recordings are visited in the order of the spec.
    """

    def walk(path: str, value: Any) -> Any:
        if isinstance(value, list) and any(isinstance(item, dict | list) for item in value[:1]):
            return [walk(f"{path}[{i}]", item) for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        walked = {key: walk(f"{path}.{key}" if path else key, item) for key, item in value.items()}
        is_recording = walked.get("kind") in _KINDS and ("file" in walked or "values" in walked)
        return change(path, walked) if is_recording else walked

    # A name of a variable may be "kind" or "values": the tables of names are walked by their entries.
    parts = {key: value for key, value in spec.items() if key in ("variables", "anomalies")}
    changed: Table = {}
    for key, value in parts.items():
        if key == "variables" and isinstance(value, dict):
            changed[key] = {name: walk(f"variables.{name}", variable) for name, variable in value.items()}
        else:
            changed[key] = walk(key, value)
    return spec | changed


def load_recordings(spec: Table, folder: Path) -> tuple[Table, Table]:
    """Return a spec twice: its recordings name a ``file`` wherever one stands (it may be relative to ``folder``); and
    its recordings hold the values of the file.
    """

    def name(path: str, table: Table) -> Table:
        if "file" not in table:
            return table
        for key in ("file", "column"):
            if not isinstance(table.get(key), str):
                raise SpecTypeError(f"{path}.{key}", "must be a text", repr(table.get(key)))
        if "values" in table:
            raise SpecError(f"{path}.values", "must not be given beside file")
        return table | {"file": str((folder / table["file"]).absolute())}

    def load(path: str, table: Table) -> Table:
        if "file" not in table:
            return table
        rest = {key: x for key, x in table.items() if key not in ("file", "column", "labels")}
        column, labels = table["column"], table.get("labels")
        columns = read_columns(table["file"], [column, labels] if isinstance(labels, str) else [column])
        rest["values"] = columns[column]
        if labels is not None:
            given = columns[labels] if isinstance(labels, str) else labels
            rest["labels"] = _labels_at(path, given, len(rest["values"]))
        return rest

    named = map_recordings(spec, name)
    return named, map_recordings(named, load)


def _labels_at(path: str, labels: ArrayLike, rows: int) -> NDArray[np.int64] | list[Any]:
    try:
        return _labelled_runs(labels, rows)
    except (SpecError, SpecTypeError) as error:
        raise error.under(path) from None
