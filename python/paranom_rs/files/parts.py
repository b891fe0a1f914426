"""The rows of a table in parts, whatever file they come from; and how frames are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import times
from paranom_rs._internal.checks import Flags, Floats, shown
from paranom_rs._internal.csv_text import MISSING
from paranom_rs._internal.frames import Frame
from paranom_rs.errors import SpecError
from paranom_rs.files.layout import Column, Layout
from paranom_rs.files.order import OrderCheck

__all__ = ["ROWS", "Part", "Table", "dates", "frames_of", "from_epoch"]

#: Rows that are read at once.
ROWS = 1 << 13


@dataclass(frozen=True)
class Table:
    """An open table: what its columns are, and its rows in parts.

    Attributes
    ----------
    name
        The file, for errors.
    header
        The names of all columns.
    channels
        Those of the channels.
    time
        The column of times, or None.
    notes
        What was decided without being told, for the user.
    parts
        Gives the rows in parts of a size; to be called once.
    """

    name: str
    header: list[str]
    channels: list[str]
    time: str | None
    notes: list[str]
    parts: Callable[[int], Iterator[Frame]]

    def frames(self, rows: int = ROWS) -> Iterator[Frame]:
        """Give the rows as frames of at most ``rows`` rows each, in the order of the file. To be called once."""
        return self.parts(rows)


class Part(Protocol):
    """Some rows of a file: a way to each column, and places for errors."""

    def __len__(self) -> int: ...
    def place(self, row: int) -> str:
        """Return the file and the line of a row, for errors."""

    def floats(self, column: int) -> Floats:
        """Return the numbers of a column, NaN for what is missing."""

    def times(self, column: int, unit: str | None) -> tuple[NDArray[Any], str | None]:
        """Return the times of a column, and their zone; numbers since 1970 are of the ``unit``."""

    def texts(self, column: int) -> list[str]:
        """Return the fields of a column as texts."""


def frames_of(parts: Iterable[Part], layout: Layout, columns: Sequence[Column], order: OrderCheck) -> Iterator[Frame]:
    """Make frames of the parts of a file."""
    names = [columns[i].name for i in layout.channels]
    for part in parts:
        values = np.empty((len(part), len(names)))
        for j, column in enumerate(layout.channels):
            values[:, j] = part.floats(column)
        stamps, zone = (None, None) if layout.time is None else part.times(layout.time, layout.unit)
        if layout.unit is not None:
            zone = "UTC"
        frame = Frame(
            values,
            names,
            stamps,
            zone,
            None if layout.time is None else columns[layout.time].name,
            None if layout.label is None else _labels(part, layout.label, columns[layout.label].name),
            None if layout.process is None else part.texts(layout.process),
        )
        order.check(frame, part.place)
        yield frame


def _labels(part: Part, column: int, name: str) -> Flags:
    """Return 0/1, true/false or words as flags: ``normal`` is 0, and then any other word is 1."""
    texts = [text.strip().lower() for text in part.texts(column)]
    words = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True, "normal": False}
    unknown = {text for text in set(texts) - set(words) if text in MISSING or _is_float(text)}
    wrong = next((i for i, text in enumerate(texts) if text in unknown), None)
    if wrong is not None:
        raise SpecError(
            f"{part.place(wrong)}: {name}",
            "must be a label: 0 or 1, true or false, normal or a word",
            repr(texts[wrong]),
        )
    return np.array([words.get(text, True) for text in texts], bool)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def dates(part: Part, name: str, texts: Sequence[str], form: str | None) -> tuple[NDArray[Any], str | None]:
    """Return texts as times, and their zone; SpecError names the line."""
    try:
        return times.parse_dates(texts, form)
    except times.NotADateError as error:
        rule = f"must be a time of the format {form!r}"
        if form is None:
            rule = "must be a date like 2026-01-31 08:00:00; time_format reads others, as %d.%m.%Y %H:%M"
        raise SpecError(f"{part.place(error.at)}: {name}", rule, shown(texts[error.at])) from None


def from_epoch(part: Part, name: str, values: NDArray[Any], unit: str) -> NDArray[Any]:
    """Return numbers of a unit since 1970 as times; SpecError names the line."""
    try:
        return times.from_epoch("", values, unit)
    except SpecError as error:
        raise SpecError(f"{part.place(int(error.path[1:-1]))}: {name}", error.rule, error.value) from None
