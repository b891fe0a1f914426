"""Lines of a file that grows, as they are written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from paranom_rs.errors import SpecError

__all__ = ["following"]

#: Seconds between two looks at the file.
PAUSE = 0.05


def following(text: IO[str], path: Path) -> Iterator[str]:
    """Give the lines of a file, and then those that are added to it; without end.

    Raises
    ------
    SpecError
        Where the file becomes shorter than what was read.
    """
    rest, read = "", 0
    while True:
        piece = text.readline()
        if piece:
            read += len(piece)
            rest += piece
            # A line is whole when its end is there.
            if rest.endswith("\n"):
                yield rest
                rest = ""
            continue
        if path.stat().st_size < read:
            raise SpecError(path, "must not become shorter while it is followed")
        time.sleep(PAUSE)
