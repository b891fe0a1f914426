"""A join in tiles is the join: neighbours on both sides, several series, a reference; it goes on from disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    SpecError,
    matrix_profile,
    matrix_profile_ab_join,
    matrix_profile_multidimensional,
    tiled_matrix_profile,
)
from paranom_rs.detect.tiles import Tile
from reference import matrix_profile as reference
from support.nasty_series import series

DISTANCES = ["znormalized", "l1", "l2", "relative"]
ARRAYS = ["profile", "indices", "left_profile", "left_indices", "right_profile", "right_indices"]


def walk(n, d=None, seed=0, *, flat=True):
    x = np.random.default_rng(seed).normal(size=n if d is None else (n, d)).cumsum(axis=0)
    x[n // 3] = np.nan
    if flat:
        x[n // 2 : n // 2 + 40] = 7
    return x


def assert_equal(found, expected):
    for name in ARRAYS:
        a, b = getattr(found, name), getattr(expected, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 500])
def test_tiles_are_the_join(distance, pieces):
    x = walk(900, flat=distance == "znormalized")  # else many windows are equally near to a flat one
    expected = matrix_profile(x, 30, distance=distance)
    assert_equal(tiled_matrix_profile(x, 30, pieces=pieces, distance=distance), expected)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_tiles_with_a_reference_and_of_several_series(pieces):
    x, y, X = walk(700), walk(400, seed=1), walk(600, 3, flat=False)
    joined = matrix_profile_ab_join(x, y, 25)
    assert_equal(tiled_matrix_profile(x, 25, reference=y, pieces=pieces), joined)
    assert_equal(tiled_matrix_profile(X, 25, pieces=pieces), matrix_profile_multidimensional(X, 25))
    other = matrix_profile_multidimensional(X, 25, reference=X[:300])
    assert_equal(tiled_matrix_profile(X, 25, reference=X[:300], pieces=pieces), other)


@given(series(least=20), st.integers(1, 9), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_tiles_equal_the_reference(distance, x, pieces, data):
    m = data.draw(st.integers(3, len(x) // 2))
    found = tiled_matrix_profile(x, m, pieces=pieces, distance=distance)
    D = reference.distances(x, x, m, distance)
    for side, profile in (("left", found.left_profile), ("right", found.right_profile), ("both", found.profile)):
        expected, _ = reference.nearest(reference.without_trivial(D, m, side))
        np.testing.assert_allclose(profile, expected[:, 0], rtol=1e-7, atol=2e-5 * np.sqrt(m))


def test_a_join_goes_on_from_disk(tmp_path, monkeypatch):
    x, done = walk(900, flat=False), []
    joined = Tile._joined
    monkeypatch.setattr(Tile, "_joined", lambda tile: done.append(tile.path.name) or joined(tile))

    def first_four(tiles):
        yield from (tile.compute() for tile in tiles[:4])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiled_matrix_profile(x, 30, pieces=6, folder=tmp_path, run=first_four)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    files[1].write_bytes(files[1].read_bytes()[:-3])
    found = tiled_matrix_profile(x, 30, pieces=6, folder=tmp_path)
    assert len(done) == 4 + 15 - 3  # those kept are not computed again, but for the damaged one
    assert_equal(found, matrix_profile(x, 30))
    again = tiled_matrix_profile(x, 30, pieces=6, folder=tmp_path)
    assert len(done) == 16
    assert_equal(again, found)
    # Another series and another distance have tiles of their own in the same folder.
    assert_equal(tiled_matrix_profile(2 * x + 1, 30, pieces=6, folder=tmp_path), matrix_profile(2 * x + 1, 30))
    l1 = tiled_matrix_profile(x, 30, pieces=6, folder=tmp_path, distance="l1")
    assert_equal(l1, matrix_profile(x, 30, distance="l1"))


def test_tiles_come_back_with_times():
    times = pd.date_range("2026-01-01", periods=500, freq="s")
    found = tiled_matrix_profile(pd.Series(walk(500), index=times), 20, pieces=3)
    discord = found.discords()[0]
    assert discord.time == times[discord.start]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tiled_matrix_profile(walk(90), 46), "window: must be at most half the length of x, 90"),
        (lambda: tiled_matrix_profile(walk(90), 2), "window: must be >= 3"),
        (lambda: tiled_matrix_profile(walk(90), 9, pieces=0), "pieces: must be >= 1"),
        (lambda: tiled_matrix_profile(walk(90), 9, reference=walk(8)), "reference: must have at least window = 9"),
        (lambda: tiled_matrix_profile(walk(90, 2), 9, reference=walk(90, 3)), "reference: must have 2 columns"),
        (lambda: tiled_matrix_profile([], 9), "x: must not be empty"),
        (lambda: tiled_matrix_profile(np.zeros((2, 2, 2)), 9), "x: must be one-dimensional"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(SpecError, match=words):
        call()
