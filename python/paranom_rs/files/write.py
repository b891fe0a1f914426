"""Files of rows: whole or absent, with the spec inside where the format has room for it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from paranom_rs import _core
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import SpecError
from paranom_rs.files.format import FilePlan, check_compression, check_format
from paranom_rs.files.shards import write_shards
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.row_source import RowSource


def write_rows(
    source: RowSource,
    path: Path,
    rows: int,
    *,
    start: int,
    shards: int | None,
    part: int | None,
    batch_rows: int | None,
    dtype: DTypeLike,
    compression: str | None,
    threads: int | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Generate rows into a file, or into a folder of ``shards``; see `Generator.write`."""
    suffix = ".parquet" if shards is not None and not path.suffix else path.suffix
    check_format(path.with_suffix(suffix) if path.name else path)
    plan = FilePlan.of(
        suffix, rows, start=start, batch_rows=batch_rows, dtype=dtype, compression=compression, threads=threads
    )
    source.check_whole(np.dtype(np.float32 if plan.single else np.float64))
    if shards is not None:
        write_shards(source, path, plan, shards=shards, part=part, overwrite=overwrite, progress=progress)
        return
    if part is not None:
        raise SpecError("part", "must be None without shards", repr(part))
    with whole_file(path, overwrite=overwrite) as temporary, Progress(plan.rows, shown=progress) as step:
        plan.write(source, temporary, step)


def write_dataset(data: Dataset, path: Path, *, compression: str | None, overwrite: bool) -> None:
    """Write a dataset; the format follows from the path's suffix."""
    form = check_format(path, more=(".npz",))
    zstd = check_compression(compression, path.suffix)
    with whole_file(path, overwrite=overwrite) as temporary:
        if form == ".npz":
            write_npz(data.table(), temporary)
        else:
            start = data.intervals[0][0] if len(data.intervals) == 1 and not data.is_clean else None
            facts = data.source.metadata(start)
            _core.write_table(*data.arrow_columns(), temporary, format=form, zstd=zstd, metadata=facts)


def write_npz(columns: dict[str, Any], path: Path) -> None:
    """Write columns as .npz, whatever their names: `numpy.savez` takes some for arguments of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(column), allow_pickle=False)
