"""What a detector says of rows, and which of their columns it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.errors import SpecError

__all__ = ["Verdicts", "check_channels", "columns_of"]


class Verdicts(NamedTuple):
    """What a detector says of rows: scores (NaN where there is none yet), flags, alarms, shares of channels (n, d)."""

    score: Floats
    is_anomaly: Flags
    alarm: Flags
    contributions: Floats


def columns_of(frame: Frame, channels: list[str]) -> Floats:
    """Return the values of some channels, (n, d), in their order."""
    names = frame.names or []
    return frame.values if names == channels else frame.values[:, [names.index(name) for name in channels]]


def check_channels(names: Sequence[str], count: int, channels: Sequence[str], file: str) -> None:
    """Raise SpecError unless the channels of a saved detector, ``count`` of them, are in the file."""
    missing = [name for name in names if name not in channels]
    if missing or count != len(names):
        rule = f"must be of channels in {file}, which has {', '.join(channels)}"
        raise SpecError("state", rule, ", ".join(missing) or f"{count} channels without names")
