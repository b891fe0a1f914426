"""What `paranom_rs.watch` computes of its own, one sample after another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def thin(first: int, X: Array, score: Array, flags: Array, width: int) -> dict[int, dict[str, Any]]:
    """Return each bucket's low, high (d,), score, position of that score, flags; by the bucket's number."""
    buckets: dict[int, dict[str, Any]] = {}
    for i in range(len(X)):
        bucket = buckets.setdefault(
            (first + i) // width,
            {"low": [math.nan] * X.shape[1], "high": [math.nan] * X.shape[1], "score": math.nan, "at": i, "flags": 0},
        )
        for j, x in enumerate(X[i].tolist()):
            if not math.isnan(x):
                bucket["low"][j] = x if math.isnan(bucket["low"][j]) else min(x, bucket["low"][j])
                bucket["high"][j] = x if math.isnan(bucket["high"][j]) else max(x, bucket["high"][j])
        s = float(score[i])
        if not math.isnan(s) and not s <= bucket["score"]:
            bucket["score"], bucket["at"] = s, i
        bucket["flags"] |= int(flags[i])
    return buckets


def nearest(window: Array, reference: Array, *, relative: bool) -> list[tuple[int, float]]:
    """Return for each channel where its nearest reference window begins, and the mean (or relative) distance.

    d_k = sum |x - r_k| / m over the samples that are there; relative: sum |x - r_k| / sum |r_k|. The
    first minimum wins.
    """
    m = len(window)
    found = []
    for j in range(window.shape[1]):
        best = (-1, math.inf)
        for k in range(len(reference) - m + 1):
            r, x = reference[k : k + m, j], window[:, j]
            there = ~np.isnan(x)
            if np.isnan(r).any() or not there.any():
                continue
            distance = float(np.abs(x - r)[there].sum())
            distance /= float(np.abs(r)[there].sum()) if relative else int(there.sum())
            if distance < best[1]:
                best = (k, distance)
        found.append(best)
    return found
