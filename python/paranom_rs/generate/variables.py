"""Variables that are made of rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Stochastic"]


@dataclass(frozen=True)
class Stochastic(Part):
    """A variable made of rules (Paranom paper, section 2.2).

    ``normal`` is a distribution, a signal, or sums and products of those; ``anomalous`` replaces its value in
    anomalous rows, or is a transform of it (`Shift`, `Spike`, …). Without ``anomalous``, the variable stays normal
    unless an `Anomaly` brings a rule for it. ``missing`` says when values are lost.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Stochastic, Uniform
    >>> level = Stochastic(Normal(5, 0.1), anomalous=Uniform(8, 9))
    >>> data = Generator({"level": level}, anomalies=Anomaly(events=[(1, 3)]), seed=1).generate(4)
    >>> data["level"].round(1).tolist(), data.y.tolist()
    ([4.9, 8.5, 8.0, 4.9], [0, 1, 1, 0])
    """

    kind: ClassVar[str] = "stochastic"
    normal: Rule | float
    anomalous: Rule | Transform | float | None = None
    missing: Dropouts | None = None
