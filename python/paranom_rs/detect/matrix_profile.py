"""The matrix profile: the distance of each window of a series to its nearest neighbour, and which window that is.

A window that is far from its nearest neighbour is a *discord* (an anomaly). Two windows that are near each other are a
*motif*. The profile is exact: what is reported for a window and its neighbour is computed directly from the values.

Source: Yeh et al., "Matrix Profile I" (ICDM 2016) and "Matrix Profile VI" (several dimensions, ICDM 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paranom_rs import _core
from paranom_rs._internal import html
from paranom_rs._internal.checks import flag, real, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.apart import smallest_apart
from paranom_rs.detect.findings import Discord, Motif
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name, included
from paranom_rs.detect.window_choice import choose_window
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MatrixProfile",
    "matrix_profile",
    "matrix_profile_ab_join",
    "matrix_profile_multidimensional",
]

# The arrays of a result, in the order in which the core gives them.
_ARRAYS = ("profile", "indices", "left_profile", "left_indices", "right_profile", "right_indices")

# Columns that a notebook shows.
_SHOWN = 6


def matrix_profile(
    x: ArrayLike,
    window: int | Literal["auto"],
    *,
    distance: Distance = "znormalized",
    k: int = 1,
    fraction: float = 1.0,
    threads: int | None = None,
    progress: bool = False,
) -> MatrixProfile:
    """Compute the matrix profile of a series: the nearest neighbours of each window in the same series.

    Windows that start at most ceil(window / 4) samples apart are no neighbours.

    Parameters
    ----------
    x
        The series, shape (n,): anything that NumPy turns into real numbers (lists, pandas, polars, Arrow). A window
        with a NaN or an infinity has no neighbour: distance inf, index -1.
    window
        The length of a window in samples: 3 or more, at most n / 2; or ``"auto"``: what :func:`choose_window` chooses.
        The result says why (``window_reason``).
    distance
        How windows are compared:

        * ``"znormalized"``: Euclidean distance after each window is shifted to mean 0 and scaled to standard deviation
          1. It compares shapes, whatever their level and scale. Two constant windows are 0 apart, a constant one and
          another √window.
        * ``"l1"``: the sum of absolute differences.
        * ``"l2"``: Euclidean distance.
        * ``"relative"``: the sum of absolute differences divided by the sum of the neighbour's absolute values, as in
          RAMP.
    k
        How many neighbours to find for each window.
    fraction
        The share of all pairs of windows to compare, evenly spread as in SCRIMP. Below 1 the profile is an upper
        bound, which falls as the fraction grows. A window that is in no pair has distance inf and index -1.
    threads
        How many threads to use; the default is one per processor. The result does not depend on it.
    progress
        Show a progress bar (needs tqdm).

    Returns
    -------
    MatrixProfile
        The profile, with the nearest neighbours on the left and on the right.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule; nothing was computed.
    OutOfMemoryError
        The memory for the result cannot be had.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second.

    See Also
    --------
    matrix_profile_ab_join : neighbours in another series.
    matrix_profile_multidimensional : several series at once.
    StreamingMatrixProfile : one sample at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> found = matrix_profile(x, window=50)
    >>> found.profile.shape
    (951,)
    >>> discord = found.discords(1)[0]
    >>> bool(550 < discord.start < 620)
    True
    """
    reason = ""
    if isinstance(window, str) and window == "auto":
        window, reason, *_ = choose_window(x, threads=threads)
    window, settings = _settings(window, distance, fraction, threads)
    k = whole("k", k, least=1, most=MOST)
    series = as_floats("x", x, 1)
    windows = len(series) - window + 1
    with _progress(progress, windows * (windows - 1) // 2, settings) as step:
        found = _core.matrix_profile_self_join(series, window, k=k, progress=step, **settings)
    shape = (windows, k) if k > 1 else (windows,)
    return _result(found, shape, window, distance, x=series, times=row_times(x), window_reason=reason)


def matrix_profile_ab_join(
    x: ArrayLike,
    reference: ArrayLike,
    window: int,
    *,
    distance: Distance = "znormalized",
    k: int = 1,
    fraction: float = 1.0,
    threads: int | None = None,
    progress: bool = False,
) -> MatrixProfile:
    """Find the nearest neighbours of each window of a series in another series.

    Parameters
    ----------
    x
        The series whose windows get neighbours, shape (n,).
    reference
        The series in which the neighbours are, shape (n_reference,).
    window
        The length of a window in samples: 3 or more, at most n and n_reference.
    distance, k, fraction, threads, progress
        As in :func:`matrix_profile`.

    Returns
    -------
    MatrixProfile
        The profile; it has no left and right neighbours.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile_ab_join
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> found = matrix_profile_ab_join(x[500:], x[:500], window=50)
    >>> found.profile.shape, bool(50 < found.profile.argmax() < 120)
    ((451,), True)
    """
    window, settings = _settings(window, distance, fraction, threads)
    k = whole("k", k, least=1, most=MOST)
    series, other = as_floats("x", x, 1), as_floats("reference", reference, 1)
    windows = len(series) - window + 1
    with _progress(progress, windows * (len(other) - window + 1), settings) as step:
        found = _core.matrix_profile_ab_join(series, other, window, k=k, progress=step, **settings)
    shape = (windows, k) if k > 1 else (windows,)
    times = {"times": row_times(x), "reference_times": row_times(reference)}
    return _result(found, shape, window, distance, x=series, reference=other, **times)


def matrix_profile_multidimensional(
    x: ArrayLike,
    window: int,
    *,
    distance: Distance = "znormalized",
    reference: ArrayLike | None = None,
    include: Sequence[int] = (),
    fraction: float = 1.0,
    threads: int | None = None,
    progress: bool = False,
) -> MatrixProfile:
    """Compute the matrix profile of several series at once (mSTAMP).

    A pair of windows has one distance per column. Level j is the mean of the j + 1 smallest ones, for j = 0 … d - 1.
    Each level has its own neighbours.

    Parameters
    ----------
    x
        The series, shape (n, d): rows are samples, columns are series.
    window
        The length of a window in samples: 3 or more, at most n / 2.
    reference
        Series in which the neighbours are, shape (n_reference, d): an AB-join. The default is ``x`` itself.
    include
        Columns that take part in every level. Level 0 is the first of them alone, level 1 the first two, and so on.
    distance, fraction, threads, progress
        As in :func:`matrix_profile`.

    Returns
    -------
    MatrixProfile
        The profile, with one column per level.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile_multidimensional
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> X = np.stack([x, x[::-1]], axis=1)
    >>> matrix_profile_multidimensional(X, window=50).profile.shape
    (951, 2)
    """
    window, settings = _settings(window, distance, fraction, threads)
    columns, series = included(include), as_floats("x", x, 2)
    windows = len(series) - window + 1
    shape = (windows, series.shape[1])
    fields = {"x": series, "include": tuple(columns), "times": row_times(x)}
    if reference is not None:
        other = as_floats("reference", reference, 2)
        fields |= {"reference": other, "reference_times": row_times(reference)}
        with _progress(progress, windows * (len(other) - window + 1), settings) as step:
            found = _core.matrix_profile_multidimensional_ab_join(
                series, other, window, include=columns, progress=step, **settings
            )
        return _result(found, shape, window, distance, **fields)
    with _progress(progress, windows * (windows - 1) // 2, settings) as step:
        found = _core.matrix_profile_multidimensional(series, window, include=columns, progress=step, **settings)
    return _result(found, shape, window, distance, **fields)


@dataclass(frozen=True, eq=False, repr=False)
class MatrixProfile:
    """A matrix profile, and what is found in it.

    A series of n samples has n - window + 1 windows; arrays have one row per window. Their shape is (windows,). With
    ``k > 1`` it is (windows, k), nearest first. In several dimensions it is (windows, d), one column per level.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> found = matrix_profile(x, window=50)
    >>> found.profile.shape
    (951,)
    >>> discord = found.discords(1)[0]
    >>> bool(550 < discord.start < 620)
    True
    """

    x: NDArray[np.float64]
    """The series."""
    window: int
    """The length of a window."""
    distance: str
    """How windows were compared."""
    profile: NDArray[np.float64]
    """The distance of each window to its nearest neighbour; inf if it has none."""
    indices: NDArray[np.int64]
    """The first sample of that neighbour (in ``reference`` after an AB-join); -1 if there is none."""
    left_profile: NDArray[np.float64] | None
    """The distance to the nearest earlier window; None after an AB-join."""
    left_indices: NDArray[np.int64] | None
    """The neighbours that belong to ``left_profile``."""
    right_profile: NDArray[np.float64] | None
    """The distance to the nearest later window; None after an AB-join."""
    right_indices: NDArray[np.int64] | None
    """The neighbours that belong to ``right_profile``."""
    include: tuple[int, ...] = ()
    """The columns that take part in every level."""
    reference: NDArray[np.float64] | None = None
    """The series of the neighbours after an AB-join; else None."""
    times: Any = None
    """The DatetimeIndex that the series came with; else None."""
    window_reason: str = ""
    """Why the window has this length, if it was chosen; else empty."""
    reference_times: Any = None
    """The DatetimeIndex that the reference came with; else None."""

    def __repr__(self) -> str:
        return (
            f"MatrixProfile(window={self.window}, windows={len(self.profile)}, profile of shape {self.profile.shape})"
        )

    def _repr_html_(self) -> str:
        """Return what notebooks show: the series, the profile, and the first discords."""
        profile, _ = self.nearest()
        rows: list[list[object]] = []
        columns = self.x.reshape(len(self.x), -1).T
        for j, x in enumerate(columns[:_SHOWN]):
            rows.append(["series" if len(columns) == 1 else f"column {j}", html.line(x), ""])
        rows.append(["distance to the nearest window", html.line(profile), ""])
        for discord in self.discords(3):
            marked = np.zeros(len(self.x), bool)
            marked[discord.start : discord.stop] = True
            where = f"rows {discord.start:,} to {discord.stop - 1:,}: {discord.distance:.4g}"
            rows.append(["discord", html.line(columns[0], marked), where])
        left = len(columns) - _SHOWN
        return html.table(repr(self), [], rows, f"{left} more columns" if left > 0 else "")

    def __len__(self) -> int:
        return len(self.profile)

    def nearest(self, dimensions: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return one distance and one index per window.

        Parameters
        ----------
        dimensions
            The number of columns that the distance is a mean of, in a multidimensional profile; the default is all.

        Returns
        -------
        distances, indices
            Shape (windows,) each: the nearest neighbour, where several were found.
        """
        if self.x.ndim == 1:
            if dimensions is not None:
                raise SpecError("dimensions", "must not be given for a profile of one series", repr(dimensions))
            if self.profile.ndim == 1:
                return self.profile, self.indices
            return self.profile[:, 0], self.indices[:, 0]
        level = self.x.shape[1] if dimensions is None else whole("dimensions", dimensions, least=1)
        if level > self.x.shape[1]:
            raise SpecError("dimensions", f"must be at most {self.x.shape[1]}", str(level))
        return self.profile[:, level - 1], self.indices[:, level - 1]

    def discords(self, k: int = 1, *, exclusion: int | None = None, dimensions: int | None = None) -> list[Discord]:
        """Find the windows that are farthest from their neighbours (Keogh, Lin & Fu, "HOT SAX", ICDM 2005).

        Parameters
        ----------
        k
            How many to find.
        exclusion
            Windows that start at most so many rows from a discord are no other discord; the default is window - 1, so
            that none overlaps another.
        dimensions
            As in :meth:`nearest`.

        Returns
        -------
        list of Discord
            Farthest first. There may be fewer than ``k``: a window without a neighbour is no discord.
        """
        k, zone = whole("k", k, least=1, most=MOST), self._zone(exclusion)
        profile, indices = self.nearest(dimensions)
        return [
            Discord(at, at + self.window, float(profile[at]), int(indices[at]), time_of(self.times, at))
            for at in smallest_apart(-profile, k, zone)
        ]

    def motifs(self, k: int = 1, *, exclusion: int | None = None, dimensions: int | None = None) -> list[Motif]:
        """Find the pairs of windows that are nearest to each other.

        Parameters
        ----------
        k
            How many pairs to find.
        exclusion
            Windows that start at most so many rows from one of a pair are in no other pair; the default is window - 1,
            so that none overlaps one of another pair.
        dimensions
            As in :meth:`nearest`.

        Returns
        -------
        list of Motif
            Nearest first. After an AB-join ``second`` is a window of the reference. There may be fewer than ``k``.

        See Also
        --------
        match : all windows that are like one.
        """
        k, zone = whole("k", k, least=1, most=MOST), self._zone(exclusion)
        profile, indices = self.nearest(dimensions)
        found: list[Motif] = []
        free = free_second = np.isfinite(profile)
        if self.reference is not None:
            free_second = np.ones(len(self.reference) - self.window + 1, dtype=bool)
        for first in np.argsort(profile, kind="stable").tolist():
            second = int(indices[first])
            if free[first] and free_second[second]:
                found.append(self._motif(first, second, float(profile[first])))
                free[max(first - zone, 0) : first + zone + 1] = False
                free_second[max(second - zone, 0) : second + zone + 1] = False
                if len(found) == k:
                    break
        return found

    def annotated(self, annotation: ArrayLike, *, motifs: bool = False) -> MatrixProfile:
        """Correct the profile by how much each window matters (Dau & Keogh, "Matrix Profile V", KDD 2017).

        Parameters
        ----------
        annotation
            How much each window matters, from 0 (not at all) to 1, shape (windows,).
        motifs
            Which windows must not be found. The default is discords: each distance is multiplied by the annotation, so
            windows that do not matter come near. With True it is motifs: (1 - annotation) times the largest finite
            distance is added, as published, so they go far.

        Returns
        -------
        MatrixProfile
            The same with the corrected distances. Neighbours, and the profiles of both sides, stay as they are.

        Raises
        ------
        SpecError, SpecTypeError
            The annotation breaks a rule.
        """
        weights = as_floats("annotation", annotation, 1)
        if len(weights) != len(self):
            raise SpecError("annotation", f"must have one value for each window, {len(self)}", str(len(weights)))
        wrong = np.flatnonzero(~((weights >= 0) & (weights <= 1)))
        if len(wrong):
            raise SpecError(f"annotation[{wrong[0]}]", "must be from 0 to 1", str(weights[wrong[0]]))
        weights = weights.reshape(-1, *[1] * (self.profile.ndim - 1))
        finite = np.isfinite(self.profile)
        known = np.where(finite, self.profile, 0.0)
        corrected = known + (1 - weights) * known.max(initial=0.0) if flag("motifs", motifs) else known * weights
        return replace(self, profile=np.where(finite, corrected, np.inf))

    def _zone(self, exclusion: int | None) -> int:
        return self.window - 1 if exclusion is None else whole("exclusion", exclusion, most=MOST)

    def _motif(self, first: int, second: int, distance: float) -> Motif:
        other_times = self.times if self.reference is None else self.reference_times
        if self.reference is None:
            first, second = sorted((first, second))
        times = None if self.times is None else (self.times[first], time_of(other_times, second))
        return Motif(first, second, distance, times)

    def subspaces(self, dimensions: int) -> NDArray[np.int64]:
        """Find the columns that the distance of each window is a mean of.

        Parameters
        ----------
        dimensions
            The number of columns of the distance, see :meth:`nearest`.

        Returns
        -------
        NDArray[np.int64]
            Shape (windows, dimensions): the included columns first, then the others from near to far; -1 where the
            window has no neighbour.
        """
        if self.x.ndim == 1 or self.reference is not None:
            raise SpecError("subspaces", "must be asked of a multidimensional profile that is no AB-join")
        dimensions = whole("dimensions", dimensions, least=1)
        _, indices = self.nearest(dimensions)
        columns = _core.matrix_profile_subspaces(
            self.x,
            self.window,
            np.ascontiguousarray(indices),
            dimensions - 1,
            distance=self.distance,
            include=self.include,
        )
        return columns.reshape(len(self), dimensions)

    def plot(self, *, discords: int = 1, dimensions: int | None = None) -> Figure:
        """Plot the series and below it the profile, with the first discords marked (needs matplotlib).

        Parameters
        ----------
        discords
            How many discords to mark; 0 for none.
        dimensions
            As in :meth:`nearest`.
        """
        from paranom_rs.plotting.matrix_profile import plot_matrix_profile

        return plot_matrix_profile(self, discords, dimensions)


def _settings(window: object, distance: object, fraction: object, threads: object) -> tuple[int, dict[str, Any]]:
    """Check what all joins have in common: the window, and keywords of the core."""
    length = whole("window", window, least=3, most=MOST)
    settings = {"distance": distance_name(distance), "fraction": real("fraction", fraction)}
    return length, settings | {"threads": thread_count(threads)}


def _progress(shown: bool, pairs: int, settings: dict[str, Any]) -> Progress:
    fraction = settings["fraction"]
    total = int(pairs * fraction) if 0 < fraction <= 1 else 0  # The core refuses other fractions.
    return Progress(max(total, 1), shown=shown, unit="pair", what="matrix profile")


def _result(found: tuple[Any, Any], shape: tuple[int, ...], window: int, distance: str, **fields: Any) -> MatrixProfile:
    best, sides = found
    pairs = [best, *(sides or ((None, None), (None, None)))]
    arrays = [None if array is None else array.reshape(shape) for pair in pairs for array in pair]
    fields |= dict(zip(_ARRAYS, arrays, strict=True))
    return MatrixProfile(window=window, distance=distance, **fields)
