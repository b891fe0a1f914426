"""What distributions, signals and transforms have in common: fields that become a spec, and the algebra of rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from paranom_rs._internal.checks import shown
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.native import is_native

__all__ = ["EachRow", "Edge", "Part", "Product", "Ref", "Rule", "Sum", "Transform"]


def plain(value: object) -> Any:
    """Return a value as a spec holds it: dicts, lists, texts, Python numbers, arrays and functions."""
    match value:
        case Part():
            return value.to_spec()
        case bool() | str() | int() | float():
            return value
        case _ if is_native(value):
            return value
        case bytes() | bytearray() | memoryview():
            pass
        case np.bool_() | np.integer() | np.floating():
            return value.item()
        case np.ndarray() if value.dtype == np.float64 and value.ndim == 1:
            return np.require(value, requirements=("C", "A"))  # the core reads its memory as it lies
        case np.ndarray() if value.dtype == np.int64 and value.ndim == 2 and value.shape[1] == 2:
            return np.require(value, requirements=("C", "A"))
        case np.ndarray():
            return plain(value.tolist())
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case Sequence():
            return [plain(item) for item in value]
        case _ if callable(value):
            return value  # a callback: the plan knows where one may stand
    raise SpecTypeError("", "must be a rule, a number, a text, a list or a dict", shown(value))


def plain_fields(of: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as plain values; those that are None are left out."""
    spec = {}
    for field in dataclasses.fields(of):
        value = getattr(of, field.name)
        if value is not None:
            try:
                spec[field.name] = plain(value)
            except (SpecError, SpecTypeError) as error:
                raise error.under(field.name) from None
    return spec


class Part(KnownKeywords):
    """Something that stands in a spec under a ``kind``; its dataclass fields are the spec's values."""

    kind: ClassVar[str]

    def to_spec(self) -> dict[str, Any]:
        """Return the part as plain values; fields that are None are left out."""
        return {"kind": self.kind} | plain_fields(self)


class Rule(Part):
    """A rule that gives a value for each row: a distribution, a signal, or a sum or product of rules.

    Rules and numbers add, subtract and multiply: ``Sine(period=300) * 2.0 + Normal(0.0, 0.1)``.
    """

    # NumPy's numbers and arrays leave the arithmetic to the rule.
    __array_ufunc__ = None

    def __add__(self, other: Rule | float) -> Rule:
        return _join(Sum, self, other)

    def __radd__(self, other: float) -> Rule:
        return _join(Sum, other, self)

    def __mul__(self, other: Rule | float) -> Rule:
        return _join(Product, self, other)

    def __rmul__(self, other: float) -> Rule:
        return _join(Product, other, self)

    def __sub__(self, other: Rule | float) -> Rule:
        return self + _negative(other)

    def __rsub__(self, other: float) -> Rule:
        return _join(Sum, other, -self)

    def __neg__(self) -> Rule:
        return self * -1.0


class Transform(Part):
    """What an event does to the value that the normal rule gave. An anomalous rule only."""


@dataclasses.dataclass(frozen=True)
class Sum(Rule):
    """The sum of rules, made by ``+``; terms are added from left to right."""

    kind: ClassVar[str] = "sum"
    of: tuple[Rule | float, ...]


@dataclasses.dataclass(frozen=True)
class Product(Rule):
    """The product of rules, made by ``*``; factors are multiplied from left to right."""

    kind: ClassVar[str] = "product"
    of: tuple[Rule | float, ...]


@dataclasses.dataclass(frozen=True)
class EachRow(Part):
    """A parameter of an anomalous rule that is drawn anew in each row, instead of once per event.

    ``Shift(EachRow(Uniform(0.5, 1.5)))`` shifts every row by another amount.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Constant, EachRow, Generator, Shift, Stochastic, Uniform
    >>> once = Stochastic(Constant(0), anomalous=Shift(Uniform(1, 2)))
    >>> each = Stochastic(Constant(0), anomalous=Shift(EachRow(Uniform(1, 2))))
    >>> data = Generator({"once": once, "each": each}, anomalies=Anomaly(events=[(0, 3)]), seed=1).generate(3)
    >>> data["once"].round(2).tolist(), data["each"].round(2).tolist()
    ([1.9, 1.9, 1.9], [1.98, 1.63, 1.86])
    """

    kind: ClassVar[str] = "each_row"
    of: Rule


class Edge(NamedTuple):
    """A dependence: the normal rule of ``target`` refers to ``source``, ``lag`` rows before.

    Examples
    --------
    >>> from paranom_rs import Generator, Ref, Sine, Stochastic
    >>> gen = Generator({"a": Stochastic(Sine(50)), "b": Stochastic(Ref("a", lag=3))})
    >>> gen.graph
    [Edge(source='a', target='b', lag=3)]
    """

    source: str
    target: str
    lag: int


@dataclasses.dataclass(frozen=True)
class Ref(Rule):
    """Another variable's value, ``lag >= 0`` rows before: ``Ref("pressure", lag=3) * 0.5 + Normal(0.0, 0.1)``.

    The value is the one that the dataset holds: an anomaly of ``variable`` goes on to what refers to it, and so do the
    labels. Before row 0 there is nothing: the value of row 0 stands for it. Dependences may not go round. A `Callback`
    variable cannot be referred to (its function is asked for each row once), and uniqueness goes without references.

    Examples
    --------
    >>> from paranom_rs import Generator, Ref, Stochastic, Trend
    >>> gen = Generator({"a": Stochastic(Trend(1.0)), "b": Stochastic(Ref("a", lag=2) * 10)})
    >>> gen.generate(5)["b"].tolist()
    [0.0, 0.0, 0.0, 10.0, 20.0]
    """

    kind: ClassVar[str] = "ref"
    variable: str
    lag: int = 0


def _negative(term: Rule | float) -> Rule | float:
    """Return minus a term: of a number as Python has it, since NumPy's unsigned ones wrap around."""
    if isinstance(term, np.number):
        term = term.item()
    return term if isinstance(term, bool) or not isinstance(term, Rule | int | float) else -term


def _join(kind: type[Sum | Product], *terms: Rule | float) -> Rule:
    """Join terms; one that is the same kind of join already is continued, not nested."""
    for term in terms:
        if isinstance(term, bool) or not isinstance(term, Rule | int | float | np.number):
            raise SpecTypeError("", "must be a rule or a number to be added or multiplied", shown(term))
    first, second = terms
    of = (*first.of, second) if isinstance(first, kind) else (first, second)
    return kind(of)
