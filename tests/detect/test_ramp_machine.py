"""A detector in use: samples, feedback, undo, saves and new processes in any order, next to the reference."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_ramp import BASE, same

from paranom_rs import RAMP
from reference import ramp as reference

M, m, D = 14, 3, 2


class Machine(RuleBasedStateMachine):
    @initialize(
        infer=st.booleans(),
        scale=st.sampled_from(["std", "relative"]),
        refresh=st.sampled_from(["never", "sliding", "clean"]),
        train_on=st.sampled_from(["flagged", "every_step"]),
        seed=st.integers(0, 2**32),
    )
    def begin(self, infer: bool, scale: str, refresh: str, train_on: str, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.infer = infer
        options = BASE | {
            "n_features": D, "window": m, "reference": M, "threshold": 0.8, "bias": 0.3, "scale": scale,
            "refresh": refresh, "train_on": train_on, "min_gap": 2, "processes": "infer" if infer else None,
        }  # fmt: skip
        self.ours, self.theirs = RAMP(**options), reference.Ramp(**options)
        self.keys: list[str | int] = [] if infer else ["a"]
        self.last: dict[str | int | None, int] = {}  # key, or None for the stream -> time of the newest sample
        self.found: dict[tuple, object] = {}
        self.feed("a", 2 * M, "wave")

    @rule(
        which=st.integers(0, 3),
        n=st.integers(1, 12),
        kind=st.sampled_from(["wave", "burst", "missing", "spike", "constant"]),
    )
    def samples(self, which: int, n: int, kind: str) -> None:
        key = None if self.infer else self.keys[which % len(self.keys)]
        self.feed(key, n, kind)

    def feed(self, key: str | int | None, n: int, kind: str) -> None:
        key = None if self.infer else key
        for _ in range(n):
            time = self.last.get(key, -1) + 1
            self.last[key] = time
            x = np.round(4 * np.sin(time / np.array([2.0, 5.0]))) / 4
            x += {"wave": 0.01, "burst": 2.0}.get(kind, 0.0) * self.rng.normal(size=D)
            if kind == "missing":
                x[self.rng.integers(D)] = np.nan
            if kind == "spike":
                x[self.rng.integers(D)] = 1e12
            if kind == "constant":
                x[:] = 0.5
            d, want = self.ours.update(x, key), self.theirs.update(x, key)
            same(d, want)
            if d is None:
                continue
            assert not np.isnan(d.score)
            assert 0 <= d.uncertainty <= 1
            assert d.contributions.sum() == pytest.approx(1)
            assert d.process == want["process"]
            self.found[d.process, d.time] = d

    @precondition(lambda self: self.found)
    @rule(data=st.data(), confirmed=st.integers(0, 3), dismissed=st.integers(0, 3))
    def feedback(self, data: st.DataObject, confirmed: int, dismissed: int) -> None:
        key, times = self.recent(data, confirmed + dismissed)
        tp, fp = times[:confirmed], times[confirmed:]
        self.ours.feedback(true_positives=tp, false_positives=fp, process=None if self.infer else key)
        self.theirs.feedback(tp, fp, key)
        before = self.ours.to_bytes()
        self.ours.feedback(true_positives=tp, false_positives=fp, process=None if self.infer else key)
        again = RAMP.from_bytes(before)
        assert again.n_weights == self.ours.n_weights

    @precondition(lambda self: self.found)
    @rule(data=st.data(), count=st.integers(1, 4))
    def undo(self, data: st.DataObject, count: int) -> None:
        key, times = self.recent(data, count)
        self.ours.undo(times, process=None if self.infer else key)
        self.theirs.undo(times, key)

    def recent(self, data: st.DataObject, count: int) -> tuple:
        """Times of detections that are not forgotten, of one process."""
        newest = max(self.found, key=lambda at: self.last.get(None if self.infer else at[0], 0))
        key = data.draw(st.sampled_from(sorted({at[0] for at in self.found}, key=str)), "process")
        now = self.last[None if self.infer else key]
        times = [t for k, t in self.found if k == key and now - M < t <= now]
        assert newest is not None
        return key, [int(t) for t in self.rng.permutation(times)[:count]]

    @rule(how=st.sampled_from(["bytes", "pickle", "copy", "deepcopy"]))
    def save_and_load(self, how: str) -> None:
        saved = self.ours.to_bytes()
        self.ours = {
            "bytes": lambda r: RAMP.from_bytes(r.to_bytes()),
            "pickle": lambda r: pickle.loads(pickle.dumps(r)),
            "copy": copy.copy,
            "deepcopy": copy.deepcopy,
        }[how](self.ours)
        assert self.ours.to_bytes() == saved

    @precondition(lambda self: len(self.keys) < 4)
    @rule(fill=st.booleans())
    def new_process(self, fill: bool) -> None:
        key = len(self.keys) + 1
        self.keys.append(key)
        self.ours.add_process(key)
        self.theirs.add_process(key)
        if fill:
            self.feed(key, M + m, "wave")

    @rule(what=st.sampled_from(["width", "text", "future", "past", "both", "process", "key"]))
    def refused_calls_change_nothing(self, what: str) -> None:
        before = self.ours.to_bytes()
        key = None if self.infer else self.keys[0]
        now = self.last[None if self.infer else "a"]
        calls = {
            "width": lambda r: r.update(np.zeros(D + 1), key),
            "text": lambda r: r.update(["a", "b"], key),
            "future": lambda r: r.feedback(false_positives=[now + 1], process=key),
            "past": lambda r: r.feedback(true_positives=[now - M], process=key),
            "both": lambda r: r.feedback(true_positives=[now], false_positives=[now], process=key),
            "process": lambda r: r.feedback(true_positives=[now], process="nobody"),
            "key": lambda r: r.update(np.zeros(D), 1.5),
        }
        with pytest.raises((ValueError, KeyError, TypeError)):
            calls[what](self.ours)
        assert self.ours.to_bytes() == before

    @invariant()
    def weights_are_bounded(self) -> None:
        if not hasattr(self, "theirs"):
            return
        weights = [p.trained for one in self.theirs.processes.values() for p in one.patterns.values()]
        assert all(0 <= weight <= 1 for weight in weights)


Machine.TestCase.settings = profile(stateful_step_count=25, max_examples=25)
TestMachine = Machine.TestCase


def stream(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = np.round(8 * np.sin(np.arange(400)[:, None] / np.array([2.0, 5.0]))) / 8 + 0.01 * rng.normal(size=(400, 2))
    X[150:153] = X[200:203] = X[250:253] = X[300:303] = rng.normal(size=(3, 2)) * 3
    return X


SETTINGS = {"n_features": 2, "window": 3, "reference": 100, "threshold": 1.0}


@pytest.mark.parametrize("seed", range(5))
def test_a_dismissed_pattern_alarms_no_more(seed: int) -> None:
    X = stream(seed)
    ramp = RAMP(**SETTINGS, p_limit=0.0)
    first = ramp.score(X[:160])
    assert first.is_anomaly[152]
    ramp.feedback(false_positives=[152])
    rest = ramp.score(X[160:])
    assert not rest.is_anomaly[[42, 92, 142]].any()
    assert rest.score[42] == pytest.approx(0.5)  # half the threshold


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("train_on", ["flagged", "every_step"])
def test_a_confirmed_pattern_always_alarms(seed: int, train_on: str) -> None:
    X = stream(seed)
    ramp = RAMP(**SETTINGS, train_on=train_on, bias=1e-3)  # never sure: it suppresses all that it can
    ramp.score(X[:160])
    ramp.feedback(true_positives=[152])
    rest = ramp.score(X[160:])
    assert rest.is_anomaly[[42, 92, 142]].all()
    # ... also one that the detector thinks is nothing at all.
    quiet = RAMP(**SETTINGS | {"threshold": 100.0})
    quiet.score(X[:160])
    quiet.feedback(true_positives=[152])
    assert quiet.score(X[160:]).is_anomaly[[42, 92, 142]].all()


def test_undo_restores_and_doubt_moves_the_guess() -> None:
    """D2, D5, D14, D15: feedback any time within the reference, idempotent, undoable; K is real and bounded."""
    X = stream(9)
    ramp = RAMP(**SETTINGS, bias=0.2)
    ramp.score(X[:160])
    plain = copy.copy(ramp)
    ramp.feedback(false_positives=range(120, 150))
    doubted = copy.copy(ramp)
    ramp.feedback(false_positives=range(149, 119, -1))
    same_again = copy.copy(ramp)
    ramp.undo(range(120, 150))
    found = [r.score(X[160:260]) for r in (plain, doubted, same_again, ramp)]
    assert (found[1].uncertainty < found[0].uncertainty).all()
    for a, b in ((1, 2), (0, 3)):
        np.testing.assert_array_equal(found[a].score, found[b].score)
        np.testing.assert_array_equal(found[a].uncertainty, found[b].uncertainty)
    ramp.feedback(false_positives=[200], true_positives=[201])
    ramp.feedback(false_positives=[201], true_positives=[200])  # minds change
    ramp.undo([200, 201])
    np.testing.assert_array_equal(ramp.score(X[260:]).score, plain.score(X[260:]).score)


def test_author_mode_multiplies_and_cannot_undo() -> None:
    X = stream(3)
    ramp = RAMP(**SETTINGS | {"threshold": 0.2}, mode="author")
    ramp.score(X[:160])
    before = ramp.to_bytes()
    with pytest.raises(ValueError, match='mode: must be "default": author mode multiplies feedback in'):
        ramp.undo([152])
    with pytest.raises(ValueError, match="false_positives: must be at most reference"):
        ramp.feedback(false_positives=[152] * 101)
    assert ramp.to_bytes() == before
    ramp.feedback(true_positives=[152], false_positives=[150])
    once = ramp.to_bytes()
    ramp.feedback(true_positives=[152])
    assert before != once != ramp.to_bytes()
