"""The picture of a matrix profile. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paranom_rs.plotting.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paranom_rs.detect.matrix_profile import MatrixProfile


def plot_matrix_profile(found: MatrixProfile, discords: int, dimensions: int | None) -> Figure:
    """Plot a panel for each series and one for the profile, with the first discords marked."""
    profile, _ = found.nearest(dimensions)
    columns = found.x.reshape(len(found.x), -1)
    count = columns.shape[1]
    figure = new_figure(10, 1.5 * count + 2.5)
    axes = figure.subplots(count + 1, 1, sharex=True, squeeze=False)[:, 0]
    for at in range(count):
        axes[at].plot(columns[:, at], linewidth=0.8, color="0.25")
        axes[at].set_ylabel("value" if count == 1 else f"column {at}")
    last = axes[-1]
    last.plot(np.where(np.isfinite(profile), profile, np.nan), linewidth=0.8, color="tab:blue")
    last.set_ylabel("distance to\nnearest window")
    last.set_xlabel("sample (first of the window)")
    last.set_ylim(bottom=0)
    marked = found.discords(discords, dimensions=dimensions) if discords else []
    for discord in marked:
        for axis in axes[:-1]:
            axis.axvspan(discord.start, discord.stop - 1, color="tab:red", alpha=0.25, linewidth=0)
    if discords:
        starts, heights = [d.start for d in marked], [d.distance for d in marked]
        last.plot(starts, heights, "v", color="tab:red", label="discords" if discords > 1 else "discord")
        last.legend(loc="upper right", frameon=False)
    return figure
