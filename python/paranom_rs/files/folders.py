"""Where files go: a folder of this machine, or of an object store. Each file in it is whole or absent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from paranom_rs._internal.atomic import sweep, whole_file
from paranom_rs._internal.checks import file_path, shown
from paranom_rs._internal.optional import require
from paranom_rs._internal.text_files import read_text
from paranom_rs.errors import AlreadyExistsError, SpecError

__all__ = ["Folder", "LocalFolder", "RemoteFolder", "folder_at", "folder_of"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+://.*", re.DOTALL)
#: Stores in which an upload is an object when it has ended, and nothing before.
_OBJECT_STORES = frozenset(["s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "memory"])


class Folder(Protocol):
    """A folder. Names of files in it may have folders of their own, with slashes."""

    def make(self) -> None:
        """Make the folder, unless it is there."""

    def names(self) -> list[str]:
        """Return the names of files and folders that lie in it."""

    def inside(self, name: str) -> list[str]:
        """Return the names of all files in one of its folders."""

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""

    def text(self, name: str, *, most: int) -> str | None:
        """Return a text of at most ``most`` bytes; None where there is no such file."""

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def sweep(self, names: Sequence[str]) -> None:
        """Remove what killed processes left of files with these names."""

    def whole(self, name: str, *, overwrite: bool = True, sweep_first: bool = True) -> AbstractContextManager[Path]:
        """Give the path of a temporary file, which becomes the file of this name when all went well."""


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def make(self) -> None:
        """Make the folder, unless it is there."""
        self._path.mkdir(exist_ok=True)

    def names(self) -> list[str]:
        """Return the names of files and folders that lie in it."""
        return [entry.name for entry in self._path.iterdir()]

    def inside(self, name: str) -> list[str]:
        """Return the names of all files in one of its folders."""
        files = (entry for entry in (self._path / name).rglob("*") if not entry.is_dir())
        return [file.relative_to(self._path).as_posix() for file in files]

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return (self._path / name).exists()

    def text(self, name: str, *, most: int) -> str | None:
        """Return a text of at most ``most`` bytes; None where there is no such file."""
        try:
            return read_text(self._path / name, most=most)
        except FileNotFoundError:
            return None

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file."""
        with (self._path / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and the folders that it leaves empty."""
        (self._path / name).unlink(missing_ok=True)
        for above in list((self._path / name).parents)[: name.count("/")]:
            with suppress(OSError):
                above.rmdir()

    def sweep(self, names: Sequence[str]) -> None:
        """Remove what killed processes left of files with these names."""
        sweep(self._path, set(names))

    @contextmanager
    def whole(self, name: str, *, overwrite: bool = True, sweep_first: bool = True) -> Iterator[Path]:
        """Give the path of a temporary file, which becomes the file of this name when all went well."""
        path = self._path / name if name else self._path
        if "/" in name:
            path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, overwrite=overwrite, sweep_first=sweep_first) as temporary:
            yield temporary


class RemoteFolder:
    """A folder that fsspec reaches. A file is made on this machine, and goes there when it is whole.

    In an object store the upload is one request, or parts that become an object together: a reader sees the old object
    or the new one. Elsewhere the upload has another name first. Without ``overwrite`` it is looked first whether there
    is such a file; of two processes that both see none, the later one wins.
    """

    def __init__(self, url: str) -> None:
        fsspec = require("fsspec", "remote", f"writing to {url}")
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except ValueError as error:
            raise SpecError("path", f"must be a path, or a URL that fsspec knows ({error})", shown(url)) from None
        self._url = url.rstrip("/")
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        self._is_object_store = bool(protocols & _OBJECT_STORES)

    def __str__(self) -> str:
        return self._url

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def make(self) -> None:
        """Make the folder, where the store has folders."""
        self._fs.makedirs(self._root, exist_ok=True)

    def names(self) -> list[str]:
        """Return the names of files and folders that lie in it."""
        self._fs.invalidate_cache()
        return [entry.rstrip("/").rpartition("/")[2] for entry in self._fs.ls(self._root, detail=False)]

    def inside(self, name: str) -> list[str]:
        """Return the names of all files in one of its folders."""
        before = len(self._root.strip("/")) + 1
        return [file.lstrip("/")[before:] for file in self._fs.find(self._at(name))]

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return bool(self._fs.exists(self._at(name)))

    def text(self, name: str, *, most: int) -> str | None:
        """Return a text of at most ``most`` bytes; None where there is no such file."""
        try:
            size = self._fs.size(self._at(name))
            if size is not None and size > most:
                raise SpecError(f"{self}/{name}", f"must have at most {most} bytes", str(size))
            content: bytes = self._fs.cat_file(self._at(name))
            return content.decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise SpecError(f"{self}/{name}", f"must be text in UTF-8 ({error})") from None

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file, which is read."""
        digest = hashlib.sha256()
        with self._fs.open(self._at(name), "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

    def sweep(self, names: Sequence[str]) -> None:
        """Do nothing: what a killed process left lies on its own machine."""

    @contextmanager
    def whole(self, name: str, *, overwrite: bool = True, sweep_first: bool = True) -> Iterator[Path]:
        """Give the path of a temporary file, which becomes the file of this name when all went well."""
        if not overwrite and self.exists(name):
            raise AlreadyExistsError(f"{self}/{name}", "exists")
        with TemporaryDirectory(prefix="paranom-") as home:
            temporary = Path(home) / name.rpartition("/")[2]
            temporary.touch()
            yield temporary
            self._put(temporary, self._at(name))

    def _put(self, file: Path, there: str) -> None:
        folder, _, name = there.rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        if self._is_object_store:
            self._fs.put_file(str(file), there)
            return
        hidden = f"{folder}/.{name}.part"
        self._fs.put_file(str(file), hidden)
        self._fs.mv(hidden, there)


def folder_at(path: Any) -> Folder:
    """Return the folder that a path or a URL names."""
    if isinstance(path, str) and _URL.fullmatch(path):
        parts = urlsplit(path)
        return LocalFolder(Path(url2pathname(parts.path))) if parts.scheme == "file" else RemoteFolder(path)
    return LocalFolder(file_path(path))


def folder_of(path: Any) -> tuple[Folder, str]:
    """Return the folder in which a file lies, and its name there."""
    if isinstance(path, str) and _URL.fullmatch(path):
        above, _, name = path.rpartition("/")
        if not name or above.endswith("/"):
            raise SpecError("path", "must name a file", shown(path))
        return folder_at(above), name
    place = file_path(path)
    return LocalFolder(place.parent), place.name
