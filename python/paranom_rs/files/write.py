"""Files of rows: whole or absent, with the spec inside where the format has room for it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from paranom_rs import _core
from paranom_rs._internal.checks import flag, shown
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import SpecError
from paranom_rs.files.cuts import division_of
from paranom_rs.files.event_files import beside, write_events
from paranom_rs.files.folders import Folder, folder_at, folder_of
from paranom_rs.files.format import Extras, FilePlan, Format, check_compression, find_format
from paranom_rs.files.shards import write_shards
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.row_source import CLEAN, RowSource

__all__ = ["write_dataset", "write_rows"]


def write_rows(
    source: RowSource,
    path: str | Path,
    rows: int,
    *,
    start: int,
    shards: int | None,
    part_rows: int | None,
    partition_by: str | None,
    part: int | None,
    extras: Extras,
    batch_rows: int | None,
    dtype: DTypeLike,
    compression: str | None,
    threads: int | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Generate rows into a file, or into a folder of parts; see `Generator.write`."""
    division = division_of(shards, part_rows, partition_by)
    if division is not None and isinstance(path, str):
        path = path.rstrip("/") or path
    folder, name = folder_of(path)
    form = find_format(f"{name}.parquet" if division is not None and "." not in name else name)
    plan = FilePlan.of(
        form,
        rows,
        start=start,
        batch_rows=batch_rows,
        dtype=dtype,
        compression=compression,
        threads=threads,
        extras=extras,
    )
    source.check_whole(np.dtype(np.float32 if plan.single else np.float64))
    if division is not None:
        write_shards(
            source, folder_at(path), plan, division=division, part=part, overwrite=overwrite, progress=progress
        )
        return
    if part is not None:
        raise SpecError("part", "must be None without shards", shown(part))
    overwrite = flag("overwrite", overwrite)
    with (
        _whole_files(folder, name, form, events=extras.events, overwrite=overwrite) as (temporary, events),
        Progress(plan.rows, shown=progress) as step,
    ):
        plan.write(source, temporary, step)
        if events is not None:
            write_events(source, plan.intervals, events, form, clean=extras.clean)


def write_dataset(data: Dataset, path: str | Path, *, extras: Extras, compression: str | None, overwrite: bool) -> None:
    """Write a dataset; the format follows from the path's suffix."""
    folder, name = folder_of(path)
    form = find_format(name, more=(".npz",))
    zstd = check_compression(compression, form)
    extras = extras.checked()
    if extras.events and form.name == ".npz":
        raise SpecError("events", "must be False for .npz, which holds no texts of events", "True")
    with _whole_files(folder, name, form, events=extras.events, overwrite=overwrite) as (temporary, events):
        if form.name == ".npz":
            _write_npz(data.table(event_names=extras.event_names, labels=extras.labels), temporary)
        else:
            _write_table(data, temporary, form, extras, zstd=zstd)
        if events is not None:
            write_events(data.source, data.intervals, events, form, clean=data.is_clean)


@contextmanager
def _whole_files(
    folder: Folder, name: str, form: Format, *, events: bool, overwrite: bool
) -> Iterator[tuple[Path, Path | None]]:
    """Give temporary files for rows and, where it is asked for, for the table of events beside them."""
    with ExitStack() as stack:
        table = stack.enter_context(folder.whole(beside(name, form), overwrite=overwrite)) if events else None
        yield stack.enter_context(folder.whole(name, overwrite=overwrite)), table


def _write_table(data: Dataset, path: Path, form: Format, extras: Extras, *, zstd: bool) -> None:
    start = data.intervals[0][0] if len(data.intervals) == 1 else None
    facts = data.source.metadata(start) + ([(CLEAN, "true")] if data.is_clean else [])
    columns = data.arrow_columns(event_names=extras.event_names, labels=extras.labels)
    _core.write_table(*columns, path, format=form.name, packing=form.packing, zstd=zstd, metadata=facts)


def _write_npz(columns: dict[str, Any], path: Path) -> None:
    """Write columns as .npz, whatever their names: `numpy.savez` takes some for arguments of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            values = (
                np.array(["" if text is None else text for text in column], str) if column.dtype == object else column
            )
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=False)
