"""Variables that are made of rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Stochastic"]


@dataclass(frozen=True)
class Stochastic(Part):
    """A variable made of rules (Paranom paper, section 2.2).

    ``normal`` is a distribution, a signal, or sums and products of those; ``anomalous`` replaces its value in
    anomalous rows, or is a transform of it (`Shift`, `Spike`, …). Without ``anomalous``, the variable stays normal
    unless an `Anomaly` brings a rule for it. ``missing`` says when values are lost.

    ``dtype="int64"`` rounds the values to whole numbers and delivers integers; ``dtype="bool"`` delivers a rule that
    gives 0 and 1 as false and true. Rules of states, and of true and false, need neither. With ``hidden=True`` the
    variable is there for others only (`Ref`, `ByState`): it is in no dataset and no file.

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
    dtype: Literal["int64", "bool"] | None = None
    hidden: bool | None = None
