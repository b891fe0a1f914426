"""Transforms: what an event does to the value that the normal rule gave.

Parameters may be distributions: drawn once per event, or in each row when wrapped in `EachRow`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from paranom_rs.generate.distributions import Parameter
from paranom_rs.generate.rule import Transform

__all__ = [
    "Clip",
    "Decouple",
    "Drift",
    "Flatline",
    "FrequencyChange",
    "Missing",
    "Noise",
    "PhaseShift",
    "Reverse",
    "Scale",
    "Shift",
    "Smooth",
    "Spike",
    "Swap",
    "TimeWarp",
]


@dataclass(frozen=True)
class Shift(Transform):
    """Adds the same amount ``by`` to every value of the event.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Shift, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Shift(1.0))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 2.0, 1.71, 1.0, 0.29, -1.0, -0.71]
    """

    kind: ClassVar[str] = "shift"
    by: Parameter


@dataclass(frozen=True)
class Scale(Transform):
    """Multiplies the distance from ``center`` by ``factor``: a change of amplitude.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Scale, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Scale(2))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 2.0, 1.41, 0.0, -1.41, -1.0, -0.71]
    """

    kind: ClassVar[str] = "scale"
    factor: Parameter
    center: Parameter = 0.0


@dataclass(frozen=True)
class Spike(Transform):
    """Adds a triangle of ``height`` that peaks in the middle of the event; over a single row, its full height.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Sine, Spike, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Spike(3))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 1.75, 2.96, 2.25, 0.04, -1.0, -0.71]
    """

    kind: ClassVar[str] = "spike"
    height: Parameter


@dataclass(frozen=True)
class Noise(Transform):
    """Adds normal noise of ``std >= 0``: a change of variance.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Noise, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Noise(0.4))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 1.64, 0.01, 0.23, -0.65, -1.0, -0.71]
    """

    kind: ClassVar[str] = "noise"
    std: Parameter


@dataclass(frozen=True)
class Flatline(Transform):
    """A stuck sensor: one ``value`` throughout the event, by default the one its first row would have had.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Flatline, Generator, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Flatline())}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 1.0, 1.0, 1.0, -1.0, -0.71]
    """

    kind: ClassVar[str] = "flatline"
    value: Parameter | None = None


@dataclass(frozen=True)
class Missing(Transform):
    """No value: NaN.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Missing, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Missing())}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, nan, nan, nan, nan, -1.0, -0.71]
    """

    kind: ClassVar[str] = "missing"


@dataclass(frozen=True)
class Drift(Transform):
    """Adds a ramp that reaches ``by`` in the event's last row.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Drift, Generator, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Drift(2))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 1.5, 1.71, 1.5, 1.29, -1.0, -0.71]
    """

    kind: ClassVar[str] = "drift"
    by: Parameter


@dataclass(frozen=True)
class Clip(Transform):
    """Cuts values off below ``low`` and above ``high``: a sensor at the end of its range.

    Rows between the limits stay as they are, and are labelled like the rest of the event.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Clip, Generator, Sine, Stochastic
    >>> wave = Stochastic(Sine(8), anomalous=Clip(-0.5, 0.5))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 0.5, 0.5, -0.0, -0.5, -1.0, -0.71]
    """

    kind: ClassVar[str] = "clip"
    low: Parameter | None = None
    high: Parameter | None = None


@dataclass(frozen=True)
class Smooth(Transform):
    """The mean of the normal values in a ``window`` (odd, 3 to 511 rows) around each row: edges and noise are lost.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Smooth, Square, Stochastic
    >>> gen = Generator({"x": Stochastic(Square(4), anomalous=Smooth(3))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0]
    >>> data["x"].round(2).tolist()
    [1.0, 1.0, -0.33, -0.33, 0.33, 0.33, -1.0, -1.0]
    """

    kind: ClassVar[str] = "smooth"
    window: int


# The next four move signals and recordings along the rows; what is drawn in each row (noise) stays in its row. They
# need a normal rule with a signal. Between rows, periodic signals are exact, others lie on the straight line.


@dataclass(frozen=True)
class FrequencyChange(Transform):
    """Signals run ``factor`` times as fast from the event's first row on, 0 < factor <= 1000; then jump back.

    Examples
    --------
    >>> from paranom_rs import Anomaly, FrequencyChange, Generator, Sine, Stochastic
    >>> wave = Stochastic(Sine(8), anomalous=FrequencyChange(2))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 1.0, -0.0, -1.0, 0.0, -1.0, -0.71]
    """

    kind: ClassVar[str] = "frequency_change"
    factor: Parameter


@dataclass(frozen=True)
class PhaseShift(Transform):
    """Signals run ``by`` rows ahead, behind if it is negative. Nothing comes before row 0: its value stands there.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, PhaseShift, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=PhaseShift(2))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, -0.0, -0.71, -1.0, -0.71, -1.0, -0.71]
    """

    kind: ClassVar[str] = "phase_shift"
    by: Parameter


@dataclass(frozen=True)
class Reverse(Transform):
    """Signals run backwards, from the event's last row to its first. An odd event's middle row is where it was.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Reverse, Sine, Stochastic
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=Reverse())}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, -0.71, -0.0, 0.71, 1.0, -1.0, -0.71]
    """

    kind: ClassVar[str] = "reverse"


@dataclass(frozen=True)
class TimeWarp(Transform):
    """Signals run ahead in the event's first half and wait in the second; a negative strength, the other way round.

    Nothing jumps: the pace changes from ``1 + strength`` to ``1 - strength`` and back, -1 <= strength <= 1.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Sine, Stochastic, TimeWarp
    >>> gen = Generator({"x": Stochastic(Sine(8), anomalous=TimeWarp(0.9))}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 0.86, 0.44, 0.32, -0.25, -1.0, -0.71]
    """

    kind: ClassVar[str] = "time_warp"
    strength: Parameter = 0.9


# Other variables.


@dataclass(frozen=True)
class Swap(Transform):
    """The values of another ``variable``, as they would be without anomalies: sensors with their cables crossed.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Constant, Generator, Stochastic, Swap, Trend
    >>> variables = {"a": Stochastic(Trend(1.0)), "b": Stochastic(Constant(9.0), anomalous=Swap("a"))}
    >>> Generator(variables, anomalies=Anomaly(events=[(1, 3)])).generate(4)["b"].tolist()
    [9.0, 1.0, 2.0, 9.0]
    """

    kind: ClassVar[str] = "swap"
    variable: str


@dataclass(frozen=True)
class Decouple(Transform):
    """Cuts the dependence on another ``variable``, which the normal rule has a `Ref` to.

    The rule sees that variable ``by`` rows later (earlier if negative; in whole rows), without its anomalies: there it
    looks the same, but has nothing to do with this row. Draw ``by`` from a range longer than the variable's memory:
    ``Decouple("pressure", by=Uniform(100, 1000))``. `Event.broken` names the edge. Where the variable does not look the
    same elsewhere, on a `Trend` or a `RandomWalk`, the value jumps by what lies between: there the relation is not all
    that is wrong.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Decouple, Generator, Ref, Stochastic, Trend
    >>> variables = {"a": Stochastic(Trend(1.0)), "b": Stochastic(Ref("a") * 2, anomalous=Decouple("a", by=10))}
    >>> data = Generator(variables, anomalies=Anomaly(events=[(1, 3)])).generate(4)
    >>> data["b"].tolist(), data.events[0].broken
    ([0.0, 22.0, 24.0, 6.0], (('a', 'b'),))
    """

    kind: ClassVar[str] = "decouple"
    variable: str
    by: Parameter


@dataclass(frozen=True)
class ForbiddenTransition(Transform):
    """A state that never follows on the one before: a transition that the normal rule does not have.

    The normal rule is a `Markov` chain or `Regimes` in which each state has others (or itself) that cannot follow it.
    One of those, drawn once per event, stays throughout the event. In row 0, it is one that cannot follow on the
    normal state of row 0.

    Examples
    --------
    >>> from paranom_rs import Anomaly, ForbiddenTransition, Generator, Markov, Stochastic
    >>> turn = Markov(["a", "b", "c"], [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    >>> jump = Anomaly(values={"mode": ForbiddenTransition()}, events=[(3, 5)])
    >>> Generator({"mode": Stochastic(turn)}, anomalies=jump, seed=1).generate(8)["mode"].tolist()
    ['a', 'b', 'c', 'b', 'b', 'c', 'a', 'b']
    """

    kind: ClassVar[str] = "forbidden_transition"
