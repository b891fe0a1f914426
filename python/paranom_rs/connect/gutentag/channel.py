"""A channel: a base oscillation, and its trend, offset and noise, which anomalies leave alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from paranom_rs.connect.gutentag.recording import read_recording
from paranom_rs.connect.gutentag.table import Refused, Table
from paranom_rs.generate.distributions import Choice, Normal
from paranom_rs.generate.recordings import Recorded
from paranom_rs.generate.rule import Product, Ref, Rule
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
from paranom_rs.generate.variables import Stochastic

Note = Callable[[str], None]

#: Kinds that are drawn at random: a hidden variable holds them, so that an anomaly can refer to what was drawn.
RANDOM = ("random-walk", "cylinder-bell-funnel", "random-mode-jump")
#: Kinds that have a frequency.
WAVES = ("sine", "cosine", "square", "sawtooth", "dirichlet", "ecg")
#: Known to GutenTAG; we have nothing to read them for.
IGNORED = (
    *("kind", "length", "smoothing", "ecg-sim-method", "frequency", "amplitude", "variance", "offset", "trend"),
    *("input-timeseries-path-train", "use-column-train"),
)


@dataclass(frozen=True)
class Channel:
    """What a channel is made of; its value is ``base + trend + offset + noise``.

    ``base`` gives the same value wherever it is written; of a random kind it refers to the variable ``drawn``.
    """

    kind: str
    table: Table
    number: int
    rows: int
    base: Rule
    drawn: tuple[str, Stochastic | Recorded] | None
    trend: Rule | None
    offset: float
    amplitude: float
    noise: float

    def rule(self, *, noise: float | None = None) -> Rule:
        """Return the rule of the channel, maybe with another noise."""
        return self.around(self.base, noise=noise)

    def around(self, base: Rule, *, trend: bool = True, noise: float | None = None) -> Rule:
        """Return another base with the channel's trend, offset and noise."""
        std = self.noise if noise is None else noise
        rule = base + self.trend if trend and self.trend is not None else base
        rule = rule + self.offset if self.offset else rule
        return rule + Normal(0.0, std) if std > 0 else rule


def read_channel(table: Table, number: int, rows: int, note: Note) -> Channel:
    """Read a base oscillation with its trend, offset and noise."""
    base, drawn = _base(table, number, rows, note)
    trend = None
    if "trend" in table:
        trend = _trend(table.table("trend"), number, rows, note)
    amplitude = table.number("amplitude", 1.0)
    channel = Channel(
        kind=table.kind(),
        table=table,
        number=number,
        rows=rows,
        base=base,
        drawn=drawn,
        trend=trend,
        offset=table.number("offset", 0.0),
        amplitude=amplitude,
        noise=table.number("variance", 0.0, least=0) * abs(amplitude),
    )
    for text in table.unread(IGNORED):
        note(text)
    return channel


