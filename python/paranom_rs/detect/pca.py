"""Principal components of normal windows: what of a window they do not explain."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import OrNone, Rule, Share, Whole
from paranom_rs.detect.scaled_windows import ScaledWindows, window_cells

#: Training windows that the components are computed from, evenly spread.
MOST_WINDOWS = 500


class PCADetector(ScaledWindows):
    """The part of a window that the leading principal components of normal windows do not explain.

    Channels are in units of their normal standard deviation, and a window's rows are laid side by side. The score is
    the root of the mean squared difference between the window and its projection on the components.

    Parameters
    ----------
    window
        Rows of a window. None: 60, or a sixth of the training rows if they are few.
    variance
        The share of the variance of normal windows that the components explain.
    follow_levels
        Whether channels are counted from the median of the 120 rows before: all, none, or (None) those that wander in
        the training rows.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Attributes
    ----------
    components_
        (k, window * d) float64, orthonormal.

    Notes
    -----
    A missing value counts as the channel's mean.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import PCADetector
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = PCADetector().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "window": OrNone(Whole(1, 2**20)),
        "variance": Share(),
        **ScaledWindows.parameters,
    }

    variance: float
    centre_: Floats
    components_: Floats

    def __init__(
        self,
        *,
        window: int | None = None,
        variance: float = 0.9,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        self._take(locals())

    def _learn_again(self, rows: Floats) -> None:
        cells = window_cells(self._scaled(rows), self.window_, MOST_WINDOWS)
        self.centre_ = cells.mean(axis=0)
        self.components_ = leading_directions(cells - self.centre_, self.variance)

    def _residuals(self, rows: Floats) -> Floats:
        """Return what is left of each window, (k, window, d)."""
        cells = self._flat(rows) - self.centre_
        # einsum sums each window by itself: the bits do not depend on how many windows there are.
        weights = np.einsum("nl,kl->nk", cells, self.components_)
        return np.asarray(
            (cells - np.einsum("nk,kl->nl", weights, self.components_)).reshape(-1, self.window_, rows.shape[1])
        )

    def _window_scores(self, rows: Floats) -> Floats:
        count = len(rows) - self.window_ + 1
        # So many at once that memory stays bounded.
        step = max((1 << 21) // (self.window_ * rows.shape[1]), 1)
        out = np.empty(count)
        for first in range(0, count, step):
            left = self._residuals(rows[first : first + step + self.window_ - 1])
            out[first : first + step] = np.sqrt(np.square(left).reshape(len(left), -1).mean(axis=1))
        return out

    def _contributions(self, window: Floats) -> Floats:
        return np.asarray(np.square(self._residuals(window)[0]).sum(axis=0))

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        expected = np.nan_to_num(self._scaled(window)) - self._residuals(window)[0]
        return None, np.asarray(expected * self.scale_ + self.mean_)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        return values, {**arrays, "centre_": self.centre_, "components_": self.components_}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        self.centre_, self.components_ = arrays["centre_"], arrays["components_"]
        length = self.window_ * self.n_features_in_
        if self.centre_.shape != (length,) or self.components_.shape[1:] != (length,):
            raise ValueError("its components are not of its windows")
        for array in (self.centre_, self.components_):
            if array.dtype != np.float64 or not (np.abs(array) <= 1e9).all():
                raise ValueError("its components are no numbers, or too large")


def leading_directions(cells: Floats, variance: float) -> Floats:
    """Return the orthonormal directions (k, cells) that explain a share of the variance of centred windows."""
    # The smaller of both products has the same eigenvalues: there are fewer windows than cells, or the other way round.
    few = len(cells) < cells.shape[1]
    values, vectors = np.linalg.eigh(cells @ cells.T if few else cells.T @ cells)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > 1e-12 * max(float(values[0]), 1e-300)
    if not kept.any():
        return np.empty((0, cells.shape[1]))
    explained = np.cumsum(values[kept])
    count = int(np.searchsorted(explained, variance * explained[-1])) + 1
    chosen = vectors[:, : min(count, int(kept.sum()))]
    directions = (cells.T @ chosen / np.sqrt(values[: chosen.shape[1]])).T if few else chosen.T
    return np.ascontiguousarray(directions)
