"""Where a series changes its behaviour: windows before a change have their nearest neighbours before it, too.

Source: Gharghabi et al., "Matrix Profile VIII: Domain Agnostic Online Semantic Segmentation at Superhuman Performance
Levels" (ICDM 2017): FLUSS for a whole series, FLOSS for a stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import instance, numbers, shown, whole
from paranom_rs._internal.keywords import known_keywords
from paranom_rs._internal.row_times import time_of
from paranom_rs.detect.apart import smallest_apart
from paranom_rs.detect.detector_file import DetectorState, pack, unpack_of
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.detect.series import MOST, Distance, as_floats, distance_name
from paranom_rs.errors import ParanomError, SpecError, StateError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FLOSS", "Segmentation", "fluss"]

# Rows at both ends and around a change in which no other change is looked for, in windows' lengths.
_APART = 5


class Segmentation(NamedTuple):
    """Where a series changes.

    Attributes
    ----------
    changes
        The rows at which the behaviour changes, the clearest change first.
    curve
        The corrected arc curve, shape (windows,): how many windows have their nearest neighbour on the other side of a
        row, divided by how many would if neighbours were drawn at random; 1 at most. It is low at a change.
    times
        The timestamps of the changes, if the series came with timestamps; else None.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import fluss, matrix_profile
    >>> t = np.arange(1_000)
    >>> x = np.where(t < 500, np.sin(t / 5), np.sin(t / 2)) + 0.05 * np.random.default_rng(0).normal(size=1_000)
    >>> segmentation = fluss(matrix_profile(x, window=30), regimes=2)
    >>> len(segmentation.changes), segmentation.curve.shape
    (1, (971,))
    """

    changes: list[int]
    curve: NDArray[np.float64]
    times: list[Any] | None = None


def fluss(found: MatrixProfile, regimes: int, *, exclusion: int | None = None) -> Segmentation:
    """Cut a series into parts of different behaviour (FLUSS).

    Parameters
    ----------
    found
        The matrix profile of one series. The windows should be about as long as one period of its behaviours.
    regimes
        How many parts: 2 or more. There may be fewer changes than ``regimes - 1`` if the series is too short for them.
    exclusion
        Rows at both ends, and around each change, in which no other change is looked for; the default is 5 windows.

    Returns
    -------
    Segmentation
        The changes and the curve that shows them.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import fluss, matrix_profile
    >>> t = np.arange(1_000)
    >>> x = np.where(t < 500, np.sin(t / 5), np.sin(t / 2)) + 0.05 * np.random.default_rng(0).normal(size=1_000)
    >>> [change] = fluss(matrix_profile(x, window=30), regimes=2).changes
    >>> bool(460 < change < 540)
    True
    """
    count = whole("regimes", regimes, least=2, most=MOST)
    instance("found", found, MatrixProfile)
    if found.left_indices is None or found.x.ndim != 1:
        raise SpecError("found", "must be the matrix profile of one series", shown(found))
    zone = _APART * found.window if exclusion is None else whole("exclusion", exclusion, most=MOST)
    _, indices = found.nearest()
    windows = len(indices)
    rows = np.arange(windows)
    curve = _corrected(_arcs(rows, indices), 2 * rows * (windows - rows) / windows, zone)
    changes = smallest_apart(np.where(curve < 1, curve, np.inf), count - 1, zone)
    times = None if found.times is None else [time_of(found.times, at) for at in changes]
    return Segmentation(changes, curve, times)


def _arcs(rows: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many arcs, from rows to the neighbours that they have, pass over each row."""
    known = indices >= 0
    ends = np.sort([rows[known], indices[known]], axis=0)
    size = len(rows)
    steps = np.bincount(ends[0], minlength=size) - np.bincount(ends[1], minlength=size)
    return steps.cumsum().astype(np.float64)


def _corrected(arcs: NDArray[np.float64], expected: NDArray[np.float64], zone: int) -> NDArray[np.float64]:
    curve = np.minimum(np.divide(arcs, expected, out=np.ones_like(arcs), where=expected > 0), 1)
    curve[:zone] = 1
    curve[max(len(curve) - zone, 0) :] = 1
    return curve


