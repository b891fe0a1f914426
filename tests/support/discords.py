"""What left discords must be, whichever way they were found."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from paranom_rs.detect.findings import Discord


def greedy(profile: np.ndarray, k: int, start: int, zone: int) -> list[tuple[int, float]]:
    """The k farthest windows of a profile from `start` on, none within `zone` rows of another, with their distances."""
    values, found = np.where(np.isfinite(profile), profile, -1), []
    values[:start] = -1
    for _ in range(k):
        at = int(values.argmax())
        found.append((at, values[at]))
        values[max(at - zone, 0) : at + zone + 1] = -1
    return found


def check_discords(found: Sequence[Discord], distances: Any, start: int, window: int) -> None:
    """Each has the distance of its neighbour, begins at `start` or later, and overlaps no other."""
    for discord in found:
        assert start <= discord.start == discord.stop - window
        assert discord.distance == pytest.approx(float(distances[discord.start, discord.neighbor]), rel=1e-9, abs=1e-11)
    starts = sorted(discord.start for discord in found)
    assert all(b - a >= window for a, b in itertools.pairwise(starts))
