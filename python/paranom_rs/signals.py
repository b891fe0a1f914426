"""Signals: values that follow from the row alone, whatever the number of rows asked for.

Periods are in rows, phases in cycles (0.25 is a quarter period ahead).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from paranom_rs.distributions import Parameter
from paranom_rs.rule import Rule

__all__ = ["ECG", "Constant", "Cosine", "RandomWalk", "Sawtooth", "Shape", "Sine", "Square", "Trend"]


@dataclass(frozen=True)
class Constant(Rule):
    """The same ``value`` in every row (in an anomalous rule it may be drawn once per event)."""

    kind: ClassVar[str] = "constant"
    value: Parameter


@dataclass(frozen=True)
class Sine(Rule):
    """``amplitude * sin(2π (row / period + phase))``, exact in phase at any row below 2**64."""

    kind: ClassVar[str] = "sine"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Cosine(Rule):
    """``amplitude * cos(2π (row / period + phase))``."""

    kind: ClassVar[str] = "cosine"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Square(Rule):
    """``+amplitude`` for the first ``duty`` (0 to 1) of each cycle, ``-amplitude`` for the rest."""

    kind: ClassVar[str] = "square"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0
    duty: float = 0.5


@dataclass(frozen=True)
class Sawtooth(Rule):
    """A ramp from ``-amplitude`` to ``+amplitude`` in each cycle."""

    kind: ClassVar[str] = "sawtooth"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class ECG(Rule):
    """A heartbeat of one ``period``: waves P, Q, R, S and T; R at the start of a cycle, ``amplitude`` high.

    After McSharry et al., "A dynamical model for generating synthetic electrocardiogram signals" (2003).
    """

    kind: ClassVar[str] = "ecg"
    period: Parameter
    amplitude: Parameter = 1.0
    phase: Parameter = 0.0


@dataclass(frozen=True)
class Trend(Rule):
    """A polynomial in the row: ``c[0] + c[1] u + c[2] u**2 + ...`` with ``u = row / per``.

    A single number is a slope: ``Trend(0.01)`` rises by 0.01 a row. Up to 8 coefficients.
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
    """

    kind: ClassVar[str] = "random_walk"
    std: float = 1.0
    start: float = 0.0
    drift: float = 0.0


@dataclass(frozen=True)
class Shape(Rule):
    """A shape of the user's, stretched over an event: ``values`` from its first row to its last, in straight lines.

    Two values at least. Only in anomalous rules: ``anomalous=Shape([0, 1, 0]) * 2.0 + Normal(0.0, 0.05)``.
    """

    kind: ClassVar[str] = "shape"
    values: Sequence[float]
