"""Distributions: random values, independent from row to row, the same for the same seed and row.

A parameter may itself be a distribution. In a normal rule it is drawn anew in each row; in an anomalous rule once
per event, or in each row when wrapped in `EachRow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from paranom_rs._internal import checks
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
    """Uniform on ``[low, high)``, with 53 random bits.

    Examples
    --------
    >>> from paranom_rs import Generator, Stochastic, Uniform
    >>> Generator({"x": Stochastic(Uniform(-1, 1))}, seed=1).generate(4)["x"].round(2).tolist()
    [0.83, -0.18, 0.99, -0.11]
    """

    kind: ClassVar[str] = "uniform"
    low: Parameter
    high: Parameter


@dataclass(frozen=True)
class Normal(Rule):
    """Normal with a mean and a standard deviation ``std >= 0``, truncated to ``[low, high]`` where those are given.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> Generator({"x": Stochastic(Normal(10, 0.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [10.85, 9.98, 10.46, 10.03]
    """

    kind: ClassVar[str] = "normal"
    mean: Parameter = 0.0
    std: Parameter = 1.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class LogNormal(Rule):
    """e to the power of a normal with ``mean`` and ``sigma >= 0``.

    Examples
    --------
    >>> from paranom_rs import Generator, LogNormal, Stochastic
    >>> Generator({"x": Stochastic(LogNormal(0, 0.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [2.35, 0.98, 1.58, 1.03]
    """

    kind: ClassVar[str] = "lognormal"
    mean: Parameter = 0.0
    sigma: Parameter = 1.0


@dataclass(frozen=True)
class Exponential(Rule):
    """Exponential with a mean of ``scale > 0``.

    Examples
    --------
    >>> from paranom_rs import Exponential, Generator, Stochastic
    >>> Generator({"x": Stochastic(Exponential(2))}, seed=1).generate(4)["x"].round(2).tolist()
    [4.99, 1.05, 10.26, 1.18]
    """

    kind: ClassVar[str] = "exponential"
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Laplace(Rule):
    """Laplace around ``loc``: two exponentials of mean ``scale >= 0``, back to back; 36.7 scales wide at most.

    Examples
    --------
    >>> from paranom_rs import Generator, Laplace, Stochastic
    >>> Generator({"x": Stochastic(Laplace())}, seed=1).generate(4)["x"].round(2).tolist()
    [1.8, -0.2, 4.44, -0.11]
    """

    kind: ClassVar[str] = "laplace"
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class StudentT(Rule):
    """Student's t with ``df`` degrees of freedom (0.2 to 1e300), times ``scale >= 0``, around ``loc``.

    After Bailey, "Polar generation of random variates with the t-distribution" (1994).

    Examples
    --------
    >>> from paranom_rs import Generator, Stochastic, StudentT
    >>> Generator({"x": Stochastic(StudentT(3))}, seed=1).generate(4)["x"].round(2).tolist()
    [-0.98, 1.04, 1.09, 1.2]
    """

    kind: ClassVar[str] = "student_t"
    df: Parameter
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Cauchy(Rule):
    """Cauchy around ``loc``, half of the values within ``scale >= 0`` of it; it has no mean and no variance.

    Examples
    --------
    >>> from paranom_rs import Cauchy, Generator, Stochastic
    >>> Generator({"x": Stochastic(Cauchy())}, seed=1).generate(4)["x"].round(2).tolist()
    [3.77, -0.3, 53.76, -0.17]
    """

    kind: ClassVar[str] = "cauchy"
    loc: Parameter = 0.0
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Gamma(Rule):
    """Gamma with a ``shape > 0`` and a ``scale >= 0``: mean ``shape * scale``, variance ``shape * scale**2``.

    After Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).

    Examples
    --------
    >>> from paranom_rs import Gamma, Generator, Stochastic
    >>> Generator({"x": Stochastic(Gamma(2.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [5.78, 2.1, 3.81, 2.25]
    """

    kind: ClassVar[str] = "gamma"
    shape: Parameter
    scale: Parameter = 1.0


@dataclass(frozen=True)
class Beta(Rule):
    """Beta on [0, 1] with shapes ``a, b >= 1e-300``: mean ``a / (a + b)``.

    Examples
    --------
    >>> from paranom_rs import Beta, Generator, Stochastic
    >>> Generator({"x": Stochastic(Beta(0.5, 1.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [0.66, 0.02, 0.05, 0.24]
    """

    kind: ClassVar[str] = "beta"
    a: Parameter
    b: Parameter


@dataclass(frozen=True)
class Poisson(Rule):
    """How many happen when ``rate`` are expected, 0 to 1e12 (a drawn rate beyond counts as 1e12).

    A drawn rate makes it wider: with a rate from `Gamma`, it is the negative binomial.
    After Hörmann, "The transformed rejection method for generating Poisson random variables" (1993).

    Examples
    --------
    >>> from paranom_rs import Generator, Poisson, Stochastic
    >>> Generator({"x": Stochastic(Poisson(4))}, seed=1).generate(4)["x"].round(2).tolist()
    [7.0, 3.0, 10.0, 4.0]
    """

    kind: ClassVar[str] = "poisson"
    rate: Parameter


@dataclass(frozen=True)
class Mixture(Rule):
    """In each row the value of one of several rules: ``Mixture([(0.9, Normal()), (0.1, Normal(0, 5))])``.

    ``of`` holds pairs of a weight and a rule; weights sum to 1. Raises `SpecTypeError` for what is no list of pairs.

    Examples
    --------
    >>> from paranom_rs import Generator, Mixture, Normal, Stochastic
    >>> mixed = Stochastic(Mixture([(0.7, Normal()), (0.3, Normal(100, 1))]))
    >>> Generator({"x": mixed}, seed=1).generate(4)["x"].round(2).tolist()
    [1.71, -0.05, 0.91, 0.05]
    """

    kind: ClassVar[str] = "mixture"
    of: Sequence[tuple[float, Rule | float]]

    def __post_init__(self) -> None:
        for i, pair in checks.each("of", self.of):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise SpecTypeError(f"of[{i}]", "must be a pair (weight, rule)", checks.shown(pair))

    def to_spec(self) -> dict[str, Any]:
        """Return the mixture as plain values: its rules, and their weights."""
        return {"kind": self.kind, "of": plain([x for _, x in self.of]), "weights": plain([w for w, _ in self.of])}


@dataclass(frozen=True)
class Integers(Rule):
    """Whole numbers, equally likely, in ``[low, high)``: half-open, as in NumPy; both within ±2**53.

    Examples
    --------
    >>> from paranom_rs import Generator, Integers, Stochastic
    >>> Generator({"x": Stochastic(Integers(0, 6))}, seed=1).generate(4)["x"].round(2).tolist()
    [5.0, 2.0, 5.0, 2.0]
    """

    kind: ClassVar[str] = "integers"
    low: int
    high: int


@dataclass(frozen=True)
class Bernoulli(Rule):
    """1.0 with probability ``p``, else 0.0.

    Examples
    --------
    >>> from paranom_rs import Bernoulli, Generator, Stochastic
    >>> Generator({"x": Stochastic(Bernoulli(0.5))}, seed=1).generate(4)["x"].round(2).tolist()
    [0.0, 1.0, 0.0, 1.0]
    """

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

    Examples
    --------
    >>> from paranom_rs import Empirical, Generator, Stochastic
    >>> Generator({"x": Stochastic(Empirical([-3, -1, -0.8, 0, 3]))}, seed=1).generate(4)["x"].round(2).tolist()
    [2.01, -0.87, 2.93, -0.84]
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

    Examples
    --------
    >>> from paranom_rs import Distinct, Generator, Integers, Stochastic
    >>> Generator({"x": Stochastic(Distinct(Integers(0, 1000)))}, seed=1).generate(4)["x"].round(2).tolist()
    [695.0, 163.0, 578.0, 102.0]
    """

    kind: ClassVar[str] = "distinct"
    of: Rule
