"""Distributions: random values, independent from row to row, the same for the same seed and row.

A parameter may itself be a distribution. In a normal rule it is drawn anew in each row; in an anomalous rule once
per event, or in each row when wrapped in `EachRow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from paranom_rs.errors import SpecTypeError
from paranom_rs.generate.rule import EachRow, Rule, plain

__all__ = [
    "Bernoulli",
    "Beta",
    "Cauchy",
    "Choice",
    "Distinct",
    "Empirical",
    "Exponential",
    "Gamma",
    "Integers",
    "Laplace",
    "LogNormal",
    "Mixture",
    "Normal",
    "Poisson",
    "StudentT",
    "Uniform",
]

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
class Laplace(Rule):
    """Laplace around ``loc``: two exponentials of mean ``scale >= 0``, back to back; 36.7 scales wide at most."""

    kind: ClassVar[str] = "laplace"
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class StudentT(Rule):
    """Student's t with ``df`` degrees of freedom (0.2 to 1e300), times ``scale >= 0``, around ``loc``.

    After Bailey, "Polar generation of random variates with the t-distribution" (1994).
    """

    kind: ClassVar[str] = "student_t"
    df: Parameter
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Cauchy(Rule):
    """Cauchy around ``loc``, half of the values within ``scale >= 0`` of it; it has no mean and no variance."""

    kind: ClassVar[str] = "cauchy"
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Gamma(Rule):
    """Gamma with a ``shape > 0`` and a ``scale >= 0``: mean ``shape * scale``, variance ``shape * scale**2``.

    After Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
    """

    kind: ClassVar[str] = "gamma"
    shape: Parameter
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Beta(Rule):
    """Beta on [0, 1] with shapes ``a, b >= 1e-300``: mean ``a / (a + b)``."""

    kind: ClassVar[str] = "beta"
    a: Parameter
    b: Parameter


@dataclass(frozen=True)
class Poisson(Rule):
    """How many happen when ``rate`` are expected, 0 to 1e12 (a drawn rate beyond counts as 1e12).

    A drawn rate makes it wider: with a rate from `Gamma`, it is the negative binomial.
    After Hörmann, "The transformed rejection method for generating Poisson random variables" (1993).
    """

    kind: ClassVar[str] = "poisson"
    rate: Parameter


@dataclass(frozen=True)
class Mixture(Rule):
    """In each row the value of one of several rules: ``Mixture([(0.9, Normal()), (0.1, Normal(0, 5))])``.

    ``of`` holds pairs of a weight and a rule; weights sum to 1. Raises `SpecTypeError` for what is no list of pairs.
    """

    kind: ClassVar[str] = "mixture"
    of: Sequence[tuple[float, Rule | float]]

    def __post_init__(self) -> None:
        for i, pair in enumerate(self.of):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise SpecTypeError(f"of[{i}]", "must be a pair (weight, rule)", repr(pair))

    def to_spec(self) -> dict[str, Any]:
        """Return the mixture as plain values: its rules, and their weights."""
        return {"kind": self.kind, "of": plain([x for _, x in self.of]), "weights": plain([w for w, _ in self.of])}


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
    """One of ``values``, equally likely or by ``weights`` that sum to 1.

    Values are numbers; or names of states, ``Choice(["idle", "run"])``; or ``[False, True]``.

    Examples
    --------
    >>> from paranom_rs import Choice, Generator, Stochastic
    >>> Generator({"x": Stochastic(Choice([1, 2, 5], [0.2, 0.5, 0.3]))}, seed=1).generate(4)["x"].round(2).tolist()
    [5.0, 2.0, 5.0, 2.0]
    """

    kind: ClassVar[str] = "choice"
    values: Sequence[str | bool | float]
    weights: Sequence[float] | None = None


@dataclass(frozen=True)
class Empirical(Rule):
    """A distribution that is given by its quantiles, as those of a recording.

    Parameters
    ----------
    quantiles
        The quantiles at evenly spaced probabilities from 0 to 1, 2 to 65,536 of them, none lower than the one before.
        Between them the distribution function runs on straight lines.
    of
        A rule with standard normal values, such as `ColouredNoise` or `AR1`. Each value is replaced by the quantile
        of its probability: the values keep their order and get this distribution. By default each row is drawn
        independently.
    """

    kind: ClassVar[str] = "empirical"
    quantiles: Sequence[float]
    of: Rule | float | None = None


@dataclass(frozen=True)
class Distinct(Rule):
    """A different value in every row, in random order: a keyed bijection, so no register and no tries.

    ``of`` is `Integers` (up to all of them), `Choice` without weights, or `Uniform` with numbers as its ends (a grid of
    up to 2**52 values, as fine as rounding allows). There are as many rows as values: asking for more is refused
    with `SpecError` before anything is drawn. `Uniqueness` cannot draw it anew. A sum with it need not be distinct.
    """

    kind: ClassVar[str] = "distinct"
    of: Rule
