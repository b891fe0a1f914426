"""Processes: changing variance, seasons that differ, and closed control loops. Any row of them is known alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from paranom_rs.generate.rule import Rule

__all__ = ["ControlLoop", "RandomSeason", "StochasticVolatility"]


@dataclass(frozen=True)
class StochasticVolatility(Rule):
    """Normal values whose variance changes: calm times and wild times, which last.

    ``x = mean + std * exp(spread * z - spread**2) * e`` with standard normal ``e``, and ``z`` an `AR1` of standard
    deviation 1. Values are uncorrelated, their squares are not, and tails are heavy, as in a GARCH process. The
    difference: there the variance follows from the values before, so that a large value makes the next ones larger.
    Here it has random numbers of its own (Taylor, "Modelling Financial Time Series", 1986).

    Parameters
    ----------
    std
        The standard deviation of values, over all times.
    persistence
        The correlation of ``z`` with the row before, 0 <= persistence < 1.
    spread
        The standard deviation of the logarithm of the standard deviation, 0 to 5.
    mean
        The mean.

    Examples
    --------
    >>> from paranom_rs import Generator, Stochastic, StochasticVolatility
    >>> Generator({"x": Stochastic(StochasticVolatility())}, seed=1).generate(5)["x"].round(2).tolist()
    [-0.05, 0.21, 0.39, -0.32, 0.11]
    """

    kind: ClassVar[str] = "stochastic_volatility"
    std: float = 1.0
    persistence: float = 0.98
    spread: float = 0.5
    mean: float = 0.0


@dataclass(frozen=True)
class RandomSeason(Rule):
    """A season that is not the same each time: a sine whose amplitude and phase are drawn for each cycle.

    ``a * sin(2π (row / period + p))``, where ``a`` and ``p`` run on straight lines from the start of a cycle to that of
    the next. So nothing jumps.

    Parameters
    ----------
    period
        Rows of a cycle, a whole number of at least 2.
    amplitude, phase
        Numbers, or what they are drawn from for each cycle: ``Normal(1.0, 0.2)``. Phases are in cycles.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, RandomSeason, Stochastic
    >>> season = RandomSeason(4, amplitude=Normal(1.0, 0.2))
    >>> Generator({"x": Stochastic(season)}, seed=1).generate(8)["x"].round(2).tolist()
    [0.0, 1.09, -0.0, -0.99, 0.0, 0.93, -0.0, -0.91]
    """

    kind: ClassVar[str] = "random_season"
    period: int
    amplitude: Rule | float = 1.0
    phase: Rule | float = 0.0


@dataclass(frozen=True)
class ControlLoop(Rule):
    """A closed loop: a controller keeps a plant at a setpoint, against disturbances and a noisy sensor.

    In each row: ``error = setpoint - measured``, where ``measured`` is the plant's value plus noise;
    ``control = proportional * error + integral * (sum of errors so far)``; and the plant goes towards
    ``gain * control + disturbance``, with a time constant.

    Any row is known alone: each 512 rows begin at rest a warm-up before their first row. It is so long that what came
    before has faded to 1e-12 of its size, which follows from the numbers here.

    Parameters
    ----------
    setpoint
        A rule that refers to no other variable: ``Steps(Choice([20.0, 60.0]), 500)``.
    gain
        The plant's gain, > 0.
    time_constant
        Rows in which the plant goes 63 % of its way, > 0.
    proportional, integral
        The controller's factors, >= 0 and > 0. A loop that swings higher and higher, or needs more than 16,384 rows to
        forget, is refused.
    disturbance
        A rule, as for ``setpoint``.
    noise
        Standard deviation of the sensor's noise.
    gives
        ``"measured"``, ``"control"`` or ``"setpoint"``.
    group
        Variables whose loops have the same group and the same other arguments show signals of one loop.

    Examples
    --------
    >>> from paranom_rs import ControlLoop, Generator, Square, Stochastic
    >>> loop = ControlLoop(Square(period=16), time_constant=2.0, integral=0.2)
    >>> Generator({"x": Stochastic(loop)}, seed=1).generate(11)["x"].round(2).tolist()[7:]
    [1.0, 1.0, 0.45, 0.11]
    """

    kind: ClassVar[str] = "control_loop"
    setpoint: Rule | float
    gain: float = 1.0
    time_constant: float = 20.0
    proportional: float = 0.5
    integral: float = 0.05
    disturbance: Rule | float | None = None
    noise: float = 0.0
    gives: Literal["measured", "control", "setpoint"] = "measured"
    group: str | None = None
