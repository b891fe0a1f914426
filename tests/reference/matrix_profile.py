"""The matrix profile by definition: every distance of every pair of windows, in extended precision.

Yeh et al., "Matrix Profile I: All Pairs Similarity Joins for Time Series" (ICDM 2016);
Yeh et al., "Matrix Profile VI: Meaningful Multidimensional Motif Discovery" (ICDM 2017).
"""

from __future__ import annotations

import numpy as np

LONG = np.longdouble


def exclusion(m):
    """Windows that start at most this far apart are trivial matches: ceil(m / 4)."""
    return -(-m // 4)


def windows(x, m):
    """All windows of m values, one per row."""
    return np.lib.stride_tricks.sliding_window_view(np.asarray(x, dtype=LONG), m)


def znormalized(w):
    """(w - mean) / std of each row; the rows that are constant are 0."""
    # Shift by the first value and scale by the span first: nothing overflows, no digit is lost.
    span = w.max(axis=1, keepdims=True) - w.min(axis=1, keepdims=True)
    w = (w - w[:, :1]) / np.where(span > 0, span, 1)
    w = w - w.mean(axis=1, keepdims=True)
    std = np.sqrt((w**2).mean(axis=1, keepdims=True))
    return np.where(span > 0, w / np.where(std > 0, std, 1), 0)


def distances(x, y, m, distance="znormalized"):
    """D[i, j]: the distance of window i of x to window j of y; inf where one has a value that is not
    finite.
    """
    a, b = windows(x, m), windows(y, m)
    missing_a, missing_b = ~np.isfinite(a).all(axis=1), ~np.isfinite(b).all(axis=1)
    a, b = np.where(np.isfinite(a), a, 0), np.where(np.isfinite(b), b, 0)
    D = np.empty((len(a), len(b)), dtype=LONG)
    if distance == "znormalized":
        constant_a, constant_b = (a == a[:, :1]).all(axis=1), (b == b[:, :1]).all(axis=1)
        u, v = znormalized(a), znormalized(b)
        for i in range(len(a)):
            D[i] = np.sqrt(((u[i] - v) ** 2).sum(axis=1))
        D[constant_a[:, None] != constant_b[None, :]] = np.sqrt(LONG(m))
        D[constant_a[:, None] & constant_b[None, :]] = 0
    else:
        for i in range(len(a)):
            if distance == "l2":
                D[i] = np.sqrt(((a[i] - b) ** 2).sum(axis=1))
            else:
                D[i] = np.abs(a[i] - b).sum(axis=1)
        if distance == "relative":
            size = np.abs(b).sum(axis=1)[None, :]
            D = np.where(size > 0, D / np.where(size > 0, size, 1), np.where(D > 0, np.inf, 0))
    D[missing_a, :] = np.inf
    D[:, missing_b] = np.inf
    return D


def without_trivial(D, m, side="both"):
    """D with inf where j is no neighbour of i; side "left": only j before i, "right": only j after i."""
    i, j = np.indices(D.shape)
    apart = j - i
    allowed = {
        "both": np.abs(apart) > exclusion(m),
        "left": -apart > exclusion(m),
        "right": apart > exclusion(m),
    }[side]
    return np.where(allowed, D, np.inf)


def nearest(D, k=1):
    """The k smallest distances of each row and where they are, (n, k); inf and -1 if there are fewer."""
    order = np.argsort(D, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(D, order, axis=1)
    missing = k - order.shape[1]
    if missing > 0:
        order = np.pad(order, ((0, 0), (0, missing)))
        values = np.pad(values, ((0, 0), (0, missing)), constant_values=np.inf)
    return values.astype(float), np.where(np.isfinite(values), order, -1)


def multidimensional(X, m, *, include=(), distance="znormalized"):
    """D[k, i, j]: the mean of the k + 1 smallest distances over the columns of X; those in include first."""
    d = X.shape[1]
    D = np.stack([distances(X[:, t], X[:, t], m, distance) for t in range(d)])
    rest = [t for t in range(d) if t not in include]
    D = np.concatenate([D[list(include)], np.sort(D[rest], axis=0)])
    return np.cumsum(D, axis=0) / np.arange(1, d + 1).reshape(-1, 1, 1)
