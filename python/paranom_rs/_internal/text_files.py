"""Text from files that anyone may have written: regular files of a bounded size, in UTF-8; and TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from paranom_rs.errors import SpecError

#: A spec with embedded recordings has some megabytes.
MOST_BYTES = 1 << 26


def read_text(path: Path, *, most: int = MOST_BYTES) -> str:
    """Return the text of a file.

    Raises
    ------
    OSError
        For a file that cannot be read.
    SpecError
        For what is no regular file (a device would never end), has more than ``most`` bytes, or is not UTF-8.
    """
    if path.exists() and not path.is_file():
        raise SpecError(path, "must be a regular file")
    size = path.stat().st_size
    if size > most:
        raise SpecError(path, f"must have at most {most} bytes", str(size))
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(path, f"must be text in UTF-8 ({error})") from None


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Return TOML's tables; errors name the file it comes from."""
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also for a number of more digits than Python reads
        raise SpecError(path, f"must be TOML ({error})") from None
    except RecursionError:
        raise SpecError(path, "must not be nested so deep") from None
