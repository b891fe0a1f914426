"""Learns a generator from a recording: the steps in order."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal.checks import Floats, one_of, whole
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.fit.by_blocks import best_layout, block_rules
from paranom_rs.generate.fit.channel import Channel, channel_of, filled
from paranom_rs.generate.fit.clock import breaks_of, clock_of
from paranom_rs.generate.fit.fitted import Fitted
from paranom_rs.generate.fit.period import period_of
from paranom_rs.generate.fit.recording import Recording, read_recording
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.variables import Stochastic

__all__ = ["fit"]

#: The group of the rules of all channels: they play the same blocks, and share noise.
GROUP = "recording"
#: All values of an empty channel are lost.
ALWAYS = Dropouts(events=[(0, 2**63)])


def fit(
    recording: Any,
    *,
    labels: str | ArrayLike | None,
    time: str | None,
    random_state: int,
    method: str,
) -> Fitted:
    """Learn a generator: see `Generator.fit`."""
    one_of("method", method, ("auto", "rules", "blocks"))
    seed = whole("random_state", random_state, most=2**64 - 1)
    learnt = read_recording(recording, labels, time)
    rng = np.random.default_rng(seed)
    normal = learnt.values[learnt.normal]
    channels = [channel_of(name, normal[:, j]) for j, name in enumerate(learnt.names)]
    period = period_of(_standardized(learnt.values, channels))
    notes = _notes(learnt, channels)
    runs = learnt.runs(breaks_of(learnt.times))
    layout = best_layout(learnt.values, channels, runs, period, rng)
    notes += _drifts(normal, channels, sum(stop - start for start, stop in layout.blocks))
    rules = block_rules(learnt.values, channels, layout, GROUP)
    first = layout.blocks[0][0]
    clock, more = clock_of(None if learnt.times is None else learnt.times[first:])
    generator = Generator(_variables(rules, channels), seed=seed, time=clock)
    for note in notes + more:
        warnings.warn(note, UserWarning, stacklevel=3)
    return Fitted(generator, normal, learnt.names, method="blocks", notes=notes + more, states=learnt.states)


def _variables(rules: list[Rule | float], channels: list[Channel]) -> dict[str, Stochastic]:
    return {
        channel.name: Stochastic(rule, missing=ALWAYS if channel.is_empty else None)
        for channel, rule in zip(channels, rules, strict=True)
    }


def _standardized(values: Floats, channels: list[Channel]) -> Floats:
    """Return the channels that vary, nothing missing, each with mean 0 and standard deviation 1."""
    moving = [j for j, channel in enumerate(channels) if channel.spread > 0.0]
    x = filled(values)[:, moving]
    z: Floats = (x - x.mean(axis=0)) / np.array([channels[j].spread for j in moving])
    return z


def _notes(learnt: Recording, channels: list[Channel]) -> list[str]:
    """Say what cannot be learnt of channels."""
    empty = [channel.name for channel in channels if channel.is_empty]
    sparse = [channel.name for channel in channels if 0.5 <= channel.missing < 1.0]
    notes = [f"{name}: all values are missing, and stay so" for name in empty]
    notes += [f"{name}: half of the values or more are missing" for name in sparse]
    return notes


def _drifts(normal: Floats, channels: list[Channel], rows: int) -> list[str]:
    """Name channels that end far from where they began: nobody knows how such a drift goes on."""
    tenth = max(len(normal) // 10, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a tenth without values
        ends = np.nanmean(normal[-tenth:], axis=0) - np.nanmean(normal[:tenth], axis=0)
    return [
        f"{channel.name}: it drifts, and ends {abs(end) / channel.spread:.1f} standard deviations from where it began; "
        f"every {rows} rows it begins anew"
        for channel, end in zip(channels, ends, strict=True)
        if channel.spread > 0.0 and abs(end) > 2.0 * channel.spread
    ]
