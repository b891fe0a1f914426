"""Values that are lost, whether a row is normal or anomalous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from paranom_rs.rule import Part, plain

__all__ = ["Dropouts"]


@dataclass(frozen=True, kw_only=True)
class Dropouts(Part):
    """Values that are lost: NaN, in normal and in anomalous rows alike.

    ``Generator(…, missing=Dropouts(frequency=0.02, duration=(1, 5)))`` loses values of each variable for itself;
    ``Stochastic(…, missing=…)`` says it for one. Each variable has a stream of its own, keyed by its name.

    They are laid over the data last. A `Ref`, a function, a transform and `Uniqueness` see the value underneath; labels
    and events stay; the clean twin loses the same values. `Dataset.missing` is the mask. (`Missing` is something else:
    an anomaly that makes values missing, and is labelled.)

    Parameters
    ----------
    frequency
        The expected share of lost values, above 0 and up to 1.
    count, within
        Instead of a frequency: exactly ``count`` stretches in every ``within`` rows, for ever.
    events
        Instead of a frequency: these stretches ``[(start, stop), …]`` of rows, ``stop`` not included.
    duration
        Rows a stretch lasts: a number (by default 1), or the shortest and the longest (both included).
    gap
        Rows that keep their value after a stretch, at least.
    """

    frequency: float | None = None
    count: int | None = None
    within: int | None = None
    events: Sequence[tuple[int, int]] | None = None
    duration: int | tuple[int, int] | None = None
    gap: int = 1

    def to_spec(self) -> dict[str, Any]:
        """Return the dropouts as plain values; fields that are None are left out."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: plain(x) for name, x in given.items() if x is not None}
