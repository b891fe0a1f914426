"""A Markov chain over 2^64 rows, any row of which is known alone: refined by halving."""

from __future__ import annotations

from functools import cache

import numpy as np

from . import random
from .random import Key, Words

Matrix = list[list[float]]


def total(numbers: list[float]) -> float:
    """The sum, from left to right: the order of additions shows in the last bit."""
    found = 0.0
    for number in numbers:
        found += number
    return found


def normalized(step: Matrix) -> Matrix:
    return [[share / total(row) for share in row] for row in step]


def squared(step: Matrix) -> Matrix:
    n = range(len(step))
    return normalized([[total([step[i][k] * step[k][j] for k in n]) for j in n] for i in n])


def ends_of(weights: list[float]) -> list[float]:
    """State k comes for uniforms in [ends[k-1], ends[k])."""
    whole = total(weights)
    ends = [total(weights[: k + 1]) / whole if whole else np.nan for k in range(len(weights))]
    last = max((k for k, weight in enumerate(weights) if weight > 0.0), default=0)
    return ends[:last] + [1.0] * (len(ends) - last)


def pick(ends: list[float], u: float) -> int:
    return sum(end <= u for end in ends)


class Chain:
    """The stationary chain with these probabilities of one step.

    The states at both ends of the axis are drawn first. Given the states a and b at the ends of 2 h rows, the middle is
    state k with a probability in proportion to P^h[a, k] P^h[k, b].
    """

    def __init__(self, step: Matrix, site: int) -> None:
        self.site = site
        self.powers = [normalized(step)]  # of 1, 2, 4, … steps
        # The same stationary law, without a period: half of the steps stay.
        lazy = [
            [0.5 * share + (0.5 if i == j else 0.0) for j, share in enumerate(row)]
            for i, row in enumerate(self.powers[0])
        ]
        for _ in range(64):
            lazy = squared(lazy)
            self.powers.append(squared(self.powers[-1]))
        self.first = ends_of(lazy[0])
        self.middle = cache(self.middle_law)

    def middle_law(self, bits: int, left: int, right: int) -> list[float]:
        half = self.powers[bits - 1]
        return ends_of([half[left][k] * half[k][right] for k in range(len(half))])

    def states(self, key: Key, rows: Words) -> list[int]:
        """The states in any rows."""

        def drawn(draw: int, index: Words) -> list[float]:
            return list(random.uniforms(key, self.site | draw, index))

        start = np.zeros_like(rows)
        left = [pick(self.first, u) for u in drawn(66, start)]
        right = [pick(ends_of(self.powers[64][a]), u) for a, u in zip(left, drawn(65, start), strict=True)]
        for bits in range(64, 0, -1):
            uniforms = drawn(bits, rows >> np.uint64(bits) if bits < 64 else start)
            for i, row in enumerate(rows):
                between = pick(self.middle(bits, left[i], right[i]), uniforms[i])
                if int(row) >> (bits - 1) & 1:
                    left[i] = between
                else:
                    right[i] = between
        return left
