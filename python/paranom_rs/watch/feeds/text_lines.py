"""Lines that come in pieces: bytes to samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from paranom_rs.errors import SpecError
from paranom_rs.files.layout import NO_CHANNELS
from paranom_rs.watch.feeds.samples import SCORED, Reader, Samples

__all__ = ["LONGEST_LINE", "TIMES", "TextLines"]

#: Fields that hold the time unless another is named.
TIMES = ("t", "time", "timestamp", "datetime")
#: Bytes of a line; a longer one is refused.
LONGEST_LINE = 1 << 20


class TextLines(ABC):
    """Makes samples of lines, of which each is a record.

    Parameters
    ----------
    name
        What is read, for messages.
    columns
        The channels; by default the fields of the first record that are numbers, but for time, labels and key.
    key
        The field that holds the key; None for none.
    time
        The field that holds the time; by default one of `TIMES`, if there is one.
    scored
        The records hold what a detector elsewhere found: `SCORED`.
    """

    #: What stands between the fields, where something does.
    delimiter = ""

    def __init__(
        self, name: str, columns: Sequence[str] | None, key: str | None, time: str | None, *, scored: bool = False
    ) -> None:
        self.name, self.key, self.time, self.scored = name, key, time, scored
        self.header: list[str] = []
        self._reader = None if columns is None else self._new_reader(columns)
        self._rest = b""
        self.line = 0
        #: Bytes of the lines so far: where the next one begins.
        self.consumed = 0

    def _new_reader(self, columns: Sequence[str]) -> Reader:
        return Reader(columns, self.key, self.time, scored=self.scored)

    @property
    def channels(self) -> tuple[str, ...] | None:
        """The channels; None until the first row has come."""
        return None if self._reader is None else self._reader.channels

    def begin_again(self) -> None:
        """Expect a new file of the same kind."""
        self.feed(b"", is_end=True)
        self.header, self.line, self.consumed = [], 0, 0

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
        if len(self._rest) > LONGEST_LINE:
            raise SpecError(self.name, "must have lines of at most a megabyte")

    @abstractmethod
    def _take(self, line: bytes, size: int) -> None:
        """Take a line, of ``size`` bytes with its end."""

    def _find_time(self, fields: Sequence[str]) -> None:
        """Find the field that holds the time, unless it was named."""
        if self.time is None:
            others = SCORED if self.scored else ()
            self.time = next((name for name in fields if name.lower() in TIMES and name not in others), None)
            if self._reader is not None:
                self._reader.time = self.time

    def _channels_of(self, numbers: Sequence[str], fields: Sequence[str]) -> list[str]:
        """Return those of the fields with numbers that are channels."""
        others = {self.key, self.time, *(SCORED if self.scored else ())}
        found = [name for name in numbers if name.lower() not in NO_CHANNELS and name not in others]
        if not found:
            raise SpecError("columns", f"must be given: {self.name} has no column of numbers", ", ".join(fields))
        return found

    def take(self, position: str | None = None) -> Samples:
        """Return the samples so far, and begin anew."""
        assert self._reader is not None
        return self._reader.take(position)
