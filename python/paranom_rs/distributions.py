"""Distributions: random values, independent from row to row, the same for the same seed and row.

A parameter may itself be a distribution. In a normal rule it is drawn anew in each row; in an anomalous rule once
per event, or in each row when wrapped in `EachRow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from paranom_rs.rule import EachRow, Rule

__all__ = ["Bernoulli", "Choice", "Distinct", "Exponential", "Integers", "LogNormal", "Normal", "Uniform"]

Parameter = float | Rule | EachRow


@dataclass(frozen=True)
class Uniform(Rule):
    """Uniform on ``[low, high)``, with 53 random bits."""

    kind: ClassVar[str] = "uniform"
    low: Parameter
    high: Parameter


@dataclass(frozen=True)
class Normal(Rule):
    """Normal with a mean and a standard deviation ``std >= 0``, truncated to ``[low, high]`` where those are given."""

    kind: ClassVar[str] = "normal"
    mean: Parameter = 0.0
    std: Parameter = 1.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class LogNormal(Rule):
    """e to the power of a normal with ``mean`` and ``sigma >= 0``."""

    kind: ClassVar[str] = "lognormal"
    mean: Parameter = 0.0
    sigma: Parameter = 1.0


@dataclass(frozen=True)
class Exponential(Rule):
    """Exponential with a mean of ``scale > 0``."""

    kind: ClassVar[str] = "exponential"
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Integers(Rule):
    """Whole numbers, equally likely, in ``[low, high)``: half-open, as in NumPy; both within ±2**53."""

    kind: ClassVar[str] = "integers"
    low: int
    high: int


@dataclass(frozen=True)
class Bernoulli(Rule):
    """1.0 with probability ``p``, else 0.0."""

    kind: ClassVar[str] = "bernoulli"
    p: Parameter


@dataclass(frozen=True)
class Choice(Rule):
    """One of ``values``, equally likely or by ``weights`` that sum to 1."""

    kind: ClassVar[str] = "choice"
    values: Sequence[float]
    weights: Sequence[float] | None = None


@dataclass(frozen=True)
class Distinct(Rule):
    """A different value in every row, in random order: a keyed bijection, so no register and no tries.

    ``of`` is `Integers` (up to all of them), `Choice` without weights, or `Uniform` with numbers as its ends (a grid of
    up to 2**52 values, as fine as rounding allows). There are as many rows as values: asking for more is refused
    with `SpecError` before anything is drawn. `Uniqueness` cannot draw it anew. A sum with it need not be distinct.
    """

    kind: ClassVar[str] = "distinct"
    of: Rule
