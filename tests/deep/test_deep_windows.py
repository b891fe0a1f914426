"""Windows: views, counts, choice, splits, and the way back to rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs.deep import fill_missing
from paranom_rs.deep.windowing import covering, to_rows, windows
from paranom_rs.errors import SpecError


def test_the_seeds_own_figure():
    w = windows(np.zeros(220_320), window=60, stride=45)
    assert len(w) == 4895
    assert w.data.shape == (4895, 60, 1)


@given(st.integers(1, 60), st.integers(1, 3), st.integers(1, 20), st.integers(1, 25), st.data())
def test_windows_are_slices(n, d, size, stride, data):
    X = np.arange(n * d, dtype=float).reshape(n, d)
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    if size > n:
        with pytest.raises(SpecError, match=rf"window: must be at most the {n} rows of X, got {size}"):
            windows(X, y, window=size, stride=stride)
        return
    w = windows(X, y, window=size, stride=stride)
    assert len(w) == (n - size) // stride + 1
    for k, start in enumerate(w.start):
        assert (w.data[k] == X[start : start + size]).all()
        assert w.data[k].flags.c_contiguous
        assert w.count[k] == y[start : start + size].sum()
    assert np.shares_memory(w.data, X)
    assert not w.data.flags.writeable
    assert set(w.normal) == {k for k in range(len(w)) if w.count[k] == 0}
    assert set(w.anomalous) == {k for k in range(len(w)) if w.count[k] == size}


def test_split_is_seeded_disjoint_and_whole():
    y = np.zeros(10_000, int)
    y[3000:4000] = 1
    w = windows(np.zeros(10_000), y, window=10, stride=10)
    split = w.split(seed=1)
    assert [len(part) for part in split] == [765, 45, 90, 100]
    joined = np.concatenate(split[:3])
    assert (np.sort(joined) == w.normal).all()
    assert all((a == b).all() for a, b in zip(split, w.split(seed=1), strict=True))
    assert (split.train != w.split(seed=2).train).any()
    with pytest.raises(SpecError, match="parts"):
        w.split((0.5, 0.2, 0.2))


def test_without_labels_every_window_is_normal():
    w = windows(np.zeros(100), window=10, stride=10)
    assert w.count is None
    assert len(w.normal) == 10
    assert len(w.anomalous) == 0


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 20))
def test_rows_get_the_mean_of_their_windows(n, size, stride):
    size, stride = min(size, n), min(stride, size)
    start = covering(n, size, stride)
    scores = np.random.default_rng(n).random(len(start))
    got = to_rows(scores, start, size, n)
    for row in range(n):
        over = [s for s, a in zip(scores, start, strict=True) if a <= row < a + size]
        assert got[row] == pytest.approx(np.mean(over))


def test_missing_values_by_hand():
    data = np.array([[[1.0], [np.nan], [3.0], [9.0], [np.nan]]])
    assert fill_missing(data, "median").ravel().tolist() == [1, 3, 3, 9, 3]
    assert fill_missing(data, "linear").ravel().tolist() == [1, 2, 3, 9, 9]
    kernel = fill_missing(data, "kernel").ravel()
    near, far = np.exp(-1 / 8), np.exp(-4 / 8)
    assert kernel[1] == pytest.approx((near * 1 + near * 3 + far * 9) / (2 * near + far))
    assert np.isnan(data[0, 1, 0])
    with pytest.raises(SpecError, match="NaN in window 0, row 1, channel 0"):
        fill_missing(data, "raise")
    with pytest.raises(SpecError, match=r"nan_policy: .*'drop'"):
        fill_missing(data, "drop")


def test_nothing_missing_is_no_copy():
    data = np.zeros((2, 3, 1))
    assert fill_missing(data) is data


@pytest.mark.parametrize("policy", ["median", "linear", "kernel"])
def test_a_long_gap_and_an_empty_channel(policy):
    data = np.full((1, 500, 1), np.nan)
    data[0, 0] = 4.0
    assert (fill_missing(data, policy) == 4.0).all()
    with pytest.raises(SpecError, match="X: must hold a value of channel 0 in window 0 to fill from"):
        fill_missing(np.full((1, 5, 1), np.nan), policy)


def test_bad_series():
    with pytest.raises(SpecError, match="parts"):
        windows(np.arange(9.0), window=3).split((np.nan, 0.5, 0.5))
    with pytest.raises(SpecError, match="start: must cover row 3 of 20"):
        to_rows(np.ones(2), np.array([0, 5]), 3, 20)
    with pytest.raises(SpecError, match=r"X: must have shape .* got shape \(2, 2, 2\)"):
        windows(np.zeros((2, 2, 2)))
    with pytest.raises(SpecError, match=r"X\[3, 0\]: must be a finite number"):
        windows([0, 0, 0, np.inf], window=2)
    with pytest.raises(SpecError, match="y: must have the 4 rows of X, got 3"):
        windows(np.zeros(4), [0, 0, 0], window=2)
    with pytest.raises(SpecError, match="stride: must be >= 1, got 0"):
        windows(np.zeros(4), window=2, stride=0)
    with pytest.raises(SpecError, match="must be at most the 0 rows of X"):
        windows(np.zeros(0), window=2)


def test_a_size_without_a_fraction_will_do():
    X = np.arange(20.0)
    np.testing.assert_array_equal(windows(X, window=4.0, stride=2.0).data, windows(X, window=4, stride=2).data)
