"""What comparing detectors means, pair by pair and slowly. Only NumPy."""

from __future__ import annotations

import itertools


def mean_ranks(figures):
    """The mean over series of each detector's rank; the best has 1, equal ones share the mean of their places."""
    total = [0.0] * len(figures[0])
    for row in figures:
        for j, value in enumerate(row):
            better, equal = sum(x > value for x in row), sum(x == value for x in row)
            total[j] += better + (equal + 1) / 2
    return [x / len(figures) for x in total]


def holm(p):
    """Holm's correction: the i-th smallest p-value times how many are left, never falling, 1 at most."""
    corrected, highest = [0.0] * len(p), 0.0
    for i, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
        highest = max(highest, min(p[at] * (len(p) - i), 1.0))
        corrected[at] = highest
    return corrected


def groups(p, alpha):
    """All intervals of two or more detectors of which no pair differs, and that no other such interval holds."""
    k = len(p)
    alike = [
        (a, b)
        for a in range(k)
        for b in range(a + 1, k)
        if all(p[i][j] >= alpha for i, j in itertools.combinations(range(a, b + 1), 2))
    ]
    return [(a, b) for a, b in alike if not any(c <= a and b <= d and (c, d) != (a, b) for c, d in alike)]
