"""Conformal levels: thresholds with a guarantee for a finite number of scores."""

from __future__ import annotations

import math

import numpy as np

from paranom_rs._internal.checks import Floats

#: Parts that training scores are cut into, to see how their level varies along the series.
FEWEST_PARTS, MOST_PARTS = 4, 20
#: The 99 % quantiles of Student's t with k - 1 degrees of freedom, for k parts from `FEWEST_PARTS` on.
_T99 = (
    4.541, 3.747, 3.365, 3.143, 2.998, 2.896, 2.821, 2.764, 2.718,
    2.681, 2.650, 2.624, 2.602, 2.583, 2.567, 2.552, 2.539,
)  # fmt: skip


def rank(count: int, share: float) -> int:
    """Return which of ``count`` sorted scores, from 1 on, a further one exceeds with probability ``share`` at most.

    It is ceil((count + 1) (1 - share)), and above ``count`` where there are too few scores. The further score must be
    exchangeable with the others (Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005).
    """
    # A product like 10 * 0.9 that is whole but for its rounding is whole.
    return math.ceil((count + 1) * (1 - share) - 1e-9)


def level(scores: Floats, share: float) -> float:
    """Return the conformal threshold of normal scores (n,), or the largest one where there are too few.

    Of these scores a share of ``share`` at most lies above it.
    """
    at = min(rank(len(scores), share), len(scores))
    return float(np.partition(scores, at - 1)[at - 1])


def later_level(scores: Floats, share: float, least: int) -> float:
    """Return what the level of a later part of the series stays below, as far as the parts of these scores say.

    The scores (n,), in the order of time, are cut into parts of ``least`` rows at least, where that leaves enough
    parts. Each part's level is its 1 - ``share`` quantile. The result is the upper 99 % limit of Student's prediction
    interval for one further level (Hahn & Meeker, "Statistical Intervals", 1991, section 4.7): it is higher the more
    the parts differ. -inf for fewer scores than `FEWEST_PARTS`.
    """
    if len(scores) < FEWEST_PARTS:
        return -math.inf
    parts = int(np.clip(len(scores) // max(least, 1), FEWEST_PARTS, MOST_PARTS))
    levels = np.array([np.quantile(part, 1 - share) for part in np.array_split(scores, parts)])
    return float(levels.mean() + _T99[parts - FEWEST_PARTS] * levels.std(ddof=1) * math.sqrt(1 + 1 / parts))


def block_maxima(scores: Floats, block: int) -> Floats:
    """Return the largest score of each whole block of ``block`` rows; what is left at the beginning is left out."""
    whole = len(scores) // block
    return np.asarray(scores[len(scores) - whole * block :].reshape(whole, block).max(axis=1))
