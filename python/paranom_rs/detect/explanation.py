"""Why a row has its score."""

from __future__ import annotations

from typing import NamedTuple

from paranom_rs._internal.checks import Floats


class Explanation(NamedTuple):
    """Why a row has its score.

    Attributes
    ----------
    row
        The row, counted from the start of the series.
    start, stop
        The first row of the window that was explained, and the row after its last.
    score, threshold
        The window's score, and the threshold for it.
    contributions
        The share of each channel in the score, by name (``"0"``, ``"1"``, … without names), the largest first. They
        sum to 1.
    nearest
        The first training row of the nearest normal window; None where the detector compares no windows.
    normal
        That window, (window, d), or what the detector expected instead of it; None where it expects nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import ZScore
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> why = ZScore().fit(X[:1_000]).explain(X[1_000:], 305)
    >>> why.row, bool(why.score > why.threshold), list(why.contributions.values())
    (305, True, [1.0])
    """

    row: int
    start: int
    stop: int
    score: float
    threshold: float
    contributions: dict[str, float]
    nearest: int | None
    normal: Floats | None
