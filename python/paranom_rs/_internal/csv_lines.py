"""Lines of CSV in parts: read fast where they are plain, else record by record, with the same result."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from os import PathLike

from paranom_rs import _core
from paranom_rs.errors import SpecError

__all__ = ["Lines", "Name", "is_blank", "parts", "records"]

Name = str | PathLike[str]

#: Lines from which on it is worth looking whether they are plain.
_WORTH = 32


@dataclass(frozen=True)
class Lines:
    """Some rows of a CSV text.

    Attributes
    ----------
    name
        The file.
    first_line
        The number of their first line; of plain ones, that of the first row.
    block
        The core's view of plain lines, or None.
    """

    name: Name
    first_line: int
    block: _core.CsvBlock | None
    _fields: Sequence[Sequence[str]]
    _records: Sequence[list[str]]
    _width: int
    _skipped: int

    @classmethod
    def plain(cls, name: Name, first_line: int, block: _core.CsvBlock) -> Lines:
        """Return lines that the core can read."""
        return cls(name, first_line, block, (), (), 0, 0)

    def __len__(self) -> int:
        return len(self._fields[0]) if self.block is None else len(self.block)

    def texts(self, column: int) -> Sequence[str]:
        """Return the fields of a column, row by row."""
        return self._fields[column] if self.block is None else self.block.texts(column)

    def place(self, row: int) -> str:
        """Return the file and the line of a row, for errors."""
        if self.block is not None:
            return f"{self.name}: line {self.first_line + row}"
        line, seen = self.first_line, -1 - self._skipped
        for record in self._records:
            seen += not is_blank(record, self._width)
            if seen == row:
                break
            # A field in quotes may hold ends of lines.
            line += 1 + sum(field.count("\n") for field in record)
        return f"{self.name}: line {line}"


def parts(
    lines: Iterable[str], name: Name, delimiter: str, width: int, skip: int, size: int, rule: str
) -> Iterator[Lines]:
    """Give the rows of lines in parts of at most ``size`` lines; ``skip`` rows of the first ones are a header.

    Raises
    ------
    SpecError
        For a row that has not ``width`` fields, with the ``rule``.
    """
    lines, line = iter(lines), 1
    # What stands in quotes in the header makes no rows slow.
    while chunk := list(islice(lines, 1 if skip else size)):
        block = None
        if len(chunk) >= _WORTH and not skip and delimiter.isascii():
            block = _core.CsvBlock.of("".join(chunk), lines=len(chunk), delimiter=ord(delimiter), width=width)
        if block is not None:
            yield Lines.plain(name, line, block)
            line += len(chunk)
            continue
        # A field in quotes may go on behind the last of these lines.
        reader = records(chain(chunk, lines), delimiter)
        found: list[list[str]] = []
        read = 0
        while read < len(chunk):
            record = next(reader, None)
            if record is None:
                break
            found.append(record)
            read = getattr(reader, "line_num", read + 1)
        part, skip = _careful(found, name, line, width, skip, rule)
        line += read
        if part is not None:
            yield part


def _careful(
    found: list[list[str]], name: Name, line: int, width: int, skip: int, rule: str
) -> tuple[Lines | None, int]:
    """Return the rows among records, if there are any, and how many are still to be skipped."""
    same = set(map(len, found)) == {width} and width > 1
    rows = found if same else [record for record in found if not is_blank(record, width)]
    skipped, skip = min(skip, len(rows)), max(skip - len(rows), 0)
    rows = rows[skipped:]
    if not rows:
        return None, skip
    wrong = None if same else next((i for i, fields in enumerate(rows) if len(fields) != width), None)
    if wrong is not None:
        raise SpecError(Lines(name, line, None, (), found, width, skipped).place(wrong), rule, str(len(rows[wrong])))
    return Lines(name, line, None, list(zip(*rows, strict=True)), found, width, skipped), skip


def records(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Give the fields of each record; a blank as delimiter stands for any number of blanks and tabs."""
    if delimiter == " ":
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def is_blank(record: list[str], width: int) -> bool:
    """Return whether a line holds no fields, in a text whose lines have ``width`` of them."""
    return not record or (len(record) == 1 and width != 1 and not record[0].strip())
