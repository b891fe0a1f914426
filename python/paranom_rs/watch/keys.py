"""The keys of a watch, and how each stands."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import UnknownKeyError
from paranom_rs.watch.detector import Detector
from paranom_rs.watch.plan import Plan
from paranom_rs.watch.store import Store

__all__ = ["KeyState", "Keys", "Total"]


@dataclass(slots=True)
class KeyState:
    """How a key stands.

    Attributes
    ----------
    number, name
        The key, in the store and in the feed.
    position
        Samples so far.
    t
        The time of the last one.
    arrived
        When it came: seconds since 1970; 0 before the first one since the start.
    alarm
        The id of the open alarm, or None.
    threshold
        Of the key's detector; None while it is yet to be learnt.
    backwards
        Samples whose time was before that of the sample before.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> state = watch.key("pump 1")
    >>> state.position, state.t, state.alarm
    (100, 99.0, None)
    >>> watch.close()
    """

    number: int
    name: str
    position: int = 0
    t: float = float("nan")
    arrived: float = 0.0
    alarm: int | None = None
    threshold: float | None = None
    backwards: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """How all keys stand: their number, those in alarm, samples whose time went back, when one came last."""

    keys: int
    in_alarm: int
    backwards: int
    arrived: float


def _copied(state: KeyState) -> KeyState:
    """Return a copy; ten times as fast as `dataclasses.replace`, which counts with ten thousand keys."""
    return KeyState(
        state.number,
        state.name,
        state.position,
        state.t,
        state.arrived,
        state.alarm,
        state.threshold,
        state.backwards,
    )


class Keys:
    """The keys of a store, by name and by number.

    Reading takes no lock: whoever changes something holds that of the watch.
    """

    def __init__(self, store: Store, plan: Plan) -> None:
        self._store, self._plan = store, plan
        self._by_name: dict[str, KeyState] = {}
        self._by_number: dict[int, KeyState] = {}
        last = store.last_rows(plan.d)
        for number, name in store.key_names():
            state = self._keep(number, name)
            if number in last:
                state.position, state.t = last[number].stop, float(last[number].t[-1])
        for alarm in store.alarms(only_open=True):
            self._by_number[alarm.key].alarm = alarm.id
        for action in store.actions(only_held=True):
            if action.kind in ("threshold", "learned"):
                self._by_number[action.key].threshold = action.value

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[KeyState]:
        return map(_copied, list(self._by_name.values()))

    def total(self) -> Total:
        """Return how they stand together."""
        states = list(self._by_name.values())
        return Total(
            keys=len(states),
            in_alarm=sum(state.alarm is not None for state in states),
            backwards=sum(state.backwards for state in states),
            arrived=max((state.arrived for state in states), default=0.0),
        )

    def admit(self, names: Sequence[str], most: int) -> list[bool]:
        """Say of each name whether there is such a key, or room for it among ``most``."""
        admitted, room = set(), most - len(self._by_name)
        for name in dict.fromkeys(names):
            is_known = name in self._by_name
            if is_known or room > 0:
                admitted.add(name)
                room -= not is_known
        return [name in admitted for name in names]

    def _keep(self, number: int, name: str) -> KeyState:
        state = KeyState(number, name, threshold=self._plan.threshold)
        self._by_name[name] = self._by_number[number] = state
        return state

    def state(self, name: str) -> KeyState:
        """Return how a key stands, or UnknownKeyError."""
        found = self._by_name.get(name)
        if found is None:
            raise UnknownKeyError(f"there is no key {name!r}")
        return _copied(found)

    def of(self, number: int) -> KeyState:
        """Return how the key of a number stands."""
        return _copied(self._by_number[number])

    def add(self, name: str) -> int:
        """Return the number of a key; one that is new is written to the store."""
        found = self._by_name.get(name)
        return found.number if found is not None else self._keep(self._store.add_key(name), name).number

    def remove(self, name: str) -> None:
        """Forget a key that the store did not take."""
        del self._by_number[self._by_name.pop(name).number]

    def note_threshold(self, number: int, threshold: float | None) -> None:
        """Note the threshold of a key."""
        self._by_number[number].threshold = threshold

    def note_samples(self, detector: Detector, t: NDArray[np.float64]) -> None:
        """Note that samples of these times were stored."""
        state = self._by_number[detector.key]
        state.backwards += int(t[0] < state.t)
        if len(t) > 1:
            state.backwards += int(np.count_nonzero(t[1:] < t[:-1]))
        state.position, state.t, state.arrived = detector.position, float(t[-1]), time.time()
        state.alarm = detector.alarm.id if detector.alarm is not None else None
        state.threshold = detector.threshold
