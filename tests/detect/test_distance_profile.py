"""A query's distances equal the reference, and matches are the nearest ones that are apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import SpecError, SpecTypeError, distance_profile, match, matrix_profile
from reference import matrix_profile as reference
from support.nasty_series import series

DISTANCES = ["znormalized", "l1", "l2", "relative"]


@given(series(least=40), series(), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_equal_the_reference(distance, x, other, data):
    m = data.draw(st.integers(3, 40))
    inside = data.draw(st.booleans())
    source = x if inside or len(other) < m else other
    at = data.draw(st.integers(0, len(source) - m))
    query = source[at : at + m]
    expected = reference.distances(query, x, m, distance)[0].astype(float)
    found = distance_profile(query, x, distance=distance)
    np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-9, atol=1e-11)
    if inside and np.isfinite(query).all():
        assert found[at] == 0


@pytest.mark.parametrize("scale", [1e-310, 1e-150, 1e150, 8e307])
def test_scales_near_the_limits_of_float64(scale):
    x = np.random.default_rng(8).uniform(-1, 1, size=200)
    expected = distance_profile(x[30:50], x)
    np.testing.assert_allclose(distance_profile(x[30:50] * scale, x * scale), expected, rtol=1e-9, atol=1e-9)


def test_large_offsets_and_spikes_cost_no_digits():
    rng = np.random.default_rng(5)
    x = rng.normal(size=3000).cumsum() + 1e8
    x[1000] += 1e9
    expected = reference.distances(x[200:250], x, 50)[0]
    np.testing.assert_allclose(distance_profile(x[200:250], x), expected.astype(float), rtol=0, atol=1e-12)


def test_threads_do_not_change_a_bit():
    x = np.random.default_rng(6).normal(size=40_000).cumsum()
    one = distance_profile(x[:77], x, threads=1)
    assert one.tobytes() == distance_profile(x[:77], x, threads=3).tobytes()


def brute_force(values, k, zone):
    """The definition: the smallest one, again and again."""
    values, found = np.where(np.isfinite(values), values, np.inf), []
    while len(found) < k and np.isfinite(values).any():
        found.append(int(values.argmin()))
        values[max(found[-1] - zone, 0) : found[-1] + zone + 1] = np.inf
    return found


@given(series(least=60), st.integers(1, 12), st.integers(0, 30), st.data())
def test_matches_are_the_nearest_that_are_apart(x, k, zone, data):
    query = np.sin(np.arange(10))
    profile = distance_profile(query, x)
    found = match(query, x, k, exclusion=zone)
    assert [m.start for m in found] == brute_force(profile, k, zone)
    assert [m.distance for m in found] == [profile[m.start] for m in found]
    limit = data.draw(st.floats(0, 8))
    near = match(query, x, threshold=limit, exclusion=zone)
    assert [m.start for m in near] == brute_force(np.where(profile <= limit, profile, np.inf), len(x), zone)


@given(series(least=60), st.integers(1, 12), st.integers(0, 30))
def test_discords_and_motifs_have_their_own_exclusion_zone(x, k, zone):
    found = matrix_profile(x, 12)
    discords = found.discords(k, exclusion=zone)
    assert [d.start for d in discords] == brute_force(-found.profile, k, zone)
    starts = [start for motif in found.motifs(k, exclusion=zone) for start in motif[:2]]
    pairs = [(a, b) for i, a in enumerate(starts) for b in starts[: i // 2 * 2]]
    assert all(abs(a - b) > zone for a, b in pairs)


def test_timestamps_come_back():
    rng = np.random.default_rng(2)
    times = pd.date_range("2026-01-01", periods=400, freq="min", tz="Europe/Berlin")
    x = pd.Series(rng.normal(size=400).cumsum(), index=times)
    found = match(x[50:80], x, 2)
    assert found[0].time == times[50]
    profile = matrix_profile(x, 30)
    discord = profile.discords()[0]
    assert discord.time == times[discord.start]
    motif = profile.motifs()[0]
    assert motif.times == (times[motif.first], times[motif.second])
    assert match(x.to_numpy()[50:80], x.to_numpy(), 1)[0].time is None


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: distance_profile([1.0, 2.0], [1.0] * 9),
            SpecError,
            "query: must have at least 3 values, got 2 values",
        ),
        (lambda: distance_profile([1.0] * 9, [1.0] * 5), SpecError, "x: must have at least as many values as query, 9"),
        (lambda: distance_profile([], [1.0] * 5), SpecError, "query: must not be empty"),
        (lambda: distance_profile([1.0] * 3, [1.0] * 5, distance="l3"), SpecError, "distance: must be one of"),
        (lambda: distance_profile([1e200] * 3, [1.0] * 5, distance="l2"), SpecError, r"query\[0\]: must be at most"),
        (lambda: distance_profile("abc", [1.0] * 5), SpecTypeError, "query: must hold real numbers"),
        (lambda: match([1.0] * 3, [1.0] * 5), SpecError, "k: must be given where there is no threshold"),
        (lambda: match([1.0] * 3, [1.0] * 5, 0), SpecError, "k: must be >= 1"),
        (lambda: match([1.0] * 3, [1.0] * 5, threshold=-1), SpecError, "threshold: must be a number >= 0"),
        (lambda: match([1.0] * 3, [1.0] * 5, 1, exclusion=-1), SpecError, "exclusion: must be >= 0"),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
