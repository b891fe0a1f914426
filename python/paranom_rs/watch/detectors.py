"""The detectors of all keys: in memory, and from the store when they are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import UnknownKeyError
from paranom_rs.watch.detector import Detector, replay
from paranom_rs.watch.keys import Keys
from paranom_rs.watch.plan import Plan
from paranom_rs.watch.records import Action, Snapshot
from paranom_rs.watch.store import Store

__all__ = ["Detectors"]


class Detectors:
    """A detector for each key. What memory holds is what the store holds, and can be let go of at any time."""

    def __init__(self, store: Store, plan: Plan, keys: Keys) -> None:
        self._store, self._plan, self._keys = store, plan, keys
        self._found: dict[int, Detector] = {}

    def get(self, key: int) -> Detector:
        """Return the detector of a key, from the store if memory has none."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._load(key)
        return found

    def begin(self, key: int) -> Detector:
        """Return the detector of a new key."""
        self._found[key] = Detector(key, self._plan, self._plan.new())
        return self._found[key]

    def forget(self, key: int) -> None:
        """Let go of a detector."""
        self._found.pop(key, None)

    def _load(self, key: int) -> Detector:
        snapshot = self._store.snapshot(key)
        actions = [action for action in self._store.actions(key, only_held=True) if action.taught]
        ramp, state = self.rebuilt(key, snapshot, actions), self._keys.of(key)
        if ramp is None:
            raise UnknownKeyError(f"the store has lost samples of the key {state.name!r}")
        alarms = self._store.alarms(key, only_open=True, most=1)
        last = max([action.id for action in actions] + ([] if snapshot is None else [snapshot.action]), default=0)
        detector = Detector(key, self._plan, ramp, position=state.position, action=last, alarm=next(iter(alarms), None))
        detector.saved_at = 0 if snapshot is None else snapshot.position
        return detector

    def rebuilt(self, key: int, snapshot: Snapshot | None, actions: Sequence[Action]) -> RAMP | None:
        """Return the detector that a snapshot becomes by the samples and actions since; None if samples are gone."""
        if self._plan.scored:
            return self._plan.new()
        start = 0 if snapshot is None else snapshot.position
        stop = self._keys.of(key).position
        rows = self._store.rows(key, start, stop, self._plan.d)
        if rows.first != start or len(rows) != stop - start:
            return None
        if snapshot is None:
            ramp = self._plan.new()
        else:
            ramp = RAMP.from_bytes(snapshot.state)
            actions = [action for action in actions if action.place > snapshot.place]
        replay(ramp, start, rows, actions)
        return ramp
