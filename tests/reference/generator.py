"""The values, labels and events of any rows of a spec."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import one_liner, random, rules
from .fmath import Floats
from .rules import At, Rule, Scope, Transform
from .schedule import END, Event, Labels, Schedule, Timing

RECORDED = "recorded"  # the name of the kind of events that stand for a recording's labels


def generate(
    spec: dict[str, Any], start: int, rows: int, clean: bool = False
) -> tuple[dict[str, Floats], NDArray[np.int8], list[tuple[int, int, str, int]]]:
    """Columns by name, labels, and the events (start, stop, kind, id) that touch the rows.

    ``clean`` leaves out what the anomalies do; what a recording is labelled with stays, and so do decoys, which are
    normal: neither labels nor events know of them.
    """
    world = World(spec, clean)
    at = list(range(start, start + rows))
    with np.errstate(all="ignore"):  # infinities and NaN are values like others
        columns = {name: world.values(name, at) for name in spec["variables"] if not is_hidden(spec, name)}
    events = [event for event in world.events(start, start + rows - 1) if not world.is_decoy(event)] if rows else []
    if any(world.references.values()) or len(columns) < len(spec["variables"]):
        y = np.array([world.is_labelled(row) for row in at], np.int8)
    else:
        y = np.array([any(e.start <= row < e.stop for e in events) for row in at], np.int8)
    for name, column in columns.items():
        column[lost(spec, name, at)] = np.nan
    return columns, y, [(e.start, e.stop, world.kinds[e.kind], world.id_of(e)) for e in events]


class World:
    """All variables and events of a spec; with anomalies, or without."""

    def __init__(self, spec: dict[str, Any], clean: bool) -> None:
        self.spec = spec
        self.clean = clean
        self.seed = spec.get("seed", 0)
        self.stream = spec.get("stream", random.STREAM)
        self.names_of_states = {name: states_of(spec, name) for name in spec["variables"]}
        self.normal = {
            name: normal_rule(variable, self.seed, clock_of(spec), self.names_of_states[name])
            for name, variable in spec["variables"].items()
        }
        self.effects = {name: anomalous_rules(spec, name) for name in self.normal}
        self.references = {name: references(variable.get("normal")) for name, variable in spec["variables"].items()}
        self.schedules, self.kinds = schedules_of(spec, self.seed)
        for schedule in self.schedules:
            schedule.accepts = self.is_hard
        self.decoys = {anomaly.get("name", "anomaly") for anomaly in spec.get("anomalies", []) if anomaly.get("decoy")}
        self.elsewhere: dict[str, int] = {}
        self.known: dict[tuple[int, int], list[Event]] = {}

    def events(self, first: int, last: int) -> list[Event]:
        """The events that touch some rows, decoys too."""
        if (first, last) not in self.known:
            found = [event for schedule in self.schedules for event in schedule.events(first, last)]
            events = sorted(found, key=lambda event: event.start)
            stay = {RECORDED, *self.decoys} if self.clean else {*self.kinds}
            self.known[first, last] = [event for event in events if self.kinds[event.kind] in stay]
        return self.known[first, last]

    def id_of(self, event: Event) -> int:
        """What an event is known by: its first row, below 2^53, and the track. In stream 1 what addresses its draws."""
        if self.stream == 1:
            return event.id
        named = {anomaly.get("name", "anomaly"): anomaly.get("track", "") for anomaly in self.spec.get("anomalies", [])}
        track = tracks_of(self.spec).index(named.get(self.kinds[event.kind], ""))
        return event.start % 2**53 if track == 0 else track << 48 | event.start % 2**48

    def is_decoy(self, event: Event) -> bool:
        return self.kinds[event.kind] in self.decoys

    def is_hard(self, event: Event) -> bool:
        """Whether no one-liner finds an event, alone in the normal rows around it, in any variable it touches."""
        variables = self.spec["variables"]
        end = min([len(v["values"]) for v in variables.values() if v.get("repeat", True) is False], default=END)
        low, high = one_liner.neighbourhood(event.start, event.stop, end)
        low, high = max(low - one_liner.HALO, 0), min(high + one_liner.HALO, end)
        rows_there = np.arange(high - low, dtype=np.uint64) + np.uint64(low)
        own = slice(event.start - low, event.stop - low)
        for name, rule in self.normal.items():
            if (change := self.effects[name].get(self.kinds[event.kind])) is not None:
                key = random.key_of(self.seed, "variable", name)
                with np.errstate(all="ignore"):
                    values = rule(At(key, rows_there))
                    values[own] = change(At(key, rows_there[own], event), rule, values[own])
                    values = settled(variables[name], values)
                if any(one_liner.found(values, low, event.start, event.stop, end).values()):
                    return False
        return True

    def values(self, name: str, rows: list[int], clean: bool | None = None) -> Floats:
        """The values of a variable in any rows. Before row 0 its value stands, and after the last row that row's."""
        if name in self.elsewhere:
            by = self.elsewhere[name]
            return World(self.spec, clean=True).values(name, [row + by for row in rows])
        if clean is not None and clean != self.clean:
            return World(self.spec, clean).values(name, rows)
        world = World(self.spec, self.clean) if self.elsewhere else self
        return world.made(name, [min(max(row, 0), 2**64 - 1) for row in rows])

    def made(self, name: str, rows: list[int]) -> Floats:
        key = random.key_of(self.seed, "variable", name)
        at = np.array(rows, np.uint64)
        rule = self.normal[name]
        column = rule(At(key, at, world=self))
        for event in self.events(min(rows), max(rows)) if rows else []:
            change = self.effects[name].get(self.kinds[event.kind])
            part = np.array([event.start <= row < event.stop for row in rows], bool)
            if change is not None:
                column[part] = change(At(key, at[part], event, world=self), rule, column[part])
        return settled(self.spec["variables"][name], column)

    def states(self, name: str) -> list[str]:
        """The states of a variable, in the order of their numbers."""
        return self.names_of_states[name] or ["false", "true"]

    def decoupled(self, name: str, by: int) -> World:
        world = World(self.spec, self.clean)
        world.elsewhere = {name: by}
        return world

    def is_labelled(self, row: int) -> bool:
        """Whether an event is going on in a row, or in one that a variable refers to from it."""
        return any(self.is_anomalous(name, row) for name in self.normal if not is_hidden(self.spec, name))

    def is_anomalous(self, name: str, row: int) -> bool:
        """Whether an event made a variable's value, or a value that this one refers to."""
        for event in self.events(row, row):
            kind = self.kinds[event.kind]
            if (kind in self.effects[name] and kind not in self.decoys) or (
                kind == RECORDED and self.spec["variables"][name].get("labels")
            ):
                return True
        return any(self.is_anomalous(other, max(row - lag, 0)) for other, lag in self.references[name])


