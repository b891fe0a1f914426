"""Nearest windows by brute force."""

from __future__ import annotations

import numpy as np


def nearest_windows(reference, rows, window, k=1):
    """Distance and first row of the k-th nearest reference window of each window of ``rows``; NaN and -1: none."""
    starts = [s for s in range(len(reference) - window + 1) if not np.isnan(reference[s : s + window]).any()]
    distances, found = [], []
    for i in range(len(rows) - window + 1):
        cells = rows[i : i + window]
        there = ~np.isnan(cells)
        if 2 * there.sum() < cells.size or not starts:
            distances.append(np.nan)
            found.append(-1)
            continue
        # Root of the mean squared difference over the cells that are there.
        far = [np.sqrt(np.mean((cells - reference[s : s + window])[there] ** 2)) for s in starts]
        nth = np.argsort(far, kind="stable")[min(k, len(starts)) - 1]
        distances.append(far[nth])
        found.append(starts[nth])
    return np.array(distances), np.array(found)


def covering_mean(scores, window, power=1):
    """The power mean of the scores of the windows that cover a row."""
    out = []
    for row in range(len(scores) + window - 1):
        covering = scores[max(row - window + 1, 0) : row + 1]
        out.append(np.mean(covering**power) ** (1 / power))
    return np.array(out)
