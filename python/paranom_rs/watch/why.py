"""Why an alarm came: beside its worst window, the reference window of each channel that it was nearest to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.watch.engine import Watch

__all__ = ["Nearest", "Why", "explain"]


@dataclass(frozen=True, slots=True)
class Nearest:
    """One channel of an alarm's worst window.

    Attributes
    ----------
    channel
        Its position.
    share
        Its part of the score, 0 to 1.
    window
        (m,) float64: the samples.
    reference
        (m,) float64: the nearest window of the reference; None where none can be compared.
    start
        The number of the first sample of ``reference``; -1 for none.
    """

    channel: int
    share: float
    window: Floats
    reference: Floats | None
    start: int


@dataclass(frozen=True, slots=True)
class Why:
    """The channels of an alarm's worst window, those with the largest share first.

    ``first`` is the number of the window's first sample.
    """

    first: int
    channels: list[Nearest]


def explain(watch: Watch, alarm: int) -> Why | None:
    """Return why an alarm came; None where its samples or its reference are no longer kept.

    The reference is the one that the detector had then. With ``refresh="clean"`` it is not known any more.

    Raises
    ------
    UnknownKeyError
        (KeyError) There is no such alarm.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> from paranom_rs.watch.why import explain
    >>> why = explain(watch, watch.alarms()[0].id)
    >>> [(channel.channel, channel.share) for channel in why.channels]
    [(0, 1.0)]
    >>> watch.close()
    """
    found = watch.alarm(alarm)
    key, settings = watch.key_name(found.key), watch.settings
    m, M = int(settings["window"]), int(settings["reference"])
    first = found.peak + 1 - m
    rows = watch.rows(key, first, found.peak + 1)
    begin = first - M if settings.get("refresh") == "sliding" else 0
    reference = watch.rows(key, begin, begin + M)
    if len(rows) < m or len(reference) < M or settings.get("refresh") == "clean":
        return None
    relative = settings.get("scale") == "relative" or settings.get("mode") == "author"
    starts = nearest(rows.X, reference.X, relative=relative)
    shares = np.nan_to_num(rows.contributions[-1])
    channels = [
        Nearest(
            j,
            float(shares[j]),
            rows.X[:, j],
            None if start < 0 else reference.X[start : start + m, j],
            -1 if start < 0 else begin + start,
        )
        for j, start in enumerate(starts)
    ]
    return Why(first, sorted(channels, key=lambda channel: -channel.share))


def nearest(window: Floats, reference: Floats, *, relative: bool) -> list[int]:
    """Return for each channel where its nearest reference window begins; -1 for none.

    Parameters
    ----------
    window
        (m, d); missing samples do not count.
    reference
        (M, d). Windows with missing samples are not compared.
    relative
        Distances are relative to the magnitude of the reference window.
    """
    starts = []
    for x, r in zip(window.T, reference.T, strict=True):
        there = np.isfinite(x)
        windows = np.lib.stride_tricks.sliding_window_view(np.where(np.isfinite(r), r, np.nan), len(x))
        distances = np.abs(windows[:, there] - x[there]).sum(axis=1)
        if relative:
            with np.errstate(divide="ignore", invalid="ignore"):
                distances = distances / np.abs(windows[:, there]).sum(axis=1)
        distances[np.isnan(windows).any(axis=1) | np.isnan(distances)] = np.inf
        best = int(distances.argmin())
        starts.append(best if np.isfinite(distances[best]) and there.any() else -1)
    return starts
