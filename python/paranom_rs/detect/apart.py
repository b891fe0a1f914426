"""The best windows of which none is too near another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def smallest_apart(values: NDArray[np.float64], k: int, zone: int) -> list[int]:
    """Return the places of the smallest finite values, smallest first, that are more than ``zone`` from each other.

    Each place is the smallest of those that are left when the earlier ones and their zones are taken away; of equal
    ones the first.
    """
    values = np.where(np.isfinite(values), values, np.inf)
    # Each place takes at most 2 zone + 1 others away: so many smallest values hold k places.
    enough = (k - 1) * (2 * zone + 1) + 1
    candidates = np.flatnonzero(np.isfinite(values))
    if enough < len(candidates):
        limit = np.partition(values[candidates], enough - 1)[enough - 1]
        candidates = candidates[values[candidates] <= limit]
    order = candidates[np.argsort(values[candidates], kind="stable")]
    free = np.ones(len(values), dtype=bool)
    found: list[int] = []
    for place in order.tolist():
        if len(found) == k:
            break
        if free[place]:
            found.append(place)
            free[max(place - zone, 0) : place + zone + 1] = False
    return found
