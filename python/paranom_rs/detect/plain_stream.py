"""A stream whose windows are compared without normalisation: each distance is summed anew from the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    >>> stream = PlainStream([3], 20, 1, "l1")
    >>> [stream.update_one(float(i % 5)) for i in range(9)][-1]
    0.0
    """

    def __init__(self, windows: list[int], history: int, n_features: int, distance: str) -> None:
        for at, window in enumerate(windows):
            if history < 2 * window:
                raise SpecError("history", f"must be at least twice window = {window}", str(history))
            if window in windows[:at]:
                raise SpecError(f"window[{at}]", "must differ from the others", str(window))
        self.windows, self.history, self.n_features = windows, history, n_features
        self.distance = distance
        self.seen = 0
        self.index = [-1] * (len(windows) * n_features)
        self._x = np.empty((n_features, 0))
        # The scores of the windows that are remembered and their neighbours, length by length: (levels, windows).
        self._scores = [np.empty((n_features, 0)) for _ in windows]
        self._neighbors = [np.empty((n_features, 0), dtype=np.int64) for _ in windows]

    def update_one(self, value: float) -> float:
        """Take one sample of one feature and return its score, where there is one length of windows."""
        return float(self.update(np.array([[value]]))[0])

    def update_each(self, value: float) -> NDArray[np.float64]:
        """Take one sample of one feature and return its scores, one for each length."""
        return self.update(np.array([[value]]))

    def update(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take samples (n, n_features); return their scores, n · windows · n_features. If it fails, none is taken."""
        if X.shape[1] != self.n_features:
            raise SpecError("x", f"must have {self.n_features} columns", f"shape {X.shape}")
        self._check_sizes(X)
        before = len(self._x[0])
        together = np.concatenate([self._x, X.T], axis=1)
        scores = np.full((len(X), len(self.windows), self.n_features), np.nan)
        index = np.full(scores.shape, -1, dtype=np.int64)
        for at in range(len(X)):
            end = before + at + 1
            remembered = together[:, max(end - self.history, 0) : end]
            first = self.seen + at + 1 - remembered.shape[1]
            for which, window in enumerate(self.windows):
                if remembered.shape[1] >= window:
                    scores[at, which], slots = self._newest(remembered, window)
                    index[at, which] = np.where(slots >= 0, first + slots, -1)
        self._x = together[:, max(together.shape[1] - self.history, 0) :].copy()
        self.seen += len(X)
        for which, window in enumerate(self.windows):
            kept = self._kept(window)
            now = np.concatenate([self._scores[which], scores[:, which].T], axis=1)
            self._scores[which] = now[:, now.shape[1] - kept :]
            now = np.concatenate([self._neighbors[which], index[:, which].T], axis=1)
            self._neighbors[which] = now[:, now.shape[1] - kept :]
        if len(X):
            self.index = [int(each) for each in index[-1].ravel()]
        return scores.ravel()

    def recent(self, at: int, level: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the scores of the remembered windows of a length at a level, oldest first, and neighbours."""
        return self._scores[at][level], self._neighbors[at][level]

    def _kept(self, window: int) -> int:
        return max(min(self.seen, self.history) - window + 1, 0)

    def _check_sizes(self, X: NDArray[np.float64]) -> None:
        """Refuse values whose distances may overflow, as the core does."""
        most = _LARGEST[self.distance]
        for row, column in np.argwhere(np.isfinite(X) & (np.abs(X) > most))[:1]:
            rule = f"must be at most {most:g} in size for this distance"
            raise SpecError(f"X[{row}][{column}]", rule, f"{X[row, column]:g}")

    def _newest(self, x: NDArray[np.float64], m: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the score of the newest window at each level, and which of the remembered windows is nearest or -1."""
        earlier = x.shape[1] - m - -(-m // 4)
        if earlier < 1:
            return np.full(len(x), np.inf), np.full(len(x), -1)
        distances = np.array([self._distances(np.ascontiguousarray(column), earlier, m) for column in x])
        if len(x) > 1:
            sums = np.sort(distances, axis=0).cumsum(axis=0)
            distances = sums / np.arange(1, len(x) + 1)[:, None]
        slots = distances.argmin(axis=1)
        scores = distances[np.arange(len(x)), slots]
        return scores, np.where(scores < np.inf, slots, -1)

    def _distances(self, x: NDArray[np.float64], earlier: int, m: int) -> NDArray[np.float64]:
        return _core.matrix_profile_distances(x[-m:], x[: earlier + m - 1], distance=self.distance, threads=1)

    def to_bytes(self) -> bytes:
        """Save everything that later scores and discords depend on."""
        parameters = {
            "windows": self.windows,
            "history": self.history,
            "n_features": self.n_features,
            "distance": self.distance,
        }
        arrays: dict[str, NDArray[Any]] = {"x": self._x}
        for which in range(len(self.windows)):
            arrays |= {f"scores_{which}": self._scores[which], f"neighbors_{which}": self._neighbors[which]}
        return pack(DetectorState(_NAME, parameters, {"seen": self.seen, "index": self.index}, arrays))

    @classmethod
    def from_bytes(cls, data: bytes) -> PlainStream:
        """Restore what :meth:`to_bytes` saved; StateError for what it did not."""
        state = unpack_of(data, _NAME)
        try:
            given = state.parameters
            sizes = [whole(name, given[name], least=1, most=MOST) for name in ("history", "n_features")]
            windows = [whole("windows", window, least=3, most=MOST) for window in given["windows"]]
            new = cls(windows, sizes[0], sizes[1], distance_name(given["distance"]))
            new.seen = whole("seen", state.values["seen"], most=MOST)
            new._take_state(state)
        except (ParanomError, TypeError, ValueError, KeyError) as error:
            raise StateError(f"a damaged state of {_NAME}: {error}") from None
        return new

    def _take_state(self, state: DetectorState) -> None:
        index = [whole("index", at + 1, most=self.seen) - 1 for at in state.values["index"]]
        if not self.windows or len(index) != len(self.index):
            raise ValueError(f"{len(index)} neighbours")
        self.index = index
        self._x = _checked(state.arrays["x"], "x", np.float64, (self.n_features, min(self.seen, self.history)))
        for which, window in enumerate(self.windows):
            shape = (self.n_features, self._kept(window))
            scores = _checked(state.arrays[f"scores_{which}"], "scores", np.float64, shape)
            neighbors = _checked(state.arrays[f"neighbors_{which}"], "neighbors", np.int64, shape)
            known = np.isfinite(scores)
            if np.any(scores < 0) or np.any(known != (neighbors >= 0)) or np.any(neighbors > self.seen - window):
                raise ValueError("scores without their neighbours")
            self._scores[which], self._neighbors[which] = scores, neighbors


def _checked(array: NDArray[Any], name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"{name} of {array.dtype} and shape {array.shape}")
    return array
