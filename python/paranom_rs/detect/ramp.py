"""RAMP: real-time detection of anomalies in streams of many channels, which guesses, learns and takes feedback.

After D. Herath, *RAMP: Real-Time Aggregated Matrix Profile for Anomaly Detection* (the published text and program).
:class:`RAMP` is what to put behind a live feed; :func:`replay` is the published loop over a finished recording;
:func:`plot` draws one.

A window of the last ``subsequence_length`` (m) samples is compared, channel by channel, with every window of a
reference: the first ``window`` (M) samples of its process. The distances to the nearest ones, in units of ``scale``,
add up to the score, which a learnt weight of that pattern multiplies. A score above ``threshold`` is an anomaly.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._core import Detection, RampCore, ramp_replay
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import file_path, numbers, whole
from paranom_rs.errors import SpecError, SpecTypeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RAMP", "Detection", "Scores", "plot", "replay"]

Process = str | int | None


@dataclass(frozen=True, slots=True)
class Scores:
    """What :meth:`RAMP.score` says, one entry per sample: that of the window which the sample completes.

    Samples that complete no window (the process still fills) have a NaN score, and ``time`` and ``owner`` -1.

    Attributes:
        is_anomaly: (n,) bool, score above the threshold.
        score: (n,) float64.
        contributions: (n, d) float64, each channel's share; rows sum to 1.
        uncertainty: (n,) float64, the guess p in [0, 1].
        time: (n,) int64, the index of the window's last sample (what feedback refers to).
        start: (n,) int64, the index of the window's first sample.
        alarm: (n,) bool, with hysteresis and minimum gap.
        owner: (n,) int64, the position of the sample's process in ``RAMP.processes``.
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
    """A streaming detector: scores each sample, trains itself, takes feedback.

    Args:
        n_features: channels, d.
        subsequence_length: samples per compared window, m >= 2.
        window: samples in the reference, M > m; also how long feedback is possible.
        threshold: scores above it are anomalies, > 0. See :meth:`calibrate`.
        bias: b > 0: how fast the detector grows sure that its alarms are real (faster when larger).
        mode: ``"default"``, or ``"author"``: every answer of the published program.
        scale: the unit of distance per channel: ``"std"`` of the reference (mean absolute difference divided by
            it), ``"mad"`` (1.4826 times the median absolute deviation), ``"none"``, or ``"relative"`` (the sum of
            differences over the sum of magnitudes of the reference window; author mode's). Units are bounded below
            (a deviation by 1e-9 of the channel's mean magnitude, a window's by 1e-6), so no score is infinite.
        refresh: ``"never"``: the reference stays; ``"sliding"``: it is always the M samples before the live window;
            ``"clean"``: as sliding, but a sample enters only if no window that held it was flagged. The scale is
            measured again after every M samples that entered.
        nan_policy: what counts as missing is NaN, infinite, masked or beyond 1e300. ``"skip"`` scores what is there,
            as long as that is half of a channel's window; ``"propagate"``: score NaN, no anomaly, no training while
            a live window holds one; ``"raise"`` refuses the sample. Missing samples of the reference take the
            windows that hold them out of the comparison.
        kernel: how training spreads to windows s samples away: ``"gaussian"`` exp(-s²/2m²), or ``"author"``
            exp(-s²).
        train_on: train after ``"flagged"`` windows only, or at ``"every_step"`` (author mode's).
        p_limit: train only while the uncertainty is below it; 0 switches self-training off.
        release: an alarm ends once scores are at or below ``release * threshold`` …
        min_gap: … for this many windows in a row.
        max_weights: a process keeps this many trained weights; the least recently used go first, those with
            a verdict last.
        processes: ``None``: any key starts a process at its first sample; a list of keys: these are all there are;
            ``"infer"``: samples come without a key, and the process with the smallest score owns the sample (see
            :meth:`add_process`).

    Raises:
        SpecError: (ValueError) an argument breaks a rule.
        SpecTypeError: (TypeError) an argument has the wrong type.

    A refused call changes nothing. All methods may be called from several threads.

    In default mode training moves the weight of the nearest pattern (and its neighbours') towards the one that
    ends the alarm at half the threshold, by 1 - p of the way, and never up. In author mode weights are multiplied
    as published, and kept at 1e150 or less.
    """

    __slots__ = ("__weakref__",)

    def __new__(
        cls,
        n_features: int,
        *,
        subsequence_length: int,
        window: int,
        threshold: float,
        bias: float = 0.85,
        mode: Literal["default", "author"] = "default",
        scale: Literal["std", "relative", "mad", "none"] | None = None,
        refresh: Literal["never", "sliding", "clean"] = "never",
        nan_policy: Literal["skip", "propagate", "raise"] = "skip",
        kernel: Literal["gaussian", "author"] | None = None,
        train_on: Literal["flagged", "every_step"] | None = None,
        p_limit: float = 1.0,
        release: float = 1.0,
        min_gap: int = 0,
        max_weights: int = 100_000,
        processes: Literal["infer"] | Sequence[str | int] | None = None,
    ) -> RAMP:
        """Make a detector that has seen nothing."""
        author = mode == "author"
        return super().__new__(
            cls,
            {
                "n_features": n_features,
                "subsequence_length": subsequence_length,
                "window": window,
                "threshold": threshold,
                "bias": bias,
                "mode": mode,
                "scale": scale if scale is not None else "relative" if author else "std",
                "refresh": refresh,
                "nan_policy": nan_policy,
                "kernel": kernel if kernel is not None else "author" if author else "gaussian",
                "train_on": train_on if train_on is not None else "every_step" if author else "flagged",
                "p_limit": p_limit,
                "release": release,
                "min_gap": min_gap,
                "max_weights": max_weights,
                "processes": processes,
            },
        )

    def score(self, X: ArrayLike, process: Process = None) -> Scores:
        """Score the rows of ``X`` (n, d) in turn: the same numbers as n updates, the GIL released.

        If interrupted, the detector is as before.
        """
        return self._scores(self._score(_matrix(X, "X"), process))

    def update_many(
        self, X: ArrayLike, processes: Sequence[str | int] | NDArray[np.int64], *, threads: int | None = None
    ) -> Scores:
        """Score row i of ``X`` (n, d) for process ``processes[i]``, in parallel over processes.

        The rows of one process are taken in order; the numbers are those of n updates whatever ``threads`` (default:
        ``PARANOM_NUM_THREADS``, else all cores). Ctrl-C stops a call of some tenths of a second or more, and the
        detector is as before (such a call keeps a copy of the processes until it is done).
        """
        if threads is not None:
            threads = whole("threads", threads, least=1, most=1024)
        if (
            isinstance(processes, np.ndarray)
            and processes.dtype.kind in "iu"
            and np.can_cast(processes.dtype, np.int64)
        ):
            processes = processes.astype(np.int64)
        return self._scores(self._update_many(_matrix(X, "X"), processes, threads))

    def _scores(self, arrays: dict[str, Any]) -> Scores:
        time = arrays["time"]
        start = np.where(time < 0, -1, time - (self.subsequence_length - 1))
        return Scores(start=start, **arrays)

    def feedback(
        self,
        *,
        true_positives: Iterable[int] = (),
        false_positives: Iterable[int] = (),
        process: Process = None,
    ) -> None:
        """Tell the detector which detections were right, and which were not.

        Args:
            true_positives: ``time`` of detections that were anomalies, flagged or not: their patterns alarm from
                now on, at twice the threshold at least.
            false_positives: ``time`` of detections that were none: their patterns end at half the threshold, and
                the detector doubts its alarms for longer.
            process: whose detections; not needed with ``processes="infer"``.

        The last M samples can be commented on, in any order; saying it again changes nothing, saying the contrary
        replaces it. Where verdicts on one pattern contradict each other (a higher score dismissed, a lower one
        confirmed), the newest holds. In author mode it is the program's: each call moves K and multiplies weights.

        Raises:
            SpecError: a time among both; more false positives than ``window``; a time that can be none.
            SpecTypeError: a time that is no int.
            UnknownKeyError: (KeyError) a time without a detection, or forgotten; an unknown process.
        """
        self._feedback(_times(true_positives, "true_positives"), _times(false_positives, "false_positives"), process)

    def undo(self, times: Iterable[int], *, process: Process = None) -> None:
        """Take back what feedback said about detections at ``times`` (within the last M samples).

        Nothing happens to detections that nothing was said about.

        Raises:
            SpecError: ``mode="author"``, which multiplies feedback in; a time that can be none.
            SpecTypeError: a time that is no int.
            UnknownKeyError: (KeyError) a time without a detection, or forgotten; an unknown process.
        """
        self._undo(_times(times, "times"), process)

    def calibrate(
        self,
        X: ArrayLike,
        *,
        quantile: float | None = None,
        alarms_per_day: float | None = None,
        samples_per_day: float | None = None,
    ) -> float:
        """Set the threshold from ordinary data ``X`` (n, d), and return it. Nothing else changes.

        A fresh detector without training scores ``X``, whose first M rows are its reference. Either ``quantile`` of
        those scores becomes the threshold, or the lowest threshold under which, and above which, they begin at most
        ``alarms_per_day * len(scores) / samples_per_day`` alarms.

        Args:
            X: (n, d), at least window + subsequence_length rows of one process, ordinary ones.
            quantile: in [0, 1]: the share of windows at or below the threshold.
            alarms_per_day: alarms (beginnings of ``alarm``, with ``release`` and ``min_gap``), not flagged samples, per
                day; a fraction is fine (1/7: one a week). Less than one over all of ``X``: the largest score.
            samples_per_day: rows per day, 86,400 at one a second.

        Raises:
            SpecError: both ways or neither given, a number outside its range, too few rows.
        """
        by_rate = alarms_per_day is not None and samples_per_day is not None
        if (quantile is None) != by_rate or (alarms_per_day is None) != (samples_per_day is None):
            raise SpecError("quantile", "give either it, or alarms_per_day and samples_per_day")
        numbers = {"quantile": quantile, "alarms_per_day": alarms_per_day, "samples_per_day": samples_per_day}
        for name, value in numbers.items():
            if value is not None:
                _check_number(value, name)
        settings = self.settings | {"p_limit": 0.0, "processes": None}
        if settings["nan_policy"] == "propagate":
            settings["nan_policy"] = "skip"
        rows = _matrix(X, "X")
        scores = RampCore(settings)._score(rows)["score"]
        scores = scores[~np.isnan(scores)]
        if len(scores) == 0:
            least = self.window + self.subsequence_length
            raise SpecError("X", f"must have window + subsequence_length = {least} rows at least", str(len(rows)))
        if not np.isfinite(rows).any():
            raise SpecError("X", "must hold values", "missing ones only")
        if quantile is not None:
            if not 0 <= quantile <= 1:
                raise SpecError("quantile", "must be from 0 to 1", str(quantile))
            threshold = float(np.quantile(scores, quantile))
        else:
            assert alarms_per_day is not None
            assert samples_per_day is not None
            for name, value in (("alarms_per_day", alarms_per_day), ("samples_per_day", samples_per_day)):
                if not (math.isfinite(value) and value > 0):
                    raise SpecError(name, "must be > 0", str(value))
            allowed = alarms_per_day * len(scores) / samples_per_day
            threshold = _lowest_threshold(scores, allowed, settings["release"], settings["min_gap"])
        threshold = max(threshold, 1e-100)
        self.threshold = threshold
        return threshold

    @property
    def n_features(self) -> int:
        """Channels, d."""
        return int(self.settings["n_features"])

    @property
    def subsequence_length(self) -> int:
        """Samples per compared window, m."""
        return int(self.settings["subsequence_length"])

    @property
    def window(self) -> int:
        """Samples in the reference, M."""
        return int(self.settings["window"])

    @classmethod
    def from_bytes(cls, data: bytes) -> RAMP:
        """Load what :meth:`to_bytes` saved.

        Raises:
            StateError: (ValueError) cut off, changed, foreign, or of another version. Safe on any bytes.
        """
        if not isinstance(data, bytes):
            raise SpecTypeError("data", "must be bytes", str(type(data).__name__))
        return super().__new__(cls, data)

    def save(self, path: str | PathLike[str]) -> None:
        """Write :meth:`to_bytes` to a file, whole or not at all."""
        with whole_file(file_path(path)) as temporary:
            temporary.write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RAMP:
        """Read a file that :meth:`save` wrote."""
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
        """Draw the rows ``X`` (n, d) and the ``scores`` that this detector gave them; see :func:`plot`."""
        return plot(
            X,
            scores.score,
            threshold=self.threshold,
            contributions=scores.contributions,
            alarms=scores.alarm,
            names=names,
            labels=labels,
        )


