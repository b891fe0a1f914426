"""The matrix profile of a stream, one sample at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import numbers, whole
from paranom_rs._internal.keywords import known_keywords
from paranom_rs.detect.apart import smallest_apart
from paranom_rs.detect.detector_file import MAGIC
from paranom_rs.detect.findings import Discord
from paranom_rs.detect.plain_stream import PlainStream
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import SpecError, SpecTypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["StreamingMatrixProfile"]


class StreamingMatrixProfile:
    """The left matrix profile of a stream: each new sample completes a window, which gets a score.

    The score is the distance from the newest window to its nearest neighbour among the last ``history``
    samples. Windows that start at most ceil(window / 4) samples apart are no neighbours. So the scores are the
    ``left_profile`` of :func:`matrix_profile`, sample by sample. Their discords are at hand at any time
    (:meth:`discords`). Memory does not grow.

    One update costs O(n_features · history) for each length of windows. Without normalisation it costs
    O(n_features · history · window): each distance is summed anew. Objects can be pickled. Several threads may use one
    (z-normalised).

    Parameters
    ----------
    window
        The length of a window in samples, 3 or more; or several lengths, which are compared each for itself. A
        list of one length is one length.
    history
        How many samples are remembered, the newest included: at least twice the longest ``window``. Older ones are
        forgotten: nothing is compared with them, and no discord lies there.
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
    >>> [discord] = stream.discords()  # among the last 500 samples: what came back to normal long ago is forgotten
    >>> discord.start >= 500
    True
    """

    __slots__ = ("_core", "_several")

    @known_keywords
    def __init__(
        self, window: int | Sequence[int], history: int, n_features: int = 1, *, distance: Distance = "znormalized"
    ) -> None:
        if isinstance(window, Sequence | np.ndarray) and not isinstance(window, str):
            windows = [whole(f"window[{at}]", each, least=3, most=MOST) for at, each in enumerate(window)]
        else:
            windows = [whole("window", window, least=3, most=MOST)]
        if not windows:
            raise SpecError("window", "must be one length or more", "none")
        self._several = len(windows) > 1
        sizes = (
            whole("history", history, least=1, most=MOST),
            whole("n_features", n_features, least=1, most=MOST),
        )
        name = distance_name(distance)
        self._core: _core.MatrixProfileStream | PlainStream = (
            _core.MatrixProfileStream(windows, *sizes)
            if name == "znormalized"
            else PlainStream(windows, *sizes, distance=name)
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
            j + 1 features (mSTAMP), so the last one is over all. With several lengths shape (lengths,) or
            (lengths, n_features). NaN until the first window is complete; inf while the window has no neighbour, or
            holds a NaN or an infinity. Two constant windows are 0 apart, a constant one and another √window.
        """
        if type(x) is float or type(x) is np.float64:
            return self._core.update_each(x) if self._several else self._core.update_one(x)
        values = np.atleast_1d(np.asarray(x))
        scores = self._core.update(as_floats("x", values, 1).reshape(1, -1)).reshape(self._shape)
        return scores if self._shape else float(scores)

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
            Shape (n,) if there is one feature, else (n, n_features); with several lengths (n, lengths) or
            (n, lengths, n_features).
        """
        values = numbers("X", X)
        if values.ndim == 1 and self.n_features == 1:
            values = values.reshape(-1, 1)
        if values.ndim == 2 and values.shape[0] == 0 and values.shape[1] == self.n_features:
            return np.empty((0, *self._shape))
        return self._core.update(as_floats("X", values, 2)).reshape(-1, *self._shape)

    def discords(self, k: int = 1, *, exclusion: int | None = None, dimensions: int | None = None) -> list[Discord]:
        """Find the windows of the remembered samples that were farthest from all before them when they came.

        Each was compared with the windows of the ``history`` samples that it ended. Of several lengths the windows with
        the largest distance over √window are found.

        Parameters
        ----------
        k
            How many to find.
        exclusion
            Windows that start at most so many samples from a discord are no other discord. The default is that none
            overlaps another.
        dimensions
            The number of features that the distance is a mean of; the default is all.

        Returns
        -------
        list of Discord
            Farthest first. Rows are numbers of samples of the whole stream; a neighbour may have been forgotten since.
            There may be fewer than ``k``: a window without a neighbour is no discord.

        Raises
        ------
        SpecError, SpecTypeError
            An argument breaks a rule.
        """
        k = whole("k", k, least=1, most=MOST)
        zone = None if exclusion is None else whole("exclusion", exclusion, most=MOST)
        level = self.n_features if dimensions is None else whole("dimensions", dimensions, least=1)
        if level > self.n_features:
            raise SpecError("dimensions", f"must be at most {self.n_features}", str(level))
        found: list[Discord] = []
        for _, discord in sorted(self._candidates(level, zone, k), key=lambda pair: -pair[0]):
            if len(found) == k:
                break
            if not any(_near(discord, other, zone) for other in found):
                found.append(discord)
        return found

    def _candidates(self, level: int, zone: int | None, k: int) -> list[tuple[float, Discord]]:
        """List windows with their scores, distances over √window: those that may be among the first k."""
        candidates = []
        for at, window in enumerate(self._core.windows):
            distances, neighbors = self._core.recent(at, level - 1)
            first = self.n_seen - window + 1 - len(distances)
            if self._several:
                # Any of them may be free where the best of its length are not.
                places = np.flatnonzero(np.isfinite(distances)).tolist()
            else:
                places = smallest_apart(-distances, k, window - 1 if zone is None else zone)
            for place in places:
                start, far = first + place, float(distances[place])
                discord = Discord(start, start + window, far, int(neighbors[place]))
                candidates.append((far / window**0.5, discord))
        return candidates

    @property
    def _shape(self) -> tuple[int, ...]:
        """The shape of a sample's scores."""
        lengths = (len(self._core.windows),) if self._several else ()
        return lengths if self.n_features == 1 else (*lengths, self.n_features)

    @property
    def window(self) -> int | tuple[int, ...]:
        """The length of a window, or the lengths."""
        return tuple(self._core.windows) if self._several else self._core.windows[0]

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

        An array of the shape of a sample's scores, if there are several features or lengths.
        """
        index = self._core.index
        return np.array(index, dtype=np.int64).reshape(self._shape) if self._shape else index[0]

    def to_bytes(self) -> bytes:
        """Save everything that later scores and discords depend on."""
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
        new._several = len(new._core.windows) > 1
        return new

    def __reduce__(self) -> tuple[Callable[[bytes], StreamingMatrixProfile], tuple[bytes]]:
        return StreamingMatrixProfile.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return (
            f"StreamingMatrixProfile(window={self.window}, history={self.history}, n_features={self.n_features}): "
            f"{self.n_seen} samples seen"
        )


def _near(discord: Discord, other: Discord, zone: int | None) -> bool:
    """Whether two windows are too near each other to be two discords."""
    if zone is not None:
        return abs(discord.start - other.start) <= zone
    return discord.start < other.stop and other.start < discord.stop
