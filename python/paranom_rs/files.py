"""Files of generated rows: whole or absent, with the spec inside where the format has room for it."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from paranom_rs.dataset import Dataset
    from paranom_rs.generator import Generator

#: Where the spec stands in the metadata of Parquet and Arrow files.
SPEC_KEY = b"paranom_rs.spec"
FINGERPRINT_KEY = b"paranom_rs.fingerprint"
FORMATS = (".parquet", ".arrow", ".csv", ".npz")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; it becomes ``path`` when all went well, else it is removed."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{path.suffix}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_format(path: Path) -> str:
    """Return the suffix of a format that can be written."""
    if path.suffix not in FORMATS:
        raise SpecError(f"path: must end in one of {', '.join(FORMATS)}, got {str(path)!r}")
    return path.suffix


def write_dataset(data: Dataset, path: Path) -> None:
    """Write a dataset; the format follows from the path's suffix."""
    suffix = check_format(path)
    with whole_file(path) as temporary:
        if suffix == ".npz":
            write_npz(data._table() | {"t": data.t}, temporary)
        elif suffix == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as file:
                write_csv_rows(data, file, header=True)
        else:
            with open_sink(data, temporary) as sink:
                sink.write(arrow_table(data))


def write_rows(
    generator: Generator, path: Path, rows: int, *, start: int, batch_rows: int, overwrite: bool, progress: bool
) -> None:
    """Generate rows into a file, a batch at a time."""
    suffix = check_format(path)
    if suffix == ".npz":
        raise SpecError("path: .npz holds what fits in memory: use generate(rows).write(path)")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists; overwrite=True replaces it")
    batches = generator.batches(rows, batch_rows=batch_rows, start=start)
    empty = generator.generate(0, start=start)
    with whole_file(path) as temporary, Progress(rows, shown=progress) as step:
        done = 0
        if suffix == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as file:
                write_csv_rows(empty, file, header=True)
                for data in batches:
                    write_csv_rows(data, file, header=False)
                    done += len(data)
                    step(done)
        else:
            metadata = arrow_metadata(generator)
            with open_sink(empty, temporary) as sink:
                for data in batches:
                    sink.write(_pyarrow().table(data).replace_schema_metadata(metadata))
                    done += len(data)
                    step(done)


def write_npz(columns: dict[str, Any], path: Path) -> None:
    """Write columns as .npz, whatever their names: `numpy.savez` takes some for arguments of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(column), allow_pickle=False)


def read_spec(path: Path) -> tuple[str, str]:
    """Return the spec, as TOML, that a Parquet or Arrow file carries, and its fingerprint."""
    pa = _pyarrow()
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            metadata = pq.read_schema(path).metadata
        else:
            with pa.OSFile(str(path)) as file:
                metadata = pa.ipc.open_file(file).schema.metadata
    except pa.ArrowInvalid as error:
        raise SpecError(f"{path}: is no Parquet or Arrow file: {error}") from None
    spec = (metadata or {}).get(SPEC_KEY)
    if spec is None:
        raise SpecError(f"{path}: carries no spec (it was not written by paranom_rs, or its recording was too long)")
    return str(spec, "utf-8"), str((metadata or {}).get(FINGERPRINT_KEY, b""), "utf-8")


class Progress:
    """A bar over rows, or nothing; calling it says how many rows are done."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self._bar: Any = None
        if shown:
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError('progress needs tqdm: pip install "paranom_rs[progress]"') from error
            self._bar = tqdm(total=total, unit="rows", unit_scale=True)

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int) -> None:
        """Move the bar to ``done`` rows."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def open_sink(data: Dataset, path: Path) -> Any:
    """Open a Parquet or Arrow IPC writer for datasets like this one."""
    pa = _pyarrow()
    schema = arrow_table(data).schema
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        # Random doubles do not compress, and a dictionary of them is larger than they are.
        return pq.ParquetWriter(path, schema, compression="none", use_dictionary=False)
    return pa.RecordBatchFileWriter(str(path), schema)


def arrow_table(data: Dataset) -> Any:
    """Return the rows as a pyarrow table whose metadata hold the spec."""
    return _pyarrow().table(data).replace_schema_metadata(arrow_metadata(data.generator))


def arrow_metadata(generator: Generator) -> dict[bytes, bytes]:
    """Return what a file says of its generator: the fingerprint, and the spec where it fits."""
    metadata = {FINGERPRINT_KEY: generator.fingerprint.encode()}
    # A long recording does not fit; the fingerprint still tells which spec it was.
    with suppress(SpecError):
        metadata[SPEC_KEY] = generator.to_toml().encode()
    return metadata


def write_csv_rows(data: Dataset, file: Any, *, header: bool) -> None:
    """Write rows as CSV: shortest numbers that read back as the same, missing values empty."""
    table = data._table() | {"t": data.t}
    if header:
        names = [f'"{name.replace(chr(34), chr(34) * 2)}"' if _must_quote(name) else name for name in table]
        file.write(",".join(names) + "\n")
    columns = [["" if x != x else str(x) for x in np.asarray(column).tolist()] for column in table.values()]
    if data.t.dtype.kind == "M":
        columns[0] = np.datetime_as_string(data.t).tolist()
    file.writelines(",".join(line) + "\n" for line in zip(*columns, strict=True))


def _must_quote(name: str) -> bool:
    return any(c in name for c in ',"\n\r')


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError('Parquet and Arrow files need pyarrow: pip install "paranom_rs[parquet]"') from error
    return pyarrow
