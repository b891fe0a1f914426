"""What all pictures share: figures, colours, plain axes, thinning of long series. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = "#1f4e79"
SHADES = ["#d1495b", "#edae49", "#66a182", "#8e6c8a", "#2e86ab", "#a26769"]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure. It is not one of pyplot's, which would keep it in memory until it is closed."""
    from paranom_rs.plotting.shown_figure import ShownFigure

    return ShownFigure(figsize=(width, height), layout="constrained")


def plain_axes(axis: Axes) -> None:
    """Draw a faint grid, and no frame at the top and at the right."""
    axis.grid(alpha=0.25, linewidth=0.5)
    sides: Any = axis.spines
    for side in ("top", "right"):
        sides[side].set_visible(False)


def thin(values: NDArray[Any], most_points: int) -> NDArray[np.int64]:
    """Return the positions of the lowest and the highest value of each of ``most_points / 2`` intervals, in order."""
    n = len(values)
    if n <= most_points:
        return np.arange(n)
    size = -(-n // (most_points // 2))
    padded = np.full(-(-n // size) * size, np.nan)
    padded[:n] = values
    pieces = padded.reshape(-1, size)
    base = np.arange(len(pieces)) * size
    empty = np.isnan(pieces).all(axis=1)
    low = np.where(np.isnan(pieces), np.inf, pieces).argmin(axis=1)
    high = np.where(np.isnan(pieces), -np.inf, pieces).argmax(axis=1)
    picks = np.stack([base + np.minimum(low, high), base + np.maximum(low, high)], axis=1)
    picks[empty] = base[empty, None]
    kept: NDArray[np.int64] = np.minimum(picks.ravel(), n - 1)
    return kept
