"""Learns a recording as blocks of itself, strung together without visible joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import Channel, filled
from paranom_rs.generate.fit.cuts import MOST_BLOCKS, Layout, cut, played_rows
from paranom_rs.generate.fit.likeness import LAGS, WINDOW, autocorrelation_error, correlation_error
from paranom_rs.generate.fit.period import Period
from paranom_rs.generate.recordings import Blocks
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.signals import Rounded

__all__ = ["best_layout", "block_rules"]

#: A fade of so many rows hides a joint of smooth channels.
FADE = 8
#: A channel is smooth where its changes from row to row are smaller than its spread by this factor.
SMOOTH = 0.3
#: What is tried, from the freest order to the recording's own.
REACHES = (None, 16, 8, 4, 3, 2)
#: A layout is good where the errors of autocorrelation and correlations are below these, in the worst of so many draws.
GOOD, DRAWS = np.array([0.04, 0.04]), 3
#: A joint is good where rows around cuts differ by less than this.
GOOD_JOINT = 4.0
#: More values are not needed to compare layouts.
_MOST_VALUES = 200_000


def best_layout(
    values: Floats,
    channels: list[Channel],
    runs: list[tuple[int, int]],
    period: Period | None,
    rng: np.random.Generator,
) -> Layout:
    """Return the layout with the shortest blocks in the freest order that is as like the recording as it should be.

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
    moving = [j for j, channel in enumerate(channels) if channel.spread > 0.0]
    whole = Layout([(start, stop) for start, stop in runs], 0, 1, np.inf)
    if not moving:
        return replace(whole, blocks=whole.blocks[:MOST_BLOCKS])
    unit = np.array([np.sqrt(channels[j].spread * max(channels[j].change, 1e-3 * channels[j].spread)) for j in moving])
    scaled = x[:, moving] / unit
    longest = max(stop - start for start, stop in runs)
    fade = FADE if longest > 8 * FADE else 0
    candidates = []
    for length in _lengths(sum(stop - start for start, stop in runs), longest, period):
        layout = _cut(scaled, runs, length, period, fade, rng)
        if layout is None or len(layout.blocks) > MOST_BLOCKS:
            continue
        for reach in REACHES:
            candidate = replace(layout, reach=reach)
            errors = _errors(x[:, moving], candidate, rng) / GOOD
            worst = float(max(errors.max(), candidate.mismatch / GOOD_JOINT))
            candidates.append((worst, candidate))
            if worst <= 1.0:
                return candidate
    if not candidates:
        return replace(whole, blocks=whole.blocks[:MOST_BLOCKS])
    return min(candidates, key=lambda found: found[0])[1]


def _lengths(rows: int, longest: int, period: Period | None) -> list[int]:
    """Return lengths of blocks to try, short ones first: whole periods, if there are any."""
    least = max(2 * WINDOW, -(-rows // (MOST_BLOCKS - 2)) + 1)
    unit = least if period is None else period.rows * max(1, -(-least // period.rows))
    lengths = [unit * factor for factor in (1, 2, 3, 5, 8, 12, 20)]
    return [length for length in lengths if 2 * length <= longest] or [max(longest // 3, 16)]


def _cut(
    scaled: Floats, runs: list[tuple[int, int]], length: int, period: Period | None, fade: int, rng: np.random.Generator
) -> Layout | None:
    """Cut: at the same phase of a period that keeps time, else wherever rows nearby are most alike."""
    if period is not None and period.keeps_time:
        return cut(scaled, runs, length, 0, fade, rng)
    tolerance = length // 3 if period is None else min(period.rows // 2, length // 3)
    return cut(scaled, runs, length, tolerance, fade, rng)


def _errors(x: Floats, layout: Layout, rng: np.random.Generator) -> Floats:
    """Return the largest error of a channel's autocorrelation and of correlations, the worst of some draws.

    Quantiles need no look: a round has the values of the recording.
    """
    if len(x) > _MOST_VALUES:
        # Of the autocorrelation, joints take their share.
        return np.array([LAGS / 2.0 * len(layout.blocks) / len(x), 0.0])
    count = min(x.shape[1], max(1, _MOST_VALUES // len(x)))
    some = np.linspace(0, x.shape[1] - 1, count).astype(np.int64)
    recorded = x[:, some]
    worst = np.zeros(2)
    for _ in range(DRAWS):
        made = recorded[played_rows(layout, len(x), rng)]
        off = [autocorrelation_error(recorded[:, j], made[:, j]) for j in range(count)]
        worst = np.maximum(worst, np.array([max(off), correlation_error(recorded, made)]))
        if (worst > GOOD).any():
            break
    return worst


def block_rules(values: Floats, channels: list[Channel], layout: Layout, group: str) -> list[Rule | float]:
    """Return the rule of each channel: the same blocks in the same order. Smooth channels fade from one to the next."""
    last = max(stop for _, stop in layout.blocks) + layout.fade
    if last > len(values):
        # What would have followed the last row fades out: the row itself.
        values = np.concatenate([values, np.repeat(values[-1:], last - len(values), axis=0)])
    rules: list[Rule | float] = []
    for j, channel in enumerate(channels):
        if channel.is_empty:
            rules.append(0.0)
        elif channel.constant is not None and channel.missing == 0.0:
            rules.append(channel.constant)
        else:
            # Between two steps of few, a fade would show values that never come.
            is_smooth = channel.change < SMOOTH * channel.spread and (
                channel.step is None or channel.step < 0.1 * channel.spread
            )
            rule = Blocks(
                values[:, j], layout.blocks, fade=layout.fade if is_smooth else 0, reach=layout.reach, group=group
            )
            is_rounded = is_smooth and layout.fade > 0 and channel.step is not None
            rules.append(Rounded(rule, channel.step) if is_rounded and channel.step else rule)
    return rules
