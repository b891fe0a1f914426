"""CSV that comes in pieces."""

from __future__ import annotations

import csv
import re
from typing import Any

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecError
from paranom_rs.watch.feeds.text_lines import LONGEST_LINE, TextLines

__all__ = ["CsvLines"]

#: What stands between fields: the one that gives the first line most of them.
_DELIMITERS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")


class CsvLines(TextLines):
    """Makes samples of the lines of a CSV file. The first line names the columns; a later one may name them anew.

    Fields stand between ``,``, ``;``, tabs or ``|``. Where it is not the comma, ``3,5`` is a number.
    """

    delimiter = ","
    #: Lines of which a field in quotes has not ended.
    _held = b""

    def begin_again(self) -> None:
        """Expect a new file of the same kind."""
        super().begin_again()
        self._held = b""

    def _take(self, line: bytes, size: int) -> None:
        self.line += 1
        size += len(self._held)
        line = self._held + line
        # A line ends inside quotes where their number is odd.
        if line.count(b'"') % 2 and len(line) < LONGEST_LINE:
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
            self._reader = self._new_reader(self._numbers(fields))
            self._add(fields, place)
        elif len(fields) != len(self.header):
            self._reader.refuse(place, f"has {len(fields)} fields, and the header {len(self.header)}")
        else:
            self._add(fields, place)

    def _add(self, fields: list[str], place: str) -> None:
        assert self._reader is not None
        record: dict[str, Any] = dict(zip(self.header, fields, strict=False))
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
        self._find_time(fields)
        for name in (self.key, self.time):
            if name is not None and name not in fields and self._reader is None:
                raise SpecError("columns", f"must be in {self.name}, which has {', '.join(fields)}", shown(name))
        if self._reader is None:
            return
        absent = [name for name in self._reader.channels if name not in fields]
        if absent and len(absent) == len(self._reader.channels):
            raise SpecError("columns", f"must be in {self.name}, which has {', '.join(fields)}", shown(absent[0]))
        if absent:
            self._reader.note(f"the columns changed: {', '.join(absent)} is missing")
        elif changed:
            self._reader.note("the columns changed")

    def _numbers(self, fields: list[str]) -> list[str]:
        pairs = zip(self.header, fields, strict=False)
        return self._channels_of([name for name, text in pairs if _is_number(self._point(text))], self.header)

    def _point(self, text: str) -> str:
        return text if self.delimiter == "," else _with_point(text)


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
