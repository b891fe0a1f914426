"""What each distribution, signal and transform is.

A rule is read from its table once (`read`), which gives every random draw in it a *site* of its own, in the
order of reading; then it can be asked for the values of any rows. Nothing but the row, the variable's key
and, in an anomalous rule, the event goes into a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import numpy as np

from . import fmath, random
from .chain import Chain, Matrix
from .distinct import keys_of, number
from .fmath import Floats
from .random import Key, Words
from .schedule import Event
from .time import beside, local_datetimes, places

Table = dict[str, Any]


class World(Protocol):
    """The other variables."""

    def values(self, name: str, rows: list[int], clean: bool | None = None) -> Floats:
        """A variable's values in any rows; the axis ends at both ends. Anomalies as in the dataset, or as said."""

    def states(self, name: str) -> list[str]:
        """The states of a variable, in the order of their numbers."""

    def decoupled(self, name: str, by: int) -> World:
        """The same, but one of them is seen so many rows later, without its anomalies."""


@dataclass(frozen=True)
class At:
    """Where values are wanted: of which variable, in which rows, in which event (None: in normal rows).

    ``world``: the other variables.
    ``moved``: signals are looked at elsewhere, each ``parts`` of the way from ``rows`` to the next ones.
    """

    key: Key
    rows: Words
    event: Event | None = None
    moved: tuple[Words, Floats] | None = None
    world: World | None = None

    def offsets(self) -> Floats:
        """How far each row is into its event."""
        assert self.event is not None
        return (self.rows - np.uint64(self.event.start)).astype(np.float64)

    def duration(self) -> float:
        """How long the event is."""
        assert self.event is not None
        return float(self.event.stop - self.event.start)


END = np.uint64(2**64 - 1)  # the last row

Rule = Callable[[At], Floats]
Transform = Callable[[At, Rule, Floats], Floats]  # (where, the normal rule, normal values) -> values


class Scope:
    """The sites of one rule: 32 bits that tell its draws apart.

    Bit 31: the rule is anomalous. Bit 30: drawn once per event. Bits 8 to 29: a number, in the order of
    reading. Bits 0 to 7: which draw, for a rule that makes several.
    """

    def __init__(
        self, anomalous: bool, seed: int = 0, time: Table | None = None, states: list[str] | None = None
    ) -> None:
        self.anomalous = anomalous
        self.states = [] if states is None else states  # of the variable
        self.seed, self.time = seed, time  # the clock, which a calendar looks at
        self.follows: Callable[[float], list[float]] | None = None  # which values never follow on one
        self.per_event = False
        self.next = 0

    def site(self) -> int:
        number, self.next = self.next, self.next + 1
        return self.anomalous << 31 | self.per_event << 30 | number << 8

    def value(self, value: float | str) -> float:
        """A number, or a state: its place in the order in which states are met."""
        if not isinstance(value, str):
            return float(value)
        if value not in self.states:
            self.states.append(value)
        return float(self.states.index(value))

    @contextmanager
    def once_per_event(self) -> Iterator[None]:
        before, self.per_event = self.per_event, True
        yield
        self.per_event = before


def read(spec: float | Table, scope: Scope) -> Rule:
    """A rule: a number, or a table with a kind."""
    if isinstance(spec, dict):
        rule = RULES[spec["kind"]](spec, scope)
        if is_held(spec):
            return held_between_rows(rule)
        return between_rows(rule) if spec["kind"] in INTERPOLATED else rule
    value = float(spec)
    return lambda at: np.full(at.rows.shape, value)


def read_anomaly(spec: float | Table, scope: Scope) -> Transform:
    """An anomalous rule: a transform of the normal values, or a rule whose values take their place."""
    if isinstance(spec, dict) and spec["kind"] in TRANSFORMS:
        return TRANSFORMS[spec["kind"]](spec, scope)
    rule = read(spec, scope)
    return lambda at, normal, values: rule(at)


def parameter(table: Table, name: str, scope: Scope, default: float | None = None) -> Rule:
    """A parameter: a number, or a rule.

    In an anomalous rule it is drawn once per event (the event's id stands for the row), unless it says
    each_row; in a normal rule there is no event, and it is drawn in each row.
    """
    spec = table.get(name, default)
    assert spec is not None
    if isinstance(spec, dict) and spec["kind"] == "each_row":
        return read(spec["of"], scope)
    if not isinstance(spec, dict) or not scope.anomalous:
        return read(spec, scope)
    with scope.once_per_event():
        drawn = read(spec, scope)

    def once(at: At) -> Floats:
        assert at.event is not None
        value = drawn(replace(at, rows=np.array([at.event.id], np.uint64)))
        return np.full(at.rows.shape, value[0])

    return once


# Distributions


def uniform(table: Table, scope: Scope) -> Rule:
    low = parameter(table, "low", scope)
    high = parameter(table, "high", scope)
    site = scope.site()

    def values(at: At) -> Floats:
        a, b = low(at), high(at)
        x = a + random.uniforms(at.key, site, at.rows) * (b - a)
        # Rounding may reach `high`, which is excluded: the largest number below it stands in.
        below = np.nextafter(b, -np.inf)
        return np.where(x > below, below, x)

    return values


def normal(table: Table, scope: Scope) -> Rule:
    mean = parameter(table, "mean", scope, 0.0)
    std = parameter(table, "std", scope, 1.0)
    site = scope.site()
    low, high = float(table.get("low", -np.inf)), float(table.get("high", np.inf))

    def values(at: At) -> Floats:
        return mean(at) + std(at) * random.normals(at.key, site, at.rows)

    def truncated(at: At) -> Floats:
        """The inverse of the distribution function, between its values at the two limits."""
        m, s = mean(at), std(at)
        z_low, z_high = (low - m) / s, (high - m) / s
        # In the upper tail the distribution function is 1 minus something too small for its digits: mirror
        # it.
        mirrored = z_low > 0.0
        p_from = fmath.normal_cdf(np.where(mirrored, -z_high, z_low))
        p_to = fmath.normal_cdf(np.where(mirrored, -z_low, z_high))
        u = random.uniforms(at.key, site, at.rows)
        z = fmath.normal_quantile(p_from + u * (p_to - p_from))
        x = m + s * np.where(mirrored, -z, z)
        # Rounding may step over a limit.
        return np.where(x < low, low, np.where(x > high, high, x))

    return values if (low, high) == (-np.inf, np.inf) else truncated


def lognormal(table: Table, scope: Scope) -> Rule:
    mean = parameter(table, "mean", scope, 0.0)
    sigma = parameter(table, "sigma", scope, 1.0)
    site = scope.site()
    return lambda at: fmath.exp(mean(at) + sigma(at) * random.normals(at.key, site, at.rows))


def exponential(table: Table, scope: Scope) -> Rule:
    scale = parameter(table, "scale", scope, 1.0)
    site = scope.site()
    return lambda at: -fmath.ln(1.0 - random.uniforms(at.key, site, at.rows)) * scale(at)


def located(table: Table, scope: Scope) -> Callable[[At, Floats], Floats]:
    """Scales and moves standard values."""
    loc = parameter(table, "loc", scope, 0.0)
    scale = parameter(table, "scale", scope, 1.0)
    return lambda at, x: loc(at) + scale(at) * x


