"""Dependences between variables: a rule that refers to another variable, and the graph of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from paranom_rs.rule import Rule

__all__ = ["Edge", "Ref"]


class Edge(NamedTuple):
    """A dependence: the normal rule of ``target`` refers to ``source``, ``lag`` rows before."""

    source: str
    target: str
    lag: int


@dataclass(frozen=True)
class Ref(Rule):
    """Another variable's value, ``lag >= 0`` rows before: ``Ref("pressure", lag=3) * 0.5 + Normal(0.0, 0.1)``.

    The value is the one that the dataset holds: an anomaly of ``variable`` goes on to what refers to it, and so do the
    labels. Before row 0 there is nothing: the value of row 0 stands for it. Dependences may not go round. A `Callback`
    variable cannot be referred to (its function is asked for each row once), and uniqueness goes without references.
    """

    kind: ClassVar[str] = "ref"
    variable: str
    lag: int = 0
