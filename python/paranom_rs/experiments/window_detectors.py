"""Detectors of other families, in a few lines each, for ranking beside ours. They need scikit-learn.

Windows are of 60 rows, z-scored channel by channel with the training rows; a row's score is the mean over the windows
that cover it. Missing values take the training mean.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.detect.covering import covering_mean

#: Rows of a window, and how many training windows are learnt from at most.
WINDOW, MOST = 60, 2_000


class _Scaled:
    """Channels in units of the training rows; one that is constant there has unit 1."""

    def fit(self, X: Floats) -> Self:
        """Learn means and units, then what the class adds."""
        self.mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
        self.scale = np.where(scale > 1e-9, scale, 1.0)
        self._learn(self._scaled(X))
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Return a score for each row."""
        return self._scores(self._scaled(X))

    def _scaled(self, X: Floats) -> Floats:
        return np.asarray(np.nan_to_num((X - self.mean) / self.scale))

    def _learn(self, rows: Floats) -> None:
        self.last = rows[-WINDOW:]

    def _scores(self, rows: Floats) -> Floats:
        raise NotImplementedError


class MovingZScore(_Scaled):
    """The largest deviation of a channel from the mean of the 60 rows before, in their standard deviations."""

    def _scores(self, rows: Floats) -> Floats:
        before = np.lib.stride_tricks.sliding_window_view(np.concatenate([self.last, rows]), WINDOW, axis=0)[
            : len(rows)
        ]
        spread = np.maximum(before.std(axis=2), 1e-3)
        return np.asarray((np.abs(rows - before.mean(axis=2)) / spread).max(axis=1))


class Differences(_Scaled):
    """The largest step of a channel from the row before."""

    def _scores(self, rows: Floats) -> Floats:
        return np.asarray(np.abs(np.diff(np.concatenate([self.last[-1:], rows]), axis=0)).max(axis=1))


class Histograms(_Scaled):
    """The sum over channels of how rare a value is among the training rows (HBOS of Goldstein & Dengel, 2012)."""

    def _learn(self, rows: Floats) -> None:
        self.edges = [np.histogram_bin_edges(column, 20) for column in rows.T]
        counts = [np.histogram(column, edges)[0] for column, edges in zip(rows.T, self.edges, strict=True)]
        self.rarity = [np.concatenate([[0], n, [0]]) / len(rows) for n in counts]

    def _scores(self, rows: Floats) -> Floats:
        found = np.zeros(len(rows))
        for column, edges, share in zip(rows.T, self.edges, self.rarity, strict=True):
            at = np.clip(np.searchsorted(edges, column, side="right"), 0, len(share) - 1)
            at = np.where(column == edges[-1], len(share) - 2, at)
            found -= np.log(share[at] + 1e-3)
        return found


class _OfWindows(_Scaled):
    """A model of flat windows."""

    model: Any

    def _flat(self, rows: Floats) -> Floats:
        cut = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0)
        return cut.reshape(len(cut), -1)

    def _learn(self, rows: Floats) -> None:
        flat = self._flat(rows)
        self.model.fit(flat[:: -(-len(flat) // MOST)])

    def _scores(self, rows: Floats) -> Floats:
        flat = self._flat(rows)
        pieces = [self._far(flat[i : i + 4_096]) for i in range(0, len(flat), 4_096)]
        return covering_mean(np.concatenate(pieces), WINDOW)

    def _far(self, flat: Floats) -> Floats:
        raise NotImplementedError


class KMeansWindows(_OfWindows):
    """The distance to the nearest of 20 centres (KMeansAD of Yairi et al., 2001)."""

    def _learn(self, rows: Floats) -> None:
        from sklearn.cluster import KMeans

        self.model = KMeans(20, n_init=1, random_state=0)
        super()._learn(rows)

    def _far(self, flat: Floats) -> Floats:
        return np.asarray(self.model.transform(flat).min(axis=1))


class OneClassWindows(_OfWindows):
    """A one-class support vector machine of 60 random features of windows (Schoelkopf et al., 2001)."""

    def _learn(self, rows: Floats) -> None:
        from sklearn.kernel_approximation import RBFSampler
        from sklearn.linear_model import SGDOneClassSVM
        from sklearn.pipeline import make_pipeline

        gamma = 1.0 / (WINDOW * rows.shape[1])
        self.model = make_pipeline(
            RBFSampler(gamma=gamma, n_components=200, random_state=0), SGDOneClassSVM(nu=0.05, random_state=0)
        )
        super()._learn(rows)

    def _far(self, flat: Floats) -> Floats:
        return -np.asarray(self.model.decision_function(flat))
