"""RAMP: real-time detection of anomalies in streams of many channels. It trains itself and takes feedback.

After D. Herath, *RAMP: Real-Time Aggregated Matrix Profile for Anomaly Detection* (the published text and program).

The last ``window`` (m) samples are compared, channel by channel or all at once, with every window of the reference:
the first ``reference`` (M) samples of the process, or the training rows. The distances to the nearest ones, in units
of ``scale``, add up to the score. A learnt weight of that pattern multiplies it. A score above ``threshold`` is an
anomaly.

`paranom_rs.detect.ramp_replay` is the published loop over a finished recording, `paranom_rs.plotting.ramp` the picture.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._core import Detection, RampCore
from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs._internal.checks import each, matrix, positive, real, whole
from paranom_rs._internal.columns import column_names
from paranom_rs._internal.rules import Flag, OneOf, OrNone, Positive, Rule, Share, Whole
from paranom_rs.detect.base import Detector, ThresholdRule
from paranom_rs.detect.detector_file import MAGIC
from paranom_rs.detect.processes import KnownProcesses
from paranom_rs.detect.scaled_windows import default_window
from paranom_rs.detect.training_rows import TrainingRows
from paranom_rs.errors import NotFittedError, SpecError, SpecTypeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RAMP", "Detection", "Scores"]

Process = str | int | None
Mode = Literal["default", "author"]
Scale = Literal["std", "relative", "mad", "none"]
Distance = Literal["per_channel", "joint"]
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

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import RAMP
    >>> scores = RAMP(1, window=5, reference=60, threshold=1.0).score(np.sin(np.arange(100.0))[:, None])
    >>> scores.score.shape, int(np.isnan(scores.score).sum())
    ((100,), 64)
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


#: With so many channels, or fewer, `fit` compares windows over all of them at once.
MOST_JOINT = 4
#: So many flagged samples count as one alarm at least: permanent alarm is not one.
ROWS_PER_ALARM = 10
#: Training rows that become the reference: the last ones.
MOST_REFERENCE = 100_000


class RAMP(Detector):
    """A detector for live streams: scores each sample, trains itself, takes feedback.

    There are two ways to begin. ``RAMP().fit(train)`` takes all settings from normal rows, which become the reference;
    after that it is a `Detector` like every other, and `update` scores from the first window on. ``RAMP(n_features,
    window=..., reference=...)`` needs no training rows: the first ``reference`` samples of the stream are the
    reference.

    Parameters
    ----------
    n_features
        Channels, d. None: those of the rows that `fit` gets.
    window
        Samples that are compared at once, m >= 2. None: 60, or a sixth of the training rows if they are few.
    reference
        Samples that are remembered, M > m. Feedback is possible for as many samples. None: all training rows, of more
        than 100,000 the last ones.
    threshold
        Scores above it are anomalies, > 0. None: the conformal level of ``alarm_share`` after `fit`, else 1. See
        `calibrate`.
    bias
        b > 0. The larger it is, the faster the detector grows sure that its alarms are real.
    mode
        ``"default"``, or ``"author"``: every answer of the published program.
    distance
        What is nearest.

        * ``"per_channel"``: a window of each channel by itself, by the mean absolute difference; the channels'
          distances add up. The published algorithm.
        * ``"joint"``: a window of all channels at once, by the root of the mean squared difference.

        None: per channel; after `fit` of up to four channels joint, where the other settings allow it.
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
        Train only while the uncertainty is below it. 0 switches self-training off. None: 0 after `fit`, else 1.
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

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import RAMP
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> detector = RAMP().fit(X[:1_000])
    >>> scores = detector.decision_function(X[1_000:])
    >>> scores.shape, bool(280 <= scores.argmax() <= 330)
    ((500,), True)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "n_features": OrNone(Whole(1, 2**20)),
        "window": OrNone(Whole(2, 2**20)),
        "reference": OrNone(Whole(3, 2**28)),
        "threshold": OrNone(Positive(1e100)),
        "bias": Positive(),
        "mode": OneOf(("default", "author")),
        "distance": OrNone(OneOf(("per_channel", "joint"))),
        "scale": OrNone(OneOf(("std", "relative", "mad", "none"))),
        "refresh": OneOf(("never", "sliding", "clean")),
        "nan_policy": OneOf(("skip", "propagate", "raise")),
        "kernel": OrNone(OneOf(("gaussian", "author"))),
        "train_on": OrNone(OneOf(("flagged", "every_step"))),
        "p_limit": OrNone(Share(ends=True)),
        "release": Positive(1.0),
        "min_gap": Whole(0, 2**28),
        "max_weights": Whole(1, 2**28),
        "processes": KnownProcesses(),
        "follow_levels": OrNone(Flag()),
        **Detector.parameters,
    }

    n_features: int | None
    window: int | None
    reference: int | None
    distance: Distance | None
    mode: Mode
    scale: Scale | None
    refresh: Refresh
    p_limit: float | None
    _core: RampCore | None
    #: The settings and the reference that `fit` took; None before.
    _learnt: dict[str, Any] | None
    _reference: NDArray[np.float64]

    def __init__(
        self,
        n_features: int | None = None,
        *,
        window: int | None = None,
        reference: int | None = None,
        threshold: float | None = None,
        bias: float = 0.85,
        mode: Mode = "default",
        distance: Distance | None = None,
        scale: Scale | None = None,
        refresh: Refresh = "never",
        nan_policy: NanPolicy = "skip",
        kernel: Kernel | None = None,
        train_on: TrainOn | None = None,
        p_limit: float | None = None,
        release: float = 1.0,
        min_gap: int = 0,
        max_weights: int = 100_000,
        processes: Literal["infer"] | Sequence[str | int] | None = None,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in self.parameters}
        core = None
        if n_features is not None and window is not None and reference is not None:
            core = RampCore(_known_settings(given | {"threshold": 1.0 if threshold is None else threshold}))
            for name in ("alarm_share", "trim", "follow_levels"):
                self.parameters[name].check(name, given[name])
            vars(self).update(given)
        else:
            self._take(given)
        self._core, self._learnt = core, None

    # ---- fit

    def _least_rows(self) -> int:
        return 12 if self.window is None else max(3 * int(self.window), 12)

    def _learn(self, rows: NDArray[np.float64]) -> None:
        d = rows.shape[1]
        if self.n_features not in (None, d):
            raise SpecError("X", f"must have n_features = {self.n_features} channels", str(d))
        if vars(self)["processes"] is not None:
            raise SpecError("processes", "must not be given to fit: training rows are of one process")
        self.window_ = max(default_window(self._longest), 2) if self.window is None else int(self.window)
        plain = self.mode == "default" and self.refresh == "never" and self.scale != "relative"
        joint = plain and d <= MOST_JOINT
        chosen = {
            "n_features": d,
            "window": self.window_,
            "threshold": 1.0,
            "distance": self.distance or ("joint" if joint else "per_channel"),
            "p_limit": 0.0 if self.p_limit is None else self.p_limit,
        }
        self._settings = _known_settings(self.get_params() | chosen)
        self._learn_again(rows)

    def _learn_again(self, rows: NDArray[np.float64]) -> None:
        most = MOST_REFERENCE if self.reference is None else int(self.reference)
        self._reference = np.ascontiguousarray(rows[-most:])
        self._learnt = self._settings | {"reference": len(self._reference)}
        self._core = None  # a stream of before; `restart` begins another

    def _fresh(self) -> RampCore:
        """Return a core that has seen the reference only."""
        assert self._learnt is not None
        core = RampCore(self._learnt)
        core._score(self._reference)
        return core

    @property
    def _power(self) -> int:  # type: ignore[override]
        return 4 if self._learnt is not None and self._learnt["distance"] == "joint" else 1

    def _fit(self, given: TrainingRows) -> None:
        super()._fit(given)
        threshold = vars(self)["threshold"]
        if threshold is not None:
            self.threshold_ = self.causal_threshold_ = float(threshold)
            self._label()
            self.restart()

    def _window_scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = self._fresh()._score(np.ascontiguousarray(rows))["score"][self.window_ - 1 :]
        # Where a missing value makes the score unknown, nothing speaks for an anomaly.
        return np.asarray(np.nan_to_num(scores, nan=0.0, posinf=np.inf))

    def _contributions(self, window: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self._fresh()._score(np.ascontiguousarray(window))["contributions"][-1])

    def _nearest(self, window: NDArray[np.float64]) -> tuple[int | None, NDArray[np.float64] | None]:
        """Return the nearest training window; per channel the nearest one of each, and no row."""
        scale = np.nanstd(self._reference, axis=0)
        views = np.lib.stride_tricks.sliding_window_view(self._reference, self.window_, axis=0)
        units = np.where(scale > 0, scale, 1.0)
        joint = self._power == 4
        total = np.zeros(len(views))
        starts = []
        for j in range(window.shape[1]):
            difference = (views[:, j] - window[:, j]) / units[j]
            difference[:, np.isnan(window[:, j])] = 0
            far = np.square(difference).sum(axis=1) if joint else np.abs(difference).sum(axis=1)
            total += far
            starts.append(int(np.argmin(np.where(np.isnan(far), np.inf, far))))
        if joint:
            start = int(np.argmin(np.where(np.isnan(total), np.inf, total)))
            return start, self._reference[start : start + self.window_].copy()
        columns = [self._reference[s : s + self.window_, j] for j, s in enumerate(starts)]
        return None, np.stack(columns, axis=1)

    # ---- the stream

    def _streaming(self) -> RampCore:
        if self._core is None:
            raise NotFittedError("RAMP: call fit first, or give n_features, window and reference")
        return self._core

    def restart(self) -> None:
        """Forget the stream, its processes and what feedback taught: the next `update` is the first row of a series."""
        if self._learnt is None:
            settings = self._streaming().settings
            self._core = RampCore(settings)
            return
        super().restart()
        self._core = self._fresh()
        names = vars(self).get("feature_names_in_")
        if names is not None:
            self._core._take_names("X.columns", list(names), True)
        self._core.threshold = float(np.clip(self.causal_threshold_, 1e-100, 1e100))

    def update(self, x: ArrayLike, process: Process = None) -> Detection | None:
        """Score the next sample.

        Parameters
        ----------
        x
            (d,) values, or a row of a table.
        process
            The process that it belongs to.

        Returns
        -------
        Detection or None
            None while the reference and the first window fill. After `fit` only the window does; None stands for the
            lowest score, which ``decision_function(..., causal=True)`` has there.
        """
        core = self._streaming()
        if self._learnt is None or process is not None:
            return core.update(x, process)
        names = column_names("x", x)
        if names is not None:
            core._take_names("x", names, False)
        row = self._row("x", x)
        seen = self._following(row[None])
        found = core.update(seen[0])
        self._remember(row[None], seen)
        return found

    def score_next(self, x: ArrayLike, process: Process = None) -> float:
        """Return the score that `update` would give, and change nothing. NaN while the first window fills."""
        core = self._streaming()
        if self._learnt is None or process is not None:
            return core.score_next(x, process)
        return core.score_next(self._following(self._row("x", x)[None])[0])

    def add_process(self, key: str | int | None = None) -> str | int:
        """Begin a process, which takes the next ``reference`` samples while the others go on; return its key."""
        return self._streaming().add_process(key)

    @property
    def processes(self) -> Any:
        """The keys of the processes."""
        return vars(self)["processes"] if self._core is None else self._core.processes

    @property
    def n_weights(self) -> int:
        """Weights that were trained, or set by feedback, of all processes."""
        return self._streaming().n_weights

    @property
    def bytes_per_process(self) -> int:
        """Bytes of the largest process."""
        return self._streaming().bytes_per_process

    @property
    def settings(self) -> dict[str, Any]:
        """All settings by name: those in use, once there is a stream."""
        return self.get_params() if self._core is None else self._core.settings

    @property
    def threshold(self) -> float | None:
        """Scores of the stream above it are anomalies."""
        return vars(self)["threshold"] if self._core is None else self._core.threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if self._core is None:
            self._take({"threshold": threshold})
            return
        self._core.threshold = threshold
        vars(self)["threshold"] = self._core.threshold
        if self._learnt is not None:
            self.causal_threshold_ = self._core.threshold

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as they were given."""
        return {name: vars(self)[name] for name in self.parameters}

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
        core, rows, names = self._streaming(), matrix("X", X), column_names("X", X)
        if self._learnt is None or process is not None:
            return self._scores(core._score(rows, process, names))
        seen = self._following(rows)
        found = self._scores(core._score(seen, process, names))
        self._remember(rows, seen)
        return found

    def update_many(
        self,
        X: ArrayLike,
        processes: Sequence[str | int] | NDArray[np.int64] | None = None,
        *,
        threads: int | None = None,
    ) -> Scores:
        """Score samples of many processes, in parallel over processes; without ``processes`` those of one, as `score`.

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
        if processes is None:
            return self.score(X)
        if (
            isinstance(processes, np.ndarray)
            and processes.dtype.kind in "iu"
            and np.can_cast(processes.dtype, np.int64)
        ):
            processes = processes.astype(np.int64)
        return self._scores(self._streaming()._update_many(matrix("X", X), processes, threads, column_names("X", X)))

    def _scores(self, arrays: dict[str, Any]) -> Scores:
        time = arrays["time"]
        return Scores(start=np.where(time < 0, -1, time - (self.settings["window"] - 1)), **arrays)

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
        self._streaming()._feedback(
            _times(true_positives, "true_positives"), _times(false_positives, "false_positives"), process
        )

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
        self._streaming()._undo(_times(times, "times"), process)

    def calibrate(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        threshold: ThresholdRule | None = None,
        quantile: float | None = None,
        alarms_per_day: float | None = None,
        rows_per_day: float | None = None,
    ) -> Any:
        """Set the threshold from ordinary data, and change nothing else.

        After `fit` this is `Detector.calibrate`. Without `fit` a fresh detector without training scores ``X``, whose
        first ``reference`` rows are its reference. The threshold becomes the ``quantile`` of these scores, or the
        lowest one at which, and above which, they begin at most ``alarms_per_day * len(scores) / rows_per_day`` alarms.

        Parameters
        ----------
        X
            (n, d), at least ``reference + window`` ordinary rows of one process.
        y, threshold
            After `fit` only: see `Detector.calibrate`.
        quantile
            In [0, 1]: the share of windows at or below the threshold.
        alarms_per_day
            Alarms per day: beginnings of ``alarm``, with ``release`` and ``min_gap``, but no less than a tenth of the
            flagged samples. May be a fraction (1/7: one a week). Less than one over all of ``X``: the largest score.
        rows_per_day
            86,400 at one row a second.

        Returns
        -------
        float
            The threshold; after `fit` the detector.

        Raises
        ------
        SpecError
            Both ways or neither given, a number outside its range, too few rows.
        SpecTypeError
            An argument that holds no numbers.
        """
        if self._learnt is not None:
            for name, given in (("quantile", quantile), ("alarms_per_day", alarms_per_day)):
                if given is not None:
                    rule = "must not be given after fit: threshold takes a rule of paranom_rs.evaluate.thresholds"
                    raise SpecError(name, rule, str(given))
            super().calibrate(X, y, threshold=threshold)
            self._streaming().threshold = float(np.clip(self.causal_threshold_, 1e-100, 1e100))
            return self
        core = self._streaming()
        if y is not None or threshold is not None:
            raise SpecError("threshold" if y is None else "y", "must not be given before fit")
        by_rate = alarms_per_day is not None and rows_per_day is not None
        if (quantile is None) != by_rate or (alarms_per_day is None) != (rows_per_day is None):
            raise SpecError("quantile", "must be given alone, or else alarms_per_day and rows_per_day")
        if quantile is not None and not 0 <= real("quantile", quantile) <= 1:
            raise SpecError("quantile", "must be from 0 to 1", str(quantile))
        if alarms_per_day is not None and rows_per_day is not None:
            positive("alarms_per_day", alarms_per_day)
            positive("rows_per_day", rows_per_day)
        settings = core.settings | {"p_limit": 0.0, "processes": None}
        if settings["nan_policy"] == "propagate":
            settings["nan_policy"] = "skip"
        rows, names = matrix("X", X), column_names("X", X)
        if names is not None:
            core._take_names("X.columns", names, False)
        scores = RampCore(settings)._score(rows)["score"]
        scores = scores[~np.isnan(scores)]
        if len(scores) == 0:
            least = settings["reference"] + settings["window"]
            raise SpecError("X", f"must have at least reference + window = {least} rows", str(len(rows)))
        if not np.isfinite(rows).any():
            raise SpecError("X", "must hold values", "missing ones only")
        if quantile is not None:
            level = float(np.quantile(scores, quantile))
        else:
            assert alarms_per_day is not None
            assert rows_per_day is not None
            budget = alarms_per_day * len(scores) / rows_per_day
            level = lowest_threshold(
                scores, budget, release=settings["release"], min_gap=settings["min_gap"], rows_per_alarm=ROWS_PER_ALARM
            )
        self.threshold = max(level, 1e-100)
        if names is not None:
            core._take_names("X.columns", names, True)
        return core.threshold

    def name_features(self, names: Sequence[str]) -> None:
        """Name the channels, as the first table does (see `feature_names_in_`).

        Raises
        ------
        SpecError
            Another number of names than channels, or other names than the channels have.
        """
        self._streaming()._take_names("names", [str(name) for name in names], True)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The names of the channels, (d,): the columns of the first table (pandas, polars, Arrow) that was given.

        They are saved with the detector. AttributeError while there are none.
        """
        if "feature_names_in_" in vars(self):
            known: NDArray[np.object_] = vars(self)["feature_names_in_"]
            return known
        names = None if self._core is None else self._core._feature_names
        if names is None:
            raise AttributeError("feature_names_in_ is there once a table with names of columns was given")
        return np.array(names, dtype=object)

    @feature_names_in_.setter
    def feature_names_in_(self, names: NDArray[np.object_]) -> None:
        vars(self)["feature_names_in_"] = names

    def to_bytes(self) -> bytes:
        """Return the whole detector as bytes, with version and checksum. `from_bytes` continues bit for bit."""
        return self._streaming().to_bytes() if self._learnt is None else super().to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Load what `to_bytes` saved. Safe on any bytes.

        Raises
        ------
        StateError
            (ValueError) Bytes that are cut off, changed, foreign, or of another version.
        """
        if not isinstance(data, bytes):
            raise SpecTypeError("data", "must be bytes", type(data).__name__)
        if data.startswith(MAGIC):
            return super().from_bytes(data)
        core = RampCore(data)
        made = cls.__new__(cls)
        # What is given anew to make an equal detector.
        vars(made).update(core.settings, trim=0.0, alarm_share=0.01, follow_levels=None)
        made._core, made._learnt = core, None
        return made

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        live = np.frombuffer(self._streaming().to_bytes(), np.uint8)
        return {"settings": self._learnt}, {"reference": self._reference, "live": live}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self._learnt = self._settings = dict(values["settings"])
        self._reference = arrays["reference"]
        if self._reference.dtype != np.float64 or self._reference.shape[1:] != (self.n_features_in_,):
            raise ValueError("its reference is not of its channels")
        fresh, live = self._fresh(), RampCore(arrays["live"].tobytes())
        settings = [core.settings | {"threshold": 1.0} for core in (fresh, live)]
        if settings[0] != settings[1] or settings[0]["window"] != self.window_ or fresh.threshold != 1.0:
            raise ValueError("its stream has other settings")
        self._core = live

    def __reduce__(self) -> tuple[Any, ...]:
        return super().__reduce__() if self._core is None else (type(self).from_bytes, (self.to_bytes(),))

    def __copy__(self) -> Self:
        return super().__copy__() if self._core is None else self.from_bytes(self.to_bytes())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"RAMP({settings})"

    def plot(
        self,
        X: ArrayLike,
        y: Scores | ArrayLike | None = None,
        *,
        causal: bool = False,
        times: Any = None,
        names: Sequence[str] | None = None,
        labels: ArrayLike | None = None,
    ) -> Figure:
        """Draw the rows ``X`` (n, d) with the scores, the threshold and the alarms.

        With `Scores` that this detector gave the rows, they and the contributions are drawn: see
        `paranom_rs.plotting.ramp.plot` for ``names`` and ``labels``. Else, after `fit`, as `Detector.plot`.
        """
        if not isinstance(y, Scores):
            return super().plot(X, y, causal=causal, times=times)
        from paranom_rs.plotting.ramp import plot

        threshold = self._streaming().threshold
        return plot(
            X,
            y.score,
            threshold=threshold,
            contributions=y.contributions,
            alarms=y.alarm,
            names=names,
            labels=labels,
        )


def _known_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings for the core; those that depend on the mode are left to it."""
    by_mode = ("distance", "scale", "kernel", "train_on", "p_limit")
    kept = {name: value for name, value in given.items() if name not in by_mode or value is not None}
    for name in ("alarm_share", "trim", "follow_levels"):
        kept.pop(name, None)
    return kept


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
