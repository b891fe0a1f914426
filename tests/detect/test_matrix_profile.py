"""The matrix profile equals the reference (all pairs, extended precision), on nice and on nasty series."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import paranom_rs
from paranom_rs import matrix_profile, matrix_profile_ab_join, matrix_profile_multidimensional
from reference import matrix_profile as reference
from support.nasty_series import assert_close, assert_consistent, series

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"

DISTANCES = ["znormalized", "l1", "l2", "relative"]


@given(series(), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_self_join_equals_the_reference(distance, x, data):
    m = data.draw(st.integers(3, len(x) // 2))
    k = data.draw(st.sampled_from([1, 1, 3]))
    D = reference.distances(x, x, m, distance)
    found = matrix_profile(x, m, k=k, distance=distance)
    for side in ["both", "left", "right"]:
        prefix = "" if side == "both" else f"{side}_"
        expected, _ = reference.nearest(reference.without_trivial(D, m, side), k)
        values = getattr(found, f"{prefix}profile").reshape(-1, k)
        indices = getattr(found, f"{prefix}indices").reshape(-1, k)
        assert_close(values, expected, m)
        for column in range(k):
            assert_consistent(values[:, column], indices[:, column], reference.without_trivial(D, m, side))


@given(series(), series(), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_ab_join_equals_the_reference(distance, x, other, data):
    m = data.draw(st.integers(3, min(len(x), len(other))))
    D = reference.distances(x, other, m, distance)
    expected, _ = reference.nearest(D, 2)
    found = matrix_profile_ab_join(x, other, m, k=2, distance=distance)
    assert_close(found.profile, expected, m)
    for column in range(2):
        assert_consistent(found.profile[:, column], found.indices[:, column], D)
    assert found.left_profile is None


@given(st.integers(1, 10), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_several_dimensions_equal_the_reference(distance, d, data):
    columns = [data.draw(series(least=30, most=80)) for _ in range(d)]
    X = np.stack([c[: min(map(len, columns))] for c in columns], axis=1)
    m = data.draw(st.integers(3, len(X) // 2))
    include = tuple(data.draw(st.lists(st.integers(0, d - 1), unique=True, max_size=d)))
    D = reference.multidimensional(X, m, include=include, distance=distance)
    found = matrix_profile_multidimensional(X, m, include=include, distance=distance)
    # The neighbour is chosen by sums of squares: with plain values, half the digits of the largest one.
    largest = np.abs(X[np.isfinite(X)]).max(initial=0)
    atol = max(2e-5, 1e-7 * largest) if distance == "l2" else 2e-5
    for level in range(d):
        for side in ["both", "left", "right"]:
            prefix = "" if side == "both" else f"{side}_"
            allowed = reference.without_trivial(D[level], m, side)
            expected, _ = reference.nearest(allowed)
            values = getattr(found, f"{prefix}profile")[:, level]
            # A mean of distances, each with its own rounding near 0.
            finite = np.isfinite(expected[:, 0])
            np.testing.assert_array_equal(np.isfinite(values), finite)
            a, b = values[finite], expected[finite, 0]
            assert (a >= b - 1e-9 * np.maximum(b, 1)).all()
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=atol)
            assert_consistent(values, getattr(found, f"{prefix}indices")[:, level], allowed)


@given(st.integers(1, 10), st.data())
def test_pruning_loses_no_neighbour(d, data):
    """Values this small are out of the range of the lower bounds: every pair of windows is evaluated exactly."""
    columns = [data.draw(series(least=60, most=300)) for _ in range(d)]
    X = np.stack([c[: min(map(len, columns))] for c in columns], axis=1)
    include = tuple(data.draw(st.lists(st.integers(0, d - 1), unique=True, max_size=d)))
    m = data.draw(st.integers(3, 20))
    found = matrix_profile_multidimensional(X, m, include=include)
    every = matrix_profile_multidimensional(X * 2.0**-120, m, include=include)
    for name in ("profile", "indices", "left_profile", "left_indices", "right_profile", "right_indices"):
        assert getattr(found, name).tobytes() == getattr(every, name).tobytes()


def test_subspaces_are_the_nearest_columns():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 4))
    X[120:150, [1, 3]] = X[30:60, [1, 3]]
    found = matrix_profile_multidimensional(X, 20)
    assert found.indices[125, 1] == 35
    assert found.profile[125, 1] == 0
    assert sorted(found.subspaces(2)[125]) == [1, 3]
    assert sorted(found.subspaces(4)[0]) == [0, 1, 2, 3]
    included = matrix_profile_multidimensional(X, 20, include=[2]).subspaces(3)
    assert (included[:, 0] == 2).all()


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e8])
@pytest.mark.parametrize("kind", ["noise", "walk"])
def test_large_offsets_cost_no_digits(kind, offset):
    x = np.random.default_rng(5).normal(size=1200)
    x = (x.cumsum() if kind == "walk" else x) + offset
    expected, where = reference.nearest(reference.without_trivial(reference.distances(x, x, 50), 50))
    found = matrix_profile(x, 50)
    np.testing.assert_allclose(found.profile, expected[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.indices, where[:, 0])


def test_a_spike_costs_no_digits_elsewhere():
    x = np.random.default_rng(6).normal(size=1200)
    x[700] = 1e8
    expected, _ = reference.nearest(reference.without_trivial(reference.distances(x, x, 50), 50))
    np.testing.assert_allclose(matrix_profile(x, 50).profile, expected[:, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("size", [1.0, 1e-7])
def test_identical_windows_are_exactly_0_apart(size, offset):
    x = np.random.default_rng(7).normal(size=20000) * size + offset
    x[15000:15100] = x[300:400]
    x[6000] = offset + 1e9 * size
    found = matrix_profile(x, 60)
    assert (found.profile[300:341] == 0).all()
    assert (found.indices[300:341] == np.arange(15000, 15041)).all()
    assert (found.profile[:300] > 0).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e307])
def test_scales_near_the_limits_of_float64(scale):
    x = np.random.default_rng(8).uniform(-1, 1, size=300)
    x[150] = 0.0
    expected = matrix_profile(x, 20).profile
    np.testing.assert_allclose(matrix_profile(x * scale, 20).profile, expected, rtol=1e-9)


def test_constant_windows():
    x = np.concatenate([np.full(30, 2.0), np.random.default_rng(1).normal(size=30), np.full(30, 7.0)])
    found = matrix_profile(x, 10)
    assert found.profile[0] == 0
    assert found.indices[0] == 4  # the first constant one that is no trivial match
    assert found.left_profile[80] == 0
    assert (found.profile <= np.sqrt(10)).all()
    everything = matrix_profile(np.zeros(50), 10)
    assert (everything.profile == 0).all()


@given(series(least=20, most=100))
def test_a_larger_fraction_is_nowhere_worse(x):
    profiles = [matrix_profile(x, 5, fraction=f).profile for f in (0.05, 0.2, 0.5, 0.9, 1.0)]
    for smaller, larger in itertools.pairwise(profiles):
        assert (larger <= smaller + 1e-6).all()


def test_a_fraction_is_a_good_guess():
    x = np.random.default_rng(9).normal(size=6000).cumsum()
    whole, part = matrix_profile(x, 50).profile, matrix_profile(x, 50, fraction=0.1).profile
    assert np.isfinite(part).mean() > 0.99
    assert (part >= whole - 1e-9).all()
    assert np.median(part / whole) < 1.5


@pytest.mark.parametrize("distance", DISTANCES)
def test_long_windows_of_a_long_series(distance):
    # Long enough for more rows and diagonals than are swept at a time; windows drawn, for all would take hours.
    rng, m, k = np.random.default_rng(20), 400, 2
    x = rng.normal(size=21_000).cumsum()
    x[[5000, 17_000]] = np.nan
    found = matrix_profile(x, m, k=k, distance=distance)
    drawn = np.append(rng.choice(len(x) - m + 1, 4, replace=False), [0, 4990, 8192, 16_384, 20_600])
    rows = np.stack([reference.distances(x[i : i + m], x, m, distance)[0] for i in drawn])
    rows[np.abs(drawn[:, None] - np.arange(rows.shape[1])) <= reference.exclusion(m)] = np.inf
    values, _ = reference.nearest(rows, k)
    assert_close(found.profile[drawn], values, m)
    for column in range(k):
        assert_consistent(found.profile[drawn, column], found.indices[drawn, column], rows)


@pytest.mark.parametrize("kind", ["walk", "integers", "several"])
def test_threads_do_not_change_a_bit(kind):
    rng, settings, compute = np.random.default_rng(10), {"k": 2}, matrix_profile
    x = rng.normal(size=9500).cumsum() if kind == "walk" else rng.integers(0, 4, 9500).astype(float)
    if kind == "several":
        x, settings, compute = rng.normal(size=(9500, 2)).cumsum(axis=0), {}, matrix_profile_multidimensional
    one = compute(x, 20, threads=1, **settings)
    for threads in (2, 5):
        other = compute(x, 20, threads=threads, **settings)
        for name in ("profile", "indices", "left_profile", "left_indices", "right_profile", "right_indices"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


SCRIPT = """
import hashlib, numpy as np
from paranom_rs import StreamingMatrixProfile, build_info, matrix_profile, matrix_profile_multidimensional
x = np.random.default_rng(11).normal(size=(700, 3)).cumsum(axis=0)
h = hashlib.sha256()
for distance in ("znormalized", "l1", "l2", "relative"):
    found = matrix_profile(x[:, 0], 21, distance=distance)
    h.update(found.profile.tobytes() + found.indices.tobytes())
