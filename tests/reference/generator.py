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
    seed = spec.get("seed", 0)
    normal = {name: normal_rule(variable) for name, variable in spec["variables"].items()}
    effects = {name: anomalous_rules(spec, name) for name in normal}
    schedule, kinds = schedule_of(spec, seed)
    decoys = {anomaly.get("name", "anomaly") for anomaly in spec.get("anomalies", []) if anomaly.get("decoy")}
    end = min([len(v["values"]) for v in spec["variables"].values() if v.get("repeat", True) is False], default=END)

    def is_hard(event: Event) -> bool:
        """Whether no one-liner finds an event, alone in the normal rows around it, in any variable it touches."""
        low, high = one_liner.neighbourhood(event.start, event.stop, end)
        low, high = max(low - one_liner.HALO, 0), min(high + one_liner.HALO, end)
        rows_there = np.arange(high - low, dtype=np.uint64) + np.uint64(low)
        own = slice(event.start - low, event.stop - low)
        for name, rule in normal.items():
            if (change := effects[name].get(kinds[event.kind])) is not None:
                key = random.key_of(seed, "variable", name)
                with np.errstate(all="ignore"):
                    values = rule(At(key, rows_there))
                    values[own] = change(At(key, rows_there[own], event), rule, values[own])
                if any(one_liner.found(values, low, event.start, event.stop, end).values()):
                    return False
        return True

    schedule.accepts = is_hard
    events = schedule.events(start, start + rows - 1) if rows else []
    if clean:
        events = [event for event in events if kinds[event.kind] == RECORDED or kinds[event.kind] in decoys]

    at = np.arange(rows, dtype=np.uint64) + np.uint64(start)
    columns = {}
    y = np.zeros(rows, np.int8)
    with np.errstate(all="ignore"):  # infinities and NaN are values like others
        for name, rule in normal.items():
            key = random.key_of(seed, "variable", name)
            column = rule(At(key, at))
            for event in events:
                change = effects[name].get(kinds[event.kind])
                part = slice(max(event.start, start) - start, min(event.stop, start + rows) - start)
                y[part] |= kinds[event.kind] not in decoys
                if change is not None:
                    column[part] = change(At(key, at[part], event), rule, column[part])
            columns[name] = column
    shown = [event for event in events if kinds[event.kind] not in decoys]
    return columns, y, [(e.start, e.stop, kinds[e.kind], e.id) for e in shown]


def normal_rule(variable: dict[str, Any]) -> Rule:
    """Random by a rule, or recorded row for row (and again from the beginning when the recording ends)."""
    if variable["kind"] == "stochastic":
        return rules.read(variable["normal"], Scope(anomalous=False))
    series = np.array(variable["values"], np.float64)
    return rules.between_rows(lambda at: series[at.rows % np.uint64(len(series))].copy())


def anomalous_rules(spec: dict[str, Any], name: str) -> dict[str, Transform]:
    """What each anomaly, by its name, does to a variable: a rule of its own, or the variable's."""
    default = spec["variables"][name].get("anomalous")
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
        change = rules.read_anomaly(rule, Scope(anomalous=True))
        if "onset" in anomaly:
            change = rules.creeping(change, 1.0 if anomaly["onset"] == "creeping" else float(anomaly["onset"]))
        effects[anomaly.get("name", "anomaly")] = change
    return effects


def schedule_of(spec: dict[str, Any], seed: int) -> tuple[Schedule, list[str]]:
    """The schedule, and the names of the kinds of events."""
    kinds, timings = [], []
    for anomaly in spec.get("anomalies", []):
        duration = anomaly.get("duration", 1)
        shortest, longest = duration if isinstance(duration, list | tuple) else (duration, duration)
        kinds.append(anomaly.get("name", "anomaly"))
        timings.append(
            Timing(
                frequency=anomaly.get("frequency"),
                count=anomaly.get("count"),
                within=anomaly.get("within"),
                events=[(begin, end) for begin, end in anomaly.get("events", [])],
                shortest=int(shortest),
                longest=int(longest),
                gap=int(anomaly.get("gap", 1)),
                nontrivial=anomaly.get("difficulty") == "nontrivial",
            )
        )
    labelled = [v for v in spec["variables"].values() if v.get("labels")]
    labels = None
    if labelled:
        first = labelled[0]  # they all have the same labels
        stretches = [(begin, end) for begin, end in first["labels"]]
        labels = Labels(len(first["values"]), first.get("repeat", True), stretches)
        kinds.append(RECORDED)
        timings.append(Timing())
    return Schedule(seed, timings, labels), kinds
