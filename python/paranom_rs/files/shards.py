"""Folders of part files: each part is whole or absent, and a manifest comes when all are there.

``_writing.json`` says what a folder is going to hold, ``_manifest.json`` what it holds: the same, and each part's rows
and SHA-256. Rows are pure, so a run that was killed goes on with the parts that are missing, and ends with the same
bytes. A folder whose parts have a fixed size, or belong to units of time, grows: parts that stay as they are stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from paranom_rs._internal.checks import flag, whole
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import AlreadyExistsError, SpecError
from paranom_rs.files.cuts import MOST_PARTS, PART, Cut, Division, cut
from paranom_rs.files.event_files import in_folder, write_events
from paranom_rs.files.folders import Folder
from paranom_rs.files.format import FORMATS, PACKED, FilePlan
from paranom_rs.generate.row_source import RowSource
from paranom_rs.generate.uniqueness import refuse_parts

__all__ = ["MANIFEST", "parts_of", "read_manifest", "write_shards"]

# Readers of folders (pyarrow, Dask, Spark) pass over names that begin with an underscore or a dot.
MANIFEST = "_manifest.json"
WRITING = "_writing.json"
#: A manifest of so many parts takes some 150 bytes for each.
_MOST_BYTES = 1 << 28
#: What a manifest says of the files, not of what they are to hold; and the hashes that a run need not make again.
_FOUND = ("parts", "event_table", "known")
_EVENTS = re.compile(r"_events\.(?:parquet|arrow|(?:csv|jsonl)(?:\.gz|\.zst)?)")
_PARTITION = re.compile(r"(?:year|date)=[0-9-]{1,20}")


def write_shards(
    source: RowSource,
    folder: Folder,
    plan: FilePlan,
    *,
    division: Division,
    part: int | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Write the parts that are missing, or only ``part``; then the manifest, if all are there."""
    refuse_parts(source.spec)
    # What is refused for the last row is refused now, not in the last part.
    source.check_rows(plan.start, plan.rows)
    wanted = _order(source, plan, division)
    cuts = cut(wanted, source)
    if part is not None:
        part = whole("part", part, most=len(cuts) - 1)
    overwrite = flag("overwrite", overwrite) and part is None
    _prepare(folder, wanted, cuts, source, overwrite=overwrite, whole_run=part is None)
    chosen = cuts if part is None else [cuts[part]]
    folder.sweep([MANIFEST, WRITING, in_folder(plan.form), *(place.name for place in chosen)])
    missing = [place for place in chosen if overwrite or not folder.exists(place.name)]
    with Progress(sum(place.rows for place in missing), shown=progress) as step:
        done = 0
        for name, start, rows in missing:
            # In a folder of its own, a part has nothing to look through.
            with folder.whole(name, sweep_first="/" in name) as temporary:
                plan.of_rows(start, rows).write(source, temporary, None if step is None else partial(_add, step, done))
            done += rows
    if all(folder.exists(place.name) for place in cuts):
        _finish(source, folder, plan, wanted, cuts)


def _add(step: Callable[[int], None], before: int, done: int) -> None:
    step(before + done)


def _finish(source: RowSource, folder: Folder, plan: FilePlan, wanted: dict[str, Any], cuts: list[Cut]) -> None:
    """Write the table of events and the manifest, unless it is there; then `WRITING` says nothing new."""
    if not folder.exists(MANIFEST):
        known = _known(_read_json(folder, WRITING) or {})
        parts = [
            {"name": place.name, "rows": place.rows, "sha256": known.get(place) or folder.digest(place.name)}
            for place in cuts
        ]
        found: dict[str, Any] = {"parts": parts}
        if plan.extras.events:
            name = in_folder(plan.form)
            with folder.whole(name) as temporary:
                intervals = [(plan.start, plan.rows)] if plan.rows else []
                write_events(source, intervals, temporary, plan.form, clean=plan.extras.clean)
            found["event_table"] = {"name": name, "sha256": folder.digest(name)}
        _write_json(folder, MANIFEST, wanted | found)
    folder.remove(WRITING)


def _known(there: Mapping[str, Any]) -> dict[Cut, str]:
    """Return the hashes of parts that a manifest, or an order, knows."""
    known, row = {}, there.get("start", 0)
    for part in there.get("parts", there.get("known", [])):
        known[Cut(part["name"], part.get("start", row), part["rows"])] = part["sha256"]
        row += part["rows"]
    return known