class FLOSS:
    """Where a stream changes its behaviour (FLOSS): the corrected arc curve of its last samples.

    Each window is linked to its nearest later neighbour. So windows that are forgotten take no neighbour away.

    Parameters
    ----------
    window
        The length of a window in samples, 3 or more.
    history
        How many samples are remembered: at least twice ``window``.
    exclusion
        Rows at both ends of the history in which no change is looked for; the default is 5 windows.
    distance
        How windows are compared, as in :func:`matrix_profile`.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import FLOSS
    >>> floss = FLOSS(window=20, history=200)
    >>> x = np.sin(np.arange(300) / 5)
    >>> for value in x:
    ...     _ = floss.update(value)
    >>> len(floss.curve) > 0
    True
    """

    @known_keywords
    def __init__(
        self, window: int, history: int, *, exclusion: int | None = None, distance: Distance = "znormalized"
    ) -> None:
        self.window = whole("window", window, least=3, most=MOST)
        self.history = whole("history", history, least=2 * self.window, most=MOST)
        self._zone = _APART * self.window if exclusion is None else whole("exclusion", exclusion, most=MOST)
        self._distance = distance_name(distance)
        # z-normalised distances follow from those of the window before; the others are summed anew.
        self._stream = None
        if self._distance == "znormalized":
            self._stream = _core.MatrixProfileStream([self.window], self.history, 1)
        self._x = np.empty(0)
        self._profile, self._indices = np.empty(0), np.empty(0, dtype=np.int64)
        self.n_seen = 0

    def update(self, x: float) -> None:
        """Take one sample.

        Parameters
        ----------
        x
            The sample; a window with a NaN or an infinity has no neighbour.
        """
        self.update_many([x])

    def update_many(self, X: ArrayLike) -> None:
        """Take samples in order.

        Parameters
        ----------
        X
            The samples, shape (n,).
        """
        values = numbers("X", X)
        for value in as_floats("X", values, 1) if values.size or values.ndim != 1 else values:
            self._take(float(value))

    def _take(self, value: float) -> None:
        if self._stream is not None:
            self._stream.update_one(value)
        self._x = np.append(self._x, value)[-self.history :]
        self.n_seen += 1
        windows = len(self._x) - self.window + 1
        if windows < 1:
            return
        if len(self._profile) == self.history - self.window + 1:
            self._profile, self._indices = self._profile[1:], self._indices[1:]
        self._profile = np.append(self._profile, np.inf)
        self._indices = np.append(self._indices, -1)
        earlier = windows - 1 - -(-self.window // 4)
        if earlier > 0:
            distances = self._distances(earlier)
            nearer = np.flatnonzero(distances < self._profile[:earlier])
            self._profile[nearer] = distances[nearer]
            self._indices[nearer] = self.n_seen - self.window

    def _distances(self, earlier: int) -> NDArray[np.float64]:
        """Return the distances of the newest window to the first remembered ones; those of correlations are squared."""
        if self._stream is not None:
            return 1 - self._stream.correlations()[-earlier:]
        query, others = self._x[-self.window :], self._x[: earlier + self.window - 1]
        return _core.matrix_profile_distances(query, others, distance=self._distance, threads=1)

    @property
    def start(self) -> int:
        """The number of the first sample that is remembered."""
        return self.n_seen - len(self._x)

    @property
    def curve(self) -> NDArray[np.float64]:
        """The corrected arc curve of the remembered windows, as in :class:`Segmentation`; the first is at ``start``."""
        windows = len(self._indices)
        rows = np.arange(windows)
        indices = np.where(self._indices >= 0, self._indices - self.start, -1)
        # Of the windows before a row, window i has its later neighbour behind it with probability (n - row) / (n - i).
        left = windows - rows
        behind = np.concatenate([[0.0], np.cumsum(1 / left[:-1])]) if windows else np.empty(0)
        return _corrected(_arcs(rows, indices), left * behind, self._zone)

    @property
    def change(self) -> tuple[int, float] | None:
        """The number of the sample at which the curve is lowest, and its value there; None if it is 1 everywhere."""
        curve = self.curve
        if not len(curve) or curve.min() >= 1:
            return None
        at = int(curve.argmin())
        return self.start + at, float(curve[at])

    def to_bytes(self) -> bytes:
        """Save everything that later curves depend on: versioned, with a checksum."""
        parameters = {
            "window": self.window,
            "history": self.history,
            "exclusion": self._zone,
            "distance": self._distance,
        }
        arrays: dict[str, NDArray[Any]] = {"x": self._x, "profile": self._profile, "indices": self._indices}
        if self._stream is not None:
            arrays["stream"] = np.frombuffer(self._stream.to_bytes(), dtype=np.uint8)
        return pack(DetectorState("FLOSS", parameters, {"n_seen": self.n_seen}, arrays))

    @classmethod
    def from_bytes(cls, data: bytes) -> FLOSS:
        """Restore what :meth:`to_bytes` saved; it goes on with the same bits.

        Raises
        ------
        StateError
            The bytes are cut off, changed, foreign or of another version.
        SpecTypeError
            They are no bytes.
        """
        state = unpack_of(data, "FLOSS")
        try:
            new = cls(**state.parameters)
            new._take_state(state)
        except (ParanomError, TypeError, ValueError, KeyError) as error:
            raise StateError(f"a damaged state of FLOSS: {error}") from None
        return new

    def _take_state(self, state: DetectorState) -> None:
        arrays, seen = state.arrays, whole("n_seen", state.values["n_seen"], most=MOST)
        windows = max(min(seen, self.history) - self.window + 1, 0)
        sizes = {"x": min(seen, self.history), "profile": windows, "indices": windows}
        kinds = {"x": "f", "profile": "f", "indices": "i"}
        for name, size in sizes.items():
            if arrays[name].shape != (size,) or arrays[name].dtype.kind != kinds[name]:
                raise ValueError(f"{name} of {arrays[name].dtype} and shape {arrays[name].shape}")
        indices = arrays["indices"]
        if np.any((indices < -1) | (indices > seen - self.window)):
            raise ValueError("indices that no window has")
        if self._stream is not None:
            stream = _core.MatrixProfileStream.from_bytes(arrays["stream"].tobytes())
            found = (stream.windows, stream.history, stream.n_features, stream.seen)
            if found != ([self.window], self.history, 1, seen):
                raise ValueError("a stream of other settings")
            self._stream = stream
        self._x, self._profile, self._indices, self.n_seen = arrays["x"], arrays["profile"], indices, seen

    def __reduce__(self) -> tuple[Callable[[bytes], FLOSS], tuple[bytes]]:
        return FLOSS.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return f"FLOSS(window={self.window}, history={self.history}): {self.n_seen} samples seen"
