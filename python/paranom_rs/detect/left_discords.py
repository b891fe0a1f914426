"""Discords of very long series: the windows that are farthest from all windows before them.

The question is that of Lu et al., "DAMP" (KDD 2022): was there ever something like this before?
The answer is exact. It takes seconds for millions of rows, and bounded memory for files of any length.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import file_path, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.findings import Discord
from paranom_rs.detect.series import MOST, as_floats, distance_name
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from paranom_rs.detect.series import Distance

__all__ = ["left_discords"]

# Rows that are only compared with, in windows' lengths: the first windows have few others before them.
_FIRST = 8


def left_discords(
    x: ArrayLike | str | os.PathLike[str],
    window: int,
    k: int = 1,
    *,
    start: int | None = None,
    exclusion: int | None = None,
    distance: Distance = "znormalized",
    threads: int | None = None,
    progress: bool = False,
) -> list[Discord]:
    """Find the windows of a series that are farthest from all windows before them (DAMP's question).

    It gives the discords of the left matrix profile, without computing that profile: nearly every window is soon found
    to be like one shortly before it. Series in which no window is like another (white noise) take as long as the whole
    profile.

    Parameters
    ----------
    x
        The series, shape (n,); or the path of a ``.npy`` file of float64 or float32, which is read piece by piece.
    window
        The length of a window in samples: 3 or more.
    k
        How many discords to find.
    start
        The first row at which a discord may begin; the rows before it are only compared with. The default is
        8 · window: the first windows have few others before them, so all of them are far from these.
    exclusion
        Windows that start at most so many rows from a discord are no other discord; the default is window - 1, so that
        none overlaps another.
    distance, threads, progress
        As in :func:`matrix_profile`. The bar shows pairs of windows; how many will be needed is not known.

    Returns
    -------
    list of Discord
        Farthest first. ``neighbor`` is the nearest window that starts more than ceil(window / 4) rows before the
        discord. There may be fewer than ``k``: a window without such a neighbour is no discord. Discords whose squared
        distances differ by less than about 1e-10 · window may change places.

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
    first = _FIRST * window if start is None else whole("start", start, most=MOST)
    settings: dict[str, Any] = {
        "count": whole("k", k, least=1, most=MOST),
        "start": first,
        "apart": window - 1 if exclusion is None else whole("exclusion", exclusion, most=MOST),
        "distance": distance_name(distance),
        "threads": thread_count(threads),
    }
    if isinstance(x, str | os.PathLike):
        file = _npy(file_path(x))
        with _bar(progress, file.values, window) as step:
            found = _core.matrix_profile_left_discords_in_file(*file, window, progress=step, **settings)
    else:
        series = as_floats("x", x, 1)
        with _bar(progress, len(series), window) as step:
            found = _core.matrix_profile_left_discords(series, window, progress=step, **settings)
    times = row_times(x)
    return [Discord(at, at + window, far, neighbor, time_of(times, at)) for at, far, neighbor in found]


class _Npy(NamedTuple):
    """Where the numbers lie in a file."""

    path: Path
    offset: int
    values: int
    dtype: str


def _npy(path: Path) -> _Npy:
    """Read the header of a ``.npy`` file."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise SpecError("x", f"must be a .npy file that can be read ({error})", repr(str(path))) from None
    if array.dtype.str not in ("<f8", "<f4"):
        raise SpecError("x", "must be a file of little-endian float64 or float32", f"dtype {array.dtype}")
    if array.ndim != 1 or not len(array):
        raise SpecError("x", "must be a file of one dimension, not empty", f"shape {array.shape}")
    return _Npy(path, int(array.offset), len(array), array.dtype.str)


def _bar(shown: bool, values: int, window: int) -> Progress:
    near = max(8 * window, 1024)  # lags that every window is compared at
    return Progress(max(values, 1) * near, shown=shown, unit="pair", what="left discords")
