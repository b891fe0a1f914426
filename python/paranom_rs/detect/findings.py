"""What is found in a series: discords and motifs."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Discord", "Motif"]


class Discord(NamedTuple):
    """A window that is far from its nearest neighbour.

    Attributes
    ----------
    start, stop
        The first row of the window, and the row after its last.
    distance
        The distance to the neighbour.
    neighbor
        The first row of the neighbour.
    time
        The timestamp of the first row, if the series came with timestamps; else None.
    """

    start: int
    stop: int
    distance: float
    neighbor: int
    time: Any = None


class Motif(NamedTuple):
    """Two windows that are near each other.

    Attributes
    ----------
    first, second
        The first row of each window.
    distance
        Their distance.
    times
        The timestamps of both rows, if the series came with timestamps; else None.
    """

    first: int
    second: int
    distance: float
    times: tuple[Any, Any] | None = None
