"""The matrix profile of a stream, one sample at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import numbers, whole
from paranom_rs._internal.keywords import known_keywords
from paranom_rs.detect.detector_file import MAGIC
from paranom_rs.detect.plain_stream import PlainStream
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecTypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["StreamingMatrixProfile"]


class StreamingMatrixProfile:
    """The left matrix profile of a stream: each new sample completes a window, which gets a score.

    The score is the distance from the newest window to its nearest neighbour among the last ``history``
    samples. Windows that start at most ceil(window / 4) samples apart are no neighbours. So the scores are the
    ``left_profile`` of :func:`matrix_profile`, sample by sample.

    One update costs O(n_features · history). Without normalisation it costs O(n_features · history · window): each
    distance is summed anew. Objects can be pickled. Several threads may use one (z-normalised).

    Parameters
    ----------
    window
        The length of a window in samples, 3 or more.
    history
        How many samples are remembered, the newest included: at least twice ``window``. Older ones are forgotten.
    n_features
        Values per sample.
    distance
        How windows are compared, as in :func:`matrix_profile`.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule.
    OutOfMemoryError
        The memory for the history cannot be had.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import StreamingMatrixProfile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> stream = StreamingMatrixProfile(window=50, history=500)
    >>> distances = [stream.update(value) for value in x]
    >>> distances[0] is None, bool(600 <= max(range(600, 1_000), key=lambda i: distances[i]) < 680)
    (False, True)
    """

    __slots__ = ("_core",)

    @known_keywords
    def __init__(self, window: int, history: int, n_features: int = 1, *, distance: Distance = "znormalized") -> None:
        sizes = (
            whole("window", window, least=3, most=MOST),
            whole("history", history, least=1, most=MOST),
            whole("n_features", n_features, least=1, most=MOST),
        )
        name = distance_name(distance)
        self._core: _core.MatrixProfileStream | PlainStream = (
            _core.MatrixProfileStream(*sizes) if name == "znormalized" else PlainStream(*sizes, distance=name)
        )

    def update(self, x: ArrayLike) -> float | NDArray[np.float64]:
        """Take one sample and return the score of the window that it completes.

        Parameters
        ----------
        x
            The sample: a number, or shape (n_features,).

        Returns
        -------
        float or NDArray[np.float64]
            A float if ``n_features`` is 1. Otherwise shape (n_features,): item j is the mean distance over the best
            j + 1 features (mSTAMP), so the last one is over all. NaN until the first window is complete; inf while the
            window has no neighbour, or holds a NaN or an infinity. Two constant windows are 0 apart, a constant one and
            another √window.
        """
        if type(x) is float or type(x) is np.float64:
            return self._core.update_one(x)
        values = np.atleast_1d(np.asarray(x))
        scores = self._core.update(as_floats("x", values, 1).reshape(1, -1))
        return float(scores[0]) if self.n_features == 1 else scores

    def update_many(self, X: ArrayLike) -> NDArray[np.float64]:
        """Take samples in order and return their scores, those of as many calls of :meth:`update`.

        If it fails or is interrupted, no sample has been taken.

        Parameters
        ----------
        X
            The samples, shape (n, n_features), or (n,) if there is one feature.

        Returns
        -------
        NDArray[np.float64]
            Shape (n,) if there is one feature, else (n, n_features).
        """
        values = numbers("X", X)
        if values.ndim == 1 and self.n_features == 1:
            values = values.reshape(-1, 1)
        if values.ndim == 2 and values.shape[0] == 0 and values.shape[1] == self.n_features:
            return np.empty((0, self.n_features) if self.n_features > 1 else 0)
        scores = self._core.update(as_floats("X", values, 2))
        return scores if self.n_features == 1 else scores.reshape(-1, self.n_features)

    @property
    def window(self) -> int:
        """The length of a window."""
        return self._core.window

    @property
    def history(self) -> int:
        """How many samples are remembered."""
        return self._core.history

    @property
    def n_features(self) -> int:
        """Values per sample."""
        return self._core.n_features

    @property
    def distance(self) -> str:
        """How windows are compared."""
        return self._core.distance if isinstance(self._core, PlainStream) else "znormalized"

    @property
    def n_seen(self) -> int:
        """How many samples have been taken."""
        return self._core.seen

    @property
    def index(self) -> int | NDArray[np.int64]:
        """The nearest neighbour of the newest window, by the number of its first sample; -1 if there is none.

        Shape (n_features,), one per item of the score, if there are several features.
        """
        index = self._core.index
        return index[0] if self.n_features == 1 else np.array(index, dtype=np.int64)

    def to_bytes(self) -> bytes:
        """Save everything that later scores depend on."""
        return self._core.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> StreamingMatrixProfile:
        """Restore what :meth:`to_bytes` saved.

        Raises
        ------
        StateError
            The bytes are cut off, changed, foreign or of another version.
        """
        if not isinstance(data, bytes):
            raise SpecTypeError("data", "must be bytes", type(data).__name__)
        new = cls.__new__(cls)
        plain = data.startswith(MAGIC)
        new._core = PlainStream.from_bytes(data) if plain else _core.MatrixProfileStream.from_bytes(data)
        return new

    def __reduce__(self) -> tuple[Callable[[bytes], StreamingMatrixProfile], tuple[bytes]]:
        return StreamingMatrixProfile.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return (
            f"StreamingMatrixProfile(window={self.window}, history={self.history}, n_features={self.n_features}): "
            f"{self.n_seen} samples seen"
        )
