"""GutenTAG's configuration files as generators: what maps onto ours, and notes on what does not.

The values are not GutenTAG's: same kinds of signals and anomalies, other random numbers. Positions "beginning",
"middle" and "end" are drawn within their third of the series, from its name.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs._internal.checks import file_path
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError
from paranom_rs.generate.anomalies import Anomaly
from paranom_rs.generate.distributions import Choice, Normal, Uniform
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.rule import Product, Ref, Rule, Transform
from paranom_rs.generate.signals import (
    ECG,
    MLS,
    Cosine,
    CylinderBellFunnel,
    Dirichlet,
    RandomWalk,
    Sawtooth,
    Sine,
    Square,
    Steps,
    Trend,
    Triangle,
)
from paranom_rs.generate.transforms import Drift, Flatline, FrequencyChange, Noise, PhaseShift, Reverse, Scale, Shift
from paranom_rs.generate.variables import Stochastic

__all__ = ["Imported", "read_config"]

Table = Mapping[str, Any]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Imported:
    """A series of a configuration: its name, its rows, a generator of it, and notes on what differs.

    ``generator`` is None where the series cannot be had; the notes say why.
    """

    name: str
    rows: int
    generator: Generator | None
    notes: tuple[str, ...]


class _Unmappable(Exception):  # noqa: N818 (it never leaves this module)
    """Nothing of ours is like it."""


def read_config(path: str | Path, *, seed: int = 0) -> list[Imported]:
    """Read a GutenTAG configuration, YAML or JSON; see `Generator.from_gutentag`."""
    yaml = require("yaml", "gutentag", "a GutenTAG configuration")
    path = file_path(path)
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(path, f"must be YAML ({error})") from None
    series = config.get("timeseries") if isinstance(config, dict) else None
    if not isinstance(series, list) or not all(isinstance(entry, dict) for entry in series):
        raise SpecError(path, "must hold a list of series under timeseries")
    return [_series(entry, str(entry.get("name", f"ts_{i}")), seed) for i, entry in enumerate(series)]


def _series(entry: Table, name: str, seed: int) -> Imported:
    notes: list[str] = []
    rows = int(entry.get("length", 10_000))
    try:
        channels = _channels(entry)
        variables = {f"value-{i}": _channel(o, rows, i, notes.append) for i, o in enumerate(channels)}
        anomalies = _anomalies(entry.get("anomalies", []), channels, rows, name, notes.append)
        if entry.get("semi-supervised") or entry.get("supervised"):
            notes.append("training series: generate them as rows beyond the length, or with data.clean")
        generator = Generator(
            {name: Stochastic(rule) for name, rule in variables.items()}, anomalies=anomalies or None, seed=seed
        )
    except _Unmappable as error:
        return Imported(name, rows, None, (*notes, str(error)))
    except (SpecError, KeyError, TypeError, ValueError) as error:
        return Imported(name, rows, None, (*notes, f"is refused: {error}"))
    return Imported(name, rows, generator, tuple(notes))


def _channels(entry: Table) -> list[Table]:
    if "base-oscillations" in entry:
        return list(entry["base-oscillations"])
    if "base-oscillation" in entry:
        return [entry["base-oscillation"]] * int(entry.get("channels", 0))
    raise _Unmappable("has neither base-oscillations nor base-oscillation and channels")


def _amplitude(o: Table) -> float:
    return float(o.get("amplitude", 1.0))


def _channel(o: Table, rows: int, channel: int, note: Note) -> Rule:
    """Return a base oscillation with its trend, offset and noise."""
    return _with_noise(_signal(o, rows, channel, note), float(o.get("variance", 0.0)) * _amplitude(o))


def _with_noise(rule: Rule, std: float) -> Rule:
    return rule + Normal(0.0, std) if std > 0 else rule


def _signal(o: Table, rows: int, channel: int, note: Note) -> Rule:
    """Return a base oscillation with its trend and offset, without noise."""
    rule = _base(o, rows, channel, note)
    if o.get("trend"):
        rule = rule + _signal(o["trend"], rows, channel, note)
    offset = float(o.get("offset", 0.0))
    return rule + offset if offset else rule


def _base(o: Table, rows: int, channel: int, note: Note) -> Rule:
    kind, amplitude = o["kind"], _amplitude(o)
    match kind:
        case "random-walk":
            note("random-walk: Gaussian steps, as wide as theirs on average, not squeezed to the amplitude")
            # A walk of n steps of size s reaches over some 1.6 s sqrt(n).
            return RandomWalk(std=2.0 * amplitude / (1.6 * rows**0.5))
        case "cylinder-bell-funnel":
            mean, spread = int(o.get("avg-pattern-length", 10)), float(o.get("variance-pattern-length", 0.0))
            shortest = max(int(mean - 2 * spread), 1)
            height = Normal(amplitude, float(o.get("variance-amplitude", 2.0))) * Choice([-1.0, 1.0])
            return CylinderBellFunnel((shortest, max(2 * mean - shortest, mean)), amplitude=height)
        case "polynomial":
            return Trend([float(c) for c in o["polynomial"]])
        case "mls":
            note("mls: not smoothed")
            return MLS(int(o.get("complexity", 7)), walk=True, amplitude=amplitude)
        case "random-mode-jump":
            high = float(o.get("channel-diff", 0.0)) * channel + float(o.get("channel-offset", amplitude))
            if "random-seed" in o:
                note("random-mode-jump: channels of one random-seed jump independently of each other")
            return Steps(Choice([-high, high]), max(int(rows // float(o.get("frequency", 10.0))), 1))
        case "formula":
            note("formula: refers to channels as they are, with their noise, trend, offset, anomalies and labels")
            return _formula(o["formula"], channel)
        case "custom-input":
            raise _Unmappable("custom-input: is a recording; read it with Recorded.from_file")
    return _wave(o, 100.0 / float(o.get("frequency", 10.0)), note)


def _formula(formula: Table, channel: int) -> Rule:
    """Return the rule of a formula: a channel before this one, or a formula, and what is done to it."""
    if "aggregation" in formula:
        raise _Unmappable("formula: an aggregation would make every row depend on all others")
    base = formula["base"]
    if isinstance(base, Mapping):
        rule = _formula(base, channel)
    elif isinstance(base, int) and 0 <= base < channel:
        rule = Ref(f"value-{base}")
    else:
        raise _Unmappable(f"formula: base must be a channel before channel {channel}, got {base!r}")
    operation = formula.get("operation")
    if operation is None:
        return rule
    kind, operand = operation["kind"], operation["operand"]
    other = _formula(operand, channel) if isinstance(operand, Mapping) else float(operand)
    match kind:
        case "+":
            return rule + other
        case "-":
            return rule - other
        case "*":
            return rule * other
        case "/" if isinstance(other, float) and other != 0.0:
            return rule * (1.0 / other)
        case "**" if other in (1.0, 2.0, 3.0, 4.0):
            return Product((rule,) * int(other))
    raise _Unmappable(f"formula: has sums, products, division by a number and powers 1 to 4, not {kind} {operand!r}")


def _wave(o: Table, period: float, note: Note) -> Rule:
    kind, amplitude = o["kind"], _amplitude(o)
    shapes: dict[str, Callable[[float, float], Rule]] = {
        "sine": Sine,
        "cosine": Cosine,
        "square": lambda period, a: Square(period, a, duty=float(o.get("duty", 0.5))),
        "sawtooth": lambda period, a: _sawtooth(period, a, float(o.get("width", 1.0))),
        "dirichlet": lambda period, a: Dirichlet(period, a, harmonics=max((int(o.get("periodicity", 6)) - 1) // 2, 1)),
        "ecg": ECG,
    }
    if kind not in shapes:
        raise _Unmappable(f"{kind}: is not known")
    if kind == "dirichlet" and int(o.get("periodicity", 6)) % 2 == 0:
        note("dirichlet: an even periodicity n is taken as n - 1")
    if kind == "ecg":
        note("ecg: every beat is the same")
    rule = shapes[kind](period, amplitude)
    factor = float(o.get("freq-mod", 0.0))
    return rule * shapes[kind](period / factor, 1.0) if factor else rule


def _sawtooth(period: float, amplitude: float, width: float) -> Rule:
    return Sawtooth(period, amplitude) if width == 1.0 else Triangle(period, amplitude, peak=width)


def _anomalies(entries: list[Table], channels: list[Table], rows: int, name: str, note: Note) -> list[Anomaly]:
    # Drawn from the name, so that other series change nothing.
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    taken: list[tuple[int, int]] = []
    made = []
    # Exact positions first: the others keep clear of them.
    order = sorted(range(len(entries)), key=lambda i: "exact-position" not in entries[i])
    for i in order:
        entry, where = entries[i], f"anomalies[{i}]"
        channel, length = int(entry.get("channel", 0)), int(entry.get("length", 200))
        creeping = int(entry.get("creeping-length", 0))
        kinds = entry.get("kinds", [])
        base = {**channels[channel], "channel": channel}
        effects = [(kind["kind"], _effect(kind, base, rows, length, note)) for kind in kinds]
        usable = [(kind, effect) for kind, effect in effects if effect is not None]
        if not usable:
            note(f"{where}: is left out")
            continue
        if len(usable) > 1:
            note(f"{where}: of several kinds, the first: {usable[0][0]}")
        kind, effect = usable[0]
        start = _start(entry, length, rows, taken, rng)
        if start is None:
            note(f"{where}: is left out: no room beside the others, which would overlap")
            continue
        taken.append((start, start + length))
        onset = min(creeping / length, 1.0) if creeping else None
        made.append(
            Anomaly(
                name=f"{kind}-{i}", events=[(start, start + length)], values={f"value-{channel}": effect}, onset=onset
            )
        )
    return made


def _start(entry: Table, length: int, rows: int, taken: list[tuple[int, int]], rng: np.random.Generator) -> int | None:
    """Return the first row of an anomaly: as it says, or anywhere free in its third of the series."""
    if "exact-position" in entry:
        exact = int(entry["exact-position"])
        tried = [exact] if exact + length <= rows else []
    else:
        third = ["beginning", "middle", "end"].index(entry.get("position", "middle"))
        first, last = third * rows // 3, (third + 1) * rows // 3 - length
        tried = rng.integers(first, last + 1, 200).tolist() if last >= first else []
    free = (x for x in tried if all(x + length < start or x > stop for start, stop in taken))
    return next(free, None)


def _effect(kind: Table, o: Table, rows: int, length: int, note: Note) -> Rule | Transform | None:
    """Return what an anomaly of a kind does; None, and a note, where nothing of ours is like it."""
    name, amplitude = kind["kind"], _amplitude(o)
    quiet: Note = lambda text: None  # noqa: E731 (the base has had its notes)
    noise = float(o.get("variance", 0.0)) * amplitude
    if o["kind"] == "formula" and name in ("frequency", "pattern-shift", "pattern"):
        note(f"{name}: a formula has no signal of its own to change")
        return None
    match name:
        case "amplitude":
            return Scale(float(kind["amplitude_factor"]), center=float(o.get("offset", 0.0)))
        case "extremum":
            share = Uniform(0.0, 1.0) if kind["local"] else Uniform(0.5, 1.5)
            size = share * (2.0 * amplitude) + 2.0 * noise
            note("extremum: its size comes from the amplitude, not from the series' own range")
            return Shift(-size if kind["min"] else size)
        case "frequency":
            return FrequencyChange(float(kind["frequency_factor"]))
        case "mean":
            return Shift(float(kind["offset"]))
        case "pattern-shift":
            if kind.get("transition_window"):
                note("pattern-shift: without a transition")
            return PhaseShift(-float(kind["shift_by"]))
        case "platform":
            return Flatline(float(kind["value"]))
        case "variance":
            wanted = float(kind["variance"]) * amplitude
            if wanted >= noise:
                return Noise((wanted**2 - noise**2) ** 0.5)
            note("variance: less noise than normal is the signal drawn anew, with that noise")
            return _with_noise(_signal(o, rows, o["channel"], quiet), wanted)
        case "mode-correlation":
            return Scale(-1.0)
        case "trend":
            trend = kind.get("oscillation", {})
            if trend.get("kind") == "polynomial" and len(trend["polynomial"]) == 2:
                note("trend: ends with the event; theirs leaves its last value on all rows behind it, without a label")
                return Drift(float(trend["polynomial"][1]) * length)
            note(f"trend: only straight ones, not {trend.get('kind')}")
            return None
        case "pattern":
            return _pattern(kind, o, rows, quiet, note)
    note(f"{name}: is not known")
    return None


def _pattern(kind: Table, o: Table, rows: int, quiet: Note, note: Note) -> Rule | Transform | None:
    noise = float(o.get("variance", 0.0)) * _amplitude(o)
    if o["kind"] == "square" and "square_duty" in kind:
        return _with_noise(_signal({**o, "duty": kind["square_duty"]}, rows, 0, quiet), noise)
    if o["kind"] == "sawtooth" and "sawtooth_width" in kind:
        return _with_noise(_signal({**o, "width": kind["sawtooth_width"]}, rows, 0, quiet), noise)
    if o["kind"] in ("ecg", "mls", "dirichlet", "random-walk", "polynomial", "cylinder-bell-funnel"):
        note(f"pattern: of {o['kind']}, the event backwards")
        return Reverse()
    note(f"pattern: of {o['kind']}, nothing of ours is like it")
    return None
