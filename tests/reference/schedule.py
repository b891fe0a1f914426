"""When anomalies happen.

The row axis is cut into slots of equal length. What happens in a slot is drawn from (seed, slot) alone, so
any row's event is found by looking at one slot, and the events are the same however many rows are asked
for. Events lie inside their slot and are followed by their gap inside it, so events of different slots
never meet.

Plain integers and loops; floats only for rates and for the one uniform per slot that decides how many
events it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from . import fmath, random

END = 2**64 - 1  # no event reaches beyond this row
TRIES = 16  # how often a slot is arranged anew when it touches rows that are taken
EXPLICIT_ID, RECORDED_ID = 2**63, 3 * 2**62  # where the ids of explicit and of recorded events begin

# What the draws of the schedule are for.
PERMUTATION, SCRAMBLE, NUMBER, ORDER, PLACE, REDRAW, AFTERSHOCK = 1, 2, 3, 4, 5, 6, 7
BURST = 64  # events that one leads to at most, with itself
DRAWS = 64  # how often an event is drawn that must not be trivial


class Event(NamedTuple):
    """Rows start .. stop - 1 are anomalous; `id` addresses what is drawn once per event."""

    start: int
    stop: int
    kind: int
    id: int


@dataclass
class Timing:
    """How often an anomaly happens (one of frequency, count, events; none: recorded), and for how long."""

    frequency: float | None = None
    count: int | None = None
    within: int | None = None
    events: list[tuple[int, int]] = field(default_factory=list)
    shortest: int = 1
    longest: int = 1
    gap: int = 1
    nontrivial: bool = False
    aftershocks: dict[str, float] | None = None

    @property
    def rate(self) -> float:
        """Expected events per row."""
        if self.count is not None:
            assert self.within is not None
            return self.count / self.within
        if self.frequency is None:
            return 0.0
        return self.frequency / ((float(self.shortest) + float(self.longest)) / 2.0)

    def unit(self, paired: bool) -> tuple[float, int]:
        """Expected events per row, and the rows that one may need; or the same of pairs, if they are paired and can be.

        The durations of a pair add up to the shortest and the longest.
        """
        if paired and self.pairs:
            return self.rate / 2.0, self.room_of(self.shortest) + self.room_of(self.longest)
        return self.rate, self.room

    @property
    def pairs(self) -> bool:
        return self.count is None and self.shortest < self.longest

    @property
    def room(self) -> int:
        """Rows that an event may need."""
        return self.room_of(self.longest)

    def room_of(self, duration: int) -> int:
        """Rows that an event needs, with its gap and what is kept free for its aftershocks."""
        return duration + self.gap + (int(self.aftershocks["within"]) if self.aftershocks else 0)


@dataclass
class Labels:
    """Stretches of a recording that are anomalous already; they repeat with it."""

    period: int
    repeat: bool
    stretches: list[tuple[int, int]]

    def touching(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """(number, start, stop) of the stretches that touch rows first .. last."""
        found = []
        rounds = range(first // self.period, last // self.period + 1) if self.repeat else range(1)
        for turn in rounds:
            for i, (start, stop) in enumerate(self.stretches):
                start, stop = start + turn * self.period, min(stop + turn * self.period, END)
                if start <= last and stop > first:
                    found.append((turn * len(self.stretches) + i, start, stop))
        return found


def points_below(end: float, u: float) -> int:
    """How many of u, u + 1, u + 2, ... lie below `end`: exact for whole ends, whatever rounding does."""
    return int(end) if end == int(end) else math.ceil(end - u)


class Schedule:
    """The events of all anomalies; `labels`, if any, belong to the last timing."""

    def __init__(
        self,
        seed: int,
        timings: list[Timing],
        labels: Labels | None,
        accepts: Callable[[Event], bool] = lambda event: True,
        whose: tuple[str, str] = ("schedule", ""),
    ) -> None:
        self.accepts = accepts
        self.left_out: list[Event] = []  # by the last call of `events`, in any row of its slots
        self.key = random.key_of(seed, *whose)
        self.timings = timings
        self.labels = labels
        listed = [(start, stop, kind) for kind, t in enumerate(timings) for start, stop in t.events]
        listed.sort(key=lambda event: event[0])
        self.explicit = [Event(*event, EXPLICIT_ID + i) for i, event in enumerate(listed)]
        # Kinds with an exact count come first on the axis on which events are numbered.
        kinds = [i for i, t in enumerate(timings) if t.count is not None]
        kinds += [i for i, t in enumerate(timings) if t.count is None and t.rate > 0.0]
        self.kinds = kinds
        self.paired = False
        self.length = 0
        if kinds:
            length = self.slot_length()
            self.paired = length is None  # only where the longest durations find no room
            length = length or self.slot_length()
            assert length is not None
            self.length = length
        self.expected = [self.expected_in_slot(timings[kind]) for kind in kinds]
        total = 0.0
        for expected in self.expected:
            total += expected
        self.ends = list(np.cumsum([0.0, *self.expected]).tolist())
        self.stride = BURST if any(t.aftershocks for t in timings) else 1
        self.most = (math.ceil(total) + len(kinds)) * (2 if self.paired else 1) * self.stride

    def expected_in_slot(self, timing: Timing) -> float:
        """Expected events of a kind in a slot: a whole number for kinds with an exact count."""
        if timing.count is not None:
            assert timing.within is not None
            return float(timing.count * self.length // timing.within)
        return timing.unit(self.paired)[0] * self.length

    def slot_length(self) -> int | None:
        """The shortest slot that has room for its events in every case; None if there is none."""
        timings = [self.timings[kind] for kind in self.kinds]
        units = [t.unit(self.paired) for t in timings]
        rate = 0.0
        for one, _ in units:
            rate += one

        def has_room(length: int) -> bool:
            # Either there is one event at most, of any kind, or all that may come fit together.
            one = rate * length <= 1.0 and all(room <= length for _, room in units)
            needed = 0.0
            for one_rate, room in units:
                needed += math.ceil(one_rate * length) * room
            return one or (length >= 1 and needed <= length)

        if timings[0].within is not None:
            # Every slot has the same whole number of counted events, and `within` is a whole number of slots.
            within = timings[0].within
            parts = math.gcd(within, *[t.count for t in timings if t.count is not None])
            lengths = [within // parts * d for d in range(1, parts + 1) if parts % d == 0]
        else:
            # As long as 1, 2, 3, ... expected events; later in larger steps.
            lengths, number = [], 1.0
            while number <= 1e6:
                lengths.append(int(min(number / rate, 9e18)))
                number = float(math.floor(max(number * 1.25, number + 1.0)))
        return next((length for length in lengths if has_room(length)), None)

    def word(self, purpose: int, number: int, index: int, attempt: int) -> int:
        return random.word(self.key, purpose << 28 | number, index, attempt)

    def events(self, first: int, last: int) -> list[Event]:
        """The events that touch rows first .. last, whole, in order."""
        events = []
        self.left_out = []
        if self.kinds:
            for slot in range(first // self.length, last // self.length + 1):
                drawn = self.in_slot(slot)
                events += self.redrawn(slot, drawn) if any(t.nontrivial for t in self.timings) else drawn
        events += self.explicit
        events = [event for event in events if event.start <= last and event.stop > first]
        if self.labels is not None:
            kind = len(self.timings) - 1
            for number, start, stop in self.labels.touching(first, last):
                events.append(Event(start, stop, kind, (RECORDED_ID + number) % 2**64))
        return sorted(events, key=lambda event: event.start)

    def in_slot(self, slot: int) -> list[Event]:
        """The events of one slot. Rows that are anomalous anyway are not hit: the slot is arranged anew."""
        for attempt in range(TRIES):
            events = self.arrange(slot, attempt)
            if not any(self.is_taken(event) for event in events):
                return events
        return [event for event in events if not self.is_taken(event)]

    def redrawn(self, slot: int, events: list[Event]) -> list[Event]:
        """What must not be trivial is drawn until it is accepted; the others stay, and so does their order.

        Each draw has a place of its own between the event's neighbours and, since its id is another, parameters of
        its own. What is never accepted is left out.
        """
        kept: list[Event] = []
        free = slot * self.length
        for i, event in enumerate(events):
            timing, duration = self.timings[event.kind], event.stop - event.start
            following = events[i + 1].start if i + 1 < len(events) else (slot + 1) * self.length
            number = (event.id - slot * self.most) % 2**64
            for attempt in range(DRAWS):
                start = event.start
                if attempt > 0:
                    room = following - timing.gap - duration - free
                    start = free + random.scaled(self.word(REDRAW, number, slot, attempt), room + 1)
                drawn = Event(start, start + duration, event.kind, (event.id * DRAWS + attempt) % 2**64)
                if not timing.nontrivial or (not self.is_taken(drawn) and self.accepts(drawn)):
                    kept.append(drawn)
                    free = drawn.stop + timing.gap
                    break
            else:
                self.left_out.append(event._replace(id=event.id * DRAWS % 2**64))
        return kept

    def is_taken(self, event: Event) -> bool:
        """Whether an event touches explicit or recorded ones, or comes nearer than a gap."""
        start = max(event.start - max(t.gap for t in self.timings), 0)
        stop = min(event.stop + self.timings[event.kind].gap, END)
        if any(other.start < stop and other.stop > start for other in self.explicit):
            return True
        return self.labels is not None and bool(self.labels.touching(start, stop - 1))

    def arrange(self, slot: int, attempt: int) -> list[Event]:
        """How many events of each kind a slot has, how long; and, anew in each attempt, in which order, where."""
        base = slot * self.length
        if base + self.length > END:
            return []  # cut off by the end of the row axis

        # How many, and how long. Each kind has a stretch as long as its expected number of events; the points
        # u, u + 1, u + 2, ... that fall into it are its events (systematic sampling). So numbers are whole,
        # right on average, and even. Where in the stretch a point falls is even too: it gives the duration. Each slot
        # has points of every kind with an exact count, so each such kind has its own, or durations would go together.
        u = self.even(slot)
        drawn = []  # (kind, duration)
        for nth, (kind, begin, end) in enumerate(zip(self.kinds, self.ends, self.ends[1:], strict=False)):
            timing = self.timings[kind]
            own = self.even(slot, nth) if timing.count is not None else u
            for i in range(points_below(begin, u), points_below(end, u)):
                place = (own + i - begin) / (end - begin)
                longer = int(place * (timing.longest - timing.shortest + 1))
                drawn.append((kind, min(timing.shortest + longer, timing.longest)))
                if self.paired and timing.pairs:
                    drawn.append((kind, timing.shortest + timing.longest - drawn[-1][1]))

        # In which order: a Fisher-Yates shuffle.
        for i in range(len(drawn) - 1, 0, -1):
            j = random.scaled(self.word(ORDER, i, slot, attempt), i + 1)
            drawn[i], drawn[j] = drawn[j], drawn[i]

        # What does not fit (only rounding can cause that) is left out.
        free, kept = self.length, []
        for i, (kind, duration) in enumerate(drawn):
            room = self.timings[kind].room_of(duration)
            if room <= free:
                free -= room
                kept.append((kind, duration, (slot * self.most + i * self.stride) % 2**64))

        # Where: the free rows are dealt out before the events, at sorted random places.
        places = [random.scaled(self.word(PLACE, i, slot, attempt), free + 1) for i in range(len(kept))]
        events, used = [], 0
        for (kind, duration, name), place in zip(kept, sorted(places), strict=True):
            start = base + place + used
            first = Event(start, start + duration, kind, name)
            events += self.burst(first, attempt) if self.timings[kind].aftershocks else [first]
            used += self.timings[kind].room_of(duration)
        return events

    def burst(self, first: Event, attempt: int) -> list[Event]:
        """An event and its aftershocks: each event triggers a Poisson number of others, after exponential waits."""
        timing = self.timings[first.kind]
        rule = timing.aftershocks
        assert rule is not None
        mean = float(rule["mean"])
        drawn = iter(range(1, 10**6))

        def word() -> int:
            return self.word(AFTERSHOCK, next(drawn), first.id, attempt)

        def unit() -> float:
            return (word() >> 11) * 2.0**-53

        events, done = [first], 0
        while done < len(events):
            trigger, done = events[done], done + 1
            number, u = 0, unit()
            share = below = float(fmath.exp(-mean))
            while u >= below and number < 20:
                number += 1
                share *= mean / float(number)
                below += share
            for _ in range(number):
                wait = int(-float(fmath.ln(1.0 - unit())) * float(rule["delay"]))
                duration = timing.shortest + random.scaled(word(), timing.longest - timing.shortest + 1)
                start = trigger.stop + timing.gap + wait
                if start + duration <= first.stop + int(rule["within"]) and len(events) < BURST:
                    events.append(Event(start, start + duration, first.kind, (first.id + len(events)) % 2**64))
        kept: list[Event] = []
        for event in sorted(events, key=lambda event: (event.start, event.id)):
            if not kept or event.start >= kept[-1].stop + timing.gap:
                kept.append(event)
        return kept

    def even(self, slot: int, number: int = 0) -> float:
        """A uniform in [0, 1) for each slot; 2^k neighbouring slots, k >= 6, get one in each 2^k-th of the range.

        A van der Corput sequence (the bits of a number, reversed) with nested scrambling (Owen 1995; the hash is
        that of Laine and Karras 2011). A rare anomaly so happens as often as its frequency says, within a few
        events. Slots are permuted in groups of 64 before, or neighbours would take turns between low and high.
        Sequences of different numbers are independent.
        """
        # The permutation: a Feistel network on 3 + 3 bits; each round looks its 3 bits up in 24 random ones.
        first, second = random.block(self.key, slot >> 6, PERMUTATION << 28 | number)
        left, right = slot >> 3 & 7, slot & 7
        for table in (int(first), int(first) >> 24, int(second), int(second) >> 24):
            left, right = right, left ^ (table >> 3 * right & 7)
        permuted = slot // 64 * 64 + 8 * left + right
        x = (permuted + self.word(SCRAMBLE, number, slot >> 32, 0)) % 2**32
        for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
            x ^= x * factor % 2**32
        reversed_bits = int(f"{x:032b}"[::-1], 2)
        low = self.word(NUMBER, number, slot, 0) >> 32
        return ((reversed_bits << 32 | low) >> 11) * 2.0**-53
