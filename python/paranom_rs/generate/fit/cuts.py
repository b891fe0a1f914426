"""Where to cut a recording into blocks: in rows that look alike, so that any block can follow on any other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats

__all__ = ["Layout", "Runs", "cut", "played_rows"]

#: Rows around a cut that are compared, relative to it.
AROUND = np.array([-6, -3, -1, 0, 2, 5])
#: Rows that are tried as the one that all cuts should look like; places that are tried for a cut.
_REFERENCES, _PLACES = 48, 65
#: Most blocks that a rule may have.
MOST_BLOCKS = 512

Runs = list[tuple[int, int]]


@dataclass(frozen=True)
class Layout:
    """Blocks of a recording, and how they are strung together.

    Attributes
    ----------
    blocks
        ``(start, stop)``, in the order of the recording.
    fade
        Rows in which a block fades in.
    reach
        How many places a block may come later than in the recording; None: any order.
    mismatch
        How unlike the rows around cuts are: the root mean square difference, in units of the geometric mean of a
        channel's spread and its change from row to row.
    is_whole
        Whether each block holds whole cycles, and may be mixed with others that do; None where all may.
    mix
        The share of another block that a block has at most.
    """

    blocks: Runs
    fade: int
    reach: int | None
    mismatch: float
    is_whole: tuple[bool, ...] | None = None
    mix: float = 0.0

    @property
    def mixes(self) -> float | list[float] | None:
        """The share of each block, as a rule takes it."""
        if self.mix == 0.0 or self.is_whole is None:
            return self.mix or None
        return [self.mix if is_whole else 0.0 for is_whole in self.is_whole]

    @property
    def rows(self) -> int:
        """Rows of a round."""
        return sum(stop - start for start, stop in self.blocks)


def cut(scaled: Floats, runs: Runs, length: int, tolerance: int, fade: int, rng: np.random.Generator) -> Layout | None:
    """Cut runs of rows into blocks of about ``length`` rows.

    Parameters
    ----------
    scaled
        (n, d), nothing missing, each channel in its unit.
    runs
        Runs of rows that blocks may come from.
    length
        Rows from cut to cut.
    tolerance
        How many rows earlier or later a cut may be; 0 keeps the phase of a clock: then no block is longer or shorter.
    fade
        Rows of the fade: no block is shorter.
    rng
        Chooses which rows are tried as the one that cuts should look like.

    Returns
    -------
    Layout or None
        None where there are no two blocks.
    """
    margin = int(-AROUND[0])
    usable = [(start, stop) for start, stop in runs if stop - start > 2 * margin + 1]
    if not usable:
        return None
    whole = np.concatenate([np.arange(start + margin, stop - margin) for start, stop in usable])
    best: tuple[float, NDArray[np.int64]] | None = None
    for reference in rng.choice(whole, min(_REFERENCES, len(whole)), replace=False):
        wanted = scaled[reference + AROUND]
        cuts, costs = [], []
        for start, stop in usable:
            # The reference's phase is that of all cuts.
            first = start + (int(reference) - start) % length
            centres = np.arange(first, stop, length)
            found, cost = _nearest(scaled, centres, tolerance, wanted, start + margin, stop - margin)
            cuts.append(found)
            costs.append(cost)
        cost = np.concatenate(costs)
        if len(cost) and (best is None or cost.mean() < best[0]):
            best = (float(cost.mean()), np.concatenate(cuts))
    if best is None:
        return None
    # A run that is too short for a cut is a block, too: so a round has all values of the recording.
    blocks = _blocks(best[1], usable if tolerance == 0 else runs, length, fade, exact=tolerance == 0)
    return Layout(blocks, fade, None, float(np.sqrt(best[0]))) if len(blocks) > 1 else None


def _nearest(
    scaled: Floats, centres: NDArray[np.int64], tolerance: int, wanted: Floats, low: int, high: int
) -> tuple[NDArray[np.int64], Floats]:
    """Return, for each centre, the row near it that looks most like what is wanted, and how unlike it is."""
    centres = centres[(centres >= low) & (centres < high)]
    offsets = np.unique(np.linspace(-tolerance, tolerance, min(2 * tolerance + 1, _PLACES)).astype(np.int64))
    places = np.clip(centres[:, None] + offsets, low, high - 1)
    cost = np.zeros(places.shape)
    for around, values in zip(AROUND, wanted, strict=True):
        cost += ((scaled[places + around] - values) ** 2).mean(axis=-1)
    cost /= len(AROUND)
    at = cost.argmin(axis=1)
    rows = np.arange(len(centres))
    return places[rows, at], cost[rows, at]


def _blocks(cuts: NDArray[np.int64], usable: Runs, length: int, fade: int, *, exact: bool) -> Runs:
    """Return the blocks between cuts. What lies before the first and after the last is a block too, if it need not be
    as long as the others.
    """
    least = max(length // 3, fade, 8)
    blocks: Runs = []
    for start, stop in usable:
        inside = [int(row) for row in np.unique(cuts[(cuts >= start) & (cuts <= stop)])]
        if exact:
            blocks += [(a, b) for a, b in pairwise(inside) if b - a == length]
            continue
        ends = [start]
        for row in inside:
            if row - ends[-1] >= least:
                ends.append(row)
        if stop - ends[-1] >= least or len(ends) == 1:
            ends.append(stop)
        else:
            ends[-1] = stop
        blocks += [(a, b) for a, b in pairwise(ends) if b - a >= max(fade, 1)]
    return blocks


def played_rows(layout: Layout, rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which rows of the recording a rule of blocks plays in so many rows; fades are left out."""
    blocks = np.array(layout.blocks)
    parts: list[NDArray[np.int64]] = []
    total = 0
    while total < rows:
        drawn = rng.random(len(blocks))
        place = drawn if layout.reach is None else np.arange(len(blocks)) + layout.reach * drawn
        for start, stop in blocks[np.argsort(place, kind="stable")]:
            parts.append(np.arange(start, stop))
            total += stop - start
    return np.concatenate(parts)[:rows]
