"""Consecutive samples of one key, with what the detector found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALARM", "ANOMALY", "Found", "Rows"]

#: A bit of `Rows.flags`: the score was above the threshold.
ANOMALY = 1
#: A bit of `Rows.flags`: the sample is in an alarm.
ALARM = 2


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples ``first .. first + n - 1`` of a key.

    Attributes
    ----------
    first
        The number of the first sample, counted from the key's first one. It is the ``time`` of RAMP.
    t
        (n,) float64: seconds since 1970, or of the feed's own clock.
    X
        (n, d) float64.
    score
        (n,) float64, NaN where there is none.
    contributions
        (n, d) float32: each channel's share of the score.
    uncertainty
        (n,) float32.
    flags
        (n,) uint8: `ANOMALY` and `ALARM`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> rows = watch.rows("pump 1", 89, 92)
    >>> rows.first, rows.X.ravel().tolist(), (rows.flags != 0).tolist()
    (89, [5.0, 50.0, 0.0], [False, True, True])
    >>> watch.close()
    """

    first: int
    t: NDArray[np.float64]
    X: NDArray[np.float64]
    score: NDArray[np.float64]
    contributions: NDArray[np.float32]
    uncertainty: NDArray[np.float32]
    flags: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.t)

    @property
    def stop(self) -> int:
        """The number after the last sample's."""
        return self.first + len(self)

    @classmethod
    def empty(cls, first: int, d: int) -> Rows:
        """Return no samples."""
        return cls.from_bytes(first, 0, d, b"")

    def to_bytes(self) -> bytes:
        """Return the arrays, one after another."""
        arrays = (self.t, self.X, self.score, self.contributions, self.uncertainty, self.flags)
        return b"".join([array.tobytes() for array in arrays])

    @classmethod
    def from_bytes(cls, first: int, n: int, d: int, data: bytes) -> Rows:
        """Return what `to_bytes` gave."""
        at, arrays = 0, []
        for dtype, width in (("<f8", 1), ("<f8", d), ("<f8", 1), ("<f4", d), ("<f4", 1), ("u1", 1)):
            arrays.append(np.frombuffer(data, dtype, n * width, at))
            at += arrays[-1].nbytes
        t, X, score, contributions, uncertainty, flags = arrays
        return cls(first, t, X.reshape(n, d), score, contributions.reshape(n, d), uncertainty, flags)

    @classmethod
    def joined(cls, parts: Sequence[Rows], first: int, d: int) -> Rows:
        """Return parts that follow each other as one; no parts give no samples."""
        if not parts:
            return cls.empty(first, d)
        names = ("t", "X", "score", "contributions", "uncertainty", "flags")
        return cls(parts[0].first, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def between(self, start: int, stop: int) -> Rows:
        """Return the samples from number ``start`` to number ``stop - 1`` that are here."""
        low = min(max(start - self.first, 0), len(self))
        high = min(max(stop - self.first, low), len(self))
        cut = slice(low, high)
        return Rows(
            self.first + low,
            self.t[cut],
            self.X[cut],
            self.score[cut],
            self.contributions[cut],
            self.uncertainty[cut],
            self.flags[cut],
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector elsewhere found in samples.

    Attributes
    ----------
    score
        (n,) float64, NaN where there is none.
    flags
        (n,) uint8: `ANOMALY` and `ALARM`.
    channel
        (n,) int64: the channel to blame, by its place; -1 for none.

    Examples
    --------
    >>> from paranom_rs.watch.rows import Found
    >>> found = Found.of([(0.2, 0, -1), (3.5, 3, 1)])  # score, flags, channel
    >>> found.flags.tolist(), found.at([1]).score.tolist()
    ([0, 3], [3.5])
    """

    score: NDArray[np.float64]
    flags: NDArray[np.uint8]
    channel: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def of(cls, entries: Sequence[tuple[float, int, int]]) -> Found:
        """Return what was found as arrays: score, flags and channel of each sample."""
        score, flags, channel = zip(*entries, strict=True) if entries else ((), (), ())
        return cls(np.array(score, np.float64), np.array(flags, np.uint8), np.array(channel, np.int64))

    def at(self, places: Any) -> Found:
        """Return what was found in some of the samples."""
        return Found(self.score[places], self.flags[places], self.channel[places])