def read_manifest(folder: Folder) -> dict[str, Any]:
    """Return what a finished folder says of itself."""
    manifest = _read_json(folder, MANIFEST)
    if manifest is None or "parts" not in manifest:
        if manifest is not None or folder.exists(WRITING):
            raise SpecError(str(folder), "must be finished: run the same write again")
        raise SpecError(str(folder), f"must hold a {MANIFEST}")
    return manifest


def parts_of(manifest: Mapping[str, Any], source: RowSource, path: Path) -> list[tuple[Cut, str]]:
    """Return the parts of a finished folder, and their hashes; SpecError if they are not those of its order."""
    cuts, listed = cut(manifest, source), manifest["parts"]
    if [(place.name, place.rows) for place in cuts] != [(part["name"], part["rows"]) for part in listed]:
        raise SpecError(path / MANIFEST, "must be a list of parts, as this package writes it")
    return [(place, part["sha256"]) for place, part in zip(cuts, listed, strict=True)]


def _order(source: RowSource, plan: FilePlan, division: Division) -> dict[str, Any]:
    """What a folder is going to hold; two runs with the same order write the same bytes."""
    facts = {key.removeprefix("paranom_rs."): value for key, value in source.metadata(None)}
    packing = {} if plan.form.packing is None else {"packing": plan.form.packing}
    return {
        "format": plan.form.name,
        **packing,
        "rows": plan.rows,
        "start": plan.start,
        division.by: division.value,
        "dtype": "float32" if plan.single else "float64",
        "compression": "zstd" if plan.zstd else None,
        "batch_rows": plan.batch_rows,
        **{name: True for name, asked in plan.extras._asdict().items() if asked},
        **facts,
    }


def _prepare(
    folder: Folder, wanted: dict[str, Any], cuts: list[Cut], source: RowSource, *, overwrite: bool, whole_run: bool
) -> None:
    """Make the folder ready: it is new, or holds a part of the same order.

    Other processes may do the same for their parts at the same time: whoever comes first says what the folder is going
    to hold, and the others compare.
    """
    folder.make()
    while True:
        try:
            there = _read_json(folder, MANIFEST) or _read_json(folder, WRITING)
        except SpecError:
            # A damaged manifest is overwritten like a good one, if all else there is of this kind.
            if not overwrite or not all(_is_ours(name) or _is_part(folder, name) for name in folder.names()):
                raise
            there = wanted
        if there is not None:
            break
        stranger = next((name for name in folder.names() if not _is_ours(name)), None)
        if folder.exists(MANIFEST) or folder.exists(WRITING):
            continue  # another job said it meanwhile, and the stranger may be its part
        if stranger is not None:
            raise FileExistsError(f"{folder} holds other files ({stranger}): name a new folder")
        with suppress(AlreadyExistsError):
            _write_json(folder, WRITING, wanted, overwrite=False)
    order = {key: value for key, value in there.items() if key not in _FOUND}
    if overwrite:
        _write_json(folder, WRITING, order)  # a run that is killed in here must find whose these parts are
        # All parts: those that an older manifest does not count, too.
        _remove(folder)
        _write_json(folder, WRITING, wanted)
    elif order != wanted:
        if not _grows(order, wanted):
            others = [key for key in [*wanted, *order] if wanted.get(key) != order.get(key)]
            # More rows may be all right by themselves.
            differs = next((key for key in others if key != "rows"), "rows")
            found, asked = _short(order.get(differs)), _short(wanted.get(differs))
            raise AlreadyExistsError(str(folder), f"holds other rows: its {differs} is {found}, not {asked}")
        if not whole_run:
            raise SpecError("part", "must be None where a folder grows: other jobs would take its last part away")
        _grow(folder, there, wanted, cuts, cut(order, source))
    elif folder.exists(MANIFEST) and not all(folder.exists(place.name) for place in cuts):
        # Parts that were lost are made again, and then a new manifest is written.
        _write_json(folder, WRITING, wanted)
        folder.remove(MANIFEST)


