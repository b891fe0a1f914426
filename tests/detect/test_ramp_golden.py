"""The published program, number for number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP, SpecError, SpecTypeError
from paranom_rs.detect.ramp_replay import replay
from reference import ramp as reference
from reference import ramp_program as program

OWN = Path(__file__).parents[1] / "golden" / "ramp"
RECORDED = Path(__file__).parents[2] / ".." / "shared" / "golden" / "ramp"
NAMES = ["toy_fb0_pl0.9", "toy_fb0_pl1", "toy_fb1_pl0.9", "toy_fb1_pl1", "inter_fb0_pl0.9", "inter_fb1_pl1"]


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Within 1e-12, absolute or relative: weights near certainty depend on the last digit of exp (D8)."""
    error = np.abs(ours - theirs)
    assert (error <= 1e-12 * np.maximum(1, np.abs(theirs))).all(), error.max()


@pytest.mark.parametrize("name", NAMES)
def test_recorded_runs(name: str) -> None:
    """D1 to D8, D12, D14, D18, D19, D23 as they were."""
    path = RECORDED / f"{name}.npz"
    if not path.exists():
        pytest.skip("the recorded runs of the published program carry no licence and are not in the project")
    run = np.load(path)
    m, M, _, bias, theta, feedback, p_limit = run["params"]
    arguments = {
        "window": int(m),
        "reference": int(M),
        "threshold": theta,
        "bias": bias,
        "start_index": run["start_index"].tolist() if "start_index" in run else (0,),
        "labels": run["labels"] if feedback else None,
        "p_limit": p_limit,
    }
    for one in (replay, reference.replay):
        flags, scores, contributions = one(run["data"].astype(float), **arguments)
        np.testing.assert_array_equal(flags, run["flags"])
        close(scores, run["scores"])
        close(contributions, run["contrib"])


@pytest.mark.parametrize("name", ["single", "interleaved"])
def test_own_runs(name: str) -> None:
    """Ours, from the NumPy reference on synthetic data: see tests/golden/ramp/README.md."""
    run = np.load(OWN / f"{name}.npz")
    flags, scores, contributions = replay(
        run["X"],
        window=5,
        reference=60,
        threshold=0.4,
        bias=0.85,
        start_index=run["start_index"].tolist(),
        labels=run["labels"],
    )
    np.testing.assert_array_equal(flags, run["flags"])
    close(scores, run["scores"])
    close(contributions, run["contributions"])
    assert flags.sum() > 10


@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([1.0, 0.9]), st.integers(0, 2))
def test_replay_equals_the_reference(seed: int, feedback: bool, p_limit: float, more: int) -> None:
    rng = np.random.default_rng(seed)
    m, M = 4, int(rng.integers(6, 30))
    n = int(rng.integers(M * (more + 1) + m + 10, 300))
    X = 5 + np.sin(np.arange(n) / rng.uniform(1, 6, (2, 1))) + 0.3 * rng.normal(size=(2, n))
    labels = (rng.random(n) < 0.3).astype(int)
    starts = [0, M + int(rng.integers(0, 9)), 2 * M + int(rng.integers(9, 19))][: more + 1]
    arguments = {
        "window": m,
        "reference": M,
        "threshold": 0.3,
        "bias": 0.85,
        "start_index": starts,
        "labels": labels if feedback else None,
        "p_limit": p_limit,
    }
    ours, theirs = replay(X, **arguments), reference.replay(X, **arguments)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-12)


