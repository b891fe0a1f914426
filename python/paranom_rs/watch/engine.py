"""`Watch`: a detector for each key of a feed, corrected by people, whose every step is on record."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.alarm_budget import count_alarms
from paranom_rs._internal.checks import Floats, each, flag, matrix, numbers, positive, real, shown, whole
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError, SpecTypeError, UnknownKeyError
from paranom_rs.watch.buckets import COARSE, Buckets
from paranom_rs.watch.detector import Detector
from paranom_rs.watch.detectors import Detectors
from paranom_rs.watch.keys import Keys, KeyState, Total
from paranom_rs.watch.plan import channel_names, make_plan
from paranom_rs.watch.records import Action, Alarm, Kind, Snapshot
from paranom_rs.watch.rows import Found, Rows
from paranom_rs.watch.store import Store
from paranom_rs.watch.teaching import Change, Taught, Teacher

__all__ = ["KeyState", "Taught", "Watch"]

#: A key's samples between two snapshots: an eighth of those kept.
_SNAPSHOTS = 8
#: Characters of a key's name and of a person's.
_LONGEST_NAME = 200
#: Distances (samples, times channels, times the reference) of a batch from which on its keys are scored in parallel.
_WORTH_THREADS = 4_000_000
_WEEK = 7 * 86_400.0
_DAY = 86_400.0


class Watch:
    """Detectors that keep a record: samples, scores, alarms, verdicts, and the states of the detectors.

    Each key (a machine, a job) has its own `RAMP`. What `update` returned is in the store, and outlives the process: a
    new `Watch` on the same store goes on with the same bits.

    Parameters
    ----------
    store
        A file for SQLite, or a URL: ``postgresql://user@host/name``. It is made if it is not there.
    channels
        The names of the channels, d.
    window, reference
        As `RAMP` takes them.
    threshold
        Scores above it are anomalies. ``None``: each key learns its own, from its first ``calibrate`` samples, and does
        not alarm before.
    calibrate, quantile
        The learnt threshold is this quantile of the scores of so many samples. ``None``: 1,000 samples, or twice a long
        reference; and twice the .95 quantile, to which a few anomalies among them do no harm.
    keep
        Samples that are kept per key, >= 2,048. A verdict can teach, and be undone, as long as its samples are kept.
    keep_history
        Older samples of which the lowest and highest values, and the largest score, of each 256 are kept.
    max_keys
        More keys are refused.
    scored
        Samples come with what detectors elsewhere found in them (``update_many(found=)``). ``threshold``, ``window``
        and ``reference`` are then those of these detectors. Verdicts are labels; they teach nobody.
    **settings
        Others of `RAMP`: ``scale``, ``refresh``, ``bias``, ...

    Raises
    ------
    SpecError
        An argument breaks a rule, or is not what the store was made with.
    SpecTypeError
        An argument has the wrong type.
    ImportError
        SQLAlchemy is not installed (``pip install ".[watch]"``).

    Notes
    -----
    All methods may be called from several threads.

    Examples
    --------
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.watch.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> for i in range(100):
    ...     _ = watch.update([float(i % 7) + 50 * (i == 90)], "pump 1", t=float(i))
    >>> len(watch.alarms("pump 1"))
    1
    >>> watch.close()
    """

    def __init__(
        self,
        store: str | Path,
        channels: Sequence[str],
        *,
        window: int = 5,
        reference: int = 60,
        threshold: float | None = None,
        calibrate: int | None = None,
        quantile: float | None = None,
        keep: int = 100_000,
        keep_history: int = 10_000_000,
        max_keys: int = 10_000,
        scored: bool = False,
        **settings: Any,
    ) -> None:
        self.channels = channel_names(channels)
        self.keep = whole("keep", keep, least=2048, most=1 << 40)
        self.keep_history = whole("keep_history", keep_history, most=1 << 50)
        self.max_keys = whole("max_keys", max_keys, least=1)
        for name in ("processes", "n_features"):
            if name in settings:
                raise SpecTypeError(f"Watch.{name}", "must not be given: keys and channels say it")
        self._plan = make_plan(len(self.channels), window, reference, threshold, calibrate, quantile, settings, scored)
        self._store = Store(store)
        self._lock = threading.RLock()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: list[tuple[int, Rows]] = []
        #: Called, from the thread that updates, after samples or actions were stored.
        self.listeners: list[Callable[[], None]] = []
        #: Called with each alarm when it begins and when it ends, from the thread that updates.
        self.alarm_listeners: list[Callable[[str, Alarm], None]] = []
        #: Totals since the start.
        self.samples = self.alarms_begun = self.verdicts = 0
        try:
            self._check_settings()
            self._keys = Keys(self._store, self._plan)
        except BaseException:
            self._store.close()
            raise
        self._detectors = Detectors(self._store, self._plan, self._keys)
        self._teacher = Teacher(self._store, self._plan, self._keys, self._detectors)

    def _check_settings(self) -> None:
        """Keep the settings of a new store; refuse others than a store was made with."""
        wanted = {"channels": list(self.channels)} | asdict(self._plan)
        stored = self._store.meta().get("settings")
        if stored is None:
            with self._store.writing():
                self._store.set_meta({"settings": json.dumps(wanted, default=str)})
            return
        made = json.loads(stored)
        for name, value in _flat(json.loads(json.dumps(wanted, default=str))):
            before = dict(_flat(made)).get(name)
            if value != before:
                raise SpecError(name, f"must be {before!r}, as in the store", shown(value))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; nothing is lost."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown()
            self._store.close()

    # Samples

    def update(self, x: ArrayLike, key: str = "", *, t: float | None = None) -> Rows:
        """Score a sample, (d,); as `update_many` with one row."""
        many = np.asarray(x)[None] if np.ndim(x) == 1 else x
        [(_, rows)] = self.update_many(many, None if key == "" else [key], t=None if t is None else [t])
        return rows

    def update_many(
        self,
        X: ArrayLike,
        keys: Sequence[str] | None = None,
        *,
        t: ArrayLike | None = None,
        feed_position: str | None = None,
        found: Found | None = None,
    ) -> list[tuple[str, Rows]]:
        """Score samples, and store them with their scores. When this returns, they are safe.

        Parameters
        ----------
        X
            (n, d), a sample per row. Those of one key are in order.
        keys
            (n,), the key of each row; None: all are of the key ``""``.
        t
            (n,) float64, seconds; by default, and where it is NaN, the time of arrival.
        feed_position
            What `feed_position` gives from now on: stored with the samples, or not at all.
        found
            What was found in them, where the watch was made with ``scored=True``.

        Returns
        -------
        list
            For each key its rows.

        Raises
        ------
        SpecError
            Rows that do not fit; too many keys; a missing sample where ``nan_policy="raise"``. Nothing changes.
        """
        rows = matrix("X", X)
        if rows.shape[1] != len(self.channels):
            raise SpecError("X", f"must have {len(self.channels)} columns, one for each channel", str(rows.shape[1]))
        times = _times(t, len(rows))
        if not isinstance(feed_position, str | None) or not _is_text(feed_position or ""):
            raise SpecTypeError("feed_position", "must be a text of valid Unicode, or None", shown(feed_position))
        if self._plan.scored != (found is not None) and len(rows):
            raise SpecError("found", f"must {'' if self._plan.scored else 'not '}be given: scored={self._plan.scored}")
        if found is not None and len(found) != len(rows):
            raise SpecError("found", f"must have an entry for each of {len(rows)} rows", str(len(found)))
        with self._lock:
            groups = self._groups(keys, len(rows))
            written: list[tuple[str, Rows]] = []
            changes: list[tuple[str, Alarm, bool]] = []
            try:
                with self._store.writing():
                    work = [(self._known(name), rows[at], times[at]) for name, at in groups]
                    ahead = self._score_ahead(work) if found is None else _noted(work, groups, found)
                    for (name, _), (detector, x, at), scored in zip(groups, work, ahead, strict=True):
                        parts = [scored] if scored is not None else self._parts(detector, x, at)
                        for part in parts:
                            written.append((name, part))
                            self._write(detector, part, name, changes)
                        if detector.position - detector.saved_at >= self.keep // _SNAPSHOTS:
                            self._tidy(detector)
                    self._flush()
                    if feed_position is not None:
                        self._store.set_meta({"feed_position": feed_position})
            except BaseException:
                self._pending.clear()
                # The detectors in memory are ahead of the store: they are loaded again when they are wanted.
                self._forget([name for name, _ in groups])
                raise
            for detector, _, at in work:
                self._keys.note_samples(detector, at)
            self.samples += len(rows)
        self.alarms_begun += sum(is_new for _, _, is_new in changes)
        for name, alarm, is_new in changes:
            # One that began and ended within the batch is told twice, as any other.
            told = [replace(alarm, is_open=True), alarm] if is_new and not alarm.is_open else [alarm]
            for tell in self.alarm_listeners:
                for one in told:
                    tell(name, one)
        for listener in self.listeners:
            listener()
        return _joined(written, len(self.channels))

    @property
    def feed_position(self) -> str | None:
        """What was last stored with samples: where the feed goes on."""
        return self._store.meta().get("feed_position")

    def _groups(self, keys: Sequence[str] | None, n: int) -> list[tuple[str, Any]]:
        """Return for each key which rows are its own."""
        if keys is None:
            return [("", np.arange(n))] if n else []
        names = [name for _, name in each("keys", keys)]
        if len(names) != n:
            raise SpecError("keys", f"must have one key for each of {n} rows", str(len(names)))
        places: dict[str, list[int]] = {}
        for i, name in enumerate(names):
            if not isinstance(name, str):
                raise SpecTypeError("keys", "must be texts", shown(name))
            places.setdefault(name, []).append(i)
        for name in places:
            if len(name) > _LONGEST_NAME or "\0" in name or not _is_text(name):
                raise SpecError("keys", f"must be texts of at most {_LONGEST_NAME} characters", repr(name[:40]))
        new = [name for name in places if name not in self._keys]
        if len(self._keys) + len(new) > self.max_keys:
            raise SpecError("keys", f"must be at most {self.max_keys} in number", repr(new[-1]))
        return [(name, np.array(at)) for name, at in places.items()]

    def _known(self, name: str) -> Detector:
        """Return the detector of a key, which may be new."""
        is_new = name not in self._keys
        number = self._keys.add(name)
        return self._detectors.begin(number) if is_new else self._detectors.get(number)

    def _score_ahead(self, work: list[tuple[Detector, Floats, NDArray[np.float64]]]) -> list[Rows | None]:
        """Score the rows of each key, in parallel where that is worth it; None where they are to be scored one by one.

        A key that is learning its threshold is one: it stops where that is learnt.
        """
        ready = [not detector.is_learning for detector, _, _ in work]
        cost = sum(len(X) for _, X, _ in work) * len(self.channels) * int(self._plan.settings["reference"])
        if len(work) < 2 or cost < _WORTH_THREADS:
            return [None] * len(work)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(thread_name_prefix="score")

        def score(item: tuple[Detector, Floats, NDArray[np.float64]], is_ready: bool) -> Rows | None:
            detector, X, t = item
            return detector.step(X, t) if is_ready else None

        return list(self._pool.map(score, work, ready))

    def _parts(self, detector: Detector, X: Floats, t: NDArray[np.float64]) -> Iterator[Rows]:
        """Score rows of a key, part by part: what is learnt must not depend on how the feed is cut into batches."""
        while len(X):
            n = min(len(X), detector.until_learnt() or len(X))
            yield detector.step(X[:n], t[:n])
            X, t = X[n:], t[n:]

    def _write(self, detector: Detector, rows: Rows, name: str, changes: list[tuple[str, Alarm, bool]]) -> None:
        """Write scored rows of a key, and its alarms; learn the threshold where it is time."""
        self._pending.append((detector.key, rows))
        self._write_alarms(detector, rows, name, changes)
        if detector.is_learning and detector.until_learnt() == self._plan.calibrate:
            self._learn(detector)

    def _write_alarms(self, detector: Detector, rows: Rows, name: str, changes: list[tuple[str, Alarm, bool]]) -> None:
        for alarm in detector.follow(rows):
            if alarm.id:
                self._store.change_alarm(alarm)
                if not alarm.is_open:
                    changes.append((name, alarm, False))
                continue
            numbered = replace(alarm, id=self._store.add_alarm(alarm))
            changes.append((name, numbered, True))
            if alarm is detector.alarm:
                detector.alarm = numbered

    def _flush(self) -> None:
        """Write the samples that were scored, all at once."""
        self._store.add_rows(self._pending)
        self._pending.clear()

    def _learn(self, detector: Detector) -> None:
        """Learn the threshold from the samples so far."""
        self._flush()
        assert self._plan.calibrate is not None
        start = detector.position - self._plan.calibrate
        rows = self._store.rows_in_transaction(detector.key, start, detector.position, len(self.channels))
        threshold = detector.learn(rows.X)
        if threshold is not None:
            action = self._teacher.new_action(detector, "learned", value=threshold, who="")
            detector.action = self._store.add_action(action)

    def _tidy(self, detector: Detector) -> None:
        """Save the detector, put samples together, and let go of what is too old."""
        self._flush()
        d, key = len(self.channels), detector.key
        self._store.add_snapshot(key, Snapshot(detector.position, detector.action, detector.ramp.to_bytes()))
        self._store.merge(key, detector.saved_at, detector.position, d)
        detector.saved_at = detector.position
        oldest = (detector.position - self.keep) // COARSE * COARSE
        # The first reference stays: it is what alarms are explained with.
        first = -(-(detector.reference + detector.window) // COARSE) * COARSE
        if oldest > first:
            self._store.thin(key, first, oldest, d)
            self._store.remove_snapshots(key, below=oldest)
            self._store.forget_history(key, oldest - self.keep_history)

    def _forget(self, names: Iterable[str]) -> None:
        """Let go of what memory holds of keys; it is in the store, or was not to be."""
        stored = {name for _, name in self._store.key_names()}
        for name in names:
            if name in self._keys:
                self._detectors.forget(self._keys.state(name).number)
                if name not in stored:
                    self._keys.remove(name)

    # Verdicts

    def feedback(self, alarm: int, *, real: bool, who: str = "") -> Taught:
        """Say that an alarm was real, or false. The detector learns from it as from `RAMP.feedback`.

        The contrary of an earlier verdict replaces it. A verdict on an alarm older than ``reference`` samples is given
        to the detector as it was then, which sees all samples since again.

        Parameters
        ----------
        alarm
            The alarm's id.
        real
            True: its patterns alarm from now on. False: they do not.
        who
            Whose verdict it is.

        Returns
        -------
        Taught

        Raises
        ------
        UnknownKeyError
            (KeyError) There is no such alarm.
        """
        with self._lock:
            found = self.alarm(alarm)
            held = [a for a in self._store.actions(found.key, only_held=True) if a.alarm == found.id]
            times = self._teacher.detections(found.key, found.start, found.stop, only_anomalies=True)
            kind: Kind = "real" if real else "false"
            change = self._teacher.judge(kind, found.key, found.start, found.stop, times, _person(who), held, found)
            self.verdicts += 1
        return self._shown(change)

    def mark_missed(self, key: str, start: int, stop: int, *, who: str = "") -> Taught:
        """Say that the samples from number ``start`` to ``stop - 1`` of a key were an anomaly that was missed.

        From now on their patterns alarm.

        Raises
        ------
        SpecError
            A range that is empty, or has samples that are not there.
        UnknownKeyError
            (KeyError) There is no such key.
        """
        state = self.key(key)
        start = whole("start", start, most=1 << 62)
        stop = whole("stop", stop, most=1 << 62)
        if not start < stop <= state.position:
            raise SpecError("stop", f"must be above start, and at most {state.position}", str(stop))
        with self._lock:
            times = self._teacher.detections(state.number, start, stop, only_anomalies=False)
            change = self._teacher.judge("missed", state.number, start, stop, times, _person(who), [], None)
            self.verdicts += 1
        return self._shown(change)

    def undo(self, action: int, *, who: str = "") -> Taught:
        """Take back a verdict or a threshold: the detector becomes the one that was never told.

        Parameters
        ----------
        action
            Its number: `Taught.action`, `Action.id`.
        who
            Who takes it back.

        Raises
        ------
        SpecError
            A threshold that was learnt; what was taken back already.
        UnknownKeyError
            (KeyError) There is no such action.
        """
        who = _person(who)
        with self._lock:
            found = self._store.action(whole("action", action, most=1 << 62))
            if found is None:
                raise UnknownKeyError(f"there is no action {action}")
            if found.kind == "learned":
                raise SpecError("action", "must be a person's", "a threshold that was learnt")
            if found.undone_at is not None:
                raise SpecError("action", "must not have been taken back", str(action))
            detector = self._detectors.get(found.key)
            before = detector.ramp
            done = self._teacher.teach(detector, None, [found], who)
            alarm = None if found.alarm is None else self._store.alarm(found.alarm)
            found = replace(found, taught=done.taught)
            change = Change(found, alarm, before.to_bytes(), detector.ramp.to_bytes(), detector.position)
        return self._shown(change)

    def set_threshold(self, threshold: float, key: str = "", *, who: str = "") -> int:
        """Set the threshold of a key from its next sample on.

        Returns
        -------
        int
            The action's number, for `undo`.

        Raises
        ------
        SpecError
            A threshold that is not finite and above 0.
        UnknownKeyError
            (KeyError) There is no such key.
        """
        positive("threshold", threshold)
        if self._plan.scored:
            raise SpecError("threshold", "must be set where the detectors run: the samples come with their scores")
        number = self.key(key).number
        with self._lock:
            detector, value = self._detectors.get(number), real("threshold", threshold)
            action = self._teacher.new_action(detector, "threshold", value=value, who=_person(who))
            done = self._teacher.teach(detector, action, [], action.who)
        self._tell()
        return done.id

    def _shown(self, change: Change) -> Taught:
        """Tell of a change, and try it on past alarms; nobody has to wait for that."""
        self._tell()
        return self._teacher.effect(change)

    # What there is

    def states(self) -> list[KeyState]:
        """Return how each key stands."""
        return list(self._keys)

    def total(self) -> Total:
        """Return how all keys stand together."""
        return self._keys.total()

    def admit(self, names: Sequence[str]) -> list[bool]:
        """Say of each name whether samples of it are taken: of a key that is there, or for which there is room."""
        return self._keys.admit(names, self.max_keys)

    def key(self, name: str) -> KeyState:
        """Return how a key stands, or UnknownKeyError."""
        if not isinstance(name, str):
            raise SpecTypeError("key", "must be a text", shown(name))
        return self._keys.state(name)

    def key_name(self, number: int) -> str:
        """Return the name of a key from its number."""
        return self._keys.of(number).name

    def threshold(self, key: str = "") -> float | None:
        """Return the threshold of a key; None while it is yet to be learnt."""
        return self.key(key).threshold

    def detector(self, key: str = "") -> RAMP:
        """Return a copy of the detector of a key."""
        number = self.key(key).number
        with self._lock:
            return RAMP.from_bytes(self._detectors.get(number).ramp.to_bytes())

    def rows(self, key: str = "", start: int = 0, stop: int | None = None) -> Rows:
        """Return the samples of a key that are kept, from number ``start`` to ``stop - 1``."""
        state = self.key(key)
        first = whole("start", start, most=1 << 62)
        end = state.position if stop is None else whole("stop", stop, most=1 << 62)
        return self._store.rows(state.number, first, end, len(self.channels))

    def buckets(self, key: str, start: int, stop: int, width: int) -> Buckets:
        """Return samples thinned: each ``width`` (a power of two) as one; older ones in no fewer than 256."""
        state, d = self.key(key), len(self.channels)
        start = max(start, 0) // width * width
        oldest = self._store.oldest(state.number)
        parts = []
        if oldest is not None and start < oldest:
            width = max(width, COARSE)
            start = start // width * width
            parts.append(self._store.thinned(state.number, start, min(stop, oldest), d).coarser(width))
        rows = self._store.rows(state.number, max(start, oldest or 0), stop, d)
        first = Buckets.joined(parts, width, d)
        wanted = first.number >= start // width
        inside = Buckets(
            width,
            first.number[wanted],
            first.t[wanted],
            first.low[wanted],
            first.high[wanted],
            first.score[wanted],
            first.contributions[wanted],
            first.flags[wanted],
        )
        return Buckets.joined([inside, Buckets.of(rows, width)], width, d)

    def alarm(self, number: int) -> Alarm:
        """Return an alarm, or UnknownKeyError."""
        found = self._store.alarm(whole("alarm", number, most=1 << 62))
        if found is None:
            raise UnknownKeyError(f"there is no alarm {number}")
        return found

    def alarms(
        self,
        key: str | None = None,
        *,
        most: int | None = None,
        before: int | None = None,
        between: tuple[int, int] | None = None,
    ) -> list[Alarm]:
        """Return alarms, the newest first: of a key, with ids below ``before``, with samples between two numbers."""
        number = None if key is None else self.key(key).number
        for name, value in (("most", most), ("before", before)):
            if value is not None:
                whole(name, value, most=1 << 62)
        span = None
        if between is not None:
            ends = [whole(f"between[{at}]", end, most=1 << 62) for at, end in each("between", between)]
            if len(ends) != 2:
                raise SpecError("between", "must be the first number and the one behind the last", shown(between))
            span = ends[0], ends[1]
        return self._store.alarms(number, most=most, before=before, between=span)

    def actions(self, key: str | None = None, *, only_held: bool = False) -> list[Action]:
        """Return verdicts and thresholds, in the order in which they were applied."""
        number = None if key is None else self.key(key).number
        return self._store.actions(number, only_held=flag("only_held", only_held))

    def verdicts_on(self, alarms: Sequence[int]) -> dict[int, Action]:
        """Return the verdict that holds on each of some alarms, by the alarm's id."""
        ids = [whole(f"alarms[{at}]", alarm, most=1 << 62) for at, alarm in each("alarms", alarms)]
        found = self._store.actions(only_held=True, alarms=ids)
        return {action.alarm: action for action in found if action.alarm is not None}

    def alarms_a_day(self, key: str, thresholds: ArrayLike) -> tuple[list[float], float]:
        """Return how many alarms a day some thresholds would have given in the last week, and how many days these are.

        The scores are those that were given: what the detector learnt meanwhile is in them.
        """
        levels = np.atleast_1d(numbers("thresholds", thresholds)).astype(np.float64)
        state = self.key(key)
        rows = self._store.rows(state.number, max(0, state.position - self.keep), state.position, len(self.channels))
        scores = rows.score[rows.t > state.t - _WEEK]
        times = rows.t[rows.t > state.t - _WEEK]
        scores, days = scores[~np.isnan(scores)], float(np.ptp(times)) / _DAY if len(times) else 0.0
        if days <= 0:
            return [0.0] * len(levels), 0.0
        settings = self._detector_settings(state.number)
        release, gap = settings["release"], settings["min_gap"]
        return [count_alarms(scores, float(level), release, gap) / days for level in levels], days

    def _detector_settings(self, number: int) -> dict[str, Any]:
        with self._lock:
            return self._detectors.get(number).ramp.settings

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that each key's detector begins with, as `RAMP` takes them."""
        return dict(self._plan.settings)

    @property
    def scored(self) -> bool:
        """Whether samples come with what detectors elsewhere found."""
        return self._plan.scored

    def is_ready(self) -> bool:
        """Say whether the store answers."""
        return self._store.is_ready()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()