def laplace(table: Table, scope: Scope) -> Rule:
    place = located(table, scope)
    site = scope.site()

    def values(at: At) -> Floats:
        v = (random.uniforms(at.key, site, at.rows) - 0.5) + 2.0**-54  # in (-1/2, 1/2), symmetric, exact
        size = -fmath.ln(1.0 - 2.0 * np.abs(v))
        return place(at, np.where(v < 0.0, -size, size))

    return values


def cauchy(table: Table, scope: Scope) -> Rule:
    """The tangent of pi v."""
    place = located(table, scope)
    site = scope.site()

    def values(at: At) -> Floats:
        v = (random.uniforms(at.key, site, at.rows) - 0.5) + 2.0**-54
        sin, cos = fmath.sincos2pi(0.5 * v)
        return place(at, sin / cos)

    return values


def student_t(table: Table, scope: Scope) -> Rule:
    """Bailey (1994): sqrt(df (u^(-2/df) - 1)) cos(2 pi v)."""
    df = parameter(table, "df", scope)
    place = located(table, scope)
    site = scope.site()

    def values(at: At) -> Floats:
        n = df(at)
        square = n * fmath.expm1(2.0 / n * -fmath.ln(1.0 - random.uniforms(at.key, site, at.rows)))
        _, cos = fmath.sincos2pi(random.uniforms(at.key, site | 1, at.rows) - 0.5)
        return place(at, np.sqrt(square) * cos)

    return values


GAMMA_TRIES = 16


def standard_gamma(at: At, site: int, shape: Floats) -> tuple[Floats, Floats]:
    """Marsaglia and Tsang (2000): d v with v = (1 + z / sqrt(9 d))^3, d = shape - 1/3, z normal, accepted where
    ln u < z^2 / 2 + d - d v + d ln v. Try k uses draws 2 k and 2 k + 1; where all fail, d stands in.

    A shape below 1 is drawn as shape + 1, times u^(1 / shape); the logarithm of that factor comes second.
    """
    d = np.where(shape < 1.0, shape + 1.0, shape) - 1.0 / 3.0
    x = np.full(at.rows.shape, -1.0)
    for k in range(GAMMA_TRIES):
        z = random.normals(at.key, site | 2 * k, at.rows)
        u = random.uniforms(at.key, site | 2 * k + 1, at.rows)
        root = 1.0 + z * (1.0 / np.sqrt(9.0 * d))
        cube = root * root * root
        v = np.where(cube > 0.0, cube, 1.0)
        most = (0.5 * (z * z) + d) - d * v + d * fmath.ln(v)
        accepted = (cube > 0.0) & (fmath.ln(1.0 - u) < most)
        x = np.where((x < 0.0) & accepted, d * v, x)
    x = np.where(x < 0.0, d, x)
    u = random.uniforms(at.key, site | 2 * GAMMA_TRIES, at.rows)
    return x, np.where(shape < 1.0, fmath.ln(1.0 - u) / shape, 0.0)


def gamma(table: Table, scope: Scope) -> Rule:
    shape = parameter(table, "shape", scope)
    scale = parameter(table, "scale", scope, 1.0)
    site = scope.site()

    def values(at: At) -> Floats:
        x, boost = standard_gamma(at, site, shape(at))
        return x * fmath.exp(boost) * scale(at)

    return values


def beta(table: Table, scope: Scope) -> Rule:
    """X / (X + Y) of two gammas, by their logarithms."""
    a = parameter(table, "a", scope)
    b = parameter(table, "b", scope)
    site = scope.site()

    def values(at: At) -> Floats:
        (x, x_boost), (y, y_boost) = standard_gamma(at, site, a(at)), standard_gamma(at, site | 64, b(at))
        return 1.0 / (1.0 + fmath.exp((fmath.ln(y) + y_boost) - (fmath.ln(x) + x_boost)))

    return values


POISSON_TRIES, POISSON_MANY, POISSON_MOST = 32, 30.0, 1e12


def poisson(table: Table, scope: Scope) -> Rule:
    rate = parameter(table, "rate", scope)
    site = scope.site()

    def summed_up(u: float, rate: float) -> float:
        """The first k with u < P(X <= k)."""
        term = total = float(fmath.exp(np.array(-rate)))
        k = 0
        while u >= total and k < 128:
            k += 1
            term = term * rate / k
            total = total + term
        return float(k)

    def tried(at: At, rate: Floats) -> Floats:
        """PTRS (Hoermann 1993). Try k uses draws 2 k and 2 k + 1; where all fail, the rate's whole part stands in."""
        b = 0.931 + 2.53 * np.sqrt(rate)
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        x = np.full(at.rows.shape, -1.0)
        for n in range(POISSON_TRIES):
            u = random.uniforms(at.key, site | 2 * n, at.rows) - 0.5
            v = random.uniforms(at.key, site | 2 * n + 1, at.rows)
            us = 0.5 - np.abs(u)
            count = np.floor((2.0 * a / us + b) * u + rate + 0.43)
            k = np.where(count >= 1.0, count, 1.0)
            z = 1.0 / (k * k)
            stirling = (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0)))) / k
            likely = k * fmath.ln(rate / k) + (k - rate) - 0.5 * fmath.ln(fmath.TAU * k) - stirling
            likely = np.where(count >= 1.0, likely, -rate)
            height = fmath.ln((1.0 - v) * inverse_alpha / (a / (us * us) + b))
            x = np.where((x < 0.0) & (count >= 0.0) & (height <= likely), count, x)
        return np.where(x < 0.0, np.floor(rate), x)

    def values(at: At) -> Floats:
        rates = np.minimum(rate(at), POISSON_MOST)
        u = random.uniforms(at.key, site, at.rows)
        few = np.array([summed_up(*pair) if pair[1] < POISSON_MANY else 0.0 for pair in zip(u, rates, strict=True)])
        return np.where(rates < POISSON_MANY, few, tried(at, np.maximum(rates, POISSON_MANY)))

    return values


def integers(table: Table, scope: Scope) -> Rule:
    low, high = int(table["low"]), int(table["high"])
    site = scope.site()

    def values(at: At) -> Floats:
        words = random.words(at.key, site, at.rows)
        return np.array([low + random.scaled(int(word), high - low) for word in words], np.float64)

    return values


def bernoulli(table: Table, scope: Scope) -> Rule:
    p = parameter(table, "p", scope)
    site = scope.site()
    return lambda at: (random.uniforms(at.key, site, at.rows) < p(at)).astype(np.float64)


def ends_of(weights: list[float]) -> Floats:
    """Thing i comes for uniforms in [ends[i-1], ends[i]). The last that can come ends at 1, whatever rounding did."""
    ends, total = [], 0.0
    for weight in weights:
        total += float(weight)
        ends.append(total)
    last = max(i for i, weight in enumerate(weights) if weight > 0)
    ends[last:] = [1.0] * (len(ends) - last)
    return np.array(ends)


