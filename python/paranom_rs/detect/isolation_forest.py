"""scikit-learn's isolation forest over windows of rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs._internal.rules import OrNone, Rule, Whole
from paranom_rs.detect.scaled_windows import ScaledWindows, window_cells

MOST_WINDOWS = 10_000
_ARRAYS = ("feature", "threshold", "left", "right", "length")


class IsolationForest(ScaledWindows):
    """How quickly random cuts isolate a window (Liu, Ting & Zhou, ICDM 2008). `fit` needs scikit-learn.

    Parameters
    ----------
    window
        Rows of a window, laid side by side. None: 60, or a sixth of the training rows if they are few.
    n_estimators
        Trees.
    random_state
        The seed of the forest.
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
    The trees are kept as arrays, and walked without scikit-learn: a loaded detector needs none. Scores are
    scikit-learn's, ``-score_samples``. A missing value counts as the channel's mean. The contribution of a channel is
    how much the score falls when the channel is set to its mean.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import IsolationForest
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = IsolationForest().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "window": OrNone(Whole(1, 2**20)),
        "n_estimators": Whole(1, 100_000),
        "random_state": Whole(0, 2**32 - 1),
        **ScaledWindows.parameters,
    }

    n_estimators: int
    random_state: int
    #: Nodes of all trees, one behind the other: what is compared with what, and the children (0 at a leaf).
    _nodes: dict[str, NDArray[Any]]
    _roots: NDArray[np.int64]
    #: The mean path length in a tree of as many windows as each tree was made of.
    _unit: float

    def __init__(
        self,
        *,
        window: int | None = None,
        n_estimators: int = 100,
        random_state: int = 0,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        self._take(locals())

    def _learn_again(self, rows: Floats) -> None:
        ensemble = require("sklearn.ensemble", "deep", "IsolationForest")
        cells = window_cells(self._scaled(rows), self.window_, MOST_WINDOWS).astype(np.float32)
        forest = ensemble.IsolationForest(n_estimators=int(self.n_estimators), random_state=int(self.random_state)).fit(
            cells
        )
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in _ARRAYS}
        roots, base = [], 0
        for estimator, features in zip(forest.estimators_, forest.estimators_features_, strict=True):
            tree = estimator.tree_
            leaf = tree.children_left < 0
            parts["feature"].append(np.where(leaf, 0, features[np.maximum(tree.feature, 0)]).astype(np.int64))
            parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
            parts["left"].append(np.where(leaf, 0, tree.children_left + base).astype(np.int64))
            parts["right"].append(np.where(leaf, 0, tree.children_right + base).astype(np.int64))
            depths = _depths(tree.children_left, tree.children_right)
            parts["length"].append(depths + _mean_path(tree.n_node_samples.astype(np.float64)))
            roots.append(base)
            base += tree.node_count
        self._nodes = {name: np.concatenate(arrays) for name, arrays in parts.items()}
        self._roots = np.array(roots)
        self._unit = float(_mean_path(np.array([float(forest.max_samples_)]))[0])

    def _window_scores(self, rows: Floats) -> Floats:
        count = len(rows) - self.window_ + 1
        step = max((1 << 22) // (self.window_ * rows.shape[1]), 1)
        parts = [
            self._scores(self._flat(rows[first : first + step + self.window_ - 1]).astype(np.float32))
            for first in range(0, count, step)
        ]
        return np.concatenate([np.empty(0), *parts])

    def _scores(self, cells: NDArray[np.float32]) -> Floats:
        nodes, lengths = self._nodes, np.zeros(len(cells))
        row = np.arange(len(cells))
        for root in self._roots.tolist():
            at = np.full(len(cells), root)
            while (inner := nodes["left"][at] > 0).any():
                below = cells[row, nodes["feature"][at]] <= nodes["threshold"][at]
                at = np.where(inner, np.where(below, nodes["left"][at], nodes["right"][at]), at)
            lengths += nodes["length"][at]
        return np.asarray(2.0 ** -(lengths / (len(self._roots) * self._unit)))

    def _contributions(self, window: Floats) -> Floats:
        score = self._window_scores(window)[0]
        without = []
        for j in range(window.shape[1]):
            changed = window.copy()
            changed[:, j] = self.mean_[j]
            without.append(self._window_scores(changed)[0])
        return np.asarray(np.maximum(score - np.array(without), 0))

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        return {**values, "unit": self._unit}, {**arrays, **self._nodes, "roots": self._roots}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        self._unit = float(values["unit"])
        self._nodes, self._roots = {name: arrays[name] for name in _ARRAYS}, arrays["roots"]
        count = len(self._nodes["left"])
        kinds = {name: np.float64 if name in ("threshold", "length") else np.int64 for name in _ARRAYS}
        if any(self._nodes[name].shape != (count,) or self._nodes[name].dtype != kinds[name] for name in _ARRAYS):
            raise ValueError("its trees are no trees")
        children = np.stack([self._nodes["left"], self._nodes["right"]])
        inner = children[0] > 0
        # Children stand behind their parents, so every walk ends.
        ends = (children[:, inner] > np.flatnonzero(inner)).all() and (children[:, inner] < count).all()
        features = self._nodes["feature"]
        fits = ((features >= 0) & (features < self.window_ * self.n_features_in_)).all()
        if self._roots.dtype != np.int64 or self._roots.ndim != 1 or not len(self._roots) or not self._unit > 0:
            raise ValueError("its trees have no roots")
        if not (ends and fits and (self._roots >= 0).all() and (self._roots < count).all()):
            raise ValueError("its trees are no trees")
        if not np.isfinite(self._nodes["length"]).all():
            raise ValueError("its paths have no lengths")


def _depths(left: NDArray[Any], right: NDArray[Any]) -> Floats:
    """Return how many cuts lie above each node; children stand behind their parents."""
    depths = np.zeros(len(left))
    for node in np.flatnonzero(left >= 0).tolist():
        depths[left[node]] = depths[right[node]] = depths[node] + 1
    return depths


def _mean_path(counts: Floats) -> Floats:
    """Return the mean length of a path in a tree that isolates so many windows (equation 1 of the paper)."""
    out = np.zeros(len(counts))
    out[counts == 2] = 1.0
    many = counts > 2
    n = counts[many]
    out[many] = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    return out
