"""Folders of part files: each part is whole or absent, and a manifest comes when all are there.

``_writing.json`` says what a folder is going to hold, ``_manifest.json`` what it holds: the same, and each part's rows
and SHA-256. Rows are pure, so a run that was killed goes on with the parts that are missing, and ends with the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from paranom_rs._internal.atomic import sweep, whole_file
from paranom_rs._internal.checks import flag, whole
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.text_files import read_text
from paranom_rs.errors import AlreadyExistsError, SpecError
from paranom_rs.files.format import FORMATS, FilePlan
from paranom_rs.generate.row_source import RowSource
from paranom_rs.generate.uniqueness import refuse_parts

# Readers of folders (pyarrow, Dask, Spark) pass over names that begin with an underscore or a dot.
MANIFEST, WRITING = "_manifest.json", "_writing.json"
_MOST_SHARDS = 1_000_000
#: A manifest of so many parts takes some 150 bytes for each.
_MOST_BYTES = 1 << 28
_PART = re.compile(r"part-\d{5,}\.(parquet|arrow|csv|jsonl)")


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
    overwrite = flag("overwrite", overwrite) and part is None
    _prepare(folder, wanted, overwrite=overwrite)
    names = part_names(wanted)
    chosen = range(shards) if part is None else [part]
    sweep(folder, {MANIFEST, WRITING, *(names[i] for i in chosen)})
    missing = [i for i in chosen if overwrite or not (folder / names[i]).exists()]
    with Progress(sum(part_rows(wanted, i)[1] for i in missing), shown=progress) as step:
        done = 0
        for i in missing:
            start, rows = part_rows(wanted, i)
            with whole_file(folder / names[i], sweep_first=False) as temporary:
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
    if manifest is None or "parts" not in manifest:
        if manifest is not None or (folder / WRITING).exists():
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
    """Make the folder ready: it is new, or holds a part of the same order.

    Other processes may do the same for their parts at the same time: whoever comes first says what the folder is going
    to hold, and the others compare.
    """
    folder.mkdir(exist_ok=True)
    while True:
        try:
            there = _read_json(folder / MANIFEST) or _read_json(folder / WRITING)
        except SpecError:
            # A damaged manifest is overwritten like a good one, if all else there is of this kind.
            if not overwrite or not all(_is_ours(x.name) or _PART.fullmatch(x.name) for x in folder.iterdir()):
                raise
            there = wanted
        if there is not None:
            break
        stranger = next((entry.name for entry in folder.iterdir() if not _is_ours(entry.name)), None)
        if stranger is not None:
            raise FileExistsError(f"{folder} holds other files ({stranger}): name a new folder")
        if not (folder / MANIFEST).exists():  # else it has come since it was looked for
            with suppress(AlreadyExistsError):
                _write_json(folder / WRITING, wanted, overwrite=False)
    order = {key: value for key, value in there.items() if key != "parts"}
    if overwrite:
        _write_json(folder / WRITING, order)  # a run that is killed in here must find whose these parts are
        for entry in list(folder.iterdir()):
            # All parts: those that an older manifest does not count, too.
            if entry.name == MANIFEST or _PART.fullmatch(entry.name):
                entry.unlink(missing_ok=True)
        _write_json(folder / WRITING, wanted)
    elif order != wanted:
        differs = next(key for key in [*wanted, *order] if wanted.get(key) != order.get(key))
        found, asked = _short(order.get(differs)), _short(wanted.get(differs))
        raise AlreadyExistsError(folder, f"holds other rows: its {differs} is {found}, not {asked}")
    elif (folder / MANIFEST).exists() and not all((folder / name).exists() for name in part_names(wanted)):
        # Parts that were lost are made again, and then a new manifest is written.
        _write_json(folder / WRITING, wanted)
        (folder / MANIFEST).unlink(missing_ok=True)


def _is_ours(name: str) -> bool:
    """Whether a file may lie in a folder that has no manifest yet."""
    return name in (MANIFEST, WRITING) or name.startswith((f".{MANIFEST}.", f".{WRITING}.", ".part-"))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:36]}..."


def _read_json(path: Path) -> dict[str, Any] | None:
    """Return what a manifest says, checked; None where there is none."""
    try:
        text = read_text(path, most=_MOST_BYTES)
    except FileNotFoundError:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not _is_order(found) or not _are_parts(found):
        raise SpecError(path, "must be a list of parts, as this package writes it")
    return found


def _is_order(found: dict[str, Any]) -> bool:
    return (
        _is_whole(found.get("shards"), 1, _MOST_SHARDS)
        and _is_whole(found.get("rows"), 0, 2**64)
        and _is_whole(found.get("start"), 0, 2**64 - found["rows"])
        and found.get("format") in FORMATS.values()
        and found.get("dtype") in ("float64", "float32")
        and all(isinstance(found.get(key, ""), str) for key in ("fingerprint", "spec"))
    )


def _are_parts(found: dict[str, Any]) -> bool:
    """Whether the parts of a finished folder are those of its order."""
    if "parts" not in found:
        return True
    parts, names = found["parts"], part_names(found)
    return (
        isinstance(parts, list)
        and len(parts) == len(names)
        and all(
            isinstance(part, dict) and part.get("name") == name and isinstance(part.get("sha256"), str)
            for part, name in zip(parts, names, strict=True)
        )
    )


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _write_json(path: Path, value: dict[str, Any], *, overwrite: bool = True) -> None:
    with whole_file(path, overwrite=overwrite, sweep_first=False) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
