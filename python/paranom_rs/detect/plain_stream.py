"""A stream whose windows are compared without normalisation: each distance is summed anew from the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import whole
from paranom_rs.detect.detector_file import DetectorState, pack, unpack_of
from paranom_rs.detect.series import MOST, distance_name
from paranom_rs.errors import ParanomError, SpecError, StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PlainStream"]

_NAME = "StreamingMatrixProfile"
_LARGEST = {"l1": 1e290, "relative": 1e290, "l2": 1e145}


class PlainStream:
    """What is behind a StreamingMatrixProfile of plain values; the same methods as the core's stream.

    Examples
    --------
    >>> from paranom_rs.detect.plain_stream import PlainStream
    >>> stream = PlainStream(3, 20, 1, "l1")
    >>> [stream.update_one(float(i % 5)) for i in range(9)][-1]
    0.0
    """

    def __init__(self, window: int, history: int, n_features: int, distance: str) -> None:
        if history < 2 * window:
            raise SpecError("history", f"must be at least 2 · window = {2 * window}", str(history))
        self.window, self.history, self.n_features = window, history, n_features
        self.distance = distance
        self.seen = 0
        self.index = [-1] * n_features
        self._x = np.empty((n_features, 0))

    def update_one(self, value: float) -> float:
        """Take one sample of one feature and return its score."""
        return float(self.update(np.array([[value]]))[0])

    def update(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take samples (n, n_features); return their scores, n · n_features. If it fails, none has been taken."""
        if X.shape[1] != self.n_features:
            raise SpecError("x", f"must have {self.n_features} columns", f"shape {X.shape}")
        self._check_sizes(X)
        before = len(self._x[0])
        together = np.concatenate([self._x, X.T], axis=1)
        scores = np.full(X.shape, np.nan)
        index = self.index
        for at in range(len(X)):
            end = before + at + 1
            remembered = together[:, max(end - self.history, 0) : end]
            if remembered.shape[1] >= self.window:
                scores[at], slots = self._scores(remembered)
                first = self.seen + at + 1 - remembered.shape[1]
                index = [first + slot if slot >= 0 else -1 for slot in slots]
        self._x = together[:, max(together.shape[1] - self.history, 0) :].copy()
        self.seen, self.index = self.seen + len(X), index
        return scores.ravel()

    def _check_sizes(self, X: NDArray[np.float64]) -> None:
        """Refuse values whose distances may overflow, as the core does."""
        most = _LARGEST[self.distance]
        for row, column in np.argwhere(np.isfinite(X) & (np.abs(X) > most))[:1]:
            rule = f"must be at most {most:g} in size for this distance"
            raise SpecError(f"X[{row}][{column}]", rule, f"{X[row, column]:g}")

    def _scores(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[int]]:
        """Return the score of the newest window at each level, and which of the remembered windows is nearest."""
        m = self.window
        earlier = x.shape[1] - m - -(-m // 4)
        if earlier < 1:
            return np.full(len(x), np.inf), [-1] * len(x)
        distances = np.array([self._distances(np.ascontiguousarray(column), earlier) for column in x])
        if len(x) > 1:
            sums = np.sort(distances, axis=0).cumsum(axis=0)
            distances = sums / np.arange(1, len(x) + 1)[:, None]
        slots = distances.argmin(axis=1)
        scores = distances[np.arange(len(x)), slots]
        return scores, [int(slot) if far < np.inf else -1 for slot, far in zip(slots, scores, strict=True)]

    def _distances(self, x: NDArray[np.float64], earlier: int) -> NDArray[np.float64]:
        others = x[: earlier + self.window - 1]
        return _core.matrix_profile_distances(x[-self.window :], others, distance=self.distance, threads=1)

    def to_bytes(self) -> bytes:
        """Save everything that later scores depend on."""
        parameters = {
            "window": self.window,
            "history": self.history,
            "n_features": self.n_features,
            "distance": self.distance,
        }
        return pack(DetectorState(_NAME, parameters, {"seen": self.seen, "index": self.index}, {"x": self._x}))

    @classmethod
    def from_bytes(cls, data: bytes) -> PlainStream:
        """Restore what :meth:`to_bytes` saved; StateError for what it did not."""
        state = unpack_of(data, _NAME)
        try:
            given = state.parameters
            sizes = [whole(name, given[name], least=1, most=MOST) for name in ("window", "history", "n_features")]
            new = cls(sizes[0], sizes[1], sizes[2], distance_name(given["distance"]))
            seen = whole("seen", state.values["seen"], most=MOST)
            index = [whole("index", at + 1, most=seen) - 1 for at in state.values["index"]]
            x = state.arrays["x"]
            if x.shape != (new.n_features, min(seen, new.history)) or x.dtype != np.float64 or len(index) != len(x):
                raise ValueError(f"samples of {x.dtype} and shape {x.shape}")
        except (ParanomError, TypeError, ValueError, KeyError) as error:
            raise StateError(f"a damaged state of {_NAME}: {error}") from None
        new.seen, new.index, new._x = seen, index, x
        return new
