"""Learns a generator from a recording: the steps in order."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal.checks import Floats, one_of, whole
from paranom_rs._internal.progress import Progress
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.fit.apart import apart_rules, best_apart
from paranom_rs.generate.fit.by_blocks import best_layout, block_rules, layout_of_cycles
from paranom_rs.generate.fit.by_rules import Normals, counter_of, dropouts_of, rule_model
from paranom_rs.generate.fit.channel import Channel, channel_of, filled
from paranom_rs.generate.fit.clock import breaks_of, clock_of
from paranom_rs.generate.fit.cuts import Layout, Runs
from paranom_rs.generate.fit.fitted import Fitted
from paranom_rs.generate.fit.learnt_anomalies import learnt_anomalies
from paranom_rs.generate.fit.least_copied import least_copied
from paranom_rs.generate.fit.likeness import WINDOW
from paranom_rs.generate.fit.passing import MOST_JUDGED, Judge
from paranom_rs.generate.fit.period import Period, period_of
from paranom_rs.generate.fit.recording import Recording, read_recording
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.variables import Stochastic

__all__ = ["fit"]

Rules = Callable[[Layout], list[Rule | float]]
"""From a layout to the rule of each channel."""

#: The group of the rules of all channels: they play the same blocks, and share noise.
GROUP = "recording"
#: What layouts have to be like, until one's rows are alike; the last one keeps the recording's own order.
STRICTNESS = (1.0, 2.0, 4.0, np.inf)
#: Of more rows, few windows are seen twice: pieces are played as they are.
MOST_NEW = 1 << 20
#: Mixtures of fewer rows are not judged by the classifier.
LEAST_MIXED = 5 * WINDOW
#: Of more rows, each round is like another.
FEW_ROWS = 1 << 13
#: How much of another block a block may have, as is tried.
MIXES = (0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)
#: All values of an empty channel are lost.
ALWAYS = Dropouts(events=[(0, 2**63)])


def fit(
    recording: Any,
    *,
    labels: str | ArrayLike | None,
    time: str | None,
    random_state: int,
    method: str,
    anomalies: str,
    progress: bool,
) -> Fitted:
    """Learn a generator: see `Generator.fit`."""
    one_of("method", method, ("auto", "rules", "blocks"))
    one_of("anomalies", anomalies, ("ignore", "learn"))
    seed = whole("random_state", random_state, most=2**64 - 1)
    with Progress(3, shown=progress, unit="steps", what="fit") as tell:
        tell = tell or (lambda _: None)
        learnt = read_recording(recording, labels, time)
        rng = np.random.default_rng(seed)
        normal = learnt.values[learnt.normal]
        channels = [channel_of(name, normal[:, j]) for j, name in enumerate(learnt.names)]
        period = period_of(_standardized(learnt.values, channels))
        notes = learnt.notes + _notes(learnt, channels)
        tell(1)
        generator, judge = None, Judge(normal)
        if method != "blocks":
            generator, more = _by_rules(learnt, channels, rng, seed)
            if method == "rules" or judge.passes(generator):
                method = "rules"
            else:
                generator = None
        tell(2)
        if generator is None:
            method = "blocks"
            generator, more = _by_blocks(learnt, channels, period, rng, judge, seed)
        notes += more
    if anomalies == "learn":
        generator = generator.with_anomalies(learnt_anomalies(filled(learnt.values), learnt.normal, channels))
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    return Fitted(generator, normal, learnt.names, method=method, notes=notes, states=learnt.states)


def _by_rules(
    learnt: Recording, channels: list[Channel], rng: np.random.Generator, seed: int
) -> tuple[Generator, list[str]]:
    normal = learnt.values[learnt.normal]
    clock, notes = clock_of(learnt.times)
    times = None if clock is None or learnt.times is None else learnt.times[learnt.normal]
    known = Normals(normal, np.flatnonzero(learnt.normal), times, learnt.states)
    rules = rule_model(known, channels, rng)
    missing = [dropouts_of(np.isnan(normal[:, j])) for j in range(len(channels))]
    return Generator(_variables(rules, channels, missing), seed=seed, time=clock), notes


def _by_blocks(
    learnt: Recording,
    channels: list[Channel],
    period: Period | None,
    rng: np.random.Generator,
    judge: Judge,
    seed: int,
) -> tuple[Generator, list[str]]:
    """Take what copies least of rules whose windows are new and like the recording, else pieces of it as they are."""
    normal, runs = learnt.values[learnt.normal], learnt.runs(breaks_of(learnt.times))

    def made(rules: list[Rule | float], layout: Layout) -> tuple[Generator, list[str]]:
        first = layout.blocks[0][0]
        counters = [counter_of(learnt.values[first:, j]) for j in range(len(channels))]
        rules = [rule if counter is None else counter for rule, counter in zip(rules, counters, strict=True)]
        clock, notes = clock_of(None if learnt.times is None else learnt.times[first:])
        generator = Generator(_variables(rules, channels, [None] * len(channels)), seed=seed, time=clock)
        return generator, notes + _drifts(normal, channels, layout.rows)

    def made_of(rules: Rules, layout: Layout) -> tuple[Generator, list[str]]:
        return made(rules(layout), layout)

    if len(normal) <= MOST_NEW:
        new = _new_windows(learnt, channels, runs, period, rng)
        families = ([partial(made_of, rules, layout) for layout in layouts] for rules, layouts in new)
        least = least_copied(families, normal, judge)
        if least is not None:
            return least
    for strictness in STRICTNESS:
        layout = best_layout(learnt.values, channels, runs, period, rng, strictness)
        found = made(block_rules(learnt.values, runs, channels, layout, GROUP), layout)
        # One order of few blocks may be worse than others.
        if layout.reach == 1 or len(normal) > MOST_JUDGED or judge.alike(found[0]):
            break
    return found


def _new_windows(
    learnt: Recording, channels: list[Channel], runs: Runs, period: Period | None, rng: np.random.Generator
) -> Iterator[tuple[Rules, list[Layout]]]:
    """Give families of rules whose windows are new: two parts that are drawn apart, blocks that are mixed, cycles that
    are mixed. Each is what makes rules of layouts, and the layouts: those that copy less come first.
    """
    values = learnt.values
    apart = best_apart(values, channels, runs, period, rng)
    if apart is not None:
        yield (
            lambda layout: apart_rules(values, runs, channels, replace(apart, fast_layout=layout), GROUP),
            [replace(apart.fast_layout, mix=mix) for mix in (*MIXES, 0.0)],
        )
    if not any(channel.is_dense for channel in channels) or int(learnt.normal.sum()) < LEAST_MIXED:
        return
    found = [best_layout(values, channels, runs, period, rng)]
    cycles = layout_of_cycles(values, channels, runs, period, rng)
    if cycles is not None:
        best = best_layout(values, channels, runs, period, rng, tried=[cycles])
        found.append(best)
        # Of few rounds, one in another order may be worse than others.
        if best.reach != 1 and len(values) <= FEW_ROWS:
            found.append(replace(best, reach=1))
    for layout in found:
        yield (
            lambda layout: block_rules(values, runs, channels, layout, GROUP),
            [replace(layout, mix=mix) for mix in MIXES],
        )


def _variables(
    rules: list[Rule | float], channels: list[Channel], missing: list[Dropouts | None]
) -> dict[str, Stochastic]:
    return {
        channel.name: Stochastic(rule, missing=ALWAYS if channel.is_empty else lost)
        for channel, rule, lost in zip(channels, rules, missing, strict=True)
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
