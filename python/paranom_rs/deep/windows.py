"""Cut a series into windows, choose among them, and bring their scores back to its rows. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs.errors import SpecError

__all__ = ["Split", "Windows", "fill_missing", "to_rows", "windows"]

NAN_POLICIES = ("median", "linear", "kernel", "raise")


class Split(NamedTuple):
    """Numbers of windows: three disjoint parts of the normal ones, and all the anomalous ones."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    anomalous: NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The windows of one series."""

    data: Floats
    """(k, size, d), a read-only view of the series; each window is contiguous."""
    start: NDArray[np.int64]
    """(k,) first row of each."""
    count: NDArray[np.int64] | None
    """(k,) anomalous rows in each; None without labels."""

    def __len__(self) -> int:
        return len(self.data)

    @property
    def normal(self) -> NDArray[np.int64]:
        """Numbers of the windows without an anomalous row (all of them without labels)."""
        return np.arange(len(self)) if self.count is None else np.flatnonzero(self.count == 0)

    @property
    def anomalous(self) -> NDArray[np.int64]:
        """Numbers of the windows whose every row is anomalous. The mixed ones belong to neither."""
        return np.arange(0) if self.count is None else np.flatnonzero(self.count == self.data.shape[1])

    def split(self, parts: tuple[float, float, float] = (0.85, 0.05, 0.10), *, rng: int = 0) -> Split:
        """Part the normal windows at random into training, validation and test, the same for the same `rng`.

        Windows that overlap share rows, so neighbours may fall into different parts.
        """
        if len(parts) != 3 or not (min(parts) >= 0 and abs(sum(parts) - 1) <= 1e-9):
            raise SpecError("parts", f"{parts}; three shares that sum to 1 are wanted")
        order = np.random.default_rng(rng).permutation(self.normal)
        first, second = np.round(np.cumsum(parts[:2]) * len(order)).astype(int)
        return Split(order[:first], order[first:second], order[second:], self.anomalous)


def windows(X: ArrayLike, y: ArrayLike | None = None, *, size: int = 60, stride: int = 45) -> Windows:
    """Windows of `size` rows, one every `stride` rows, of a series (n,) or (n, d) with labels (n,).

    A series of n rows gives ``(n - size) // stride + 1`` windows; rows behind the last whole window are
    left out. Raises SpecError where `size` is longer than the series.
    """
    values = checks.series("X", X)
    size, stride = checks.whole("size", size, least=1), checks.whole("stride", stride, least=1)
    if size > len(values):
        raise SpecError("size", f"{size}; the series has only {len(values)} rows")
    view = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)[::stride].transpose(0, 2, 1)
    start = np.arange(len(view), dtype=np.int64) * stride
    if y is None:
        return Windows(view, start, None)
    flags = checks.labels("y", y)
    if len(flags) != len(values):
        raise SpecError("y", f"{len(flags)} rows, but X has {len(values)}")
    total = np.concatenate([[0], np.cumsum(flags)])
    return Windows(view, start, total[start + size] - total[start])


def covering(rows: int, size: int, stride: int) -> NDArray[np.int64]:
    """Starts of windows that together cover every row: one every `stride`, and one at the very end."""
    if size > rows:
        raise SpecError("X", f"{rows} rows; the detector's window has {size}")
    start = np.arange(0, rows - size + 1, stride, dtype=np.int64)
    return start if start[-1] == rows - size else np.append(start, rows - size)


def to_rows(scores: Floats, start: NDArray[np.int64], size: int, rows: int) -> Floats:
    """For each row the mean score of the windows that cover it; (rows,). Every row must be covered."""
    edge = np.zeros((2, rows + 1))
    for line, value in zip(edge, (scores, np.ones(len(scores))), strict=True):
        np.add.at(line, start, value)
        np.subtract.at(line, start + size, value)
    total, number = np.cumsum(edge, axis=1)[:, :-1]
    if not number.all():
        raise SpecError("start", f"no window covers row {int(np.argmin(number))} of {rows}")
    return np.asarray(total / number, dtype=np.float64)


def fill_missing(data: Floats, policy: str = "median") -> Floats:
    """Windows (k, size, d) with every NaN replaced; the windows themselves (no copy) where there is none.

    "median" takes the median of the window's channel, "linear" interpolates between the neighbours in the
    window (the nearest value outwards), "kernel" takes the Gaussian-weighted mean of the window's values
    (bandwidth 2 rows, wider where nothing is near), "raise" refuses. A channel with no value at all in a
    window raises SpecError.
    """
    checks.one_of("nan", policy, NAN_POLICIES)
    missing = np.isnan(data)
    if not missing.any():
        return data
    window, row, channel = (int(i) for i in np.argwhere(missing)[0])
    if policy == "raise":
        raise SpecError("X", f"NaN in window {window}, row {row}, channel {channel}; choose a nan policy to fill it")
    empty = missing.all(axis=1)
    if empty.any():
        window, channel = (int(i) for i in np.argwhere(empty)[0])
        raise SpecError("X", f"channel {channel} of window {window} is all NaN; nothing can be filled in")
    filled = np.array(data)
    if policy == "median":
        np.copyto(filled, np.nanmedian(data, axis=1, keepdims=True), where=missing)
        return filled
    at = np.arange(data.shape[1], dtype=np.float64)
    for k, c in np.argwhere(missing.any(axis=1)):
        gap = missing[k, :, c]
        known = data[k, ~gap, c]
        if policy == "linear":
            filled[k, gap, c] = np.interp(at[gap], at[~gap], known)
        else:
            exponent = -(((at[gap][:, None] - at[~gap]) / 2.0) ** 2) / 2
            # Relative to the nearest value, so that a long gap cannot underflow to 0 / 0.
            weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
            filled[k, gap, c] = weight @ known / weight.sum(axis=1)
    return filled