def replay(
    X: ArrayLike,
    *,
    subsequence_length: int,
    window: int,
    threshold: float,
    bias: float,
    start_index: Sequence[int] = (0,),
    labels: ArrayLike | None = None,
    p_limit: float = 1.0,
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Run the published program over a finished recording, number for number.

    Args:
        X: (d, n), channels first as in the program.
        subsequence_length: m.
        window: M.
        threshold: θ.
        bias: b.
        start_index: where processes begin, ascending from 0 and M apart at least. All processes are blind while
            one takes its M samples.
        labels: 1 where the window that begins there is anomalous, (n - m,) or longer: each step's flag is confirmed
            or dismissed at once. ``None``: no feedback.
        p_limit: train while the uncertainty is below it.

    Returns:
        flags (n - m,) int8, scores (n - m,) float64 and contributions (n - m, d) float64, stamped with the *first*
        sample of the window; 0, -1 and -1 while a process fills. As in the program, the last window is not scored,
        and contributions are those of the last process, whichever owns the window.

    Raises:
        SpecError: an argument breaks a rule: too short a recording, starts too near each other, too few labels.
        SpecTypeError: an argument has the wrong type.
    """
    columns = np.ascontiguousarray(_matrix(X, "X").T)
    said: list[bool] | None = None
    if labels is not None:
        truth = np.asarray(labels)
        if truth.ndim != 1 or truth.dtype.kind not in "iufb":
            raise SpecError("labels", "must be a vector of 0 and 1", f"{truth.ndim} dimensions of {truth.dtype}")
        for i in np.flatnonzero((truth != 0) & (truth != 1))[:1]:
            raise SpecError(f"labels[{i}]", "must be 0 or 1", str(truth[i]))
        said = [bool(label) for label in truth]
    settings = {
        "subsequence_length": subsequence_length,
        "window": window,
        "threshold": threshold,
        "bias": bias,
        "p_limit": p_limit,
    }
    starts = [whole(f"start_index[{i}]", start, most=1 << 62) for i, start in _each(start_index, "start_index")]
    return ramp_replay(columns, settings, starts, said)


def plot(
    X: ArrayLike,
    score: ArrayLike,
    *,
    threshold: float,
    contributions: ArrayLike | None = None,
    alarms: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    labels: ArrayLike | None = None,
) -> Figure:
    """Draw series, score and threshold, contributions and alarms above each other.

    Args:
        X: (n, d), rows as scored.
        score: (n,) or shorter; NaN and negative values (placeholders) are left out.
        threshold: drawn into the score.
        contributions: (len(score), d).
        alarms: (len(score),), shaded.
        names: of the channels.
        labels: (n,) or shorter, 1 where anomalous: marked below the series.

    Raises:
        ImportError: matplotlib is not there (``pip install "paranom_rs[plot]"``).
        SpecError: arrays whose shapes do not fit.
        SpecTypeError: what holds no numbers.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "paranom_rs[plot]"') from error
    rows = _matrix(X, "X")
    values = _vector(score, "score", len(rows))
    _check_number(threshold, "threshold")
    drawn = np.where(values >= 0, values, np.nan)
    labelled = names or [f"channel {j}" for j in range(rows.shape[1])]
    if len(labelled) != rows.shape[1]:
        raise SpecError("names", f"must name {rows.shape[1]} channels", str(len(labelled)))
    figure = Figure(figsize=(12, 7), layout="constrained")
    panels = 2 if contributions is None else 3
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
    deviation = rows.std(axis=0)
    lines = (rows - rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    for j, name in enumerate(labelled):
        axes[0].plot(lines[:, j] + 6 * j, linewidth=0.8, label=name)
    axes[0].set_ylabel("series (standardised, stacked)")
    axes[0].set_yticks([])
    axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(labelled), 6), fontsize="small")
    if labels is not None:
        truth = _vector(labels, "labels", len(rows)) != 0
        for start, stop in _runs(truth):
            axes[0].axvspan(start - 0.5, stop - 0.5, ymax=0.04, color="black", linewidth=0)
    axes[1].plot(drawn, color="black", linewidth=0.8)
    axes[1].axhline(threshold, color="tab:red", linewidth=0.8, linestyle="--", label="threshold")
    axes[1].set_ylabel("score")
    axes[1].legend(loc="upper right", fontsize="small")
    if contributions is not None:
        given = _matrix(contributions, "contributions")
        if given.shape != (len(values), rows.shape[1]):
            raise SpecError("contributions.shape", f"must be {(len(values), rows.shape[1])}", str(given.shape))
        shares = np.where(np.isfinite(drawn)[:, None], given, np.nan)
        axes[2].stackplot(np.arange(len(shares)), np.nan_to_num(shares).T, labels=labelled, linewidth=0)
        axes[2].set_ylim(0, 1)
        axes[2].set_ylabel("contributions")
    if alarms is not None:
        on = _vector(alarms, "alarms", len(values)) != 0
        for axis in axes[:2]:
            for start, stop in _runs(on):
                axis.axvspan(start - 0.5, stop - 0.5, color="tab:red", alpha=0.2, linewidth=0)
    axes[-1].set_xlabel("sample")
    axes[-1].set_xlim(0, len(rows))
    return figure


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of True as (start, stop)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _count_alarms(scores: NDArray[np.float64], threshold: float, release: float, min_gap: int) -> int:
    """Alarms that begin, with the rules of the detector."""
    high = scores > threshold
    held = scores > release * threshold
    alarms, quiet, on = 0, 0, False
    # Nothing happens between the samples that are held or high, but for the gap's length.
    last = -1
    for i in np.flatnonzero(held).tolist():
        quiet = i - last - 1
        if on and quiet >= max(min_gap, 1):
            on = False
        if high[i] and not on:
            on = True
            alarms += 1
        last = i
    return alarms


