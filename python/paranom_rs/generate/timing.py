"""When runs of rows begin, and how long they are: anomalies, and values that are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.generate.rule import plain_fields


@dataclass(frozen=True, kw_only=True)
class Timing(KnownKeywords):
    """The fields of `Anomaly` and `Dropouts` that say when; each documents them in its own words."""

    frequency: float | None = None
    count: int | None = None
    within: int | None = None
    events: Sequence[tuple[int, int]] | None = None
    duration: int | tuple[int, int] | None = None
    gap: int = 1

    def to_spec(self) -> dict[str, Any]:
        """Return the fields as plain values; those that are None are left out."""
        return plain_fields(self)
