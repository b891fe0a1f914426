"""Several processes in one stream: named, fixed, inferred, in parallel."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ramp import BASE, KINDS, same, wild

from paranom_rs import RAMP, SpecError, UnknownKeyError
from reference import ramp as reference

SETTINGS = BASE | {"n_features": 2, "window": 4, "reference": 20, "threshold": 1.0}


@given(st.integers(0, 2**32), st.sampled_from(KINDS), st.sampled_from(["never", "sliding", "clean"]))
def test_named_processes_are_independent(seed: int, kind: str, refresh: str) -> None:
    rng = np.random.default_rng(seed)
    settings = SETTINGS | {"refresh": refresh}
    X = wild(rng, 200, 2, kind)
    keys = [["a", "b", 7][i] for i in rng.integers(0, 3, 200)]
    ours, theirs = RAMP(**settings), reference.Ramp(**settings)
    for x, key in zip(X, keys, strict=True):
        d = ours.update(x, process=key)
        same(d, theirs.update(x, key))
        assert d is None or d.process == key
    alone = RAMP(**settings)
    rows = [i for i, key in enumerate(keys) if key == "b"]
    scores = alone.score(X[rows], process="b")
    again = RAMP(**settings).update_many(X, keys)
    np.testing.assert_array_equal(scores.score, again.score[rows])


@given(st.integers(0, 2**32), st.sampled_from(KINDS), st.sampled_from(["never", "sliding"]))
def test_the_owner_is_inferred(seed: int, kind: str, refresh: str) -> None:
    """D18: the smallest score owns the sample; a new process fills while the others keep scoring."""
    rng = np.random.default_rng(seed)
    settings = SETTINGS | {"processes": "infer", "refresh": refresh}
    X = wild(rng, 200, 2, kind)
    ours, theirs = RAMP(**settings), reference.Ramp(**settings)
    begins = {int(at): key for key, at in enumerate(rng.integers(1, 120, 3), start=1)}
    for i, x in enumerate(X):
        if i in begins:
            assert ours.add_process(begins[i]) == begins[i]
            theirs.add_process(begins[i])
        d, want = ours.update(x), theirs.update(x)
        same(d, want)
        assert (d is not None) == (i >= 23)  # no blind spots
        if d is not None:
            assert d.process == want["process"]
    assert ours.processes == [0, *sorted(begins.values())]


def test_score_names_the_owners() -> None:
    rng = np.random.default_rng(0)
    slow, fast = (np.sin(np.arange(400) / s)[:, None] + 0.01 * rng.normal(size=(400, 2)) for s in (9, 2))
    ramp = RAMP(**SETTINGS | {"processes": "infer", "reference": 60})
    ramp.score(slow[:100])
    assert ramp.add_process() == 1
    ramp.score(fast[:100])
    found = ramp.score(np.vstack([slow[100:200], fast[100:200], slow[200:300]]))
    owners = np.array(ramp.processes)[found.owner]
    inside = np.r_[10:95, 110:195, 210:295]
    assert (owners[inside] == np.repeat([0, 1, 0], 100)[inside]).mean() > 0.95


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_matter(threads: int) -> None:
    rng = np.random.default_rng(1)
    many, one = RAMP(**SETTINGS), RAMP(**SETTINGS)
    keys = rng.permutation(300)
    for _ in range(60):
        X = rng.normal(size=(300, 2))
        order = rng.permutation(300)
        a = many.update_many(X[order], keys[order], threads=threads)
        b = [one.update(x, process=int(key)) for x, key in zip(X[order], keys[order], strict=True)]
    np.testing.assert_array_equal(a.score, [d.score for d in b])
    np.testing.assert_array_equal(a.contributions, [d.contributions for d in b])
    np.testing.assert_array_equal(np.array(many.processes)[a.owner], keys[order])
    assert many.to_bytes() == one.to_bytes()


def test_fixed_processes() -> None:
    ramp = RAMP(**SETTINGS | {"processes": ["pump", "fän", 3]})
    assert set(ramp.processes) == {"pump", "fän", 3}
    ramp.update([1, 2], process="fän")
    before = ramp.to_bytes()
    with pytest.raises(KeyError, match='process: "tank" is unknown; there are 3, "fän", "pump"'):
        ramp.update([1, 2], process="tank")
    with pytest.raises(UnknownKeyError, match="None is unknown"):
        ramp.update([1, 2])
    with pytest.raises(UnknownKeyError):
        ramp.update_many(np.zeros((2, 2)), ["pump", "tank"])
    with pytest.raises(ValueError, match="processes: must not be fixed"):
        ramp.add_process("tank")
    assert ramp.to_bytes() == before
    assert RAMP.from_bytes(before).processes == ramp.processes


def test_inferred_processes_take_no_key() -> None:
    ramp = RAMP(**SETTINGS | {"processes": "infer"})
    with pytest.raises(ValueError, match="process: must not be given when processes are inferred"):
        ramp.update([1, 2], process="a")
    with pytest.raises(ValueError, match="processes: must not be given"):
        ramp.update_many(np.zeros((1, 2)), ["a"])


@pytest.mark.parametrize("key", [1.5, b"x", True, ("a",), object()])
def test_keys_are_texts_or_numbers(key: object) -> None:
    with pytest.raises(TypeError, match="process: must be a str or an int"):
        RAMP(**SETTINGS).update([1, 2], process=key)


def test_two_threads_share_a_detector() -> None:
    X = np.random.default_rng(2).normal(size=(2000, 2))
    shared = RAMP(**SETTINGS)

    def feed(key: str) -> None:
        for x in X:
            shared.update(x, process=key)

    threads = [threading.Thread(target=feed, args=(key,)) for key in ("a", "b")]
    [t.start() for t in threads]
    [t.join() for t in threads]
    alone = RAMP(**SETTINGS)
    for key in ("a", "b"):
        alone.score(X, process=key)
    assert shared.to_bytes() == alone.to_bytes()


def test_a_forked_child_scores_in_parallel() -> None:
    import multiprocessing

    ramp = RAMP(**SETTINGS)
    ramp.update_many(np.zeros((4, 2)), [1, 2, 3, 4], threads=2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(ramp, queue))
    child.start()
    assert queue.get(timeout=60) == 4
    child.join(60)
    assert child.exitcode == 0


def _child(ramp: RAMP, queue) -> None:
    queue.put(len(ramp.update_many(np.ones((4, 2)), [1, 2, 3, 4], threads=2)))


def test_names_that_are_no_unicode_are_refused():
    """As os.fsdecode gives them: they would all become one."""
    ramp = RAMP(1, window=2, reference=3, threshold=1.0)
    with pytest.raises(SpecError, match=r"process: must be valid Unicode, got 'caf\\udce9'"):
        ramp.update([0.0], process="caf\udce9")
    assert ramp.processes == []
