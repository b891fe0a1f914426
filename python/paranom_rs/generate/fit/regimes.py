"""Channels of few values: what follows on what, and how long each lasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.distributions import Choice
from paranom_rs.generate.rule import Rule
from paranom_rs.generate.states import Markov, Regimes

__all__ = ["regime_rule"]

#: States times shape of regimes are so many at most.
MOST_STAGES = 32
#: Rows are independent where the share of a state after another one is within so many standard errors of its own.
ERRORS = 4.0
#: Fewer runs do not show how regular their lengths are.
LEAST_RUNS = 8

Codes = NDArray[np.int64]


def regime_rule(codes: Codes, values: Sequence[str | float | bool]) -> Rule:
    """Return the rule of a channel of few values: independent rows, a Markov chain, or regimes with dwell times.

    Parameters
    ----------
    codes
        (n,), the place of each row's value in ``values``; at least two of them occur.
    values
        At most 32.
    """
    k = len(values)
    counts = np.zeros((k, k))
    np.add.at(counts, (codes[:-1], codes[1:]), 1.0)
    shares = np.bincount(codes, minlength=k) / len(codes)
    if _is_independent(counts, shares):
        return Choice(list(values), [float(share) for share in shares])
    changes = np.flatnonzero(np.diff(codes)) + 1
    starts = np.concatenate([[0], changes])
    lengths = np.diff(np.concatenate([starts, [len(codes)]]))
    which = codes[starts]
    dwell = np.array([lengths[which == s].mean() if (which == s).any() else 1.0 for s in range(k)])
    shape = _shape(which, lengths, dwell)
    if shape == 1:
        return Markov(list(values), _rows(counts))
    np.fill_diagonal(counts, 0.0)
    dwell = np.maximum(dwell, shape)
    return Regimes(list(values), [float(x) for x in dwell], _rows(counts, itself=False), shape=shape)


def _is_independent(counts: Floats, shares: Floats) -> bool:
    """Whether the row before says nothing of a row."""
    before = counts.sum(axis=1)
    known = before > 0
    after = counts[known] / before[known, None]
    error = np.sqrt(np.maximum(shares * (1.0 - shares), 1e-12) / before[known, None])
    return bool((np.abs(after - shares) <= ERRORS * error + 1e-9).all())


def _shape(which: Codes, lengths: NDArray[np.int64], dwell: Floats) -> int:
    """Return how regular lengths of runs are: of how many geometric times they are the sum."""
    # The first and the last run were cut off.
    which, lengths = which[1:-1], lengths[1:-1]
    if len(lengths) < LEAST_RUNS:
        return 1
    found, weights = [], []
    for s in range(len(dwell)):
        own = lengths[which == s]
        if len(own) >= LEAST_RUNS // 2:
            mean = own.mean()
            found.append(mean**2 / (own.var(ddof=1) + mean))
            weights.append(len(own))
    if not found:
        return 1
    most = min(MOST_STAGES // len(dwell), int(dwell.min()))
    return int(np.clip(round(float(np.average(found, weights=weights))), 1, max(most, 1)))


def _rows(counts: Floats, *, itself: bool = True) -> list[list[float]]:
    """Return probabilities of what comes next, which sum to 1, so that each state leads to every other one."""
    k = len(counts)
    allowed = np.ones((k, k)) if itself else 1.0 - np.eye(k)
    if not _all_lead_to_all(counts):
        counts = counts + 0.5 * allowed
    total = counts.sum(axis=1, keepdims=True)
    rows = counts / total
    return [[float(p) for p in row] for row in rows]


def _all_lead_to_all(counts: Floats) -> bool:
    reached = (counts > 0) | np.eye(len(counts), dtype=bool)
    for _ in range(len(counts).bit_length()):
        reached = (reached.astype(np.float64) @ reached) > 0
    return bool(reached.all())
