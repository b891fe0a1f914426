"""JSON Lines that come in pieces: an object a line."""

from __future__ import annotations

import json

from paranom_rs.watch.feeds.text_lines import TextLines

__all__ = ["JsonLines"]


class JsonLines(TextLines):
    """Makes samples of the lines of a JSON Lines file. The fields of the first object are the columns.

    A blank line is passed over; one that holds no JSON object is refused.
    """

    def _take(self, line: bytes, size: int) -> None:
        self.line += 1
        self.consumed += size
        place = f"line {self.line}"
        if not line.strip():
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            if self._reader is not None:
                self._reader.refuse(place, "holds no JSON object")
            return
        if not self.header:
            self.header = list(record)
            self._find_time(self.header)
        if self._reader is None:
            numbers = [
                name
                for name, value in record.items()
                if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
            ]
            self._reader = self._new_reader(self._channels_of(numbers, self.header))
        self._reader.add(record, place)
