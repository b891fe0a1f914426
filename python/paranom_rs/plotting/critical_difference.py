"""A critical-difference diagram (Demsar, JMLR 2006): mean ranks, and bars over detectors that do not differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs.errors import SpecError
from paranom_rs.plotting.style import SHADES, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_critical_difference"]


def plot_critical_difference(
    names: Sequence[str], mean_ranks: ArrayLike, groups: Sequence[tuple[int, int]] = (), *, color: str = "black"
) -> Figure:
    """Draw detectors on an axis of mean ranks, the best at the left.

    Parameters
    ----------
    names
        The detectors, k of them.
    mean_ranks
        (k,), ascending; 1 is the best.
    groups
        The first and the last position of detectors that do not differ; each gets a bar.
    color
        Of axis and names.

    Raises
    ------
    SpecError
        For another number of ranks, or ranks that fall.
    """
    ranks = np.asarray(checks.numbers("mean_ranks", mean_ranks), np.float64)
    if ranks.shape != (len(names),):
        raise SpecError("mean_ranks", f"must have shape ({len(names)},)", f"shape {ranks.shape}")
    if (np.diff(ranks) < 0).any():
        raise SpecError("mean_ranks", "must be ascending")
    k, left = len(names), (len(names) + 1) // 2
    lowest = -0.55 - 0.28 * len(groups)
    rows = max(left, k - left)
    figure = new_figure(9, 1.1 + 0.28 * rows + 0.2 * len(groups))
    figure.patch.set_alpha(0)
    axis = figure.subplots()
    axis.set_axis_off()
    most = max(k, 2)
    # Names are as wide as 40 % of the axis on either side.
    margin = 0.4 * (most - 1)
    axis.set_xlim(1 - margin, most + margin)
    axis.set_ylim(lowest - 0.5 * rows + 0.2, 0.6)
    axis.plot([1, most], [0, 0], color=color, linewidth=1.2)
    for rank in range(1, most + 1):
        axis.plot([rank, rank], [0, 0.12], color=color, linewidth=1.2)
        axis.text(rank, 0.18, str(rank), ha="center", va="bottom", fontsize=9, color=color)
    for i, (name, rank) in enumerate(zip(names, ranks.tolist(), strict=True)):
        row = i if i < left else k - 1 - i
        y, side = lowest - 0.5 * row, 1 - 0.03 * margin if i < left else most + 0.03 * margin
        axis.plot([rank, rank, side], [0, y, y], color=color, alpha=0.55, linewidth=1)
        text = f"{name}  {rank:.2f}" if i < left else f"{rank:.2f}  {name}"
        shown = text if len(text) <= 44 else text[:43] + "…"
        axis.text(side, y, f" {shown} ", ha="right" if i < left else "left", va="center", fontsize=9, color=color)
    for i, (first, last) in enumerate(groups):
        y = -0.25 - 0.28 * i
        axis.plot([ranks[first], ranks[last]], [y, y], color=SHADES[0], linewidth=4, solid_capstyle="round")
    return figure
