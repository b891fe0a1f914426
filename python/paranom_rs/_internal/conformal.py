"""Conformal levels: thresholds with a guarantee for a finite number of scores."""

from __future__ import annotations

import math

import numpy as np

from paranom_rs._internal.checks import Floats


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


def block_maxima(scores: Floats, block: int) -> Floats:
    """Return the largest score of each whole block of ``block`` rows; what is left at the beginning is left out."""
    whole = len(scores) // block
    return np.asarray(scores[len(scores) - whole * block :].reshape(whole, block).max(axis=1))
