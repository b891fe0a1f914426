"""Formats of files, and what a file of generated rows is to hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from paranom_rs import _core
from paranom_rs._internal import checks
from paranom_rs.errors import SpecError
from paranom_rs.generate.row_source import RowSource

#: Suffixes, and what the core calls the formats.
FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".jsonl": "jsonl"}


def check_format(path: Path, *, more: tuple[str, ...] = ()) -> str:
    """Return the format that a path's suffix stands for; of ``more`` suffixes, the suffix."""
    if path.suffix in more:
        return path.suffix
    if path.suffix not in FORMATS:
        raise SpecError("path", f"must end in one of {', '.join([*FORMATS, *more])}", repr(str(path)))
    return FORMATS[path.suffix]


def check_compression(compression: object, suffix: str) -> bool:
    """Return whether pages are compressed."""
    if compression is None:
        return False
    if compression != "zstd":
        raise SpecError("compression", "must be 'zstd' or None", repr(compression))
    if suffix != ".parquet":
        raise SpecError("compression", f"must be None for files other than Parquet ({suffix})", repr(compression))
    return True


class FilePlan(NamedTuple):
    """Which rows a file is to hold, and how: arguments that have been checked."""

    form: str
    start: int
    rows: int
    #: the last row of all files that are read as one: what type row numbers have
    whole_last: int
    batch_rows: int | None
    single: bool
    zstd: bool
    threads: int | None

    @classmethod
    def of(
        cls,
        suffix: str,
        rows: int,
        *,
        start: int,
        batch_rows: int | None,
        dtype: DTypeLike,
        compression: str | None,
        threads: int | None,
    ) -> FilePlan:
        """Check the arguments."""
        rows = checks.whole("rows", rows)
        start = checks.row_range(start, rows)
        return cls(
            form=FORMATS[suffix],
            start=start,
            rows=rows,
            whole_last=start + max(rows - 1, 0),
            batch_rows=None if batch_rows is None else checks.whole("batch_rows", batch_rows, least=1, most=2**40),
            single=checks.float_dtype(dtype) == np.float32,
            zstd=check_compression(compression, suffix),
            threads=checks.threads(threads),
        )

    def of_rows(self, start: int, rows: int) -> FilePlan:
        """Return the plan of a part: the same, for some of the rows."""
        return self._replace(start=start, rows=rows)

    def write(self, source: RowSource, path: Path, progress: Callable[[int], None] | None) -> None:
        """Generate the rows into a file, which is replaced."""
        _core.write_generated(
            source.plan,
            path,
            self.start,
            self.rows,
            whole_last=self.whole_last,
            format=self.form,
            single=self.single,
            group_rows=self.batch_rows,
            zstd=self.zstd,
            metadata=source.metadata(self.start),
            threads=self.threads,
            progress=progress,
        )
