"""Channels that follow others: how strongly, and how many rows later."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paranom_rs._internal.checks import Floats

__all__ = ["Link", "links_of"]

#: A channel follows another one where so much of its variance is explained by it, and changes correlate like this.
LEAST_EXPLAINED, LEAST_CORRELATION = 0.8, 0.6
MOST_LAG = 128
_MOST_ROWS, _MOST_CHANNELS = 1 << 15, 40


class Link(NamedTuple):
    """``target`` is ``gain`` times ``source``, ``lag`` rows before, and something of its own."""

    source: int
    target: int
    lag: int
    gain: float


def links_of(x: Floats, moving: list[int]) -> dict[int, Link]:
    """Return, by target, which channels (n, d) follow another one. There are no circles."""
    x = x[:_MOST_ROWS]
    moving = moving[:_MOST_CHANNELS]
    most = min(MOST_LAG, len(x) // 8)
    change = np.diff(x, axis=0)
    scale = change.std(axis=0)
    size = 1 << (2 * len(change) - 1).bit_length()
    spectra = {j: np.fft.rfft((change[:, j] - change[:, j].mean()) / scale[j], size) for j in moving if scale[j] > 0}
    found: list[tuple[float, Link]] = []
    for source, a in spectra.items():
        for target, b in spectra.items():
            if source == target:
                continue
            r = np.fft.irfft(b * np.conj(a), size)[: most + 1] / len(change)
            lag = int(np.abs(r).argmax())
            # Of two that move at once, the first is the source.
            if abs(r[lag]) < LEAST_CORRELATION or (lag == 0 and source > target):
                continue
            before, now = x[: len(x) - lag, source], x[lag:, target]
            centred = before - before.mean()
            gain = float(centred @ now / (centred @ centred))
            left = float(np.var(now - gain * before) / np.var(now))
            if 1.0 - left >= LEAST_EXPLAINED:
                found.append((left, Link(source, target, lag, gain)))
    links: dict[int, Link] = {}
    for _, link in sorted(found, key=lambda pair: (pair[0], pair[1][:3])):
        if link.target not in links and not _reaches(links, link.source, link.target):
            links[link.target] = link
    return links


def _reaches(links: dict[int, Link], channel: int, sought: int) -> bool:
    """Whether a channel follows the sought one, directly or by way of others."""
    while channel in links:
        channel = links[channel].source
        if channel == sought:
            return True
    return False
