"""Formats of files, and what a file of generated rows is to hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from paranom_rs import _core
from paranom_rs._internal import checks
from paranom_rs.errors import SpecError
from paranom_rs.generate.row_source import CLEAN, Interval, RowSource

__all__ = ["FORMATS", "PACKED", "Extras", "FilePlan", "Format", "check_compression", "find_format"]

#: Suffixes, and what the core calls the formats.
FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".jsonl": "jsonl"}
#: Suffixes of text that is packed, and what the core calls that.
PACKED = {".gz": "gzip", ".zst": "zstd"}
_ALL = (*FORMATS, *(f"{text}{packed}" for text in (".csv", ".jsonl") for packed in PACKED))
#: A pattern for the suffix of a file of rows.
SUFFIX = f"(?:{'|'.join(map(re.escape, _ALL))})"


class Format(NamedTuple):
    """A format: its suffix, and what the core calls it and its packing."""

    suffix: str
    name: str
    packing: str | None = None


def find_format(name: str, *, more: tuple[str, ...] = ()) -> Format:
    """Return the format that the end of a file's name stands for; of ``more`` suffixes, the suffix is the name."""
    suffixes = Path(name).suffixes
    own = suffixes[-1] if suffixes else ""
    if own in more:
        return Format(own, own)
    if own in PACKED and len(suffixes) > 1 and FORMATS.get(suffixes[-2]) in ("csv", "jsonl"):
        return Format("".join(suffixes[-2:]), FORMATS[suffixes[-2]], PACKED[own])
    if own not in FORMATS:
        raise SpecError("path", f"must end in one of {', '.join([*_ALL, *more])}", checks.shown(name))
    return Format(own, FORMATS[own])


def check_compression(compression: object, form: Format) -> bool:
    """Return whether pages are compressed."""
    if compression is None:
        return False
    if not isinstance(compression, str) or compression != "zstd":
        raise SpecError("compression", "must be 'zstd' or None", checks.shown(compression))
    if form.name != "parquet":
        rule = f"must be None for files other than Parquet ({form.suffix})"
        if form.name in ("csv", "jsonl"):
            rule += "; a name that ends in .gz or .zst packs text"
        raise SpecError("compression", rule, checks.shown(compression))
    return True


class Extras(NamedTuple):
    """What a file has beside the usual, as `Generator.write` explains it."""

    clean: bool = False
    event_names: bool = False
    labels: bool = False
    events: bool = False

    def checked(self) -> Extras:
        """Return the same, or raise SpecTypeError for what is no flag."""
        return Extras(*(checks.flag(name, value) for name, value in self._asdict().items()))


class FilePlan(NamedTuple):
    """Which rows a file is to hold, and how: arguments that have been checked."""

    form: Format
    start: int
    rows: int
    #: the last row of all files that are read as one: what type row numbers have
    whole_last: int
    batch_rows: int | None
    single: bool
    zstd: bool
    threads: int | None
    extras: Extras

    @classmethod
    def of(
        cls,
        form: Format,
        rows: int,
        *,
        start: int,
        batch_rows: int | None,
        dtype: DTypeLike,
        compression: str | None,
        threads: int | None,
        extras: Extras,
    ) -> FilePlan:
        """Check the arguments."""
        rows = checks.whole("rows", rows)
        start = checks.row_range(start, rows)
        return cls(
            form=form,
            start=start,
            rows=rows,
            whole_last=start + max(rows - 1, 0),
            batch_rows=None if batch_rows is None else checks.whole("batch_rows", batch_rows, least=1, most=2**40),
            single=checks.float_dtype(dtype) == np.float32,
            zstd=check_compression(compression, form),
            threads=checks.threads(threads),
            extras=extras.checked(),
        )

    @property
    def intervals(self) -> list[Interval]:
        """The rows, as intervals."""
        return [(self.start, self.rows)] if self.rows else []

    def of_rows(self, start: int, rows: int) -> FilePlan:
        """Return the plan of a part: the same, for some of the rows."""
        return self._replace(start=start, rows=rows)

    def write(
        self, source: RowSource, path: Path, progress: Callable[[int], None] | None, *, timeeval: bool = False
    ) -> None:
        """Generate the rows into a file, which is replaced; ``timeeval`` gives it the columns of that layout."""
        extras = self.extras
        _core.write_generated(
            source.plan,
            path,
            self.start,
            self.rows,
            whole_last=self.whole_last,
            clean=extras.clean,
            event_names=extras.event_names,
            labels=extras.labels,
            timeeval=timeeval,
            format=self.form.name,
            packing=self.form.packing,
            single=self.single,
            group_rows=self.batch_rows,
            zstd=self.zstd,
            metadata=source.metadata(self.start) + ([(CLEAN, "true")] if extras.clean else []),
            threads=self.threads,
            progress=progress,
        )
