"""Thinned samples are their definition, however they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs.watch.buckets import Buckets, width_for
from paranom_rs.watch.rows import Rows
from reference.watch import thin

VALUES = st.sampled_from([0.0, -0.0, 1.0, -2.0, 5.0, float("nan")])


def rows(first: int, X: np.ndarray, score: list[float]) -> Rows:
    n, d = X.shape
    shares = np.arange(n * d, dtype=np.float32).reshape(n, d)
    return Rows(
        first,
        np.arange(first, first + n, dtype=np.float64),
        X,
        np.array(score, dtype=np.float64),
        shares,
        np.zeros(n, np.float32),
        (np.arange(n) % 4 * (np.arange(n) % 5 == 0)).astype(np.uint8),
    )


@st.composite
def samples(draw: st.DrawFn) -> Rows:
    n, d = draw(st.integers(0, 40)), draw(st.integers(1, 3))
    X = np.array(draw(st.lists(VALUES, min_size=n * d, max_size=n * d))).reshape(n, d)
    return rows(draw(st.integers(0, 20)), X, draw(st.lists(VALUES, min_size=n, max_size=n)))


@given(samples(), st.sampled_from([1, 2, 4, 16]), st.integers(0, 40))
def test_buckets_are_their_definition(given: Rows, width: int, cut: int) -> None:
    expected = thin(given.first, given.X, given.score, given.flags, width)
    found = Buckets.of(given, width)
    halves = [Buckets.of(part, width) for part in (given.between(0, cut), given.between(cut, 1000))]
    for buckets in (found, Buckets.joined(halves, width, given.X.shape[1]), Buckets.of(given, 1).coarser(width)):
        assert buckets.number.tolist() == list(expected)
        for i, bucket in enumerate(expected.values()):
            np.testing.assert_array_equal(buckets.low[i], bucket["low"])
            np.testing.assert_array_equal(buckets.high[i], bucket["high"])
            np.testing.assert_array_equal(buckets.score[i], bucket["score"])
            np.testing.assert_array_equal(buckets.contributions[i], given.contributions[bucket["at"]])
            assert buckets.flags[i] == bucket["flags"]
    again = Buckets.from_bytes(width, len(found), given.X.shape[1], found.to_bytes())
    assert again.to_bytes() == found.to_bytes()


@given(samples())
def test_rows_survive_bytes(given: Rows) -> None:
    again = Rows.from_bytes(given.first, len(given), given.X.shape[1], given.to_bytes())
    assert again.to_bytes() == given.to_bytes()
    assert (
        Rows.joined([given.between(0, 15), given.between(15, 100)], 0, given.X.shape[1]).to_bytes() == again.to_bytes()
    )


@pytest.mark.parametrize(("n", "most", "width"), [(0, 10, 1), (10, 10, 1), (11, 10, 2), (1000, 10, 128), (1, 1, 1)])
def test_widths(n: int, most: int, width: int) -> None:
    assert width_for(n, most) == width