def choice(table: Table, scope: Scope) -> Rule:
    values = np.array([scope.value(x) for x in table["values"]], np.float64)
    weights = table.get("weights", [1.0 / len(values)] * len(values))
    site = scope.site()
    ends = ends_of(weights)

    def drawn(at: At) -> Floats:
        chosen = np.searchsorted(ends, random.uniforms(at.key, site, at.rows), side="right")
        picked: Floats = values[chosen]
        return picked

    return drawn


def mixture(table: Table, scope: Scope) -> Rule:
    """In each row the value of one of several rules."""
    of = [read(rule, scope) for rule in table["of"]]
    ends = ends_of(table.get("weights", [1.0 / len(of)] * len(of)))
    site = scope.site()

    def values(at: At) -> Floats:
        which = np.searchsorted(ends, random.uniforms(at.key, site, at.rows), side="right")
        return np.choose(which, [rule(at) for rule in of])

    return values


def on_lines(table: Floats, place: Floats) -> Floats:
    """The value at a place of a table, on straight lines; beyond its ends, the value at the end."""
    last = len(table) - 1
    place = np.where(place > 0.0, place, 0.0)
    place = np.where(place < last, place, float(last))
    i = np.minimum(place.astype(np.int64), last - 1)
    a, b = table[i], table[i + 1]
    x = a + (place - i) * (b - a)
    return np.where(x > b, b, x)  # rounding may step over the end


PROBABILITIES = fmath.normal_cdf(np.arange(2 * 9 * 256 + 1) / 256.0 - 9.0)


def empirical(table: Table, scope: Scope) -> Rule:
    """The inverse of a distribution function that is known at evenly spaced probabilities."""
    quantiles = np.array(table["quantiles"], np.float64)
    if "of" in table:
        of = read(table["of"], scope)

        def probability(at: At) -> Floats:
            z = of(at)
            return np.where(np.isnan(z), z, on_lines(PROBABILITIES, (z + 9.0) * 256.0))
    else:
        site = scope.site()

        def probability(at: At) -> Floats:
            return random.uniforms(at.key, site, at.rows)

    def values(at: At) -> Floats:
        u = probability(at)
        return np.where(np.isnan(u), u, on_lines(quantiles, np.where(np.isnan(u), 0.0, u) * (len(quantiles) - 1)))

    return values


def distinct(table: Table, scope: Scope) -> Rule:
    of, site = table["of"], scope.site()
    if of["kind"] == "integers":
        values = np.arange(of["low"], of["high"], dtype=np.float64)
    elif of["kind"] == "choice":
        values = np.unique(np.array(of["values"], np.float64) + 0.0)
    else:
        raise NotImplementedError("the grid of floats is tested by its properties")
    return lambda at: values[[number(int(row), len(values), keys_of(at.key, site)) for row in at.rows]]


# Signals


def between_rows(rule: Rule) -> Rule:
    """A signal that is known at rows: between them, on the straight line from one row's value to the next one's."""

    def values(at: At) -> Floats:
        if at.moved is None:
            return rule(at)
        rows, parts = at.moved
        following = np.where(rows == END, END, rows + np.uint64(1))
        x, y = (rule(replace(at, rows=of, moved=None)) for of in (rows, following))
        return np.where(parts == 0.0, x, x + parts * (y - x))

    return values


def constant(table: Table, scope: Scope) -> Rule:
    return parameter(table, "value", scope)


