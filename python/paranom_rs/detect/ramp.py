"""RAMP: real-time detection of anomalies in streams of many channels. It trains itself and takes feedback.

After D. Herath, *RAMP: Real-Time Aggregated Matrix Profile for Anomaly Detection* (the published text and program).

The last ``window`` (m) samples are compared, channel by channel, with every window of the reference: the first
``reference`` (M) samples of the process. The distances to the nearest ones, in units of ``scale``, add up to the
score. A learnt weight of that pattern multiplies it. A score above ``threshold`` is an anomaly.

`paranom_rs.detect.ramp_replay` is the published loop over a finished recording, `paranom_rs.plotting.ramp` the picture.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._core import Detection, RampCore
from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import each, file_path, matrix, positive, real, whole
from paranom_rs._internal.columns import column_names
from paranom_rs._internal.keywords import known_keywords
from paranom_rs.errors import SpecError, SpecTypeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RAMP", "Detection", "Scores"]

Process = str | int | None
Mode = Literal["default", "author"]
Scale = Literal["std", "relative", "mad", "none"]
Refresh = Literal["never", "sliding", "clean"]
NanPolicy = Literal["skip", "propagate", "raise"]
Kernel = Literal["gaussian", "author"]
TrainOn = Literal["flagged", "every_step"]


@dataclass(frozen=True, slots=True)
class Scores:
    """The results of `RAMP.score`, one entry per sample: that of the window which the sample completes.

    Samples that complete no window (the reference still fills) have a NaN score, and ``time``, ``start`` and
    ``owner`` -1.

    Attributes
    ----------
    is_anomaly
        (n,) bool: the score is above the threshold.
    score
        (n,) float64.
    contributions
        (n, d) float64: each channel's share of the score. Rows sum to 1.
    uncertainty
        (n,) float64: the guess p in [0, 1].
    time
        (n,) int64: the index of the window's last sample. Feedback refers to it.
    start
        (n,) int64: the index of the window's first sample.
    alarm
        (n,) bool: like ``is_anomaly``, with hysteresis and minimum gap.
    owner
        (n,) int64: the position of the sample's process in `RAMP.processes`.
    """

    is_anomaly: NDArray[np.bool_]
    score: NDArray[np.float64]
    contributions: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    time: NDArray[np.int64]
    start: NDArray[np.int64]
    alarm: NDArray[np.bool_]
    owner: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.score)


class RAMP(RampCore):
    """A detector for live streams: scores each sample, trains itself, takes feedback.

    Parameters
    ----------
    n_features
        Channels, d.
    window
        Samples that are compared at once, m >= 2.
    reference
        Samples that are remembered, M > m. Feedback is possible for as many samples.
    threshold
        Scores above it are anomalies, > 0. See `calibrate`.
    bias
        b > 0. The larger it is, the faster the detector grows sure that its alarms are real.
    mode
        ``"default"``, or ``"author"``: every answer of the published program.
    scale
        The unit of distance of a channel.

        * ``"std"``: the standard deviation of the reference; the distance is the mean absolute difference.
        * ``"mad"``: 1.4826 times the median absolute deviation of the reference.
        * ``"none"``: 1.
        * ``"relative"``: the sum of magnitudes of the reference window. The default of author mode.

        The unit of a channel that is constant in the reference is 1, as in scikit-learn's scalers. Constant is also
        what varies by rounding only: values within 16 units in the last place, a deviation below 2.2e-15. Where the
        median absolute deviation is 0 the standard deviation takes its place. A shift of all values of a channel, if it
        rounds none, changes no score (but for the relative scale, whose windows' magnitudes count as no smaller than
        1e-6 of the channel's).
    refresh
        ``"never"``: the reference stays. ``"sliding"``: it is always the M samples before the live window.
        ``"clean"``: as sliding, but a sample enters only if no window that held it was flagged. The scale is measured
        again after every M samples that entered.
    nan_policy
        A sample counts as missing if it is NaN, infinite, masked or beyond 1e300. ``"skip"`` scores the samples that
        are there, as long as these are half of a channel's window. With ``"propagate"`` the score is NaN while a live
        window holds a missing sample: no anomaly, no training. ``"raise"`` refuses the sample. Reference windows with
        missing samples are not compared.
    kernel
        How training spreads to windows s samples away: ``"gaussian"`` exp(-s²/2m²), or ``"author"`` exp(-s²).
    train_on
        Train after ``"flagged"`` windows only, or at ``"every_step"`` (the default of author mode).
    p_limit
        Train only while the uncertainty is below it. 0 switches self-training off.
    release, min_gap
        An alarm ends once scores are at or below ``release * threshold`` for ``min_gap`` windows in a row.
    max_weights
        A process keeps this many trained weights. The least recently used go first, those with feedback last.
    processes
        ``None``: any key starts a process at its first sample. A list of keys: these are all there are.
        ``"infer"``: samples come without a key, and the process with the smallest score owns the sample (see
        `add_process`).

    Raises
    ------
    SpecError
        (ValueError) An argument breaks a rule.
    SpecTypeError
        (TypeError) An argument has the wrong type.

    Notes
    -----
    `update` takes one sample and returns a `Detection`, or None while the reference fills. `score` and `update_many`
    take many samples and return `Scores`, arrays of the same values.

    Where samples come as tables, or as rows of one (a Series of pandas), the names of their columns are kept in
    `feature_names_in_`. Other names, or another order, are refused from then on; samples without names pass.

    A refused call changes nothing. All methods may be called from several threads.

    In default mode training moves the weight of the nearest pattern, and its neighbours', by 1 - p of the way towards
    the one that ends the alarm at half the threshold, and never up. In author mode weights are multiplied as published,
    and kept at 1e150 or less.
    """

    __slots__ = ("__weakref__",)

    @known_keywords
    def __new__(
        cls,
        n_features: int,
        *,
        window: int,
        reference: int,
        threshold: float,
        bias: float = 0.85,
        mode: Mode = "default",
        scale: Scale | None = None,
        refresh: Refresh = "never",
        nan_policy: NanPolicy = "skip",
        kernel: Kernel | None = None,
        train_on: TrainOn | None = None,
        p_limit: float = 1.0,
        release: float = 1.0,
        min_gap: int = 0,
        max_weights: int = 100_000,
        processes: Literal["infer"] | Sequence[str | int] | None = None,
    ) -> RAMP:
        """Make a detector that has seen nothing."""
        settings = {
            "n_features": n_features,
            "window": window,
            "reference": reference,
            "threshold": threshold,
            "bias": bias,
            "mode": mode,
            "refresh": refresh,
            "nan_policy": nan_policy,
            "p_limit": p_limit,
            "release": release,
            "min_gap": min_gap,
            "max_weights": max_weights,
            "processes": processes,
        }
        # Their defaults depend on the mode.
        by_mode = {"scale": scale, "kernel": kernel, "train_on": train_on}
        return super().__new__(cls, settings | {name: value for name, value in by_mode.items() if value is not None})

    def score(self, X: ArrayLike, process: Process = None) -> Scores:
        """Score many samples: the same numbers as that many updates, without holding the GIL.

        If interrupted, the detector is as before.

        Parameters
        ----------
        X
            (n, d), a sample per row.
        process
            The process that the samples belong to.

        Returns
        -------
        Scores
        """
        return self._scores(self._score(matrix("X", X), process, column_names("X", X)))

    def update_many(
        self, X: ArrayLike, processes: Sequence[str | int] | NDArray[np.int64], *, threads: int | None = None
    ) -> Scores:
        """Score samples of many processes, in parallel over processes.

        The rows of one process are taken in order. The numbers are those of n updates, whatever ``threads``. Ctrl-C
        stops a call of some tenths of a second or more, and the detector is as before (such a call keeps a copy of the
        processes until it is done).

        Parameters
        ----------
        X
            (n, d), a sample per row.
        processes
            (n,), the process of each row.
        threads
            Default: ``PARANOM_NUM_THREADS``, else all cores.

        Returns
        -------
        Scores
        """
        if threads is not None:
            threads = whole("threads", threads, least=1, most=1024)
        if (
            isinstance(processes, np.ndarray)
            and processes.dtype.kind in "iu"
            and np.can_cast(processes.dtype, np.int64)
        ):
            processes = processes.astype(np.int64)
        return self._scores(self._update_many(matrix("X", X), processes, threads, column_names("X", X)))

    def _scores(self, arrays: dict[str, Any]) -> Scores:
        time = arrays["time"]
        return Scores(start=np.where(time < 0, -1, time - (self.window - 1)), **arrays)

    def feedback(
        self,
        *,
        true_positives: Iterable[int] = (),
        false_positives: Iterable[int] = (),
        process: Process = None,
    ) -> None:
        """Confirm or dismiss detections of the last ``reference`` samples, in any order.

        Repeating feedback changes nothing, and the contrary replaces it. Where feedback on one pattern is contradictory
        (a higher score dismissed, a lower one confirmed), the newest holds. In author mode the program's rule applies:
        each call moves K and multiplies weights.

        Parameters
        ----------
        true_positives
            ``time`` of detections that were anomalies, flagged or not. From now on their patterns alarm, at twice the
            threshold at least.
        false_positives
            ``time`` of detections that were no anomalies. Their patterns end at half the threshold, and the detector
            doubts its alarms for longer.
        process
            The process of the detections; not needed with ``processes="infer"``.

        Raises
        ------
        SpecError
            A time among both; more false positives than ``reference``; a time that can be none.
        SpecTypeError
            A time that is no int.
        UnknownKeyError
            (KeyError) A time without a detection, or too long ago; an unknown process.
        """
        self._feedback(_times(true_positives, "true_positives"), _times(false_positives, "false_positives"), process)

    def undo(self, times: Iterable[int], *, process: Process = None) -> None:
        """Take back the feedback on detections of the last ``reference`` samples.

        Nothing happens to detections without feedback.

        Parameters
        ----------
        times
            ``time`` of the detections.
        process
            The process of the detections; not needed with ``processes="infer"``.

        Raises
        ------
        SpecError
            ``mode="author"``, which multiplies feedback in; a time that can be none.
        SpecTypeError
            A time that is no int.
        UnknownKeyError
            (KeyError) A time without a detection, or too long ago; an unknown process.
        """
        self._undo(_times(times, "times"), process)

    def calibrate(
        self,
        X: ArrayLike,
        *,
        quantile: float | None = None,
        alarms_per_day: float | None = None,
        rows_per_day: float | None = None,
    ) -> float:
        """Set the threshold from ordinary data, and change nothing else.

        A fresh detector without training scores ``X``, whose first ``reference`` rows are its reference. The threshold
        becomes the ``quantile`` of these scores, or the lowest one at which, and above which, they begin at most
        ``alarms_per_day * len(scores) / rows_per_day`` alarms.

        Parameters
        ----------
        X
            (n, d), at least ``reference + window`` ordinary rows of one process.
        quantile
            In [0, 1]: the share of windows at or below the threshold.
        alarms_per_day
            Alarms, not flagged samples, per day: beginnings of ``alarm``, with ``release`` and ``min_gap``. May be a
            fraction (1/7: one a week). Less than one over all of ``X``: the largest score.
        rows_per_day
            86,400 at one row a second.

        Returns
        -------
        float
            The threshold.

        Raises
        ------
        SpecError
            Both ways or neither given, a number outside its range, too few rows.
        SpecTypeError
            An argument that holds no numbers.
        """
        by_rate = alarms_per_day is not None and rows_per_day is not None
        if (quantile is None) != by_rate or (alarms_per_day is None) != (rows_per_day is None):
            raise SpecError("quantile", "must be given alone, or else alarms_per_day and rows_per_day")
        if quantile is not None and not 0 <= real("quantile", quantile) <= 1:
            raise SpecError("quantile", "must be from 0 to 1", str(quantile))
        if alarms_per_day is not None and rows_per_day is not None:
            positive("alarms_per_day", alarms_per_day)
            positive("rows_per_day", rows_per_day)
        settings = self.settings | {"p_limit": 0.0, "processes": None}
        if settings["nan_policy"] == "propagate":
            settings["nan_policy"] = "skip"
        rows, names = matrix("X", X), column_names("X", X)
        if names is not None:
            self._take_names("X.columns", names, False)
        scores = RampCore(settings)._score(rows)["score"]
        scores = scores[~np.isnan(scores)]
        if len(scores) == 0:
            least = self.reference + self.window
            raise SpecError("X", f"must have at least reference + window = {least} rows", str(len(rows)))
        if not np.isfinite(rows).any():
            raise SpecError("X", "must hold values", "missing ones only")
        if quantile is not None:
            threshold = float(np.quantile(scores, quantile))
        else:
            assert alarms_per_day is not None
            assert rows_per_day is not None
            budget = alarms_per_day * len(scores) / rows_per_day
            threshold = lowest_threshold(scores, budget, release=settings["release"], min_gap=settings["min_gap"])
        self.threshold = max(threshold, 1e-100)
        if names is not None:
            self._take_names("X.columns", names, True)
        return self.threshold

    def name_features(self, names: Sequence[str]) -> None:
        """Name the channels, as the first table does (see `feature_names_in_`).

        Raises
        ------
        SpecError
            Another number of names than channels, or other names than the channels have.
        """
        self._take_names("names", [str(name) for name in names], True)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The names of the channels, (d,): the columns of the first table (pandas, polars, Arrow) that was given.

        They are saved with the detector. AttributeError while there are none.
        """
        if self._feature_names is None:
            raise AttributeError("feature_names_in_ is there once a table with names of columns was given")
        return np.array(self._feature_names, dtype=object)

    @property
    def n_features(self) -> int:
        """Channels, d."""
        return int(self.settings["n_features"])

    @property
    def window(self) -> int:
        """Samples that are compared at once, m."""
        return int(self.settings["window"])

    @property
    def reference(self) -> int:
        """Samples that are remembered, M."""
        return int(self.settings["reference"])

    @classmethod
    def from_bytes(cls, data: bytes) -> RAMP:
        """Load what `to_bytes` saved. Safe on any bytes.

        Raises
        ------
        StateError
            (ValueError) Bytes that are cut off, changed, foreign, or of another version.
        """
        if not isinstance(data, bytes):
            raise SpecTypeError("data", "must be bytes", type(data).__name__)
        return super().__new__(cls, data)

    def save(self, path: str | PathLike[str]) -> None:
        """Write `to_bytes` to a file, whole or not at all."""
        with whole_file(file_path(path)) as temporary:
            temporary.write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RAMP:
        """Read a file that `save` wrote."""
        return cls.from_bytes(file_path(path).read_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    def __copy__(self) -> RAMP:
        return self.from_bytes(self.to_bytes())

    def __deepcopy__(self, memo: dict[int, Any]) -> RAMP:
        return self.__copy__()

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"RAMP({settings})"

    def plot(
        self,
        X: ArrayLike,
        scores: Scores,
        *,
        names: Sequence[str] | None = None,
        labels: ArrayLike | None = None,
    ) -> Figure:
        """Draw the rows ``X`` (n, d) and the ``scores`` that this detector gave them.

        See `paranom_rs.plotting.ramp.plot` for ``names`` and ``labels``.
        """
        from paranom_rs.plotting.ramp import plot

        return plot(
            X,
            scores.score,
            threshold=self.threshold,
            contributions=scores.contributions,
            alarms=scores.alarm,
            names=names,
            labels=labels,
        )


def _times(times: Iterable[int], path: str) -> list[int]:
    """Detection times as whole numbers."""
    found = []
    for i, time in each(path, times):
        try:
            number = operator.index(time)
        except TypeError:
            raise SpecTypeError(f"{path}[{i}]", "must be an int", type(time).__name__) from None
        if isinstance(time, bool):
            raise SpecTypeError(f"{path}[{i}]", "must be an int", "bool")
        if not 0 <= number < 1 << 62:
            raise SpecError(f"{path}[{i}]", "must be the time of a detection", str(number))
        found.append(number)
    return found
