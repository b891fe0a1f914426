"""Signals: values that follow from the row alone, whatever the number of rows asked for.

Periods are in rows, phases in cycles (0.25 is a quarter period ahead).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecTypeError
from paranom_rs.generate.days import day_number
from paranom_rs.generate.distributions import Parameter
from paranom_rs.generate.rule import Rule, plain
from paranom_rs.generate.time_index import TimeIndex

__all__ = [
    "AR1",
    "ECG",
    "MLS",
    "AtTime",
    "Calendar",
    "ColouredNoise",
    "Concepts",
    "Constant",
    "Cosine",
    "CylinderBellFunnel",
    "Dirichlet",
    "Limited",
    "Logistic",
    "LogisticMap",
    "Pattern",
    "RandomWalk",
    "Rounded",
    "Sawtooth",
    "Shape",
    "Sine",
    "Square",
    "Steps",
    "Trend",
    "Triangle",
]


@dataclass(frozen=True)
class Constant(Rule):
    """The same ``value`` in every row (in an anomalous rule it may be drawn once per event).

    Examples
    --------
    >>> from paranom_rs import Constant, Generator, Stochastic
    >>> Generator({"x": Stochastic(Constant(1.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [1.5, 1.5, 1.5, 1.5]
    """

    kind: ClassVar[str] = "constant"
    value: Parameter


@dataclass(frozen=True)
class Sine(Rule):
    """``amplitude * sin(2π (row / period + phase))``, exact in phase at any row below 2**64.

    Examples
    --------
    >>> from paranom_rs import Generator, Sine, Stochastic
    >>> Generator({"x": Stochastic(Sine(period=8))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    """

    kind: ClassVar[str] = "sine"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Cosine(Rule):
    """``amplitude * cos(2π (row / period + phase))``.

    Examples
    --------
    >>> from paranom_rs import Cosine, Generator, Stochastic
    >>> Generator({"x": Stochastic(Cosine(period=8))}, seed=1).generate(8)["x"].round(2).tolist()
    [1.0, 0.71, -0.0, -0.71, -1.0, -0.71, 0.0, 0.71]
    """

    kind: ClassVar[str] = "cosine"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Square(Rule):
    """``+amplitude`` for the first ``duty`` (0 to 1) of each cycle, ``-amplitude`` for the rest.

    Examples
    --------
    >>> from paranom_rs import Generator, Square, Stochastic
    >>> Generator({"x": Stochastic(Square(period=8, duty=0.25))}, seed=1).generate(8)["x"].round(2).tolist()
    [1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]
    """

    kind: ClassVar[str] = "square"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0
    duty: float = 0.5


@dataclass(frozen=True)
class Sawtooth(Rule):
    """A ramp from ``-amplitude`` to ``+amplitude`` in each cycle.

    Examples
    --------
    >>> from paranom_rs import Generator, Sawtooth, Stochastic
    >>> Generator({"x": Stochastic(Sawtooth(period=4))}, seed=1).generate(8)["x"].round(2).tolist()
    [-1.0, -0.5, 0.0, 0.5, -1.0, -0.5, 0.0, 0.5]
    """

    kind: ClassVar[str] = "sawtooth"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Triangle(Rule):
    """From ``-amplitude`` up to ``+amplitude`` at ``peak`` (0 to 1) of each cycle, and down again.

    Examples
    --------
    >>> from paranom_rs import Generator, Stochastic, Triangle
    >>> Generator({"x": Stochastic(Triangle(period=8))}, seed=1).generate(8)["x"].round(2).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0, 0.5, -0.0, -0.5]
    """

    kind: ClassVar[str] = "triangle"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0
    peak: float = 0.5


@dataclass(frozen=True)
class Dirichlet(Rule):
    """A train of pulses, ``amplitude`` high at the start of each cycle (Dirichlet's kernel, a periodic sinc).

    It is the mean of the cosines of 0, ±1, … ±``harmonics`` turns a cycle, 1 to 1000; more make pulses narrower.

    Examples
    --------
    >>> from paranom_rs import Dirichlet, Generator, Stochastic
    >>> Generator({"x": Stochastic(Dirichlet(period=8, harmonics=2))}, seed=1).generate(8)["x"].round(2).tolist()
    [1.0, 0.48, -0.2, -0.08, 0.2, -0.08, -0.2, 0.48]
    """

    kind: ClassVar[str] = "dirichlet"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0
    harmonics: int = 5


@dataclass(frozen=True)
class Pattern(Rule):
    """A pattern of the user's, over and over: ``values`` (1 to 2**20) spread evenly over ``period`` rows.

    Between values it runs on straight lines, from the last to the first too, or each is ``held``. The default period is
    one row for each value. ``amplitude`` is a factor.

    Examples
    --------
    >>> from paranom_rs import Generator, Pattern, Stochastic
    >>> Generator({"x": Stochastic(Pattern([0, 1, 3, 1]))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 3.0, 1.0]
    """

    kind: ClassVar[str] = "pattern"
    values: Sequence[float]
    period: Parameter | None = None
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0
    held: bool = False


@dataclass(frozen=True)
class MLS(Rule):
    """A maximum length sequence: 2**``order`` - 1 signs that look random, over and over (``order`` 2 to 16).

    With ``walk``, the sums of the signs so far, between ``-amplitude`` and ``+amplitude``. The default period is one
    row for each sign.

    Examples
    --------
    >>> from paranom_rs import MLS, Generator, Stochastic
    >>> Generator({"x": Stochastic(MLS(order=3))}, seed=1).generate(8)["x"].round(2).tolist()
    [-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, -1.0]
    """

    kind: ClassVar[str] = "mls"
    order: int
    walk: bool = False
    period: Parameter | None = None
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class ECG(Rule):
    """A heartbeat of one ``period``: waves P, Q, R, S and T; R at the start of a cycle, ``amplitude`` high.

    After McSharry et al., "A dynamical model for generating synthetic electrocardiogram signals" (2003).

    Examples
    --------
    >>> from paranom_rs import ECG, Generator, Stochastic
    >>> Generator({"x": Stochastic(ECG(period=8))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.99, 0.01, 0.23, 0.08, 0.0, 0.0, 0.05, 0.03]
    """

    kind: ClassVar[str] = "ecg"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Trend(Rule):
    """A polynomial in the row: ``c[0] + c[1] u + c[2] u**2 + ...`` with ``u = row / per``.

    A single number is a slope: ``Trend(0.01)`` rises by 0.01 a row. Up to 8 coefficients.

    Examples
    --------
    >>> from paranom_rs import Generator, Stochastic, Trend
    >>> Generator({"x": Stochastic(Trend(0.5))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    """

    kind: ClassVar[str] = "trend"
    coefficients: Sequence[float] | float
    per: float = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.coefficients, int | float | np.number) and not isinstance(self.coefficients, bool):
            object.__setattr__(self, "coefficients", (0.0, self.coefficients))


@dataclass(frozen=True)
class RandomWalk(Rule):
    """A Gaussian random walk from ``start``: independent normal steps of ``std``, plus ``drift`` a row.

    Any row can be asked for alone: the walk is a Brownian bridge over all rows, refined by halving.

    Examples
    --------
    >>> from paranom_rs import Generator, RandomWalk, Stochastic
    >>> Generator({"x": Stochastic(RandomWalk(std=0.1, start=5))}, seed=1).generate(4)["x"].round(2).tolist()
    [5.0, 5.07, 5.04, 4.94]
    """

    kind: ClassVar[str] = "random_walk"
    std: float = 1.0
    start: float = 0.0
    drift: float = 0.0


@dataclass(frozen=True)
class AR1(Rule):
    """A first-order autoregression: ``x[t] = phi * x[t-1] + noise``, ``-1 < phi < 1``; red noise for ``phi`` near 1.

    Stationary from row 0 on: every value has the ``mean`` and the standard deviation ``std``, values ``h`` rows apart
    the correlation ``phi**h``. Exactly so at any row, without a scan: a Gaussian bridge, as in `RandomWalk`.

    Examples
    --------
    >>> from paranom_rs import AR1, Generator, Stochastic
    >>> Generator({"x": Stochastic(AR1(0.95))}, seed=1).generate(4)["x"].round(2).tolist()
    [-1.32, -1.02, -1.02, -1.27]
    """

    kind: ClassVar[str] = "ar1"
    phi: float
    std: float = 1.0
    mean: float = 0.0


@dataclass(frozen=True)
class ColouredNoise(Rule):
    """Normal noise with an autocovariance of any form that ends: a moving average of independent normal values.

    ``x[t] = mean + weights[0] z[t] + weights[1] z[t-1] + …`` with standard normal ``z``. Values ``h`` rows apart have
    the covariance ``sum(weights[k] * weights[k + h])``. Stationary from row 0 on, and any row is known alone.

    Parameters
    ----------
    weights
        1 to 512 of them, the row's own first.
    mean
        The mean.
    group
        Rules of several variables with the same group have the same ``z``: noise that channels share. By default each
        rule has its own.

    Examples
    --------
    >>> from paranom_rs import ColouredNoise, Generator, Stochastic
    >>> Generator({"x": Stochastic(ColouredNoise([1, -0.9, 0.7]))}, seed=1).generate(4)["x"].round(2).tolist()
    [3.7, -3.04, 2.15, -0.8]
    """

    kind: ClassVar[str] = "coloured_noise"
    weights: Sequence[float]
    mean: float = 0.0
    group: str | None = None


@dataclass(frozen=True)
class Limited(Rule):
    """The values of a rule, cut off at limits, as by a sensor at the end of its range; one limit at least.

    Examples
    --------
    >>> from paranom_rs import Generator, Limited, Sine, Stochastic
    >>> Generator({"x": Stochastic(Limited(Sine(8), high=0.6))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 0.6, 0.6, 0.6, -0.0, -0.71, -1.0, -0.71]
    """

    kind: ClassVar[str] = "limited"
    of: Rule | float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Rounded(Rule):
    """The values of a rule, rounded to multiples of ``step``, half a step up: a sensor's digits, or whole numbers.

    A step like 0.1, of which a whole number makes 1, gives the floats nearest to its multiples.

    Examples
    --------
    >>> from paranom_rs import Generator, Rounded, Sine, Stochastic
    >>> Generator({"x": Stochastic(Rounded(Sine(8), step=0.25))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 0.75, 1.0, 0.75, 0.0, -0.75, -1.0, -0.75]
    """

    kind: ClassVar[str] = "rounded"
    of: Rule | float
    step: float = 1.0


@dataclass(frozen=True)
class Concepts(Rule):
    """Rules that take turns: what is normal changes again and again, at once or little by little (concept drift).

    `Dataset.changes` lists the rows where it does. They are normal; anomalies are laid over whatever is normal then.

    Parameters
    ----------
    of
        Two rules or more. Each follows on the one before it; the first one again on the last.
    length
        Rows from change to change, or the fewest and the most; those near their mean come more often.
    fade
        Rows over which a rule gives way to the next one, fewer than ``length``: values lie on the way from the one to
        the other. By default 0: at once, a change point.

    Examples
    --------
    >>> from paranom_rs import Concepts, Constant, Generator, Stochastic
    >>> drift = Stochastic(Concepts([Constant(0), Constant(9)], length=3))
    >>> data = Generator({"x": drift}, seed=1).generate(7)
    >>> data["x"].tolist(), [change.start for change in data.changes]
    ([0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 0.0], [3, 6])
    """

    kind: ClassVar[str] = "concepts"
    of: Sequence[Rule | float]
    length: int | tuple[int, int]
    fade: int = 0


@dataclass(frozen=True)
class Logistic(Rule):
    """``1 / (1 + exp((middle - x) / width))`` of a rule's values x: shares from 0 to 1, one half at ``middle``.

    With a ``width`` of 0 one step: 0 up to ``middle``, 1 above it. For chances that depend on values:
    ``Dropouts(chance=Logistic(Ref("load"), middle=4.0, width=0.5))``.

    Examples
    --------
    >>> from paranom_rs import Generator, Logistic, Stochastic, Trend
    >>> Generator({"x": Stochastic(Logistic(Trend(1.0), middle=2.0, width=0.5))}).generate(5)["x"].round(2).tolist()
    [0.02, 0.12, 0.5, 0.88, 0.98]
    """

    kind: ClassVar[str] = "logistic"
    of: Rule | float
    middle: float = 0.0
    width: float = 1.0


@dataclass(frozen=True)
class AtTime(Rule):
    """Signals at the times of rows, not at their numbers: a `Sine` under jitter has the value of its own time.

    The signals in ``of`` are evaluated where the row would be if all rows were one step of the generator's `TimeIndex`
    apart: early under jitter, further on behind a gap, anywhere between `arrivals <TimeIndex>`. Periods stay numbers of
    steps. Between rows, periodic signals are exact, others lie on the straight line. What is drawn in each row (noise)
    stays in its row. Before the clock's start a signal has its first value: so it is in row 0, if that is early.

    Needs a ``time=`` with a step of fixed length.

    Examples
    --------
    >>> from paranom_rs import AtTime, Gaps, Generator, Stochastic, TimeIndex, Trend
    >>> clock = TimeIndex("2026-01-01", "1s", gaps=Gaps(every=4, length="2s"))
    >>> variables = {"rows": Stochastic(Trend(1.0)), "time": Stochastic(AtTime(Trend(1.0)))}
    >>> data = Generator(variables, time=clock, seed=1).generate(6)
    >>> data["rows"].tolist(), data["time"].tolist()
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 4.0, 5.0, 6.0, 7.0])
    """

    kind: ClassVar[str] = "at_time"
    of: Rule


@dataclass(frozen=True)
class Steps(Rule):
    """A level that is held for some rows, then another.

    Parameters
    ----------
    levels
        What levels are drawn from: ``Choice([-1.0, 1.0])``, ``Normal()``; or a signal, looked at once a step.
    length
        Rows of a step, or the shortest and the longest; those near their mean come more often.

    Examples
    --------
    >>> from paranom_rs import Choice, Generator, Steps, Stochastic
    >>> Generator({"x": Stochastic(Steps(Choice([-1, 1]), length=3))}, seed=1).generate(8)["x"].round(2).tolist()
    [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0]
    """

    kind: ClassVar[str] = "steps"
    levels: Rule | float
    length: int | tuple[int, int]


@dataclass(frozen=True)
class CylinderBellFunnel(Rule):
    """Plateaus, ramps up that drop, and jumps that ramp down, in random order, 0 between them.

    After Saito, "Local feature extraction and its applications using a library of bases" (1994).

    Parameters
    ----------
    length
        Rows of a shape, or the shortest and the longest.
    every
        One shape lies in each ``every`` rows, anywhere in them; by default the shortest plus the longest length.
    amplitude
        How high shapes are, or a distribution that it is drawn from for each: ``Choice([-1.0, 1.0])`` for both signs.

    Examples
    --------
    >>> from paranom_rs import CylinderBellFunnel, Generator, Stochastic
    >>> Generator({"x": Stochastic(CylinderBellFunnel(4))}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    """

    kind: ClassVar[str] = "cylinder_bell_funnel"
    length: int | tuple[int, int]
    every: int | None = None
    amplitude: Rule | float = 1.0


@dataclass(frozen=True)
class Calendar(Rule):
    """Seasonality of the calendar, on rows that are datetimes: values by hour, weekday, month and holiday, added up.

    Parameters
    ----------
    time
        What the time of a row is. By default the `TimeIndex` of datetimes that the `Generator` has; another one is
        refused.
    hour
        24 values, one for each full hour; straight lines between them, the last to the first too.
    weekday
        7 values, Monday first.
    month
        12 values.
    holidays, holiday
        Dates (``"2026-12-25"``, `datetime.date`), and the value that stands in for the weekday's on them.

    Raises
    ------
    SpecError, SpecTypeError
        For a time without datetimes, a text that is no date, or another number of values.

    Examples
    --------
    >>> from paranom_rs import Calendar, Generator, Stochastic, TimeIndex
    >>> hours = [0.0] * 8 + [1.0] * 10 + [0.0] * 6
    >>> clock = TimeIndex("2026-01-01", "6h")
    >>> Generator({"x": Stochastic(Calendar(clock, hour=hours))}, time=clock).generate(4)["x"].tolist()
    [0.0, 0.0, 1.0, 0.0]
    """

    kind: ClassVar[str] = "calendar"
    time: TimeIndex | None = None
    hour: Sequence[float] | None = None
    weekday: Sequence[float] | None = None
    month: Sequence[float] | None = None
    holidays: Sequence[str | date] | None = None
    holiday: float | None = None

    def to_spec(self) -> dict[str, Any]:
        """Return the calendar as plain values: times in nanoseconds, holidays in days since 1970."""
        time = self.time.to_spec() if isinstance(self.time, TimeIndex) else {}
        if self.time is not None and time.get("kind") != "datetime":
            raise SpecTypeError("time", "must be a TimeIndex of datetimes", shown(self.time))
        values = {name: getattr(self, name) for name in ("hour", "weekday", "month", "holiday")}
        spec = time | {"kind": self.kind}
        spec |= {name: plain(x) for name, x in values.items() if x is not None}
        if self.holidays is not None:
            spec["holidays"] = [day_number(f"holidays[{i}]", day) for i, day in enumerate(self.holidays)]
        return spec


@dataclass(frozen=True)
class LogisticMap(Rule):
    """Chaos between 0 and 1: ``x[t+1] = 4 x[t] (1 - x[t])``, an exact orbit that never repeats, known at any row.

    It looks like noise and has no autocorrelation, but each value follows from the one before. (In the variable
    ``u`` of ``x = sin(pi u)**2`` the map shifts binary digits, so random digits are an orbit.)

    Examples
    --------
    >>> from paranom_rs import Generator, LogisticMap, Stochastic
    >>> Generator({"x": Stochastic(LogisticMap())}, seed=1).generate(4)["x"].round(2).tolist()
    [0.07, 0.25, 0.74, 0.77]
    """

    kind: ClassVar[str] = "logistic_map"


@dataclass(frozen=True)
class Shape(Rule):
    """A shape of the user's, stretched over an event: ``values`` from its first row to its last, in straight lines.

    Two values at least. Only in anomalous rules: ``anomalous=Shape([0, 1, 0]) * 2.0 + Normal(0.0, 0.05)``.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Shape, Sine, Stochastic
    >>> wave = Stochastic(Sine(8), anomalous=Shape([0, 5, 0]))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(2, 6)]), seed=1)
    >>> data = gen.generate(8)
    >>> data.clean["x"].round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, -0.0, -0.71, -1.0, -0.71]
    >>> data["x"].round(2).tolist()
    [0.0, 0.71, 0.0, 3.33, 3.33, 0.0, -1.0, -0.71]
    """

    kind: ClassVar[str] = "shape"
    values: Sequence[float]