def _noted(
    work: Sequence[tuple[Detector, Floats, NDArray[np.float64]]], groups: Sequence[tuple[str, Any]], found: Found
) -> list[Rows | None]:
    """Return the rows of each key with what was found in them elsewhere."""
    return [detector.note(X, t, found.at(at)) for (detector, X, t), (_, at) in zip(work, groups, strict=True)]


def _times(t: ArrayLike | None, n: int) -> NDArray[np.float64]:
    if t is None:
        return np.full(n, time.time())
    times = numbers("t", t).astype(np.float64)
    if times.shape != (n,):
        raise SpecError("t", f"must have one time for each of {n} rows", f"shape {times.shape}")
    return np.where(np.isfinite(times), times, time.time())


def _person(who: str) -> str:
    if not isinstance(who, str):
        raise SpecTypeError("who", "must be a text", shown(who))
    return who[:_LONGEST_NAME].replace("\0", "")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flat(settings: dict[str, Any]) -> list[tuple[str, Any]]:
    inner = settings["settings"].items()
    return [*((name, value) for name, value in settings.items() if name not in ("settings", "d")), *inner]


def _joined(found: list[tuple[str, Rows]], d: int) -> list[tuple[str, Rows]]:
    by_key: dict[str, list[Rows]] = {}
    for name, rows in found:
        by_key.setdefault(name, []).append(rows)
    return [(name, parts[0] if len(parts) == 1 else Rows.joined(parts, 0, d)) for name, parts in by_key.items()]