@given(
    seed=st.integers(0, 2**32),
    d=st.integers(1, 4),
    m=st.integers(2, 12),
    more=st.integers(1, 25),
    digits=st.sampled_from([0, 1, 15]),
    feedback=st.booleans(),
    silent=st.booleans(),
    bias=st.sampled_from([0.05, 0.3, 0.5, 0.7, 0.85, 1.0]),
    p_limit=st.sampled_from([1.0, 0.9]),
)
def test_replay_is_the_published_program(
    seed: int, d: int, m: int, more: int, digits: int, feedback: bool, silent: bool, bias: float, p_limit: float
) -> None:
    """Keys of neighbours outside the reference alias others' (D12); sums are NumPy's; 0 / 0 is below nothing.

    1 - p is a multiple of 2^-53, as in the program (D8): it becomes 0 within these rows where the bias is .7 or more.
    """
    rng = np.random.default_rng(seed)
    M, n = m + more, m + more + 120
    X = 2 + np.sin(np.arange(n) / rng.uniform(1, 6, (d, 1))) + 0.3 * rng.normal(size=(d, n))
    X = np.round(X, digits)
    if silent:  # some windows of the reference hold zeros only
        X[0, : M // 2] = 0.0
        X[0, M // 2] = 1.0
    labels = (rng.random(n) < 0.4).astype(int) if feedback else None
    arguments = {"window": m, "reference": M, "threshold": 0.3 * d, "bias": bias, "labels": labels, "p_limit": p_limit}
    flags, scores, contributions, stop = program.run(X, **arguments)
    for one in (replay, reference.replay):
        ours = one(X, **arguments)
        # A score that is the threshold but for rounding may be on either side of it.
        clear = np.abs(scores[:stop] - 0.3 * d) > 1e-12
        np.testing.assert_array_equal(ours[0][:stop][clear], flags[:stop][clear])
        close(ours[1][:stop], scores[:stop])
        close(ours[2][:stop], contributions[:stop])


def test_a_neighbour_outside_the_reference_is_another_pattern() -> None:
    """By arithmetic: base 55, window (54, 0) moved by one is 55 + 55 = 110, which is (0, 2)."""
    assert reference.published_key((54, 0), 1, 55) == (0, 2)
    assert reference.published_key((0, 0), -1, 55) is None


def test_author_mode_streams_what_replay_replays() -> None:
    """One code path: update in author mode gives the replayed scores."""
    rng = np.random.default_rng(1)
    X = 5 + np.sin(np.arange(300) / np.array([[2.0], [7.0]])) + 0.2 * rng.normal(size=(2, 300))
    flags, scores, _ = replay(X, window=5, reference=40, threshold=0.2, bias=0.85)
    found = RAMP(2, window=5, reference=40, threshold=0.2, bias=0.85, mode="author").score(X.T)
    np.testing.assert_array_equal(found.score[44:-1], scores[40:])
    np.testing.assert_array_equal(found.is_anomaly[44:-1], flags[40:])


def test_scores_of_author_mode_are_never_nan() -> None:
    """D9, D20: weights that ran away are bounded, and a confirmed anomaly is not muted for ever."""
    X = np.sin(np.arange(800) / 3)[:, None]
    X[500] = 5
    ramp = RAMP(1, window=5, reference=60, threshold=0.2, mode="author", bias=1e-3)
    scores = ramp.score(X)
    assert np.isfinite(scores.score[scores.time >= 0]).all()
    ramp.feedback(true_positives=[799])
    assert np.isfinite(ramp.score(X).score).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_index": (5,)}, r"start_index\[0\]: must be 0.*got 5"),
        ({"start_index": ()}, r"start_index\[0\]: must be 0"),
        ({"start_index": (0, 30)}, r"start_index\[1\]: must be at least 40"),
        ({"labels": [0, 1]}, "labels: must have one value per window: 95, got 2"),
        ({"labels": ["a"] * 95}, "labels: must be a vector"),
        ({"reference": 98}, "X: must have at least reference"),
        ({"threshold": 0}, "threshold: must be > 0"),
        ({"p_limit": "x"}, "p_limit: must be a float, got str"),
        ({"p_limit": 2}, "p_limit: must be from 0 to 1"),
        ({"start_index": 0}, "start_index: must be a sequence, got int"),
        ({"start_index": (0, -1)}, r"start_index\[1\]: must be >= 0, got -1"),
        ({"start_index": (0, 1.5)}, r"start_index\[1\]: must be a whole number, got 1.5"),
        ({"start_index": (0, 2**70)}, r"start_index\[1\]: must be a whole number"),
        ({"labels": [2] * 95}, r"labels\[0\]: must be 0 or 1, got 2"),
        ({"labels": [0] * 94 + [float("nan")]}, r"labels\[94\]: must be 0 or 1, got nan"),
    ],
)
def test_replay_checks_its_arguments(change: dict, message: str) -> None:
    good = {"window": 5, "reference": 40, "threshold": 0.2, "bias": 0.85}
    with pytest.raises((SpecError, SpecTypeError), match=message):
        replay(np.ones((2, 100)), **good | change)
    assert len(replay(np.ones((2, 3)), **good)[0]) == 0
