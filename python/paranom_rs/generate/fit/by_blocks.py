"""Learns a recording as blocks of itself, strung together without visible joints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import FEW, Channel, filled
from paranom_rs.generate.fit.cuts import MOST_BLOCKS, Layout, Runs, cut, played_rows
from paranom_rs.generate.fit.cycles import cut_cycles
from paranom_rs.generate.fit.likeness import LAGS, WINDOW, autocorrelation_error, correlation_error
from paranom_rs.generate.fit.period import Period
from paranom_rs.generate.recordings import Blocks
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.signals import Limited, Rounded

__all__ = [
    "best_layout",
    "block_rules",
    "is_smooth",
    "layout_of_cycles",
    "layouts",
    "played",
    "unit_of",
    "worst_errors",
]

#: A fade of so many rows hides a joint of smooth channels.
FADE = 8
#: A channel is smooth where its changes from row to row are smaller than its spread by this factor, and it has more
#: different values than this.
SMOOTH = 0.3
#: What is tried, from the freest order to the recording's own, which is the last resort: rows that go round in a loop.
REACHES = (None, 16, 8, 4, 3, 2)
#: A layout is good where the errors of autocorrelation and correlations are below these, in the worst of so many draws.
GOOD, DRAWS = np.array([0.04, 0.04]), 6
#: The best one will do where it is above them by this factor.
STILL_GOOD = 1.2
#: A joint is good where rows around cuts differ by less than this.
GOOD_JOINT = 4.0
#: A channel has levels where the means of blocks have this share of its standard deviation.
LEVEL = 0.7
#: More values are not needed to compare layouts.
_MOST_VALUES = 200_000
#: Of more rows than this, no layout is drawn.
_MOST_ROWS = 1 << 20


def best_layout(
    values: Floats,
    channels: list[Channel],
    runs: Runs,
    period: Period | None,
    rng: np.random.Generator,
    strictness: float = 1.0,
    tried: Iterable[Layout] | None = None,
) -> Layout:
    """Return the layout with the shortest blocks in the freest order that is as like the recording as it should be.

    Where there is none, it keeps the recording's own order.

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
    strictness
        Errors are this many times smaller than they may be.
    tried
        The layouts that are tried, in any order of their blocks; by default `layouts`.
    """
    x = filled(values)
    moving = [j for j, channel in enumerate(channels) if channel.spread > 0.0]
    whole = Layout([(start, stop) for start, stop in runs][:MOST_BLOCKS], 0, 1, np.inf)
    if not moving:
        return whole
    parts = [x[start:stop, moving] for start, stop in runs]
    recorded = np.concatenate(parts) if len(parts) > 1 else parts[0]
    candidates = []
    shortest = whole
    if tried is None:
        tried = layouts(x[:, moving] / unit_of(channels, moving), runs, period, rng)
    for layout in tried:
        if shortest is whole:
            shortest = replace(layout, reach=1)
        for reach in REACHES:
            candidate = replace(layout, reach=reach)
            if len(recorded) > _MOST_ROWS:
                # Of the autocorrelation, joints take their share.
                errors = np.array([LAGS / 2.0 * len(candidate.blocks) / len(recorded)]) / GOOD
            else:
                errors = worst_errors(recorded, partial(_drawn, x[:, moving], candidate, len(recorded), rng)) / GOOD
            worst = float(max(strictness * errors.max(), candidate.mismatch / GOOD_JOINT))
            candidates.append((worst, candidate))
            if worst <= 1.0:
                return candidate
    worst, best = min(candidates, key=lambda found: found[0]) if candidates else (np.inf, shortest)
    return best if worst <= STILL_GOOD else shortest


def layout_of_cycles(
    values: Floats, channels: list[Channel], runs: Runs, period: Period | None, rng: np.random.Generator
) -> Layout | None:
    """Return blocks of whole cycles of varying length; None where there is no period."""
    moving = [j for j, channel in enumerate(channels) if channel.spread > 0.0]
    if period is None or not moving:
        return None
    scaled = filled(values)[:, moving] / np.array([channels[j].spread for j in moving])
    return cut_cycles(scaled, runs, period.rows, 2 * WINDOW, FADE, rng)


def _drawn(x: Floats, layout: Layout, rows: int, rng: np.random.Generator) -> Floats:
    return x[played_rows(layout, rows, rng)]


def unit_of(channels: list[Channel], moving: list[int]) -> Floats:
    """Return, of each channel that varies, the geometric mean of its spread and its change from row to row."""
    return np.array([np.sqrt(channels[j].spread * max(channels[j].change, 1e-3 * channels[j].spread)) for j in moving])


def layouts(
    scaled: Floats, runs: Runs, period: Period | None, rng: np.random.Generator, least: int = 2 * WINDOW
) -> Iterator[Layout]:
    """Give layouts in any order, short blocks first; ``least`` rows, if there are enough.

    Cuts keep the phase of a period that keeps time; else they are wherever rows nearby are most alike.
    """
    longest = max(stop - start for start, stop in runs)
    fade = FADE if longest > 8 * FADE else 0
    for length in _lengths(sum(stop - start for start, stop in runs), longest, period, least):
        if period is not None and period.keeps_time:
            tolerance = 0
        else:
            tolerance = length // 3 if period is None else min(period.rows // 2, length // 3)
        layout = cut(scaled, runs, length, tolerance, fade, rng)
        if layout is not None and len(layout.blocks) <= MOST_BLOCKS:
            yield layout


def _lengths(rows: int, longest: int, period: Period | None, least: int) -> list[int]:
    """Return lengths of blocks to try, short ones first: whole periods, if there are any."""
    least = max(least, -(-rows // (MOST_BLOCKS - 2)) + 1)
    unit = least if period is None else period.rows * max(1, -(-least // period.rows))
    lengths = [unit * factor for factor in (1, 2, 3, 5, 8, 12, 20)]
    return [length for length in lengths if 2 * length <= longest] or [max(longest // 3, 16)]


def worst_errors(recorded: Floats, made: Callable[[], Floats]) -> Floats:
    """Return the largest error of a channel's autocorrelation and of correlations, the worst of some draws.

    Parameters
    ----------
    recorded
        (n, d), nothing missing.
    made
        Draws (n, d).
    """
    rows, channels = recorded.shape
    count = min(channels, max(1, _MOST_VALUES // rows))
    some = np.linspace(0, channels - 1, count).astype(np.int64)
    worst = np.zeros(2)
    # Of long recordings, one draw is like another.
    for _ in range(max(1, min(DRAWS, _MOST_VALUES // rows))):
        drawn = made()[:, some]
        off = [autocorrelation_error(recorded[:, k], drawn[:, i]) for i, k in enumerate(some)]
        worst = np.maximum(worst, np.array([max(off), correlation_error(recorded[:, some], drawn)]))
        if (worst > GOOD).any():
            break
    return worst


def is_smooth(channel: Channel) -> bool:
    """Whether a fade does not show: between two steps of few, it would show values that never come."""
    return channel.change < SMOOTH * channel.spread and channel.levels > FEW


def block_rules(values: Floats, runs: Runs, channels: list[Channel], layout: Layout, group: str) -> list[Rule | float]:
    """Return the rule of each channel: the same blocks in the same order. Smooth channels fade from one to the next."""
    rows, blocks = played(runs, layout)
    mixed = _mixed(values, channels, layout)
    rules: list[Rule | float] = []
    for j, channel in enumerate(channels):
        if channel.is_empty:
            rules.append(0.0)
        elif channel.constant is not None and channel.missing == 0.0:
            rules.append(channel.constant)
        else:
            mixes = layout.mixes if j in mixed else None
            # In the recording's own order nothing is faded: it has the values of the recording, all of them.
            fades = is_smooth(channel) and layout.fade > 0 and (layout.reach != 1 or mixes is not None)
            fade = layout.fade if fades else 0
            rule: Rule = Blocks(values[rows, j], blocks, fade=fade, reach=layout.reach, group=group, mix=mixes)
            if mixes is not None:
                # A mixture may be beyond all that was seen.
                rule = Limited(rule, channel.low_value, channel.high_value)
            changes = fades or mixes is not None
            step = channel.step or channel.digits
            rules.append(Rounded(rule, step) if changes and step else rule)
    return rules


def _mixed(values: Floats, channels: list[Channel], layout: Layout) -> list[int]:
    """Return the channels whose blocks are mixed: dense ones, and where there are others, none whose level differs from
    block to block: mixtures of levels are levels that never came.
    """
    dense = [j for j, channel in enumerate(channels) if channel.is_dense]
    x = filled(values[:, dense])
    levels = np.array([x[start:stop].mean(axis=0) for start, stop in layout.blocks])
    steady = [j for j, own in zip(dense, levels.T, strict=True) if own.std() < LEVEL * channels[j].spread]
    return steady or dense


def played(runs: Runs, layout: Layout) -> tuple[NDArray[np.int64], Runs]:
    """Return the rows that blocks play, and the blocks among them: anomalous rows are left out.

    What follows the last block of a run is what fades out: the rest of the run, and where it ends its last row.
    """
    rows: list[NDArray[np.int64]] = []
    blocks: list[tuple[int, int]] = []
    at = 0
    for start, stop in runs:
        inside = [block for block in layout.blocks if start <= block[0] < stop]
        if inside:
            first = inside[0][0]
            rows.append(np.minimum(np.arange(first, inside[-1][1] + layout.fade), stop - 1))
            blocks += [(a - first + at, b - first + at) for a, b in inside]
            at += len(rows[-1])
    return np.concatenate(rows), blocks
