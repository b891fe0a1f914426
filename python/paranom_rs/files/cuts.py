"""Where the rows of a folder are cut into parts, and what the parts are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from paranom_rs._internal.checks import one_of, shown, whole
from paranom_rs.errors import SpecError
from paranom_rs.files.format import FORMATS, PACKED, SUFFIX
from paranom_rs.generate.row_source import RowSource

__all__ = ["MOST_PARTS", "PART", "UNITS", "Cut", "Division", "cut", "division_of", "part_suffix"]

MOST_PARTS = 1_000_000
#: Units of time that rows are divided by, as NumPy calls them.
UNITS = {"year": "Y", "month": "M", "day": "D", "hour": "h"}
#: The name of a part, and of a folder that it lies in.
PART = re.compile(rf"(?:(?:year|month|date|hour)=[0-9-]{{1,20}}/)*part-\d{{5,}}{SUFFIX}")


class Cut(NamedTuple):
    """A part: its name in the folder, its first row, and how many it has."""

    name: str
    start: int
    rows: int


class Division(NamedTuple):
    """How rows are divided: into so many ``shards``, of so many ``part_rows``, or ``partition_by`` a unit of time."""

    by: str
    value: int | str

    @property
    def grows(self) -> bool:
        """Whether more rows leave the parts as they are, but for the last one."""
        return self.by != "shards"


def division_of(shards: object, part_rows: object, partition_by: object) -> Division | None:
    """Check how rows are to be divided; None for a single file."""
    given = {"shards": shards, "part_rows": part_rows, "partition_by": partition_by}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise SpecError(names[1], f"must be None with {names[0]}", shown(given[names[1]]))
    if not names:
        return None
    if partition_by is not None:
        one_of("partition_by", partition_by, tuple(UNITS))
        return Division("partition_by", str(partition_by))
    most = MOST_PARTS if shards is not None else None
    return Division(names[0], whole(names[0], given[names[0]], least=1, **({} if most is None else {"most": most})))


def part_suffix(order: Mapping[str, Any]) -> str:
    """Return the suffix of the parts of an order."""
    suffix = next(suffix for suffix, form in FORMATS.items() if form == order["format"])
    return suffix + next((x for x, packing in PACKED.items() if packing == order.get("packing")), "")


def cut(order: Mapping[str, Any], source: RowSource) -> list[Cut]:
    """Return the parts of an order, in row order.

    Raises
    ------
    SpecError
        For more than a million of them, and for units of time where rows have no dates.
    """
    start, rows, suffix = order["start"], order["rows"], part_suffix(order)
    if "shards" in order:
        shards = order["shards"]
        width = max(5, len(str(shards - 1)))
        ends = [rows * i // shards for i in range(shards + 1)]
        pairs = enumerate(pairwise(ends))
        return [Cut(f"part-{i:0{width}}{suffix}", start + low, high - low) for i, (low, high) in pairs]
    if "part_rows" in order:
        size = order["part_rows"]
        count = max(-(-rows // size), 1)
        if count > MOST_PARTS:
            raise SpecError("part_rows", f"must make at most {MOST_PARTS} parts", f"{count} parts")
        return [Cut(f"part-{i:06}{suffix}", start + i * size, min(size, rows - i * size)) for i in range(count)]
    return list(_by_clock(source, start, rows, order["partition_by"], suffix))


def _by_clock(source: RowSource, start: int, rows: int, unit: str, suffix: str) -> Iterator[Cut]:
    """Give a part for each year, month, day or hour that has rows; times go up."""
    if not source.has_dates:
        raise SpecError("partition_by", "must be None where rows have no dates: the spec needs a time", shown(unit))
    if not rows:
        return
    code = UNITS[unit]
    first, last = (_time(source, row).astype(f"datetime64[{code}]") for row in (start, start + rows - 1))
    if int((last - first).astype(np.int64)) >= MOST_PARTS:
        raise SpecError("partition_by", f"must make at most {MOST_PARTS} parts", shown(unit))
    row, end = start, start + rows
    while row < end:
        here = _time(source, row).astype(f"datetime64[{code}]")
        stop = _first_row_from(source, here + 1, row, end)
        yield Cut(f"{_partition(str(here), unit)}/part-00000{suffix}", row, stop - row)
        row = stop


def _time(source: RowSource, row: int) -> np.datetime64:
    times = source.times([(row, 1)])
    if times is None:
        raise SpecError("partition_by", "must be None where rows have no dates")
    time: np.datetime64 = times[0]
    return time


def _first_row_from(source: RowSource, moment: np.datetime64, low: int, end: int) -> int:
    """Return the first row behind ``low`` whose time is not before a moment, or ``end``: looks further, then halves."""
    step = 1
    while low + step < end and _time(source, low + step) < moment:
        low, step = low + step, 2 * step
    high = min(low + step, end)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _time(source, middle) < moment else (low, middle)
    return high


def _partition(text: str, unit: str) -> str:
    """Return the folders of a unit of time as Hive names them."""
    if unit == "year":
        return f"year={text}"
    if unit == "month":
        return f"year={text[:4]}/month={text[5:7]}"
    return f"date={text[:10]}" + (f"/hour={text[11:13]}" if unit == "hour" else "")
