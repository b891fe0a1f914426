"""Tables in files: how CSV and Parquet are read, whoever reads them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError

Name = str | PathLike[str]


class CsvRows:
    """The lines of a CSV text below its header; iterating gives ``(place, fields)``, the place for errors.

    Empty lines are passed over.

    Raises
    ------
    SpecError
        For a line that has not as many fields as the header.
    """

    def __init__(self, lines: Iterable[str], name: Name) -> None:
        self._reader = csv.reader(lines)
        self._name = name
        self.header = next(self._reader, [])

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        for fields in self._reader:
            if not fields:
                continue
            place = f"{self._name}: line {self._reader.line_num}"
            if len(fields) != len(self.header):
                raise SpecError(place, f"must have {len(self.header)} fields, as the header has", str(len(fields)))
            yield place, fields


def number(path: str, text: str) -> float:
    """Return the number that a field holds: NaN for an empty one."""
    try:
        return float(text or "nan")
    except ValueError:
        raise SpecError(path, "must be a number, or empty", repr(text)) from None


@contextmanager
def csv_errors(name: Name) -> Iterator[None]:
    """Raise SpecError for a text that is not CSV in UTF-8."""
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(name, f"must be CSV in UTF-8 ({error})") from None


@contextmanager
def parquet(path: Name) -> Iterator[Any]:
    """Give ``pyarrow.parquet``; raise SpecError for what it cannot read."""
    pq = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        yield pq
    except require("pyarrow", "parquet", "reading Parquet").ArrowInvalid as error:
        raise SpecError(path, f"must be a Parquet file ({error})") from None
