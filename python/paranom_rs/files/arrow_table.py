"""Parquet and Arrow files as a table: what their columns are, and their rows in parts. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import columns as table_columns
from paranom_rs._internal import times
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.csv_text import SAMPLE
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError
from paranom_rs.files.layout import Column, Wanted, lay_out
from paranom_rs.files.order import OrderCheck
from paranom_rs.files.parts import Table, dates, frames_of, from_epoch

__all__ = ["arrow_table"]


@contextmanager
def arrow_table(path: Path, wanted: Wanted, form: str | None, order: OrderCheck) -> Iterator[Table]:
    """Open a file; arguments and errors are those of `read_table`."""
    pa = require("pyarrow", "parquet", "reading Parquet and Arrow files")
    with ExitStack() as stack:
        try:
            schema, batches = _open_arrow(path, stack)
            head = next(iter(batches(SAMPLE)), None)
        except pa.ArrowInvalid as error:
            raise SpecError(path, f"must be a Parquet or Arrow file ({error})") from None
        names = list(schema.names)
        columns = [_arrow_column(schema.field(i), None if head is None else head.column(i)) for i in range(len(names))]
        layout = lay_out(path, columns, wanted)

        def frames(size: int) -> Iterator[Frame]:
            done = 0

            def parts() -> Iterator[_ArrowPart]:
                nonlocal done
                for batch in batches(size):
                    if batch.num_rows:
                        yield _ArrowPart(path, batch, done, form)
                    done += batch.num_rows

            try:
                yield from frames_of(parts(), layout, columns, order)
            except pa.ArrowInvalid as error:
                raise SpecError(path, f"must be a Parquet or Arrow file ({error})") from None

        time = None if layout.time is None else names[layout.time]
        yield Table(str(path), names, [names[i] for i in layout.channels], time, layout.notes, frames)


def _open_arrow(path: Path, stack: ExitStack) -> tuple[Any, Callable[[int], Iterator[Any]]]:
    """Return the schema, and what gives the record batches from the first on."""
    if path.suffix.lower() in (".parquet", ".pq"):
        file = stack.enter_context(require("pyarrow.parquet", "parquet", "reading Parquet").ParquetFile(path))
        return file.schema_arrow, file.iter_batches
    pa = require("pyarrow", "parquet", "reading Arrow files")
    source = stack.enter_context(pa.memory_map(str(path)))
    # A file begins with a magic number, a stream does not.
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    table = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).read_all()
    return table.schema, lambda size: iter(table.to_batches(size))


def _arrow_column(field: Any, values: Any) -> Column:
    import pyarrow as pa

    kind = field.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Column(field.name, "date")
    if pa.types.is_null(kind):
        return Column(field.name, "empty")
    if pa.types.is_dictionary(kind):
        kind, values = kind.value_type, None if values is None else values.dictionary_decode()
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not numeric and not pa.types.is_boolean(kind):
        texts = [] if values is None or not _is_text(kind) else values.drop_null().to_pylist()
        return Column(field.name, "date" if texts and all(map(times.is_date, texts)) else "text")
    exact = None
    if values is not None and not values.null_count and not pa.types.is_boolean(kind):
        exact = values.to_numpy(zero_copy_only=False) if pa.types.is_integer(kind) else table_columns.floats("", values)
    return Column(field.name, "number", exact, not field.name.startswith("__index_level_"))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


@dataclass(frozen=True)
class _ArrowPart:
    path: Path
    batch: Any
    done: int
    form: str | None

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def place(self, row: int) -> str:
        return f"{self.path}: row {self.done + row + 1}"

    def floats(self, column: int) -> Floats:
        return table_columns.floats(f"{self.path}: {self.batch.schema.names[column]}", self.batch.column(column))

    def texts(self, column: int) -> list[str]:
        import pyarrow as pa

        texts = self.batch.column(column).cast(pa.string()).to_pylist()
        return ["" if text is None else text for text in texts]

    def times(self, column: int, unit: str | None) -> tuple[NDArray[Any], str | None]:
        import pyarrow as pa

        values, name = self.batch.column(column), self.batch.schema.names[column]
        if values.null_count:
            row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
            raise SpecError(f"{self.place(row)}: {name}", "must have a time in each row", "a missing one")
        found = table_columns.datetimes(values)
        if found is not None:
            return found
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if _is_text(values.type):
            return dates(self, name, values.to_pylist(), self.form)
        exact = values.to_numpy(zero_copy_only=False) if pa.types.is_integer(values.type) else self.floats(column)
        return (exact if unit is None else from_epoch(self, name, exact, unit)), None
