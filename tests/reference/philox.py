"""Philox4x32, the counter-based generator of Salmon, Moraes, Dror and Shaw (SC'11).

"Parallel random numbers: as easy as 1, 2, 3", doi 10.1145/2063384.2063405, section 3.3. For one key it is
a bijection of the 128-bit counter, so two different counters can never give the same block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (np.uint32(0x9E3779B9), np.uint32(0xBB67AE85))  # golden ratio and sqrt(3) - 1, as fractions of 2**32


def _mulhilo(multiplier: np.uint64, word: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The high and the low half of the 64-bit product."""
    product = multiplier * word.astype(np.uint64)  # both factors < 2**32: never wraps
    return (product >> np.uint64(32)).astype(np.uint32), (product & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def philox4x32(counter: ArrayLike, key: ArrayLike, rounds: int = 10) -> NDArray[np.uint32]:
    """The blocks at ``counter`` (..., 4) under ``key`` (..., 2): uint32, leading axes broadcast."""
    counter, key = np.asarray(counter, np.uint32), np.asarray(key, np.uint32)
    lead = np.broadcast_shapes(counter.shape[:-1], key.shape[:-1])
    c0, c1, c2, c3 = (np.broadcast_to(counter[..., i], lead) for i in range(4))
    k0, k1 = (np.broadcast_to(key[..., i], lead) for i in range(2))
    for _ in range(rounds):
        hi0, lo0 = _mulhilo(MULTIPLIERS[0], c0)
        hi1, lo1 = _mulhilo(MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
        with np.errstate(over="ignore"):  # the key walks modulo 2**32
            k0, k1 = k0 + WEYL[0], k1 + WEYL[1]
    return np.stack([c0, c1, c2, c3], axis=-1)
