"""Samples thinned for a picture: the lowest and highest value, the largest score, of each so many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paranom_rs.watch.rows import Rows

__all__ = ["COARSE", "Buckets", "width_for"]

#: Samples per bucket of what is kept longer than samples.
COARSE = 256


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets of ``width`` samples; bucket ``k`` holds the samples from number ``k * width`` on.

    Attributes
    ----------
    width
        A power of two.
    number
        (n,) int64, ascending. Buckets without samples are left out.
    t
        (n,) float64: the time of the first sample.
    low, high
        (n, d) float64; NaN where all values are missing.
    score
        (n,) float64: the largest; NaN where there is none.
    contributions
        (n, d) float32: of the sample with the largest score.
    flags
        (n,) uint8: those of any sample.
    """

    width: int
    number: NDArray[np.int64]
    t: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    score: NDArray[np.float64]
    contributions: NDArray[np.float32]
    flags: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def of(cls, rows: Rows, width: int) -> Buckets:
        """Thin samples."""
        numbers = np.arange(rows.first, rows.stop) // width
        return _merged(
            width, numbers, rows.t, rows.X, rows.X, rows.score, rows.contributions, rows.flags, d=rows.X.shape[1]
        )

    def coarser(self, width: int) -> Buckets:
        """Return buckets of a width that is a multiple of this one."""
        numbers = self.number // (width // self.width)
        return _merged(
            width,
            numbers,
            self.t,
            self.low,
            self.high,
            self.score,
            self.contributions,
            self.flags,
            d=self.low.shape[1],
        )

    @classmethod
    def joined(cls, parts: Sequence[Buckets], width: int, d: int) -> Buckets:
        """Return parts of one width, in order, as one; a bucket that two of them share becomes one."""
        if not parts:
            return cls.of(Rows.empty(0, d), width)
        names = ("number", "t", "low", "high", "score", "contributions", "flags")
        arrays = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
        return _merged(width, *arrays, d=d)

    def to_bytes(self) -> bytes:
        """Return the arrays, one after another."""
        arrays = (self.number, self.t, self.low, self.high, self.score, self.contributions, self.flags)
        return b"".join([array.tobytes() for array in arrays])

    @classmethod
    def from_bytes(cls, width: int, n: int, d: int, data: bytes) -> Buckets:
        """Return what `to_bytes` gave."""
        at, arrays = 0, []
        for dtype, wide in (("<i8", 1), ("<f8", 1), ("<f8", d), ("<f8", d), ("<f8", 1), ("<f4", d), ("u1", 1)):
            arrays.append(np.frombuffer(data, dtype, n * wide, at))
            at += arrays[-1].nbytes
        number, t, low, high, score, contributions, flags = arrays
        return cls(width, number, t, low.reshape(n, d), high.reshape(n, d), score, contributions.reshape(n, d), flags)


def width_for(rows: int, most: int) -> int:
    """Return the smallest power of two that cuts so many rows into at most ``most`` buckets."""
    width = 1
    while -(-rows // width) > most:
        width *= 2
    return width


def _merged(
    width: int,
    numbers: NDArray[np.int64],
    t: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    score: NDArray[np.float64],
    contributions: NDArray[np.float32],
    flags: NDArray[np.uint8],
    *,
    d: int,
) -> Buckets:
    """Merge entries whose bucket has the same number; these are in order."""
    if not len(numbers):
        floats = np.empty((0, d))
        none = np.empty(0)
        return Buckets(
            width,
            np.empty(0, np.int64),
            none,
            floats,
            floats,
            none,
            np.empty((0, d), np.float32),
            np.empty(0, np.uint8),
        )
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    # fmin and fmax pass over NaN.
    peaks = np.fmax.reduceat(score, starts)
    sizes = np.diff(starts, append=len(numbers))
    # The first entry of each bucket whose score is the peak; the bucket's first one where all scores are missing.
    at_peak = np.flatnonzero(score == np.repeat(peaks, sizes))
    bucket_of = np.repeat(np.arange(len(starts)), sizes)
    best = starts.copy()
    best[bucket_of[at_peak][::-1]] = at_peak[::-1]
    return Buckets(
        width,
        numbers[starts],
        t[starts],
        np.fmin.reduceat(low, starts, axis=0),
        np.fmax.reduceat(high, starts, axis=0),
        peaks,
        contributions[best],
        np.bitwise_or.reduceat(flags, starts),
    )
