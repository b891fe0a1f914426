"""How far two things go together, and how likely chance alone would give as much."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Association", "cramer", "evenness", "spearman"]


class Association(NamedTuple):
    """A measure in [-1, 1] or [0, 1], and its p-value: the chance of as much without any association."""

    measure: float
    p: float


def ranks(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return the ranks of numbers from 1 on; equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return shared


def spearman(x: NDArray[Any], y: NDArray[Any]) -> Association:
    """Return Spearman's rank correlation; the p-value is that of a normal with variance 1 / (n - 1)."""
    n = len(x)
    a, b = ranks(x) - (n + 1) / 2, ranks(y) - (n + 1) / 2
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    if n < 3 or scale == 0:
        return Association(math.nan, math.nan)
    rho = float((a * b).sum()) / scale
    return Association(rho, math.erfc(abs(rho) * math.sqrt((n - 1) / 2)))


def cramer(x: NDArray[Any], y: NDArray[Any]) -> Association:
    """Return Cramer's V of two classifications, and the p-value of Pearson's chi-square test."""
    _, a = np.unique(x, return_inverse=True)
    _, b = np.unique(y, return_inverse=True)
    rows, columns, n = a.max(initial=0) + 1, b.max(initial=0) + 1, len(x)
    if rows < 2 or columns < 2:
        return Association(math.nan, math.nan)
    table = np.bincount(a * columns + b, minlength=rows * columns).reshape(rows, columns)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    v = math.sqrt(chi2 / (n * (min(rows, columns) - 1)))
    return Association(v, _chi2_tail(chi2, int((rows - 1) * (columns - 1))))


def _chi2_tail(x: float, freedom: int) -> float:
    """Return the chance that a chi-square variable exceeds x (the finite sums for a whole number of degrees)."""
    half = x / 2
    total, term, at = (math.erfc(math.sqrt(half)), 0.0, 0.5) if freedom % 2 else (0.0, 0.0, 0.0)
    while at < freedom / 2 - 0.25:
        # Each term is half^at e^-half / gamma(at + 1), by its logarithm: half may be large.
        term = math.exp(at * math.log(half) - half - math.lgamma(at + 1)) if half > 0 else float(at == 0)
        total += term
        at += 1.0
    return min(total, 1.0)


def evenness(positions: NDArray[np.float64]) -> Association:
    """Return the Kolmogorov-Smirnov distance of positions in [0, 1) from an even spread, and its p-value."""
    x = np.sort(positions)
    n = len(x)
    at = np.arange(n)
    distance = float(max((x - at / n).max(), ((at + 1) / n - x).max()))
    scaled = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    k = np.arange(1, 101)
    p = 2 * float(((-1.0) ** (k - 1) * np.exp(-2 * (k * scaled) ** 2)).sum()) if scaled > 0.2 else 1.0
    return Association(distance, min(max(p, 0.0), 1.0))
