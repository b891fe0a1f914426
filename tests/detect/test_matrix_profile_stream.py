"""The streaming profile equals the left profile, window by window, for ever."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_matrix_profile import series

import paranom_rs
from paranom_rs import StreamingMatrixProfile, matrix_profile
from paranom_rs.detect.detector_file import pack, unpack
from reference import matrix_profile as reference


def left(X, m, history, t, distance="znormalized"):
    """By definition: the scores of the window that sample t ends, among the last ``history`` samples."""
    kept = X[max(t - history + 1, 0) : t + 1]
    count = len(kept) - m + 1
    D = np.stack([reference.distances(column[-m:], column, m, distance)[0] for column in kept.T])
    D = np.cumsum(np.sort(D, axis=0), axis=0) / np.arange(1, len(D) + 1)[:, None]
    return D[:, : max(count - 1 - reference.exclusion(m), 0)].min(axis=1, initial=np.inf).astype(float)


def assert_scores(scores, X, m, history, at=None):
    for t in range(m - 1, len(X)) if at is None else at:
        expected = left(X, m, history, t)
        np.testing.assert_array_equal(np.isfinite(scores[t]), np.isfinite(expected))
        finite = np.isfinite(expected)
        np.testing.assert_allclose(scores[t][finite], expected[finite], rtol=1e-7, atol=2e-5)


@given(st.integers(1, 3), st.data())
def test_scores_equal_the_reference(d, data):
    columns = [data.draw(series(least=30, most=90)) for _ in range(d)]
    X = np.stack([c[: min(map(len, columns))] for c in columns], axis=1)
    m = data.draw(st.integers(3, 12))
    history = data.draw(st.integers(2 * m, 60))
    stream = StreamingMatrixProfile(m, history, d)
    scores = stream.update_many(X).reshape(len(X), d)
    assert np.isnan(scores[: m - 1]).all()
    assert not np.isnan(scores[m - 1 :]).any()
    assert_scores(scores, X, m, history)
    assert stream.n_seen == len(X)


PLAIN = ["l1", "l2", "relative"]


@given(st.integers(1, 3), st.data())
@pytest.mark.parametrize("distance", PLAIN)
def test_plain_scores_equal_the_reference(distance, d, data):
    columns = [data.draw(series(least=20, most=50)) for _ in range(d)]
    X = np.stack([c[: min(map(len, columns))] for c in columns], axis=1)
    m = data.draw(st.integers(3, 8))
    history = data.draw(st.integers(2 * m, 40))
    stream = StreamingMatrixProfile(m, history, d, distance=distance)
    cut = data.draw(st.integers(0, len(X)))
    scores = np.concatenate([stream.update_many(part).reshape(-1, d) for part in (X[:cut], X[cut:])])
    assert np.isnan(scores[: m - 1]).all()
    for t in range(m - 1, len(X)):
        np.testing.assert_allclose(scores[t], left(X, m, history, t, distance), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("distance", PLAIN)
def test_a_plain_stream_is_the_left_profile_and_goes_on_from_its_bytes(distance):
    x = np.random.default_rng(0).normal(size=300).cumsum()
    x[100] = np.nan
    batch = matrix_profile(x, 20, distance=distance)
    stream = StreamingMatrixProfile(20, 300, distance=distance)
    scores = [stream.update(value) for value in x[:150]]
    for other in (StreamingMatrixProfile.from_bytes(stream.to_bytes()), pickle.loads(pickle.dumps(stream))):
        assert (other.distance, other.n_seen, other.index) == (distance, 150, stream.index)
        found = np.array(scores + [other.update(value) for value in x[150:]])
        np.testing.assert_allclose(found[19:], batch.left_profile, rtol=1e-13)
        np.testing.assert_array_equal(found, StreamingMatrixProfile(20, 300, distance=distance).update_many(x))
        assert other.index == batch.left_indices[-1]


def test_a_damaged_plain_stream_is_refused():
    stream = StreamingMatrixProfile(5, 20, 2, distance="l2")
    stream.update_many(np.arange(60.0).reshape(30, 2))
    data = stream.to_bytes()
    for at in range(8, len(data), 31):
        with pytest.raises(paranom_rs.StateError):
            StreamingMatrixProfile.from_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    state = unpack(data)
    for change in (
        {"detector": "FLOSS"},
        {"parameters": {**state.parameters, "history": 8}},
        {"parameters": {**state.parameters, "windows": []}},
        {"arrays": {**state.arrays, "scores_0": -state.arrays["scores_0"]}},
        {"parameters": {**state.parameters, "distance": "l3"}},
        {"values": {"seen": 3, "index": [-1, -1]}},
        {"values": {"seen": 30, "index": [-1]}},
        {"values": {"seen": 30, "index": [-1, 99]}},
        {"arrays": {}},
    ):
        with pytest.raises(paranom_rs.StateError):
            StreamingMatrixProfile.from_bytes(pack(state._replace(**change)))


def test_what_a_plain_stream_refuses_changes_nothing():
    stream = StreamingMatrixProfile(5, 20, distance="l2")
    stream.update_many(np.arange(30.0))
    before = stream.to_bytes()
    with pytest.raises(paranom_rs.SpecError, match=r"X\[1\]\[0\]: must be at most"):
        StreamingMatrixProfile(5, 20, distance="l2").update_many([1.0, 1e300])
    for bad in ([1.0, 1e300], ["a"], [[1.0, 2.0]]):
        with pytest.raises((paranom_rs.SpecError, paranom_rs.SpecTypeError)):
            stream.update_many(bad)
    assert stream.to_bytes() == before
    with pytest.raises(paranom_rs.SpecError, match="history: must be"):
        StreamingMatrixProfile(5, 9, distance="l1")
    with pytest.raises(paranom_rs.SpecError, match="distance: must be one of"):
        StreamingMatrixProfile(5, 90, distance="l3")


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e8])
def test_it_is_the_left_profile(offset):
    x = np.random.default_rng(0).normal(size=2000).cumsum() + offset
    stream = StreamingMatrixProfile(50, 2000)
    scores = stream.update_many(x)
    batch = matrix_profile(x, 50)
    np.testing.assert_allclose(scores[49:], batch.left_profile, rtol=0, atol=1e-12)
    assert stream.index == batch.left_indices[-1]


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("spike", [1e4, 1e10, 1e100])
def test_a_spike_leaves_no_trace(spike, d):
    X = np.random.default_rng(1).normal(size=(3000, d))
    X[500, 0] = spike
    X[1200:1400, -1] *= np.linspace(1, 1e6, 200)
    scores = StreamingMatrixProfile(20, 400, d).update_many(X).reshape(-1, d)
    for t in [*range(515, 560, 5), *range(880, 940, 5), *range(1390, 1440, 5), *range(1780, 1850, 5), 2999]:
        np.testing.assert_allclose(scores[t], left(X, 20, 400, t), rtol=0, atol=1e-9)


def test_ten_thousand_steps_do_not_drift():
    x = np.random.default_rng(2).normal(size=10_000) + 1e6
    scores = StreamingMatrixProfile(16, 100).update_many(x)
    for t in range(9950, 10_000):
        np.testing.assert_allclose(scores[t], left(x[:, None], 16, 100, t)[0], rtol=0, atol=1e-11)


def test_identical_windows_are_exactly_0_apart():
    rng = np.random.default_rng(3)
    motif = rng.normal(size=30) * 1e-6 + 1e8
    x = np.concatenate([rng.normal(size=40) + 1e8, motif, rng.normal(size=200), motif])
    stream = StreamingMatrixProfile(30, 300)
    assert stream.update_many(x)[-1] == 0
    assert stream.index == 40


def test_one_by_one_equals_many():
    X = np.random.default_rng(4).normal(size=(200, 3))
    X[50] = np.nan
    one, many = StreamingMatrixProfile(10, 60, 3), StreamingMatrixProfile(10, 60, 3)
    singles = np.array([one.update(x) for x in X])
    assert singles.tobytes() == many.update_many(X).tobytes()
    assert one.to_bytes() == many.to_bytes()
    assert isinstance(StreamingMatrixProfile(5, 20).update(1.0), float)


@given(series(least=20, most=120), st.integers(0, 100))
def test_saved_and_restored_it_goes_on_with_the_same_bits(x, at):
    a = StreamingMatrixProfile(6, 25)
    a.update_many(x[:at])
    b, c = pickle.loads(pickle.dumps(a)), StreamingMatrixProfile.from_bytes(a.to_bytes())
    rest = x[at:]
    scores = a.update_many(rest)
    assert scores.tobytes() == b.update_many(rest).tobytes() == c.update_many(rest).tobytes()
    assert np.array_equal(a.index, b.index)
    assert a.to_bytes() == b.to_bytes()


def test_changed_bytes_are_refused():
    stream = StreamingMatrixProfile(5, 20, 2)
    stream.update_many(np.random.default_rng(5).normal(size=(30, 2)))
    data = stream.to_bytes()
    for bad in (b"", data[:10], data[:-1], data + b"x", b"x" + data[1:], data[:100] + b"\xff" + data[101:]):
        with pytest.raises(paranom_rs.StateError, match="these bytes are not"):
            StreamingMatrixProfile.from_bytes(bad)
    newer = data[:8] + b"\x09" + data[9:]
    with pytest.raises(paranom_rs.StateError, match="matrix profile state 9 is not supported"):
        StreamingMatrixProfile.from_bytes(newer)


def checksum(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value.to_bytes(8, "little")


@given(st.data())
def test_no_bytes_make_it_panic(data):
    stream = StreamingMatrixProfile(4, 9)
    stream.update_many(np.arange(12.0) ** 2)
    body = bytearray(stream.to_bytes()[:-8])
    for _ in range(data.draw(st.integers(1, 3))):
        at = 24 + 8 * data.draw(st.integers(0, (len(body) - 24) // 8 - 1))
        body[at : at + 8] = data.draw(
            st.sampled_from([b"\0" * 8, b"\xff" * 8, b"\x01" + b"\0" * 7, np.float64(np.nan).tobytes()])
        )
    try:
        changed = StreamingMatrixProfile.from_bytes(bytes(body) + checksum(body))
    except paranom_rs.StateError:
        return
    changed.update_many(np.random.default_rng(6).normal(size=40))


def test_threads_may_share_one():
    stream = StreamingMatrixProfile(5, 50)
    X = np.random.default_rng(7).normal(size=(4, 500))
    threads = [threading.Thread(target=stream.update_many, args=(x,)) for x in X]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream.n_seen == 2000


def test_a_bad_sample_changes_nothing():
    stream = StreamingMatrixProfile(5, 50)
    stream.update_many(np.arange(30.0))
    before = stream.to_bytes()
    with pytest.raises(paranom_rs.SpecError, match=r"x\[0\]: must be at most 1e145 in size"):
        stream.update_many([1.0, 2.0, 1e200])
    with pytest.raises(paranom_rs.SpecError, match="n_features = 1 values"):
        stream.update([1.0, 2.0])
    with pytest.raises(paranom_rs.SpecTypeError, match="real numbers"):
        stream.update("a")
    assert stream.to_bytes() == before
    assert stream.update_many([]).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((2, 10), ValueError, "window: must be >= 3, got 2"),
        ((6, 11), ValueError, "history: must be at least twice window = 6, got 11"),
        ((3, 10, 0), ValueError, "n_features: must be >= 1, got 0"),
        ((3, 1 << 62), MemoryError, "cannot allocate"),
        ((3.5, 10), TypeError, "window: must be a whole number"),
        ((3, 10**30), ValueError, "history: must be a whole number from 1 to"),
    ],
)
def test_bad_sizes_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        StreamingMatrixProfile(*arguments)


def test_repr_says_what_it_is():
    assert "window=5, history=20, n_features=2" in repr(StreamingMatrixProfile(5, 20, 2))


def plain_discords(scores, windows, seen, history, k, zone):
    """By definition: of the windows in the history the one with the largest score over √window, again and again.

    ``scores[t, w]`` is that of the window of length ``windows[w]`` that sample t ends.
    """
    left = []
    for w, m in enumerate(windows):
        for start in range(max(seen - history, 0), seen - m + 1):
            score = scores[start + m - 1, w]
            if np.isfinite(score):
                left.append((score / np.sqrt(m), start, start + m))
    found = []
    while left and len(found) < k:
        best = max(left, key=lambda one: one[0])
        found.append(best)
        if zone is None:
            left = [one for one in left if not (one[1] < best[2] and best[1] < one[2])]
        else:
            left = [one for one in left if abs(one[1] - best[1]) > zone]
    return found


@given(st.integers(1, 2), st.data())
@pytest.mark.parametrize("distance", ["znormalized", "l2"])
def test_several_lengths_and_discords_equal_the_reference(distance, d, data):
    columns = [data.draw(series(least=30, most=60)) for _ in range(d)]
    X = np.stack([c[: min(map(len, columns))] for c in columns], axis=1)
    windows = data.draw(st.lists(st.integers(3, 9), min_size=1, max_size=3, unique=True))
    history = data.draw(st.integers(2 * max(windows), 40))
    stream = StreamingMatrixProfile(windows, history, d, distance=distance)
    cut = data.draw(st.integers(0, len(X)))
    first = stream.update_many(X[:cut])
    stream = StreamingMatrixProfile.from_bytes(stream.to_bytes())
    scores = np.concatenate([first, stream.update_many(X[cut:])]).reshape(len(X), len(windows), d)
    for at, m in enumerate(windows):
        one = StreamingMatrixProfile(m, history, d, distance=distance)
        np.testing.assert_array_equal(one.update_many(X).reshape(len(X), d), scores[:, at])
        for t in range(m - 1, len(X), 7):
            expected = left(X, m, history, t, distance)
            np.testing.assert_allclose(scores[t, at], expected, rtol=1e-7, atol=2e-5)
    k, dimensions = data.draw(st.integers(1, 4)), data.draw(st.integers(1, d))
    zone = data.draw(st.sampled_from([None, 0, 5]))
    found = stream.discords(k, exclusion=zone, dimensions=dimensions)
    expected = plain_discords(scores[:, :, dimensions - 1], windows, len(X), history, k, zone)
    assert len(found) == len(expected)
    for discord, (score, *_) in zip(found, expected, strict=True):
        m = discord.stop - discord.start
        assert discord.distance == scores[discord.stop - 1, windows.index(m), dimensions - 1]
        assert discord.distance / np.sqrt(m) == pytest.approx(score, rel=1e-12)
        assert 0 <= discord.neighbor < discord.start


def test_several_lengths_one_by_one_and_shapes():
    X = np.random.default_rng(4).normal(size=(200, 2))
    X[50, 0], X[90:120, 1] = np.nan, 1.0
    one, many = StreamingMatrixProfile((10, 25), 60, 2), StreamingMatrixProfile([10, 25], 60, 2)
    singles = np.array([one.update(x) for x in X])
    assert singles.shape == (200, 2, 2)
    np.testing.assert_array_equal(singles, many.update_many(X))
    assert one.to_bytes() == many.to_bytes()
    assert (one.window, one.index.shape) == ((10, 25), (2, 2))
    assert "window=(10, 25)" in repr(one)
    stream = StreamingMatrixProfile([10, 25], 60)
    assert stream.update(1.0).shape == (2,)
    assert stream.update_many([]).shape == (0, 2)
    assert stream.discords() == []
    assert isinstance(StreamingMatrixProfile([10], 60).update(1.0), float)


def test_a_discord_is_forgotten_with_its_samples():
    rng = np.random.default_rng(5)
    x = np.sin(np.arange(3000) / 5) + 0.05 * rng.normal(size=3000)
    x[1000:1020] = 0.0
    stream = StreamingMatrixProfile([20, 40], 500)
    stream.update_many(x[:1100])
    [discord] = stream.discords()
    assert discord.start < 1020
    assert discord.stop > 1000
    size = len(stream.to_bytes())
    stream.update_many(x[1100:])
    assert all(d.start >= 2500 for d in stream.discords(5))
    assert len(stream.to_bytes()) == size


@pytest.mark.parametrize("distance", ["znormalized", "l1"])
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([], 90), paranom_rs.SpecError, "window: must be one length"),
        (([5, 5], 90), paranom_rs.SpecError, r"window\[1\]: must differ"),
        (([5, 2], 90), paranom_rs.SpecError, r"window\[1\]: must be"),
        (([5, 50], 90), paranom_rs.SpecError, "history: must be at least twice window = 50"),
        (("55", 90), paranom_rs.SpecTypeError, "window: must be a whole number"),
    ],
)
def test_bad_lengths_are_refused(distance, arguments, error, words):
    with pytest.raises(error, match=words):
        StreamingMatrixProfile(*arguments, distance=distance)


def test_bad_questions_for_discords_are_refused():
    stream = StreamingMatrixProfile(5, 20)
    for bad in ({"k": 0}, {"dimensions": 2}, {"exclusion": -1}):
        with pytest.raises(paranom_rs.SpecError):
            stream.discords(**bad)
