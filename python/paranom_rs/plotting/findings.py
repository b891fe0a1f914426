"""Pictures of motifs, chains, segments, snippets and consensus motifs. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs._internal.checks import numbers, shown
from paranom_rs.errors import SpecError
from paranom_rs.plotting.style import LINE, SHADES, new_figure, plain_axes, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from paranom_rs.detect.consensus import ConsensusMotif
    from paranom_rs.detect.findings import Motif
    from paranom_rs.detect.matrix_profile import MatrixProfile
    from paranom_rs.detect.mpdist import Snippet
    from paranom_rs.detect.segmentation import Segmentation

__all__ = ["plot_chains", "plot_consensus", "plot_motifs", "plot_segmentation", "plot_snippets"]

# A line of more points looks the same.
_POINTS = 8000


def plot_motifs(found: MatrixProfile, motifs: Sequence[Motif]) -> Figure:
    """Plot a series with its motifs marked, and below it the windows of each motif over one another.

    Parameters
    ----------
    found
        The matrix profile of one series.
    motifs
        What ``found.motifs`` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import matrix_profile
    >>> from paranom_rs.plotting.findings import plot_motifs
    >>> found = matrix_profile(np.sin(np.arange(1_000) / 5) + np.arange(1_000) % 7, window=50)
    >>> len(plot_motifs(found, found.motifs(2)).axes)
    3
    """
    x = _one_series(found)
    reference = x if found.reference is None else found.reference
    figure, series, below = _with_panels(x, len(motifs))
    for at, (motif, axis) in enumerate(zip(motifs, below, strict=True)):
        first, second = (
            _window(values, start, found.window) for values, start in ((x, motif.first), (reference, motif.second))
        )
        starts = [motif.first] if found.reference is not None else [motif.first, motif.second]
        _mark(series, starts, found.window, SHADES[at % len(SHADES)], f"motif {at + 1}")
        axis.plot(_normal(first), color=SHADES[at % len(SHADES)], label=f"row {motif.first:,}")
        axis.plot(_normal(second), color="0.3", linewidth=0.8, label=f"row {motif.second:,}")
        axis.set_title(f"distance {motif.distance:.3g}", fontsize="small")
        _finish_panel(axis)
    return figure


def plot_chains(found: MatrixProfile, chains: Sequence[NDArray[np.int64]]) -> Figure:
    """Plot a series with the windows of chains marked, and below it those of each chain, the later the darker.

    Parameters
    ----------
    found
        The matrix profile of one series.
    chains
        Chains, as :func:`paranom_rs.all_chains` and :func:`paranom_rs.anchored_chain` give them.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import all_chains, matrix_profile
    >>> from paranom_rs.plotting.findings import plot_chains
    >>> found = matrix_profile(np.random.default_rng(0).normal(size=1_000).cumsum(), window=50)
    >>> len(plot_chains(found, all_chains(found)[:2]).axes)
    3
    """
    x = _one_series(found)
    figure, series, below = _with_panels(x, len(chains))
    for at, (chain, axis) in enumerate(zip(chains, below, strict=True)):
        colour = SHADES[at % len(SHADES)]
        _mark(series, chain, found.window, colour, f"chain {at + 1}")
        for place, start in enumerate(chain):
            share = (place + 1) / len(chain)
            ends = place in (0, len(chain) - 1)
            label = f"row {int(start):,}" if ends else None
            axis.plot(_normal(_window(x, int(start), found.window)), color=colour, alpha=0.2 + 0.8 * share, label=label)
        axis.set_title(f"{len(chain)} windows", fontsize="small")
        _finish_panel(axis)
    return figure


def plot_segmentation(found: MatrixProfile, segmentation: Segmentation) -> Figure:
    """Plot a series and below it the corrected arc curve, with the changes marked in both.

    Parameters
    ----------
    found
        The matrix profile of one series.
    segmentation
        What :func:`paranom_rs.fluss` found in it.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import fluss, matrix_profile
    >>> from paranom_rs.plotting.findings import plot_segmentation
    >>> found = matrix_profile(np.random.default_rng(0).normal(size=1_000).cumsum(), window=50)
    >>> len(plot_segmentation(found, fluss(found, 2)).axes)
    2
    """
    x = _one_series(found)
    figure = new_figure(10, 4)
    series, curve = figure.subplots(2, 1, sharex=True)
    _line(series, x)
    series.set_ylabel("value")
    _line(curve, segmentation.curve)
    curve.set_ylim(0, 1.05)
    curve.set_ylabel("arcs / expected")
    curve.set_xlabel("row")
    for at, change in enumerate(segmentation.changes):
        for axis in (series, curve):
            axis.axvline(change, color=SHADES[0], linewidth=1, label="change" if at == 0 else None)
    for axis in (series, curve):
        plain_axes(axis)
    if segmentation.changes:
        curve.legend(loc="lower right", frameon=False, fontsize="small")
    return figure


def plot_snippets(x: ArrayLike, snippets: Sequence[Snippet]) -> Figure:
    """Plot a series coloured by the snippet that each interval is most like, and below it the snippets.

    Parameters
    ----------
    x
        The series, shape (n,).
    snippets
        What :func:`paranom_rs.snippets` found in it.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import snippets
    >>> from paranom_rs.plotting.findings import plot_snippets
    >>> x = np.sin(np.arange(1_000) / 5)
    >>> len(plot_snippets(x, snippets(x, 100, 2)).axes)
    3
    """
    values = _values("x", x)
    figure, series, below = _with_panels(values, len(snippets))
    for at, (snippet, axis) in enumerate(zip(snippets, below, strict=True)):
        colour = SHADES[at % len(SHADES)]
        for place, (start, stop) in enumerate(snippet.regimes):
            label = f"like snippet {at + 1}" if place == 0 else None
            series.axvspan(start, stop, color=colour, alpha=0.3, linewidth=0, label=label)
        series.axvspan(snippet.start, snippet.stop, ymax=0.04, color=colour, linewidth=0)
        axis.plot(np.arange(snippet.start, snippet.stop), values[snippet.start : snippet.stop], color=colour)
        axis.set_title(f"snippet {at + 1}: {snippet.fraction:.0%}", fontsize="small")
        plain_axes(axis)
    if snippets:
        _legend(series)
    return figure


def plot_consensus(series: Sequence[ArrayLike], motif: ConsensusMotif) -> Figure:
    """Plot several series with the consensus motif marked in each, and below them its windows over one another.

    Parameters
    ----------
    series
        The series.
    motif
        What :func:`paranom_rs.consensus_motif` found in them.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import consensus_motif
    >>> from paranom_rs.plotting.findings import plot_consensus
    >>> x = np.random.default_rng(0).normal(size=900).cumsum()
    >>> parts = [x[:300], x[300:600], x[600:]]
    >>> len(plot_consensus(parts, consensus_motif(parts, 50)).axes)
    4
    """
    if len(series) != len(motif.starts):
        raise SpecError("series", f"must be the {len(motif.starts)} series of the motif", str(len(series)))
    values = [_values(f"series[{at}]", x) for at, x in enumerate(series)]
    window = motif.stop - motif.start
    figure = new_figure(10, 1.2 * len(values) + 2.5)
    axes = figure.subplots(len(values) + 1, 1, height_ratios=[1] * len(values) + [2])
    for at, (x, start) in enumerate(zip(values, motif.starts, strict=True)):
        colour = SHADES[at % len(SHADES)]
        _line(axes[at], x)
        _mark(axes[at], [start], window, colour, None)
        axes[at].set_ylabel(f"series {at}")
        plain_axes(axes[at])
        own = at == motif.series
        axes[-1].plot(
            _normal(_window(x, start, window)), color=colour, linewidth=2 if own else 0.9, label=f"series {at}"
        )
    axes[-1].set_ylabel("z-normalised")
    axes[-1].set_xlabel(f"row of the window; radius {motif.radius:.3g}")
    _finish_panel(axes[-1])
    return figure


def _values(path: str, x: ArrayLike) -> NDArray[np.float64]:
    values = numbers(path, x)
    if values.ndim != 1:
        raise SpecError(path, "must be one-dimensional", f"shape {values.shape}")
    return values.astype(np.float64)


def _one_series(found: MatrixProfile) -> NDArray[np.float64]:
    if found.x.ndim != 1:
        raise SpecError("found", "must be the matrix profile of one series", shown(found))
    return found.x


def _with_panels(x: NDArray[np.float64], count: int) -> tuple[Figure, Axes, list[Axes]]:
    """Return a figure, the axes of the series on top, and axes for so many panels in rows of three at most."""
    across, rows = min(max(count, 1), 3), -(-count // 3)
    figure = new_figure(10, 2.4 + 2 * rows)
    grid = figure.add_gridspec(1 + rows, across, height_ratios=[1.2] + [1] * rows)
    series = figure.add_subplot(grid[0, :])
    _line(series, x)
    series.set_ylabel("value")
    series.set_xlabel("row")
    series.margins(x=0.01)
    plain_axes(series)
    return figure, series, [figure.add_subplot(grid[1 + at // across, at % across]) for at in range(count)]


def _line(axis: Axes, x: NDArray[np.float64]) -> None:
    shown = thin(np.where(np.isfinite(x), x, np.nan), _POINTS)
    axis.plot(shown, x[shown], linewidth=0.7, color=LINE)


def _mark(axis: Axes, starts: Any, window: int, colour: str, label: str | None) -> None:
    for place, start in enumerate(starts):
        name = label if place == 0 else None
        axis.axvspan(start, start + window - 1, color=colour, alpha=0.3, linewidth=0, label=name)
    if label is not None:
        _legend(axis)


def _legend(axis: Axes) -> None:
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")


def _finish_panel(axis: Axes) -> None:
    axis.legend(loc="best", frameon=False, fontsize="small")
    plain_axes(axis)


def _window(x: NDArray[np.float64], start: int, window: int) -> NDArray[np.float64]:
    return x[start : start + window]


def _normal(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return z-normalised values; a constant window becomes 0."""
    spread = float(x.std())
    normal: NDArray[np.float64] = (x - x.mean()) / (spread if spread > 0 else 1)
    return normal
