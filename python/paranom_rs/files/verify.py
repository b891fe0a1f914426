"""Whether a file holds the rows that its spec gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

import paranom_rs.files.write  # noqa: F401 (loaded with the package: a fork while a thread loads it would hang in the child)
from paranom_rs import _core
from paranom_rs._internal.checks import file_path, flag, float_dtype, row_range, shown, whole
from paranom_rs.errors import MismatchError, SpecError, SpecTypeError
from paranom_rs.files.cuts import part_suffix
from paranom_rs.files.folders import LocalFolder
from paranom_rs.files.format import Format, find_format
from paranom_rs.files.manifest import MANIFEST, parts_of, read_manifest
from paranom_rs.files.read import file_metadata
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.row_source import CLEAN, FINGERPRINT, START

__all__ = ["Verified", "verify"]


class Verified(NamedTuple):
    """What `verify` looked at: files, the rows in them, and how many of these were made again and compared.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic, verify
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> _ = gen.write("plant.parquet", rows=1_000)
    >>> verify("plant.parquet")
    Verified(files=1, rows=1000, compared=1000)
    """

    files: int
    rows: int
    compared: int


def verify(
    path: str | Path,
    generator: Generator | None = None,
    *,
    blocks: int = 16,
    start: int | None = None,
    clean: bool = False,
    dtype: DTypeLike = np.float64,
    import_functions: bool = False,
) -> Verified:
    """Make a sample of a file's rows again and compare them bit for bit; in a folder of parts, check the hashes too.

    Parameters
    ----------
    path
        A .parquet, .arrow, .csv or .jsonl file (the last two also with .gz or .zst), or a folder that
        `Generator.write` filled with parts.
    generator
        What should have made it. Parquet and Arrow files and folders carry the spec, unless it holds functions of yours
        or long arrays; a CSV or JSON file needs it.
    blocks
        How many blocks of 32,768 rows: the first, the last and some between; of a folder, one of each part at least.
    start
        The first row, where the file does not say (by default 0).
    clean
        Whether a CSV or JSON file was written without anomalies; the others say so themselves.
    dtype
        float32 if the numbers of a CSV or JSON file are; the others say so themselves.
    import_functions
        Whether to import functions that the spec names (see `Generator.from_spec`).

    Returns
    -------
    Verified
        Files, rows, and rows compared.

    Raises
    ------
    MismatchError
        Naming the first row and column that differ, or the part whose bytes have changed.
    SpecError
        For a file without a spec when no ``generator`` is given, a folder that is not finished, a file that is cut off.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic, verify
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> _ = gen.write("plant.parquet", rows=1_000)
    >>> verify("plant.parquet")
    Verified(files=1, rows=1000, compared=1000)
    """
    path, blocks = file_path(path), min(whole("blocks", blocks, least=1), 2**62)
    if generator is not None and not isinstance(generator, Generator):
        raise SpecTypeError("generator", "must be a Generator", type(generator).__name__)
    single = float_dtype(dtype) == np.float32
    if not path.is_dir():
        form = find_format(path.name)
        facts = file_metadata(path) if form.name in ("parquet", "arrow") else {}
        if generator is None:
            if not facts:
                raise SpecError("generator", f"must be given, since {path} carries no spec")
            generator = Generator.from_parquet(path, import_functions=import_functions)
        _same_spec(path, facts.get(FINGERPRINT), generator)
        if start is None and FINGERPRINT in facts and START not in facts:
            raise SpecError("start", f"must be given, since {path} does not say which rows it holds")
        first = _first_row(path, facts) if start is None else row_range(start, 0)
        expected = _Expected(generator, first, 0, CLEAN in facts or flag("clean", clean), form, single, blocks)
        rows, compared = expected.compare(path)
        return Verified(1, rows, compared)
    folder = LocalFolder(path)
    manifest = read_manifest(folder)
    if generator is None:
        generator = Generator.from_parquet(path, import_functions=import_functions)
    _same_spec(path / MANIFEST, manifest.get("fingerprint"), generator)
    parts, done = parts_of(manifest, generator.source, path), Verified(0, 0, 0)
    each, last = -(-blocks // max(len(parts), 1)), max(manifest["start"] + manifest["rows"] - 1, 0)
    table = manifest.get("event_table")
    for name, digest in [
        *((place.name, digest) for place, digest in parts),
        *([] if table is None else [table.values()]),
    ]:
        if folder.digest(name) != digest:
            raise MismatchError(f"{path / name}: its bytes have changed since it was written", path=path / name)
    form, is_clean = find_format(f"part{part_suffix(manifest)}"), manifest.get("clean", False)
    for (name, first, wanted), _ in parts:
        expected = _Expected(generator, first, last, is_clean, form, manifest["dtype"] == "float32", each)
        rows, compared = expected.compare(path / name)
        if rows != wanted:
            raise MismatchError(f"{path / name}: must hold {wanted} rows, holds {rows}", path=path / name)
        done = Verified(done.files + 1, done.rows + rows, done.compared + compared)
    return done


def _first_row(path: Path, facts: dict[str, str]) -> int:
    """Return the first row of a file, as its metadata have it."""
    text = facts.get(START, "0")
    if not re.fullmatch(r"[0-9]{1,20}", text) or int(text) > 2**64:
        raise SpecError(path, f"must say in its metadata, under {START}, which row is its first", shown(text))
    return int(text)


def _same_spec(path: Path, fingerprint: str | None, generator: Generator) -> None:
    if fingerprint is not None and fingerprint != generator.fingerprint:
        raise SpecError("generator", f"must give the data of the spec that {path} was written from")


class _Expected(NamedTuple):
    """What a file should hold."""

    generator: Generator
    start: int
    whole_last: int
    clean: bool
    form: Format
    single: bool
    blocks: int

    def compare(self, path: Path) -> tuple[int, int]:
        """Return the rows of a file and how many were compared; MismatchError names the first difference."""
        with _unpacked(path, self.form.packing) as text:
            found, rows, compared = self._compare(path, text)
        if found is not None:
            row, column, wanted, there = found
            where: dict[str, Any] = {"path": path, "column": column, "expected": wanted, "found": there}
            if row is None:
                raise MismatchError(f"{path}: {column}: must be {wanted}, got {there}", **where)
            row += self.start
            raise MismatchError(f"{path}: row {row}, {column}: must be {wanted}, got {there}", row=row, **where)
        return rows, compared

    def _compare(self, path: Path, text: Path) -> tuple[tuple[int | None, str, str, str] | None, int, int]:
        with _named(path, "must not be cut off"):
            return _core.verify_file(
                self.generator.source.plan,
                text,
                self.start,
                whole_last=self.whole_last,
                clean=self.clean,
                format=self.form.name,
                single=self.single,
                blocks=self.blocks,
            )


@contextmanager
def _unpacked(path: Path, packing: str | None) -> Iterator[Path]:
    """Give a file as it is, or a temporary one with its text."""
    if packing is None:
        yield path
        return
    with TemporaryDirectory(prefix="paranom-") as home:
        text = Path(home) / "text"
        with _named(path, "must be a whole file"):
            _core.unpack_file(path, text, packing=packing)
        yield text


@contextmanager
def _named(path: Path, rule: str) -> Iterator[None]:
    """Let the errors of the core name the file, and the ``rule`` where no call of the system failed."""
    try:
        yield
    except SpecError as error:
        raise error.within(path) from None
    except OSError as error:
        if error.errno is None:
            raise SpecError(path, f"{rule} ({error})") from None
        raise OSError(error.errno, error.strerror, str(path)) from None
