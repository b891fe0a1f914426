"""Nearest normal windows: how far the last rows are from the nearest rows of the training data, over all channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._core import NearestIndex
from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import OrNone, Rule, Whole
from paranom_rs._internal.scaling import Scaler
from paranom_rs.detect.scaled_windows import ScaledWindows


class NearestWindows(ScaledWindows):
    """The distance of each window to the k-th nearest window of the training rows.

    Channels are in units of their normal standard deviation (1 for a constant one). The distance of two windows is the
    root of the mean squared difference of their cells, over all channels at once. The search is exact: its result is
    that of brute force. A row's score is the fourth-power mean over the windows that cover it; its causal score is that
    of the window which ends there.

    Parameters
    ----------
    window
        Rows that are compared at once. None: 60, or a sixth of the training rows if they are few.
    k
        Which neighbour: 1 is the nearest.
    most_references
        Training windows that are compared. If there are more, as many are taken, evenly spread.
    threads
        How many threads to use; the default is one per processor. The result does not depend on it.
    follow_levels
        Whether channels are counted from the median of the 120 rows before: all, none, or (None) those that wander in
        the training rows.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Notes
    -----
    Missing values are left out of the distance, as long as half of the window's cells are there; a window with less has
    distance 0. Training windows with a missing value are not compared.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import NearestWindows
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = NearestWindows().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "window": OrNone(Whole(1, 2**20)),
        "k": Whole(1, 2**20),
        "most_references": Whole(2, 2**40),
        "threads": OrNone(Whole(1, 1024)),
        **ScaledWindows.parameters,
    }

    # Short anomalies stand out more than with the mean, and wide ones are not wider than with the largest score.
    _power = 4

    window: int | None
    k: int
    most_references: int
    threads: int | None
    # Of the last fit: a parameter that is set later counts from the next one on.
    _neighbour: int
    _most: int
    _index: NearestIndex
    _reference: Floats

    def __init__(
        self,
        *,
        window: int | None = None,
        k: int = 1,
        most_references: int = 100_000,
        threads: int | None = None,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        self._take(locals())

    def _learn_again(self, rows: Floats) -> None:
        # The units are those of all training rows: they are no part of what is compared.
        self._neighbour, self._most = int(self.k), int(self.most_references)
        self._reference = np.ascontiguousarray(self._scaled(rows))
        self._index = NearestIndex(self._reference, self.window_, self._most)

    def _window_scores(self, rows: Floats) -> Floats:
        distances, _ = self._index.distances(np.ascontiguousarray(self._scaled(rows)), self._neighbour, self.threads)
        return np.nan_to_num(distances, nan=0.0)

    def _contributions(self, window: Floats) -> Floats:
        nearest, _ = self._nearest(window)
        if nearest is None:
            return np.zeros(window.shape[1])
        other = self._reference[nearest : nearest + self.window_]
        return np.asarray(np.nansum(np.square(self._scaled(window) - other), axis=0))

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        _, starts = self._index.distances(np.ascontiguousarray(self._scaled(window)), 1, 1)
        start = int(starts[0])
        if start < 0:
            return None, None
        return start, Scaler(self.mean_, self.scale_).inverse(self._reference[start : start + self.window_])

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        compared = {"neighbour": self._neighbour, "most": self._most}
        return {**values, **compared}, {**arrays, "reference": self._reference}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        reference = arrays["reference"]
        if reference.ndim != 2 or reference.shape[1] != self.n_features_in_ or reference.dtype != np.float64:
            raise ValueError("its reference is not of its channels")
        if np.isinf(reference).any():
            raise ValueError("its reference is infinite")
        self._neighbour = checks.whole("neighbour", values["neighbour"], least=1, most=2**20)
        self._most = checks.whole("most", values["most"], least=2, most=2**40)
        self._reference = reference
        self._index = NearestIndex(reference, self.window_, self._most)
