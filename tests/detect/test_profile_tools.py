"""What is read off matrix profiles equals its definition: chains, segmentation, MPdist, snippets, consensus, MDL."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    FLOSS,
    RAMP,
    SpecError,
    SpecTypeError,
    StateError,
    all_chains,
    anchored_chain,
    consensus_motif,
    distance_profile,
    fluss,
    matrix_profile,
    matrix_profile_ab_join,
    matrix_profile_multidimensional,
    mpdist,
    multidimensional_motifs,
    snippets,
)
from paranom_rs.detect.detector_file import pack, unpack
from reference import matrix_profile as reference
from reference import profile_tools
from support.nasty_series import assert_consistent, series

RNG = np.random.default_rng(0)
WAVE = np.sin(np.arange(400) / 6) + 0.1 * RNG.normal(size=400)


@given(series(least=30))
def test_chains_are_their_definition(x):
    found = matrix_profile(x, 8)
    expected = profile_tools.chains(found.left_indices, found.right_indices)
    assert [chain.tolist() for chain in all_chains(found)] == expected
    for chain in expected[:3]:
        assert anchored_chain(found, chain[1]).tolist() == chain[1:]
    single = sorted(set(range(len(found))) - {i for chain in expected for i in chain})
    assert all(anchored_chain(found, i).tolist() == [i] for i in single[:3])


def test_a_pattern_that_drifts_is_a_chain():
    rng = np.random.default_rng(1)
    x = rng.normal(size=600)
    for nth, at in enumerate(range(20, 600, 60)):
        x[at : at + 30] = np.sin(np.arange(30) / 30 * 2 * np.pi * (1 + nth / 9)) * 5 + 0.01 * rng.normal(size=30)
    longest = all_chains(matrix_profile(x, 30))[0]
    assert len(longest) >= 8
    assert (np.abs(np.diff(longest) - 60) <= 3).all()


@given(series(least=60), st.integers(0, 12))
def test_fluss_is_its_definition(x, zone):
    found = matrix_profile(x, 8)
    cut = fluss(found, 3, exclusion=zone)
    np.testing.assert_allclose(cut.curve, profile_tools.fluss_curve(found.indices, zone), rtol=1e-12)
    assert all(abs(a - b) > zone for i, a in enumerate(cut.changes) for b in cut.changes[:i])
    if cut.changes:
        assert cut.curve[cut.changes[0]] == cut.curve.min() < 1


def test_changes_of_behaviour_are_found():
    t, rng = np.arange(3000), np.random.default_rng(2)
    x = np.where(t < 1200, np.sin(t / 8), np.where(t < 2000, np.sign(np.sin(t / 8)), np.sin(t / 8) ** 3))
    x = pd.Series(x + 0.1 * rng.normal(size=3000), index=pd.date_range("2026", periods=3000, freq="min"))
    cut = fluss(matrix_profile(x, 50), 3)
    assert np.abs(np.sort(cut.changes) - [1200, 2000]).max() < 100
    assert cut.times == [x.index[at] for at in cut.changes]
    stream = FLOSS(50, 2000)
    stream.update_many(x[:2200])
    at, low = stream.change
    assert abs(at - 1200) < 100
    assert low < 0.3


@given(series(least=60, most=100), st.integers(16, 60), st.sampled_from(["znormalized", "l1"]))
def test_floss_is_its_definition(x, history, distance):
    stream = FLOSS(8, history, exclusion=3, distance=distance)
    stream.update_many(x[:50])
    for value in x[50:]:
        stream.update(value)
    last = x[-history:]
    assert stream.start == len(x) - len(last)
    if neighbours_are_clear(last, 8, distance):
        np.testing.assert_allclose(stream.curve, profile_tools.floss_curve(last, 8, 3, distance), rtol=1e-9)


def neighbours_are_clear(x, m, distance):
    """Whether no window has two later neighbours that are about equally near."""
    D = reference.without_trivial(reference.distances(x, x, m, distance), m, "right")
    two, _ = reference.nearest(D, 2)
    two = two[np.isfinite(two).all(axis=1)]
    return np.abs(x[np.isfinite(x)]).max(initial=0) < 1e5 and (two[:, 1] - two[:, 0] > 1e-4).all()


@given(series(least=20, most=80), series(least=20, most=80), st.data())
def test_mpdist_is_its_definition(a, b, data):
    m = data.draw(st.integers(3, 20))
    share = data.draw(st.sampled_from([0.05, 0.5]))
    expected = profile_tools.mpdist(a, b, m, share)
    assert mpdist(a, b, m, share=share) == pytest.approx(expected, rel=1e-6, abs=2e-5 * math.sqrt(m))


@pytest.mark.parametrize("m", [10, 20])
def test_snippets_are_their_definition(m):
    rng, t = np.random.default_rng(3), np.arange(200)
    x = np.where(t < 120, np.sin(t / 3), np.sign(np.sin(t / 3))) + 0.1 * rng.normal(size=200)
    starts, profiles = profile_tools.snippet_starts(x, 20, 3, m)
    found = snippets(x, 20, 3, window=m)
    assert [s.start for s in found] == starts
    np.testing.assert_allclose([s.profile for s in found], profiles, rtol=1e-9, atol=1e-9)
    assert sum(s.fraction for s in found) == pytest.approx(1)
    covered = sorted(row for s in found for a, b in s.regimes for row in range(a, b))
    assert covered == list(range(181))


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_snippets_of_odd_series_are_their_definition(offset):
    """Many windows in a snippet, so that a recurrence is used: constants, holes, repeats, spikes."""
    x = np.random.default_rng(7).normal(size=170) + offset
    x[30:50], x[60], x[90] = offset, np.nan, 1e6 + offset
    x[120:150] = x[:30]
    starts, profiles = profile_tools.snippet_starts(x, 30, 3, 8)
    found = snippets(x, 30, 3, window=8)
    assert [one.start for one in found] == starts
    for one, profile in zip(found, profiles, strict=True):
        np.testing.assert_allclose(one.profile, profile.astype(float), rtol=1e-7, atol=1e-7)


def test_snippets_of_two_behaviours():
    t = np.arange(4000)
    x = np.where(t < 3000, np.sin(t / 8), np.sign(np.sin(t / 8))) + 0.05 * np.random.default_rng(4).normal(size=4000)
    x[500] = np.nan
    x = pd.Series(x, index=pd.date_range("2026", periods=4000, freq="min"))
    first, second = snippets(x, 100, 2, window=50)
    assert first.stop <= 3000 <= second.start
    assert first.fraction == pytest.approx(0.75, abs=0.04)
    assert second.time == x.index[second.start]


@given(st.lists(series(least=15, most=60), min_size=2, max_size=4), st.sampled_from(["znormalized", "l1"]))
def test_the_consensus_motif_is_its_definition(several, distance):
    expected = profile_tools.consensus(several, 10, distance)
    found = consensus_motif(several, 10, distance=distance)
    if not np.isfinite(expected):
        assert found is None
        return
    assert found.radius == pytest.approx(expected, rel=1e-6, abs=1e-4)
    query = several[found.series][found.start : found.stop]
    for at, x in enumerate(several):
        exact = reference.distances(query, x, 10, distance)[0]
        assert found.distances[at] == pytest.approx(float(exact[found.starts[at]]), rel=1e-9, abs=1e-9)
    assert found.radius == max(found.distances)


@pytest.mark.parametrize("distance", ["znormalized", "l1", "l2", "relative"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_consensus_motif_has_the_bits_of_all_radii(count, distance):
    rng = np.random.default_rng(count)
    several = [rng.normal(size=n).cumsum() for n in rng.integers(60, 300, size=count)]
    several[0][40:43], several[1][50] = np.nan, 1e9  # a hole, and a spike that is a segment of its own
    expected = profile_tools.least_radius(several, 16, lambda query, x: distance_profile(query, x, distance=distance))
    for threads in (1, 3):  # (two series: a pair of windows is as near from both sides)
        found = consensus_motif(several, 16, distance=distance, threads=threads)
        assert (found.radius, found.series, found.start) == expected


def test_of_equally_near_windows_the_first_is_the_consensus_motif():
    assert consensus_motif([WAVE] * 5, 20)[:3] == (0.0, 0, 0)
    flat = np.zeros(40)
    assert consensus_motif([WAVE, flat, flat], 20)[:3] == (math.sqrt(20), 0, 0)
    assert consensus_motif([flat, np.full(40, 2.0)], 20)[:3] == (0.0, 0, 0)
    assert consensus_motif([WAVE, np.full(40, np.nan), WAVE], 20) is None


@given(st.integers(1, 4), st.data())
@pytest.mark.parametrize("distance", ["znormalized", "l1", "relative"])
def test_an_ab_join_of_several_series_equals_the_reference(distance, d, data):
    def table():
        columns = [data.draw(series(least=30, most=60)) for _ in range(d)]
        return np.stack([c[: min(map(len, columns))] for c in columns], axis=1)

    X, Y = table(), table()
    m = data.draw(st.integers(3, min(len(X), len(Y))))
    include = tuple(data.draw(st.lists(st.integers(0, d - 1), unique=True, max_size=d)))
    found = matrix_profile_multidimensional(X, m, reference=Y, include=include, distance=distance)
    D = np.stack([reference.distances(X[:, t], Y[:, t], m, distance) for t in range(d)])
    rest = [t for t in range(d) if t not in include]
    D = np.concatenate([D[list(include)], np.sort(D[rest], axis=0)])
    D = np.cumsum(D, axis=0) / np.arange(1, d + 1).reshape(-1, 1, 1)
    assert found.left_profile is None
    for level in range(d):
        expected, _ = reference.nearest(D[level])
        finite = np.isfinite(expected[:, 0])
        np.testing.assert_array_equal(np.isfinite(found.profile[:, level]), finite)
        np.testing.assert_allclose(found.profile[finite, level], expected[finite, 0], rtol=1e-7, atol=2e-5)
        assert_consistent(found.profile[:, level], found.indices[:, level], D[level])


def test_one_column_joined_is_the_ab_join():
    x, y = RNG.normal(size=(300, 1)).cumsum(axis=0), RNG.normal(size=(200, 1)).cumsum(axis=0)
    one = matrix_profile_ab_join(x[:, 0], y[:, 0], 20)
    several = matrix_profile_multidimensional(x, 20, reference=y)
    np.testing.assert_array_equal(one.indices, several.indices[:, 0])
    assert one.profile.tobytes() == several.profile[:, 0].tobytes()


def test_multidimensional_motifs_are_their_definition():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(500, 4)).cumsum(axis=0)
    pattern = 3 * np.sin(np.arange(40) / 3)
    for at in (100, 300):
        X[at : at + 40, [1, 3]] = pattern[:, None] + 0.05 * rng.normal(size=(40, 2))
    found = matrix_profile_multidimensional(X, 40)
    motif = multidimensional_motifs(found, 2)[0]
    assert motif[:2] == (100, 300)
    assert sorted(motif.columns) == [1, 3]
    for level in range(4):
        at = int(found.profile[:, level].argmin())
        other = int(found.indices[at, level])
        columns = found.subspaces(level + 1)[at].tolist()
        expected = profile_tools.bits(X[at : at + 40], X[other : other + 40], columns, 4)
        assert motif.bits[level] == pytest.approx(expected, rel=1e-12)
    starts = [start for m in multidimensional_motifs(found, 5) for start in m[:2]]
    assert all(abs(a - b) >= 40 for i, a in enumerate(starts) for b in starts[: i // 2 * 2])


@pytest.mark.parametrize("distance", ["znormalized", "l2"])
@pytest.mark.parametrize("seen", [0, 5, 60, 300])
def test_a_saved_floss_goes_on_with_the_same_bits(distance, seen):
    x = np.random.default_rng(9).normal(size=500).cumsum()
    stream = FLOSS(10, 120, exclusion=12, distance=distance)
    stream.update_many(x[:seen])
    for other in (FLOSS.from_bytes(stream.to_bytes()), pickle.loads(pickle.dumps(stream))):
        assert repr(other) == repr(stream)
        other.update_many(x[seen:])
        whole = FLOSS(10, 120, exclusion=12, distance=distance)
        whole.update_many(x)
        assert other.curve.tobytes() == whole.curve.tobytes()
        assert (other.change, other.start) == (whole.change, whole.start)


def test_a_damaged_floss_is_refused():
    stream = FLOSS(10, 120)
    stream.update_many(np.random.default_rng(9).normal(size=300))
    data = stream.to_bytes()
    for at in range(0, len(data), 97):
        with pytest.raises(StateError):
            FLOSS.from_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    for bad in (b"", data[:-1], data + b"x", RAMP(1, window=5, reference=20).to_bytes()):
        with pytest.raises(StateError):
            FLOSS.from_bytes(bad)
    state = unpack(data)
    for change in (
        {"parameters": {**state.parameters, "history": 121}},
        {"parameters": {"window": 10}},
        {"values": {"n_seen": 7}},
        {"detector": "ZScore"},
        {"arrays": {**state.arrays, "indices": state.arrays["indices"] + 1000}},
        {"arrays": {**state.arrays, "stream": state.arrays["stream"][:-1]}},
    ):
        with pytest.raises(StateError):
            FLOSS.from_bytes(pack(state._replace(**change)))
    with pytest.raises(SpecTypeError, match="data: must be bytes"):
        FLOSS.from_bytes("text")


@pytest.mark.parametrize("distance", ["znormalized", "l1", "l2", "relative"])
@pytest.mark.parametrize("include", [(), (2, 0)])
def test_columns_of_a_motif_are_its_subspace(distance, include):
    X = np.random.default_rng(6).normal(size=(200, 4)).cumsum(axis=0)
    X[50:90, 3] = 1
    found = matrix_profile_multidimensional(X, 20, distance=distance, include=include)
    for motif in multidimensional_motifs(found, 3):
        places = (motif.first, motif.second)
        both = [found.subspaces(len(motif.columns))[at].tolist() for at in places]
        assert motif.columns in both


def test_annotations_hide_windows():
    x = WAVE.copy()
    x[100:120] += 2
    x[300:310] -= 1
    found = matrix_profile(x, 30)
    assert found.discords()[0].start < 120
    weights = np.ones(len(found))
    weights[60:140] = 0
    assert 260 < found.annotated(weights).discords()[0].start < 320
    motif = found.motifs()[0]
    weights = np.ones(len(found))
    weights[list(motif[:2])] = 0
    corrected = found.annotated(weights, motifs=True)
    assert corrected.profile[motif.first] == found.profile[motif.first] + found.profile.max()
    assert corrected.motifs()[0] != motif


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: anchored_chain(matrix_profile(WAVE, 30), 400),
            SpecError,
            "start: must be a whole number from 0",
        ),
        (
            lambda: all_chains(matrix_profile_ab_join(WAVE, WAVE, 30)),
            SpecError,
            "found: must be the matrix profile",
        ),
        (lambda: fluss(matrix_profile(WAVE, 30), 1), SpecError, "regimes: must be >= 2"),
        (
            lambda: fluss(matrix_profile_ab_join(WAVE, WAVE, 30), 2),
            SpecError,
            "found: must be the matrix profile",
        ),
        (lambda: FLOSS(30, 50), SpecError, "history: must be >= 60"),
        (lambda: FLOSS(30, 90, distance="l3"), SpecError, "distance: must be one of"),
        (lambda: FLOSS(30, 90).update("a"), SpecTypeError, "X: must hold real numbers"),
        (lambda: mpdist(WAVE, WAVE[:9], 10), SpecError, "must have at least window = 10"),
        (lambda: mpdist(WAVE, WAVE, 10, share=0), SpecError, "share: must be > 0 and < 1"),
        (lambda: snippets(WAVE, 201, 2), SpecError, "length: must be at most half the length of x, 400"),
        (lambda: snippets(WAVE, 50, 2, window=51), SpecError, "window: must be from 3 to the length of query, 50"),
        (lambda: consensus_motif([WAVE], 10), SpecError, "series: must have at least 2 series, got 1"),
        (lambda: consensus_motif([WAVE, WAVE[:5]], 10), SpecError, r"series\[1\]: must have at least window = 10"),
        (lambda: consensus_motif(5, 10), SpecTypeError, "series: must be a sequence"),
        (
            lambda: multidimensional_motifs(matrix_profile(WAVE, 30)),
            SpecError,
            "found: must be the matrix profile",
        ),
        (lambda: matrix_profile(WAVE, 30).annotated(np.ones(3)), SpecError, "annotation: must have one value for each"),
        (
            lambda: matrix_profile(WAVE, 30).annotated(np.full(371, 2)),
            SpecError,
            r"annotation\[0\]: must be from 0",
        ),
        (
            lambda: matrix_profile_multidimensional(np.zeros((9, 2)), 3, reference=np.zeros((9, 3))),
            SpecError,
            "reference: must have as many series as x, 2",
        ),
        (
            lambda: matrix_profile_multidimensional(np.zeros((9, 2)), 3, reference=np.zeros((9, 2))).subspaces(1),
            SpecError,
            "subspaces: must be asked of a multidimensional profile that is no AB-join",
        ),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
