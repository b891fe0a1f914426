"""CSV that comes in pieces: bytes to samples."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from paranom_rs.errors import SpecError
from paranom_rs.files.layout import NO_CHANNELS
from paranom_rs.watch.feeds.samples import Reader, Samples

__all__ = ["TIMES", "CsvLines"]

#: Columns that hold the time unless another is named.
TIMES = ("t", "time", "timestamp", "datetime")
#: What stands between fields: the one that gives the first line most of them.
_DELIMITERS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")
#: Bytes of a line; a longer one is refused.
_LONGEST_LINE = 1 << 20


class CsvLines:
    """Makes samples of the lines of a CSV file. The first line names the columns; a later one may name them anew.

    Fields stand between ``,``, ``;``, tabs or ``|``. Where it is not the comma, ``3,5`` is a number.

    Parameters
    ----------
    name
        What is read, for messages.
    columns
        The channels; by default the columns of numbers in the first row, but for time, labels and key.
    key
        The column that holds the key; None for none.
    time
        The column that holds the time; by default one of `TIMES`, if there is one.
    """

    def __init__(self, name: str, columns: Sequence[str] | None, key: str | None, time: str | None) -> None:
        self.name, self.key, self.time = name, key, time
        self.header: list[str] = []
        self.delimiter = ","
        self._reader = None if columns is None else Reader(columns, key, time)
        self._rest = self._held = b""
        self.line = 0
        #: Bytes of the lines so far: where the next one begins.
        self.consumed = 0

    @property
    def channels(self) -> tuple[str, ...] | None:
        """The channels; None until the first row has come."""
        return None if self._reader is None else self._reader.channels

    def begin_again(self) -> None:
        """Expect a new file of the same kind."""
        self.feed(b"", is_end=True)
        self.header, self._held, self.line, self.consumed = [], b"", 0, 0

    def go_on(self, header: list[str], line: int, byte: int, time: str | None, delimiter: str) -> None:
        """Stand where an earlier reader of the file stood: below ``header``, after so many lines and bytes."""
        self.header, self.line, self.consumed = header, line, byte
        self.delimiter = delimiter
        self.time = time
        if self._reader is not None:
            self._reader.time = time

    def __len__(self) -> int:
        return 0 if self._reader is None else len(self._reader)

    def feed(self, data: bytes, *, is_end: bool = False) -> None:
        """Take bytes; a last line without an end counts once ``is_end``."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._take(line, len(line) + 1)
        if is_end and self._rest:
            rest, self._rest = self._rest, b""
            self._take(rest, len(rest))
        if len(self._rest) > _LONGEST_LINE:
            raise SpecError(self.name, "must have lines of at most a megabyte")

    def _take(self, line: bytes, size: int) -> None:
        self.line += 1
        size += len(self._held)
        line = self._held + line
        # A line ends inside quotes where their number is odd.
        if line.count(b'"') % 2 and len(line) < _LONGEST_LINE:
            self._held = line + b"\n"
            return
        self._held = b""
        self.consumed += size
        place = f"line {self.line}"
        try:
            text = line.decode("utf-8-sig" if self.line == 1 else "utf-8").rstrip("\r")
            if not self.header:
                self.delimiter = max(_DELIMITERS, key=lambda delimiter: len(_fields(text, delimiter)))
            fields = _fields(text, self.delimiter)
        except (UnicodeDecodeError, csv.Error) as error:
            if self._reader is not None:
                self._reader.refuse(place, f"is no CSV in UTF-8 ({error})")
                return
            raise SpecError(self.name, f"must be CSV in UTF-8 ({error})") from None
        if not fields:
            return
        if not self.header or self._is_header(fields):
            self._name(fields)
        elif self._reader is None:
            self._reader = Reader(self._numbers(fields), self.key, self.time)
            self._add(fields, place)
        elif len(fields) != len(self.header):
            self._reader.refuse(place, f"has {len(fields)} fields, and the header {len(self.header)}")
        else:
            self._add(fields, place)

    def _add(self, fields: list[str], place: str) -> None:
        assert self._reader is not None
        record = dict(zip(self.header, fields, strict=False))
        if self.delimiter != ",":
            record |= {name: self._point(record[name]) for name in self._reader.channels if name in record}
        self._reader.add(record, place)

    def _is_header(self, fields: list[str]) -> bool:
        """Say whether a line names columns: channels among them, and no field is a number or empty, as in every sample.

        A key may be called what a channel is called.
        """
        if self._reader is None or {*self._reader.channels}.isdisjoint(fields):
            return False
        return not any(_is_number(self._point(text)) for text in fields) and len({*fields}) == len(fields)

    def _name(self, fields: list[str]) -> None:
        changed = self.header not in ([], fields)
        self.header = fields
        if self.time is None:
            self.time = next((name for name in fields if name.lower() in TIMES), None)
            if self._reader is not None:
                self._reader.time = self.time
        for name in (self.key, self.time):
            if name is not None and name not in fields and self._reader is None:
                raise SpecError("columns", f"must be in {self.name}, which has {', '.join(fields)}", repr(name))
        if self._reader is None:
            return
        absent = [name for name in self._reader.channels if name not in fields]
        if absent and len(absent) == len(self._reader.channels):
            raise SpecError("columns", f"must be in {self.name}, which has {', '.join(fields)}", repr(absent[0]))
        if absent:
            self._reader.note(f"the columns changed: {', '.join(absent)} is missing")
        elif changed:
            self._reader.note("the columns changed")

    def _numbers(self, fields: list[str]) -> list[str]:
        pairs = zip(self.header, fields, strict=False)
        others = {self.key, self.time}
        found = [
            name
            for name, text in pairs
            if _is_number(self._point(text)) and name.lower() not in NO_CHANNELS and name not in others
        ]
        if not found:
            raise SpecError("columns", f"must be given: {self.name} has no column of numbers", ", ".join(self.header))
        return found

    def _point(self, text: str) -> str:
        return text if self.delimiter == "," else _with_point(text)

    def take(self, position: str | None = None) -> Samples:
        """Return the samples so far, and begin anew."""
        assert self._reader is not None
        return self._reader.take(position)


def _fields(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter), [])


def _with_point(text: str) -> str:
    """Return a number with a decimal comma as one with a point."""
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _is_number(text: str) -> bool:
    """Say whether a field is a number, or empty: a missing one."""
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