def _lowest_threshold(scores: NDArray[np.float64], allowed: float, release: float, min_gap: int) -> float:
    """The lowest observed score which, as a threshold, gives at most ``allowed`` alarms, and so do all above it."""
    candidates = np.unique(scores)
    # The number of alarms first grows as the threshold sinks, and shrinks only once alarms merge: the top of that
    # slope is what we look for, from above, in steps that double and then halve.
    low, step = len(candidates) - 1, 1
    while low - step >= 0 and _count_alarms(scores, candidates[low - step], release, min_gap) <= allowed:
        low -= step
        step *= 2
    while step > 1:
        step //= 2
        if low - step >= 0 and _count_alarms(scores, candidates[low - step], release, min_gap) <= allowed:
            low -= step
    return float(candidates[low])


def _matrix(X: ArrayLike, path: str) -> NDArray[np.float64]:
    """A C-contiguous (n, d) float64 array."""
    array = numbers(path, X).astype(np.float64, copy=False)
    if array.ndim != 2:
        raise SpecError(f"{path}.ndim", "must be 2", str(array.ndim))
    return np.ascontiguousarray(array)


def _vector(x: ArrayLike, path: str, most: int) -> NDArray[np.float64]:
    """A float64 array of one dimension that is not too long."""
    array = numbers(path, x).astype(np.float64, copy=False)
    if array.ndim != 1 or len(array) > most:
        raise SpecError(path, f"must be a vector of at most {most} values", f"shape {array.shape}")
    return array


def _check_number(value: object, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SpecTypeError(path, "must be a number", str(type(value).__name__))


def _each(values: Iterable[Any], path: str) -> Iterable[tuple[int, Any]]:
    """Values with their positions."""
    try:
        return enumerate(values)
    except TypeError:
        raise SpecTypeError(path, "must be a sequence", str(type(values).__name__)) from None


def _times(times: Iterable[int], path: str) -> list[int]:
    """Detection times as whole numbers."""
    found = []
    for i, time in _each(times, path):
        try:
            number = operator.index(time)
        except TypeError:
            raise SpecTypeError(f"{path}[{i}]", "must be an int", str(type(time).__name__)) from None
        if isinstance(time, bool):
            raise SpecTypeError(f"{path}[{i}]", "must be an int", "bool")
        if not 0 <= number < 1 << 62:
            raise SpecError(f"{path}[{i}]", "must be the time of a detection", str(number))
        found.append(number)
    return found