def clock_of(spec: dict[str, Any]) -> dict[str, Any] | None:
    """The clock that calendars go by; in stream 1 each had its own."""
    return None if spec.get("stream", random.STREAM) == 1 else spec.get("time")


def references(rule: Any) -> list[tuple[str, int]]:
    """What a rule refers to, and how many rows before."""
    if isinstance(rule, list):
        return [reference for part in rule for reference in references(part)]
    if not isinstance(rule, dict):
        return []
    own = [(rule["variable"], int(rule.get("lag", 0)))] if rule.get("kind") in ("ref", "by_state") else []
    return own + [reference for part in rule.values() for reference in references(part)]


def is_hidden(spec: dict[str, Any], name: str) -> bool:
    """Whether a variable is there for others only."""
    return bool(spec["variables"][name].get("hidden", False))


def settled(variable: dict[str, Any], column: Floats) -> Floats:
    """Whole numbers, where the variable has them: the nearest ones that a float can hold."""
    if variable.get("dtype") != "int64":
        return column
    return np.clip(np.floor(column + 0.5), -(2.0**53), 2.0**53)


def states_of(spec: dict[str, Any], name: str) -> list[str]:
    """The states of a variable, in the order in which its rules name them: the normal one first."""
    variable, states = spec["variables"][name], list[str]()
    normal_rule(variable, 0, clock_of(spec), states)
    own = [anomaly.get("values", {}).get(name) for anomaly in spec.get("anomalies", [])]
    for rule in [variable.get("anomalous"), *own]:
        if rule is not None:
            rules.read_anomaly(rule, Scope(anomalous=True, time=clock_of(spec), states=states))
    return states


def normal_rule(
    variable: dict[str, Any], seed: int, time: dict[str, Any] | None, states: list[str] | None = None
) -> Rule:
    """Random by a rule, or recorded row for row (and again from the beginning when the recording ends)."""
    if variable["kind"] == "stochastic":
        return rules.read(variable["normal"], Scope(anomalous=False, seed=seed, time=time, states=states))
    series = np.array(variable["values"], np.float64)
    return rules.between_rows(lambda at: series[at.rows % np.uint64(len(series))].copy())


