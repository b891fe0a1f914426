"""The labelled anomalies of a recording, as anomalies of a generator: their durations, shares and shapes."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.generate.anomalies import Anomaly
from paranom_rs.generate.fit.channel import Channel
from paranom_rs.generate.signals import Shape

__all__ = ["learnt_anomalies"]

#: The longest events are learnt, so many; a shape has so many values at most.
MOST_EVENTS, MOST_VALUES = 24, 200
#: All anomalies together have at most this share of the rows.
MOST_SHARE = 0.3
#: An event changes a channel where its mean, or a value, is so many standard deviations away, or where its spread is so
#: large or, in more than 20 rows, so small.
MOVED, FAR, WIDE, NARROW = 2.5, 4.0, 2.0, 0.1


def learnt_anomalies(x: Floats, normal: Flags, channels: list[Channel]) -> list[Anomaly]:
    """Return an anomaly for each labelled event of a recording (n, d), nothing missing.

    It has the shape of the event, in the channels that the event changes, stretched to between 0.8 and 1.25 times its
    duration, and the event's share of the rows.
    """
    runs = sorted(runs_of_ones(~normal).tolist(), key=lambda run: run[0] - run[1])[:MOST_EVENTS]
    middle, total = x[normal].mean(axis=0), sum(stop - start for start, stop in runs)
    share = min(MOST_SHARE, total / len(x))
    anomalies = []
    for number, (start, stop) in enumerate(sorted(runs)):
        rows, length = x[start:stop], stop - start
        touched = _touched(rows, middle, channels)
        values = {channels[j].name: Shape(_shape(rows[:, j])) for j in touched}
        if values:
            anomalies.append(
                Anomaly(
                    name=f"recorded {number}",
                    frequency=share * length / total,
                    duration=(max(1, round(0.8 * length)), max(1, round(1.25 * length))),
                    values=values,
                )
            )
    return anomalies


def _touched(rows: Floats, middle: Floats, channels: list[Channel]) -> list[int]:
    """Return the channels that an event changes; all of them, if none stands out."""
    moving = [j for j, channel in enumerate(channels) if not channel.is_empty]
    spread = np.array([max(channel.spread, 1e-12) for channel in channels])
    off = (rows - middle) / spread
    moved = np.abs(off.mean(axis=0)) > MOVED
    far = np.abs(off).max(axis=0) > FAR
    wide = off.std(axis=0)
    changed = moved | far | (wide > WIDE) | ((wide < NARROW) & (len(rows) > 20))
    return [j for j in moving if changed[j]] or moving


def _shape(x: Floats) -> list[float]:
    """Return an event's values, fewer of a long one."""
    count = min(max(len(x), 2), MOST_VALUES)
    return [float(v) for v in np.interp(np.linspace(0.0, len(x) - 1.0, count), np.arange(len(x)), x)]
