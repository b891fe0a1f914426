"""The reference Philox: published answers, NumPy's Philox as a third opinion, what the data model needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from reference.philox import philox4x32

GOLDEN = Path(__file__).parents[1] / "golden" / "philox4x32.txt"
WORD = st.integers(0, 2**32 - 1)
COUNTER = st.tuples(WORD, WORD, WORD, WORD)
KEY = st.tuples(WORD, WORD)

# Multipliers and Weyl constants of Salmon et al., table 2, per word size in bits.
CONSTANTS = {
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}


def philox4(bits: int, counter: tuple[int, ...], key: tuple[int, ...], rounds: int = 10) -> tuple[int, ...]:
    """Philox4x32 and 4x64 in plain integers: nothing can wrap by accident."""
    (m0, m1), weyl = CONSTANTS[bits]
    mask = 2**bits - 1
    for r in range(rounds):
        k0, k1 = ((k + r * w) & mask for k, w in zip(key, weyl, strict=True))
        p0, p1 = m0 * counter[0], m1 * counter[2]
        counter = (p1 >> bits) ^ counter[1] ^ k0, p1 & mask, (p0 >> bits) ^ counter[3] ^ k1, p0 & mask
    return counter


def known_answers() -> list[tuple[int, list[int]]]:
    lines = [line.split() for line in GOLDEN.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    return [(int(rounds), [int(word, 16) for word in words]) for rounds, *words in lines]


def sequential(first: int, n: int) -> NDArray[np.uint32]:
    """Counters (first, 0, 0, 0), (first + 1, 0, 0, 0), ..."""
    counter = np.zeros((n, 4), np.uint32)
    counter[:, 0] = np.arange(first, first + n, dtype=np.uint32)
    return counter


def uniforms(blocks: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Two doubles in [0, 1) per block, 53 bits each."""
    words = blocks.astype(np.uint64)
    joined = words[..., 0::2] | words[..., 1::2] << np.uint64(32)
    return (joined >> np.uint64(11)).astype(np.float64) * 2.0**-53


def test_the_golden_file_has_both_round_counts() -> None:
    assert sorted(rounds for rounds, _ in known_answers()) == [7, 7, 7, 10, 10, 10]


@pytest.mark.parametrize(("rounds", "words"), known_answers())
def test_known_answers(rounds: int, words: list[int]) -> None:
    counter, key, block = words[:4], words[4:6], words[6:]
    assert philox4x32(counter, key, rounds).tolist() == block
    assert philox4(32, tuple(counter), tuple(key), rounds) == tuple(block)


@given(COUNTER, KEY, st.integers(0, 20))
def test_equals_the_definition_in_plain_integers(counter: tuple[int, ...], key: tuple[int, ...], rounds: int) -> None:
    assert tuple(philox4x32(counter, key, rounds).tolist()) == philox4(32, counter, key, rounds)


@given(st.integers(0, 2**256 - 2), st.integers(0, 2**128 - 1))
def test_the_definition_is_numpys_philox_at_64_bits(counter: int, key: int) -> None:
    # NumPy increments the counter before it uses it: its first block is the one at counter + 1.
    numpy_block = np.random.Philox(counter=counter, key=key).random_raw(4)
    mask = 2**64 - 1
    words = tuple((counter + 1) >> shift & mask for shift in (0, 64, 128, 192))
    assert philox4(64, words, (key & mask, key >> 64)) == tuple(numpy_block.tolist())


