"""Generated anomalies for a detector to learn from: many kinds, sizes and lengths, and how much each changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.anomalies import Anomaly, Decoys
from paranom_rs.generate.distributions import Choice, Uniform
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.recordings import Recorded
from paranom_rs.generate.rule import Transform
from paranom_rs.generate.transforms import (
    Clip,
    Drift,
    Flatline,
    FrequencyChange,
    Noise,
    PhaseShift,
    Reverse,
    Scale,
    Shift,
    Smooth,
    Spike,
    Swap,
    TimeWarp,
)

#: Kind -> the rule for a channel and a number of rows; a swap takes two channels.
_RULES: dict[str, Callable[[Channel, int], Transform]] = {
    "spike": lambda x, _: Spike(_either_way(max(2 * x.step, 0.1), max(10.0, 4 * x.step))),
    "shift": lambda _x, _: Shift(_either_way(0.3, 8.0)),
    "drift": lambda _x, _: Drift(_either_way(0.5, 8.0)),
    "noise": lambda x, _: Noise(_among(max(x.step, 0.02), 10 * max(x.step, 0.1))),
    "stuck": lambda _x, _: Flatline(),
    "level": lambda x, _: Flatline(_values(x)),
    "scale": lambda x, _: Scale(_factor(0.05, 0.7, 5.0), center=float(x.levels[3])),
    "limits": lambda x, _: Clip(low=float(x.levels[2]), high=float(x.levels[4]) + 1e-9),
    "smooth": lambda _x, _: Smooth(9),
    "frequency": lambda _x, _: FrequencyChange(_factor(0.3, 0.8, 4.0)),
    "paste": lambda _x, rows: PhaseShift(_either_way(3.0, max(rows / 2, 8.0))),
    "reverse": lambda _x, _: Reverse(),
    "warp": lambda _x, _: TimeWarp(Choice([-0.9, -0.6, -0.3, 0.3, 0.6, 0.9])),
}
#: Kinds of anomalies, by name.
KINDS = (*_RULES, "swap")
#: Shares of the rows: of all anomalies, and of all decoys.
_ANOMALOUS, _DECOYS = 0.35, 0.1
#: Sorts of anomalies in a set, each with a kind, channels and lengths of its own.
_SORTS = 14
#: No event is longer, nor longer than a quarter of the series.
_LONGEST = 300


class Changed(NamedTuple):
    """A series with anomalies in it."""

    values: Floats
    """(n, d)."""
    change: Floats
    """(n, d): the values minus what they would be without anomalies. Decoys are normal: 0 there."""


class Channel(NamedTuple):
    """What the sizes of anomalies go by."""

    levels: Floats
    """Seven quantiles, from the smallest to the largest value."""
    step: float
    """The standard deviation of the change from row to row."""


def with_events(rows: Floats, seed: int, kinds: tuple[str, ...] = KINDS) -> Changed:
    """Put anomalies and decoys into normal rows.

    Each sort of anomaly has one kind, and touches one channel (six of ten) or more, up to all of them. Sizes and
    lengths are spread over their logarithms; three of ten grow over the first part of the event or all of it. Cut and
    paste is a phase shift by up to half the series: the channels touched show what they had elsewhere, and the others
    do not.

    Parameters
    ----------
    rows
        (n, d), each channel in units of its spread. NaN stays.
    seed
        What everything is drawn from.
    kinds
        Those to draw from, of `KINDS`.

    Returns
    -------
    Changed
    """
    rng = np.random.default_rng(seed)
    count, channels = rows.shape
    lengths = np.unique(np.geomspace(2, max(min(_LONGEST, count // 4), 6), 6).round().astype(int)).tolist()
    known = [_channel(column) for column in rows.T]

    def length() -> tuple[int, int]:
        at = int(rng.integers(len(lengths) - 1))
        return lengths[at], lengths[at + 1]

    possible = [kind for kind in kinds if kind != "swap" or channels > 1]
    events: list[Anomaly] = []
    for number in range(_SORTS):
        most = 1 if rng.random() < 0.6 else int(np.exp(rng.uniform(0, np.log(channels + 0.49))).round())
        touched = rng.choice(channels, max(most, 1), replace=False).tolist()
        kind = possible[int(rng.integers(len(possible)))]
        values = {
            f"x{j}": _swap(rng, j, channels) if kind == "swap" else _RULES[kind](known[j], count)
            for j in sorted(touched)
        }
        onset = None if rng.random() < 0.7 else float(rng.choice([0.25, 0.5, 1.0]))
        share = _ANOMALOUS / _SORTS
        events.append(Anomaly(name=f"{kind} {number}", frequency=share, duration=length(), values=values, onset=onset))
    for number, decoy in enumerate(_DECOY_RULES):
        j = int(rng.integers(channels))
        share = _DECOYS / len(_DECOY_RULES)
        values = {f"x{j}": decoy(known[j])}
        events.append(Decoys(name=f"decoy {number}", frequency=share, duration=length(), values=values))
    generator = Generator({f"x{j}": Recorded(column) for j, column in enumerate(rows.T)}, anomalies=events, seed=seed)
    data = generator.generate(count)
    found = np.asarray(data.X)
    change = np.where(np.asarray(data.labels, dtype=bool), found - rows, 0.0)
    return Changed(found, np.nan_to_num(change))


def _channel(x: Floats) -> Channel:
    known = x[~np.isnan(x)]
    if not len(known):
        known = np.zeros(1)
    steps = np.diff(x)
    steps = steps[~np.isnan(steps)]
    return Channel(np.quantile(known, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]), float(steps.std()) if len(steps) else 0.0)


def _either_way(least: float, most: float) -> Any:
    """Return a size between two, up or down, its logarithm spread evenly."""
    sizes = np.geomspace(least, most, 12)
    return Choice([*(-sizes).tolist(), *sizes.tolist()])


def _among(least: float, most: float) -> Any:
    return Choice(np.geomspace(least, most, 12).tolist())


def _swap(rng: np.random.Generator, channel: int, channels: int) -> Transform:
    other = int(rng.integers(channels - 1))
    return Swap(f"x{other + (other >= channel)}")


def _values(x: Channel) -> Any:
    """Return a value that a sensor can be stuck at: usual ones, and some beyond."""
    low, high = float(x.levels[0]), float(x.levels[-1])
    return Choice([*x.levels.tolist(), low - 0.5, low - 2.0, high + 0.5, high + 2.0])


def _factor(least: float, little: float, most: float) -> Any:
    sizes = [*np.geomspace(least, little, 6).tolist(), *np.geomspace(1 / little, most, 6).tolist()]
    return Choice(sizes)


#: Changes that stay normal: hardly larger than the noise.
_DECOY_RULES: tuple[Callable[[Channel], Transform], ...] = (
    lambda _: Shift(_either_way(0.02, 0.12)),
    lambda x: Noise(0.3 * x.step + 1e-6),
    lambda x: Scale(Uniform(0.93, 1.07), center=float(x.levels[3])),
    lambda _: PhaseShift(Choice([-1.0, 1.0])),
    lambda _: Drift(_either_way(0.05, 0.2)),
)
