"""Files of lines, also such as grow or are replaced, and CSV on standard input."""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from paranom_rs.errors import SpecError
from paranom_rs.watch.feeds.json_lines import JsonLines
from paranom_rs.watch.feeds.lines import CsvLines
from paranom_rs.watch.feeds.samples import MOST_ROWS, Samples
from paranom_rs.watch.feeds.text_lines import TextLines

__all__ = ["CsvFile", "CsvPipe", "JsonFile"]

#: Seconds from one look at a file to the next, and bytes that are read at once.
_LOOK, _BYTES = 0.05, 1 << 18
#: Bytes at the beginning by which a file is known.
_START = 1024


class CsvFile:
    r"""A CSV file: to its end, or, with ``follow``, on and on as it grows.

    With ``follow``, a file that is replaced is read from its beginning: another file of that name, a shorter one, one
    that begins otherwise. The position is a byte, so that after a restart no line is missed or read twice.

    Raises
    ------
    SpecError
        A file without a header or without channels.
    OSError
        A file that cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from threading import Event

    >>> from paranom_rs.watch.feeds.files import CsvFile
    >>> _ = Path("feed.csv").write_text("time,flow\n0,1.5\n1,2.5\n")
    >>> [samples] = CsvFile("feed.csv").batches(None, Event())
    >>> samples.t.tolist(), samples.X.tolist()
    ([0.0, 1.0], [[1.5], [2.5]])
    """

    _form: type[TextLines] = CsvLines

    def __init__(
        self,
        path: str | Path,
        columns: Sequence[str] | None = None,
        *,
        key: str | None = None,
        time: str | None = None,
        follow: bool = False,
        scored: bool = False,
    ) -> None:
        self.path, self.follow = Path(path), follow
        self.name = str(path)
        self._key, self._time, self._scored = key, time, scored
        self.channels = self._look_ahead(self._lines(columns))

    def _lines(self, columns: Sequence[str] | None) -> TextLines:
        return self._form(self.name, columns, self._key, self._time, scored=self._scored)

    def _look_ahead(self, lines: TextLines) -> tuple[str, ...]:
        with self.path.open("rb") as file:
            while lines.channels is None or not lines.header:
                data = file.read(1 << 16)
                lines.feed(data, is_end=not data)
                if not data:
                    break
        if lines.channels is None or (not lines.header and not self.follow):
            raise SpecError(self.name, "must have a line that names the columns, and a row", "nothing")
        return lines.channels

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give samples from a position on, until the file ends or ``stop`` is set."""
        lines = self._lines(self.channels)
        file = self.path.open("rb")
        try:
            self._go_to(position, file, lines)
            start = b""
            while not stop.is_set():
                if self.follow and self._begins(file, len(start)) != start:
                    lines.begin_again()
                    file.seek(0)
                    start = b""
                data = file.read(_BYTES)
                start = start if len(start) == _START else self._begins(file, min(file.tell(), _START))
                lines.feed(data, is_end=not data and not self.follow)
                if len(lines) and (not data or len(lines) >= MOST_ROWS):
                    yield lines.take(self._position(file, lines))
                if data:
                    continue
                if not self.follow:
                    return
                if self._was_replaced(file):
                    if data := file.read(_BYTES):  # what was written since the last look
                        lines.feed(data)
                        continue
                    file.close()
                    file = self.path.open("rb")
                    lines.begin_again()
                    start = b""
                else:
                    stop.wait(_LOOK)
        finally:
            file.close()

    def _go_to(self, position: str | None, file: IO[bytes], lines: TextLines) -> None:
        if position is None:
            return
        where = json.loads(position)
        status = os.fstat(file.fileno())
        if where["inode"] != status.st_ino or status.st_size < where["byte"]:
            return
        lines.go_on(where["header"], where["line"], where["byte"], where["time"], where["delimiter"])
        file.seek(where["byte"])

    def _position(self, file: IO[bytes], lines: TextLines) -> str:
        return json.dumps(
            {
                "inode": os.fstat(file.fileno()).st_ino,
                "byte": lines.consumed,
                "line": lines.line,
                "header": lines.header,
                "time": lines.time,
                "delimiter": lines.delimiter,
            }
        )

    def _begins(self, file: IO[bytes], n: int) -> bytes:
        """Return the first bytes of a file: other ones say that it was written anew."""
        here = file.tell()
        file.seek(0)
        start = file.read(n)
        file.seek(here)
        return start

    def _was_replaced(self, file: IO[bytes]) -> bool:
        try:
            there = self.path.stat()
        except OSError:
            return False
        here = os.fstat(file.fileno())
        # One that is replaced may get more lines before it is closed: it is left only once the new one has some.
        return (there.st_ino != here.st_ino and there.st_size > 0) or here.st_size < file.tell()


class JsonFile(CsvFile):
    r"""A file of JSON Lines, read as `CsvFile` reads CSV.

    Examples
    --------
    >>> from pathlib import Path
    >>> from threading import Event

    >>> from paranom_rs.watch.feeds.files import JsonFile
    >>> _ = Path("feed.jsonl").write_text('{"t": 0, "machine": "a", "flow": 1.5}\n')
    >>> [samples] = JsonFile("feed.jsonl", key="machine").batches(None, Event())
    >>> samples.keys, samples.X.tolist()
    (['a'], [[1.5]])
    """

    _form = JsonLines


class CsvPipe:
    """CSV from a pipe, such as standard input; it cannot go back.

    Examples
    --------
    >>> import subprocess, sys
    >>> from threading import Event
    >>> from paranom_rs.watch.feeds.files import CsvPipe
    >>> sensor = subprocess.Popen([sys.executable, "-c", "print('flow'), print(1.5)"], stdout=subprocess.PIPE)
    >>> [samples] = CsvPipe(sensor.stdout).batches(None, Event())
    >>> samples.X.tolist()
    [[1.5]]
    >>> sensor.stdout.close(), sensor.wait()
    (None, 0)
    """

    def __init__(
        self,
        file: IO[bytes],
        columns: Sequence[str] | None = None,
        *,
        key: str | None = None,
        time: str | None = None,
        name: str = "standard input",
        scored: bool = False,
    ) -> None:
        self.name = name
        self._file = file
        self._lines = CsvLines(name, columns, key, time, scored=scored)
        self._ended = False
        while self._lines.channels is None and not self._ended:
            self._read(None)
        if self._lines.channels is None:
            raise SpecError(name, "must have a line that names the columns, and a row", "nothing")
        self.channels = self._lines.channels

    def _read(self, seconds: float | None) -> bool:
        """Take what is there; wait for it at most so long."""
        if not select.select([self._file], [], [], seconds)[0]:
            return False
        data = os.read(self._file.fileno(), _BYTES)
        self._ended = not data
        self._lines.feed(data, is_end=self._ended)
        return True

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give samples as they come, until the pipe is closed or ``stop`` is set."""
        while not stop.is_set():
            if len(self._lines):
                yield self._lines.take()
            if self._ended:
                return
            self._read(0.1)
