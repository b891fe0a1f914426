"""Files of generated rows: whole or absent, with the spec inside where the format has room for it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from paranom_rs import _core
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import whole
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from paranom_rs.generate.dataset import Dataset
    from paranom_rs.generate.generator import Generator

#: What Parquet and Arrow files say of themselves: the spec as TOML, what it means, and which rows they hold.
SPEC, FINGERPRINT, START = "paranom_rs.spec", "paranom_rs.fingerprint", "paranom_rs.start"
STREAM, VERSION = "paranom_rs.stream", "paranom_rs.version"
#: Suffixes, and what the core calls the formats.
FORMATS = {".parquet": "parquet", ".arrow": "arrow", ".csv": "csv", ".jsonl": "jsonl"}


def check_format(path: Path, *, more: tuple[str, ...] = ()) -> str:
    """Return the format that a path's suffix stands for."""
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
        raise SpecError("compression", "is for Parquet files", f"a path that ends in {suffix!r}")
    return True


def write_dataset(data: Dataset, path: Path, *, compression: str | None, overwrite: bool) -> None:
    """Write a dataset; the format follows from the path's suffix."""
    form = check_format(path, more=(".npz",))
    zstd = check_compression(compression, path.suffix)
    with whole_file(path, overwrite=overwrite) as temporary:
        if form == ".npz":
            write_npz(data._table() | {"t": data.t}, temporary)
        else:
            start = data._stretches[0][0] if len(data._stretches) == 1 and not data._is_clean else None
            facts = metadata(data.generator, start)
            _core.write_table(*data._arrow_columns(), temporary, format=form, zstd=zstd, metadata=facts)


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
        generator: Generator,
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
        rows, start = whole("rows", rows), whole("start", start)
        if start + rows > 2**64:
            raise SpecError("start", f"must leave room for {rows} rows below 2**64", str(start))
        if batch_rows is not None:
            batch_rows = whole("batch_rows", batch_rows, least=1, most=2**40)
        if threads is not None:
            threads = whole("threads", threads, least=1, most=1024)
        zstd = check_compression(compression, suffix)
        single = next(iter(generator._columns(0, dtype).values())).dtype == np.float32
        return cls(FORMATS[suffix], start, rows, start + max(rows - 1, 0), batch_rows, single, zstd, threads)

    def write(self, generator: Generator, path: Path, progress: Callable[[int], None] | None) -> None:
        """Generate the rows into a file, which is replaced."""
        _core.write_generated(
            generator._plan,
            path,
            self.start,
            self.rows,
            whole_last=self.whole_last,
            format=self.form,
            single=self.single,
            group_rows=self.batch_rows,
            zstd=self.zstd,
            metadata=metadata(generator, self.start),
            threads=self.threads,
            progress=progress,
        )


def write_npz(columns: dict[str, Any], path: Path) -> None:
    """Write columns as .npz, whatever their names: `numpy.savez` takes some for arguments of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(column), allow_pickle=False)


def file_metadata(path: Path) -> dict[str, str]:
    """Return what a Parquet or Arrow file says of itself."""
    form = FORMATS.get(path.suffix, "arrow")
    if form not in ("parquet", "arrow"):
        raise SpecError(path, "must be a Parquet or Arrow file: no other holds its spec")
    try:
        return _core.file_metadata(path, format=form)
    except OSError as error:
        if error.errno is None:
            raise SpecError(path, f"must be a Parquet or Arrow file: {error}") from None
        raise OSError(error.errno, error.strerror, str(path)) from None


def metadata(generator: Generator, start: int | None) -> list[tuple[str, str]]:
    """Return what a file says of itself; ``start`` is its first row, if its rows are neighbours."""
    facts = [
        (FINGERPRINT, generator.fingerprint),
        (STREAM, str(generator.stream)),
        (VERSION, _core.build_info()["version"]),
    ]
    # A long recording does not fit; the fingerprint still tells which spec it was.
    with suppress(SpecError):
        facts.append((SPEC, generator.to_toml()))
    if start is not None:
        facts.append((START, str(start)))
    return facts
