"""Folders of part files: each part is whole or absent, and a manifest comes when all are there.

``_writing.json`` says what a folder is going to hold, ``_manifest.json`` what it holds: the same, and each part's rows
and SHA-256. Rows are pure, so a run that was killed goes on with the parts that are missing, and ends with the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import flag, whole
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import AlreadyExistsError, SpecError
from paranom_rs.files.format import FORMATS, FilePlan
from paranom_rs.generate.row_source import RowSource
from paranom_rs.generate.uniqueness import refuse_parts

# Readers of folders (pyarrow, Dask, Spark) pass over names that begin with an underscore or a dot.
MANIFEST, WRITING = "_manifest.json", "_writing.json"
_MOST_SHARDS = 1_000_000


def write_shards(
    source: RowSource,
    folder: Path,
    plan: FilePlan,
    *,
    shards: int,
    part: int | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Write the parts that are missing, or only ``part``; then the manifest, if all are there."""
    shards = whole("shards", shards, least=1, most=_MOST_SHARDS)
    if part is not None:
        part = whole("part", part, most=shards - 1)
    refuse_parts(source.spec)
    # What is refused for the last row is refused now, not in the last part.
    source.check_rows(plan.start, plan.rows)
    wanted = _order(source, plan, shards)
    _prepare(folder, wanted, overwrite=flag("overwrite", overwrite) and part is None)
    names = part_names(wanted)
    if part is None:
        _sweep(folder, MANIFEST, WRITING)
    chosen = range(shards) if part is None else [part]
    missing = [i for i in chosen if not (folder / names[i]).exists()]
    with Progress(sum(part_rows(wanted, i)[1] for i in missing), shown=progress) as step:
        done = 0
        for i in missing:
            _sweep(folder, names[i])
            start, rows = part_rows(wanted, i)
            with whole_file(folder / names[i]) as temporary:
                plan.of_rows(start, rows).write(source, temporary, None if step is None else partial(_add, step, done))
            done += rows
    if all((folder / name).exists() for name in names):
        _finish(folder, wanted)


def _add(step: Callable[[int], None], before: int, done: int) -> None:
    step(before + done)


def _finish(folder: Path, wanted: dict[str, Any]) -> None:
    """Write the manifest, unless it is there; then `WRITING` says nothing new."""
    if not (folder / MANIFEST).exists():
        parts = []
        for i, name in enumerate(part_names(wanted)):
            with (folder / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            parts.append({"name": name, "rows": part_rows(wanted, i)[1], "sha256": digest})
        _write_json(folder / MANIFEST, wanted | {"parts": parts})
    (folder / WRITING).unlink(missing_ok=True)


def _sweep(folder: Path, *names: str) -> None:
    """Remove the temporary files that a killed run left of these."""
    for name in names:
        for stray in folder.glob(f".{name}.*"):
            stray.unlink(missing_ok=True)


def part_names(wanted: dict[str, Any]) -> list[str]:
    """Return the names of the parts."""
    suffix = next(suffix for suffix, form in FORMATS.items() if form == wanted["format"])
    width = max(5, len(str(wanted["shards"] - 1)))
    return [f"part-{i:0{width}}{suffix}" for i in range(wanted["shards"])]


def part_rows(wanted: dict[str, Any], part: int) -> tuple[int, int]:
    """Return the first row of a part, and how many it has: nearly as many as every other."""
    begin, end = (wanted["rows"] * i // wanted["shards"] for i in (part, part + 1))
    return wanted["start"] + begin, end - begin


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a finished folder says of itself."""
    manifest = _read_json(folder / MANIFEST)
    if manifest is None:
        if (folder / WRITING).exists():
            raise SpecError(folder, "must be finished: run the same write again")
        raise SpecError(folder, f"must hold a {MANIFEST}")
    return manifest


def _order(source: RowSource, plan: FilePlan, shards: int) -> dict[str, Any]:
    """What a folder is going to hold; two runs with the same order write the same bytes."""
    facts = {key.removeprefix("paranom_rs."): value for key, value in source.metadata(None)}
    return {
        "format": plan.form,
        "rows": plan.rows,
        "start": plan.start,
        "shards": shards,
        "dtype": "float32" if plan.single else "float64",
        "compression": "zstd" if plan.zstd else None,
        "batch_rows": plan.batch_rows,
        **facts,
    }


def _prepare(folder: Path, wanted: dict[str, Any], *, overwrite: bool) -> None:
    """Make the folder ready: it is new, or holds a part of the same order."""
    folder.mkdir(exist_ok=True)
    there = _read_json(folder / MANIFEST) or _read_json(folder / WRITING)
    if there is not None:
        order = {key: value for key, value in there.items() if key != "parts"}
        if order == wanted and not overwrite:
            if (folder / MANIFEST).exists() and not all((folder / name).exists() for name in part_names(wanted)):
                # Parts that were lost are made again, and then a new manifest is written.
                _write_json(folder / WRITING, wanted)
                (folder / MANIFEST).unlink()
            return
        if not overwrite:
            differs = next(key for key in [*wanted, *order] if wanted.get(key) != order.get(key))
            found, asked = _short(order.get(differs)), _short(wanted.get(differs))
            raise AlreadyExistsError(folder, f"holds other rows: its {differs} is {found}, not {asked}")
        _write_json(folder / WRITING, order)  # a run that is killed in here must find whose these parts are
        for name in [MANIFEST, *part_names(order)]:
            (folder / name).unlink(missing_ok=True)
    elif stranger := next((entry.name for entry in folder.iterdir() if not entry.name.startswith(f".{WRITING}")), None):
        raise FileExistsError(f"{folder} holds other files ({stranger}): name a new folder")
    _write_json(folder / WRITING, wanted)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:36]}..."


def _read_json(path: Path) -> dict[str, Any] | None:
    with suppress(FileNotFoundError):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if (
                isinstance(found, dict)
                and isinstance(found.get("shards"), int)
                and found.get("format") in FORMATS.values()
            ):
                return found
        except (ValueError, RecursionError):
            pass
        raise SpecError(path, "must be a list of parts, as this package writes it")
    return None


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
