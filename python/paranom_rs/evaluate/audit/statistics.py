"""The statistics of an audit: associations, distances between distributions, noise."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs.generate.severity import PAGE

__all__ = ["Association", "associations", "cramer", "evenness", "noise", "ranks", "spearman"]


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


def associations(
    kind: NDArray[Any], length: NDArray[Any], severity: NDArray[Any], position: NDArray[Any]
) -> dict[str, Association]:
    """Return how far kind, length, severity and position of events go together, pair by pair; none for less than 8."""
    severity = np.nan_to_num(severity, nan=-1.0, posinf=1e300)
    numbers = {"length": length, "severity": severity, "position": position}
    found: dict[str, Association] = {}
    if len(kind) < 8:
        return found
    for i, (name, x) in enumerate(numbers.items()):
        quarter = np.searchsorted(np.quantile(x, [0.25, 0.5, 0.75], method="lower"), x, side="left")
        found[f"kind and {name}"] = cramer(kind, quarter)
        for other in list(numbers)[i + 1 :]:
            found[f"{name} and {other}"] = spearman(x, numbers[other])
    return {pair: x for pair, x in found.items() if not math.isnan(x.p)}


def two_sample_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the Kolmogorov-Smirnov distance between the finite values of two samples; 0 where one has none."""
    a, b = (np.sort(x) for x in (first, second))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not len(a) or not len(b):
        return 0.0
    both = np.concatenate([a, b])
    shares = [np.searchsorted(part, both, side="right") / len(part) for part in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def spread(numbers: NDArray[Any]) -> tuple[float, float, float]:
    """Return the smallest, the median and the largest number; NaN where there is none."""
    if len(numbers) == 0:
        return (np.nan, np.nan, np.nan)
    return (float(numbers.min()), float(np.median(numbers)), float(numbers.max()))


def noise(clean: NDArray[np.float64], pages: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the noise in ``pages`` of `PAGE` rows: a robust standard deviation of second differences, over sqrt(6).

    Second differences of white noise have 6 times its variance; those of a smooth signal are small.
    """
    bend = np.full(-(-max(len(clean), 1) // PAGE) * PAGE, np.nan)
    if len(clean) > 2:
        inside = bend[1 : len(clean) - 1]
        with np.errstate(invalid="ignore", over="ignore"):
            np.abs(np.diff(clean, 2), out=inside)
        inside[np.isinf(inside)] = np.nan
    asked, place = np.unique(pages, return_inverse=True)
    of_page = bend.reshape(-1, PAGE)[asked]
    known = PAGE - np.isnan(of_page).sum(axis=1)
    level = np.empty(len(asked))
    is_whole, is_enough = known == PAGE, known >= PAGE // 16
    level[is_whole] = np.median(of_page[is_whole], axis=1)
    level[is_enough & ~is_whole] = np.nanmedian(of_page[is_enough & ~is_whole], axis=1)
    if not is_enough.all():
        everywhere = bend[~np.isnan(bend)]
        level[~is_enough] = np.median(everywhere) if len(everywhere) else 0.0
    found: NDArray[np.float64] = (level / 0.6745 / math.sqrt(6))[place]
    return found


@lru_cache(maxsize=1024)
def _places(length: int) -> NDArray[np.float64]:
    """Return 16 places, evenly spaced from the first row to the last."""
    return np.linspace(0, length - 1, 16)


def shape(values: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Return an event's values at 16 places, in units of the noise."""
    places = np.interp(_places(len(values)), np.arange(len(values)), values)
    return places / noise if noise > 0 else places


def near_duplicates(shapes: list[NDArray[np.float64]]) -> int:
    """Return how many shapes have another one within 0.1 of them at each place, on average."""
    x = np.nan_to_num(np.stack(shapes), nan=0.0, posinf=0.0, neginf=0.0)
    near = np.zeros(len(x), bool)
    squares = (x * x).sum(axis=1)
    for at in range(0, len(x), 256):
        part = slice(at, at + 256)
        apart = squares[part, None] + squares - 2 * x[part] @ x.T
        apart[np.arange(len(apart)), np.arange(at, at + len(apart))] = np.inf
        near[part] = apart.min(axis=1) < 0.01 * x.shape[1]
    return int(near.sum())
