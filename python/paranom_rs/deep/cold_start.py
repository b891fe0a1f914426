"""How a recurrent network that has not seen any row of a series yet comes to make normal errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats

PIECES = 256
BLOCK = 5
"""Rows that are looked at together."""
SHARE = 0.05
"""Of scores that are above the ordinary ones: five times what there is where all is settled."""


def some_pieces(pieces: Any) -> Any:
    """Return at most `PIECES` of the pieces, evenly chosen."""
    return pieces[:: -(-len(pieces) // PIECES)]


def deviations(parts: Iterable[Floats]) -> Floats:
    """Return the standard deviation of each column over parts (n, k), which are not held at once; NaN is left out."""
    count, total, squares = np.zeros(()), np.zeros(()), np.zeros(())
    for part in parts:
        count = count + (~np.isnan(part)).sum(axis=0)
        total = total + np.nansum(part, axis=0)
        squares = squares + np.nansum(np.square(part), axis=0)
    mean = total / np.maximum(count, 1)
    return np.sqrt(np.maximum(squares / np.maximum(count, 1) - np.square(mean), 0.0))


def settling_rows(scores: Floats) -> int:
    """Return after how many rows scores of pieces (k, rows), all begun without a past, are as low as at their ends.

    Ordinary is what 99 % of the scores in the last third of the rows do not exceed.
    """
    rows = scores.shape[1]
    ordinary = np.quantile(scores[:, rows - max(rows // 3, 1) :], 0.99)
    for first in range(0, rows, BLOCK):
        if np.mean(scores[:, first : first + BLOCK] > ordinary) <= SHARE:
            return first
    return rows
