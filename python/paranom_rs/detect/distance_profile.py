"""Where in a series is something like this? The distance of a query to each window, and the windows that match it.

Source: Mueen et al., "The Fastest Similarity Search Algorithm for Time Series Subsequences under Euclidean Distance"
(MASS, 2015) asks the same; here each distance is summed directly from the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import real, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.apart import smallest_apart
from paranom_rs.detect.series import MOST, as_floats, distance_name
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from paranom_rs.detect.series import Distance

__all__ = ["Match", "distance_profile", "match"]


class Match(NamedTuple):
    """A window that is like a query.

    Attributes
    ----------
    start, stop
        The first row of the window, and the row after its last.
    distance
        The distance to the query.
    time
        The timestamp of the first row, if the series came with timestamps; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import match
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> first = match(x[100:150], x, k=3)[0]
    >>> first.start, first.stop, first.distance
    (100, 150, 0.0)
    """

    start: int
    stop: int
    distance: float
    time: Any = None


def distance_profile(
    query: ArrayLike,
    x: ArrayLike,
    *,
    distance: Distance = "znormalized",
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Compute the distance of a query to each window of a series (MASS).

    Parameters
    ----------
    query
        What to look for, shape (m,), 3 values or more.
    x
        The series, shape (n,), n >= m.
    distance
        How windows are compared, as in :func:`matrix_profile`.
    threads
        How many threads to use; the default is one per processor. The result does not depend on it.

    Returns
    -------
    NDArray[np.float64]
        Shape (n - m + 1,). Each distance is summed directly from the values, so equal windows are exactly 0 apart. inf
        where the window or the query has a NaN or an infinity. Two constant windows are 0 apart (z-normalised), a
        constant one and another √m.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    See Also
    --------
    match : the windows that are nearest to a query.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import distance_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> distances = distance_profile(x[100:150], x)
    >>> distances.shape, int(distances.argmin()), float(distances.min())
    ((951,), 100, 0.0)
    """
    wanted, series = as_floats("query", query, 1), as_floats("x", x, 1)
    return _core.matrix_profile_distances(
        wanted, series, distance=distance_name(distance), threads=thread_count(threads)
    )


def match(
    query: ArrayLike,
    x: ArrayLike,
    k: int | None = None,
    *,
    threshold: float | None = None,
    exclusion: int | None = None,
    distance: Distance = "znormalized",
    threads: int | None = None,
) -> list[Match]:
    """Find the windows of a series that are nearest to a query.

    Parameters
    ----------
    query, x, distance, threads
        As in :func:`distance_profile`.
    k
        How many to find at most; the default is all that are below the threshold.
    threshold
        Windows farther than this from the query do not match; the default is no threshold.
    exclusion
        Windows that start at most so many rows from a better match are left out; the default is m - 1, so that no match
        overlaps another. 0 keeps all.

    Returns
    -------
    list of Match
        Nearest first. If the query is a window of ``x``, that window is the first match.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`distance_profile`; SpecError also where neither ``k`` nor ``threshold`` is given.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import match
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> found = match(x[100:150], x, k=3)
    >>> len(found), found[0].start
    (3, 100)
    """
    if k is None and threshold is None:
        raise SpecError("k", "must be given where there is no threshold")
    most = MOST if k is None else whole("k", k, least=1, most=MOST)
    zone = None if exclusion is None else whole("exclusion", exclusion, most=MOST)
    distances = distance_profile(query, x, distance=distance, threads=threads)
    size = np.size(query)
    if threshold is not None:
        limit = real("threshold", threshold)
        if not limit >= 0:
            raise SpecError("threshold", "must be a number >= 0", str(threshold))
        distances = np.where(distances <= limit, distances, np.inf)
    times = row_times(x)
    places = smallest_apart(distances, most, size - 1 if zone is None else zone)
    return [Match(at, at + size, float(distances[at]), time_of(times, at)) for at in places]
