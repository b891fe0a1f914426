"""Verdicts: how a detector is taught, and taught otherwise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.detect.ramp import RAMP
from paranom_rs.watch.detector import Detector, apply
from paranom_rs.watch.detectors import Detectors
from paranom_rs.watch.keys import Keys
from paranom_rs.watch.plan import Plan
from paranom_rs.watch.records import Action, Alarm, Kind, Snapshot
from paranom_rs.watch.rows import ANOMALY
from paranom_rs.watch.store import Store

__all__ = ["Change", "Taught", "Teacher"]

#: Past alarms that a verdict is tried on.
_TRIED = 20
#: Alarms whose worst windows are remembered.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Taught:
    """What a verdict, or taking one back, did.

    Attributes
    ----------
    action
        The number of the verdict.
    taught
        Whether the detector changed. It cannot where the samples are no longer kept: the verdict is then a label only.
    position
        Samples that the key had then: later ones are scored by the changed detector.
    score
        The score that the detector now gives the window with the alarm's largest score; None for no alarm.
    threshold
        What such a score is compared with.
    muted
        Past alarms that would not have come, by id; of the key's last 20.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> [alarm] = watch.alarms("pump 1")
    >>> taught = watch.feedback(alarm.id, real=False, who="Ada")
    >>> taught.taught, taught.muted == [alarm.id], taught.score < alarm.score
    (True, True, True)
    >>> watch.close()
    """

    action: int
    taught: bool
    position: int
    score: float | None
    threshold: float
    muted: list[int]


@dataclass(frozen=True, slots=True)
class Change:
    """An action, the alarm that it is on, and the detector before and after it, with the samples it had seen."""

    action: Action
    alarm: Alarm | None
    before: bytes
    now: bytes
    position: int


class Teacher:
    """Applies actions to detectors, takes them back, and writes both to the store."""

    def __init__(self, store: Store, plan: Plan, keys: Keys, detectors: Detectors) -> None:
        self._store, self._plan, self._keys, self._detectors = store, plan, keys, detectors
        # The worst windows of alarms by the number of the alarm and its peak: samples never change.
        self._windows: dict[tuple[int, int], Floats] = {}

    def detections(self, key: int, start: int, stop: int, *, only_anomalies: bool) -> list[int]:
        """Return the times of detections among samples: at most as many as feedback takes at once, the last ones.

        None where the detectors are elsewhere: they are not taught from here.
        """
        if self._plan.scored:
            return []
        reference = int(self._plan.settings["reference"])
        rows = self._store.rows(key, max(start, stop - reference), stop, self._plan.d)
        chosen = rows.flags & ANOMALY != 0 if only_anomalies else ~np.isnan(rows.score)
        return [int(time) for time in rows.first + np.flatnonzero(chosen)]

    def judge(
        self,
        kind: Kind,
        key: int,
        start: int,
        stop: int,
        times: list[int],
        who: str,
        replaced: list[Action],
        alarm: Alarm | None,
    ) -> Change:
        """Give a verdict on samples ``start`` to ``stop - 1`` of a key, of which ``times`` are the detections.

        Verdicts that are ``replaced`` are taken back at once.
        """
        detector = self._detectors.get(key)
        # Feedback is possible on the last `reference` samples. Older ones are judged where they stood.
        recent = bool(times) and times[0] >= detector.position - detector.reference
        action = self.new_action(
            detector,
            kind,
            position=detector.position if recent else stop,
            times=tuple(times),
            alarm=None if alarm is None else alarm.id,
            start=start,
            stop=stop,
            taught=bool(times),
            who=who,
        )
        before = detector.ramp
        done = self.teach(detector, action, replaced, who)
        return Change(done, alarm, before.to_bytes(), detector.ramp.to_bytes(), detector.position)

    def new_action(self, detector: Detector, kind: Kind, *, who: str, **more: Any) -> Action:
        """Return an action that is not written yet; by default it holds from the detector's next sample on."""
        nothing = {"times": (), "value": None, "alarm": None, "start": None, "stop": None, "taught": True}
        values = {"position": detector.position} | nothing | more
        return Action(id=0, key=detector.key, kind=kind, who=who, at=time.time(), **values)

    def teach(self, detector: Detector, new: Action | None, dropped: Sequence[Action], who: str) -> Action:
        """Apply a new action, take others back; return the new one, or else the one that was taken back.

        ``taught`` of what is returned says whether the detector followed.
        """
        try:
            with self._store.writing():
                changing = [action for action in dropped if action.taught]
                if not changing and new is not None and new.taught and new.position == detector.position:
                    done = self._apply_now(detector, new, dropped, who)
                else:
                    done = self._apply_then(detector, new, dropped, who)
        except BaseException:
            self._detectors.forget(detector.key)
            raise
        self._keys.note_threshold(detector.key, detector.threshold)
        return done

    def _apply_now(self, detector: Detector, new: Action, dropped: Sequence[Action], who: str) -> Action:
        before = detector.ramp.to_bytes()
        self._store.add_snapshot(detector.key, Snapshot(detector.position, detector.action, before))
        for action in dropped:
            self._store.undo_action(action.id, who, new.at)
        new = replace(new, id=self._store.add_action(new))
        # The detector that was stays as it is, for comparison.
        detector.ramp = RAMP.from_bytes(before)
        apply(detector.ramp, new)
        detector.action = new.id
        return new

    def _apply_then(self, detector: Detector, new: Action | None, dropped: Sequence[Action], who: str) -> Action:
        """Go back to before what changes, and see all samples since again."""
        at = time.time() if new is None else new.at
        gone = {action.id for action in dropped}
        held = [
            action
            for action in self._store.actions(detector.key, only_held=True)
            if action.taught and action.id not in gone
        ]
        changed = [action for action in dropped if action.taught]
        if new is not None and new.taught:
            # The id that the new action gets is above all others.
            changed.append(replace(new, id=1 << 62))
            held.append(changed[-1])
        ramp = None
        if changed:
            place = min(action.place for action in changed)
            ramp = self._detectors.rebuilt(detector.key, self._store.snapshot(detector.key, before=place), held)
        for action in dropped:
            self._store.undo_action(action.id, who, at)
        taught = ramp is not None
        result = replace(new, taught=taught) if new is not None else replace(dropped[0], taught=taught)
        if new is not None:
            result = replace(result, id=self._store.add_action(result))
        if ramp is not None:
            self._store.remove_snapshots(detector.key, after=place)
            detector.ramp = ramp
            detector.action = max(detector.action, result.id)
            self._store.add_snapshot(detector.key, Snapshot(detector.position, detector.action, ramp.to_bytes()))
        return result

    def effect(self, change: Change) -> Taught:
        """Try the key's last alarms on the detector before and after a change."""
        action, muted = change.action, []
        before, now = (float(RAMP.from_bytes(state).settings["threshold"]) for state in (change.before, change.now))
        for other in self._store.alarms(action.key, most=_TRIED) if action.taught else ():
            window = self._worst_window(other)
            then, after = _score(change.before, window), _score(change.now, window)
            if then is not None and after is not None and then > before and after <= now:
                muted.append(other.id)
        score = None if change.alarm is None else _score(change.now, self._worst_window(change.alarm))
        return Taught(action.id, action.taught, change.position, score, now, muted)

    def _worst_window(self, alarm: Alarm) -> Floats | None:
        """Return the samples of the window with an alarm's largest score; None where they are no longer kept."""
        known = self._windows.get((alarm.id, alarm.peak))
        if known is not None:
            return known
        window = int(self._plan.settings["window"])
        rows = self._store.rows(alarm.key, alarm.peak + 1 - window, alarm.peak + 1, self._plan.d)
        if len(rows) < window:
            return None
        while len(self._windows) >= _REMEMBERED:
            self._windows.pop(next(iter(self._windows)), None)
        self._windows[alarm.id, alarm.peak] = rows.X
        return rows.X


def _score(state: bytes, window: Floats | None) -> float | None:
    """Return the score that a detector would give a window if it came next."""
    score = np.nan if window is None else float(RAMP.from_bytes(state).score(window).score[-1])
    return None if np.isnan(score) else score
