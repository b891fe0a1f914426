"""Which column of a table is what: time, channels, labels, processes; judged by names and first values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import shown
from paranom_rs._internal.csv_lines import Name
from paranom_rs._internal.times import epoch_unit
from paranom_rs.errors import SpecError

__all__ = ["NO_CHANNELS", "Column", "Layout", "Wanted", "lay_out"]

Kind = Literal["number", "date", "text", "empty", "unknown"]

_TIMES = frozenset(
    ["t", "time", "timestamp", "timestamps", "datetime", "date", "ts", "date_time", "time_stamp", "epoch", "unix"]
    + ["unixtime", "unix_time", "utc", "utc_time", "time_utc", "timestamp_utc"]
    + [f"{name}_{unit}" for name in ("t", "time", "timestamp") for unit in ("ns", "us", "ms", "s", "min", "h")]
)
#: Rows from which on a column that always goes up is no measurement.
FEWEST = 10
#: Columns of numbers that are no channels unless asked for.
_LABELS = frozenset(
    ["is_anomaly", "anomaly", "anomalous", "label", "labels", "is_outlier", "outlier", "ground_truth", "changepoint"]
)
_NO_CHANNELS = _LABELS | {"event", "event_name"}
#: Columns that are no channels of a feed, of which there is nothing to look at but the names.
NO_CHANNELS = _NO_CHANNELS | _TIMES


@dataclass(frozen=True)
class Column:
    """A column as its first values show it.

    Attributes
    ----------
    kind
        Whether it holds numbers (flags, too), dates, texts, or nothing; unknown where there is no row.
    numbers
        The first values of a column of numbers that lacks none; else None.
    has_name
        Whether the file names it.
    """

    name: str
    kind: Kind
    numbers: NDArray[np.generic] | None = None
    has_name: bool = True


@dataclass(frozen=True)
class Wanted:
    """What the caller says of the columns; None leaves it to the names and the values."""

    time: str | None = None
    columns: Sequence[str] | None = None
    label: str | None = None
    process: str | None = None
    time_unit: str | None = None


@dataclass(frozen=True)
class Layout:
    """Positions of the columns, and what was decided without being told.

    Attributes
    ----------
    channels
        In the order of the file, or as asked for.
    unit
        The unit of epoch numbers; None where the time is a plain number, or a date.
    notes
        Sentences for the user: which column is taken for the time, and which are left out.
    """

    channels: list[int]
    time: int | None = None
    label: int | None = None
    process: int | None = None
    unit: str | None = None
    notes: list[str] = field(default_factory=list)


def lay_out(file: Name, columns: Sequence[Column], wanted: Wanted) -> Layout:
    """Decide which column is what.

    Raises
    ------
    SpecError
        For a column that is not there, or there twice; no column of numbers; several that may be the time.
    """
    names = [column.name for column in columns]
    label = None if wanted.label is None else _find(file, "label", wanted.label, names)
    process = None if wanted.process is None else _find(file, "process", wanted.process, names)
    time = _time(file, columns, wanted, names)
    notes: list[str] = []
    taken = {label, process, time}
    if wanted.columns is not None:
        channels = [_find(file, "columns", name, names) for name in wanted.columns]
        if len(set(channels)) < len(channels):
            twice = next(name for name in wanted.columns if list(wanted.columns).count(name) > 1)
            raise SpecError("columns", "must name each column once", shown(twice))
        for i in channels:
            if columns[i].kind in ("text", "date"):
                raise SpecError("columns", f"must be columns of numbers in {file}", shown(names[i]))
    else:
        channels = []
        left: dict[str, list[str]] = {}
        for i, column in enumerate(columns):
            if i in taken:
                continue
            why = _not_a_channel(column, others_have_names=any(other.has_name for other in columns))
            if why is None:
                channels.append(i)
            else:
                left.setdefault(why, []).append(column.name)
        notes += [f"left out: {', '.join(found)} ({why})" for why, found in left.items()]
    if not channels:
        raise SpecError(file, "must have a column of numbers beside time and labels", ", ".join(names))
    for i in channels:
        if names.count(names[i]) > 1:
            raise SpecError(file, f"must have one column {names[i]!r}", f"{names.count(names[i])} of them")
    unit = wanted.time_unit
    if time is not None:
        how = "dates"
        if columns[time].kind != "date":
            values = columns[time].numbers
            if unit is None and values is not None:
                unit = epoch_unit(values)
            how = "numbers" if unit is None else f"{unit} since 1970, in UTC"
        notes.insert(0, f"time: {names[time]} ({how})")
    return Layout(channels, time, label, process, unit, notes)


def _find(file: Name, option: str, name: str, names: list[str]) -> int:
    if names.count(name) > 1:
        raise SpecError(file, f"must have one column {name!r}", f"{names.count(name)} of them")
    if name not in names:
        raise SpecError(option, f"must be in {file}, which has {', '.join(names)}", shown(name))
    return names.index(name)


def _not_a_channel(column: Column, *, others_have_names: bool) -> str | None:
    """Return why a column is no channel; None if it is one."""
    if column.kind in ("text", "date"):
        return {"text": "text", "date": "dates"}[column.kind]
    name = column.name.lower()
    if name in _NO_CHANNELS or name.endswith("_is_anomaly"):
        return "events" if name in ("event", "event_name") else "labels"
    if not column.has_name and others_have_names:
        if column.kind == "empty":
            return "nothing"
        if column.numbers is not None and _counts(column.numbers):
            return "row numbers"
    if is_time_name(column.name):
        return "a time, by its name"
    return None


def _counts(values: NDArray[np.generic]) -> bool:
    """Return whether numbers count rows: each is one more than the one before."""
    return bool(len(values)) and bool((np.diff(values.astype(np.float64)) == 1).all())


def is_time_name(name: str) -> bool:
    """Return whether a column with this name holds the time, if it can: ``Time (s)``, ``date-time``, ``t``."""
    plain = re.sub(r"[(\[].*?[)\]]", "", name).strip().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") in _TIMES


def _time(file: Name, columns: Sequence[Column], wanted: Wanted, names: list[str]) -> int | None:
    if wanted.time is not None:
        return _find(file, "time", wanted.time, names)
    asked = set(wanted.columns or ()) | {wanted.label, wanted.process}
    free = [(i, column) for i, column in enumerate(columns) if column.name not in asked]
    dates = [i for i, column in free if column.kind == "date"]
    named = [i for i in dates if is_time_name(names[i]) or not columns[i].has_name]
    found = dates if len(dates) == 1 else named
    if not dates:
        found = [i for i, column in free if is_time_name(column.name) and _can_be_time(column)]
        if not found and len(columns) > 1 and columns[0].name not in asked and _is_index(columns):
            found = [0]
    if len(found) > 1 or (dates and not found):
        some = ", ".join(repr(names[i]) for i in (found or dates))
        raise SpecError("time", f"must say which column of {file} is the time", some)
    return found[0] if found else None


def _is_index(columns: Sequence[Column]) -> bool:
    """Return whether the first column has no name, and always goes up: no measurement does. Row numbers are no time."""
    values = columns[0].numbers
    if columns[0].has_name or values is None or len(values) < FEWEST:
        return False
    is_row_number = _counts(values) and any(column.has_name for column in columns)
    return bool((np.diff(values.astype(np.float64)) > 0).all()) and not is_row_number


def _can_be_time(column: Column) -> bool:
    """Return whether the first values never go down; where there are no rows, the name will do."""
    return _goes_up(column.numbers) or column.kind == "unknown"


def _goes_up(values: NDArray[np.generic] | None) -> bool:
    return values is not None and bool(len(values)) and bool((np.diff(values.astype(np.float64)) >= 0).all())
