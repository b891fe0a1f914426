"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from paranom_rs._internal.checks import flag
from paranom_rs.errors import AlreadyExistsError, SpecError


@contextmanager
def whole_file(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary path in the same folder; it becomes ``path`` when all went well, else it is removed.

    Errors of the system name ``path``. A process that is killed leaves the temporary file (its name begins with a dot).

    Raises
    ------
    AlreadyExistsError
        For a file that is there, without ``overwrite``.
    """
    if not path.name:
        raise SpecError("path", "must name a file", repr(str(path)))
    if not flag("overwrite", overwrite) and path.exists():
        raise AlreadyExistsError(path, "exists")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{path.suffix}")
    try:
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system lets one ask for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
