"""What is read off matrix profiles, by definition: chains, arc curves, MPdist, snippets, consensus motifs, MDL."""

from __future__ import annotations

import math

import numpy as np

from reference.matrix_profile import distances, nearest, without_trivial


def chains(left, right):
    """All chains (Matrix Profile VII): i -> j if j = right[i] and i = left[j]; longest first, then the earliest."""
    n = len(left)
    link = {i: int(right[i]) for i in range(n) if right[i] >= 0 and left[right[i]] == i}
    targets = set(link.values())
    found = []
    for i in range(n):
        if i in link and i not in targets:
            chain = [i]
            while chain[-1] in link:
                chain.append(link[chain[-1]])
            found.append(chain)
    return sorted(found, key=len, reverse=True)


def arc_curve(indices, expected, zone):
    """min(arcs over each row / expected arcs, 1), and 1 at both ends (Matrix Profile VIII)."""
    n = len(indices)
    curve = np.ones(n)
    for row in range(zone, n - zone):
        arcs = sum(min(i, j) <= row < max(i, j) for i, j in enumerate(indices) if j >= 0)
        curve[row] = min(arcs / expected(row), 1) if expected(row) > 0 else 1
    return curve


def fluss_curve(indices, zone):
    """Of n arcs between rows drawn at random, 2 row (n - row) / n pass over a row."""
    n = len(indices)
    return arc_curve(indices, lambda row: 2 * row * (n - row) / n, zone)


def floss_curve(x, m, zone, distance="znormalized"):
    """The same with each window's nearest later neighbour: window i's lies behind row with (n - row) / (n - i)."""
    D = without_trivial(distances(x, x, m, distance), m, "right")
    _, indices = nearest(D)
    n = len(D)
    return arc_curve(indices[:, 0], lambda row: sum((n - row) / (n - i) for i in range(row)), zone)


def ranked(values, rank):
    values = np.sort(values[np.isfinite(values)])
    return values[min(rank, len(values) - 1)] if len(values) else np.inf


def mpdist(a, b, m, share=0.05, distance="znormalized", rank=None):
    """The item of a low rank of all nearest neighbours' distances, both ways (Matrix Profile XII)."""
    both = np.concatenate([distances(p, q, m, distance).min(axis=1) for p, q in ((a, b), (b, a))]).astype(float)
    return ranked(both, math.ceil(share * (len(a) + len(b))) if rank is None else rank)


def snippet_starts(x, length, k, m):
    """Greedy: each snippet lowers the sum of the MPdists to the nearest snippet most (Matrix Profile XIII)."""
    starts = range(0, len(x) - length + 1, length)
    intervals = range(len(x) - length + 1)
    D = np.array([[mpdist(x[s : s + length], x[i : i + length], m) for i in intervals] for s in starts])
    chosen, near = [], np.full(len(intervals), np.inf)
    for _ in range(min(k, len(D))):
        sums = [np.inf if c in chosen else np.minimum(D[c], near).sum() for c in range(len(D))]
        chosen.append(int(np.argmin(sums)))
        near = np.minimum(near, D[chosen[-1]])
    return [starts[c] for c in chosen], D[chosen]


def consensus(series, m, distance="znormalized"):
    """The least radius: the largest distance of a window to its neighbours in all other series (Matrix Profile XV)."""
    best = np.inf
    for at, x in enumerate(series):
        nearest_in = [distances(x, y, m, distance).min(axis=1) for b, y in enumerate(series) if b != at]
        best = min(best, float(np.max(nearest_in, axis=0).min()))
    return best


def least_radius(series, m, profile):
    """The least radius, its series and its window, from the distance profiles of all windows; the first of several."""

    def radius(at, start):
        query = series[at][start : start + m]
        return max(float(profile(query, y).min()) for other, y in enumerate(series) if other != at)

    return min((radius(at, start), at, start) for at, x in enumerate(series) for start in range(len(x) - m + 1))


def bits(x, y, columns, d, n_bits=8):
    """Minimum description length of two windows with some columns of one stored as differences (Matrix Profile VI)."""
    m, size = len(x), len(columns) * len(x)
    values = {a - b for c in columns for a, b in zip(discrete(x[:, c]), discrete(y[:, c]), strict=True)}
    return n_bits * (2 * d * m - size) + size * math.log2(len(values)) + len(values) * n_bits


def discrete(w, n_bits=8):
    """The number of the interval, of 2^bits equally probable ones of the normal distribution, of each value."""
    z = (w - w.mean()) / w.std()
    return [int(0.5 * (1 + math.erf(v / math.sqrt(2))) * 2**n_bits) for v in z]