def anomalous_rules(spec: dict[str, Any], name: str) -> dict[str, Transform]:
    """What each anomaly, by its name, does to a variable: a rule of its own, or the variable's."""
    default = spec["variables"][name].get("anomalous")
    states = states_of(spec, name)
    normal = spec["variables"][name].get("normal")
    effects = {}
    for anomaly in spec.get("anomalies", []):
        own = anomaly.get("values", {}).get(name)
        everywhere = "variables" not in anomaly and "values" not in anomaly
        if own is not None:
            rule = own
        elif (everywhere and default is not None) or name in anomaly.get("variables", []):
            rule = default
        else:
            continue
        scope = Scope(anomalous=True, seed=spec.get("seed", 0), time=clock_of(spec), states=states)
        if isinstance(normal, dict) and normal["kind"] in ("markov", "regimes"):
            scope.follows = rules.never_follow(normal, scope)
        change = rules.read_anomaly(rule, scope)
        if "onset" in anomaly:
            change = rules.creeping(change, 1.0 if anomaly["onset"] == "creeping" else float(anomaly["onset"]))
        effects[anomaly.get("name", "anomaly")] = change
    return effects


def timing_of(table: dict[str, Any]) -> Timing:
    duration = table.get("duration", 1)
    shortest, longest = duration if isinstance(duration, list | tuple) else (duration, duration)
    return Timing(
        frequency=table.get("frequency"),
        count=table.get("count"),
        within=table.get("within"),
        events=[(begin, end) for begin, end in table.get("events", [])],
        shortest=int(shortest),
        longest=int(longest),
        gap=int(table.get("gap", 1)),
        nontrivial=table.get("difficulty") == "nontrivial",
        aftershocks=table.get("aftershocks"),
    )


def lost(spec: dict[str, Any], name: str, rows: list[int]) -> NDArray[np.bool_]:
    """Which values of a variable are lost: as it says itself, else as the spec says."""
    table = spec["variables"][name].get("missing", spec.get("missing"))
    if table is None or not rows:
        return np.zeros(len(rows), bool)
    whose = ("missing", "" if table.get("together") else name)
    chance = table.get("chance")
    is_one_row = table.get("gap", 1) == 0 and table.get("duration", 1) in (1, [1, 1], (1, 1))
    if chance is None and "frequency" in table and is_one_row and spec.get("stream", random.STREAM) != 1:
        chance = table["frequency"]  # runs of one row without a gap: each row for itself
    if chance is None:
        schedule = Schedule(spec.get("seed", 0), [timing_of(table)], None, whose=whose)
        events = schedule.events(rows[0], rows[-1])
        return np.array([any(event.start <= row < event.stop for event in events) for row in rows], bool)
    scope = Scope(anomalous=False, seed=spec.get("seed", 0), time=clock_of(spec))
    site = scope.site()
    key = random.key_of(spec.get("seed", 0), *whose)
    at = np.array(rows, np.uint64)
    chances = rules.read(chance, scope)(At(key, at, world=World(spec, clean=False)))
    return random.uniforms(key, site, at) < chances


def tracks_of(spec: dict[str, Any]) -> list[str]:
    """The tracks of anomalies, in the order in which they are named; the one without a name is the first."""
    return list(dict.fromkeys(["", *(anomaly.get("track", "") for anomaly in spec.get("anomalies", []))]))


def schedules_of(spec: dict[str, Any], seed: int) -> tuple[list[Schedule], list[str]]:
    """The schedule of each track, and the names of the kinds of events."""
    kinds, timings = [], []
    for anomaly in spec.get("anomalies", []):
        kinds.append(anomaly.get("name", "anomaly"))
        timings.append(timing_of(anomaly))
    whose = [anomaly.get("track", "") for anomaly in spec.get("anomalies", [])]
    labelled = [v for v in spec["variables"].values() if v.get("labels")]
    labels = None
    if labelled:
        first = labelled[0]  # they all have the same labels
        stretches = [(begin, end) for begin, end in first["labels"]]
        labels = Labels(len(first["values"]), first.get("repeat", True), stretches)
        kinds.append(RECORDED)
        timings.append(Timing())
        whose.append("")
    schedules = []
    for track in tracks_of(spec):
        # On another track an anomaly does not happen.
        own = [timing if name == track else Timing(gap=0) for timing, name in zip(timings, whose, strict=True)]
        schedule = Schedule(seed, own, labels if track == "" else None, whose=("schedule", track))
        schedules.append(schedule)
    return schedules, kinds
