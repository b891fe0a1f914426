"""The manifest of a folder of part files: what it is going to hold, what it holds, and whether that can be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paranom_rs.errors import SpecError
from paranom_rs.files.cuts import MOST_PARTS, PART, UNITS, Cut, Division, cut
from paranom_rs.files.event_files import EVENTS
from paranom_rs.files.folders import Folder
from paranom_rs.files.format import FORMATS, PACKED, FilePlan
from paranom_rs.generate.row_source import RowSource

__all__ = [
    "MANIFEST",
    "WRITING",
    "known_hashes",
    "order_of",
    "parts_of",
    "read_json",
    "read_manifest",
    "wanted_order",
    "write_json",
]

#: What a finished folder says. Readers of folders (pyarrow, Dask, Spark) pass over names that begin with an underscore.
MANIFEST = "_manifest.json"
#: What an unfinished one is going to hold.
WRITING = "_writing.json"
#: A manifest of so many parts takes some 150 bytes for each.
_MOST_BYTES = 1 << 28
#: What a manifest says of the files, not of what they are to hold; and the hashes that a run need not make again.
_FOUND = ("parts", "event_table", "known")


def wanted_order(source: RowSource, plan: FilePlan, division: Division) -> dict[str, Any]:
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


def order_of(there: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says that the files are to hold."""
    return {key: value for key, value in there.items() if key not in _FOUND}


def read_manifest(folder: Folder) -> dict[str, Any]:
    """Return what a finished folder says of itself."""
    manifest = read_json(folder, MANIFEST)
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


def known_hashes(there: Mapping[str, Any]) -> dict[Cut, str]:
    """Return the hashes of parts that a manifest, or an order, knows."""
    found, row = {}, there.get("start", 0)
    for part in there.get("parts", there.get("known", [])):
        found[Cut(part["name"], part.get("start", row), part["rows"])] = part["sha256"]
        row += part["rows"]
    return found


def read_json(folder: Folder, name: str) -> dict[str, Any] | None:
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
        "partition_by": found.get("partition_by") in tuple(UNITS),
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
    listed, before = found.get("parts", []), found.get("known", [])
    if not isinstance(listed, list) or not isinstance(before, list):
        return False
    table = found.get("event_table", {"name": "_events.csv", "sha256": ""})
    is_table = isinstance(table, dict) and _is_text(table, "name", EVENTS) and isinstance(table.get("sha256"), str)
    is_listed = all(
        isinstance(part, dict)
        and _is_text(part, "name", PART)
        and _is_whole(part.get("rows"), 0, found["rows"])
        and _is_whole(part.get("start", 0), 0, 2**64)
        and isinstance(part.get("sha256"), str)
        for part in [*listed, *before]
    )
    is_all = "parts" not in found or (is_listed and sum(part["rows"] for part in listed) == found["rows"])
    return is_table and is_listed and is_all


def _is_text(table: dict[str, Any], key: str, pattern: re.Pattern[str]) -> bool:
    return isinstance(table.get(key), str) and pattern.fullmatch(table[key]) is not None


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def write_json(folder: Folder, name: str, value: dict[str, Any], *, overwrite: bool = True) -> None:
    """Write a manifest."""
    with folder.whole(name, overwrite=overwrite, sweep_first=False) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
