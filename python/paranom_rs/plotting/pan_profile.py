"""The picture of a pan profile. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paranom_rs.plotting.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.detect.pan_profile import PanProfile


def plot_pan_profile(pan: PanProfile) -> Figure:
    """Plot the series, the scores of all lengths along it, and at the side the discord and the motif of each length."""
    figure = new_figure(11, 6)
    grid = figure.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 3))
    series = figure.add_subplot(grid[0, 0])
    series.plot(pan.x, linewidth=0.6, color="0.25")
    series.set_ylabel("value")
    image = figure.add_subplot(grid[1, 0], sharex=series)
    edges = np.arange(pan.bins.shape[1] + 1) * pan.bin_width
    lengths = np.append(pan.windows, pan.windows[-1] + 1)
    drawn = image.pcolormesh(edges, lengths, pan.bins, cmap="magma", vmin=0, rasterized=True)
    starts = [(d.start, w) for d, w in zip(pan.discords, pan.windows, strict=True) if d is not None]
    if starts:
        image.plot(*zip(*starts, strict=True), ".", markersize=3, color="tab:cyan", label="discord")
        image.legend(loc="upper right", framealpha=0.7)
    image.set_xlabel("sample (first of the window)")
    image.set_ylabel("length of the window")
    figure.colorbar(drawn, ax=image, orientation="horizontal", label="score (largest in the bin)", aspect=60)
    side = figure.add_subplot(grid[1, 1], sharey=image)
    side.plot(pan.discord_scores, pan.windows, color="tab:red", label="discord")
    side.plot(pan.typical_scores, pan.windows, color="0.5", label="median")
    side.plot(pan.motif_scores, pan.windows, color="tab:blue", label="motif")
    side.set_xlabel("score")
    side.set_xlim(left=0)
    side.legend(loc="best", frameon=False, fontsize="small")
    return figure
