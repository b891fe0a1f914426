"""Long joins in tiles: each tile is computed by itself, anywhere, and kept on disk if that is wanted.

The windows are cut into pieces. A tile joins two pieces. In a self-join, neighbouring pieces and the pieces themselves
are joined together, so that windows too near each other are left out as usual. Results are merged: for each window and
side the nearest neighbour, of equally near ones the first.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import file_path, shown, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.row_times import row_times
from paranom_rs.detect.detector_file import DetectorState, pack, unpack
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecError, SpecTypeError, StateError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Tile", "tiled_matrix_profile"]

# What a tile finds: for some windows the nearest neighbours on one side. (side, first window, distances, indices)
_Found = tuple[str, int, "NDArray[np.float64]", "NDArray[np.int64]"]


class Tile(NamedTuple):
    """A part of a join; picklable, and the same result wherever it is computed.

    Attributes
    ----------
    x
        The values of some windows.
    start
        The first of these windows.
    other
        The values of the windows that they are compared with; None for ``x`` itself.
    other_start
        The first of those.
    within
        Whether both are parts of one series; then ``other`` lies behind ``x``.
    window
        The length of a window.
    settings
        Keywords of the core.
    path
        Where the result is kept; None for nowhere.
    key
        Which join it is part of.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.detect.tiles import Tile
    >>> settings = {"distance": "l1", "fraction": 1.0, "threads": 1, "k": 1}
    >>> tile = Tile(np.arange(50.0), 0, None, 0, True, 10, settings, None, "")
    >>> [side for side, *_ in tile.compute()]
    ['left', 'right']
    """

    x: NDArray[np.float64]
    start: int
    other: NDArray[np.float64] | None
    other_start: int
    within: bool
    window: int
    settings: dict[str, Any]
    path: Path | None
    key: str

    def compute(self) -> list[_Found]:
        """Return what the tile finds: from its file if that is there and whole; else it is computed, and kept."""
        found = self._kept()
        if found is None:
            found = self._joined()
            self._keep(found)
        return found

    def _kept(self) -> list[_Found] | None:
        if self.path is None or not self.path.exists():
            return None
        try:
            state = unpack(self.path.read_bytes())
        except StateError:
            return None  # cut off or damaged: it is computed again
        if state.detector != "Tile" or state.values.get("key") != self.key:
            return None
        parts = state.values["parts"]
        arrays = state.arrays
        return [(side, start, arrays[f"d{at}"], arrays[f"i{at}"]) for at, (side, start) in enumerate(parts)]

    def _keep(self, found: list[_Found]) -> None:
        if self.path is None:
            return
        arrays: dict[str, NDArray[Any]] = {}
        for at, (_, _, distances, indices) in enumerate(found):
            arrays |= {f"d{at}": distances, f"i{at}": indices}
        parts = [[side, start] for side, start, _, _ in found]
        with whole_file(self.path) as temporary:
            temporary.write_bytes(pack(DetectorState("Tile", {}, {"key": self.key, "parts": parts}, arrays)))

    def _joined(self) -> list[_Found]:
        x, other = np.ascontiguousarray(self.x), self.other
        if other is None:
            join = _core.matrix_profile_self_join if x.ndim == 1 else _core.matrix_profile_multidimensional
            sides: Any = join(x, self.window, progress=None, **self.settings)[1]
            return [
                (side, self.start, *self._placed(one, self.start))
                for side, one in zip(("left", "right"), sides, strict=True)
            ]
        other = np.ascontiguousarray(other)
        mine, theirs = self._both(x, other)
        found = [("right" if self.within else "best", self.start, *self._placed(mine, self.other_start))]
        if theirs is not None:
            found.append(("left", self.other_start, *self._placed(theirs, self.start)))
        return found

    def _both(self, x: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[Any, Any]:
        """Return the neighbours of the windows of ``x``, and within a series those of the others."""
        if x.ndim == 1 and self.within:
            both = _core.matrix_profile_ab_join_both(x, other, self.window, progress=None, **self.settings)
            (mine, _), (theirs, _) = both
            return mine, theirs
        join = _core.matrix_profile_ab_join if x.ndim == 1 else _core.matrix_profile_multidimensional_ab_join
        mine, _ = join(x, other, self.window, progress=None, **self.settings)
        return mine, join(other, x, self.window, progress=None, **self.settings)[0] if self.within else None

    def _placed(self, found: Any, start: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return distances and indices, counted from the first window of all."""
        distances, indices = (array.reshape(-1, *self.x.shape[1:]) for array in found)
        return distances, np.where(indices >= 0, indices + start, -1)


