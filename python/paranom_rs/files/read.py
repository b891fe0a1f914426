"""What files hold: rows in batches, for detectors; and the spec that made them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs._internal import tables
from paranom_rs.errors import SpecError
from paranom_rs.files.format import FORMATS
from paranom_rs.files.shards import read_manifest
from paranom_rs.generate.row_source import FINGERPRINT, SPEC

__all__ = ["NO_CHANNELS", "Batch", "Records", "file_metadata", "open_records", "read_spec"]

#: Columns that are no channels unless asked for: what `Generator.write` adds, and common names of time and label.
NO_CHANNELS = {"t", "is_anomaly", "event", "time", "timestamp", "datetime", "label", "anomaly", "changepoint"}


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
def open_records(path: str, columns: list[str] | None, process: str | None, *, rows_at_once: int) -> Iterator[Records]:
    """Open a file, or standard input for "-".

    Parameters
    ----------
    path
        A .csv or .parquet file, or "-".
    columns
        The channels; by default all columns of numbers but time, labels and events.
    process
        The column that says which process a row belongs to.
    rows_at_once
        Rows of a batch.

    Raises
    ------
    SpecError
        For another suffix, a column that is not there or holds no numbers, or a broken file.
    """
    if path == "-":
        with tables.csv_errors("standard input"):
            yield _csv_records(sys.stdin, "standard input", columns, process, rows_at_once)
    elif Path(path).suffix == ".parquet":
        with tables.parquet(path) as pq, pq.ParquetFile(path) as file:
            yield _parquet_records(file, path, columns, process, rows_at_once)
    elif Path(path).suffix == ".csv":
        with Path(path).open(encoding="utf-8-sig", newline="") as text, tables.csv_errors(path):
            yield _csv_records(text, path, columns, process, rows_at_once)
    else:
        raise SpecError("file", "must end in .csv or .parquet, or be -", repr(path))


def _csv_records(lines: Any, name: str, columns: list[str] | None, process: str | None, size: int) -> Records:
    table = tables.CsvRows(lines, name)
    header = table.header
    if not header:
        raise SpecError(name, "must have a first line that names the columns", "nothing")
    rows = iter(table)
    ahead = list(islice(rows, 1))
    numbers = [column for i, column in enumerate(header) if all(_is_number(fields[i]) for _, fields in ahead)]
    channels = _channels(name, header, numbers, columns, process)
    at = [header.index(column) for column in channels]
    t, key = (header.index(column) if column in header else None for column in ("t", process))

    def batches() -> Iterator[Batch]:
        source, done = chain(ahead, rows), 0
        while part := list(islice(source, size)):
            X = np.empty((len(part), len(at)))
            for i, (line, fields) in enumerate(part):
                for j, column in enumerate(at):
                    X[i, j] = tables.number(f"{line}: {header[column]}", fields[column])
            yield Batch(
                done,
                X,
                [] if t is None else [fields[t] for _, fields in part],
                [] if key is None else [fields[key] for _, fields in part],
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
            raise SpecError("columns", f"must be columns of numbers in {name}", repr(column))
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
            raise SpecError(
                "process" if column == process else "columns",
                f"must be in {name}, which has {', '.join(header)}",
                repr(column),
            )
        if (columns or []).count(column) > 1:
            raise SpecError("columns", "must name each column once", repr(column))
    found = columns or [c for c in numbers if c.lower() not in NO_CHANNELS and c != process]
    for column in [*found, *([process] if process is not None else [])]:
        if header.count(column) > 1:
            raise SpecError(name, f"must have one column {column!r}", f"{header.count(column)} of them")
    if not found:
        raise SpecError(name, "must have a column of numbers", ", ".join(header))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def read_spec(path: Path) -> tuple[str | None, str | None]:
    """Return the spec as TOML, and its fingerprint, from a Parquet or Arrow file or a folder of parts."""
    if path.is_dir():
        manifest = read_manifest(path)
        return manifest.get("spec"), manifest.get("fingerprint")
    facts = file_metadata(path)
    return facts.get(SPEC), facts.get(FINGERPRINT)


def file_metadata(path: Path) -> dict[str, str]:
    """Return what a Parquet or Arrow file says of itself."""
    form = FORMATS.get(path.suffix, "arrow")
    if form not in ("parquet", "arrow"):
        raise SpecError(path, "must be a Parquet or Arrow file: no other carries its spec")
    try:
        return _core.file_metadata(path, format=form)
    except SpecError as error:
        raise SpecError(path, f"must be a Parquet or Arrow file ({error.rule})") from None
    except OSError as error:
        if error.errno is None:
            raise SpecError(path, f"must be a Parquet or Arrow file ({error})") from None
        raise OSError(error.errno, error.strerror, str(path)) from None
