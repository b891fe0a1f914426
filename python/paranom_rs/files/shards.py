"""Folders of part files: each part is whole or absent, and a manifest comes when all are there.

``_writing.json`` says what a folder is going to hold, ``_manifest.json`` what it holds: the same, and each part's rows
and SHA-256. Rows are pure, so a run that was killed goes on with the parts that are missing, and ends with the same
bytes. A folder whose parts have a fixed size, or belong to units of time, grows: parts that stay as they are stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from paranom_rs._internal.checks import flag, whole
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import AlreadyExistsError, SpecError
from paranom_rs.files.cuts import PART, Cut, Division, cut
from paranom_rs.files.event_files import EVENTS, in_folder, write_events
from paranom_rs.files.folders import Folder
from paranom_rs.files.format import FilePlan
from paranom_rs.files.manifest import MANIFEST, WRITING, known_hashes, order_of, read_json, wanted_order, write_json
from paranom_rs.generate.row_source import RowSource
from paranom_rs.generate.uniqueness import refuse_parts

__all__ = ["write_shards"]

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
    wanted = wanted_order(source, plan, division)
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
        hashes = known_hashes(read_json(folder, WRITING) or {})
        parts = [
            {"name": place.name, "rows": place.rows, "sha256": hashes.get(place) or folder.digest(place.name)}
            for place in cuts
        ]
        found: dict[str, Any] = {"parts": parts}
        if plan.extras.events:
            name = in_folder(plan.form)
            with folder.whole(name) as temporary:
                write_events(source, plan.intervals, temporary, plan.form, clean=plan.extras.clean)
            found["event_table"] = {"name": name, "sha256": folder.digest(name)}
        write_json(folder, MANIFEST, wanted | found)
    folder.remove(WRITING)


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
            there = read_json(folder, MANIFEST) or read_json(folder, WRITING)
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
            write_json(folder, WRITING, wanted, overwrite=False)
    order = order_of(there)
    if overwrite:
        write_json(folder, WRITING, order)  # a run that is killed in here must find whose these parts are
        # All parts: those that an older manifest does not count, too.
        _remove(folder)
        write_json(folder, WRITING, wanted)
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
        write_json(folder, WRITING, wanted)
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
    hashes = [
        {"name": place.name, "start": place.start, "rows": place.rows, "sha256": digest}
        for place, digest in known_hashes(there).items()
        if place in stay
    ]
    write_json(folder, WRITING, order_of(there) | {"known": hashes})
    folder.remove(MANIFEST)
    for place in before:
        if place not in stay:
            folder.remove(place.name)
    write_json(folder, WRITING, wanted | {"known": hashes})


def _remove(folder: Folder) -> None:
    """Remove the manifest, the table of events and all parts."""
    for name in folder.names():
        if name == MANIFEST or EVENTS.fullmatch(name) or PART.fullmatch(name):
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
    return bool(PART.fullmatch(name) or EVENTS.fullmatch(name))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:36]}..."
