"""A varied set of anomalies for any generator: kinds, severities and durations, scaled to each variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paranom_rs.generate import signals
from paranom_rs.generate.anomalies import Anomaly
from paranom_rs.generate.distributions import Mixture, Uniform
from paranom_rs.generate.row_source import RowSource
from paranom_rs.generate.rule import Rule, Transform
from paranom_rs.generate.states import State
from paranom_rs.generate.transforms import (
    Clip,
    Decouple,
    Drift,
    Flatline,
    FrequencyChange,
    Noise,
    PhaseShift,
    Scale,
    Shift,
    Smooth,
    Spike,
    TimeWarp,
)

__all__ = ["varied_anomalies"]

#: The share of anomalous rows, all kinds together.
SHARE = 0.02
#: A set has at most this many anomalies; each touches one variable, or all.
MOST = 48
#: Parts of the row axis that scales are measured on, and rows of each.
_PARTS, _ROWS = 16, 512
#: Kinds of rules that can be taken from other places of the row axis.
_NO_SIGNALS = {"at_time", "concepts", "constant", "limited", "logistic", "rounded"}
_SIGNALS = {getattr(signals, name).kind for name in signals.__all__} - _NO_SIGNALS | {"blocks"}


@dataclass(frozen=True)
class Size:
    """How large a variable's values are: their mean, quartiles, standard deviation, and that of their changes."""

    middle: float
    low: float
    high: float
    spread: float
    change: float


def varied_anomalies(source: RowSource) -> list[Anomaly]:
    """Return anomalies for the variables of a source: of each kind some, in turn.

    Sizes are drawn for each event: from hardly more than the noise to far beyond the usual.
    """
    numbers = [name for name, kind in source.types.items() if kind.kind in ("float", "int64")]
    sizes = {name: size for name in numbers if (size := _size(source, name)) is not None}
    variables = source.resolved["variables"]
    refers: dict[str, list[str]] = {}
    names = source.plan.all_names
    for at, target, _ in source.plan.graph:
        if names[target] in source.names:
            refers.setdefault(names[target], []).append(names[at])
    anomalies: list[tuple[str, tuple[int, int], dict[str, Rule | Transform], Any]] = []
    kinds = list(_KINDS)
    # Of each kind one at least, of each variable three, as far as there is room.
    turns = min(max(len(kinds), 3 * len(sizes)), MOST) if sizes else 0
    for turn in range(turns):
        kind = kinds[turn % len(kinds)]
        # Each round through the kinds begins with another variable.
        name = list(sizes)[(turn + turn // len(kinds)) % len(sizes)]
        duration, rule, needs_signal, onset = _KINDS[kind]
        if needs_signal and not _has_signal(variables[name]):
            continue
        if kind == "smooth" and variables[name]["kind"] == "callback":
            continue  # a function gives each of its rows alone
        anomalies.append((f"{kind} {name}", duration, {name: rule(sizes[name])}, onset))
    for dependent, sources in list(refers.items())[:8]:
        decouple = Decouple(sources[0], by=Uniform(200.0, 2000.0))
        anomalies.append((f"decoupled {dependent}", (30, 200), {dependent: decouple}, None))
    if len(sizes) > 1:
        together: dict[str, Rule | Transform] = {
            name: Shift(_either_side(0.7 * x.spread, 2.0 * x.spread)) for name, x in sizes.items()
        }
        anomalies.append(("shift of all", (20, 120), together, 0.3))
    for name in [name for name in source.names if name not in numbers][:8]:
        anomalies.append((f"stuck {name}", (20, 150), {name: Flatline()}, None))
        if source.types[name].kind == "states":
            unseen = State(f"not {source.types[name].states[0]}")
            anomalies.append((f"unseen state {name}", (1, 20), {name: unseen}, None))
    # As many events of each.
    total = sum(sum(duration) for _, duration, _, _ in anomalies)
    return [
        Anomaly(name=name, frequency=SHARE * sum(duration) / total, duration=duration, values=values, onset=onset)
        for name, duration, values, onset in anomalies
    ]


def _size(source: RowSource, name: str) -> Size | None:
    """Measure a variable on parts of the first 2**20 rows, without anomalies; None for one that does not vary."""
    clean = source.without_anomalies()
    most = source.plan.most_rows
    far = 1 << 20 if source.has_independent_rows else _ROWS
    last = far if most is None else min(int(most), far)
    rows = min(_ROWS, last)
    starts = sorted({int(x) for x in np.linspace(0, last - rows, _PARTS)})
    parts = []
    for start in starts:
        columns = clean.allocate(rows, np.float64)
        clean.fill([(start, rows)], columns, clean=True)
        parts.append(columns[name])
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if len(values) < 2 or float(np.ptp(values)) == 0.0:
        return None
    changes = np.concatenate([np.diff(part) for part in parts])
    change = float(np.nanstd(changes)) if np.isfinite(changes).any() else 0.0
    low, high = (float(x) for x in np.quantile(values, [0.25, 0.75]))
    spread = float(values.std())
    return Size(float(np.median(values)), low, high, spread, max(change, 0.02 * spread))


def _has_signal(variable: dict[str, Any]) -> bool:
    """Whether the normal rule has a signal that can be taken from other places of the row axis."""
    if variable.get("kind") == "recorded":
        return True

    def walk(rule: Any) -> bool:
        if isinstance(rule, dict):
            return rule.get("kind") in _SIGNALS or any(walk(part) for part in rule.values())
        return isinstance(rule, list) and any(isinstance(part, dict) and walk(part) for part in rule)

    return walk(variable.get("normal"))


def _either_side(least: float, most: float) -> Rule:
    """Return a size between two, up or down."""
    return Mixture([(0.5, Uniform(least, most)), (0.5, Uniform(-most, -least))])


_FACTOR = Mixture([(0.5, Uniform(0.1, 0.6)), (0.5, Uniform(1.5, 3.0))])

#: Name -> shortest and longest duration, the rule for a size, whether it resamples a signal, and the onset.
_KINDS: dict[str, tuple[tuple[int, int], Any, bool, Any]] = {
    "spike": ((1, 3), lambda x: Spike(_either_side(3.0 * x.change, 4.0 * x.spread + 3.0 * x.change)), False, None),
    "shift": ((20, 150), lambda x: Shift(_either_side(0.7 * x.spread, 3.0 * x.spread)), False, None),
    "drift": ((60, 300), lambda x: Drift(_either_side(1.0 * x.spread, 4.0 * x.spread)), False, None),
    "noise": ((20, 150), lambda x: Noise(Uniform(1.5 * x.change, 6.0 * x.change)), False, None),
    "stuck": ((20, 150), lambda _: Flatline(), False, None),
    "scale": ((30, 200), lambda x: Scale(_FACTOR, center=x.middle), False, None),
    "limits": ((30, 200), lambda x: Clip(low=x.low, high=x.high + 1e-9 * max(abs(x.high), 1.0)), False, None),
    "smooth": ((30, 150), lambda _: Smooth(9), False, None),
    "creeping shift": ((60, 300), lambda x: Shift(_either_side(1.0 * x.spread, 4.0 * x.spread)), False, "creeping"),
    "faster": ((40, 200), lambda _: FrequencyChange(Uniform(1.3, 3.0)), True, None),
    "out of phase": ((30, 150), lambda _: PhaseShift(_either_side(5.0, 100.0)), True, None),
    "warped": ((40, 200), lambda _: TimeWarp(Uniform(0.3, 1.0)), True, None),
}  # fmt: skip
