"""Events as a table: what they are called, where they lie, what they do, and how severe they are."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from paranom_rs._internal.json_text import finite_json
from paranom_rs.generate.events import Events
from paranom_rs.generate.row_source import Interval, RowSource
from paranom_rs.generate.severity import severities

__all__ = ["event_table"]

#: Lists in parameters that are longer are left out.
_LONGEST_LIST = 16


def event_table(source: RowSource, intervals: list[Interval], *, clean: bool = False) -> dict[str, Any]:
    """Return a table of the events that touch rows, in row order, as the core takes columns.

    Parameters
    ----------
    source
        What makes the rows.
    intervals
        Which rows, in row order.
    clean
        Whether anomalies are left out: then only labels of recordings are events.

    Returns
    -------
    dict
        ``id``; ``name``; ``start``, ``stop`` (not included); ``variables``; ``severity``: the largest of `severities`
        in any variable, NaN where there is none; ``parameters``: the rule of each variable as JSON, with the values
        that the event has drawn.
    """
    events = source.events(intervals, only="recorded" if clean else None)
    by_variable = severities(source, events)
    largest = np.where(np.isnan(by_variable), -np.inf, by_variable).max(axis=1, initial=-np.inf)
    kind = np.int64 if not len(events) or events.stop.max() < 2**63 else np.uint64
    return {
        "id": events.id,
        "name": (events.kind.astype(np.int32), events.names),
        "start": events.start.astype(kind),
        "stop": events.stop.astype(kind),
        "variables": [list(event.variables) for event in events],
        "severity": np.where(largest < 0, np.nan, largest),
        "parameters": _parameters(source, events, intervals),
    }


def _parameters(source: RowSource, events: Events, intervals: list[Interval]) -> list[str]:
    """Return the rules of each event as JSON: a table with the rule of each variable."""
    rules, names = _rules(source), source.plan.all_names
    drawn: dict[int, list[tuple[int, str, float]]] = {}
    for start, length in intervals:
        _, _, _, ids = source.plan.events(start, length)
        drawn |= zip(ids.view(np.int64).tolist(), source.plan.drawn(start, length), strict=True)
    texts = []
    for number, kind in zip(events.id.tolist(), events.kind.tolist(), strict=True):
        own = rules[kind]
        values: dict[str, dict[str, float]] = {}
        for variable, place, value in drawn[number]:
            values.setdefault(names[variable], {})[place] = value
        filled = {name: _filled(rule, "", values.get(name, {})) for name, rule in own.items()}
        texts.append(json.dumps(finite_json(filled), default=_function_name, ensure_ascii=False))
    return texts


def _rules(source: RowSource) -> list[dict[str, Any]]:
    """Return, for each kind of event, the rule of each variable."""
    variables, found = source.resolved["variables"], []
    anomalies = {anomaly.get("name", "anomaly"): anomaly for anomaly in source.resolved.get("anomalies", ())}
    for kind, touched in source.kinds:
        own = anomalies.get(kind, {}).get("values", {})
        rules = {name: own.get(name, variables[name].get("anomalous")) for name in touched}
        found.append({} if kind not in anomalies else rules)
    return found


def _filled(rule: Any, place: str, drawn: dict[str, float]) -> Any:
    """Return a rule with drawn values in their places, without long lists."""
    if place in drawn:
        return drawn[place]
    if isinstance(rule, dict):
        return {key: _filled(x, f"{place}.{key}".lstrip("."), drawn) for key, x in rule.items()}
    if isinstance(rule, np.ndarray) or (isinstance(rule, list) and len(rule) > _LONGEST_LIST):
        return f"{len(rule)} values"
    if isinstance(rule, list):
        return [_filled(x, f"{place}[{i}]", drawn) for i, x in enumerate(rule)]
    return rule


def _function_name(function: Any) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", getattr(function, "__qualname__", repr(function)))
