"""Tables of users: CSV, Parquet and Arrow files, and folders of them, read as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args
from warnings import warn

import numpy as np

from paranom_rs._internal.checks import file_path, one_of
from paranom_rs._internal.csv_text import SAMPLE, csv_errors, open_csv
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.times import UNITS
from paranom_rs.errors import SpecError
from paranom_rs.files.arrow_table import arrow_table
from paranom_rs.files.csv_table import csv_table
from paranom_rs.files.layout import Wanted
from paranom_rs.files.order import Order, OrderCheck, in_time_order
from paranom_rs.files.parts import Table

__all__ = ["joined", "open_lines", "open_table", "read_table"]

_ARROW = {".parquet", ".pq", ".arrow", ".feather", ".ipc"}
_TEXT = {".csv", ".tsv", ".txt", ".dat"}
_FORMATS = "must end in .csv, .tsv, .txt (also with .gz or .zst), .parquet or .arrow, or be a folder of such files"


def read_table(
    path: str | Path | Sequence[str | Path],
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    label: str | None = None,
    process: str | None = None,
    order: Order = "auto",
) -> Frame:
    """Read a table with a time axis, channels and maybe labels.

    Parameters
    ----------
    path
        A .csv, .tsv or .txt file (also with .gz), a .parquet or .arrow file (with pyarrow), or a folder of such files
        with the same columns, which are read in the order of their names. Or a list of these, read in its order.
    time
        The column of times. By default the one of dates; or one of numbers that never goes down and has a name like
        ``t``, ``time``, ``timestamp``. Numbers that lie in the years 1990 to 2099 as s, ms, us or ns since 1970 are
        such times, others are numbers.
    columns
        The channels. By default all columns of numbers and flags but the time, nameless row numbers, and what is called
        ``label``, ``anomaly`` and the like.
    delimiter
        Of CSV: a character. By default found among ``, ; tab |`` and blanks.
    time_unit
        Of times that are numbers since 1970: ns, us, ms, s, min, h or D.
    time_format
        Of dates that do not have the year first, as in ``datetime.strptime``: ``"%d.%m.%Y %H:%M"``.
    label
        The column of labels: 0 and 1, true and false, or ``normal`` and other words.
    process
        The column of the processes that the rows belong to.
    order
        What happens where the time goes back (in a process). ``"auto"``: rows stay as they stand, and a warning names
        the first such line; an error does, if there are more than one in 100 rows and one more. ``"raise"``: the first
        is an error. ``"sort"``: rows are sorted. ``"keep"``: rows stay as they stand. Equal times stand for rows of one
        moment, and pass.

    Returns
    -------
    Frame

    Raises
    ------
    SpecError
        For what cannot be understood: the file, the line and the column, and the argument that helps.
    ImportError
        For Parquet and Arrow files without pyarrow.
    OSError
        For a file that cannot be read.

    Warns
    -----
    UserWarning
        Where the time goes back, and ``order`` lets it.

    Examples
    --------
    >>> import pandas as pd
    >>> from paranom_rs import read_table
    >>> times = ["2026-01-01 00:00", "2026-01-01 00:01"]
    >>> pd.DataFrame({"time": times, "flow": [1.5, 2.5]}).to_csv("pump.csv", index=False)
    >>> frame = read_table("pump.csv")
    >>> frame.names, frame.values.tolist(), frame.time_texts()[1]
    (['flow'], [[1.5], [2.5]], '2026-01-01 00:01:00')
    """
    one_of("order", order, get_args(Order))
    wanted = Wanted(time, columns, label, process, time_unit)
    said: list[str] = []
    how: dict[str, Any] = {"delimiter": delimiter, "time_format": time_format, "order": order}
    with open_table(path, wanted, **how, tell=said.append) as table:
        parts = list(table.frames())
    for text in said:
        warn(text, stacklevel=2)
    frame = joined(parts, table)
    return in_time_order(frame) if order == "sort" else frame


def joined(parts: list[Frame], table: Table) -> Frame:
    """Return the rows of parts of a table as one frame."""
    if not parts:
        return Frame(np.empty((0, len(table.channels))), table.channels, time_name=table.time)
    first = parts[0]
    zones = {part.zone for part in parts}

    def whole(name: str) -> Any:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    keys = None if first.keys is None else [key for part in parts for key in part.keys or ()]
    zone = first.zone if len(zones) == 1 else "UTC"
    return replace(first, values=whole("values"), times=whole("times"), labels=whole("labels"), keys=keys, zone=zone)


@contextmanager
def open_table(
    path: str | Path | Sequence[str | Path],
    wanted: Wanted | None = None,
    *,
    delimiter: str | None = None,
    time_format: str | None = None,
    order: Order = "auto",
    tell: Callable[[str], None] = warn,
) -> Iterator[Table]:
    """Open a file or a folder of files; arguments and errors are those of `read_table`. ``tell`` gets the warning."""
    wanted, check = wanted or Wanted(), OrderCheck(order, tell)
    if wanted.time_unit is not None:
        one_of("time_unit", wanted.time_unit, tuple(UNITS))
    with ExitStack() as stack:
        opened = []
        paths = list(path) if isinstance(path, Sequence) and not isinstance(path, str | bytes) else [path]
        if not paths:
            raise SpecError("file", "must be a file, or at least one", "none")
        for file in (file for each in paths for file in _files(file_path(each))):
            if _suffix(file) in _ARROW:
                opened.append(stack.enter_context(arrow_table(file, wanted, time_format, check)))
            else:
                text = stack.enter_context(open_csv(file))
                opened.append(csv_table(text, file, wanted, delimiter, time_format, check, SAMPLE))
            first, last = opened[0], opened[-1]
            if (first.channels, first.time) != (last.channels, last.time):
                rule = f"must have the columns of {first.name}, {', '.join(first.channels)}"
                raise SpecError(file, rule, ", ".join(last.channels))
        parts = opened[0].parts if len(opened) == 1 else lambda rows: (f for t in opened for f in t.parts(rows))
        yield replace(opened[0], name=", ".join(map(str, paths)), parts=parts)


def open_lines(
    text: Iterable[str],
    name: str,
    wanted: Wanted | None = None,
    *,
    delimiter: str | None = None,
    time_format: str | None = None,
    order: Order = "auto",
    tell: Callable[[str], None] = warn,
    sample: int = SAMPLE,
) -> Table:
    """Open CSV that comes line by line, as from standard input; the columns are judged by ``sample`` rows."""
    with csv_errors(name):
        return csv_table(text, name, wanted or Wanted(), delimiter, time_format, OrderCheck(order, tell), sample)


def _files(path: Path) -> list[Path]:
    """Return the file, or those in a folder."""
    if not path.is_dir():
        if _suffix(path) not in _ARROW | _TEXT:
            raise SpecError("file", _FORMATS, repr(str(path)))
        return [path]
    files = [
        file
        for entry in sorted(path.iterdir())
        if entry.name[0] not in "._"
        # Partitions are folders like date=2026-01-31.
        for file in (_files(entry) if entry.is_dir() and "=" in entry.name else [entry])
        if _suffix(file) in _ARROW | _TEXT
    ]
    if not files:
        raise SpecError(path, "must hold a .csv, .parquet or .arrow file", "none")
    return files


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix in (".gz", ".zst") else path).suffix.lower()
