"""Columns of a Parquet or Arrow file as plain numbers in a temporary file, so that they can be read at any place.

Both formats hold blocks that can only be read as a whole. So the columns are copied once, block by block; memory is
that of a block, whatever the length of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from paranom_rs._internal.optional import require
from paranom_rs._internal.parquet import parquet
from paranom_rs.errors import SpecError

__all__ = ["ARROW", "PARQUET", "NumberFile", "column_numbers", "times_at"]

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")

# Rows that are read at once.
_ROWS = 1 << 16


class NumberFile(NamedTuple):
    """Where numbers lie in a file: ``values`` of them, of a type, from byte ``offset`` on."""

    path: Path
    offset: int
    values: int
    dtype: str


@contextmanager
def column_numbers(path: Path, columns: str | list[str] | None) -> Iterator[tuple[NumberFile, int]]:
    """Give columns as plain numbers, row by row: float32 if all are, else float64; what is missing is NaN.

    Parameters
    ----------
    path
        A Parquet or Arrow file.
    columns
        Their names; None for the only one that holds numbers.

    Yields
    ------
    NumberFile, int
        The numbers, and how many columns there are.

    Raises
    ------
    SpecError, SpecTypeError
        The file cannot be read, or has no such columns of numbers.
    """
    with _opened(path) as (schema, batches):
        names = _number_columns(schema, columns)
        dtype = "<f4" if all(str(schema.field(name).type) == "float" for name in names) else "<f8"
        with TemporaryDirectory(prefix="paranom-") as folder:
            copy, values = Path(folder) / "columns", 0
            with copy.open("wb") as file:
                for batch in batches(list(names)):
                    numbers = np.empty((len(batch), len(names)), dtype=dtype)
                    for at, name in enumerate(names):
                        numbers[:, at] = batch.column(name).to_numpy(zero_copy_only=False)
                    file.write(numbers.data)
                    values += numbers.size
            if not values:
                raise SpecError("x", "must not be empty", f"{path.name}: 0 rows")
            yield NumberFile(copy, 0, values, dtype), len(names)


def times_at(path: Path, rows: list[int]) -> list[Any]:
    """Return the timestamps of some rows, of the file's only column of dates; None where there is not one."""
    found: list[Any] = [None] * len(rows)
    with _opened(path) as (schema, batches):
        dates = [field.name for field in schema if str(field.type).startswith("timestamp")]
        if len(dates) != 1 or not rows:
            return found
        start = 0
        for batch in batches(dates):
            for at, row in enumerate(rows):
                if start <= row < start + len(batch):
                    found[at] = batch.column(0)[row - start].as_py()
            start += len(batch)
            if start > max(rows):
                break
    return found


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Give the schema of a file, and what reads some of its columns, block by block."""
    pa = require("pyarrow", "parquet", "reading Parquet and Arrow")
    try:
        if path.suffix.lower() in PARQUET:
            with parquet(str(path)) as pq, pq.ParquetFile(path) as file:
                yield file.schema_arrow, lambda names: file.iter_batches(_ROWS, columns=names)
        else:
            with pa.memory_map(str(path)) as source:
                file = pa.ipc.open_file(source)
                yield file.schema, lambda names: _batches(file, names)
    except (OSError, pa.ArrowInvalid) as error:
        raise SpecError("x", f"must be a Parquet or Arrow file that can be read ({error})", repr(str(path))) from None


def _batches(file: Any, names: list[str]) -> Iterator[Any]:
    for at in range(file.num_record_batches):
        batch = file.get_batch(at).select(names)
        for start in range(0, len(batch), _ROWS):
            yield batch.slice(start, _ROWS)


def _number_columns(schema: Any, columns: str | list[str] | None) -> list[str]:
    types = require("pyarrow.types", "parquet", "reading Parquet and Arrow")
    names = [field.name for field in schema if types.is_integer(field.type) or types.is_floating(field.type)]
    if columns is None:
        if len(names) != 1:
            raise SpecError("column", "must be given where a file has not exactly one column of numbers", str(names))
        return names
    wanted = [columns] if isinstance(columns, str) else columns
    for name in wanted:
        if names.count(name) != 1:
            raise SpecError("column", f"must be one of the columns of numbers, {names}", repr(name))
    return wanted