def _modes(table: Table, number: int, rows: int) -> tuple[Rule, tuple[str, Rule]]:
    """Return the jumps of a channel, and the variable of -1 and 1 behind them: one for all channels of a seed."""
    steps = max(int(rows // table.number("frequency", 10.0, above=0)), 1)
    name = f"mode-of-{number}"
    if "random-seed" in table:
        name = f"mode-of-seed-{table.number('random-seed'):.17g}-{steps}"
    return Ref(name) * _height(table, number), (name, Steps(Choice([-1.0, 1.0]), steps))


def _height(table: Table, number: int) -> float:
    first = table.number("channel-offset", table.number("amplitude", 1.0))
    return table.number("channel-diff", 0.0) * number + first


def _base(table: Table, number: int, rows: int, note: Note) -> tuple[Rule, tuple[str, Stochastic | Recorded] | None]:
    """Return a base that may be written several times, and the variable behind it, if it needs one."""
    kind, name = table.kind(), f"base-{number}"
    if kind == "custom-input":
        return Ref(name), (name, Recorded(read_recording(table, rows), hidden=True))
    if kind == "random-mode-jump":
        rule, (name, modes) = _modes(table, number, rows)
        return rule, (name, Stochastic(modes, hidden=True))
    base = oscillation(table, number, rows, note)
    return (Ref(name), (name, Stochastic(base, hidden=True))) if kind in RANDOM else (base, None)


def _trend(table: Table, number: int, rows: int, note: Note) -> Rule:
    """Return a trend: a base oscillation and its own trend. Its offset and noise are not added, as in GutenTAG."""
    rule = oscillation(table, number, rows, note)
    if "trend" in table:
        rule = rule + _trend(table.table("trend"), number, rows, note)
    for text in table.unread(IGNORED):
        note(text)
    return rule


def oscillation(table: Table, number: int, rows: int, note: Note) -> Rule:
    """Return a base oscillation alone."""
    kind, amplitude = table.kind(), table.number("amplitude", 1.0)
    if kind in WAVES:
        if kind == "dirichlet" and table.whole("periodicity", 6, least=1) % 2 == 0:
            note("dirichlet: an even periodicity n is taken as n - 1")
        if kind == "ecg":
            note("ecg: every beat is the same")
        return wave(table)
    match kind:
        case "random-walk":
            note("random-walk: Gaussian steps, as wide as theirs on average, not squeezed to the amplitude")
            # A walk of n steps of size s reaches over some 1.6 s sqrt(n).
            return RandomWalk(std=2.0 * amplitude / (1.6 * max(rows, 1) ** 0.5))
        case "cylinder-bell-funnel":
            return bells(table)
        case "polynomial":
            return Trend(coefficients(table))
        case "mls":
            note("mls: not smoothed")
            return MLS(table.whole("complexity", 7, least=1, most=64), walk=True, amplitude=amplitude)
        case "random-mode-jump":
            drawn = _modes(table, number, rows)[1][1]
            return drawn * _height(table, number)
        case "formula":
            note("formula: refers to channels as they are, with their noise, trend, offset, anomalies and labels")
            return _formula(table.table("formula"), number)
        case "custom-input":
            raise Refused(f"{table.path}: custom-input is no trend: a recording is a variable of its own")
    raise Refused(f"{table.at('kind')}: {kind!r} is not known")


def wave(table: Table, *, factor: float = 1.0, ahead: float = 0.0, start: int | None = None, **change: float) -> Rule:
    """Return a periodic oscillation.

    Parameters
    ----------
    factor
        What its frequency is multiplied by.
    ahead
        Rows that it runs ahead.
    start
        The row in which its phase is 0; by default row 0.
    change
        ``duty`` or ``width``, in place of its own.
    """
    amplitude, frequency = table.number("amplitude", 1.0), table.number("frequency", 10.0, above=0) * factor
    if frequency <= 0:
        raise Refused(f"{table.path}: frequency must stay > 0, got {frequency:g}")
    period = 100.0 / frequency
    modulation = table.number("freq-mod", 0.0)
    rule = _shape(table, period, amplitude, _phase(period, ahead, start), change)
    if not modulation:
        return rule
    slow = period / modulation
    return rule * _shape(table, slow, 1.0, _phase(slow, ahead, start), change)


def _phase(period: float, ahead: float, start: int | None) -> float:
    return (ahead - (start or 0)) / period % 1.0


def _shape(table: Table, period: float, amplitude: float, phase: float, change: Mapping[str, float]) -> Rule:
    match table.kind():
        case "sine":
            return Sine(period, amplitude, phase=phase)
        case "cosine":
            return Cosine(period, amplitude, phase=phase)
        case "square":
            return Square(period, amplitude, duty=change.get("duty", table.number("duty", 0.5)), phase=phase)
        case "sawtooth":
            width = change.get("width", table.number("width", 1.0))
            if width == 1.0:
                return Sawtooth(period, amplitude, phase=phase)
            return Triangle(period, amplitude, peak=width, phase=phase)
        case "dirichlet":
            harmonics = max((table.whole("periodicity", 6, least=1, most=10_000) - 1) // 2, 1)
            return Dirichlet(period, amplitude, harmonics=harmonics, phase=phase)
    return ECG(period, amplitude, phase=phase)


def bells(table: Table, *, spread: float = 1.0) -> Rule:
    """Return cylinders, bells and funnels; ``spread`` multiplies how much their lengths vary."""
    mean = table.whole("avg-pattern-length", 10, least=1, most=2**30)
    varying = table.number("variance-pattern-length", 0.0) * spread
    shortest = max(int(mean - 2 * varying), 1)
    height = Normal(table.number("amplitude", 1.0), table.number("variance-amplitude", 2.0)) * Choice([-1.0, 1.0])
    return CylinderBellFunnel((shortest, max(2 * mean - shortest, mean)), amplitude=height)


def coefficients(table: Table) -> list[float]:
    """Return the coefficients of a polynomial, the constant one first."""
    given: list[Any] = table.items("polynomial") or [1, 1]
    return [Table(table.path, {f"polynomial[{i}]": c}).number(f"polynomial[{i}]") for i, c in enumerate(given)]


def _formula(formula: Table, channel: int) -> Rule:
    """Return the rule of a formula: a channel before this one, or a formula, and what is done to it."""
    if "aggregation" in formula:
        raise Refused(f"{formula.path}: an aggregation would make every row depend on all others")
    base = formula.get("base")
    if isinstance(base, Mapping):
        rule = _formula(formula.table("base"), channel)
    elif isinstance(base, int) and not isinstance(base, bool) and 0 <= base < channel:
        rule = Ref(f"value-{base}")
    else:
        raise Refused(f"{formula.at('base')}: must be a channel before channel {channel}, got {base!r:.60}")
    if "operation" not in formula:
        return rule
    operation = formula.table("operation")
    kind, given = operation.text("kind"), operation.get("operand")
    other: Rule | float = (
        _formula(operation.table("operand"), channel) if isinstance(given, Mapping) else operation.number("operand")
    )
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
    rule_text = "must be a sum, a product, a division by a number, or a power 1 to 4"
    raise Refused(f"{operation.path}: {rule_text}, got {kind} {given!r:.60}")
