"""Discords of very long series: the windows that are farthest from all windows before them.

The question is that of Lu et al., "DAMP" (KDD 2022): was there ever something like this before?
The answer is exact. It takes seconds for millions of rows, and bounded memory for files of any length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs import _core
from paranom_rs._internal import columns
from paranom_rs._internal.checks import file_path, numbers, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.column_files import ARROW, PARQUET, NumberFile, column_numbers, times_at
from paranom_rs.detect.findings import Discord
from paranom_rs.detect.series import MOST, as_floats, distance_name, included
from paranom_rs.errors import SpecError, SpecTypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from paranom_rs.detect.series import Distance

__all__ = ["left_discords"]

# Rows that are only compared with, in windows' lengths: the first windows have few others before them.
_FIRST = 8


def left_discords(
    x: ArrayLike | str | os.PathLike[str],
    window: int,
    k: int = 1,
    *,
    column: str | Sequence[str] | None = None,
    dimensions: int | None = None,
    include: Sequence[int] = (),
    start: int | None = None,
    exclusion: int | None = None,
    distance: Distance = "znormalized",
    threads: int | None = None,
    progress: bool = False,
) -> list[Discord]:
    """Find the windows that are farthest from all windows before them (DAMP's question), in one series or in several.

    It gives the discords of the left matrix profile, without computing that profile: nearly every window is soon found
    to be like one shortly before it. Series in which no window is like another (white noise) take as long as the whole
    profile. Several series are compared by the joint distance of :func:`matrix_profile_multidimensional`.

    Parameters
    ----------
    x
        The series, shape (n,), or several, shape (n, d); a table of pandas, polars or Arrow; or the path of a file that
        is read piece by piece: a ``.npy`` file of float64 or float32, a Parquet file (``.parquet``), or an Arrow file
        (``.arrow``, ``.feather``). Columns of Parquet or Arrow are first copied to a temporary file of plain numbers
        (8 bytes a value).
    window
        The length of a window in samples: 3 or more.
    k
        How many discords to find.
    column
        The column of a table or of a Parquet or Arrow file, or a list of several; it may be left out if only one holds
        numbers.
    dimensions
        Of several series, the number that the distance of two windows is a mean of: those in which they are nearest.
        The default is all.
    include
        Of several series, the numbers of those that always take part, as in :func:`matrix_profile_multidimensional`.
    start
        The first row at which a discord may begin; the rows before it are only compared with. The default is
        8 · window, or the middle of a series that is shorter than 16 windows: the first windows have few others before
        them, so all of them are far from these.
    exclusion
        Windows that start at most so many rows from a discord are no other discord; the default is window - 1, so that
        none overlaps another.
    distance, threads, progress
        As in :func:`matrix_profile`. The bar shows pairs of windows; how many will be needed is not known.

    Returns
    -------
    list of Discord
        Farthest first, with times if ``x`` has an index of dates, or one column of dates. ``neighbor`` is the nearest
        window that starts more than ceil(window / 4) rows before the discord. There may be fewer than ``k``: a window
        without such a neighbour is no discord. Discords whose squared distances differ by less than about
        1e-10 · window may change places.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`; SpecError also for a file that cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import left_discords
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> [discord] = left_discords(x, window=50, start=200)
    >>> bool(550 < discord.start < 620)
    True
    """
    window = whole("window", window, least=3, most=MOST)
    first = None if start is None else whole("start", start, most=MOST)
    settings: dict[str, Any] = {
        "count": whole("k", k, least=1, most=MOST),
        "apart": window - 1 if exclusion is None else whole("exclusion", exclusion, most=MOST),
        "distance": distance_name(distance),
        "threads": thread_count(threads),
    }
    names = _names(column)
    if isinstance(x, str | os.PathLike):
        path = file_path(x)
        copied = path.suffix.lower() in PARQUET + ARROW
        if not copied and column is not None:
            raise SpecError("column", "must not be given for a .npy file", repr(column))
        opened = column_numbers(path, names) if copied else nullcontext(_npy(path))
        with opened as (file, count, *order):
            several = _several(count, bool(order and order[0]), dimensions, include)
            rows = file.values // count
            with _bar(progress, rows, window) as step:
                found = _core.matrix_profile_left_discords_in_file(
                    *file, window, columns=several, start=_first(first, rows, window), progress=step, **settings
                )
        times = times_at(path, [at for at, *_ in found]) if copied else [None] * len(found)
    else:
        series, all_times = _in_memory(x, names)
        several = _several(1 if series.ndim == 1 else series.shape[1], False, dimensions, include)
        start = _first(first, len(series), window)
        with _bar(progress, len(series), window) as step:
            found = _core.matrix_profile_left_discords(
                series.ravel(), window, columns=several, start=start, progress=step, **settings
            )
        times = [time_of(all_times, at) for at, *_ in found]
    return [
        Discord(at, at + window, far, neighbor, time) for (at, far, neighbor), time in zip(found, times, strict=True)
    ]


def _first(start: int | None, rows: int, window: int) -> int:
    """Return the first row at which a discord may begin."""
    return min(_FIRST * window, max(rows - window, 0) // 2) if start is None else start


def _names(column: object) -> str | list[str] | None:
    """Check the names of columns."""
    if column is None or isinstance(column, str):
        return column
    if not isinstance(column, Sequence) or not all(isinstance(name, str) for name in column):
        raise SpecTypeError("column", "must be a text, or a list of texts", repr(column))
    names = [str(name) for name in column]
    if not names or len(set(names)) < len(names):
        raise SpecError("column", "must be different names, one or more", repr(names))
    return names


def _several(
    count: int, by_column: bool, dimensions: object, include: object
) -> tuple[int, bool, list[int], int] | None:
    """Return what the core has to know of several series; None for one."""
    wanted = count if dimensions is None else whole("dimensions", dimensions, least=1)
    if wanted > count:
        raise SpecError("dimensions", f"must be at most {count}", str(wanted))
    always = included(include)
    return None if count == 1 and not always else (count, by_column, always, wanted - 1)


def _in_memory(x: Any, names: str | list[str] | None) -> tuple[NDArray[np.float64], Any]:
    """Return one series or several, or columns of a table, and the times of the rows or None."""
    if columns.library(x) is None or not columns.is_table(x):
        if names is not None:
            raise SpecError("column", "must not be given where x is no table", repr(names))
        values = numbers("x", x)
        return as_floats("x", values, 2 if values.ndim == 2 else 1), row_times(x)
    given = columns.columns(x)
    dates = [found[0] for _, values in given if (found := columns.datetimes(values)) is not None]
    labels = [names] if isinstance(names, str) else names
    if labels is None:
        channels = columns.channels("x", x)
        if len(channels) != 1:
            known = [str(label) for label, _ in given]
            rule = "must be given where a table has several columns: a name, or a list of names"
            raise SpecError("column", rule, f"None of {known}")
    else:
        channels = [_one_of(given, name) for name in labels]
    times = row_times(x)
    if times is None and len(dates) == 1:
        times = dates[0]
    series = [as_floats("x", columns.floats(f"x[{str(label)!r}]", values), 1) for label, values in channels]
    return (series[0] if len(series) == 1 else np.stack(series, axis=1)), times


def _one_of(given: list[tuple[Any, Any]], name: str) -> tuple[Any, Any]:
    found = [one for one in given if one[0] == name]
    if len(found) != 1:
        raise SpecError("column", f"must be one of {[str(label) for label, _ in given]}", repr(name))
    return found[0]


def _npy(path: Path) -> tuple[NumberFile, int, bool]:
    """Read the header of a ``.npy`` file: the numbers, how many series, and whether one series follows the other."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        rule = f"must be a .npy, Parquet or Arrow file that can be read ({error})"
        raise SpecError("x", rule, repr(str(path))) from None
    if array.dtype.str not in ("<f8", "<f4"):
        raise SpecError("x", "must be a file of little-endian float64 or float32", f"dtype {array.dtype}")
    if array.ndim not in (1, 2) or not array.size:
        raise SpecError("x", "must be a file of one dimension or two, not empty", f"shape {array.shape}")
    count = 1 if array.ndim == 1 else array.shape[1]
    file = NumberFile(path, int(array.offset), array.size, array.dtype.str)
    return file, count, not array.flags.c_contiguous


def _bar(shown: bool, values: int, window: int) -> Progress:
    near = max(8 * window, 1024)  # lags that every window is compared at
    return Progress(max(values, 1) * near, shown=shown, unit="pair", what="left discords")
