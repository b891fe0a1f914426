"""Learns a recording as rules with parameters: links, seasons, noise that channels share, limits, steps, regimes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.generate.distributions import Empirical
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.fit.channel import Channel, filled
from paranom_rs.generate.fit.links import links_of
from paranom_rs.generate.fit.noise import Noise, noise_of, quantile_table
from paranom_rs.generate.fit.regimes import regime_rule
from paranom_rs.generate.fit.season import seasons_of
from paranom_rs.generate.fit.variance import coloured_volatility_of, volatility_of
from paranom_rs.generate.rule import Ref, Rule
from paranom_rs.generate.signals import AR1, ColouredNoise, Limited, Rounded, Trend
from paranom_rs.generate.states import ByState, State

__all__ = ["Normals", "counter_of", "dropouts_of", "rule_model"]

#: A channel of so few levels, each held for so many rows on average, has regimes.
MOST_LEVELS, LEAST_DWELL = 8, 5.0
#: A channel of texts has regimes whatever they are, up to so many.
MOST_STATES = 32
#: A state drives a channel where it explains so much of its variance.
LEAST_DRIVEN = 0.3
#: Noise is white where the first weight has this share of the variance.
WHITE = 0.97
#: Innovations that are less alike are independent; a part of noise that is smaller is left out.
LEAST_SHARED, LEAST_PART = 0.1, 0.05
#: Of more channels, each has noise of its own.
MOST_SHARING = 24
#: More rows than these are not needed for noise.
MOST_ROWS = 1 << 18


class Normals(NamedTuple):
    """Normal rows, and what is known of them beside their values.

    Attributes
    ----------
    values
        (n, d), NaN where missing.
    rows
        (n,), which rows of the recording they are.
    times
        (n,), datetime64[ns] of a clock that the generator has too; or None.
    states
        Of channels that hold texts: the texts, by the numbers that stand for them.
    """

    values: Floats
    rows: NDArray[np.int64]
    times: NDArray[Any] | None
    states: dict[str, list[str]]


def rule_model(normal: Normals, channels: list[Channel], rng: np.random.Generator) -> list[Rule | float]:
    """Return the rule of each channel of normal rows."""
    x = filled(normal.values)
    rules: dict[int, Rule | float] = {}
    for j, channel in enumerate(channels):
        known = _simple_rule(normal.values[:, j], channel, normal.states.get(channel.name))
        if known is not None:
            rules[j] = known
    moving = [j for j in range(len(channels)) if j not in rules]
    links = links_of(x, moving)
    residuals: dict[int, Floats] = {}
    first: dict[int, list[Rule]] = {}
    noises: dict[int, Noise] = {}
    for j in moving:
        rest, first[j] = x[:, j], []
        if j in links:
            link = links[j]
            # Before row 0 there is nothing: the first row stands for it, as in Ref.
            rest = rest - link.gain * x[np.maximum(np.arange(len(x)) - link.lag, 0), link.source]
            first[j].append(Ref(channels[link.source].name, link.lag) * link.gain)
        else:
            driven, rest = _by_state(rest, normal, channels)
            first[j] += [driven] if driven is not None else []
        seasons, residuals[j] = seasons_of(rest, normal.rows, normal.times)
        first[j] += seasons
        noises[j] = noise_of(residuals[j][:MOST_ROWS], rng)
    mixing = _mixing(noises)
    for j in moving:
        some = residuals[j][:: max(len(x) // MOST_ROWS, 1)]
        rule = _volatile(some, noises[j], j, mixing, rng)
        if rule is None:
            rule = Empirical(quantile_table(some), of=_shared(j, noises[j], mixing, channels))
        for part in first[j]:
            rule = part + rule
        low, high = channels[j].low, channels[j].high
        if low is not None or high is not None:
            rule = Limited(rule, low, high)
        step = channels[j].step
        rules[j] = rule if step is None else Rounded(rule, step)
    return [rules[j] for j in range(len(channels))]


def _by_state(x: Floats, normal: Normals, channels: list[Channel]) -> tuple[Rule | None, Floats]:
    """Return the level by the state that explains most of a channel, and what it leaves."""
    best: tuple[float, Rule | None, Floats] = (LEAST_DRIVEN, None, x)
    for s, channel in enumerate(channels):
        texts = normal.states.get(channel.name)
        if texts is None or np.isnan(normal.values[:, s]).any() or len(texts) < 2 or len(texts) > MOST_STATES:
            continue
        codes = normal.values[:, s].astype(np.int64)
        counts = np.bincount(codes, minlength=len(texts))
        if (counts == 0).any():
            continue
        means = np.bincount(codes, x, minlength=len(texts)) / counts
        explained = float(means[codes].var() / x.var())
        if explained > best[0]:
            middle = float(x.mean())
            levels: dict[str | bool, Rule | float] = {
                text: float(mean) - middle for text, mean in zip(texts, means, strict=True)
            }
            best = (explained, ByState(channel.name, levels, other=0.0), x - means[codes] + middle)
    return best[1:]


def _volatile(
    x: Floats, noise: Noise, j: int, mixing: tuple[list[int], Floats], rng: np.random.Generator
) -> Rule | None:
    """Return the rule of noise whose variance changes, if it shares nothing."""
    sharing, lower = mixing
    if noise.slow > 0.0:
        return None
    if j in sharing:
        at = sharing.index(j)
        if np.delete(lower[at], at).any() or np.delete(lower[:, at], at).any():
            return None
    if noise.weights[0] ** 2 >= WHITE * float(noise.weights @ noise.weights):
        return volatility_of(x)
    return coloured_volatility_of(x, noise.weights, rng)


def counter_of(x: Floats) -> Rule | None:
    """Return the trend of a channel that goes on by the same amount in each row; None for any other."""
    change = np.diff(x)
    if len(change) == 0 or change[0] == 0.0 or np.isnan(change).any():
        return None
    even = np.abs(change - change[0]).max() <= 1e-9 * np.abs(x).max()
    return Trend((float(x[0]), float(change.mean()))) if even else None


def _simple_rule(x: Floats, channel: Channel, texts: list[str] | None) -> Rule | float | None:
    """Return the rule of a channel (n,) that is empty, constant, a counter, or of few values."""
    if channel.is_empty:
        return 0.0
    if channel.constant is not None:
        return channel.constant if texts is None else State(texts[0])
    counter = counter_of(x)
    if counter is not None:
        return counter
    levels = np.unique(x[~np.isnan(x)])
    if len(levels) > (MOST_LEVELS if texts is None else MOST_STATES):
        return None
    # Where a value is missing, the one before goes on.
    known = np.flatnonzero(~np.isnan(x))
    last = known[np.maximum(np.searchsorted(known, np.arange(len(x)), side="right") - 1, 0)]
    codes = np.searchsorted(levels, x[last])
    if texts is None:
        dwell = len(codes) / (1 + np.count_nonzero(np.diff(codes)))
        if len(levels) > 2 and dwell < LEAST_DWELL:
            return None
        return regime_rule(codes, [float(level) for level in levels])
    return regime_rule(codes, [texts[int(level)] for level in levels])


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
