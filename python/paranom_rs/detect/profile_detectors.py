"""The matrix profile as a detector: against the training rows, and against all rows before."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import OrNone, Rule, Whole
from paranom_rs.detect.base import Detector
from paranom_rs.detect.matrix_profile import matrix_profile_ab_join
from paranom_rs.detect.matrix_profile_stream import StreamingMatrixProfile
from paranom_rs.detect.scaled_windows import default_window

#: Values end here: their squares can be summed.
_LARGEST = 1e140


def _flat(rows: Floats) -> Floats:
    """Return rows as a streaming profile takes them: one channel is a vector."""
    rows = np.clip(rows, -_LARGEST, _LARGEST)
    return rows[:, 0] if rows.shape[1] == 1 else rows


class _Profile(Detector):
    """What both have: a window of three rows or more."""

    parameters: ClassVar[dict[str, Rule]] = {"window": OrNone(Whole(3, 2**20)), **Detector.parameters}

    window: int | None

    def _least_rows(self) -> int:
        return 24 if self.window is None else max(4 * int(self.window), 24)

    def _choose_window(self) -> None:
        self.window_ = max(default_window(self._longest), 3) if self.window is None else int(self.window)


class MatrixProfileDetector(_Profile):
    """The distance of a window's shape to the nearest shape in the training rows (an AB-join), mean over channels.

    Windows are compared after each is shifted to mean 0 and scaled to standard deviation 1. So a change of level or of
    amplitude alone is no anomaly: `NearestWindows` and `RAMP` find these.

    Parameters
    ----------
    window
        Rows that are compared at once, 3 or more. None: 60, or a sixth of the training rows if they are few.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Notes
    -----
    A channel with a missing value in the window counts as 0.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import MatrixProfileDetector
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = MatrixProfileDetector().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    _reference: Floats

    def __init__(self, *, window: int | None = None, trim: float = 0.0, alarm_share: float = 0.01) -> None:
        self._take(locals())

    def _learn(self, rows: Floats) -> None:
        self._choose_window()
        self._learn_again(np.clip(rows, -_LARGEST, _LARGEST))

    def _learn_again(self, rows: Floats) -> None:
        self._reference = rows

    def _distances(self, rows: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Return the distance of each window and channel, (k, d), and where its neighbour begins."""
        # One window of a stream is not worth a thread.
        threads = 1 if len(rows) < 2000 else None
        columns = np.clip(rows, -_LARGEST, _LARGEST).T
        found = [
            matrix_profile_ab_join(column, self._reference[:, j], self.window_, threads=threads)
            for j, column in enumerate(columns)
        ]
        distances = np.stack([profile.profile for profile in found], axis=1)
        return np.where(np.isfinite(distances), distances, 0.0), np.stack([p.indices for p in found], axis=1)

    def _window_scores(self, rows: Floats) -> Floats:
        return np.asarray(self._distances(rows)[0].mean(axis=1))

    def _contributions(self, window: Floats) -> Floats:
        return np.asarray(self._distances(window)[0][0])

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        starts = self._distances(window)[1][0].tolist()
        columns = [
            self._reference[start : start + self.window_, j] if start >= 0 else np.full(self.window_, np.nan)
            for j, start in enumerate(starts)
        ]
        return starts[0] if len(starts) == 1 and starts[0] >= 0 else None, np.stack(columns, axis=1)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {"reference": self._reference}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self._reference = arrays["reference"]
        if self._reference.dtype != np.float64 or self._reference.shape[1:] != (self.n_features_in_,):
            raise ValueError("its reference is not of its channels")


class LeftMatrixProfile(MatrixProfileDetector):
    """The distance of a window's shape to the nearest shape before it, in the training rows or since.

    Windows are compared as in `MatrixProfileDetector`; in several channels the distances are averaged for each pair of
    windows. What has happened once is normal from then on.

    Parameters
    ----------
    window
        Rows that are compared at once, 3 or more. None: 60, or a sixth of the training rows if they are few.
    history
        Rows that are remembered. None: four times the training rows, 10,000 at least.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Notes
    -----
    The first half of the training rows has little to be compared with: its ``decision_scores_`` are NaN, and the
    thresholds come from the second half. A window with a missing value has the lowest score. `explain` compares the
    window with the training rows only.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import LeftMatrixProfile
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = LeftMatrixProfile(window=30).fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(270 <= scores.argmax() <= 340)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "window": OrNone(Whole(3, 2**20)),
        "history": OrNone(Whole(12, 2**40)),
        **Detector.parameters,
    }

    history: int | None
    _after_training: bytes
    _live: StreamingMatrixProfile

    def __init__(
        self, *, window: int | None = None, history: int | None = None, trim: float = 0.0, alarm_share: float = 0.01
    ) -> None:
        self._take(locals())

    def _learn(self, rows: Floats) -> None:
        self._choose_window()
        history = max(4 * len(rows), 10_000) if self.history is None else int(self.history)
        self._reference = rows
        stream = StreamingMatrixProfile(self.window_, max(history, 2 * self.window_ + 2), rows.shape[1])
        self._training = self._numbers(stream.update_many(_flat(rows)))
        # A series that is scored begins by itself: no window holds rows of both.
        stream.update_many(_flat(np.full((1, rows.shape[1]), np.nan)))
        self._after_training = stream.to_bytes()

    def _numbers(self, distances: Floats) -> Floats:
        """Return the distance over all channels; the floor where there is none."""
        last = np.asarray(distances).reshape(len(distances), -1)[:, -1]
        return np.where(np.isfinite(last), last, self._floor)

    def _held_out(self, rows: Floats) -> tuple[Floats, Floats]:
        causal = self._training
        del self._training
        half = len(rows) // 2
        blank = np.where(np.arange(len(rows)) < half, np.nan, causal)
        return blank, blank.copy()

    def _window_scores(self, rows: Floats) -> Floats:
        stream = StreamingMatrixProfile.from_bytes(self._after_training)
        return self._numbers(stream.update_many(_flat(rows)))[self.window_ - 1 :]

    def restart(self) -> None:
        """Forget the rows of the stream: the next `update` is the first row of a series."""
        super().restart()
        self._live = StreamingMatrixProfile.from_bytes(self._after_training)

    def _next_scores(self, rows: Floats) -> Floats:
        scores = self._numbers(self._live.update_many(_flat(rows)))
        scores[: max(self.window_ - 1 - self._seen, 0)] = self._floor
        self._remember(rows, rows)
        return scores

    def __copy__(self) -> LeftMatrixProfile:
        made = super().__copy__()
        if hasattr(self, "_live"):
            made._live = StreamingMatrixProfile.from_bytes(self._live.to_bytes())
        return made

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        after, live = (np.frombuffer(data, np.uint8) for data in (self._after_training, self._live.to_bytes()))
        values, kept = super()._state()
        return values, {**kept, "after_training": after, "live": live}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        self._after_training = arrays["after_training"].tobytes()
        after = StreamingMatrixProfile.from_bytes(self._after_training)
        self._live = StreamingMatrixProfile.from_bytes(arrays["live"].tobytes())
        for stream in (after, self._live):
            if (stream.window, stream.n_features) != (self.window_, self.n_features_in_):
                raise ValueError("its stream is not of its channels")
