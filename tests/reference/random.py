"""Random numbers addressed by what they are for: one Philox block per address, no state.

The address of a draw has four parts, and each has a field of its own, so that no two draws can be the same:

=========  ==================  ======================================================================
part       where               meaning
=========  ==================  ======================================================================
name       key (64 bits)       whose draws: a variable by its name, or the schedule; under the seed
index      counter, words 0-1  which row (or event, or slot)
site       counter, word 2     which of the draws that the rules of the variable make
attempt    counter, word 3     which try
=========  ==================  ======================================================================
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import fmath
from .fmath import Floats
from .philox import philox4x32

STREAM = 2  # of specs that name none
KEY_STREAM = 1  # in the keys of all streams: what was right stays as it was
TILE = 512

Words = NDArray[np.uint64]
Key = tuple[int, int]


def block(key: Key, index: ArrayLike, site: int, attempt: int = 0) -> tuple[Words, Words]:
    """The two 64-bit words of the Philox blocks at ``index``; in each, the upper 32 bits come first."""
    index = np.asarray(index, np.uint64)
    counter = np.empty((*index.shape, 4), np.uint32)
    counter[..., 0] = index & np.uint64(0xFFFFFFFF)
    counter[..., 1] = index >> np.uint64(32)
    counter[..., 2] = site
    counter[..., 3] = attempt
    c = philox4x32(counter, np.array(key, np.uint32)).astype(np.uint64)
    return c[..., 0] << np.uint64(32) | c[..., 1], c[..., 2] << np.uint64(32) | c[..., 3]


def key_of(seed: int, domain: str, name: str) -> Key:
    """The key of something that has a name.

    Philox is meant for counters that differ, not for keys that resemble each other; so the name is hashed
    (FNV-1a, 64 bits, over domain, a zero byte, name, in UTF-8) and the hash goes through Philox, keyed by
    the seed.
    """
    hashed = 0xCBF29CE484222325
    for byte in domain.encode() + b"\0" + name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    first, _ = block((seed % 2**32, seed >> 32), hashed, KEY_STREAM, 2**32 - 1)
    return int(first) >> 32, int(first) % 2**32


def pairs(rows: Words) -> tuple[Words, NDArray[np.bool_]]:
    """The index of the block that serves each row, and whether the row takes the second of its words.

    A block gives two words, and Box-Muller makes two normals at once. So rows are paired: in every tile of
    512 rows, row j with row j + 256. A row's value needs its own block only, so any row can be computed
    alone.
    """
    tile, place = rows >> np.uint64(9), rows & np.uint64(511)
    return tile * np.uint64(256) + place % np.uint64(256), place >= 256


def words(key: Key, site: int, rows: Words, attempt: int = 0) -> Words:
    """64 random bits for each row."""
    index, second = pairs(rows)
    a, b = block(key, index, site, attempt)
    return np.where(second, b, a)


def unit(word: Words) -> Floats:
    """A word's upper 53 bits as a number in [0, 1)."""
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uniforms(key: Key, site: int, rows: Words, attempt: int = 0) -> Floats:
    """A number in [0, 1) for each row."""
    return unit(words(key, site, rows, attempt))


def normals(key: Key, site: int, rows: Words, attempt: int = 0) -> Floats:
    """A standard normal for each row, by Box and Muller (1958)."""
    index, second = pairs(rows)
    a, b = block(key, index, site, attempt)
    radius = np.sqrt(-2.0 * fmath.ln(1.0 - unit(a)))  # 1 - unit is never 0
    sin, cos = fmath.sincos2pi(unit(b) - 0.5)
    return np.where(second, radius * sin, radius * cos)


def word(key: Key, site: int, index: int, attempt: int = 0) -> int:
    """64 random bits for a decision that is made once: the block's first word."""
    return int(block(key, index, site, attempt)[0])


def scaled(word: int, n: int) -> int:
    """A word as a number in 0 .. n-1: the upper half of the product."""
    return word * n >> 64