def phases(table: Table, scope: Scope) -> Callable[[At], list[int]]:
    """The place in the cycle of each row, as a fraction of 2^64.

    Frequencies are fractions of 2^128, rounded down, and rows are whole: so the place in the cycle is
    whole-number arithmetic, as exact at row 2^63 as at row 0. It is exact at the start of each tile of 512
    rows, and goes on from there in steps of 2^-64 cycles.
    """
    period = parameter(table, "period", scope)
    shift = parameter(table, "phase", scope, 0.0)

    def cycles(at: At) -> list[int]:
        if len(at.rows) == 0:
            return []
        rows, parts = at.moved if at.moved is not None else (at.rows, np.zeros(at.rows.shape))
        p, s = float(period(at)[0]), float(shift(at)[0])  # the same for all rows
        numerator, denominator = p.as_integer_ratio()
        frequency = (2**128 * denominator // numerator) % 2**128
        # Whole cycles are dropped; what is no place in the cycle (infinite, NaN) counts as 0.
        first = min(int((s - math.floor(s)) * 2.0**64), 2**64 - 1) if math.isfinite(s) else 0

        def cycle(row: int, part: float) -> int:
            place = row % random.TILE
            start = frequency * (row - place) >> 64
            beyond = (frequency >> 64) * int(part * 2.0**32) >> 32
            return (start + (frequency >> 64) * place + first + beyond) % 2**64

        return [cycle(int(row), float(part)) for row, part in zip(rows, parts, strict=True)]

    return cycles


def fraction(cycles: list[int]) -> Floats:
    """Places in the cycle in [0, 1), to 52 bits.

    A nudge of 2^-51 cycles, more than rounding errs by, keeps rows that are meant to be at an edge (where a cycle
    begins, or at 3/10 of it) from coming out just below it: a square of period 10 is high in rows 10 to 14.
    """
    return np.array([((cycle + 2**13) % 2**64 >> 12) * 2.0**-52 for cycle in cycles])


def centred(cycles: list[int]) -> Floats:
    """Places in the cycle in [-1/2, 1/2), to 52 bits."""
    return np.array([((cycle + 2**63) % 2**64 >> 12) * 2.0**-52 for cycle in cycles]) - 0.5


def periodic(table: Table, scope: Scope, wave: Callable[[list[int]], Floats]) -> Rule:
    cycles = phases(table, scope)
    amplitude = parameter(table, "amplitude", scope, 1.0)
    return lambda at: amplitude(at) * wave(cycles(at))


def sine(table: Table, scope: Scope) -> Rule:
    return periodic(table, scope, lambda cycles: fmath.sincos2pi(centred(cycles))[0])


def cosine(table: Table, scope: Scope) -> Rule:
    """A sine, a quarter of a cycle ahead."""

    def wave(cycles: list[int]) -> Floats:
        return fmath.sincos2pi(centred([(cycle + 2**62) % 2**64 for cycle in cycles]))[0]

    return periodic(table, scope, wave)


def square(table: Table, scope: Scope) -> Rule:
    duty = float(table.get("duty", 0.5))
    return periodic(table, scope, lambda cycles: np.where(fraction(cycles) < duty, 1.0, -1.0))


def triangle(table: Table, scope: Scope) -> Rule:
    """Up to the peak, and down again."""
    peak = float(table.get("peak", 0.5))

    def wave(cycles: list[int]) -> Floats:
        u = fraction(cycles)
        return np.where(u < peak, 2.0 * (u / peak) - 1.0, 1.0 - 2.0 * ((u - peak) / (1.0 - peak)))

    return periodic(table, scope, wave)


def dirichlet(table: Table, scope: Scope) -> Rule:
    """The mean of the cosines of 0, +-1, ... +-harmonics turns: sin(n pi v) / (n sin(pi v))."""
    n = float(2 * int(table.get("harmonics", 5)) + 1)

    def wave(cycles: list[int]) -> Floats:
        half = 0.5 * centred(cycles)
        turns = half * n
        above, _ = fmath.sincos2pi(turns - np.rint(turns))
        below, _ = fmath.sincos2pi(half)
        x = above / (n * below)
        return np.where((half == 0.0) | (x > 1.0), 1.0, x)

    return periodic(table, scope, wave)


def pattern_of(values: list[float], held: bool) -> Callable[[list[int]], Floats]:
    """Values spread over a cycle, on straight lines from one to the next (the last to the first) or held."""
    shown = np.array([*values, values[0]], np.float64)

    def wave(cycles: list[int]) -> Floats:
        place = fraction(cycles) * float(len(values))
        i = np.minimum(place.astype(np.int64), len(values) - 1)
        part = place - i
        a, b = shown[i], shown[i + 1]
        return np.where(part < 2.0**-24, a, a if held else a + part * (b - a))

    return wave


def pattern(table: Table, scope: Scope) -> Rule:
    wave = pattern_of([float(x) for x in table["values"]], table.get("held", False))
    return periodic({"period": len(table["values"])} | table, scope, wave)


# Bits that feed back, for registers of 2 to 16: primitive polynomials.
TAPS = (
    (2, 1), (3, 2), (4, 3), (5, 3), (6, 5), (7, 6), (8, 6, 5, 4), (9, 5), (10, 7), (11, 9), (12, 6, 4, 1),
    (13, 4, 3, 1), (14, 5, 3, 1), (15, 14), (16, 15, 13, 4),
)  # fmt: skip


def mls(table: Table, scope: Scope) -> Rule:
    """A maximum length sequence: the signs that a shift register of `order` bits with feedback gives until it repeats;
    or the walk that they step, between -1 and 1."""
    order = int(table["order"])
    register = [1] * order
    signs = []
    for _ in range(2**order - 1):
        fed = sum(register[tap - 1] for tap in TAPS[order - 2]) % 2
        register = [fed, *register[:-1]]
        signs.append(1.0 if fed else -1.0)
    values = np.array(signs)
    if table.get("walk", False):
        sums = np.cumsum(values)
        values = 2.0 * ((sums - sums.min()) / (sums.max() - sums.min())) - 1.0
    wave = pattern_of(values.tolist(), held=True)
    return periodic({"period": len(signs)} | table, scope, wave)


def sawtooth(table: Table, scope: Scope) -> Rule:
    return periodic(table, scope, lambda cycles: 2.0 * fraction(cycles) - 1.0)


# Place in the cycle (the R wave at 0), width in cycles, height (R = 1), after McSharry et al. 2003.
PQRST = (
    (-0.194, 0.040, 0.12),
    (-0.042, 0.016, -0.17),
    (0.0, 0.016, 1.0),
    (0.042, 0.016, -0.25),
    (0.278, 0.064, 0.25),
)


def ecg(table: Table, scope: Scope) -> Rule:
    def wave(cycles: list[int]) -> Floats:
        v = centred(cycles)
        total = np.zeros_like(v)
        for place, width, height in PQRST:
            z = (v - place) / width
            total = total + height * fmath.exp(-0.5 * (z * z))
        return total

    return periodic(table, scope, wave)


def trend(table: Table, scope: Scope) -> Rule:
    """c0 + c1 u + c2 u^2 + ..., u = row / per."""
    coefficients = [float(c) for c in table["coefficients"]]
    per = float(table.get("per", 1.0))
    return lambda at: fmath.horner((0.0, *reversed(coefficients)), at.rows.astype(np.float64) / per)


WALK = {"std": 1.0, "start": 0.0, "drift": 0.0}


def bridge(
    site: int, left_std: float, right_std: float, middle: Callable[[int], tuple[float, float]]
) -> Callable[[At], Floats]:
    """A Gaussian Markov process over 2^64 rows, refined by halving.

    Both ends are normal. Given the ends of 2^k rows, their middle is a share of their sum plus a normal: `middle(k)` is
    (share, std). So a row needs the 66 draws on its path, not all rows below.
    """

    def normal_at(at: At, draw: int, index: Words, std: float) -> Floats:
        return 0.0 + std * random.normals(at.key, site | draw, index)

    def values(at: At) -> Floats:
        rows = at.rows
        left = normal_at(at, 66, np.zeros_like(rows), left_std)
        right = normal_at(at, 65, np.zeros_like(rows), right_std)
        for k in range(64, 0, -1):
            interval = rows >> np.uint64(k) if k < 64 else np.zeros_like(rows)
            share, std = middle(k)
            between = share * (left + right) + normal_at(at, k, interval, std)
            in_lower_half = (rows >> np.uint64(k - 1)) % np.uint64(2) == 0
            left, right = np.where(in_lower_half, left, between), np.where(in_lower_half, between, right)
        return left

    return values


WALK = {"std": 1.0, "start": 0.0, "drift": 0.0}


def random_walk(table: Table, scope: Scope) -> Rule:
    """A Gaussian random walk, as a Brownian bridge.

    The walk is 0 at row 0, and normal with variance 2^64 at row 2^64. Given the ends of 2^k rows, their
    middle is the mean of the ends plus a normal of variance 2^k / 4.
    """
    walk = bridge(scope.site(), 0.0, 2.0**32, lambda k: (0.5, math.sqrt(2.0**k) * 0.5))
    std, start, drift = (float(table.get(name, default)) for name, default in WALK.items())
    return lambda at: start + drift * at.rows.astype(np.float64) + std * walk(at)


def ar1(table: Table, scope: Scope) -> Rule:
    """x_t = phi x_(t-1) + noise, stationary.

    The middle of 2 h rows, given its ends, is normal: with r = phi^h, its mean is r / (1 + r^2) times their sum, its
    variance (1 - r^2) / (1 + r^2) of the process's.
    """
    powers = [float(table["phi"])]  # phi^1, phi^2, phi^4, ...
    for _ in range(64):
        powers.append(powers[-1] * powers[-1])

    def middle(k: int) -> tuple[float, float]:
        r, square = powers[k - 1], powers[k]
        return r / (1.0 + square), math.sqrt((1.0 - square) / (1.0 + square))

    process = bridge(scope.site(), 1.0, 1.0, middle)
    std, mean = float(table.get("std", 1.0)), float(table.get("mean", 0.0))
    return lambda at: mean + std * process(at)


def lengths(value: Any) -> tuple[int, int]:
    shortest, longest = value if isinstance(value, list | tuple) else (value, value)
    return int(shortest), int(longest)


def held(spec: Any, scope: Scope) -> Rule:
    """What is held for some rows is drawn like what is drawn once per event."""
    with scope.once_per_event():
        return read(spec, scope)


def is_discrete(spec: Any) -> bool:
    """Whether a rule gives states, or true and false."""
    if not isinstance(spec, dict):
        return False
    match spec["kind"]:
        case "state":
            return True
        case "choice":
            return any(isinstance(x, str | bool) for x in spec["values"])
        case "markov" | "regimes":
            return any(isinstance(x, str | bool) for x in spec["states"])
        case "mixture":
            return all(map(is_discrete, spec["of"]))
        case "by_state":
            return all(map(is_discrete, [*spec["values"].values(), *([spec["other"]] if "other" in spec else [])]))
        case "steps":
            return is_discrete(spec["levels"])
    return False


def is_held(spec: Table) -> bool:
    """Whether a row's value is that of all places up to the next row."""
    return spec["kind"] in ("markov", "regimes") or (spec["kind"] == "steps" and is_discrete(spec))


def held_between_rows(rule: Rule) -> Rule:
    return lambda at: rule(at if at.moved is None else replace(at, rows=at.moved[0], moved=None))


def state(table: Table, scope: Scope) -> Rule:
    value = scope.value(table["name"])
    return lambda at: np.full(at.rows.shape, value)


def chain_rule(step: Matrix, values: list[float], scope: Scope) -> Rule:
    chain = Chain(step, scope.site())
    return lambda at: np.array([values[k] for k in chain.states(at.key, at.rows)], np.float64)


def markov(table: Table, scope: Scope) -> Rule:
    """A stationary Markov chain."""
    return chain_rule(table["transitions"], [scope.value(x) for x in table["states"]], scope)


def phases_of(table: Table) -> Matrix:
    """The chain of phases of regimes: each of `shape` phases ends in a row with the same probability."""
    n, shape = len(table["states"]), int(table.get("shape", 1))
    dwell = table["dwell"] if isinstance(table["dwell"], list | tuple) else [table["dwell"]] * n
    even = [[0.0 if i == j else 1.0 / (n - 1) for j in range(n)] for i in range(n)]
    following = table.get("transitions", even)
    step = [[0.0] * (n * shape) for _ in range(n * shape)]
    for i in range(n):
        ends = shape / float(dwell[i])
        for phase in range(shape):
            row = step[i * shape + phase]
            row[i * shape + phase] = 1.0 - ends
            if phase + 1 < shape:
                row[i * shape + phase + 1] = ends
            else:
                for j in range(n):
                    if j != i:
                        row[j * shape] = ends * float(following[i][j])
    return step


def regimes(table: Table, scope: Scope) -> Rule:
    values = [scope.value(x) for x in table["states"] for _ in range(int(table.get("shape", 1)))]
    return chain_rule(phases_of(table), values, scope)


def by_state(table: Table, scope: Scope) -> Rule:
    """A rule for each state of another variable."""
    name, lag = table["variable"], int(table.get("lag", 0))
    rules = {state: read(rule, scope) for state, rule in table["values"].items()}
    other = read(table["other"], scope) if "other" in table else None

    def values(at: At) -> Floats:
        assert at.world is not None
        found = at.world.values(name, [int(row) - lag for row in at.rows])
        out = np.full(at.rows.shape, np.nan)
        for place, state in enumerate(at.world.states(name)):
            rule = rules.get(state, other)
            if rule is not None:
                out = np.where(found == place, rule(at), out)
        return out

    return values


def stochastic_volatility(table: Table, scope: Scope) -> Rule:
    """Normal values, the logarithm of whose standard deviation is a first-order autoregression."""
    level = ar1({"phi": table.get("persistence", 0.98)}, scope)
    spread = float(table.get("spread", 0.5))
    std, mean = float(table.get("std", 1.0)), float(table.get("mean", 0.0))
    site = scope.site()

    def values(at: At) -> Floats:
        size = fmath.exp(spread * level(at) - spread * spread)
        return mean + std * (size * random.normals(at.key, site, at.rows))

    return values


def random_season(table: Table, scope: Scope) -> Rule:
    """A sine whose amplitude and phase are drawn at the start of each cycle, on straight lines between them."""
    period = int(table["period"])
    amplitude, phase = held(table["amplitude"], scope), held(table["phase"], scope)

    def values(at: At) -> Floats:
        cycles, places = at.rows // np.uint64(period), at.rows % np.uint64(period)
        (low, early), (high, late) = (
            (amplitude(replace(at, rows=rows)), phase(replace(at, rows=rows)))
            for rows in (cycles, cycles + np.uint64(1))
        )
        share = places.astype(np.float64) / float(period)
        turns = share + (early + share * (late - early))
        sin, _ = fmath.sincos2pi(turns - np.floor(turns + 0.5))
        return (low + share * (high - low)) * sin

    return values


def control_warmup(gain: float, keeps: float, proportional: float, integral: float) -> int:
    """Rows until a loop has forgotten what was before, but for 1e-12 of it."""
    moves = (1.0 - keeps) * gain
    own = keeps - moves * (proportional + integral)
    trace, determinant = own + 1.0, own + moves * integral
    square = trace * trace - 4.0 * determinant
    if square < 0.0:
        factor = math.sqrt(determinant)
    else:
        factor = max(abs(0.5 * (trace + math.sqrt(square))), abs(0.5 * (trace - math.sqrt(square))))
    left, rows = 1.0, 0
    while left > 1e-12:
        left, rows = left * factor, rows + 1
    return rows


CONTROL = {"gain": 1.0, "time_constant": 20.0, "integral": 0.05, "proportional": 0.5, "noise": 0.0}


def control_loop(table: Table, scope: Scope) -> Rule:
    """A controller and a plant, row after row. Each tile begins a warm-up before its first row, at rest."""
    group = table.get("group")
    if group is not None:
        scope = Scope(scope.anomalous, scope.seed, scope.time)
    gain, time_constant, integral, proportional, noise = (float(table.get(k, x)) for k, x in CONTROL.items())
    setpoint, disturbance = read(table["setpoint"], scope), read(table.get("disturbance", 0.0), scope)
    site = scope.site()
    keeps = float(fmath.exp(np.array(-1.0 / time_constant)))
    warmup = control_warmup(gain, keeps, proportional, integral)
    which = {"measured": 0, "control": 1, "setpoint": 2}[table.get("gives", "measured")]

    def tile(at: At, first: int) -> list[float]:
        start = max(first - warmup, 0)
        rows = np.arange(first - start + 512, dtype=np.uint64) + np.uint64(start)
        here = replace(at, rows=rows)
        wanted, pushes = setpoint(here), disturbance(here)
        noises = random.normals(at.key, site, rows) if noise > 0.0 else np.zeros(len(rows))
        plant, total = wanted[0], wanted[0] / gain
        found = []
        for sp, push, eps in zip(wanted, pushes, noises, strict=True):
            measured = plant + noise * eps
            error = sp - measured
            total = total + integral * error
            control = proportional * error + total
            found.append((measured, control, sp)[which])
            plant = keeps * plant + (1.0 - keeps) * (gain * control + push)
        return [float(x) for x in found[first - start :]]

    def values(at: At) -> Floats:
        key = at.key if group is None else random.key_of(scope.seed, "control_loop", group)
        at = replace(at, key=key)
        tiles = {first: tile(at, first) for first in {int(row) // 512 * 512 for row in at.rows}}
        return np.array([tiles[int(row) // 512 * 512][int(row) % 512] for row in at.rows], np.float64)

    return values


def steps(table: Table, scope: Scope) -> Rule:
    """A level that is held, then another.

    The row axis is cut at the multiples of the mean length, and each cut is moved by a random number of rows.
    """
    levels = held(table["levels"], scope)
    shortest, longest = lengths(table["length"])
    mean = (shortest + longest) // 2
    site = scope.site()

    def step(at: At, row: int) -> int:
        number, place = divmod(row, mean)
        cut = random.scaled(random.word(at.key, site, number), mean - shortest + 1)
        return (number if place >= cut else number - 1) % 2**64

    return lambda at: levels(replace(at, rows=np.array([step(at, int(row)) for row in at.rows], np.uint64)))


def cylinder_bell_funnel(table: Table, scope: Scope) -> Rule:
    """One in each stretch of `every` rows (Saito 1994): a plateau, a ramp up that drops, a jump that ramps down."""
    amplitudes = held(table.get("amplitude", 1.0), scope)
    shortest, longest = lengths(table["length"])
    every = int(table.get("every", shortest + longest))
    site = scope.site()

    def shape(at: At, row: int) -> float:
        number, place = divmod(row, every)
        a, b = (int(word) for word in random.block(at.key, number, site))
        length = shortest + random.scaled(a, longest - shortest + 1)
        i = place - random.scaled(b, every - length + 1)
        if not 0 <= i < length:
            return 0.0
        kind = random.scaled(random.word(at.key, site | 1, number), 3)
        amplitude = float(amplitudes(replace(at, rows=np.array([number], np.uint64)))[0])
        return amplitude * (1.0, float(i + 1) / float(length), float(length - i) / float(length))[kind]

    return lambda at: np.array([shape(at, int(row)) for row in at.rows])


def calendar(table: Table, scope: Scope) -> Rule:
    """Values by weekday (or holiday), month and hour, added in this order; straight lines from hour to hour."""
    day_length = 24 * 3600 * 10**9
    time = local_datetimes(scope.time or table, scope.seed)

    def value(row: int) -> float:
        day, within = divmod(time(row), day_length)
        total = 0.0
        if day in table.get("holidays", []):
            total += float(table["holiday"])
        elif "weekday" in table:
            total += float(table["weekday"][(day + 3) % 7])  # 1970-01-01 was a Thursday, day 3 of the week
        if "month" in table:
            # The calendar repeats every 400 years, which are 146,097 days.
            total += float(table["month"][date.fromordinal(date(1970, 1, 1).toordinal() + day % 146_097).month - 1])
        if "hour" in table:
            place = float(within) / 3.6e12
            i = int(place)
            a, b = float(table["hour"][i]), float(table["hour"][(i + 1) % 24])
            total += a + (place - i) * (b - a)
        return total

    return lambda at: np.array([value(int(row)) for row in at.rows], np.float64)


def logistic_map(table: Table, scope: Scope) -> Rule:
    """x_(t+1) = 4 x_t (1 - x_t): with x = sin^2(pi u), u is doubled modulo 1, and its binary digits shift by one. So
    the digits of a random sequence from place t on are u at row t."""
    site = scope.site()

    def values(at: At) -> Floats:
        def digits(row: int) -> int:
            two = random.word(at.key, site, row // 64) << 64 | random.word(at.key, site, row // 64 + 1)
            return two >> (64 - row % 64) & (2**64 - 1)

        u = random.unit(np.array([digits(int(row)) for row in at.rows], np.uint64))
        _, cos = fmath.sincos2pi(0.5 * (u - 0.5))
        return cos * cos

    return values


def concepts(table: Table, scope: Scope) -> Rule:
    """Rules that take turns. Each change but that at row 0 is moved by a draw of its own; values fade in behind it."""
    of = [read(rule, scope) for rule in table["of"]]
    length = table["length"]
    shortest, longest = length if isinstance(length, list | tuple) else (length, length)
    fade, mean = int(table.get("fade", 0)), (shortest + longest) // 2
    site = scope.site()

    def values(at: At) -> Floats:
        def change(number: int) -> int:
            moved = random.scaled(random.word(at.key, site, number), mean - shortest + 1) if number > 0 else 0
            return number * mean + moved

        out = np.empty(at.rows.shape)
        every = [rule(at) for rule in of]
        for j, row in enumerate(int(row) for row in at.rows):
            number = row // mean
            if row < change(number):
                number -= 1
            since = row - change(number)
            out[j] = every[number % len(of)][j]
            if number > 0 and since < fade:
                old = every[(number - 1) % len(of)][j]
                out[j] = old + float(since + 1) / float(fade + 1) * (out[j] - old)
        return out

    return values


def logistic(table: Table, scope: Scope) -> Rule:
    """Shares from 0 to 1: the logistic curve around a middle, or one step."""
    rule = read(table["of"], scope)
    middle, width = float(table.get("middle", 0.0)), float(table.get("width", 1.0))

    def values(at: At) -> Floats:
        x = rule(at)
        if width == 0.0:
            return np.where(x > middle, 1.0, 0.0)
        steep = (middle - x) / width
        steep = np.where(steep < -700.0, -700.0, steep)
        steep = np.where(steep > 700.0, 700.0, steep)
        return 1.0 / (1.0 + fmath.exp(steep))

    return values


def at_time(table: Table, scope: Scope) -> Rule:
    """Signals where rows would be by their times."""
    rule = read(table["of"], scope)
    assert scope.time is not None
    place = places(scope.time, scope.seed)

    def between(row: int, part: float) -> tuple[int, float]:
        a = place(row)
        if part == 0.0:
            return a
        b = place(min(row + 1, 2**64 - 1))
        return beside(a[0], a[1] + part * (float(b[0] - a[0]) + (b[1] - a[1])))

    def values(at: At) -> Floats:
        rows, parts = (at.rows, np.zeros(len(at.rows))) if at.moved is None else at.moved
        there = [between(int(row), float(part)) for row, part in zip(rows, parts, strict=True)]
        moved = np.array([row for row, _ in there], np.uint64), np.array([part for _, part in there], np.float64)
        return rule(replace(at, moved=moved))

    return values


def shape(table: Table, scope: Scope) -> Rule:
    """A shape, stretched over the event."""
    shown = np.array(table["values"], np.float64)

    def values(at: At) -> Floats:
        last = len(shown) - 1
        if at.duration() > 1.0:
            place = at.offsets() * float(last) / (at.duration() - 1.0)
        else:
            place = np.zeros(at.rows.shape)
        first = np.minimum(place.astype(np.int64), last)
        a, b = shown[first], shown[np.minimum(first + 1, last)]
        return a + (place - first) * (b - a)

    return values


def ref(table: Table, scope: Scope) -> Rule:
    """Another variable's value, so many rows before."""
    name, lag = table["variable"], int(table.get("lag", 0))

    def values(at: At) -> Floats:
        assert at.world is not None
        return at.world.values(name, [int(row) - lag for row in at.rows])

    return values


def summed(table: Table, scope: Scope) -> Rule:
    """Term by term from left to right: the order of additions shows in the last bit."""
    first, *rest = [read(term, scope) for term in table["of"]]

    def values(at: At) -> Floats:
        total = first(at)
        for term in rest:
            total = total + term(at)
        return total

    return values


def product(table: Table, scope: Scope) -> Rule:
    first, *rest = [read(factor, scope) for factor in table["of"]]

    def values(at: At) -> Floats:
        total = first(at)
        for factor in rest:
            total = total * factor(at)
        return total

    return values


def shared_draws(table: Table, scope: Scope) -> Callable[[At], tuple[Key, int]]:
    """The key and the site of draws that rules of several variables may share."""
    if "group" in table:
        key = random.key_of(scope.seed, table["kind"], table["group"])
        site = scope.anomalous << 31 | scope.per_event << 30
        return lambda at: (key, site)
    site = scope.site()
    return lambda at: (at.key, site)


def coloured_noise(table: Table, scope: Scope) -> Rule:
    """A moving average: weights[h] times the normal value of h rows before. Before row 0 come the last rows."""
    weights = [float(weight) for weight in table["weights"]]
    draws = shared_draws(table, scope)

    def values(at: At) -> Floats:
        key, site = draws(at)
        total = np.full(at.rows.shape, float(table.get("mean", 0.0)))
        for h, weight in enumerate(weights):
            total = total + weight * random.normals(key, site, at.rows - np.uint64(h))
        return total

    return values


def blocks(table: Table, scope: Scope) -> Rule:
    """Each round plays each block of the recording once, mixed with another one; `fade` rows of what came after a block
    fade into the next one.
    """
    recording = np.array(table["values"], np.float64)
    pieces = [(int(start), int(stop)) for start, stop in table["blocks"]]
    fade, reach = int(table.get("fade", 0)), table.get("reach")
    length = sum(stop - start for start, stop in pieces)
    mix = table.get("mix", 0.0)
    shares = [float(share) for share in (mix if isinstance(mix, list) else [mix] * len(pieces))]
    mixed = [i for i, share in enumerate(shares) if share > 0.0]
    draws = shared_draws(table, scope)

    def order(at: At, number: int) -> list[int]:
        """Blocks in any order, or each up to `reach` places (and parts of a place) later than in the recording."""
        key, site = draws(at)
        first = number * 512 % 2**64
        drawn = [int(word) for word in random.words(key, site, np.arange(512, dtype=np.uint64) + np.uint64(first))]

        def place(i: int) -> tuple[int, int]:
            return (drawn[i] >> 9 if reach is None else (i << 32) + (drawn[i] >> 32) * int(reach)), i

        return sorted(range(len(pieces)), key=place)

    def other(at: At, number: int, i: int) -> tuple[int, float]:
        """The block that block i is mixed with in a round, and its share."""
        if shares[i] == 0.0 or len(mixed) < 2:
            return i, 0.0
        key, site = draws(at)
        which, how_much = random.block(key, (number * 512 + i) % 2**64, site | 1)
        step = 1 + random.scaled(int(which), len(mixed) - 1)
        share = shares[i] * (2.0 * ((int(how_much) >> 11) * 2.0**-53) - 1.0)
        return mixed[(mixed.index(i) + step) % len(mixed)], share

    def mixture(x: float, y: float, share: float) -> float:
        return x if np.isnan(y) else x + share * (y - x)

    def inside(at: At, number: int, i: int, place: int) -> float:
        """Row `place` of block i, mixed with the row at the same share of another block."""
        (start, stop), (which, share) = pieces[i], other(at, number, i)
        x = recording[start + place]
        if which == i:
            return x
        first, last = pieces[which]
        whole, part = divmod(place * (last - first), stop - start)
        y = recording[first + whole]
        if part:
            y = y + part / (stop - start) * (recording[min(first + whole + 1, len(recording) - 1)] - y)
        return mixture(x, y, share)

    def after(at: At, number: int, i: int, j: int) -> float:
        """What would have followed on block i, j rows after it."""
        which, share = other(at, number, i)
        x = recording[pieces[i][1] + j]
        return x if which == i else mixture(x, recording[pieces[which][1] + j], share)

    def value(at: At, row: int) -> float:
        number, place = divmod(row, length)
        played = order(at, number)
        n = 0
        while place >= pieces[played[n]][1] - pieces[played[n]][0]:
            place -= pieces[played[n]][1] - pieces[played[n]][0]
            n += 1
        x = inside(at, number, played[n], place)
        if place >= fade or (number == 0 and n == 0):
            return float(x)
        before = (number, played[n - 1]) if n > 0 else (number - 1, order(at, number - 1)[-1])
        old = after(at, *before, place)
        return float(x) if np.isnan(old) else float(old + (place + 1) / (fade + 1) * (x - old))

    def values(at: At) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array([value(at, int(row)) for row in at.rows], np.float64)

    return values


def limited(table: Table, scope: Scope) -> Rule:
    of = read(table["of"], scope)
    low, high = float(table.get("low", -np.inf)), float(table.get("high", np.inf))

    def values(at: At) -> Floats:
        x = of(at)
        x = np.where(x < low, low, x)
        return np.where(x > high, high, x)

    return values


def rounded(table: Table, scope: Scope) -> Rule:
    """To the nearest multiple of a step, half a step up; where so many steps are 1, by their number: that is exact."""
    of = read(table["of"], scope)
    step = float(table.get("step", 1.0))
    share = float(np.floor(1.0 / step + 0.5))
    is_share = step < 1.0 and share < 1e15 and 1.0 / share == step

    def values(at: At) -> Floats:
        x = of(at)
        with np.errstate(over="ignore", invalid="ignore"):
            steps = x * share if is_share else x / step
            whole = np.floor(steps + 0.5)
            return np.where(np.abs(steps) < 2.0**52, whole / share if is_share else whole * step, x)

    return values


RULES: dict[str, Callable[[Table, Scope], Rule]] = {
    "uniform": uniform,
    "normal": normal,
    "lognormal": lognormal,
    "exponential": exponential,
    "laplace": laplace,
    "student_t": student_t,
    "cauchy": cauchy,
    "gamma": gamma,
    "beta": beta,
    "poisson": poisson,
    "integers": integers,
    "bernoulli": bernoulli,
    "choice": choice,
    "mixture": mixture,
    "distinct": distinct,
    "empirical": empirical,
    "constant": constant,
    "sine": sine,
    "cosine": cosine,
    "square": square,
    "sawtooth": sawtooth,
    "triangle": triangle,
    "dirichlet": dirichlet,
    "pattern": pattern,
    "mls": mls,
    "ecg": ecg,
    "trend": trend,
    "random_walk": random_walk,
    "ar1": ar1,
    "steps": steps,
    "cylinder_bell_funnel": cylinder_bell_funnel,
    "calendar": calendar,
    "logistic_map": logistic_map,
    "coloured_noise": coloured_noise,
    "blocks": blocks,
    "shape": shape,
    "markov": markov,
    "regimes": regimes,
    "state": state,
    "by_state": by_state,
    "stochastic_volatility": stochastic_volatility,
    "random_season": random_season,
    "control_loop": control_loop,
    "ref": ref,
    "sum": summed,
    "product": product,
    "limited": limited,
    "rounded": rounded,
    "logistic": logistic,
    "concepts": concepts,
    "at_time": at_time,
}


# Signals that know no place between rows. (Periodic ones do; distributions stay in their row.)
INTERPOLATED = {
    "trend", "random_walk", "ar1", "steps", "cylinder_bell_funnel", "calendar", "logistic_map", "coloured_noise",
    "blocks", "shape", "stochastic_volatility", "random_season", "control_loop",
}  # fmt: skip

# Transforms of the normal values


def shift(table: Table, scope: Scope) -> Transform:
    by = parameter(table, "by", scope)
    return lambda at, normal, x: x + by(at)


def scale(table: Table, scope: Scope) -> Transform:
    """Multiplies the distance from a centre."""
    factor = parameter(table, "factor", scope)
    center = parameter(table, "center", scope, 0.0)
    return lambda at, normal, x: center(at) + factor(at) * (x - center(at))


def spike(table: Table, scope: Scope) -> Transform:
    """A triangle that peaks in the middle of the event; over a single row, its full height."""
    height = parameter(table, "height", scope)

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        from_middle = np.abs((2.0 * at.offsets() + 1.0) - at.duration())
        return x + height(at) * (1.0 - from_middle / at.duration())

    return change


def noise(table: Table, scope: Scope) -> Transform:
    std = parameter(table, "std", scope)
    site = scope.site()
    return lambda at, normal, x: x + std(at) * random.normals(at.key, site, at.rows)


def flatline(table: Table, scope: Scope) -> Transform:
    """Stuck at a value; by default at the one that the normal rule gives in the event's first row."""
    value = parameter(table, "value", scope) if "value" in table else None

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        if value is not None:
            return value(at)
        assert at.event is not None
        first = normal(replace(at, rows=np.array([at.event.start], np.uint64), event=None))
        return np.full_like(x, first[0])

    return change


def missing(table: Table, scope: Scope) -> Transform:
    return lambda at, normal, x: np.full_like(x, np.nan)


def drift(table: Table, scope: Scope) -> Transform:
    """A ramp that reaches its full amount in the event's last row."""
    by = parameter(table, "by", scope)
    return lambda at, normal, x: x + by(at) * ((at.offsets() + 1.0) / at.duration())


def clip(table: Table, scope: Scope) -> Transform:
    low = parameter(table, "low", scope, -np.inf)
    high = parameter(table, "high", scope, np.inf)

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        x = np.where(x < low(at), low(at), x)
        return np.where(x > high(at), high(at), x)

    return change


def smooth(table: Table, scope: Scope) -> Transform:
    """The mean over a window around each row; beyond the ends of the row axis, the last value there is goes on."""
    window = int(table["window"])

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        steps = range(-(window // 2), window // 2 + 1)
        around = [[min(max(int(row) + by, 0), 2**64 - 1) for row in at.rows] for by in steps]
        rows, places = np.unique(np.array(around, np.uint64), return_inverse=True)
        values = normal(replace(at, rows=rows, event=None))  # each row once: most lie in many windows
        total = np.zeros_like(x)
        for place in places.reshape(len(steps), len(x)):
            total = total + values[place]
        return total / float(window)

    return change


def course(table: Table, scope: Scope, place: Callable[[int, Event, float], tuple[int, float]], name: str) -> Transform:
    """The normal rule with its signals looked at elsewhere: (row, event, amount) -> place."""
    amount = parameter(table, name, scope, {"by": None, "factor": None, "strength": 0.9}.get(name, 0.0))

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        if len(x) == 0:
            return x
        assert at.event is not None
        places = [place(int(row), at.event, float(amount(at)[0])) for row in at.rows]
        rows = np.array([row for row, _ in places], np.uint64)
        moved = rows, np.array([part for _, part in places])
        return normal(replace(at, event=None, moved=moved))

    return change


def frequency_change(table: Table, scope: Scope) -> Transform:
    """So many times as fast, from the event's first row on."""
    return course(table, scope, lambda row, e, factor: beside(e.start, float(row - e.start) * factor), "factor")


def phase_shift(table: Table, scope: Scope) -> Transform:
    return course(table, scope, lambda row, e, by: beside(row, by), "by")


def reverse(table: Table, scope: Scope) -> Transform:
    return course(table, scope, lambda row, e, _: (e.stop - 1 - (row - e.start), 0.0), "")


def time_warp(table: Table, scope: Scope) -> Transform:
    """Ahead by D / 2 pi sin(2 pi u): with strength 1, time runs from 2 times as fast down to 0 and up again."""

    def place(row: int, event: Event, strength: float) -> tuple[int, float]:
        duration = float(event.stop - event.start) + 1.0
        u = (float(row - event.start) + 1.0) / duration
        sin = float(fmath.sincos2pi(np.array(u - 0.5))[0])  # of half a turn less: the negative
        return beside(row, strength * (duration / math.tau * -sin))

    return course(table, scope, place, "strength")


def swap(table: Table, scope: Scope) -> Transform:
    """Another variable's values, as they would be without anomalies."""

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        assert at.world is not None
        return at.world.values(table["variable"], [int(row) for row in at.rows], clean=True)

    return change


def decouple(table: Table, scope: Scope) -> Transform:
    """The normal rule, to which another variable is seen elsewhere."""
    by = parameter(table, "by", scope)

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        if len(x) == 0:
            return x
        assert at.world is not None
        rows = float(by(at)[0])
        whole = math.floor(rows) if math.isfinite(rows) else 0 if math.isnan(rows) else int(math.copysign(2**66, rows))
        return normal(replace(at, event=None, world=at.world.decoupled(table["variable"], whole)))

    return change


def forbidden_transition(table: Table, scope: Scope) -> Transform:
    """A value that never follows on the one in the row before the event."""
    with scope.once_per_event():
        site = scope.site()

    def change(at: At, normal: Rule, x: Floats) -> Floats:
        assert at.event is not None
        assert scope.follows is not None
        before = normal(replace(at, rows=np.array([max(at.event.start - 1, 0)], np.uint64), event=None))
        never = scope.follows(float(before[0]))
        return np.full_like(x, never[random.scaled(random.word(at.key, site, at.event.id), len(never))])

    return change


def never_follow(table: Table, scope: Scope) -> Callable[[float], list[float]]:
    """For each value of a Markov chain or of regimes, those that never follow on it."""
    values = [scope.value(x) for x in table["states"]]
    n = len(values)
    even = [[float(i != j) for j in range(n)] for i in range(n)]
    step = table.get("transitions", even)
    stays = table["kind"] == "regimes"
    never = {values[i]: [values[j] for j in range(n) if not (step[i][j] > 0.0 or (stays and i == j))] for i in range(n)}
    return lambda value: never[value]


def creeping(change: Transform, share: float) -> Transform:
    """The effect grows over a share of the event: a mixture of the normal and the anomalous value."""

    def mixed(at: At, normal: Rule, x: Floats) -> Floats:
        weight = (at.offsets() + 1.0) / (share * at.duration())
        y = change(at, normal, x)
        return np.where(weight < 1.0, x + weight * (y - x), y)

    return mixed


TRANSFORMS: dict[str, Callable[[Table, Scope], Transform]] = {
    "shift": shift,
    "scale": scale,
    "spike": spike,
    "noise": noise,
    "flatline": flatline,
    "missing": missing,
    "drift": drift,
    "clip": clip,
    "smooth": smooth,
    "frequency_change": frequency_change,
    "phase_shift": phase_shift,
    "reverse": reverse,
    "time_warp": time_warp,
    "swap": swap,
    "decouple": decouple,
    "forbidden_transition": forbidden_transition,
}