def tiled_matrix_profile(
    x: ArrayLike,
    window: int,
    *,
    reference: ArrayLike | None = None,
    distance: Distance = "znormalized",
    pieces: int = 8,
    folder: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    run: Callable[[list[Tile]], Iterable[list[_Found]]] | None = None,
) -> MatrixProfile:
    """Compute a matrix profile tile by tile: it can be stopped and goes on from disk.

    :func:`paranom_rs.connect.dask.tiled_matrix_profile` and :func:`paranom_rs.connect.ray.tiled_matrix_profile` do the
    same on the workers of a cluster.

    Parameters
    ----------
    x
        The series, shape (n,); or (n, d) as in :func:`matrix_profile_multidimensional`.
    window
        The length of a window in samples.
    reference
        The series in which the neighbours are; the default is ``x`` itself.
    distance, threads
        As in :func:`matrix_profile`.
    pieces
        Into how many pieces a series is cut, 1,000 at most, each of ``window`` windows or more. There are about
        pieces² / 2 tiles; with a reference, pieces².
    folder
        A folder that keeps the tiles that are done; a second call computes the others only. Files of other joins, and
        damaged ones, are not used. The default keeps nothing.
    run
        What computes the tiles and gives their results in order; the default is one after the other.

    Returns
    -------
    MatrixProfile
        The same as without tiles. Only where several neighbours are nearly equally near, another one of them may be
        reported.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile, tiled_matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> found = tiled_matrix_profile(x, window=50, pieces=4, folder="tiles")
    >>> np.array_equal(found.profile, matrix_profile(x, window=50).profile)
    True
    """
    if run is not None and not callable(run):
        raise SpecTypeError("run", "must be callable, or None", shown(run))
    size = whole("window", window, least=3, most=MOST)
    many = whole("pieces", pieces, least=1, most=1_000)
    dimensions = 2 if np.ndim(x) == 2 else 1
    series = as_floats("x", x, dimensions)
    other = None if reference is None else as_floats("reference", reference, dimensions)
    settings: dict[str, Any] = {"distance": distance_name(distance), "fraction": 1.0, "threads": thread_count(threads)}
    if dimensions == 1:
        settings["k"] = 1
    else:
        settings["include"] = []
    _check_sizes(series, other, size)
    tiles = _tiles(series, other, size, many, settings, None if folder is None else file_path(folder))
    sides = ("best",) if other is not None else ("left", "right")
    shape = (len(series) - size + 1, *series.shape[1:])
    nearest = {side: (np.full(shape, np.inf), np.full(shape, -1, dtype=np.int64)) for side in sides}
    for found in map(Tile.compute, tiles) if run is None else run(tiles):
        for side, start, distances, indices in found:
            part = slice(start, start + len(distances))
            _merge(nearest[side][0][part], nearest[side][1][part], distances, indices)
    if other is not None:
        left, right, best = None, None, nearest["best"]
    else:
        left, right = nearest["left"], nearest["right"]
        best = (left[0].copy(), left[1].copy())
        _merge(*best, *right)
    return MatrixProfile(
        x=series,
        window=size,
        distance=distance,
        profile=best[0],
        indices=best[1],
        left_profile=left and left[0],
        left_indices=left and left[1],
        right_profile=right and right[0],
        right_indices=right and right[1],
        reference=other,
        times=row_times(x),
        reference_times=row_times(reference),
    )


def _merge(
    distances: NDArray[np.float64], indices: NDArray[np.int64], more: NDArray[np.float64], theirs: NDArray[np.int64]
) -> None:
    """Take what is nearer, or equally near and before."""
    better = (theirs >= 0) & ((more < distances) | ((more == distances) & (theirs < indices)) | (indices < 0))
    distances[better], indices[better] = more[better], theirs[better]


def _check_sizes(x: NDArray[np.float64], reference: NDArray[np.float64] | None, window: int) -> None:
    if reference is None:
        if window > len(x) // 2:
            raise SpecError("window", f"must be at most half the length of x, {len(x)}", str(window))
        return
    for path, series in (("x", x), ("reference", reference)):
        if len(series) < window:
            raise SpecError(path, f"must have at least window = {window} values", f"{len(series)} values")
    if x.shape[1:] != reference.shape[1:]:
        raise SpecError("reference", f"must have {x.shape[1]} columns, as x", f"shape {reference.shape}")


def _tiles(
    x: NDArray[np.float64],
    reference: NDArray[np.float64] | None,
    window: int,
    pieces: int,
    settings: dict[str, Any],
    folder: Path | None,
) -> list[Tile]:
    key = hashlib.sha256(repr((x.shape, window, pieces, settings["distance"], reference is None)).encode())
    for series in (x, x if reference is None else reference):
        key.update(series.data)
    name = key.hexdigest()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    tiles: list[Tile] = []

    def add(a: range, series: NDArray[np.float64], b: range | None) -> None:
        path = None if folder is None else folder / f"{name[:16]}-{len(tiles):06d}.tile"
        other = None if b is None else series[b.start : b.stop + window - 1]
        mine = x[a.start : a.stop + window - 1]
        start = 0 if b is None else b.start
        tiles.append(
            Tile(mine, a.start, other, start, reference is None, window, settings, path, f"{name}-{len(tiles)}")
        )

    mine = _cut(len(x) - window + 1, pieces, window)
    if reference is not None:
        for a in mine:
            for b in _cut(len(reference) - window + 1, pieces, window):
                add(a, reference, b)
    elif len(mine) == 1:
        add(mine[0], x, None)
    else:
        for at, a in enumerate(mine[:-1]):
            add(range(a.start, mine[at + 1].stop), x, None)
            for b in mine[at + 2 :]:
                add(a, x, b)
    return tiles


def _cut(windows: int, pieces: int, least: int) -> list[range]:
    """Cut windows into pieces of nearly equal size, of so many windows at least."""
    count = max(min(pieces, windows // least), 1)
    ends = [windows * at // count for at in range(count + 1)]
    return [range(a, b) for a, b in pairwise(ends)]
