"""Learns a recording as two strings of blocks that are added up, what varies slowly and the rest: windows are new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.by_blocks import DRAWS, GOOD, is_smooth, layouts, played, unit_of, worst_errors
from paranom_rs.generate.fit.channel import Channel, filled
from paranom_rs.generate.fit.cuts import Layout, Runs, played_rows
from paranom_rs.generate.fit.likeness import WINDOW, quantile_error
from paranom_rs.generate.fit.period import Period
from paranom_rs.generate.recordings import Blocks
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.signals import Limited, Rounded

__all__ = ["Apart", "apart_rules", "best_apart"]

#: The slow part is the mean of so many rows, or of whole periods that are at least as long.
WIDTH = 2 * WINDOW
#: Blocks of the slow part have so many times as many rows at least; they fade into each other in half a width.
LONGER = 3
#: Orders of the two parts that are tried: the slow part may keep the recording's own.
SLOW_REACHES, FAST_REACHES = (None, 4, 2, 1), (None, 8, 4, 2)
#: Quantiles of the sum are off by at most this share of a channel's range.
MOST_OFF, MOST_ROWS = 0.015, 1 << 14
#: The slow part has at least this share of a channel's standard deviation: what is less makes no window new.
LEAST_SLOW = 0.1


@dataclass(frozen=True, eq=False)
class Apart:
    """A recording in two parts, each with blocks of its own.

    Attributes
    ----------
    slow
        (n, d), what varies slowly; 0 in channels that stay whole.
    split
        The channels that have a slow part.
    slow_layout, fast_layout
        How the parts are strung together.
    """

    slow: Floats
    split: list[int]
    slow_layout: Layout
    fast_layout: Layout


def best_apart(
    values: Floats, channels: list[Channel], runs: Runs, period: Period | None, rng: np.random.Generator
) -> Apart | None:
    """Return how two parts that are drawn apart are as like the recording as they should be; None if they are not.

    Parameters
    ----------
    values
        (n, d), NaN where missing.
    channels
        The d channels.
    runs
        Runs of normal rows.
    period
        The recording's period, or None.
    rng
        What is tried is drawn from it.
    """
    x = filled(values)
    width = WIDTH if period is None else period.rows * -(-WIDTH // period.rows)
    split = [j for j, channel in enumerate(channels) if channel.levels > 0 and is_smooth(replace(channel, change=0.0))]
    slow = np.zeros_like(x)
    for start, stop in runs:
        slow[start:stop, split] = _moving_mean(x[start:stop, split], min(width, (stop - start) // 4))
    spread = np.array([channel.spread for channel in channels])
    split = [j for j in split if slow[:, j].std() >= LEAST_SLOW * spread[j]]
    slow[:, [j for j in range(len(channels)) if j not in split]] = 0.0
    if not split:
        return None
    moving = [j for j, channel in enumerate(channels) if channel.spread > 0.0]
    fast = x - slow
    recorded = np.concatenate([x[start:stop, moving] for start, stop in runs])
    rows = len(recorded)
    units = unit_of(channels, moving)
    fasts = list(layouts(fast[:, moving] / units, runs, period, rng))[:2]
    slows = list(_slow_layouts(slow[:, split] / spread[split], runs, width, rng))
    # Quantiles of channels that stay whole do not change, and those of some rows will do.
    some, every = [moving.index(j) for j in split], 1 + rows // MOST_ROWS
    for reach, slow_layout, fast_layout in product(FAST_REACHES, slows, fasts):
        found = Apart(slow, split, slow_layout, replace(fast_layout, reach=reach))

        def made(found: Apart = found) -> Floats:
            levels = slow[played_rows(found.slow_layout, rows, rng)]
            return (levels + fast[played_rows(found.fast_layout, rows, rng)])[:, moving]

        if not (worst_errors(recorded, made) <= GOOD).all():
            continue
        off = (quantile_error(recorded[::every, some], made()[::every, some]) for _ in range(DRAWS))
        if all(share <= MOST_OFF for share in off):
            return found
    return None


def _slow_layouts(slow: Floats, runs: Runs, width: int, rng: np.random.Generator) -> Iterator[Layout]:
    for layout in list(layouts(slow, runs, None, rng, least=LONGER * width))[:3]:
        fade = min(width // 2, *(stop - start for start, stop in layout.blocks))
        for reach in SLOW_REACHES:
            yield replace(layout, fade=0 if reach == 1 else fade, reach=reach)


def _moving_mean(x: Floats, width: int) -> Floats:
    """Return the means of ``width`` rows around each row of (n, d); of fewer at the ends."""
    if width < 2:
        return x.copy()
    sums = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)])
    at = np.arange(len(x))
    # As many rows before as after, so that the ends have no slope.
    half = np.minimum(np.minimum(at, len(x) - 1 - at), width // 2)
    means: Floats = (sums[at + half + 1] - sums[at - half]) / (2 * half + 1)[:, None]
    return means


def apart_rules(values: Floats, runs: Runs, channels: list[Channel], found: Apart, group: str) -> list[Rule | float]:
    """Return the rule of each channel: all play the same blocks of the slow part, and the same of the rest."""
    slow_rows, slow_blocks = played(runs, found.slow_layout)
    fast_rows, fast_blocks = played(runs, found.fast_layout)
    rules: list[Rule | float] = []
    for j, channel in enumerate(channels):
        if channel.is_empty:
            rules.append(0.0)
            continue
        if channel.constant is not None and channel.missing == 0.0:
            rules.append(channel.constant)
            continue
        fades = is_smooth(channel) and found.fast_layout.fade > 0
        fade = found.fast_layout.fade if fades else 0
        fast = values[fast_rows, j] - found.slow[fast_rows, j]
        mixes = found.fast_layout.mixes if channel.is_dense else None
        rule: Rule = Blocks(fast, fast_blocks, fade=fade, reach=found.fast_layout.reach, group=group, mix=mixes)
        if j in found.split:
            level = Blocks(
                found.slow[slow_rows, j],
                slow_blocks,
                fade=found.slow_layout.fade,
                reach=found.slow_layout.reach,
                group=f"{group}, slow",
            )
            rule = level + rule
        is_sum = j in found.split or mixes is not None
        if is_sum:
            # A sum of two may be beyond all that was seen.
            rule = Limited(rule, channel.low_value, channel.high_value)
        step = channel.step or channel.digits
        rules.append(Rounded(rule, step) if step and (fades or is_sum) else rule)
    return rules
