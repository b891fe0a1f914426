"""The matrix profile: how far away the window most like each window of a series is, and which one that is.

A window that is like no other is a *discord* (an anomaly), two that are alike are a *motif*. The profile is
exact: what is reported for a window and its neighbour is their distance computed directly from the values.

Source: Yeh et al., "Matrix Profile I" (ICDM 2016) and "Matrix Profile VI" (several dimensions, ICDM 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import flag, numbers, real, whole
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import OutOfMemoryError, SpecError, SpecTypeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Discord", "MatrixProfile", "Motif", "StreamingMatrixProfile", "matrix_profile"]


#: Sizes fit into the core's numbers; what is too much for the memory is said there.
_MOST = 2**62


class Discord(NamedTuple):
    """A window like no other: rows ``start`` to ``stop`` (not included), the distance to its neighbour, and
    that.
    """

    start: int
    stop: int
    distance: float
    neighbor: int


class Motif(NamedTuple):
    """Two windows that are alike, by their first rows, and their distance."""

    first: int
    second: int
    distance: float


def _array(path: str, x: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    """The values as contiguous float64, or an error that says why not."""
    try:
        values = numbers(path, x)
        if values.ndim != dimensions:
            rule = "one-dimensional" if dimensions == 1 else "two-dimensional, rows are samples"
            raise SpecError(path, f"must be {rule}", f"shape {values.shape}")
        if values.size == 0:
            raise SpecError(path, "must not be empty", f"shape {values.shape}")
        return np.ascontiguousarray(values, dtype=np.float64)
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: {error}") from error


def _distance(normalize: object, p: object) -> str:
    if not isinstance(normalize, bool | np.bool_) and not (isinstance(normalize, str) and normalize == "relative"):
        wrong = SpecError if isinstance(normalize, str) else SpecTypeError
        raise wrong(f"normalize: must be True, False or 'relative', got {normalize!r}")
    power = whole("p", p, least=1, most=2)
    if isinstance(normalize, str):  # 2 is the default of p, and means nothing here
        return normalize
    if not normalize:
        return f"l{power}"
    if power != 2:
        raise SpecError("p", "must be 2 for z-normalised windows (normalize=False takes 1 or 2)", repr(p))
    return "znormalized"


def matrix_profile(
    x: ArrayLike,
    m: int,
    *,
    normalize: bool | Literal["relative"] = True,
    p: Literal[1, 2] = 2,
    ignore_trivial: bool = True,
    k: int = 1,
    other: ArrayLike | None = None,
    multidimensional: bool = False,
    include: Sequence[int] = (),
    fraction: float = 1.0,
    progress: bool = False,
    threads: int | None = None,
) -> MatrixProfile:
    """Compute the matrix profile of a series.

    Parameters
    ----------
    x
        The series, shape (n,); with ``multidimensional=True`` shape (n, d), rows are samples. Anything that
        NumPy turns into real numbers (lists, pandas, polars, Arrow). Windows with a NaN or an infinity have
        no neighbour: distance inf, index -1.
    m
        The length of a window in samples: 3 or more, at most n / 2.
    normalize
        True: Euclidean distance of z-normalised windows (shapes, whatever their level and scale); two
        constant windows are 0 apart, a constant one and another √m. False: the plain distance of the values.
        "relative": the sum of absolute differences divided by the sum of the neighbour's absolute values, as
        in RAMP.
    p
        With ``normalize=False``: 1 for the sum of absolute differences, 2 for the Euclidean distance.
    ignore_trivial
        Windows of one series that start at most ceil(m / 4) samples apart are no neighbours. It must be True
        unless ``other`` is given, and means nothing then.
    k
        How many neighbours of each window to find.
    other
        Find the neighbours of x's windows in this series, shape (n_other,), instead of in x itself.
    multidimensional
        Treat x as d series (mSTAMP): level j is the mean distance over the best j + 1 of them, for j = 0 … d
        - 1, each level with its own neighbour.
    include
        Columns that take part in every level; level 0 is the first of them alone, and so on.
    fraction
        The share of all pairs to look at, in an order spread evenly over the diagonals as in SCRIMP. Below 1
        the profile is an upper bound that only falls as the fraction grows; windows not met yet are inf, -1.
    progress
        Show a progress bar (needs tqdm).
    threads
        How many threads to use; the default is one per processor. The result does not depend on it.

    Returns
    -------
    MatrixProfile

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule; nothing was computed.
    OutOfMemoryError
        The memory for the result cannot be had.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second.

    """
    m = whole("m", m, least=3, most=_MOST)
    k = whole("k", k, least=1, most=_MOST)
    distance = _distance(normalize, p)
    if not isinstance(include, Sequence | np.ndarray) or isinstance(include, str):
        raise SpecTypeError("include", "must be a sequence of column numbers", repr(include))
    values = _array("x", x, 2 if flag("multidimensional", multidimensional) else 1)
    if threads is not None:
        threads = whole("threads", threads, least=1, most=1024)
    fraction = real("fraction", fraction)
    second = None if other is None else _array("other", other, 1)
    if not flag("ignore_trivial", ignore_trivial) and second is None:
        raise SpecError(
            "ignore_trivial", "must be True without other (each window would be its own neighbour)", "False"
        )
    n = len(values)
    if multidimensional:
        if second is not None:
            raise SpecError("other", "must not be given with multidimensional=True")
        if k != 1:
            raise SpecError("k", "must be 1 with multidimensional=True", f"{k}")
        columns = [whole(f"include[{at}]", column) for at, column in enumerate(include)]
        with _progress(progress, n - m + 1, None, fraction) as step:
            result = _core.matrix_profile_multidimensional(
                values,
                m,
                distance=distance,
                include=columns,
                fraction=fraction,
                threads=threads,
                progress=step,
            )
        width = values.shape[1]
    else:
        if len(include):
            raise SpecError("include", "must not be given without multidimensional=True", f"{list(include)!r}")
        columns = []
        with _progress(progress, n - m + 1, None if second is None else len(second) - m + 1, fraction) as step:
            result = _core.matrix_profile_join(
                values, second, m, distance=distance, k=k, fraction=fraction, threads=threads, progress=step
            )
        width = k
    best, sides = result
    shape = (n - m + 1, width) if multidimensional or k > 1 else (n - m + 1,)
    left, right = sides or ((None, None), (None, None))
    return MatrixProfile(
        x=values,
        m=m,
        profile=best[0].reshape(shape),
        indices=best[1].reshape(shape),
        left_profile=None if left[0] is None else left[0].reshape(shape),
        left_indices=None if left[1] is None else left[1].reshape(shape),
        right_profile=None if right[0] is None else right[0].reshape(shape),
        right_indices=None if right[1] is None else right[1].reshape(shape),
        _distance=distance,
        _include=tuple(columns),
        _other=second,
    )


def _progress(shown: bool, windows: int, other: int | None, fraction: float) -> Progress:
    pairs = windows * (windows - 1) // 2 if other is None else windows * other
    total = int(pairs * fraction) if 0 < fraction <= 1 else 0  # (The core says what is wrong with others.)
    return Progress(max(total, 1), shown=shown, unit="pair", what="matrix profile")


@dataclass(frozen=True, eq=False, repr=False)
class MatrixProfile:
    """What :func:`matrix_profile` found.

    With n samples there are n - m + 1 windows; arrays have one row per window. Their shape is (windows,);
    (windows, k) with ``k > 1``, nearest first; (windows, d) with ``multidimensional=True``, one column per
    level.
    """

    x: NDArray[np.float64]
    """The series."""
    m: int
    """The length of a window."""
    profile: NDArray[np.float64]
    """The distance of each window to its nearest neighbour; inf if it has none."""
    indices: NDArray[np.int64]
    """The first sample of that neighbour (in ``other`` if that was given); -1 if there is none."""
    left_profile: NDArray[np.float64] | None
    """The same among earlier windows only; None for a join with another series."""
    left_indices: NDArray[np.int64] | None
    """The neighbours that belong to ``left_profile``."""
    right_profile: NDArray[np.float64] | None
    """The same among later windows only; None for a join with another series."""
    right_indices: NDArray[np.int64] | None
    """The neighbours that belong to ``right_profile``."""
    _distance: str = field(default="znormalized")
    _include: tuple[int, ...] = field(default=())
    _other: NDArray[np.float64] | None = field(default=None)

    def __repr__(self) -> str:
        return f"MatrixProfile(m={self.m}, windows={len(self.profile)}, profile of shape {self.profile.shape})"

    def __len__(self) -> int:
        return len(self.profile)

    def _level(self, dimensions: int | None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The profile and indices over so many dimensions, of the nearest neighbour of several."""
        if self.x.ndim == 1:
            if dimensions is not None:
                raise SpecError("dimensions", "must not be given for a profile of one series", f"{dimensions}")
            if self.profile.ndim == 1:
                return self.profile, self.indices
            return self.profile[:, 0], self.indices[:, 0]
        level = self.x.shape[1] if dimensions is None else whole("dimensions", dimensions, least=1)
        if level > self.x.shape[1]:
            raise SpecError("dimensions", f"must be at most {self.x.shape[1]}", f"{level}")
        return self.profile[:, level - 1], self.indices[:, level - 1]

    def discords(self, k: int = 1, *, dimensions: int | None = None) -> list[Discord]:
        """Find the ``k`` windows farthest from their neighbours, farthest first, none overlapping another.

        (Keogh, Lin & Fu, "HOT SAX", ICDM 2005.) Windows without neighbours are no discords; there may be
        fewer than ``k``. ``dimensions`` says which level of a multidimensional profile to take; the default
        is all of them.
        """
        k = whole("k", k, least=1, most=_MOST)
        profile, indices = self._level(dimensions)
        found: list[Discord] = []
        free = np.isfinite(profile)
        for start in np.argsort(-profile, kind="stable").tolist():
            if free[start]:
                found.append(Discord(start, start + self.m, float(profile[start]), int(indices[start])))
                free[max(start - self.m + 1, 0) : start + self.m] = False
                if len(found) == k:
                    break
        return found

    def motifs(self, k: int = 1, *, dimensions: int | None = None) -> list[Motif]:
        """Find the ``k`` nearest pairs of windows, nearest first, none overlapping a window of another pair.

        For a join with another series, ``second`` is a window of that one. ``dimensions`` as in
        :meth:`discords`.
        """
        k = whole("k", k, least=1, most=_MOST)
        profile, indices = self._level(dimensions)
        found: list[Motif] = []
        free = np.isfinite(profile)
        free_other = free if self._other is None else np.ones(len(self._other) - self.m + 1, dtype=bool)
        for first in np.argsort(profile, kind="stable").tolist():
            second = int(indices[first])
            if free[first] and free_other[second]:
                pair = (first, second) if self._other is not None else sorted((first, second))
                found.append(Motif(pair[0], pair[1], float(profile[first])))
                free[max(first - self.m + 1, 0) : first + self.m] = False
                free_other[max(second - self.m + 1, 0) : second + self.m] = False
                if len(found) == k:
                    break
        return found

    def subspaces(self, dimensions: int) -> NDArray[np.int64]:
        """Say which columns make up a level of a multidimensional profile, for each window and its neighbour.

        Returns shape (windows, dimensions): the included columns first, then the others from near to far;
        -1 where the window has no neighbour.
        """
        if self.x.ndim == 1:
            raise SpecError("subspaces", "only a multidimensional profile has them")
        dimensions = whole("dimensions", dimensions, least=1)
        _, indices = self._level(dimensions)
        flat = _core.matrix_profile_subspaces(
            self.x,
            self.m,
            np.ascontiguousarray(indices),
            dimensions - 1,
            distance=self._distance,
            include=self._include,
        )
        return flat.reshape(len(self), dimensions)

    def plot(self, *, discords: int = 1, dimensions: int | None = None) -> Figure:
        """Plot the series and below it the profile, with the first discords marked (needs matplotlib)."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            msg = 'plot() needs matplotlib: pip install "paranom_rs[plot]"'
            raise ImportError(msg) from error
        profile, _ = self._level(dimensions)
        columns = self.x.reshape(len(self.x), -1)
        count = columns.shape[1]
        figure = Figure(figsize=(10, 1.5 * count + 2.5), layout="constrained")
        axes = figure.subplots(count + 1, 1, sharex=True, squeeze=False)[:, 0]
        for at in range(count):
            axes[at].plot(columns[:, at], linewidth=0.8, color="0.25")
            axes[at].set_ylabel("value" if count == 1 else f"column {at}")
        axes[-1].plot(np.where(np.isfinite(profile), profile, np.nan), linewidth=0.8, color="tab:blue")
        axes[-1].set_ylabel("distance to\nnearest window")
        axes[-1].set_xlabel("sample (first of the window)")
        axes[-1].set_ylim(bottom=0)
        for nth, discord in enumerate(self.discords(discords, dimensions=dimensions) if discords else []):
            for axis in axes[:-1]:
                axis.axvspan(discord.start, discord.stop - 1, color="tab:red", alpha=0.25, linewidth=0)
            axes[-1].plot(
                discord.start,
                discord.distance,
                "v",
                color="tab:red",
                label=None if nth else "discords" if discords > 1 else "discord",
            )
        if discords:
            axes[-1].legend(loc="upper right", frameon=False)
        return figure


class StreamingMatrixProfile:
    """The left matrix profile of a stream: each new sample tells how new the window is that it completes.

    The z-normalised distance from the newest window of ``m`` samples to the nearest one among the last
    ``window`` samples (not nearer in time than ceil(m / 4)): the ``left_profile`` of :func:`matrix_profile`,
    sample by sample. One update costs O(n_features · window). Objects can be pickled and used by several
    threads.

    Parameters
    ----------
    m
        The length of a window of the profile in samples, 3 or more.
    window
        How many samples are remembered, the newest included: at least 2 m. Older ones are forgotten.
    n_features
        Values per sample.

    """

    __slots__ = ("_core",)

    def __init__(self, m: int, window: int, n_features: int = 1) -> None:
        self._core = _core.MatrixProfileStream(
            whole("m", m, least=3, most=_MOST),
            whole("window", window, least=1, most=_MOST),
            whole("n_features", n_features, least=1, most=_MOST),
        )

    def update(self, x: ArrayLike) -> float | NDArray[np.float64]:
        """Take one sample: a number, or shape (n_features,); give the score of the window that it completes.

        The score is a float if ``n_features`` is 1. Otherwise it has shape (n_features,): item j is the mean
        distance over the best j + 1 features (mSTAMP), the last one is over all. NaN until the first window
        is complete, inf while the window has no neighbour or holds a NaN or an infinity.
        Two constant windows are 0 apart, a constant one and another √m.
        """
        if type(x) is float or type(x) is np.float64:
            return self._core.update_one(x)
        values = np.atleast_1d(np.asarray(x))
        scores = self._core.update(_array("x", values, 1).reshape(1, -1))
        return float(scores[0]) if self.n_features == 1 else scores

    def update_many(self, X: ArrayLike) -> NDArray[np.float64]:
        """Take samples in order, shape (n, n_features), or (n,) if there is one feature; give their scores.

        The scores are those of as many calls of :meth:`update`: shape (n,), or (n, n_features). If it fails
        or is interrupted, no sample has been taken.
        """
        values = numbers("X", X)
        if values.ndim == 1 and self.n_features == 1:
            values = values.reshape(-1, 1)
        if values.ndim == 2 and values.shape[0] == 0 and values.shape[1] == self.n_features:
            return np.empty((0, self.n_features) if self.n_features > 1 else 0)
        scores = self._core.update(_array("X", values, 2))
        return scores if self.n_features == 1 else scores.reshape(-1, self.n_features)

    @property
    def m(self) -> int:
        """The length of a window of the profile."""
        return self._core.m

    @property
    def window(self) -> int:
        """How many samples are remembered."""
        return self._core.window

    @property
    def n_features(self) -> int:
        """Values per sample."""
        return self._core.n_features

    @property
    def n_seen(self) -> int:
        """How many samples have been taken."""
        return self._core.seen

    @property
    def index(self) -> int | NDArray[np.int64]:
        """The nearest neighbour of the newest window, by the number of its first sample; -1 if there is none.

        Shape (n_features,), one per item of the score, if there are several features.
        """
        index = self._core.index
        return index[0] if self.n_features == 1 else np.array(index, dtype=np.int64)

    def to_bytes(self) -> bytes:
        """Save everything that later scores depend on."""
        return self._core.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamingMatrixProfile:
        """Restore what :meth:`to_bytes` saved; StateError if the bytes are cut off, changed or foreign."""
        if not isinstance(data, bytes):
            raise SpecTypeError("data", "must be bytes", str(type(data).__name__))
        new = cls.__new__(cls)
        new._core = _core.MatrixProfileStream.from_bytes(data)
        return new

    def __reduce__(self) -> tuple[Callable[[bytes], StreamingMatrixProfile], tuple[bytes]]:
        return StreamingMatrixProfile.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return (
            f"StreamingMatrixProfile(m={self.m}, window={self.window}, n_features={self.n_features}): "
            f"{self.n_seen} samples seen"
        )
