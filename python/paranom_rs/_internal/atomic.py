"""Files that appear whole or not at all, also where several processes write them at once."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from paranom_rs._internal.checks import flag
from paranom_rs.errors import AlreadyExistsError, SpecError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}(\.\w*)?", re.DOTALL)
#: A longer name has no room for what a temporary one adds.
_LONGEST_NAME = 200


@contextmanager
def whole_file(path: Path, *, overwrite: bool = True, sweep_first: bool = True) -> Iterator[Path]:
    """Give a temporary path in the same folder; it becomes ``path`` when all went well, else it is removed.

    Errors of the system name ``path``. A process that is killed leaves the temporary file (its name begins with a dot);
    the next one that writes ``path`` removes it. While a process lives, it holds a lock on its temporary file.

    Parameters
    ----------
    path
        The file.
    overwrite
        Whether to replace a file that is there.
    sweep_first
        Whether to remove temporary files that killed processes left of this path.

    Raises
    ------
    AlreadyExistsError
        For a file that is there, without ``overwrite``: also one that another process has put there meanwhile.
    """
    if not path.name:
        raise SpecError("path", "must name a file", repr(str(path)))
    # A link that leads nowhere is there, too.
    if not flag("overwrite", overwrite) and os.path.lexists(path):
        raise AlreadyExistsError(path, "exists")
    temporary = None
    try:
        if sweep_first:
            sweep(path.parent, (_short(path.name),))
        temporary, held = _new_temporary(path)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            if overwrite:
                temporary.replace(path)
            else:
                _publish(temporary, path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            held.close()
    except AlreadyExistsError:
        raise
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary), str(path.parent)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8; the file appears whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _short(name: str) -> str:
    """Return a name, or the beginning of one that is too long."""
    return name if len(os.fsencode(name)) <= _LONGEST_NAME else f"{name[:48]}~"


def _new_temporary(path: Path) -> tuple[Path, IO[bytes]]:
    """Return the path of a new file beside ``path``, and what holds its lock."""
    while True:
        # The suffix stays: some writers take the format from it.
        temporary = path.with_name(f".{_short(path.name)}.{secrets.token_hex(4)}{path.suffix[:20]}")
        with suppress(FileExistsError):
            file = temporary.open("xb")
            if fcntl is None:  # an open file could be neither replaced nor removed
                file.close()
                return temporary, file
            # Between its opening and its locking, another process may have swept it away.
            if _lock(file) and temporary.exists():
                return temporary, file
            file.close()


def _lock(file: IO[bytes]) -> bool:
    """Take a file's lock without waiting; say whether it was free, or cannot be taken on this file system."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _publish(temporary: Path, path: Path) -> None:
    """Give a file its name, unless there is one of that name."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise AlreadyExistsError(path, "exists") from None
    except OSError:  # a file system without hard links: the next best is to look first
        if os.path.lexists(path):
            raise AlreadyExistsError(path, "exists") from None
        temporary.replace(path)


def sweep(folder: Path, names: Container[str]) -> None:
    """Remove the temporary files of some names that no living process holds."""
    with os.scandir(folder) as entries:
        strays = [x.path for x in entries if (found := _TEMPORARY.fullmatch(x.name)) and found["name"] in names]
    for stray in map(Path, strays):
        with suppress(OSError):
            if fcntl is None:
                stray.unlink()
            elif stat.S_ISREG(stray.lstat().st_mode):
                with stray.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    stray.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system lets one ask for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
