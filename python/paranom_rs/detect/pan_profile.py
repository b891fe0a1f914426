"""The pan profile: the discord and the motif of each of many window lengths.

Source: Madrid et al., "Matrix Profile XX: Finding and Visualizing Time Series Motifs of All Lengths" (ICBK 2019). The
discords of all lengths are what MERLIN (ICDM 2020) and MADRID (ICDM 2023) look for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs import _core
from paranom_rs._internal.checks import each, real, whole
from paranom_rs._internal.checks import threads as thread_count
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.row_times import row_times, time_of
from paranom_rs.detect.findings import Discord, Motif
from paranom_rs.detect.series import MOST, as_floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PanProfile", "pan_profile"]

# Columns of the picture at most.
_BINS = 1000


def pan_profile(
    x: ArrayLike,
    windows: Iterable[int],
    *,
    fraction: float = 1.0,
    threads: int | None = None,
    progress: bool = False,
) -> PanProfile:
    """Find the discord and the motif of each of many window lengths.

    Parameters
    ----------
    x
        The series, shape (n,), as in :func:`matrix_profile`.
    windows
        The lengths, rising, such as ``range(100, 2001)``: 3 or more each, at most n / 2.
    fraction
        The share of the pairs of windows to compare. At 1 every length is computed whole, and all distances are exact.
        Below 1, lengths about 10 % apart are swept, each another share of the pairs; the neighbours found are carried
        from length to length. Then distances to neighbours are upper bounds.
    threads, progress
        As in :func:`matrix_profile`.

    Returns
    -------
    PanProfile
        For each length the discord, the motif and the typical distance.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    See Also
    --------
    choose_window : one length, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import pan_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> pan = pan_profile(x, windows=[25, 50, 100])
    >>> pan.windows.tolist(), len(pan.discords)
    ([25, 50, 100], 3)
    """
    lengths = [whole(f"windows[{at}]", length, least=3, most=MOST) for at, length in each("windows", windows)]
    series, share = as_floats("x", x, 1), real("fraction", fraction)
    pairs = sum(max(len(series) - length, 1) ** 2 // 2 for length in (lengths if share == 1 else _swept(lengths)))
    total = max(int(pairs * share), 1) if 0 < share <= 1 else 1  # The core refuses other fractions.
    with Progress(total, shown=progress, unit="pair", what="pan profile") as step:
        found, bins, width = _core.matrix_profile_pan(
            series, lengths, bins=_BINS, fraction=share, threads=thread_count(threads), progress=step
        )
    times = row_times(x)
    discords = [
        None if pair is None else Discord(pair[0], pair[0] + length, pair[2], pair[1], time_of(times, pair[0]))
        for length, (pair, _, _) in zip(lengths, found, strict=True)
    ]
    motifs = [None if pair is None else _motif(pair, times) for _, pair, _ in found]
    return PanProfile(
        x=series,
        windows=np.array(lengths, dtype=np.int64),
        fraction=share,
        discords=discords,
        motifs=motifs,
        typical=np.array([typical for _, _, typical in found]),
        bins=bins.reshape(len(lengths), -1),
        bin_width=width,
    )


def _swept(lengths: list[int]) -> list[int]:
    """The lengths that are swept below a fraction of 1, for the progress bar."""
    swept: list[int] = []
    for length in lengths:
        if not swept or length >= swept[-1] * 1.1:
            swept.append(length)
    return swept


def _motif(pair: tuple[int, int, float], times: Any) -> Motif:
    first, second = sorted(pair[:2])
    return Motif(first, second, pair[2], None if times is None else (times[first], times[second]))


@dataclass(frozen=True, eq=False, repr=False)
class PanProfile:
    """The discord and the motif of each of many window lengths.

    Distances grow with the length of a window. A *score*, a distance over 2 √window, does not: it is 0 for windows of
    the same shape, 1 for opposite ones, √½ for unrelated ones.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import pan_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> pan = pan_profile(x, windows=[25, 50, 100])
    >>> pan.windows.tolist(), len(pan.discords)
    ([25, 50, 100], 3)
    """

    x: NDArray[np.float64]
    """The series."""
    windows: NDArray[np.int64]
    """The lengths, shape (lengths,)."""
    fraction: float
    """The share of the pairs of windows that was compared."""
    discords: list[Discord | None]
    """The window of each length that is farthest from its neighbour; None if no window has one."""
    motifs: list[Motif | None]
    """The two windows of each length that are nearest to each other; None if no window has a neighbour."""
    typical: NDArray[np.float64]
    """The median distance of a window to its neighbour, shape (lengths,); NaN if none has one."""
    bins: NDArray[np.float32]
    """The largest score in each bin, shape (lengths, bins); NaN where no window has a neighbour."""
    bin_width: int
    """Windows in a bin."""

    def __repr__(self) -> str:
        return f"PanProfile({len(self.windows)} lengths from {self.windows[0]} to {self.windows[-1]}, n={len(self.x)})"

    @property
    def discord_scores(self) -> NDArray[np.float64]:
        """The score of the discord of each length, shape (lengths,); NaN where there is none."""
        return self._scores([np.nan if d is None else d.distance for d in self.discords])

    @property
    def motif_scores(self) -> NDArray[np.float64]:
        """The score of the motif of each length, shape (lengths,); NaN where there is none."""
        return self._scores([np.nan if m is None else m.distance for m in self.motifs])

    @property
    def typical_scores(self) -> NDArray[np.float64]:
        """The median score of each length, shape (lengths,); NaN where there is none."""
        return self._scores(self.typical)

    def _scores(self, distances: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(np.asarray(distances) / (2 * np.sqrt(self.windows)))

    def plot(self) -> Figure:
        """Plot the scores along the series, length by length, and the discord and the motif of each length.

        Needs matplotlib.
        """
        from paranom_rs.plotting.pan_profile import plot_pan_profile

        return plot_pan_profile(self)
