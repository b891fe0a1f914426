"""Distinct draws: a keyed bijection of 0 .. count - 1, a value at a time in plain integers."""

from __future__ import annotations

from .philox import philox4x32

ROUNDS = 8
WORD = 2**32 - 1


def keys_of(key: tuple[int, int], site: int) -> list[int]:
    """The round keys: the lower half of the first word of Philox at (round, site)."""
    return [int(philox4x32([i, 0, site, 0], key)[1]) for i in range(ROUNDS)]


def fold(half: int, key: int) -> int:
    """A product of two 32-bit numbers, its halves folded."""
    product = (half ^ key) * 0xD2511F53
    return product >> 32 ^ product >> 15 ^ product


def feistel(x: int, bits: int, keys: list[int]) -> int:
    """A bijection of 0 .. 2**bits - 1: each half in turn is changed by the other."""
    shift = (bits + 1) // 2
    left, right = x >> shift, x & (2**shift - 1)
    for i in range(0, ROUNDS, 2):
        left ^= fold(right, keys[i]) & (2 ** (bits - shift) - 1)
        right ^= fold(left, keys[i + 1]) & (2**shift - 1)
    return left << shift | right


def number(row: int, count: int, keys: list[int]) -> int:
    """Cycle walking (Black and Rogaway 2002): again until the number is one of the ``count``."""
    bits = (count - 1).bit_length()
    x = feistel(row, bits, keys)
    while x >= count:
        x = feistel(x, bits, keys)
    return x
