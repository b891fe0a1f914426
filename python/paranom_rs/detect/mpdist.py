"""How alike two series are, and what is typical of one: MPdist and snippets.

Sources: Gharghabi et al., "Matrix Profile XII: MPdist" (ICDM 2018); Imani et al., "Matrix Profile XIII: Time Series
Snippets" (ICBK 2018).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import share as check_share
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.checks import whole
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Snippet", "mpdist", "snippets"]

# Which of the sorted distances counts, as published.
_SHARE = 0.05


def mpdist(
    a: ArrayLike,
    b: ArrayLike,
    window: int,
    *,
    share: float = _SHARE,
    distance: Distance = "znormalized",
    threads: int | None = None,
) -> float:
    """Compute how alike two series are: by the windows that they have in common, wherever these are (MPdist).

    The distances of all windows of each series to their nearest neighbours in the other one are sorted. MPdist is the
    one with number ceil(share · (n_a + n_b)), counted from 0, or the last one.

    Parameters
    ----------
    a, b
        The series, shapes (n_a,) and (n_b,).
    window
        The length of a window in samples: 3 or more, at most n_a and n_b.
    share
        Which of the sorted distances counts, see above.
    distance, threads
        As in :func:`matrix_profile`.

    Returns
    -------
    float
        0 if enough windows are in both; inf if no window has a neighbour.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile_ab_join`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import mpdist
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> noise = np.random.default_rng(1).normal(size=300)
    >>> mpdist(x[:300], x[300:600], window=50) < mpdist(x[:300], noise, window=50)
    True
    """
    check_share("share", share)
    first, second = as_floats("a", a, 1), as_floats("b", b, 1)
    size = whole("window", window, least=3, most=MOST)
    for path, x in (("a", first), ("b", second)):
        if len(x) < size:
            raise SpecError(path, f"must have at least window = {size} values", f"{len(x)} values")
    (mine, _), (theirs, _) = _core.matrix_profile_ab_join_both(
        first,
        second,
        size,
        distance=distance_name(distance),
        k=1,
        fraction=1.0,
        threads=thread_count(threads),
        progress=None,
    )
    distances = np.concatenate([mine[0], theirs[0]])
    distances = distances[np.isfinite(distances)]
    if not len(distances):
        return math.inf
    rank = min(math.ceil(share * (len(first) + len(second))), len(distances) - 1)
    return float(np.partition(distances, rank)[rank])


class Snippet(NamedTuple):
    """An interval that is typical of a series.

    Attributes
    ----------
    start, stop
        The first row of the interval, and the row after its last.
    fraction
        The share of the series that is more like this snippet than like the others.
    regimes
        Where that is: pairs of the first interval's first row, and the row after the last interval's first row.
    profile
        The MPdist of each interval of the series to the snippet, shape (n - length + 1,).
    time
        The timestamp of the first row, if the series came with timestamps; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import snippets
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> first = snippets(x, length=100, k=2)[0]
    >>> first.stop - first.start, 0 < first.fraction <= 1
    (100, True)
    """

    start: int
    stop: int
    fraction: float
    regimes: list[tuple[int, int]]
    profile: NDArray[np.float64]
    time: Any = None


def snippets(
    x: ArrayLike,
    length: int,
    k: int,
    *,
    window: int | None = None,
    distance: Distance = "znormalized",
    threads: int | None = None,
) -> list[Snippet]:
    """Find the intervals that together are most like all of a series.

    Candidates are the intervals that begin at multiples of ``length``. The one that lowers the sum of the MPdists of
    all intervals to their nearest snippet most is taken first, and so on.

    Parameters
    ----------
    x
        The series, shape (n,).
    length
        The length of a snippet in samples: 3 or more, at most n / 2.
    k
        How many to find; there may be fewer, if there are fewer candidates.
    window
        The length of the windows by which intervals are compared (MPdist); the default is ``length``: intervals are
        compared as a whole.
    distance, threads
        As in :func:`matrix_profile`.

    Returns
    -------
    list of Snippet
        The most typical one first.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import snippets
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> [found.stop - found.start for found in snippets(x, length=100, k=2)]
    [100, 100]
    """
    length, count = whole("length", length, least=3, most=MOST), whole("k", k, least=1, most=MOST)
    size = length if window is None else whole("window", window, least=3, most=MOST)
    settings: dict[str, Any] = {"distance": distance_name(distance), "threads": thread_count(threads)}
    series = as_floats("x", x, 1)
    if length > len(series) // 2:
        raise SpecError("length", f"must be at most half the length of x, {len(series)}", str(length))
    starts = np.arange(0, len(series) - length + 1, length)
    rank = math.ceil(_SHARE * 2 * length)
    candidates = (series[start : start + length] for start in starts)
    profiles = [_core.matrix_profile_mpdist_profile(c, series, size, rank, **settings) for c in candidates]
    chosen = _most_typical(np.array(profiles), count)
    nearest = np.argmin([profiles[at] for at in chosen], axis=0)
    known = np.isfinite([profiles[at] for at in chosen]).any(axis=0)
    times = row_times(x)
    found = []
    for place, at in enumerate(chosen):
        mine = known & (nearest == place)
        start = int(starts[at])
        runs = [(int(a), int(b)) for a, b in runs_of_ones(mine)]
        found.append(Snippet(start, start + length, float(mine.mean()), runs, profiles[at], time_of(times, start)))
    return found


def _most_typical(profiles: NDArray[np.float64], count: int) -> list[int]:
    """Choose profiles, each so that the sum of the smallest of those chosen becomes least."""
    profiles = profiles[:, np.isfinite(profiles).any(axis=0)]
    largest = profiles[np.isfinite(profiles)].max(initial=0.0)
    profiles = np.where(np.isfinite(profiles), profiles, largest)
    chosen: list[int] = []
    nearest = np.full(profiles.shape[1], np.inf)
    for _ in range(min(count, len(profiles))):
        sums = np.minimum(profiles, nearest).sum(axis=1)
        sums[chosen] = np.inf
        chosen.append(int(sums.argmin()))
        nearest = np.minimum(nearest, profiles[chosen[-1]])
    return chosen
