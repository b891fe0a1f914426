"""Whether a file holds the rows that its spec gives."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

import paranom_rs.files.write  # noqa: F401 (loaded with the package: a fork while a thread loads it would hang in the child)
from paranom_rs import _core
from paranom_rs._internal.checks import file_path, float_dtype, row_range, shown, whole
from paranom_rs.errors import MismatchError, SpecError, SpecTypeError
from paranom_rs.files.format import check_format
from paranom_rs.files.read import file_metadata
from paranom_rs.files.shards import MANIFEST, part_names, part_rows, read_manifest
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.row_source import FINGERPRINT, START

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
    dtype: DTypeLike = np.float64,
    import_functions: bool = False,
) -> Verified:
    """Make a sample of a file's rows again and compare them bit for bit; in a folder of parts, check the hashes too.

    Parameters
    ----------
    path
        A .parquet, .arrow, .csv or .jsonl file, or a folder that `Generator.write` filled with parts.
    generator
        What should have made it. Parquet and Arrow files and folders carry the spec, unless it holds functions of yours
        or long arrays; a CSV or JSON file needs it.
    blocks
        How many blocks of 32,768 rows: the first, the last and some between; of a folder, one of each part at least.
    start
        The first row, where the file does not say (by default 0).
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
        form = check_format(path)
        facts = file_metadata(path) if form in ("parquet", "arrow") else {}
        if generator is None:
            if not facts:
                raise SpecError("generator", f"must be given, since {path} carries no spec")
            generator = Generator.from_parquet(path, import_functions=import_functions)
        _same_spec(path, facts.get(FINGERPRINT), generator)
        if start is None and FINGERPRINT in facts and START not in facts:
            raise SpecError("start", f"must be given, since {path} does not say which rows it holds")
        first = _first_row(path, facts) if start is None else row_range(start, 0)
        rows, compared = _compare(path, generator, first, 0, form, single, blocks)
        return Verified(1, rows, compared)
    manifest = read_manifest(path)
    if generator is None:
        generator = Generator.from_parquet(path, import_functions=import_functions)
    _same_spec(path / MANIFEST, manifest.get("fingerprint"), generator)
    names, done = part_names(manifest), Verified(0, 0, 0)
    each, last = -(-blocks // len(names)), max(sum(part_rows(manifest, len(names) - 1)) - 1, 0)
    for i, (name, noted) in enumerate(zip(names, manifest["parts"], strict=True)):
        part = path / name
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != noted["sha256"]:
                raise MismatchError(f"{part}: its bytes have changed since it was written", path=part)
        first, expected = part_rows(manifest, i)
        rows, compared = _compare(
            part, generator, first, last, manifest["format"], manifest["dtype"] == "float32", each
        )
        if rows != expected:
            raise MismatchError(f"{part}: must hold {expected} rows, holds {rows}", path=part)
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


def _compare(
    path: Path, generator: Generator, start: int, whole_last: int, form: str, single: bool, blocks: int
) -> tuple[int, int]:
    try:
        found, rows, compared = _core.verify_file(
            generator.source.plan, path, start, whole_last=whole_last, format=form, single=single, blocks=blocks
        )
    except SpecError as error:
        raise error.within(path) from None
    except OSError as error:
        if error.errno is None:
            raise SpecError(path, f"must not be cut off ({error})") from None
        raise OSError(error.errno, error.strerror, str(path)) from None
    if found is not None:
        row, column, wanted, there = found
        where: dict[str, Any] = {"path": path, "column": column, "expected": wanted, "found": there}
        if row is None:
            raise MismatchError(f"{path}: {column}: must be {wanted}, got {there}", **where)
        text = f"{path}: row {start + row}, {column}: must be {wanted}, got {there}"
        raise MismatchError(text, row=start + row, **where)
    return rows, compared
