"""What every detector has: `fit`, scores and verdicts, a stream, thresholds, explanations, a picture."""

from __future__ import annotations

import copy
import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks, conformal, levels
from paranom_rs._internal.arrays import dilate
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.columns import column_names
from paranom_rs._internal.frames import give_back
from paranom_rs._internal.rules import Rule, Share, Trim
from paranom_rs.detect import depth
from paranom_rs.detect.covering import covering_mean
from paranom_rs.detect.explanation import Explanation
from paranom_rs.detect.notebook import detector_html
from paranom_rs.detect.saved import Saved
from paranom_rs.detect.training_rows import TrainingRows, is_several, normal_rows, several
from paranom_rs.errors import NotFittedError, SpecError, SpecTypeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Parts of the training rows of which each is scored by a detector that learnt from the others.
FOLDS = 5
#: No threshold is lower: differences as small as this come from rounding.
LEAST_THRESHOLD = 1e-9


class ThresholdRule(Protocol):
    """What turns scores into a threshold: every class of `paranom_rs.evaluate.thresholds`."""

    threshold_: float

    def fit(self, scores: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Learn ``threshold_``."""


class Detector(Saved):
    """The interface of a detector. As in PyOD, a higher score is more anomalous, and 1 is an anomaly.

    A detector learns normal rows, and compares windows of rows with them. The *causal* score of a row is that of the
    window which ends there: it is known when the row is. The other score of a row also looks at the windows that begin
    before the row and end after it. There is one score per row. A row before the first complete window has the lowest
    score that a training row has.

    Attributes
    ----------
    threshold_, causal_threshold_
        Scores above them are anomalies: ``threshold_`` is for ``decision_function(X)``, ``causal_threshold_`` for
        ``decision_function(X, causal=True)`` and `update`.
    decision_scores_
        (n,) float64: the scores of the training rows, of all series one behind the other. Each row is scored by a
        detector that has learnt from the rows of other parts of the series. NaN where a row was left out.
    labels_
        (n,) int8: 1 where ``decision_scores_ > threshold_``.
    n_features_in_
        Channels, d.
    feature_names_in_
        (d,) object: the columns of the table that `fit` was given; not there without names. A table with other names,
        or in another order, is refused.
    window_
        Rows that are compared at once.

    Notes
    -----
    Where a channel's level wanders in the training rows (a random walk, a trend), its values are counted from the
    median of the 120 rows before, in training and afterwards (``follow_levels``): so a level that was never seen is no
    anomaly, and a jump of the level is one for a while. The profiles compare shapes, and follow no level.

    Parameters are checked when they are given. What `fit` learns ends in an underscore. A refused call changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import RAMP, Detector, ZScore
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> for kind in (RAMP, ZScore):
    ...     detector = kind().fit(X[:1_000])
    ...     isinstance(detector, Detector), bool(detector.predict(X[1_000:])[305])
    (True, True)
    (True, True)
    """

    parameters: ClassVar[dict[str, Rule]] = {"trim": Trim(), "alarm_share": Share()}

    #: The power of the mean over the windows that cover a row.
    _power: ClassVar[int] = 1
    #: Whether training rows that no part was held out for are scored by what learnt from them.
    _scores_own_rows: ClassVar[bool] = False

    trim: float
    alarm_share: float
    labels_: NDArray[np.int8]
    #: While rows are learnt: where each series lies, the rows that are not to be learnt, the longest series.
    _spans: list[tuple[int, int]]
    _outside: Flags
    _longest: int

    # ---- what a class fills in

    @abstractmethod
    def _learn(self, rows: Floats) -> None:
        """Learn normal rows (n, d), n >= `_least_rows`, and set ``window_``. Rows of NaN only separate parts."""

    @abstractmethod
    def _window_scores(self, rows: Floats) -> Floats:
        """Return the score of each window of ``rows``, (n - window_ + 1,). A window's score depends on it alone."""

    @abstractmethod
    def _contributions(self, window: Floats) -> Floats:
        """Return each channel's part of the score of a window (window_, d): (d,), none below 0."""

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        """Return the nearest training window: its first row, and its values. None for what there is not."""
        return None, None

    def _least_rows(self) -> int:
        """Return how many rows `fit` needs."""
        return 2

    def _least_series(self) -> int:
        """Return how many rows the longest of several series needs."""
        return int(vars(self).get("window") or 1) + 1

    # ---- fit

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn normal rows, and the thresholds from their scores.

        Parameters
        ----------
        X
            (n, d) or (n,), rows in the order of time: an array or a table. NaN is missing. Or a list of such series,
            (n, d) each, that do not continue each other: no window holds rows of two.
        y
            (n,) labels 0/1; a list of them for a list. Anomalous rows are left out. Without labels all rows are normal.

        Returns
        -------
        self

        Raises
        ------
        SpecError, SpecTypeError
            For too few rows, infinities, other shapes, and labels that do not fit.
        """
        given = TrainingRows.read(X, y)
        self._check_given(given)
        # Another one learns: a failure leaves this detector as it was.
        learned = self._successor()
        learned._fit(given)
        self._become(learned)
        return self

    def _check_given(self, given: TrainingRows) -> None:
        """Raise SpecError for rows that there is too little to learn from."""
        least, normal = self._least_rows(), int(np.count_nonzero(~given.outside))
        if normal < least:
            kind = "rows" if normal == len(given.rows) else "normal rows"
            raise SpecError("X", f"must have at least {least} {kind}", str(normal))
        if len(given.spans) > 1 and given.longest < self._least_series():
            raise SpecError("X", f"must hold a series of {self._least_series()} rows or more", str(given.longest))
        empty = np.isnan(given.rows).all(axis=0)
        if empty.any():
            raise SpecError("X", f"must hold normal values of channel {int(np.argmax(empty))}", "NaN only")

    def _successor(self) -> Self:
        """Return the detector that learns."""
        return type(self)(**self.get_params())

    def _become(self, learned: Self) -> None:
        """Take over what another one has learnt."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            del vars(self)[name]
        vars(self).update(vars(learned))

    def _fit(self, given: TrainingRows) -> None:
        self.n_features_in_ = given.rows.shape[1]
        if given.names is not None:
            self.feature_names_in_ = np.array(given.names, dtype=object)
        self._spans, self._outside, self._longest = given.spans, given.outside, given.longest
        start, stop = max(given.spans, key=lambda span: span[1] - span[0])
        self._wandering = self._followed(given.rows[start:stop])
        seen = self._by_series(given.rows, lambda rows: levels.without_level(rows, self._wandering, rows[:0]))
        learnt, kept = seen, ~np.asarray(np.isnan(seen).all(axis=1))
        scores, causal = self._learnt_from(seen)
        if self.trim > 0:
            # What is most anomalous among the training rows is left out, and the rest is learnt again.
            shown = self._with_own(scores, seen, kept, self._batch)
            there = kept & ~np.isnan(shown)
            kept &= ~(there & (shown > np.quantile(shown[there], 1 - self.trim)))
            learnt = np.where(kept[:, None], seen, np.nan)
            if np.isnan(learnt).all(axis=0).any():
                raise SpecError("trim", "must leave values of every channel", str(self.trim))
            self._outside = self._outside | (there & ~kept)
            scores, causal = self._learnt_from(learnt)
        depth.warn_of_training(seen, self.window_, self._names())
        held = kept & ~np.isnan(scores)
        known = kept & ~np.isnan(causal)
        if not known.any():
            rule = f"must hold a run of normal rows that is longer than a window, {self.window_} rows"
            raise SpecError("X", rule, f"{int(kept.sum())} normal rows")
        self._floor = float(causal[known].min())
        own = self._with_own(np.where(held, scores, np.nan), learnt, kept, self._batch)
        self.threshold_ = max(self._level(scores[held]), self._level(own[~np.isnan(own)]))
        causal = self._with_own(causal, learnt, kept, self._causal)
        self.causal_threshold_ = max(self._level(causal[known]), self._level(causal[kept & ~np.isnan(causal)]))
        # Rows that were trimmed are scored by what was learnt without them.
        trimmed = ~kept & ~np.isnan(seen).all(axis=1)
        rest = self._by_series(seen, self._batch) if trimmed.any() else scores
        all_scores = np.where(trimmed, rest, own)
        self.decision_scores_ = np.concatenate([all_scores[a:b] for a, b in given.spans])
        self._label()
        del self._spans, self._outside, self._longest
        self.restart()

    def _by_series(self, rows: Floats, what: Callable[[Floats], Floats]) -> Floats:
        """Return what a function of a series gives for each series of the training rows; NaN between them."""
        if len(self._spans) == 1:
            return what(rows)
        parts = [what(rows[a:b]) for a, b in self._spans]
        out = np.full((len(rows), *parts[0].shape[1:]), np.nan)
        for (a, b), part in zip(self._spans, parts, strict=True):
            out[a:b] = part
        return out

    def _with_own(self, scores: Floats, rows: Floats, kept: Flags, score: Callable[[Floats], Floats]) -> Floats:
        """Return the scores with those of the rows that were learnt and not held out, where the class gives them."""
        bare = kept & np.isnan(scores)
        if not self._scores_own_rows or not bare.any():
            return scores
        return np.where(bare, self._by_series(rows, score), scores)

    def _learnt_from(self, rows: Floats) -> tuple[Floats, Floats]:
        """Learn rows, and return their scores and causal scores, each by a detector that did not see the row."""
        self._floor = 0.0
        self._range = depth.normal_range(rows)
        self._learn(rows)
        return self._held_out(rows)

    def _followed(self, rows: Floats) -> Flags:
        """Return the channels whose level is followed: ``follow_levels``, or what the training rows say."""
        follow = getattr(self, "follow_levels", False)
        return levels.wandering(rows) if follow is None else np.full(rows.shape[1], bool(follow))

    def _prepared(self, rows: Floats) -> Floats:
        """Return the rows of a series as the detector sees them."""
        return levels.without_level(rows, self._wandering, rows[:0])

    def _level(self, scores: Floats) -> float:
        """Return the threshold of normal scores in the order of time: for these rows, and for a part like them."""
        later = conformal.later_level(scores, self.alarm_share, 2 * self.window_)
        return max(conformal.level(scores, self.alarm_share), later, LEAST_THRESHOLD)

    def _label(self) -> None:
        self.labels_ = (np.nan_to_num(self.decision_scores_, nan=-np.inf) > self.threshold_).astype(np.int8)

    def _held_out(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return the scores of the training rows, and the causal ones, each by a detector that did not see the row."""
        found, causal = np.full((2, len(rows)), np.nan)
        reach = self.window_ - 1
        for start, stop in self._folds(len(rows)):
            part = copy.copy(self)
            gap = np.full((1, rows.shape[1]), np.nan)
            rest = np.concatenate([rows[:start], gap, rows[stop:]]) if start else rows[stop:]
            empty = np.isnan(rest).all(axis=0)
            if empty.any():
                rule = f"must hold normal values of channel {int(np.argmax(empty))} in several parts of the series"
                raise SpecError("X", rule, f"rows {start} to {stop - 1} only")
            part._learn_again(rest)
            for first, end in self._spans:
                a, b = max(start, first), min(stop, end)
                if a >= b:
                    continue
                low, high = max(a - reach, first), min(b + reach, end)
                around = rows[low:high]
                found[a:b] = part._batch(around)[a - low : b - low]
                causal[a:b] = part._causal(around)[a - low : b - low]
        return found, causal

    def _folds(self, count: int) -> Iterator[tuple[int, int]]:
        folds = int(np.clip(count // (2 * max(self.window_, 1)), 2, FOLDS))
        edges = np.linspace(0, count, folds + 1).round().astype(int).tolist()
        yield from itertools.pairwise(edges)

    def _learn_again(self, rows: Floats) -> None:
        """Learn from other rows, with the settings that the data gave."""
        self._learn(rows)

    # ---- scores and verdicts

    def decision_function(self, X: ArrayLike, causal: bool = False) -> Any:
        """Score the rows of a series.

        Parameters
        ----------
        X
            (n, d) or (n,), a series by itself: no row before it is known. A table may have a column of dates. Or a list
            of series.
        causal
            Whether a row's score may look at no later row. Then it is, to the bit, what `update` gives.

        Returns
        -------
        scores
            (n,) float64; higher is more anomalous. Rows of pandas, polars or Arrow give a column of that library, with
            its index. A list gives a list.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError, SpecTypeError
            For another number of channels, other names, infinities.
        """
        return _each(X, "score", lambda path, x: self._row_scores(path, x, causal))

    def _row_scores(self, path: str, X: ArrayLike, causal: bool) -> Floats:
        rows = self._prepared(self._known(path, X))
        checks.flag("causal", causal)
        if not len(rows):
            return np.empty(0)
        return self._causal(rows) if causal else self._batch(rows)

    def score_samples(self, X: ArrayLike) -> Any:
        """Return ``-decision_function(X)``: as in scikit-learn, higher is more normal."""
        return _each(X, "score", lambda path, x: -self._row_scores(path, x, False))

    def predict(self, X: ArrayLike, causal: bool = False) -> Any:
        """Return 1 where the score is above its threshold, else 0; (n,) int8, as `decision_function` gives scores.

        Warns (`DetectorWarning`) when more than 40 % of the rows are under alarm.
        """
        return _each(X, "is_anomaly", lambda path, x: self._flags(path, x, causal))

    def _flags(self, path: str, X: ArrayLike, causal: bool) -> NDArray[np.int8]:
        scores = self._row_scores(path, X, causal)
        flags = scores > (self.causal_threshold_ if causal else self.threshold_)
        rows = self._prepared(self._known(path, X))
        depth.warn_of_drift(rows, flags, self._range, self._wandering, self._names())
        return flags.astype(np.int8)

    def fit_predict(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Call `fit`, and return ``labels_``, as `predict` would."""
        labels = iter(self.fit(X, y).labels_)
        return _each(X, "is_anomaly", lambda _, x: np.fromiter(itertools.islice(labels, len(x)), np.int8))

    def _causal(self, rows: Floats) -> Floats:
        """Return the causal scores of a series."""
        out = np.full(len(rows), self._floor)
        if len(rows) >= self.window_:
            out[self.window_ - 1 :] = self._window_scores(rows)
        return out

    def _batch(self, rows: Floats) -> Floats:
        """Return the scores of a series, (n,): a mean over the windows that cover a row."""
        if len(rows) < self.window_:
            return np.full(len(rows), self._floor)
        return covering_mean(self._window_scores(rows), self.window_, self._power)

    # ---- the stream

    def update(self, x: ArrayLike) -> Any:
        """Score the next row of a stream: to the bit what ``decision_function(..., causal=True)`` gives for it.

        The stream begins after `fit`, `load` of a detector that had none, or `restart`.

        Parameters
        ----------
        x
            (d,), or a number if d = 1. NaN is missing.

        Returns
        -------
        score
            An anomaly where it is above ``causal_threshold_``.
        """
        return float(self._next_scores(self._row("x", x)[None])[0])

    def update_many(self, X: ArrayLike) -> Any:
        """Score the next rows of a stream: to the bit what as many calls of `update` give.

        If interrupted, the detector is as before.

        Parameters
        ----------
        X
            (k, d) or (k,): the rows that follow those of before.

        Returns
        -------
        scores
            (k,) float64, as `decision_function` gives them. (`RAMP` gives `Scores`.)
        """
        rows = self._known("X", X)
        if len(rows) == 1:
            # A feed comes row by row: no copy of the detector for each, and the stream that `update` keeps goes on.
            scores = np.array([self.update(rows[0])])
        elif len(rows):
            before = copy.copy(self)
            try:
                scores = self._next_scores(rows)
            except BaseException:
                vars(self).update(vars(before))
                raise
        else:
            scores = np.empty(0)
        return give_back(X, scores, "score")

    def _next_scores(self, rows: Floats) -> Floats:
        """Return the causal scores of the next rows of the stream, one at least, and remember the rows."""
        seen = self._following(rows)
        known = np.concatenate([self._recent[max(len(self._recent) - self.window_ + 1, 0) :], seen])
        scores = self._causal(known)[len(known) - len(seen) :]
        self._remember(rows, seen)
        return scores

    def _following(self, rows: Floats) -> Floats:
        """Return the next rows of the stream as the detector sees them."""
        return levels.without_level(rows, self._wandering, self._before)

    def _remember(self, rows: Floats, seen: Floats) -> None:
        """Keep the next rows of the stream: as they came, and as the detector sees them."""
        self._keep_level(rows)
        self._recent = np.concatenate([self._recent, seen[-self.window_ :]])[-self.window_ :]
        self._seen += len(rows)

    def _keep_level(self, rows: Floats) -> None:
        """Keep the next rows of the stream, as they came, where levels come from them."""
        if self._wandering.any():
            self._before = np.concatenate([self._before, rows[-levels.ROWS :]])[-levels.ROWS :]

    def restart(self) -> None:
        """Forget the rows of the stream: the next `update` is the first row of a series."""
        self._before = np.empty((0, self.n_features_in_))
        self._recent = np.empty((0, self.n_features_in_))
        self._seen = 0

    # ---- thresholds

    def calibrate(self, X: ArrayLike, y: ArrayLike | None = None, *, threshold: ThresholdRule | None = None) -> Self:
        """Set both thresholds anew, from the scores of other rows than those of `fit`.

        Parameters
        ----------
        X
            (n, d), a series, or a list of series.
        y
            (n,) labels 0/1, or a list of them. Normal rows that share a window with an anomalous one are left out.
            Without labels all rows are normal.
        threshold
            A rule of `paranom_rs.evaluate.thresholds`. The default is the conformal level of ``alarm_share``: of the
            normal rows given, at most that share is under alarm.

        Returns
        -------
        self

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError, SpecTypeError
            For no more rows than a window has, labels that do not fit, and what is no rule.
        """
        self._check_fitted()
        if threshold is not None and not hasattr(threshold, "fit"):
            raise SpecTypeError(
                "threshold", "must be a rule of paranom_rs.evaluate.thresholds", checks.shown(threshold)
            )
        parts = [self._to_calibrate(path, x, labels) for path, x, labels in several("X", X, y)]
        if not any(normal.any() for _, _, normal in parts):
            raise SpecError("y", "must hold a normal row (0)")
        found = [self._threshold_from(parts, k, threshold, labelled=y is not None) for k in (0, 1)]
        self.threshold_, self.causal_threshold_ = found
        if hasattr(self, "decision_scores_"):
            self._label()
        return self

    def _to_calibrate(self, path: str, X: Any, y: Any) -> tuple[Floats, Floats, Flags]:
        """Return the scores of a series, the causal ones, and which rows are normal; NaN for what is not to count."""
        known = self._known(path, X)
        normal = normal_rows(path.replace("X", "y"), y, len(known))
        if len(known) < self.window_ + 1:
            raise SpecError(path, f"must have more than window_ = {self.window_} rows", str(len(known)))
        rows = self._prepared(known)
        reach = self.window_ - 1
        kept = ~normal | ~dilate(~normal, reach, reach)
        return np.where(kept, self._batch(rows), np.nan), np.where(kept, self._causal(rows), np.nan), normal

    def _threshold_from(
        self, parts: list[tuple[Floats, Floats, Flags]], which: int, rule: ThresholdRule | None, *, labelled: bool
    ) -> float:
        scores = np.concatenate([part[which] for part in parts])
        normal = np.concatenate([part[2] for part in parts])
        kept = ~np.isnan(scores)
        if rule is not None:
            labels = (~normal)[kept].astype(np.int8) if labelled else None
            return float(copy.copy(rule).fit(scores[kept], labels).threshold_)
        clear = scores[kept & normal]
        if not len(clear):
            raise SpecError("y", "must leave normal rows that share no window with anomalous ones")
        return self._level(clear)

    # ---- why

    def explain(self, X: ArrayLike | None = None, row: int | None = None) -> Explanation:
        """Say which channels a score comes from, and what is normal instead.

        Parameters
        ----------
        X
            (n, d), the series that the row is of; None for the stream of `update`.
        row
            The row. Of the windows that cover it the one with the highest score is explained. None: the last row, with
            the window that ends there.

        Returns
        -------
        Explanation

        Raises
        ------
        SpecError
            For fewer rows than a window has, and a row that is not there.
        """
        if X is None:
            self._check_fitted()
            if self._seen < self.window_:
                raise SpecError(
                    "X", f"must be given before the stream has window_ = {self.window_} rows", str(self._seen)
                )
            # The level is that of the last row.
            level = np.where(self._wandering, self._before[-1:] - self._recent[-1:], 0.0) if len(self._before) else 0.0
            return self._explained(self._seen - 1, self._seen - self.window_, self._recent, level)
        known = self._known("X", X)
        rows = self._prepared(known)
        if len(rows) < self.window_:
            raise SpecError("X", f"must have at least window_ = {self.window_} rows", str(len(rows)))
        if row is None:
            at, start = len(rows) - 1, len(rows) - self.window_
        else:
            at = checks.whole("row", row, most=len(rows) - 1)
            first, last = max(at - self.window_ + 1, 0), min(at, len(rows) - self.window_)
            start = first + int(np.argmax(self._window_scores(rows[first : last + self.window_])))
        span = slice(start, start + self.window_)
        return self._explained(at, start, rows[span], (known - rows)[span][-1:])

    def _explained(self, row: int, start: int, window: Floats, level: Floats | float) -> Explanation:
        parts = np.nan_to_num(self._contributions(window))
        total = parts.sum()
        shares = parts / total if total > 0 else np.full(len(parts), 1 / len(parts))
        order = np.argsort(-shares, kind="stable").tolist()
        nearest, normal = self._nearest(window)
        if normal is not None:
            normal = normal + np.nan_to_num(level)
        score = float(self._window_scores(window)[0])
        contributions = {self._names()[j]: float(shares[j]) for j in order}
        return Explanation(
            row, start, start + self.window_, score, self.causal_threshold_, contributions, nearest, normal
        )

    def _names(self) -> list[str]:
        names: Sequence[Any] = getattr(self, "feature_names_in_", range(self.n_features_in_))
        return [str(name) for name in names]

    def _repr_html_(self) -> str:
        """Return what notebooks show: settings, thresholds, and the scores of the training rows with their alarms."""
        return detector_html(self)

    def plot(self, X: ArrayLike, y: ArrayLike | None = None, *, causal: bool = False, times: Any = None) -> Figure:
        """Draw series, truth, score, threshold, alarms and contributions (needs matplotlib).

        Parameters
        ----------
        X
            (n, d), a series. An index of times (pandas) is the axis.
        y
            (n,) labels 0/1, marked below the series.
        causal
            Which score to draw.
        times
            (n,), the times of the rows, where ``X`` has none.
        """
        from paranom_rs.plotting.detector import plot_detector

        return plot_detector(self, X, y, causal=causal, times=times)

    # ---- checks

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` or `load` has succeeded."""
        return hasattr(self, "threshold_")

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of an estimator in a pipeline."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(allow_nan=True),
        )

    def _check_fitted(self) -> None:
        if not hasattr(self, "threshold_"):
            raise NotFittedError(f"{type(self).__name__}: call fit first")

    def _series(self, path: str, X: ArrayLike, features: int | None = None) -> Floats:
        return checks.series(path, X, features)

    def _known(self, path: str, X: ArrayLike) -> Floats:
        """Return the rows of a series as `fit` saw them: as many channels, of the same names."""
        self._check_fitted()
        names = column_names(path, X)
        known = getattr(self, "feature_names_in_", None)
        if names is not None and known is not None and names != list(known):
            raise SpecError(f"{path}.columns", f"must be {', '.join(known)}, in this order", ", ".join(names))
        return self._series(path, X, self.n_features_in_)

    def _row(self, path: str, x: ArrayLike) -> Floats:
        """Return a row (d,) of the stream."""
        self._check_fitted()
        row = np.atleast_1d(checks.numbers(path, x)).astype(np.float64)
        if row.shape != (self.n_features_in_,):
            raise SpecError(path, f"must be a row of {self.n_features_in_} channels", f"shape {row.shape}")
        return np.asarray(self._series(path, row[None], self.n_features_in_)[0])


def _each(X: Any, name: str, results: Callable[[str, Any], NDArray[Any]]) -> Any:
    """Return the results for a series as it came, or a list of them for a list of series."""
    if not is_several(X):
        return give_back(X, results("X", X), name)
    return [give_back(x, results(path, x), name) for path, x, _ in several("X", X)]
