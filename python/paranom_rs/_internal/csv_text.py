"""CSV text: its delimiter and header found, its lines read in parts, its fields made numbers."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.csv_lines import Lines, Name, is_blank, parts, records
from paranom_rs._internal.optional import require
from paranom_rs._internal.times import is_date
from paranom_rs.errors import SpecError

#: Fields that stand for a missing value, in small letters.
MISSING = frozenset(["", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "nat"])
_FLAGS = {"true": 1.0, "false": 0.0}
_DELIMITERS = (",", ";", "\t", "|", " ")
_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")
_POINT = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")
#: The rows by which the delimiter, the header and the columns are judged.
SAMPLE = 200


@contextmanager
def open_csv(path: Path) -> Iterator[IO[str]]:
    """Open CSV text, of a .gz file and (with pyarrow) a .zst file too, without the mark that spreadsheets put first."""
    if path.exists() and not path.is_file():
        raise SpecError(path, "must be a regular file")
    with (
        csv_errors(path),
        path.open("rb") as raw,
        TextIOWrapper(_unpacked(path, raw), encoding="utf-8-sig", newline="") as text,
    ):
        yield text


def _unpacked(path: Path, raw: IO[bytes]) -> Any:
    """Return what gives a file's text as bytes."""
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=raw)
    if path.suffix == ".zst":
        pa = require("pyarrow", "parquet", "reading .zst")
        return BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw), "zstd"))
    return raw


@contextmanager
def csv_errors(name: Name) -> Iterator[None]:
    """Raise SpecError for a text that is not CSV in UTF-8."""
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(name, f"must be CSV in UTF-8 ({error})") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SpecError(name, f"must be a whole gzip file ({error})") from None
    except OSError as error:
        if error.errno is not None or "compress" not in str(error):
            raise
        raise SpecError(name, f"must be a whole file of Zstandard ({error})") from None


class CsvRows:
    """The rows of a CSV text, below its header.

    The delimiter is the one of ``, ; tab |`` or blanks that gives most fields, and equally many in each line. A first
    line that holds a number or a date is no header. Columns without a name are called ``column 1``, ``column 2``, by
    their place. Blank lines are passed over.

    Parameters
    ----------
    text
        Lines, as a file opened with ``newline=""`` gives them.
    name
        The file, for errors.
    delimiter
        Given, or found. A blank stands for any number of blanks and tabs.
    sample
        How many rows may be read ahead to learn what the columns are.

    Attributes
    ----------
    header
        The names of the columns.
    nameless
        Positions of the columns that the text does not name.
    has_header
        Whether the first line names the columns.
    delimiter
        As given, or as found.
    decimal_comma
        Whether the first rows hold numbers like ``3,5``.
    sample
        The first rows, each a list of texts.

    Raises
    ------
    SpecError
        For no line, or a line that has not as many fields as the header.
    """

    def __init__(self, text: Iterable[str], name: Name, delimiter: str | None = None, sample: int = SAMPLE) -> None:
        self._text, self._name = iter(text), name
        self._ahead = _first_lines(self._text, sample + 1)
        if not any(line.strip() for line in self._ahead):
            raise SpecError(name, "must have a first line that names the columns", "nothing")
        self.delimiter = _find_delimiter(self._ahead) if delimiter is None else _one_character(delimiter)
        rows = [row for row in records(self._ahead, self.delimiter) if not is_blank(row, 0)]
        names = [text.strip() for text in rows[0]]
        self.has_header = not any(_is_value(text) for text in names)
        if not self.has_header:
            names = [""] * len(names)
        elif len(rows) > 1 and len(rows[1]) == len(names) + 1:
            # Rows may end with a delimiter, or begin with a number that has no name.
            names = [*names, ""] if rows[1][-1].strip() == "" else ["", *names]
        self.nameless = {i for i, text in enumerate(names) if text == "" or re.fullmatch(r"Unnamed: \d+", text)}
        self.header = [f"column {i + 1}" if i in self.nameless else text for i, text in enumerate(names)]
        self.sample = [row for row in rows[self.has_header :] if len(row) == len(names)]
        fields = [text for row in self.sample for text in row]
        self._no_points = self.delimiter != "," and not any(map(_POINT.fullmatch, fields))
        self.decimal_comma = self._no_points and any(map(_COMMA.fullmatch, fields))

    def parts(self, size: int) -> Iterator[Lines]:
        """Give the rows, the sample among them, of at most ``size`` lines at once. To be called once."""
        like, width = "header" if self.has_header else "first line", len(self.header)
        rule = f"must have {width} fields delimited by {self.delimiter!r}, as the {like} has"
        lines = chain(self._ahead, self._text)
        yield from parts(lines, self._name, self.delimiter, width, int(self.has_header), size, rule)

    def floats(self, lines: Lines, column: int, hint: str = "") -> NDArray[np.float64]:
        """Return the numbers of a column: NaN for what is missing, 1 and 0 for true and false.

        Raises
        ------
        SpecError
            Names the line and the column, and ends with the ``hint``.
        """
        if lines.block is not None:
            plain = lines.block.floats(column, comma=self._no_points)
            if plain is not None:
                return plain
        texts = lines.texts(column)
        try:
            values = np.array(list(map(float, texts)), np.float64)
            if "_" not in "".join(texts):
                return values
        except ValueError:
            pass
        values = np.empty(len(texts))
        for i, text in enumerate(texts):
            try:
                values[i] = self._number(text)
            except ValueError:
                rule = f"must be a number, true or false, or missing (empty, NA, null){hint}"
                raise SpecError(f"{lines.place(i)}: {self.header[column]}", rule, repr(text)) from None
        return values

    def is_number(self, text: str) -> bool:
        """Return whether a field is a number, a flag or missing."""
        try:
            self._number(text)
        except ValueError:
            return False
        return True

    def _number(self, text: str) -> float:
        low = text.strip().lower()
        if low in MISSING:
            return float("nan")
        if low in _FLAGS:
            return _FLAGS[low]
        if self._no_points and _COMMA.fullmatch(low):
            low = low.replace(",", ".")
        if "_" in low:  # Python's own way to write 1000, and a part number to everybody else
            raise ValueError(low)
        return float(low)


def _first_lines(text: Iterator[str], most: int) -> list[str]:
    """Return lines until ``most`` are not blank."""
    lines: list[str] = []
    for line in text:
        lines.append(line)
        most -= bool(line.strip())
        if most <= 0:
            break
    return lines


def _is_value(text: str) -> bool:
    """Return whether a field of the first line is a number or a date, which name no column."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return is_date(text)
    return text.lower() not in MISSING


def _one_character(delimiter: str) -> str:
    delimiter = {"\\t": "\t", "tab": "\t", "space": " "}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SpecError("delimiter", "must be one character, or tab, or space", repr(delimiter))
    return delimiter


def _find_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter with the most fields among those that give each line equally many."""
    best, most = None, (False, 1)
    for delimiter in _DELIMITERS:
        if delimiter == " " and best is not None:
            break  # blanks stand in texts and dates, too
        try:
            widths = [len(record) for record in records(lines, delimiter) if not is_blank(record, 0)]
        except csv.Error:
            continue
        body = widths[1:-1] or widths[1:] or widths  # a field in quotes may be cut at the last line read
        more = body[0] - widths[0]
        if len(set(body)) == 1 and body[0] > 1 and more in (0, 1) and (more == 0, body[0]) > most:
            best, most = delimiter, (more == 0, body[0])
    return best or next((d for d in _DELIMITERS[:-1] if d in lines[0]), ",")
