"""From scores of windows to scores of rows."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.checks import Floats


def covering_mean(scores: Floats, window: int, power: int = 1) -> Floats:
    """Return for each row the mean score of the windows that cover it: from (k,) to (k + window - 1,).

    With a ``power``, 2 or 4, it is the power mean, which is nearer to the largest score. It is made of squares and
    square roots, whose bits are the same on every machine; those of NumPy's powers are not.
    """
    squarings = {1: 0, 2: 1, 4: 2}[power]
    largest = float(np.max(scores))
    if not 0 < largest < np.inf:
        largest = 1.0
    # Each row by itself: a running sum would carry the rounding of large scores to later rows.
    padding = np.zeros(window - 1)
    shares = np.concatenate([padding, scores / largest, padding])
    for _ in range(squarings):
        shares = np.square(shares)
    sums = np.lib.stride_tricks.sliding_window_view(shares, window).sum(axis=1)
    row = np.arange(len(sums))
    covering = np.minimum(np.minimum(row + 1, window), np.minimum(len(sums) - row, len(scores)))
    mean = sums / covering
    for _ in range(squarings):
        mean = np.sqrt(mean)
    return np.asarray(largest * mean)


def covering_mean_of_ends(scores: Floats, window: int) -> Floats:
    """Return the mean score of the windows that cover each row, (n,); NaN where there is none.

    Unlike `covering_mean` it takes scores that may be missing, and counts in their own unit: a row's bits depend on no
    other rows than those, so parts of a series give what the whole does.

    Parameters
    ----------
    scores
        (n,), of the window that ends at each row; NaN where there is none.
    window
        Rows of a window.
    """
    if not len(scores):
        return scores
    there = ~np.isnan(scores)
    # A longer window covers no more rows. Sums over views need no memory for all windows.
    reach = min(window, len(scores))
    after = np.zeros(reach - 1)
    sums, counts = (
        np.lib.stride_tricks.sliding_window_view(np.concatenate([x, after]), reach).sum(axis=1)
        for x in (np.where(there, scores, 0.0), there)
    )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