for X in (x, np.concatenate([x, x[::-1] ** 2, np.sin(x)], axis=1)):
    found = matrix_profile_multidimensional(X, 21)
    h.update(found.profile.tobytes() + found.indices.tobytes())
h.update(StreamingMatrixProfile(21, 200, 3).update_many(x).tobytes())
h.update(StreamingMatrixProfile(21, 200).update_many(x[:, 1]).tobytes())
print(build_info()["simd"], h.hexdigest())
"""


def test_simd_levels_do_not_change_a_bit():
    digests = set()
    for level in ("baseline", "avx2", "avx512"):
        env = os.environ | {"PARANOM_SIMD": level}
        run = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
        digests.add(run.stdout.split()[1])
    assert len(digests) == 1


def test_arrays_are_ours_and_typed():
    found = matrix_profile([1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 9], 3)
    assert found.profile.dtype == np.float64
    assert found.indices.dtype == np.int64
    assert found.profile.flags.writeable
    assert found.profile.shape == (10,)
    assert len(found) == 10
    assert "windows=10" in repr(found)


def test_discords_do_not_overlap_and_motifs_are_pairs():
    rng = np.random.default_rng(12)
    x = np.sin(np.arange(1000) * 2 * np.pi / 50) + 0.01 * rng.normal(size=1000)
    x[400:420] += 2
    x[700:705] -= 1
    found = matrix_profile(x, 50)
    discords = found.discords(4)
    first = discords[0]
    assert overlap(first, 400, 420)
    assert any(overlap(discord, 700, 705) for discord in discords)
    assert first.stop - first.start == 50
    assert np.diff(sorted(discord.start for discord in discords)).min() >= 50
    assert first.distance == found.profile[first.start]
    assert first.neighbor == found.indices[first.start]
    motifs = found.motifs(3)
    assert motifs[0].distance == found.profile.min()
    starts = [start for motif in motifs for start in motif[:2]]
    assert min(abs(a - b) for i, a in enumerate(starts) for b in starts[:i]) > 12
    assert found.discords(1000)  # as many as there are


def test_what_is_masked_is_missing():
    x = np.random.default_rng(30).normal(size=300).cumsum()
    x[100] = 1e6
    masked = np.ma.array(x, mask=np.arange(300) == 100)
    without = np.where(masked.mask, np.nan, x)
    assert matrix_profile(masked, 20).profile.tobytes() == matrix_profile(without, 20).profile.tobytes()
    scores = [paranom_rs.StreamingMatrixProfile(20, 100).update_many(given) for given in (masked, without)]
    assert scores[0].tobytes() == scores[1].tobytes()


def test_a_series_of_missing_values_has_no_neighbours():
    found = matrix_profile(np.full(20, np.nan), 5)
    assert np.isinf(found.profile).all()
    assert (found.indices == -1).all()
    assert found.discords(3) == []
    assert found.motifs(3) == []


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: matrix_profile(np.zeros(10), 2), ValueError, "window: must be >= 3, got 2"),
        (
            lambda: matrix_profile(np.zeros(10), 6),
            ValueError,
            "window: must be at most half the length of x, 10, got 6",
        ),
        (lambda: matrix_profile(np.zeros(10), 10**9), ValueError, "window: must be at most"),
        (lambda: matrix_profile(np.zeros(10), 3.5), TypeError, "window: must be a whole number, got 3.5"),
        (
            lambda: matrix_profile(np.zeros((5, 5)), 3),
            ValueError,
            r"x: must be one-dimensional, got shape \(5, 5\)",
        ),
        (lambda: matrix_profile([], 3), ValueError, "x: must not be empty"),
        (lambda: matrix_profile(1.0, 3), ValueError, "x: must be one-dimensional"),
        (lambda: matrix_profile("abc", 3), TypeError, "x: must hold real numbers"),
        (lambda: matrix_profile(["a", "b"], 3), TypeError, "x: must hold real numbers"),
        (
            lambda: matrix_profile(np.zeros(9, complex), 3),
            TypeError,
            "x: must hold real numbers, got dtype complex128",
        ),
        (lambda: matrix_profile([[1, 2], [3]], 3), ValueError, "x: "),
        (lambda: matrix_profile([None, 1.0], 3), TypeError, "x: must hold real numbers, got dtype object"),
        (lambda: matrix_profile(np.zeros(10), 3, k=0), ValueError, "k: must be >= 1, got 0"),
        (lambda: matrix_profile(np.zeros(10), 3, distance=np.zeros(2)), TypeError, "distance: must be a text"),
        (lambda: matrix_profile(np.zeros(10), 3, distance=False), TypeError, "distance: must be a text, got False"),
        (
            lambda: matrix_profile(np.zeros(10), 3, distance="l3"),
            ValueError,
            "distance: .*one of 'znormalized', 'l1', 'l2', 'relative'",
        ),
        (lambda: matrix_profile(np.zeros(10), 10**30), ValueError, "window: must be a whole number from 3 to"),
        (lambda: matrix_profile(np.zeros(10), 3, fraction=True), TypeError, "fraction: must be a number, got True"),
        (lambda: matrix_profile(np.zeros(10), 3, fraction=10**400), ValueError, "fraction: must be above 0"),
        (
            lambda: matrix_profile_multidimensional(np.zeros((10, 2)), 3, include=None),
            TypeError,
            "include: must be a sequence",
        ),
        (lambda: matrix_profile(np.zeros(10), 3, fraction=0), ValueError, "fraction: must be above 0"),
        (lambda: matrix_profile(np.zeros(10), 3, fraction=np.nan), ValueError, "fraction: must be above 0"),
        (lambda: matrix_profile(np.zeros(10), 3, fraction="x"), TypeError, "fraction: must be a number, got 'x'"),
        (lambda: matrix_profile(np.zeros(10), 3, threads=0), ValueError, "threads: must be >= 1"),
        (
            lambda: matrix_profile_ab_join(np.zeros(10), np.zeros(3), 4),
            ValueError,
            "reference: must have at least window = 4",
        ),
        (lambda: matrix_profile_ab_join(np.zeros(10), [], 4), ValueError, "reference: must not be empty"),
        (
            lambda: matrix_profile(np.full(10, 1e200), 3, distance="l2"),
            ValueError,
            r"x\[0\]: must be at most",
        ),
        (
            lambda: matrix_profile_multidimensional(np.zeros((9, 2)), 3, include=[2]),
            ValueError,
            r"include\[0\]: must name different dimensions below 2, got 2",
        ),
        (
            lambda: matrix_profile_multidimensional(np.zeros(9), 3),
            ValueError,
            r"x: must be two-dimensional, rows are samples, got shape \(9,\)",
        ),
        (
            lambda: matrix_profile_multidimensional(np.zeros((9, 0)), 3),
            ValueError,
            "x: must not be empty",
        ),
        (lambda: matrix_profile(np.broadcast_to(0.0, 10**15), 3), MemoryError, "x: "),
        (lambda: matrix_profile(np.zeros(10), 3).discords(0), ValueError, "k: must be >= 1"),
        (
            lambda: matrix_profile(np.zeros(10), 3).discords(dimensions=1),
            ValueError,
            "dimensions: must not be",
        ),
        (lambda: matrix_profile(np.zeros(10), 3).subspaces(1), ValueError, "subspaces: must be asked of a multidim"),
        (
            lambda: matrix_profile_multidimensional(np.zeros((9, 2)), 3).discords(dimensions=3),
            ValueError,
            "dimensions: must be at most 2, got 3",
        ),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words) as info:
        call()
    assert isinstance(info.value, paranom_rs.ParanomError)


def test_ctrl_c_stops_the_work():
    x = np.random.default_rng(13).normal(size=1 << 21)  # minutes
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            matrix_profile(x, 64)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(matrix_profile(x[:100], 10)) == 91


def test_progress_shows_a_bar(capsys):
    pytest.importorskip("tqdm")
    matrix_profile(np.random.default_rng(14).normal(size=3000), 30, progress=True)
    assert "100%" in capsys.readouterr().err


def digest(x):
    return hashlib.sha256(matrix_profile(x, 20).profile.tobytes()).hexdigest()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_computes_the_same():
    x = np.random.default_rng(15).normal(size=5000)
    here = digest(x)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(digest, (x,)).get(60) == here


def test_plot_marks_the_discord():
    pytest.importorskip("matplotlib")
    x = np.sin(np.arange(500) / 5)
    x[250:260] = 0
    figure = matrix_profile(x, 30).plot()
    assert len(figure.axes) == 2
    assert figure.axes[0].patches
    assert len(matrix_profile_multidimensional(np.stack([x, x], axis=1), 30).plot(discords=0).axes) == 3


def overlap(discord, start, stop):
    return discord.start < stop and discord.stop > start


def data(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return np.loadtxt(path)


@pytest.mark.parametrize(
    ("name", "start", "stop"),
    [
        ("ucr/135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt", 4187, 4199),
        ("ucr/136_UCR_Anomaly_InternalBleeding17_1600_3198_3309.txt", 3198, 3309),
    ],
)
def test_the_first_discord_of_ucr_is_the_labelled_one(name, start, stop):
    assert overlap(matrix_profile(data(name), 100).discords()[0], start, stop)


def test_the_first_discords_of_the_power_demand_are_the_labelled_weeks():
    labelled = [(8254, 8998), (11348, 12143), (33883, 34601)]
    discords = matrix_profile(data("power_demand/power_data.txt"), 750).discords(3)
    for start, stop in labelled:
        assert sum(overlap(discord, start, stop) for discord in discords) == 1


@pytest.mark.parametrize(
    ("name", "m", "start", "stop"),
    [
        ("ecg/chfdb_chf01_275.txt", 200, 2330, 2600),
        ("ecg/chfdbchf15.txt", 200, 2250, 2400),
        ("ecg/mitdb__100_180.txt", 150, 1800, 1990),
    ],
)
def test_the_first_discord_of_an_ecg_is_the_labelled_one(name, m, start, stop):
    found = matrix_profile_multidimensional(data(name)[:, 1:], m)
    assert overlap(found.discords()[0], start, stop)


@pytest.mark.skipif("STUMPY" not in os.environ, reason="compiling STUMPY takes minutes: set STUMPY=1")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(1200)
def test_stumpy_agrees():
    stumpy = pytest.importorskip("stumpy")
    rng = np.random.default_rng(16)
    x, y = rng.normal(size=600).cumsum(), rng.normal(size=300).cumsum()
    x[100:140] = 3.0
    x[300] = np.nan
    for m in (8, 50):
        theirs = stumpy.stump(x, m)
        np.testing.assert_allclose(matrix_profile(x, m).profile, theirs[:, 0].astype(float), atol=1e-6)
        theirs = stumpy.stump(y, m)
        ours = matrix_profile(y, m)
        np.testing.assert_allclose(ours.profile, theirs[:, 0].astype(float), atol=1e-8)
        np.testing.assert_array_equal(ours.indices, theirs[:, 1].astype(int))
        np.testing.assert_array_equal(ours.left_indices, theirs[:, 2].astype(int))
        np.testing.assert_array_equal(ours.right_indices, theirs[:, 3].astype(int))
        joined = stumpy.stump(x, m, y, ignore_trivial=False)[:, 0].astype(float)
        np.testing.assert_allclose(matrix_profile_ab_join(x, y, m).profile, joined, atol=1e-6)
        for p in (1, 2):
            theirs = stumpy.aamp(x, m, p=float(p))[:, 0].astype(float)
            ours = matrix_profile(x, m, distance=f"l{p}").profile
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    X = rng.normal(size=(300, 3)).cumsum(axis=0)
    for include in ((), (1,)):
        theirs, where = stumpy.mstump(X.T, 20, include=list(include) or None)
        ours = matrix_profile_multidimensional(X, 20, include=include)
        np.testing.assert_allclose(ours.profile, theirs.T, atol=1e-6)
        np.testing.assert_array_equal(ours.indices, where.T)
