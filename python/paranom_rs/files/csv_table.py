"""CSV as a table: what its columns are, and its rows in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.csv_lines import Lines, Name
from paranom_rs._internal.csv_text import MISSING, CsvRows, csv_errors
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.times import is_date
from paranom_rs.files.layout import Column, Wanted, lay_out
from paranom_rs.files.order import OrderCheck
from paranom_rs.files.parts import Table, dates, frames_of, from_epoch

__all__ = ["csv_table"]


def csv_table(
    text: Iterable[str],
    name: Name,
    wanted: Wanted,
    delimiter: str | None,
    form: str | None,
    order: OrderCheck,
    sample: int,
) -> Table:
    """Open CSV; arguments and errors are those of `read_table`, and of `CsvRows`."""
    rows = CsvRows(text, name, delimiter, sample)
    named = wanted.time
    columns = [_csv_column(rows, i, form if named == rows.header[i] else None) for i in range(len(rows.header))]
    layout = lay_out(name, columns, wanted)
    notes = list(layout.notes)
    if delimiter is None and rows.delimiter != ",":
        notes.insert(0, f"delimiter: {rows.delimiter!r}")
    if rows.decimal_comma:
        notes.append("numbers have a decimal comma")
    if not rows.has_header:
        notes.append("the first line is data: columns are called column 1, column 2, ...")

    def frames(size: int) -> Iterator[Frame]:
        with csv_errors(name):
            yield from frames_of((_CsvPart(rows, lines, form) for lines in rows.parts(size)), layout, columns, order)

    channels = [rows.header[i] for i in layout.channels]
    return Table(
        str(name), rows.header, channels, None if layout.time is None else rows.header[layout.time], notes, frames
    )


def _csv_column(rows: CsvRows, i: int, form: str | None) -> Column:
    """Return what the first fields of a column show it to be."""
    fields = [row[i] for row in rows.sample]
    held = [text for text in fields if text.strip().lower() not in MISSING]
    name, has_name = rows.header[i], i not in rows.nameless
    if not held:
        return Column(name, "empty" if fields else "unknown", None, has_name)
    # A few that are none are errors, which name their line.
    if 2 * sum(map(rows.is_number, held)) >= len(held):
        return Column(name, "number", _exact(held) if len(held) == len(fields) else None, has_name)
    if form is not None or is_date(held[0]):
        return Column(name, "date", None, has_name)
    return Column(name, "text", None, has_name)


def _exact(texts: Sequence[str]) -> NDArray[np.generic] | None:
    """Return numbers, whole ones as int64: epoch numbers in nanoseconds are too large for float64."""
    try:
        return np.array(list(map(int, texts)), np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        return np.array(list(map(float, texts)), np.float64)
    except ValueError:
        return None


@dataclass(frozen=True)
class _CsvPart:
    rows: CsvRows
    lines: Lines
    form: str | None

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int) -> str:
        return self.lines.place(row)

    def floats(self, column: int) -> Floats:
        return self.rows.floats(self.lines, column, "; columns leaves it out")

    def texts(self, column: int) -> list[str]:
        return list(self.lines.texts(column))

    def times(self, column: int, unit: str | None) -> tuple[NDArray[Any], str | None]:
        name, block = self.rows.header[column], self.lines.block
        exact: NDArray[Any] | None = None
        if block is not None and self.form is None:
            found = block.times(column)
            if found is not None:
                return found[0].view("datetime64[ns]"), "UTC" if found[1] else None
            exact = block.wholes(column)
        texts = self.lines.texts(column) if exact is None else ()
        if exact is None and self.form is None:
            exact = _exact(texts)
        if exact is not None and np.isfinite(exact.astype(np.float64)).all():
            return (exact if unit is None else from_epoch(self, name, exact, unit)), None
        return dates(self, name, texts, self.form)
