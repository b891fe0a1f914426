"""What an anomaly does to its channel.

GutenTAG's anomalies change the base oscillation; noise, trend and offset are added afterwards. So an anomaly is the
difference between the changed base and the base, added to the channel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from paranom_rs.connect.gutentag.channel import WAVES, Channel, Note, bells, coefficients, oscillation, wave
from paranom_rs.connect.gutentag.table import Refused, Table
from paranom_rs.generate.distributions import Uniform
from paranom_rs.generate.rule import EachRow, Rule, Transform
from paranom_rs.generate.signals import Constant, Cosine, Shape, Sine
from paranom_rs.generate.transforms import Noise, Reverse, Shift

Effect = Rule | Transform

#: The points of a polynomial trend, at most.
_POINTS = 1000


@dataclass(frozen=True)
class Place:
    """The rows of an anomaly."""

    start: int
    length: int


@dataclass(frozen=True)
class Changed:
    """What a kind makes of its channel: another base, or an effect where that cannot be said as a base."""

    kind: str
    base: Rule | None = None
    effect: Effect | None = None


def effect_of(kinds: list[Table], channel: Channel, place: Place, note: Note) -> Effect | None:
    """Return what the kinds of an anomaly do together; None where nothing is left of them."""
    changed: list[Changed] = []
    for kind in kinds:
        try:
            found = _change(kind, channel, place, note)
            changed.append(found)
        except Refused as error:
            note(str(error))
        except ArithmeticError:
            note(f"{kind.path}: must have numbers that float64 can reckon with")
        for text in kind.unread(("kind",)):
            note(text)
    bases = [x.base for x in changed if x.base is not None]
    effects = [(x.kind, x.effect) for x in changed if x.effect is not None]
    if effects:
        if len(changed) > 1:
            note(f"{kinds[0].path}: of several kinds, {effects[0][0]} alone: it does not add to the others")
        return effects[0][1]
    if not bases:
        return None
    # Theirs adds up what the kinds make of the base, each for itself.
    total = bases[0]
    for base in bases[1:]:
        total = total + base
    return Shift(EachRow(total - channel.base))


def _change(kind: Table, channel: Channel, place: Place, note: Note) -> Changed:
    name = kind.kind()
    if channel.kind == "formula" and name in ("frequency", "pattern-shift", "pattern"):
        raise Refused(f"{kind.path}: {name} needs a signal of the channel's own, and a formula has none")
    base, effect = None, None
    match name:
        case "amplitude":
            base = channel.base * _number(kind, "amplitude_factor", 1.0, note)
            note("amplitude: all at once; theirs grows and fades over a fifth of the event each")
            if channel.kind == "cylinder-bell-funnel":
                note("amplitude: of cylinder-bell-funnel, changes nothing between two shapes, where the base is 0")
        case "extremum":
            effect = _extremum(kind, channel, note)
        case "frequency":
            base = _wave_of(
                channel, kind, factor=_number(kind, "frequency_factor", 1.0, note, above=0), start=place.start
            )
        case "mean":
            base = channel.base + _number(kind, "offset", 0.0, note)
        case "pattern":
            base, effect = _pattern(kind, channel, note)
        case "pattern-shift":
            if kind.number("transition_window", 10):
                note("pattern-shift: without a transition")
            base = _wave_of(channel, kind, ahead=-kind.number("shift_by", 5))
        case "platform":
            # Theirs takes the trend away, and leaves offset and noise.
            effect = channel.around(Constant(kind.number("value", 0.0)), trend=False)
        case "variance":
            effect = _variance(kind, channel, note)
        case "mode-correlation":
            base = channel.base * -1.0
            if channel.kind != "random-mode-jump":
                note(f"mode-correlation: theirs changes a random-mode-jump only, and labels {channel.kind} unchanged")
        case "trend":
            base = channel.base + _trend(kind.table("oscillation"), channel, place, note)
            note("trend: ends with the event; theirs leaves its last value on all rows behind it, without a label")
        case _:
            raise Refused(f"{kind.at('kind')}: {name!r} is not known")
    return Changed(name, base, effect)


def _extremum(kind: Table, channel: Channel, note: Note) -> Effect:
    kind.get("context_window")
    share = Uniform(0.0, 1.0) if kind.flag("local") else Uniform(0.5, 1.5)
    size = share * (2.0 * channel.amplitude) + 2.0 * channel.noise
    note("extremum: its size comes from the amplitude, not from the series' own range")
    return Shift(-size if kind.flag("min") else size)


def _wave_of(
    channel: Channel, kind: Table, *, factor: float = 1.0, ahead: float = 0.0, start: int | None = None
) -> Rule:
    if channel.kind not in WAVES:
        rule = f"{kind.kind()} needs an oscillation with a frequency, and {channel.kind} has none; theirs ignores it"
        raise Refused(f"{kind.path}: {rule}")
    # The heart's beats keep their place in the series; other waves begin anew with the event.
    return wave(channel.table, factor=factor, ahead=ahead, start=None if channel.kind == "ecg" else start)


def _number(kind: Table, key: str, neutral: float, note: Note, *, above: float = -math.inf) -> float:
    """Return a parameter, ``neutral`` where it is not given: then the anomaly changes nothing, and a note says so."""
    value = kind.number(key, neutral, above=above)
    if value == neutral:
        note(
            f"{kind.at(key)}: {neutral:g} changes nothing"
            + ("" if key in kind else ", and is taken where none is given")
        )
    return value


def _variance(kind: Table, channel: Channel, note: Note) -> Effect:
    wanted = kind.number("variance", 0.0, least=0) * abs(channel.amplitude)
    if wanted == channel.noise:
        note(f"{kind.at('variance')}: is that of the channel, and changes nothing")
    if wanted >= channel.noise:
        # The root of the difference of the squares, which themselves may overflow.
        return Noise(math.sqrt(wanted - channel.noise) * math.sqrt(wanted + channel.noise))
    return channel.rule(noise=wanted)


def _trend(table: Table, channel: Channel, place: Place, note: Note) -> Rule:
    """Return what a trend adds to the rows of an event: an oscillation that begins with it."""
    kind = table.kind()
    if kind in WAVES:
        rule = wave(table, start=place.start)
    elif kind == "polynomial":
        points = np.linspace(0, max(place.length - 1, 1), min(max(place.length, 2), _POINTS))
        rule = Shape(np.polynomial.Polynomial(coefficients(table))(points).tolist())
    else:
        rule = oscillation(table, channel.number, channel.rows, note)
        note(f"trend: {kind} does not begin at 0 with the event")
    for text in table.unread(("kind", "length", "variance", "offset", "smoothing", "frequency", "amplitude")):
        note(text)
    return rule


def _pattern(kind: Table, channel: Channel, note: Note) -> tuple[Rule | None, Effect | None]:
    sharp, spread = kind.number("sinusoid_k", 10.0, above=0), kind.number("cbf_pattern_factor", 2.0)
    duty, width = kind.number("square_duty", 1.0), kind.number("sawtooth_width", 0.5)
    match channel.kind:
        case "square":
            return wave(channel.table, duty=duty), None
        case "sawtooth":
            return wave(channel.table, width=width), None
        case "sine" | "cosine":
            if channel.table.number("freq-mod", 0.0):
                note("pattern: without the frequency modulation")
            return _flattened(channel, sharp), None
        case "cylinder-bell-funnel":
            return None, channel.around(bells(channel.table, spread=spread))
        case "ecg" | "mls":
            note(f"pattern: of {channel.kind}, the event backwards, with its trend")
            return None, Reverse()
        case "dirichlet":
            note("pattern: of dirichlet, the event backwards")
            return None, Reverse()
        case "random-walk" | "random-mode-jump":
            note(f"pattern: theirs leaves {channel.kind} unchanged; here the event is drawn anew")
            return None, channel.around(oscillation(channel.table, channel.number, channel.rows, note))
        case "custom-input":
            raise Refused(f"{kind.path}: theirs leaves custom-input unchanged")
    note(f"pattern: theirs leaves {channel.kind} unchanged; here the event runs backwards")
    return None, Reverse()


def _flattened(channel: Channel, k: float) -> Rule:
    """Return a wave flattened by an arctangent, ``a atan(k w / a) / atan(k)``: its Fourier series.

    ``atan(k sin x)`` is the sum over odd n of ``2 q**n / n sin(n x)`` with ``q = (sqrt(1 + k**2) - 1) / k``.
    """
    # GutenTAG takes the arctangent of k times the values, and scales them to their own range.
    k = k * abs(channel.amplitude)
    q = (math.sqrt(1.0 + k * k) - 1.0) / k
    period = 100.0 / channel.table.number("frequency", 10.0, above=0)
    total: Rule | None = None
    for n in range(1, 200, 2):
        share = 2.0 * q**n / (n * math.atan(k))
        if n > 1 and share < 1e-4:
            break
        size = channel.amplitude * share
        # cos is sin a quarter period ahead: every other harmonic changes its sign.
        term: Rule = Sine(period / n, size) if channel.kind == "sine" else Cosine(period / n, size * (-1) ** (n // 2))
        total = term if total is None else total + term
    assert total is not None, "the first harmonic is always there"
    return total
