"""RAMP equals brute force in NumPy, whatever the stream, and keeps its promises to those who run it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP
from reference import ramp as reference

BASE = {
    "mode": "default",
    "scale": "std",
    "refresh": "never",
    "nan_policy": "skip",
    "kernel": "gaussian",
    "train_on": "flagged",
    "bias": 0.85,
    "p_limit": 1.0,
    "release": 1.0,
    "min_gap": 0,
}


def wild(rng: np.random.Generator, n: int, d: int, kind: str) -> np.ndarray:
    """A stream of one sort."""
    t = np.arange(n)[:, None]
    X = np.sin(2 * np.pi * t / rng.uniform(5, 40, d)) + 0.1 * rng.normal(size=(n, d))
    if kind == "integers":  # many exact ties
        X = np.round(2 * X)
    elif kind == "constant runs":
        X = np.where((t // 37) % 2 == 0, np.round(X), 3.0)
    elif kind == "constant":
        X = np.full((n, d), 0.1)
        X[n // 2 :] += rng.choice([0.0, 1e-3, 5.0])
    elif kind == "zeros":
        X = np.where(t < 2 * n // 3, 0.0, X)
    elif kind == "offset":
        X += 1e8
    elif kind == "spikes":
        X[rng.integers(0, n, 4), rng.integers(0, d, 4)] = rng.choice([1e12, -1e12, 1e200])
    elif kind == "missing":
        X[rng.random((n, d)) < 0.05] = rng.choice([np.nan, np.inf, -np.inf])
        start = rng.integers(0, n)
        X[start : start + 30, rng.integers(0, d)] = np.nan
    elif kind == "scales":
        X *= 10.0 ** rng.integers(-8, 8, d)
    elif kind == "square":
        X = np.where((t + rng.integers(0, 9, d)) % 9 < 4, 1.0, 0.3)
    return X


KINDS = [
    "plain", "integers", "constant runs", "constant", "zeros", "offset", "spikes", "missing", "scales", "square",
]  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict, np.ndarray]:
    d = draw(st.sampled_from([1, 2, 3, 5, 40]))
    m = draw(st.integers(2, 20))
    M = draw(st.integers(m + 1, 150))
    n = M + m + draw(st.integers(0, 250 if d < 40 else 60))
    mode = draw(st.sampled_from(["default", "author"]))
    author = mode == "author"
    settings = BASE | {
        "n_features": d,
        "window": m,
        "reference": M,
        "threshold": draw(st.sampled_from([0.2, 0.5, 1.0])) * d,
        "bias": draw(st.sampled_from([0.85, 0.3, 1.0])),
        "mode": mode,
        "scale": draw(st.sampled_from(["std", "relative", "mad", "none"])),
        "refresh": "never" if author else draw(st.sampled_from(["never", "sliding", "clean"])),
        "nan_policy": draw(st.sampled_from(["skip", "propagate"])),
        "kernel": draw(st.sampled_from(["gaussian", "author"])),
        # Every step of author mode multiplies rounding errors of exp without end (D6): only the goldens fix that.
        "train_on": "flagged" if author else draw(st.sampled_from(["flagged", "every_step"])),
        "p_limit": draw(st.sampled_from([0.0, 0.9])) if author else draw(st.sampled_from([1.0, 0.9])),
        "release": draw(st.sampled_from([1.0, 0.7])),
        "min_gap": draw(st.integers(0, 5)),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return settings, wild(rng, n, d, draw(st.sampled_from(KINDS)))


def same(ours, theirs: dict | None) -> None:
    """A detection equals the reference's."""
    if theirs is None:
        assert ours is None
        return
    np.testing.assert_allclose(ours.score, theirs["score"], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(ours.uncertainty, theirs["uncertainty"], rtol=0, atol=1e-11)
    np.testing.assert_allclose(ours.contributions, theirs["contributions"], rtol=1e-12, atol=1e-300)
    assert ours.is_anomaly == theirs["is_anomaly"]
    assert ours.alarm == theirs["alarm"]
    assert ours.time == theirs["time"]


@given(cases())
def test_equals_brute_force(case: tuple[dict, np.ndarray]) -> None:
    settings, X = case
    ours, theirs = RAMP(**settings), reference.Ramp(**settings)
    for x in X:
        same(ours.update(x), theirs.update(x))


@given(cases(), st.sampled_from(["std", "mad", "none"]))
def test_joint_distances_equal_brute_force(case: tuple[dict, np.ndarray], scale: str) -> None:
    """Without training: where two windows are equally near but for rounding, their weights would differ."""
    settings, X = case
    settings |= {"distance": "joint", "mode": "default", "scale": scale, "refresh": "never", "p_limit": 0.0}
    ours, theirs = RAMP(**settings), reference.Ramp(**settings)
    size = np.abs(X[np.isfinite(X)]).max(initial=1.0)
    for x in X:
        # The square of 1e200 is infinite, and so is the distance.
        with np.errstate(over="ignore", invalid="ignore"):
            found, wanted = ours.update(x), theirs.update(x)
        assert (found is None) == (wanted is None)
        if found is not None:
            np.testing.assert_allclose(found.score, wanted["score"], rtol=1e-9, atol=1e-12 * size)
            assert np.isnan(found.score) or abs(found.contributions.sum() - 1) < 1e-9


@given(cases(), st.integers(0, 2**32), st.sampled_from(["per_channel", "joint"]))
def test_score_equals_updates_and_continues_after_saving(
    case: tuple[dict, np.ndarray], seed: int, distance: str
) -> None:
    settings, X = case
    if distance == "joint" and settings["mode"] == "default" and settings["scale"] != "relative":
        settings |= {"distance": distance, "refresh": "never"}
    one, all_at_once = RAMP(**settings), RAMP(**settings)
    cut = np.random.default_rng(seed).integers(0, len(X) + 1)
    first = all_at_once.score(X[:cut])
    all_at_once = RAMP.from_bytes(all_at_once.to_bytes())
    second = all_at_once.score(X[cut:])
    rows = [one.update(x) for x in X]
    for name in ("score", "is_anomaly", "alarm", "uncertainty", "time", "start"):
        found = np.concatenate([getattr(first, name), getattr(second, name)])
        blank = -1 if name in ("time", "start") else np.nan if found.dtype == float else False
        want = np.array([blank if d is None else getattr(d, name) for d in rows], found.dtype)
        np.testing.assert_array_equal(found, want)  # bit for bit
    shares = np.concatenate([first.contributions, second.contributions])
    for share, d in zip(shares, rows, strict=True):
        if d is not None:
            np.testing.assert_array_equal(share, d.contributions)
    assert one.to_bytes() == all_at_once.to_bytes()


SMALL = {"n_features": 2, "window": 4, "reference": 20, "threshold": 1.0}


def test_start_and_end_stamps() -> None:
    """D19: a detection is stamped with both ends of its window."""
    X = np.random.default_rng(1).normal(size=(60, 2))
    scores = RAMP(**SMALL).score(X)
    ready = np.flatnonzero(~np.isnan(scores.score))
    assert ready[0] == 20 + 4 - 1  # M samples of reference, then the first window of m
    np.testing.assert_array_equal(scores.time[ready], ready)
    np.testing.assert_array_equal(scores.start[ready], ready - 3)
    assert (scores.time[: ready[0]] == -1).all()
    assert (scores.start[: ready[0]] == -1).all()


@pytest.mark.parametrize("n", [0, 1, 19, 20, 22, 23])
def test_short_streams_have_no_scores(n: int) -> None:
    """D17: while a process fills there is nothing to say."""
    ramp = RAMP(**SMALL)
    assert all(ramp.update(x) is None for x in np.zeros((n, 2)))
    scores = RAMP(**SMALL).score(np.zeros((n, 2)))
    assert len(scores) == n
    assert np.isnan(scores.score).all()
    assert not scores.is_anomaly.any()


def test_last_reference_window_is_compared() -> None:
    """D4: the default compares M - m + 1 windows, the author M - m."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(20, 2))
    again = np.vstack([X, X[-4:]])
    assert RAMP(**SMALL).score(again).score[-1] == 0.0
    assert RAMP(**SMALL, mode="author").score(again).score[-1] > 0.1


def test_no_false_flags_on_a_clean_sine() -> None:
    """D6: weights of windows without an alarm are never raised."""
    t = np.arange(400)
    X = np.sin(2 * np.pi * t / 20)[:, None]
    for train_on in ("flagged", "every_step"):
        ramp = RAMP(1, window=5, reference=60, threshold=0.2, train_on=train_on, scale="relative", bias=0.85)
        assert not ramp.score(X).is_anomaly.any()
        assert ramp.n_weights == 0


def test_the_surest_alarms_are_kept() -> None:
    """D7: a pattern is suppressed by 1 - p of the way, not multiplied by 1 - p."""
    rng = np.random.default_rng(3)
    X = 0.05 * rng.normal(size=(2000, 1))
    burst = rng.normal(size=5) * 3
    for at in (1000, 1300, 1600):
        X[at : at + 5, 0] = burst
    kept = RAMP(1, window=5, reference=60, threshold=3.0).score(X)
    assert all(kept.is_anomaly[at + 4] for at in (1000, 1300, 1600))
    # While it is still unsure, it takes the burst for normal after the first time.
    X[70:75, 0] = X[90:95, 0] = burst
    unsure = RAMP(1, window=5, reference=60, threshold=3.0).score(X)
    assert unsure.is_anomaly[74]
    assert unsure.score[94] < unsure.score[74]


@pytest.mark.parametrize("scale", ["std", "mad", "relative", "none"])
@pytest.mark.parametrize("live", [0.0, 1e-9, 5.0, -1e200])
def test_silent_reference(scale: str, live: float) -> None:
    """D10: a channel that was silent in the reference gives finite scores, and the contribution is its own."""
    X = np.zeros((40, 2))
    X[:, 1] = np.tile([1.0, 2.0, 3.0, 2.0], 10)
    X[30:, 0] = live
    scores = RAMP(**SMALL, scale=scale, p_limit=0.0).score(X)
    ready = scores.time >= 0
    assert np.isfinite(scores.score[ready]).all()
    np.testing.assert_allclose(scores.contributions[ready].sum(axis=1), 1)
    if live != 0:
        assert scores.contributions[-1, 0] == 1.0
        assert scores.score[-1] > 0


def test_missing_samples() -> None:
    """D11: skip, propagate, raise."""
    rng = np.random.default_rng(4)
    X = np.sin(np.arange(200) / 3)[:, None] + 0.01 * rng.normal(size=(200, 2))
    X[100, 0] = np.nan
    skip = RAMP(**SMALL, nan_policy="skip").score(X)
    assert np.isfinite(skip.score[23:]).all()
    pass_on = RAMP(**SMALL, nan_policy="propagate").score(X)
    assert np.isnan(pass_on.score[100:104]).all()
    assert np.isfinite(np.delete(pass_on.score[23:], range(77, 81))).all()
    np.testing.assert_array_equal(pass_on.score[104:], skip.score[104:])  # it does not live on
    strict = RAMP(**SMALL, nan_policy="raise")
    strict.score(X[:100])
    before = strict.to_bytes()
    with pytest.raises(ValueError, match=r'x\[0\]: must be finite.*nan_policy="raise", got NaN'):
        strict.update(X[100])
    with pytest.raises(ValueError, match=r"X\[2, 0\]: must be finite"):
        strict.score(X[98:])
    assert strict.to_bytes() == before


def test_many_channels_learn() -> None:
    """D12: with hundreds of channels the program's keys overflow; ours do not."""
    rng = np.random.default_rng(5)
    d = 200
    X = 0.05 * rng.normal(size=(400, d))
    burst = rng.normal(size=(5, d)) * 3
    X[90:95] = X[200:205] = burst
    ramp = RAMP(d, window=5, reference=60, threshold=2.0 * d)
    scores = ramp.score(X[:150])
    assert scores.is_anomaly[94]
    ramp.feedback(false_positives=[94])
    assert not ramp.score(X[150:]).is_anomaly[204 - 150]


def test_weights_are_bounded_in_number() -> None:
    """D13: the least recently used go first."""
    X = np.random.default_rng(6).normal(size=(3000, 2))
    ramp = RAMP(**SMALL | {"threshold": 0.01, "bias": 0.05}, max_weights=50)
    ramp.score(X)
    assert 0 < ramp.n_weights <= 50


def test_sliding_reference_follows_drift() -> None:
    """D21: the reference can follow the stream, and leave anomalies out."""
    rng = np.random.default_rng(7)
    t = np.arange(4000)
    X = (np.sin(t / 5) + t / 200 + 0.02 * rng.normal(size=4000))[:, None]
    settings = {"window": 8, "reference": 200, "threshold": 1.0, "p_limit": 0.0}
    share = {r: RAMP(1, refresh=r, **settings).score(X).is_anomaly[-500:].mean() for r in ("never", "sliding")}
    assert share["never"] == 1.0
    assert share["sliding"] < 0.1
    Y = np.sin(t / 5)[:, None] + 0.02 * rng.normal(size=(4000, 1))
    Y[1000:1050] = Y[1100:1150] = 5.0
    flags = {r: RAMP(1, refresh=r, **settings).score(Y).is_anomaly for r in ("clean", "sliding")}
    assert flags["clean"][1130]
    assert not flags["sliding"][1130]  # it has learnt the anomaly as part of the reference


def test_a_past_spike_poisons_nothing() -> None:
    """After a spike has left, scores are those of brute force: it is exact, whatever passed."""
    rng = np.random.default_rng(8)
    X = np.sin(np.arange(1500) / 4)[:, None] + 0.1 * rng.normal(size=(1500, 1))
    X[300] = 1e12
    X[310] = -1e15
    for refresh in ("never", "sliding"):
        settings = BASE | {
            "n_features": 1, "window": 16, "reference": 128, "threshold": 1.0, "refresh": refresh,
        }  # fmt: skip
        ours, theirs = RAMP(**settings), reference.Ramp(**settings)
        for x in X:
            a, b = ours.update(x), theirs.update(x)
            if a is not None:
                assert a.score == pytest.approx(b["score"], rel=1e-11)


def test_offset_does_not_matter() -> None:
    """D22: only the relative scale sees an offset (here one that rounds nothing)."""
    rng = np.random.default_rng(9)
    X = np.round(rng.normal(size=(200, 2)) * 2**10) / 2**10
    for scale in ("std", "mad", "none"):
        a = RAMP(**SMALL, scale=scale).score(X).score
        b = RAMP(**SMALL, scale=scale).score(X + 2.0**20).score
        np.testing.assert_allclose(a, b, rtol=1e-9)
    a = RAMP(**SMALL, scale="relative").score(X).score[23:]
    assert (RAMP(**SMALL, scale="relative").score(X + 2.0**20).score[23:] < a / 1000).all()


def test_ties_go_to_the_first_window() -> None:
    """D23: equal windows far apart are one pattern, that of the first."""
    X = np.tile([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 2.0]], (10, 1))
    settings = BASE | SMALL
    theirs = reference.Ramp(**settings)
    keys = {d["key"] for d in map(theirs.update, X) if d is not None}
    assert keys == {(k, k) for k in range(4)}
    ours = RAMP(**settings | {"threshold": 1e-3})
    ours.score(X)
    ours.feedback(true_positives=[39])
    assert ours.n_weights == 1
    assert ours.score(X).is_anomaly[[3, 7, 11]].all()  # the same phase of the period, now confirmed