def _grows(order: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the parts of an order are those of a longer one, all but the last."""

    def rest(of: Mapping[str, Any]) -> dict[str, Any]:
        # Row numbers have the type that the last one needs.
        is_wide = of["start"] + of["rows"] > 2**63
        return {key: value for key, value in of.items() if key != "rows"} | {"is_wide": is_wide}

    return "shards" not in wanted and rest(order) == rest(wanted) and order["rows"] < wanted["rows"]


def _grow(folder: Folder, there: dict[str, Any], wanted: dict[str, Any], cuts: list[Cut], before: list[Cut]) -> None:
    """Turn a folder's order into a longer one. Parts that end elsewhere are removed while the old order stands."""
    stay = set(cuts)
    known = [
        {"name": place.name, "start": place.start, "rows": place.rows, "sha256": digest}
        for place, digest in _known(there).items()
        if place in stay
    ]
    order = {key: value for key, value in there.items() if key not in _FOUND}
    _write_json(folder, WRITING, order | {"known": known})
    folder.remove(MANIFEST)
    for place in before:
        if place not in stay:
            folder.remove(place.name)
    _write_json(folder, WRITING, wanted | {"known": known})


def _remove(folder: Folder) -> None:
    """Remove the manifest, the table of events and all parts."""
    for name in folder.names():
        if name == MANIFEST or _EVENTS.fullmatch(name) or PART.fullmatch(name):
            folder.remove(name)
        elif _PARTITION.fullmatch(name):
            for inner in folder.inside(name):
                if PART.fullmatch(inner):
                    folder.remove(inner)


def _is_ours(name: str) -> bool:
    """Whether a file may lie in a folder that has no manifest yet."""
    return name in (MANIFEST, WRITING) or name.startswith((f".{MANIFEST}.", f".{WRITING}.", ".part-", "._events."))


def _is_part(folder: Folder, name: str) -> bool:
    """Whether a file, or all files in a folder, are such as this package writes."""
    if _PARTITION.fullmatch(name):
        return all(PART.fullmatch(inner) for inner in folder.inside(name))
    return bool(PART.fullmatch(name) or _EVENTS.fullmatch(name))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:36]}..."


def _read_json(folder: Folder, name: str) -> dict[str, Any] | None:
    """Return what a manifest says, checked; None where there is none."""
    text = folder.text(name, most=_MOST_BYTES)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not _is_order(found) or not _are_parts(found):
        raise SpecError(f"{folder}/{name}", "must be a list of parts, as this package writes it")
    return found


def _is_order(found: dict[str, Any]) -> bool:
    divided = {
        "shards": _is_whole(found.get("shards"), 1, MOST_PARTS),
        "part_rows": _is_whole(found.get("part_rows"), 1, 2**64),
        "partition_by": found.get("partition_by") in ("year", "month", "day", "hour"),
    }
    return (
        [name for name in divided if name in found] == [name for name, is_right in divided.items() if is_right]
        and sum(divided.values()) == 1
        and _is_whole(found.get("rows"), 0, 2**64)
        and _is_whole(found.get("start"), 0, 2**64 - found["rows"])
        and found.get("format") in FORMATS.values()
        and (found.get("packing") is None or found["packing"] in PACKED.values())
        and found.get("dtype") in ("float64", "float32")
        and all(found.get(name, True) is True for name in ("clean", "event_names", "labels", "events"))
        and all(isinstance(found.get(key, ""), str) for key in ("fingerprint", "spec"))
    )


def _are_parts(found: dict[str, Any]) -> bool:
    """Whether the parts that are listed can be those of an order."""
    listed, known = found.get("parts", []), found.get("known", [])
    if not isinstance(listed, list) or not isinstance(known, list):
        return False
    table = found.get("event_table", {"name": "_events.csv", "sha256": ""})
    is_table = isinstance(table, dict) and _is_text(table, "name", _EVENTS) and isinstance(table.get("sha256"), str)
    is_listed = all(
        isinstance(part, dict)
        and _is_text(part, "name", PART)
        and _is_whole(part.get("rows"), 0, found["rows"])
        and _is_whole(part.get("start", 0), 0, 2**64)
        and isinstance(part.get("sha256"), str)
        for part in [*listed, *known]
    )
    is_all = "parts" not in found or (is_listed and sum(part["rows"] for part in listed) == found["rows"])
    return is_table and is_listed and is_all


def _is_text(table: dict[str, Any], key: str, pattern: re.Pattern[str]) -> bool:
    return isinstance(table.get(key), str) and pattern.fullmatch(table[key]) is not None


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _write_json(folder: Folder, name: str, value: dict[str, Any], *, overwrite: bool = True) -> None:
    with folder.whole(name, overwrite=overwrite, sweep_first=False) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
