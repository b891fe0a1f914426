"""Motifs of several series, with the columns in which they are motifs: those that compress best.

Source: Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017), section IV-E: minimum description length (MDL).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs._internal.checks import whole
from paranom_rs.detect.series import MOST
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paranom_rs.detect.matrix_profile import MatrixProfile

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
    if found.x.ndim != 2 or found.reference is not None:
        raise SpecError("found", "must be the matrix profile of several series, no AB-join", repr(found))
    zone = found.window - 1 if exclusion is None else whole("exclusion", exclusion, most=MOST)
    free = np.ones(len(found), dtype=bool)
    motifs: list[MultidimensionalMotif] = []
    subspaces = [found.subspaces(level + 1) for level in range(found.x.shape[1])]
    while len(motifs) < count:
        # Both windows of a pair must be free.
        usable = free[:, None] & free[found.indices] & np.isfinite(found.profile)
        profile = np.where(usable, found.profile, np.inf)
        if not usable.any(axis=0).all():
            break
        firsts = profile.argmin(axis=0)
        bits = np.array([_bits(found, int(at), subspaces[level][at], level) for level, at in enumerate(firsts)])
        level = int(bits.argmin())
        at = int(firsts[level])
        motifs.append(_motif(found, at, level, subspaces[level][at].tolist(), bits))
        for start in motifs[-1][:2]:
            free[max(start - zone, 0) : start + zone + 1] = False
    return motifs


def _motif(
    found: MatrixProfile, at: int, level: int, columns: list[int], bits: NDArray[np.float64]
) -> MultidimensionalMotif:
    first, second = sorted((at, int(found.indices[at, level])))
    times = None if found.times is None else (found.times[first], found.times[second])
    return MultidimensionalMotif(first, second, float(found.profile[at, level]), columns, bits, times)


def _bits(found: MatrixProfile, at: int, columns: NDArray[np.int64], level: int) -> float:
    """Return how many bits a window and its neighbour need if these columns are stored as differences."""
    m, d = found.window, found.x.shape[1]
    other = int(found.indices[at, level])
    difference = _discrete(found.x[at : at + m, columns]) - _discrete(found.x[other : other + m, columns])
    different = len(np.unique(difference))
    size = len(columns) * m
    plain = _BITS * (2 * d * m - size)
    return float(plain + size * np.log2(different) + different * _BITS)


def _discrete(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return z-normalised values as numbers below 2^bits, equally probable if the values are normal."""
    spread = x.std(axis=0)
    normal = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    steps = 2**_BITS
    borders = np.array([NormalDist().inv_cdf(at / steps) for at in range(1, steps)])
    numbers: NDArray[np.int64] = np.searchsorted(borders, normal)
    return numbers