def test_hysteresis_and_gap() -> None:
    """An alarm ends only once scores have stayed low for long enough."""
    rng = np.random.default_rng(10)
    X = 0.1 * rng.normal(size=(300, 2))
    X[100:103] = X[112:115] = 4.0
    plain = RAMP(**SMALL, p_limit=0.0).score(X)
    np.testing.assert_array_equal(plain.alarm, plain.is_anomaly)
    held = RAMP(**SMALL, p_limit=0.0, min_gap=12).score(X)
    np.testing.assert_array_equal(held.is_anomaly, plain.is_anomaly)

    def count(flags: np.ndarray) -> int:
        return int((np.diff(flags.astype(int)) == 1).sum())

    assert count(plain.alarm) > 1
    assert count(held.alarm) < count(plain.alarm)
    assert (held.alarm | ~held.is_anomaly).all()  # no anomaly is without an alarm
    low = RAMP(**SMALL, p_limit=0.0, release=0.05).score(X)
    assert low.alarm.sum() > plain.alarm.sum()


def test_calibrate() -> None:
    rng = np.random.default_rng(11)
    X = rng.normal(size=(3000, 2))
    ramp = RAMP(**SMALL)
    assert ramp.calibrate(X, quantile=0.99) == ramp.threshold
    fresh = RAMP(**ramp.settings | {"p_limit": 0.0})
    scores = fresh.score(X)
    assert np.mean(scores.is_anomaly[23:]) == pytest.approx(0.01, abs=1e-3)
    for gap, release in ((0, 1.0), (10, 0.8)):
        ramp = RAMP(**SMALL, min_gap=gap, release=release)
        ramp.calibrate(X, alarms_per_day=5, rows_per_day=1000)
        alarms = RAMP(**ramp.settings | {"p_limit": 0.0}).score(X).alarm
        begins = int((np.diff(alarms.astype(int), prepend=0) == 1).sum())
        assert 10 <= begins <= 15
    assert ramp.processes == []  # nothing but the threshold changed


def test_every_simd_level_gives_the_same_bits() -> None:
    import os
    import subprocess
    import sys

    code = (
        "import numpy as np, hashlib; from paranom_rs import RAMP\n"
        "rng = np.random.default_rng(0); X = rng.normal(size=(600, 3)); X[rng.random(X.shape) < .01] = np.nan\n"
        "for s in ('std', 'relative'):\n"
        "  for r in ('never', 'sliding'):\n"
        "    z = RAMP(3, window=7, reference=150, threshold=1.5, scale=s, refresh=r)\n"
        "    q = z.score(X); print(hashlib.sha256(q.score.tobytes() + z.to_bytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PARANOM_SIMD": level},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for level in ("baseline", "avx2", "avx512")
    }
    assert len(found) == 1
    assert len(found.pop().split()) == 4
