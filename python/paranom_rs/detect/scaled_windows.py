"""What detectors of windows share that see each channel in units of its normal spread."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import Flag, OrNone, Rule
from paranom_rs._internal.scaling import Scaler
from paranom_rs.detect.base import Detector

#: Rows of a window, where there are enough: the best of 20, 60, 80 and 100 on public recordings.
WINDOW = 60


def default_window(count: int) -> int:
    """Return how many rows to compare at once, for so many training rows."""
    return int(np.clip(count // 6, 1, WINDOW))


class ScaledWindows(Detector):
    """A detector of windows that sees each channel in units of its normal spread.

    Attributes
    ----------
    mean_, scale_
        (d,) float64, of the training rows; the scale of a constant channel is 1.
    """

    parameters: ClassVar[dict[str, Rule]] = {"follow_levels": OrNone(Flag()), **Detector.parameters}

    window: int | None
    mean_: Floats
    scale_: Floats

    def _least_rows(self) -> int:
        # Parts of the training rows are scored by a detector that has the other ones.
        return 6 if self.window is None else max(3 * int(self.window), 6)

    def _learn(self, rows: Floats) -> None:
        self.window_ = default_window(self._longest) if self.window is None else int(self.window)
        scaler = Scaler.fit(rows)
        self.mean_, self.scale_ = scaler.mean, scaler.scale
        self._learn_again(rows)

    def _scaled(self, rows: Floats) -> Floats:
        return Scaler(self.mean_, self.scale_)(rows)

    def _flat(self, rows: Floats) -> Floats:
        """Return the cells of all windows, (k, window * d), scaled, what is missing as 0."""
        scaled = np.nan_to_num(self._scaled(rows))
        views = np.lib.stride_tricks.sliding_window_view(scaled, self.window_, axis=0).transpose(0, 2, 1)
        return np.ascontiguousarray(views).reshape(len(views), -1)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {"mean_": self.mean_, "scale_": self.scale_}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self.mean_, self.scale_ = checked_scale(arrays, self.n_features_in_)


def checked_scale(arrays: dict[str, NDArray[Any]], features: int) -> tuple[Floats, Floats]:
    """Return mean and scale from a file; ValueError for what can be none."""
    mean, scale = arrays["mean_"], arrays["scale_"]
    for array in (mean, scale):
        if array.shape != (features,) or array.dtype != np.float64 or not np.isfinite(array).all():
            raise ValueError("its scale is not that of its channels")
    if not (scale > 0).all():
        raise ValueError("its scale is not above 0")
    return mean, scale


def window_cells(scaled: Floats, window: int, most: int) -> Floats:
    """Return the cells of windows, (k, window * d), what is missing as 0; ``most`` of them at most, evenly spread.

    Windows with a row that only separates parts (NaN) are left out, where there are others.
    """
    views = np.lib.stride_tricks.sliding_window_view(scaled, window, axis=0)
    apart = np.isnan(scaled).all(axis=1)
    broken = np.lib.stride_tricks.sliding_window_view(apart, window).any(axis=1)
    kept = np.flatnonzero(~broken) if not broken.all() else np.arange(len(views))
    if len(kept) > most:
        kept = kept[np.linspace(0, len(kept) - 1, most).round().astype(np.int64)]
    chosen = views[kept].transpose(0, 2, 1)
    return np.nan_to_num(np.ascontiguousarray(chosen).reshape(len(chosen), -1))
