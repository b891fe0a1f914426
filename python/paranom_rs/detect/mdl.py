"""Motifs of several series, with the columns in which they are motifs: those that compress best.

Source: Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017), section IV-E: minimum description length (MDL).
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import instance, shown, whole
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.detect.series import MOST
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MultidimensionalMotif", "multidimensional_motifs"]

# Bits of a value that is not compressed.
_BITS = 8


class MultidimensionalMotif(NamedTuple):
    """Two windows of several series that are near each other in some columns.

    Attributes
    ----------
    first, second
        The first row of each window.
    distance
        The mean of their distances in these columns.
    columns
        The columns, nearest first.
    bits
        How many bits both windows need with so many columns (1, 2, …) in the motif, shape (d,). The least counts.
    times
        The timestamps of both rows, if the series came with timestamps; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile_multidimensional, multidimensional_motifs
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> X = np.stack([x, x + 1, np.random.default_rng(1).normal(size=1_000)], axis=1)
    >>> [motif] = multidimensional_motifs(matrix_profile_multidimensional(X, window=50))
    >>> sorted(motif.columns)
    [0, 1]
    """

    first: int
    second: int
    distance: float
    columns: list[int]
    bits: NDArray[np.float64]
    times: tuple[Any, Any] | None = None


def multidimensional_motifs(
    found: MatrixProfile, k: int = 1, *, exclusion: int | None = None
) -> list[MultidimensionalMotif]:
    """Find the motifs of several series, and in which columns each is one (MDL).

    For each number of columns there is a nearest pair of windows. The second window is stored as its difference from
    the first, in these columns. The number of columns with which both need the fewest bits is taken. Further motifs are
    looked for among the windows that are left.

    Parameters
    ----------
    found
        The matrix profile of several series (:func:`matrix_profile_multidimensional`), no AB-join.
    k
        How many to find.
    exclusion
        Windows that start at most so many rows from one of a pair are in no other pair; the default is window - 1.

    Returns
    -------
    list of MultidimensionalMotif
        There may be fewer than ``k``.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile_multidimensional, multidimensional_motifs
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> X = np.stack([x, x + 1, np.random.default_rng(1).normal(size=1_000)], axis=1)
    >>> [motif] = multidimensional_motifs(matrix_profile_multidimensional(X, window=50))
    >>> sorted(motif.columns)
    [0, 1]
    """
    count = whole("k", k, least=1, most=MOST)
    instance("found", found, MatrixProfile)
    if found.x.ndim != 2 or found.reference is not None:
        raise SpecError("found", "must be the matrix profile of several series, no AB-join", shown(found))
    zone = found.window - 1 if exclusion is None else whole("exclusion", exclusion, most=MOST)
    free = np.ones(len(found), dtype=bool)
    motifs: list[MultidimensionalMotif] = []
    while len(motifs) < count:
        # Both windows of a pair must be free.
        usable = free[:, None] & free[found.indices] & np.isfinite(found.profile)
        profile = np.where(usable, found.profile, np.inf)
        if not usable.any(axis=0).all():
            break
        firsts = profile.argmin(axis=0)
        columns = [_columns(found, int(at), level) for level, at in enumerate(firsts)]
        bits = np.array([_bits(found, int(at), columns[level], level) for level, at in enumerate(firsts)])
        level = int(bits.argmin())
        motifs.append(_motif(found, int(firsts[level]), level, columns[level].tolist(), bits))
        for start in motifs[-1][:2]:
            free[max(start - zone, 0) : start + zone + 1] = False
    return motifs


def _motif(
    found: MatrixProfile, at: int, level: int, columns: list[int], bits: NDArray[np.float64]
) -> MultidimensionalMotif:
    first, second = sorted((at, int(found.indices[at, level])))
    times = None if found.times is None else (found.times[first], found.times[second])
    return MultidimensionalMotif(first, second, float(found.profile[at, level]), columns, bits, times)


def _columns(found: MatrixProfile, at: int, level: int) -> NDArray[np.int64]:
    """Return the columns of a level of a window and its neighbour: the included ones, then the others from near to far.

    As :meth:`MatrixProfile.subspaces` does for all windows.
    """
    first, second = (
        np.ascontiguousarray(found.x[start : start + found.window].T) for start in (at, int(found.indices[at, level]))
    )
    included = list(found.include)
    others = np.setdiff1d(np.arange(found.x.shape[1]), included)
    far = [_core.matrix_profile_distances(first[j], second[j], distance=found.distance, threads=1) for j in others]
    nearest = np.argsort(np.array(far).ravel(), kind="stable")
    columns = np.concatenate([included, others[nearest]])[: level + 1]
    return columns.astype(np.int64)


def _bits(found: MatrixProfile, at: int, columns: NDArray[np.int64], level: int) -> float:
    """Return how many bits a window and its neighbour need if these columns are stored as differences."""
    m, d = found.window, found.x.shape[1]
    other = int(found.indices[at, level])
    difference = _discrete(found.x[at : at + m, columns]) - _discrete(found.x[other : other + m, columns])
    different = np.count_nonzero(np.bincount((difference + 2**_BITS).ravel()))
    size = len(columns) * m
    plain = _BITS * (2 * d * m - size)
    return float(plain + size * np.log2(different) + different * _BITS)


def _discrete(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return z-normalised values as numbers below 2^bits, equally probable if the values are normal."""
    numbers: NDArray[np.int64] = np.searchsorted(_borders(), _normal(x))
    return numbers


def _normal(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return z-normalised columns; constant ones become 0."""
    size = np.where((x == x[0]).all(axis=0), 0, np.abs(x - x[0]).max(axis=0))
    centred = (x - x[0]) / np.where(size > 0, size, 1)  # so that no square overflows or vanishes
    centred -= centred.mean(axis=0)
    spread = np.sqrt(np.square(centred).mean(axis=0))
    return np.where(size > 0, centred / np.where(spread > 0, spread, 1), 0)


@cache
def _borders() -> NDArray[np.float64]:
    """Return the values between which all intervals are equally probable."""
    steps = 2**_BITS
    return np.array([NormalDist().inv_cdf(at / steps) for at in range(1, steps)])
