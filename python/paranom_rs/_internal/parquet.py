"""Parquet files, read with pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError


@contextmanager
def parquet(path: str | PathLike[str]) -> Iterator[Any]:
    """Give ``pyarrow.parquet``; raise SpecError for what it cannot read."""
    pq = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        yield pq
    except require("pyarrow", "parquet", "reading Parquet").ArrowInvalid as error:
        raise SpecError(path, f"must be a Parquet file ({error})") from None
