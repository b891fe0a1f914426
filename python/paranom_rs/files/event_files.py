"""The table of events that lies beside a file of rows, or in a folder of parts."""

from __future__ import annotations

import re
from pathlib import Path

from paranom_rs import _core
from paranom_rs.files.format import SUFFIX, Format
from paranom_rs.generate.event_table import event_table
from paranom_rs.generate.row_source import Interval, RowSource

__all__ = ["EVENTS", "beside", "in_folder", "write_events"]

#: What `in_folder` gives.
EVENTS = re.compile(f"_events{SUFFIX}")


def beside(name: str, form: Format) -> str:
    """Return the name of the table beside a file: ``plant.events.parquet`` beside ``plant.parquet``."""
    return f"{name.removesuffix(form.suffix)}.events{form.suffix}"


def in_folder(form: Format) -> str:
    """Return the name of the table in a folder: readers of folders pass over names that begin with an underscore."""
    return f"_events{form.suffix}"


def write_events(source: RowSource, intervals: list[Interval], path: Path, form: Format, *, clean: bool) -> None:
    """Write the events that touch rows into a file, which is replaced."""
    columns = list(event_table(source, intervals, clean=clean).items())
    _core.write_table(columns, [], path, format=form.name, packing=form.packing, zstd=False, metadata=[])
