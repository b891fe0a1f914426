"""Which detectors differ: mean ranks, Friedman's test, and Wilcoxon's tests with Holm's correction. Needs scipy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.audit.statistics import ranks


@dataclass(frozen=True)
class Comparison:
    """Detectors by their mean rank over series.

    Attributes
    ----------
    names
        The detectors, the best first.
    mean_ranks
        (k,) float64; 1 is the best.
    series
        How many series were compared.
    friedman
        The p-value of Friedman's test that all are equal; NaN for two detectors.
    p
        (k, k) float64: p-values of Wilcoxon's signed-rank test for each pair, after Holm's correction.
    groups
        Detectors from the first to the last position of which no two differ, as long as possible: (first, last).

    Examples
    --------
    >>> from paranom_rs.bench import compare
    >>> compare(["a", "b"], [[0.1, 0.5], [0.2, 0.9], [0.3, 0.4]]).mean_ranks
    array([1., 2.])
    """

    names: list[str]
    mean_ranks: Floats
    series: int
    friedman: float
    p: Floats
    groups: list[tuple[int, int]]


def compare(names: Sequence[str], figures: ArrayLike, *, alpha: float = 0.05) -> Comparison:
    """Compare detectors over series.

    Parameters
    ----------
    names
        The detectors, k of them.
    figures
        (series, k); a higher one is better. Series without a figure of each detector are left out.
    alpha
        Pairs with a smaller p-value differ.

    Raises
    ------
    SpecError
        For fewer than two detectors or series, and another shape.
    ImportError
        Without scipy.

    Examples
    --------
    >>> from paranom_rs.bench import compare
    >>> compare(["a", "b"], [[0.1, 0.5], [0.2, 0.9], [0.3, 0.4]]).names
    ['b', 'a']
    """
    checks.share("alpha", alpha)
    given = checks.matrix("figures", figures)
    if given.shape[1] != len(names):
        raise SpecError("figures", f"must have a column for each of {len(names)} names", str(given.shape[1]))
    given = given[~np.isnan(given).any(axis=1)]
    if len(names) < 2 or len(given) < 2:
        raise SpecError("figures", "must have two detectors and two series", f"shape {given.shape}")
    stats = require("scipy.stats", "bench", "comparing detectors")
    mean = np.mean([ranks(-row) for row in given], axis=0)
    order = np.argsort(mean, kind="stable")
    given, mean = given[:, order], mean[order]
    equal = bool((given == given[:, :1]).all())
    friedman = float("nan") if len(names) < 3 else 1.0 if equal else float(stats.friedmanchisquare(*given.T).pvalue)
    p = _holm(given, stats)
    return Comparison([names[i] for i in order], mean, len(given), friedman, p, _groups(p, alpha))


def _holm(figures: Floats, stats: object) -> Floats:
    """Return the corrected p-values of all pairs."""
    k = figures.shape[1]
    pairs = list(itertools.combinations(range(k), 2))
    raw = np.array([_wilcoxon(figures[:, i] - figures[:, j], stats) for i, j in pairs])
    order = np.argsort(raw, kind="stable")
    corrected = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)), 1.0)
    p = np.ones((k, k))
    for (i, j), value in zip([pairs[m] for m in order], corrected.tolist(), strict=True):
        p[i, j] = p[j, i] = value
    return p


def _wilcoxon(difference: Floats, stats: object) -> float:
    held = difference[difference != 0]
    return float(stats.wilcoxon(held).pvalue) if len(held) else 1.0  # type: ignore[attr-defined]


def _groups(p: Floats, alpha: float) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours, two or more, of which no pair differs."""
    found: list[tuple[int, int]] = []
    for first in range(len(p)):
        last = first
        while last + 1 < len(p) and (p[first : last + 1, last + 1] >= alpha).all():
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
