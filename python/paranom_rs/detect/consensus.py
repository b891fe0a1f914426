"""What several series have in common: the consensus motif.

Source: Kamgar, Gharghabi & Keogh, "Matrix Profile XV: Exploiting Time Series Consensus Motifs" (Ostinato, ICDM 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from paranom_rs import _core
from paranom_rs._internal.checks import each, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ConsensusMotif", "consensus_motif"]


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
        The window whose radius is least, the first of several; None if no window has a neighbour in every other series.
        Of more than 64 windows whose squared radii differ by less than about 1e-10 · window, the first 64 count.

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
    found = _core.matrix_profile_consensus(
        all_series, length, distance=distance_name(distance), threads=thread_count(threads)
    )
    if found is None:
        return None
    at, start, starts, distances = found
    time = time_of(row_times(series[at]), start)
    return ConsensusMotif(max(distances), at, start, start + length, starts, distances, time)