@given(COUNTER, KEY)
def test_for_one_key_it_is_a_bijection(counter: tuple[int, ...], key: tuple[int, ...]) -> None:
    """Running the rounds backwards gives the counter again: different counters cannot give the same block."""
    (m0, m1), weyl = CONSTANTS[32]
    mask = 2**32 - 1
    o0, o1, o2, o3 = philox4x32(counter, key).tolist()
    for r in reversed(range(10)):
        k0, k1 = ((k + r * w) & mask for k, w in zip(key, weyl, strict=True))
        c0, c2 = o3 * pow(m0, -1, 2**32) & mask, o1 * pow(m1, -1, 2**32) & mask
        o0, o1, o2, o3 = c0, o0 ^ (m1 * c2 >> 32) ^ k0, c2, o2 ^ (m0 * c0 >> 32) ^ k1
    assert (o0, o1, o2, o3) == counter


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5)])
def test_leading_axes_broadcast(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    counter = rng.integers(0, 2**32, (*shape, 4), dtype=np.uint32)
    key = np.array([7, 2**32 - 1], np.uint32)
    blocks = philox4x32(counter, key)
    assert blocks.shape == (*shape, 4)
    assert blocks.dtype == np.uint32
    for index in np.ndindex(shape):
        assert (blocks[index] == philox4x32(counter[index], key)).all()
    many_keys = rng.integers(0, 2**32, (6, *(1,) * len(shape), 2), dtype=np.uint32)
    assert philox4x32(counter, many_keys).shape == (6, *shape, 4)


@pytest.mark.parametrize("rounds", [7, 10])
def test_every_input_bit_flips_every_output_bit_half_the_time(rounds: int) -> None:
    """Avalanche: 192 input bits x 128 output bits, n trials each; a cell is binomial(n, 1/2)."""
    n = 4096
    rng = np.random.default_rng(2)
    inputs = rng.integers(0, 2**32, (n, 6), dtype=np.uint32)
    plain = philox4x32(inputs[:, :4], inputs[:, 4:], rounds)
    flips = np.empty((192, 128))
    for bit in range(192):
        changed = inputs.copy()
        changed[:, bit // 32] ^= np.uint32(1 << bit % 32)
        difference = plain ^ philox4x32(changed[:, :4], changed[:, 4:], rounds)
        flips[bit] = np.unpackbits(difference.astype("<u4").view(np.uint8), axis=1).sum(axis=0)
    z = (flips - n / 2) / np.sqrt(n / 4)
    assert np.abs(z).max() < 5.5  # 24,576 cells: P(any beyond 5.5 sigma) = 0.1 %
    assert 0.97 < z.std() < 1.03


def test_two_rounds_would_fail_the_avalanche() -> None:
    """The test above can fail: with two rounds some output bits do not depend on some input bits."""
    counter = sequential(0, 256)
    changed = counter.copy()
    changed[:, 3] ^= 1
    same = philox4x32(counter, (1, 2), 2) == philox4x32(changed, (1, 2), 2)
    assert same.all(axis=0).any()


@pytest.mark.parametrize("axis", range(4))
def test_counting_up_any_word_gives_uniform_and_uncorrelated_numbers(axis: int) -> None:
    """Rows, variables, roles and attempts are counted up in one word each: none may show."""
    n = 1 << 16
    u = uniforms(philox4x32(np.roll(sequential(0, n), axis, axis=1), (12345, 67890)))
    for half in u.T:
        assert stats.kstest(half, "uniform").pvalue > 1e-4
        counts = np.bincount((half * 256).astype(np.int64), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-4
        centred = half - half.mean()
        for lag in (1, 2, 3, 7, 256, 512):
            r = np.dot(centred[:-lag], centred[lag:]) / np.dot(centred, centred)
            assert abs(r) * np.sqrt(n) < 4.5
    assert abs(np.corrcoef(u.T)[0, 1]) * np.sqrt(n) < 4.5


def test_neighbouring_keys_and_variables_are_uncorrelated() -> None:
    """64 streams whose keys or counters differ by one: no pair of columns correlates."""
    n, streams = 1 << 13, 64
    ids = np.arange(streams, dtype=np.uint32)[:, None]
    keys = np.concatenate([ids, np.zeros_like(ids)], axis=1)[:, None, :]
    by_key = uniforms(philox4x32(sequential(0, n), keys))[..., 0]
    counter = np.repeat(sequential(0, n)[None], streams, axis=0)
    counter[..., 2] = ids
    by_variable = uniforms(philox4x32(counter, (3, 4)))[..., 0]
    for columns in (by_key, by_variable):
        r = np.corrcoef(columns)[np.triu_indices(streams, 1)] * np.sqrt(n)
        assert np.abs(r).max() < 5  # 2,016 pairs: P(any beyond 5 sigma) = 0.1 %
        assert 0.93 < r.std() < 1.07
