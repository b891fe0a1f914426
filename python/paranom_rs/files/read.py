"""Rows of a CSV or Parquet file, or of CSV on standard input, in batches."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError

__all__ = ["Batch", "Records", "open_records"]

#: Columns that are no channels unless asked for: what `Generator.write` adds, and common names of time and label.
_NO_CHANNELS = {"t", "is_anomaly", "event", "time", "timestamp", "datetime", "label", "anomaly", "changepoint"}


class Batch(NamedTuple):
    """Rows ``first ..``: values (n, d), their t as text, and the keys of their processes."""

    first: int
    X: NDArray[np.float64]
    t: list[str]
    keys: list[str]


@dataclass
class Records:
    """Batches of rows, and what the columns are."""

    channels: list[str]
    process: str | None
    has_t: bool
    batches: Iterator[Batch]

    def __iter__(self) -> Iterator[Batch]:
        return self.batches


@contextmanager
def _as_utf8(name: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise SpecError(name, f"must be text in UTF-8 ({error})") from None


@contextmanager
def open_records(path: str, columns: list[str] | None, process: str | None, *, rows_at_once: int) -> Iterator[Records]:
    """Open a file, or standard input for "-"."""
    if path == "-":
        with _as_utf8("standard input"):
            yield _csv_records(sys.stdin, "standard input", columns, process, rows_at_once)
    elif Path(path).suffix == ".parquet":
        try:
            import pyarrow.parquet as pq
        except ImportError as error:
            raise ImportError('reading Parquet needs pyarrow: pip install "paranom_rs[parquet]"') from error
        import pyarrow as pa

        try:
            with pq.ParquetFile(path) as file:
                yield _parquet_records(file, path, columns, process, rows_at_once)
        except pa.ArrowInvalid as error:
            raise SpecError(path, f"is no Parquet file: {error}") from None
    elif Path(path).suffix == ".csv":
        with Path(path).open(encoding="utf-8-sig", newline="") as text, _as_utf8(path):
            yield _csv_records(text, path, columns, process, rows_at_once)
    else:
        raise SpecError("file", "must end in .csv or .parquet, or be -", repr(path))


def _csv_records(lines: Any, name: str, columns: list[str] | None, process: str | None, size: int) -> Records:
    reader = csv.reader(lines)
    header = next(reader, None)
    first = next(reader, None)
    if header is None:
        raise SpecError(name, "is empty; the first line must name the columns")
    numbers = [
        column for column, text in zip(header, first or header, strict=False) if first is None or _is_number(text)
    ]
    channels = _channels(name, header, numbers, columns, process)
    at = [header.index(column) for column in channels]
    t, key = (header.index(column) if column in header else None for column in ("t", process))

    def rows() -> Iterator[list[str]]:
        if first is not None:
            yield first
        yield from reader

    def batches() -> Iterator[Batch]:
        source, done = rows(), 0
        while part := list(islice(source, size)):
            X = np.empty((len(part), len(at)))
            for i, row in enumerate(part):
                if len(row) != len(header):
                    raise SpecError(name, f"row {done + i} has {len(row)} fields, the header {len(header)}")
                for j, column in enumerate(at):
                    X[i, j] = _number(row[column], name, done + i, header[column])
            yield Batch(
                done,
                X,
                [] if t is None else [row[t] for row in part],
                [] if key is None else [row[key] for row in part],
            )
            done += len(part)

    return Records(channels, process, t is not None, batches())


def _parquet_records(file: Any, name: str, columns: list[str] | None, process: str | None, size: int) -> Records:
    import pyarrow as pa

    schema = file.schema_arrow
    numbers = [f.name for f in schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]
    channels = _channels(name, schema.names, numbers, columns, process)
    for column in channels:
        if column not in numbers and not pa.types.is_boolean(schema.field(column).type):
            raise SpecError("columns", f"{column!r} of {name} holds no numbers")
    has_t = "t" in schema.names
    wanted = [*channels, *(["t"] if has_t else []), *([process] if process is not None else [])]

    def batches() -> Iterator[Batch]:
        done = 0
        for part in file.iter_batches(size, columns=list(dict.fromkeys(wanted))):
            X = np.stack([part[c].cast(pa.float64()).to_numpy(zero_copy_only=False) for c in channels], axis=1)
            texts = [part[c].cast(pa.string()).to_pylist() for c in wanted[len(channels) :]]
            yield Batch(done, X, texts[0] if has_t else [], texts[-1] if process is not None else [])
            done += len(part)

    return Records(channels, process, has_t, batches())


def _channels(
    name: str, header: list[str], numbers: list[str], columns: list[str] | None, process: str | None
) -> list[str]:
    for column in [*(columns or []), *([process] if process is not None else [])]:
        if column not in header:
            raise SpecError("columns", f"{name} has no {column!r}; there are {', '.join(header)}")
        if (columns or []).count(column) > 1:
            raise SpecError("columns", f"{column!r} is named more than once")
    found = columns or [c for c in numbers if c.lower() not in _NO_CHANNELS and c != process]
    for column in [*found, *([process] if process is not None else [])]:
        if header.count(column) > 1:
            raise SpecError("columns", f"{name} has {header.count(column)} columns {column!r}")
    if not found:
        raise SpecError("columns", f"{name} has no column of numbers; there are {', '.join(header)}")
    return found


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _number(text: str, name: str, row: int, column: str) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        raise SpecError(name, f"row {row}, column {column!r}: must be a number or empty", repr(text)) from None
