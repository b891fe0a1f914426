"""The networks of LSTM-AD on a series, row after row: the same bits for a row alone and for many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.weights import Weights
from paranom_rs.detect import recurrent

CHUNK = 4096
"""Rows predicted at a time: the state is carried on, so it bounds memory and changes nothing else."""


class ForecastNetwork:
    """A network, and where a series begins: weights, (state,) float64."""

    def __init__(self, weights: Weights, layers: int, horizon: int, channels: int) -> None:
        self.horizon, self.channels = horizon, channels
        self.core = recurrent.network(weights, "lstm", "lstm", layers, "output")
        self.start = np.stack([weights["start_hidden"], weights["start_cell"]], axis=1).astype(np.float64).ravel()


class ForecastStream:
    """One network on one series.

    A missing value takes the last one before it, or the mean (0) where there was none. Its errors are 0.
    """

    def __init__(self, network: ForecastNetwork) -> None:
        self._network = network
        h, d = network.horizon, network.channels
        self.state = network.start.copy()
        #: What was predicted from the last rows, oldest first: (horizon, horizon, d).
        self.made = np.zeros((h, h, d))
        self.last = np.zeros(d)
        #: Rows that a prediction was made from, `horizon` at most.
        self.seen = 0

    def take(self, rows: Floats) -> tuple[Floats, Floats]:
        """Take the next scaled rows (n, d).

        Returns
        -------
        errors
            (n, horizon, d): entry k is the row less what was predicted for it k + 1 rows before. NaN where the value is
            missing, or nothing was predicted.
        expected
            (n, d): what was predicted for the row one row before. NaN where nothing was.
        """
        net = self._network
        h = net.horizon
        whole = filled(rows, self.last)
        out, self.state = net.core.run(whole, self.state)
        made = np.concatenate([self.made, out.reshape(len(rows), h, net.channels)])
        errors = np.stack([rows - made[h - 1 - k : h - 1 - k + len(rows), k] for k in range(h)], axis=1)
        expected = made[h - 1 : h - 1 + len(rows), 0].copy()
        cold = max(min(h - self.seen, len(rows)), 0)
        for row in range(cold):
            errors[row, self.seen + row :] = np.nan
            if self.seen + row == 0:
                expected[row] = np.nan
        self.made = made[-h:]
        self.last, self.seen = whole[-1].copy(), min(self.seen + len(rows), h)
        return errors, expected

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state, for a file."""
        return {"state": self.state, "made": self.made, "last": self.last, "seen": np.array([self.seen])}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take what `arrays` returned; ValueError for what does not fit."""
        for name in ("state", "made", "last"):
            array, own = arrays[name], getattr(self, name)
            if array.shape != own.shape or array.dtype != np.float64 or not np.isfinite(array).all():
                raise ValueError("its stream is not of its network")
        seen = arrays["seen"]
        if seen.shape != (1,) or seen.dtype != np.int64 or not 0 <= seen[0] <= self._network.horizon:
            raise ValueError("its stream has seen no such number of rows")
        self.state, self.made, self.last = arrays["state"], arrays["made"], arrays["last"]
        self.seen = int(seen[0])


def filled(rows: Floats, last: Floats) -> Floats:
    """Return rows (n, d) with the value before it in the place of each missing one; before the first is ``last``."""
    gone = np.isnan(rows)
    if not gone.any():
        return np.ascontiguousarray(rows)
    whole = np.concatenate([last[None], rows])
    at = np.arange(1, len(whole))[:, None]
    return np.ascontiguousarray(np.take_along_axis(whole, np.maximum.accumulate(np.where(gone, 0, at), axis=0), axis=0))


def distances(gauss: Gaussian, errors: Floats) -> Floats:
    """Return the squared distance of errors (n, horizon, d) from normal ones, (n,); what is missing counts as 0."""
    flat = errors.reshape(len(errors), -1) - gauss.mean
    return gauss.length2(np.where(np.isnan(flat), 0.0, flat))
