"""What several series have in common: the consensus motif.

Source: Kamgar, Gharghabi & Keogh, "Matrix Profile XV: Exploiting Time Series Consensus Motifs" (Ostinato, ICDM 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import each, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ConsensusMotif", "consensus_motif"]

# Where so few windows of a series are left, each is compared by itself.
_FEW = 32


class ConsensusMotif(NamedTuple):
    """A window that every series has something like.

    Attributes
    ----------
    radius
        The largest of its distances to the nearest windows of the other series.
    series
        The number of the series that it is in.
    start, stop
        Its first row there, and the row after its last.
    starts
        The first row of the nearest window of every series; in its own series itself.
    distances
        Their distances.
    time
        The timestamp of the first row, if its series came with timestamps; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import consensus_motif
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> motif = consensus_motif([x[:300], x[300:600], x[650:]], window=50)
    >>> motif.stop - motif.start, len(motif.starts)
    (50, 3)
    """

    radius: float
    series: int
    start: int
    stop: int
    starts: list[int]
    distances: list[float]
    time: Any = None


def consensus_motif(
    series: Sequence[ArrayLike],
    window: int,
    *,
    distance: Distance = "znormalized",
    threads: int | None = None,
) -> ConsensusMotif | None:
    """Find the window that is nearest to all of several series (ostinato).

    Parameters
    ----------
    series
        Two series or more, each of shape (n_i,).
    window
        The length of a window in samples: 3 or more, at most each n_i.
    distance, threads
        As in :func:`matrix_profile`.

    Returns
    -------
    ConsensusMotif or None
        The window whose radius is least; None if no window has a neighbour in every other series.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile_ab_join`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import consensus_motif
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> motif = consensus_motif([x[:300], x[300:600], x[650:]], window=50)
    >>> motif.stop - motif.start, len(motif.starts)
    (50, 3)
    """
    all_series = [as_floats(f"series[{at}]", x, 1) for at, x in each("series", series)]
    if len(all_series) < 2:
        raise SpecError("series", "must have at least 2 series", str(len(all_series)))
    length = whole("window", window, least=3, most=MOST)
    short = [at for at, x in enumerate(all_series) if len(x) < length]
    if short:
        rule = f"must have at least window = {length} values"
        raise SpecError(f"series[{short[0]}]", rule, f"{len(all_series[short[0]])} values")
    search = _Search(all_series, length, distance_name(distance), thread_count(threads))
    best, where = np.inf, None
    for at in range(len(all_series)):
        radius, start = search.least_radius(at, best)
        if radius < best:
            best, where = radius, (at, start)
    if where is None:
        return None
    at, start = where
    profiles = [search.profile(at, start, other) for other in range(len(all_series))]
    starts = [int(profile.argmin()) for profile in profiles]
    distances = [float(profile.min()) for profile in profiles]
    starts[at], distances[at] = start, 0.0
    time = time_of(row_times(series[at]), start)
    return ConsensusMotif(max(distances), at, start, start + length, starts, distances, time)


class _Search:
    def __init__(self, series: list[NDArray[np.float64]], window: int, distance: str, threads: int | None) -> None:
        self._series = series
        self._window = window
        self._distance: Any = distance
        self._threads = threads
        self._joins: dict[tuple[int, int], NDArray[np.float64]] = {}

    def profile(self, at: int, start: int, other: int) -> NDArray[np.float64]:
        """Return the distances of a window to those of another series."""
        query = self._series[at][start : start + self._window]
        return _core.matrix_profile_distances(
            query, self._series[other], distance=self._distance, threads=self._threads
        )

    def _join(self, at: int, other: int) -> NDArray[np.float64]:
        """Return the distance of each window of one series to its nearest window of another; both ways are computed."""
        if (at, other) not in self._joins:
            (mine, _), (theirs, _) = _core.matrix_profile_ab_join_both(
                self._series[at],
                self._series[other],
                self._window,
                distance=self._distance,
                k=1,
                fraction=1.0,
                threads=self._threads,
                progress=None,
            )
            self._joins[other, at] = theirs[0]
            self._joins[at, other] = mine[0]
        return self._joins.pop((at, other))

    def least_radius(self, at: int, best: float) -> tuple[float, int]:
        """Return the least radius of a window of one series, and that window; inf if none is below ``best``.

        The radius of a window only grows as more series are looked at. So those that reach ``best`` are left out.
        """
        x = self._series[at]
        radius = np.zeros(len(x) - self._window + 1)
        left = np.arange(len(radius))
        count = len(self._series)
        for other in ((at + step) % count for step in range(1, count)):
            if len(left) > _FEW:
                far = self._join(at, other)[left]
            else:
                far = np.array([self.profile(at, int(start), other).min() for start in left])
            radius[left] = np.maximum(radius[left], far)
            left = left[radius[left] < best]
            if not len(left):
                return np.inf, -1
        start = int(left[radius[left].argmin()])
        return float(radius[start]), start
