"""What a network sees of a row: how far the last rows are from normal ones, in several ways. No channel by itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._core import NearestIndex
from paranom_rs._internal.checks import Floats
from paranom_rs.detect.pca import leading_directions
from paranom_rs.detect.ramp import RAMP
from paranom_rs.detect.scaled_windows import window_cells

#: With so many channels, or fewer, windows are compared over all channels at once; else channel by channel.
MOST_JOINT = 4
#: Distances below it count little: they are compared by the logarithm of their sum with it.
SMALL = 0.05
#: The share of the variance of normal windows that the components explain, and windows that they come from at most.
_VARIANCE, _WINDOWS = 0.9, 400
#: Cells that are worked on at once, at most.
_CELLS = 1 << 21

#: Names of the features. No value is among them: a level that was never seen is no anomaly by itself.
FEATURES = (
    "nearest window",
    "nearest short window",
    "not explained",
    "largest channel",
    "share of channels",
    "mean step",
    "largest step",
    "mean distance from local mean",
    "largest distance from local mean",
)
#: For one channel only.
SIGNED = ("step", "distance from local mean")
#: The features that an untrained network weighs, half each: their mean is its score.
START = (0, 2)


def to_log(distances: Floats) -> Floats:
    """Return distances on a scale on which ratios are differences; 0 stays 0."""
    return np.log1p(np.maximum(distances, 0.0) / SMALL)


def from_log(values: Floats) -> Floats:
    """Return the distances that `to_log` made these values of; none is below 0."""
    return SMALL * np.expm1(np.clip(values, 0.0, 60.0))


def is_joint(channels: int) -> bool:
    """Return whether windows are compared over all channels at once."""
    return channels <= MOST_JOINT


class Components(NamedTuple):
    """Principal components of normal windows: of all channels in one group, or of each channel by itself."""

    centre: Floats
    """(groups, cells)."""
    directions: Floats
    """(groups, k, cells), orthonormal; directions that a group lacks are 0."""

    @classmethod
    def of(cls, rows: Floats, window: int) -> Components:
        """Learn from rows (n, d) in units of their spread."""
        parts = [rows] if is_joint(rows.shape[1]) else [rows[:, j : j + 1] for j in range(rows.shape[1])]
        cells = [window_cells(part, window, _WINDOWS) for part in parts]
        centres = [x.mean(axis=0) for x in cells]
        found = [leading_directions(x - c, _VARIANCE) for x, c in zip(cells, centres, strict=True)]
        directions = np.zeros((len(found), max(len(x) for x in found), cells[0].shape[1]))
        for group, x in zip(directions, found, strict=True):
            group[: len(x)] = x
        return cls(np.stack(centres), directions)

    def checked(self, channels: int, window: int) -> Components:
        """Return the components; ValueError where they are not of such windows, or no numbers of a usual size."""
        groups, cells = (1, channels * window) if is_joint(channels) else (channels, window)
        if self.centre.shape != (groups, cells) or self.directions.ndim != 3:
            raise ValueError("its components are not of its windows")
        if self.directions.shape[::2] != (groups, cells):
            raise ValueError("its components are not of its windows")
        for array in self:
            if array.dtype != np.float64 or not (np.abs(array) <= 1e9).all():
                raise ValueError("its components are no numbers, or too large")
        return self

    def residuals(self, rows: Floats, window: int) -> Floats:
        """Return the part of each complete window that they do not explain, (n - window + 1,)."""
        groups, cells = self.centre.shape
        count, found = len(rows) - window + 1, []
        step = max(_CELLS // (groups * cells), 1)
        filled = np.nan_to_num(rows)
        for first in range(0, count, step):
            part = filled[first : min(first + step, count) + window - 1]
            views = np.lib.stride_tricks.sliding_window_view(part, window, axis=0)  # (k, d, window)
            if groups == 1:
                views = views.transpose(0, 2, 1)
            left = np.ascontiguousarray(views).reshape(len(views), groups, cells) - self.centre
            # einsum sums each window by itself: the bits do not depend on how many windows there are.
            weights = np.einsum("ngl,gkl->ngk", left, self.directions)
            left = left - np.einsum("ngk,gkl->ngl", weights, self.directions)
            if groups == 1:
                found.append(np.sqrt(np.square(left[:, 0]).mean(axis=1)))
            else:
                found.append(np.abs(left).mean(axis=2).sum(axis=1))
        return np.concatenate(found)


class WindowFeatures:
    """Normal rows, and how far the rows of a series are from them.

    Up to four channels are compared at once, by the root of the mean squared difference over window and channels. Of
    more channels the mean absolute differences of each are summed. So are the windows of RAMP.

    Parameters
    ----------
    rows
        (n, d), normal rows in units of their spread. Rows of NaN separate parts.
    window
        Rows that are compared at once.
    components
        Those of the rows, if they are known.
    """

    def __init__(self, rows: Floats, window: int, components: Components | None = None) -> None:
        self.rows = np.ascontiguousarray(rows)
        self.window = window
        self.short = max(window // 3, 2)
        self.components = Components.of(self.rows, window) if components is None else components
        self._joint = is_joint(rows.shape[1])
        lengths = (window, self.short)
        self._indices = [NearestIndex(self.rows, length, 100_000) for length in lengths] if self._joint else []

    def __call__(self, rows: Floats) -> NDArray[np.float32]:
        """Return the features of rows (n, d) that follow each other, (n, `FEATURES` and for d = 1 `SIGNED`).

        A row's features come from it and the rows before it in its window. Before the first complete window the
        distances are 0.
        """
        if not len(rows):
            return np.empty((0, len(FEATURES) + (len(SIGNED) if rows.shape[1] == 1 else 0)), np.float32)
        rows = np.ascontiguousarray(rows)
        by_channel = self.by_channel(rows, self.window)
        if self._joint:
            nearest = [self._nearest(rows, at) for at in range(2)]
        else:
            nearest = [by_channel.sum(axis=1), self.by_channel(rows, self.short).sum(axis=1)]
        unexplained = np.zeros(len(rows))
        if len(rows) >= self.window:
            unexplained[self.window - 1 :] = self.components.residuals(rows, self.window)
        total, squares = by_channel.sum(axis=1), np.square(by_channel).sum(axis=1)
        share = np.where(squares > 0, np.square(total) / np.maximum(squares, 1e-300), 0.0) / rows.shape[1]
        columns = [*map(to_log, (*nearest, unexplained, by_channel.max(axis=1))), share, *_local(rows, self.window)]
        return np.stack(columns, axis=1).astype(np.float32)

    def by_channel(self, rows: Floats, window: int) -> Floats:
        """Return the distance of each row's window to the nearest normal one, channel by channel, (n, d)."""
        count, channels = self.rows.shape
        ramp = RAMP(
            channels, window=window, reference=count, threshold=1.0, distance="per_channel", scale="none", p_limit=0.0
        )
        ramp.score(self.rows)
        found = ramp.score(rows)
        return np.nan_to_num(found.score[:, None] * found.contributions, nan=0.0, posinf=0.0)

    def _nearest(self, rows: Floats, at: int) -> Floats:
        window = (self.window, self.short)[at]
        found = np.zeros(len(rows))
        if len(rows) >= window:
            distances, _ = self._indices[at].distances(rows, 1, 1)
            found[window - 1 :] = np.nan_to_num(distances, nan=0.0)
        return found


def _local(rows: Floats, window: int) -> list[Any]:
    """Return what is seen without comparing: steps from row to row, and distances from the mean of the last rows."""
    values = np.nan_to_num(rows)
    steps = 3.0 * np.diff(values, axis=0, prepend=values[:1])
    away = values - _mean_before(values, window)
    sizes = [np.log1p(np.abs(x)) for x in (steps, away)]
    found = [size for x in sizes for size in (x.mean(axis=1), x.max(axis=1))]
    if rows.shape[1] == 1:
        found += [np.copysign(size, x)[:, 0] for size, x in zip(sizes, (steps, away), strict=True)]
    return found


def _mean_before(values: Floats, window: int) -> Floats:
    """Return the mean of each row and the rows before it in its window, of as many as there are."""
    padded = np.concatenate([np.zeros((window - 1, values.shape[1])), values])
    # Each row by itself: a running sum would carry rounding to later rows.
    sums = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0).sum(axis=-1)
    return np.asarray(sums / np.minimum(np.arange(1, len(values) + 1), window)[:, None])
