"""Transforms: what an event does to the value that the normal rule gave.

Parameters may be distributions: drawn once per event, or in each row when wrapped in `EachRow`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from paranom_rs.distributions import Parameter
from paranom_rs.rule import Transform

__all__ = ["Drift", "Flatline", "Missing", "Noise", "Scale", "Shift", "Spike"]


@dataclass(frozen=True)
class Shift(Transform):
    """Adds the same amount ``by`` to every value of the event."""

    kind: ClassVar[str] = "shift"
    by: Parameter


@dataclass(frozen=True)
class Scale(Transform):
    """Multiplies the distance from ``center`` by ``factor``: a change of amplitude."""

    kind: ClassVar[str] = "scale"
    factor: Parameter
    center: Parameter = 0.0


@dataclass(frozen=True)
class Spike(Transform):
    """Adds a triangle of ``height`` that peaks in the middle of the event; over a single row, its full height."""

    kind: ClassVar[str] = "spike"
    height: Parameter


@dataclass(frozen=True)
class Noise(Transform):
    """Adds normal noise of ``std >= 0``: a change of variance."""

    kind: ClassVar[str] = "noise"
    std: Parameter


@dataclass(frozen=True)
class Flatline(Transform):
    """A stuck sensor: one ``value`` throughout the event, by default the one its first row would have had."""

    kind: ClassVar[str] = "flatline"
    value: Parameter | None = None


@dataclass(frozen=True)
class Missing(Transform):
    """No value: NaN."""

    kind: ClassVar[str] = "missing"


@dataclass(frozen=True)
class Drift(Transform):
    """Adds a ramp that reaches ``by`` in the event's last row."""

    kind: ClassVar[str] = "drift"
    by: Parameter
