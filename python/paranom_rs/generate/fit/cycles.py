"""Where to cut a recording into cycles of varying length: in the same phase of each, so that they can be mixed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.cuts import MOST_BLOCKS, Layout, Runs

__all__ = ["cut_cycles"]

#: Rows around a cut that are compared, over a whole period.
AROUND = 33
#: A cycle is longer or shorter than the period by at most this share of it; so many lengths are tried.
SHARE, PLACES = 0.25, 65
#: Rows that are tried as the one that all cuts should look like: fewer of long recordings, for the sake of time.
TRIES, MOST_VALUES = 24, 400_000
#: A run of fewer rows than this, before the first cut or after the last, belongs to the next cycle.
LEAST_END = 8


def cut_cycles(
    scaled: Floats, runs: Runs, period: int, least: int, fade: int, rng: np.random.Generator
) -> Layout | None:
    """Cut runs of rows into blocks of whole cycles. What lies before the first cut and after the last are blocks, too.

    Parameters
    ----------
    scaled
        (n, d), nothing missing, each channel in its unit.
    runs
        Runs of rows that blocks may come from.
    period
        Rows of a cycle, on average.
    least
        Rows of a block, at least: a block has more than one cycle if they are shorter.
    fade
        Rows of the fade: no block is shorter.
    rng
        Chooses which rows are tried as the one that cuts should look like.

    Returns
    -------
    Layout or None
        None where there are fewer than three whole blocks.
    """
    rows = sum(stop - start for start, stop in runs)
    cycles = max(1, -(-least // period), -(-rows // (period * (MOST_BLOCKS - 2 * len(runs)))) if rows else 1)
    half = period // 2
    usable = [(start, stop) for start, stop in runs if stop - start > 2 * period]
    if not usable or 2 * len(runs) >= MOST_BLOCKS:
        return None
    around = np.unique(np.linspace(-half, half, AROUND).astype(np.int64))
    inside = np.concatenate([np.arange(start + half, stop - half) for start, stop in usable])
    tries = int(np.clip(MOST_VALUES // scaled[:rows].size, 2, TRIES))
    best: tuple[float, list[NDArray[np.int64]]] | None = None
    for reference in rng.choice(inside, min(tries, len(inside)), replace=False):
        wanted = scaled[reference + around]
        found = [_cuts(scaled, run, int(reference), period, around, wanted) for run in usable]
        cost = float(np.mean([cost for _, costs in found for cost in costs] or [np.inf]))
        if best is None or cost < best[0]:
            best = (cost, [cuts for cuts, _ in found])
    assert best is not None  # there is a row inside
    cuts = dict(zip(usable, best[1], strict=True))
    blocks: Runs = []
    is_whole: list[bool] = []
    for start, stop in runs:
        own = cuts.get((start, stop), np.empty(0, np.int64))[::cycles]
        own = own[(own - start >= max(LEAST_END, fade)) & (stop - own >= max(LEAST_END, fade))]
        ends = [start, *(int(row) for row in own), stop]
        blocks += list(pairwise(ends))
        is_whole += [0 < i < len(ends) - 2 for i in range(len(ends) - 1)]
    if sum(is_whole) < 3 or min(stop - start for start, stop in blocks) < max(fade, 1):
        return None
    return Layout(blocks, fade, None, float(np.sqrt(best[0])), tuple(is_whole))


def _cuts(
    scaled: Floats, run: tuple[int, int], reference: int, period: int, around: NDArray[np.int64], wanted: Floats
) -> tuple[NDArray[np.int64], list[float]]:
    """Return the cuts of a run, a cycle apart, and how unlike the rows around them are what is wanted."""
    start, stop = run
    tolerance = max(1, int(SHARE * period))
    near = np.unique(np.linspace(-tolerance, tolerance, min(2 * tolerance + 1, PLACES)).astype(np.int64))
    if start <= reference < stop:
        first = reference
    else:
        first, _ = _most_alike(scaled, np.arange(start, start + period), run, around, wanted)
    cuts, costs = [first], []
    for step in (period, -period):
        row = first
        while True:
            places = row + step + near
            places = places[(places >= start) & (places < stop)]
            # Half of the places at least: else the cycle goes on beyond the run.
            if len(places) < (len(near) + 1) // 2:
                break
            row, cost = _most_alike(scaled, places, run, around, wanted)
            cuts.append(row)
            costs.append(cost)
    return np.array(sorted(cuts), np.int64), costs


def _most_alike(
    scaled: Floats, places: NDArray[np.int64], run: tuple[int, int], around: NDArray[np.int64], wanted: Floats
) -> tuple[int, float]:
    """Return the place whose rows around it look most like what is wanted, and how unlike they are."""
    at = places[:, None] + around
    known = (at >= run[0]) & (at < run[1])
    off = ((scaled[np.clip(at, run[0], run[1] - 1)] - wanted) ** 2).mean(axis=-1)
    cost = (off * known).sum(axis=1) / known.sum(axis=1)
    best = int(cost.argmin())
    return int(places[best]), float(cost[best])
