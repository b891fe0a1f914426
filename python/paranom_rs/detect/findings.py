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

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> [discord] = matrix_profile(x, window=50).discords(1)
    >>> discord.stop - discord.start, bool(550 < discord.start < 620)
    (50, True)
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

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> [motif] = matrix_profile(x, window=50).motifs(1)
    >>> motif.first != motif.second, motif.distance < 2.0
    (True, True)
    """

    first: int
    second: int
    distance: float
    times: tuple[Any, Any] | None = None
