"""Learns a recording as rules with parameters: links, periods, noise that channels share, limits, steps, regimes."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.generate.distributions import Choice, Empirical
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.fit.channel import Channel
from paranom_rs.generate.fit.links import links_of
from paranom_rs.generate.fit.noise import Noise, noise_of, quantile_table
from paranom_rs.generate.fit.period import Period
from paranom_rs.generate.rule import Ref, Rule
from paranom_rs.generate.signals import AR1, ColouredNoise, Limited, Pattern, Rounded, Steps, Trend

__all__ = ["counter_of", "dropouts_of", "rule_model"]

#: A period counts where its mean shape has so much of the variance.
LEAST_SEASON = 0.05
MOST_PERIOD = 4096
#: A channel of so few levels, each held for so many rows on average, has regimes.
MOST_LEVELS, LEAST_DWELL = 8, 5.0
#: Innovations that are less alike are independent; a part of noise that is smaller is left out.
LEAST_SHARED, LEAST_PART = 0.1, 0.05
#: Of more channels, each has noise of its own.
MOST_SHARING = 24
#: More rows than these are not needed for noise.
MOST_ROWS = 1 << 18


def rule_model(
    x: Floats, channels: list[Channel], period: Period | None, rng: np.random.Generator
) -> list[Rule | float]:
    """Return the rule of each channel of normal rows (n, d), nothing missing."""
    rules: dict[int, Rule | float] = {}
    for j, channel in enumerate(channels):
        known = _simple_rule(x[:, j], channel)
        if known is not None:
            rules[j] = known
    moving = [j for j in range(len(channels)) if j not in rules]
    links = links_of(x, moving)
    residuals, seasons, noises = {}, {}, {}
    for j in moving:
        rest = x[:, j]
        if j in links:
            link = links[j]
            # Before row 0 there is nothing: the first row stands for it, as in Ref.
            rest = rest - link.gain * x[np.maximum(np.arange(len(x)) - link.lag, 0), link.source]
        rest, seasons[j] = _season(rest, period)
        residuals[j] = rest
        noises[j] = noise_of(rest[:MOST_ROWS], rng)
    mixing = _mixing(noises)
    for j in moving:
        some = residuals[j][:: max(len(x) // MOST_ROWS, 1)]
        rule: Rule = Empirical(quantile_table(some), of=_shared(j, noises[j], mixing, channels))
        season = seasons[j]
        if season is not None:
            rule = Pattern(season) + rule
        if j in links:
            rule = Ref(channels[links[j].source].name, links[j].lag) * links[j].gain + rule
        low, high = channels[j].low, channels[j].high
        if low is not None or high is not None:
            rule = Limited(rule, low, high)
        step = channels[j].step
        rules[j] = rule if step is None else Rounded(rule, step)
    return [rules[j] for j in range(len(channels))]


def counter_of(x: Floats) -> Rule | None:
    """Return the trend of a channel that goes on by the same amount in each row; None for any other."""
    change = np.diff(x)
    if len(change) == 0 or change[0] == 0.0 or np.isnan(change).any():
        return None
    even = np.abs(change - change[0]).max() <= 1e-9 * np.abs(x).max()
    return Trend((float(x[0]), float(change.mean()))) if even else None


def _simple_rule(x: Floats, channel: Channel) -> Rule | float | None:
    """Return the rule of a channel that is empty, constant, a counter, or in one of few regimes."""
    if channel.is_empty:
        return 0.0
    if channel.constant is not None:
        return channel.constant
    counter = counter_of(x)
    if counter is not None:
        return counter
    levels = np.unique(x)
    if len(levels) > MOST_LEVELS:
        return None
    changes = np.flatnonzero(np.diff(x) != 0.0) + 1
    dwells = np.diff(np.concatenate([[0], changes, [len(x)]]))
    if dwells.mean() < LEAST_DWELL:
        return None
    share = np.array([float(np.mean(x == level)) for level in levels])
    # A regime that follows on itself is one regime: so they are drawn oftener than they change.
    repeats = float((share**2).sum())
    mean = max(2, round(float(dwells.mean()) * (1.0 - repeats)))
    half = mean // 2
    return Steps(
        Choice([float(level) for level in levels], [float(p) for p in share / share.sum()]), (mean - half, mean + half)
    )


def _season(x: Floats, period: Period | None) -> tuple[Floats, list[float] | None]:
    """Return values without the mean shape of the period, and that shape, if there is one."""
    if period is None or not period.keeps_time or period.rows > MOST_PERIOD or len(x) < 3 * period.rows:
        return x, None
    phase = np.arange(len(x)) % period.rows
    shape = np.bincount(phase, x) / np.bincount(phase)
    shape = shape - shape.mean()
    by_chance = period.rows / len(x)
    if shape.var() <= (LEAST_SEASON + by_chance) * x.var():
        return x, None
    return x - shape[phase], [float(value) for value in shape]


def _mixing(noises: dict[int, Noise]) -> tuple[list[int], Floats]:
    """Return the channels whose innovations go together, and how independent ones make them (lower triangular)."""
    sharing = [j for j, noise in noises.items() if noise.slow < 0.9][:MOST_SHARING]
    if len(sharing) < 2:
        return [], np.empty((0, 0))
    r = np.atleast_2d(np.corrcoef(np.array([noises[j].innovations for j in sharing])))
    r = np.where(np.abs(r) < LEAST_SHARED, 0.0, r)
    low = float(np.linalg.eigvalsh(r).min())
    if low < 1e-3:
        r = (r + (1e-3 - low) * np.eye(len(r))) / (1.0 + 1e-3 - low)
    return sharing, np.linalg.cholesky(r)


def _shared(j: int, noise: Noise, mixing: tuple[list[int], Floats], channels: list[Channel]) -> Rule:
    """Return the standard normal noise of a channel: its share of each independent part, and what varies slowly."""
    sharing, lower = mixing
    weights = [float(w) for w in noise.weights]
    rule: Rule | None = None
    if j in sharing:
        row = lower[sharing.index(j)].copy()
        row[np.abs(row) < LEAST_PART] = 0.0
        row = row / np.sqrt(row @ row)
        for k in np.flatnonzero(row):
            is_own = (row[k] == 1.0) and not (np.delete(lower[:, k], sharing.index(j)) != 0.0).any()
            group = None if is_own else channels[sharing[k]].name
            part = ColouredNoise([float(row[k]) * w for w in weights], group=group)
            rule = part if rule is None else rule + part
    if rule is None:
        rule = ColouredNoise(weights)
    return rule + AR1(noise.phi, noise.slow) if noise.slow > 0.0 else rule


def dropouts_of(missing: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Dropouts | None:
    """Return when values of a channel (n,) are lost; None where none or nearly all are."""
    share = float(missing.mean())
    if not 0.0 < share < 1.0:
        return None
    runs = runs_of_ones(missing)
    lengths = runs[:, 1] - runs[:, 0]
    shortest, longest = int(lengths.min()), int(lengths.max())
    mean = float(lengths.mean())
    # Lengths are equally likely between two ends: those that have the mean.
    longest = max(shortest, min(longest, round(2 * mean) - shortest))
    most = 0.9 * (shortest + longest) / 2.0 / (longest + 1)
    return Dropouts(frequency=min(share, most), duration=(shortest, longest))
