"""The pan profile is the matrix profile of each length; a chosen window says why, and finds what is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import SpecError, SpecTypeError, choose_window, matrix_profile, pan_profile
from reference import matrix_profile as reference
from support.nasty_series import series


@given(series(least=20, most=120), st.data())
def test_at_fraction_1_it_equals_the_reference(x, data):
    lengths = data.draw(st.lists(st.integers(3, len(x) // 2), min_size=1, max_size=5, unique=True).map(sorted))
    pan = pan_profile(x, lengths)
    for at, m in enumerate(lengths):
        D = reference.without_trivial(reference.distances(x, x, m), m)
        profile = D.min(axis=1).astype(float)
        profile = profile[np.isfinite(profile)]
        discord, motif = pan.discords[at], pan.motifs[at]
        if not len(profile):
            assert discord is None
            assert motif is None
            assert np.isnan(pan.typical[at])
            continue
        near = 1e-5 * np.sqrt(m)
        assert discord.distance == pytest.approx(profile.max(), rel=1e-6, abs=near)
        assert motif.distance == pytest.approx(profile.min(), rel=1e-6, abs=near)
        assert pan.typical[at] == pytest.approx(np.sort(profile)[::-1][len(profile) // 2], rel=1e-6, abs=10 * near)
        assert discord.distance == pytest.approx(float(D[discord.start, discord.neighbor]), rel=1e-9, abs=1e-11)
        assert motif.distance == pytest.approx(float(D[motif.first, motif.second]), rel=1e-9, abs=1e-11)
        assert np.nanmax(pan.bins[at]) == pytest.approx(profile.max() / (2 * np.sqrt(m)), rel=1e-5, abs=1e-4)


def test_a_fraction_gives_upper_bounds_that_more_lengths_improve():
    rng = np.random.default_rng(3)
    x = np.sin(np.arange(8000) / 9) + 0.3 * rng.normal(size=8000)
    few, many = pan_profile(x, [60], fraction=0.05), pan_profile(x, range(40, 61), fraction=0.05)
    whole = pan_profile(x, range(40, 61))
    for part in (few, many):
        assert part.typical[-1] >= whole.typical[-1] - 1e-9
        assert part.motifs[-1].distance >= whole.motifs[-1].distance - 1e-9
    assert many.typical[-1] < few.typical[-1]


def test_threads_do_not_change_a_bit():
    x = np.random.default_rng(4).normal(size=20_000).cumsum()
    one, other = (pan_profile(x, range(50, 80, 3), fraction=0.1, threads=t) for t in (1, 3))
    assert one.discords == other.discords
    assert one.motifs == other.motifs
    assert one.bins.tobytes() == other.bins.tobytes()
    assert one.typical.tobytes() == other.typical.tobytes()


def test_scores_are_comparable_across_lengths_and_plot():
    x = np.sin(np.arange(3000) / 5) + 0.1 * np.random.default_rng(0).normal(size=3000)
    x[2000:2030] = 0.5
    pan = pan_profile(x, range(20, 100, 10))
    assert pan.discord_scores.shape == pan.motif_scores.shape == pan.typical_scores.shape == (8,)
    assert ((pan.discord_scores > pan.typical_scores) & (pan.typical_scores > pan.motif_scores)).all()
    assert all(d.start < 2030 and d.stop > 2000 for d in pan.discords)
    assert "8 lengths from 20 to 90" in repr(pan)
    pytest.importorskip("matplotlib")
    assert len(pan.plot().axes) == 4


def test_the_window_is_chosen_and_says_why():
    rng, t = np.random.default_rng(1), np.arange(6000)
    x = np.sin(2 * np.pi * t / 75) ** 3 + 0.05 * rng.normal(size=len(t))
    x[4000:4040] += 0.8
    choice = choose_window(x)
    assert choice.period == pytest.approx(75, abs=1)
    assert 37 <= choice.window <= 150
    assert "main period is 75 rows" in choice.reason
    assert str(choice.window) in choice.reason
    found = matrix_profile(x, "auto")
    assert found.window == choice.window
    assert found.window_reason == choice.reason
    discord = found.discords()[0]
    assert discord.start < 4040
    assert discord.stop > 4000
    assert matrix_profile(x, 50).window_reason == ""


@pytest.mark.parametrize("kind", ["noise", "walk", "constant", "missing", "huge", "tiny"])
def test_a_window_is_chosen_for_any_series(kind):
    rng = np.random.default_rng(2)
    x = {
        "noise": rng.normal(size=500),
        "walk": rng.normal(size=500).cumsum(),
        "constant": np.ones(500),
        "missing": np.full(500, np.nan),
        "huge": 1e300 * rng.normal(size=500),
        "tiny": 1e-310 * rng.normal(size=40),
    }[kind]
    choice = choose_window(x)
    assert 3 <= choice.window <= len(x) // 2
    assert choice.reason.endswith(".")


def test_timestamps_come_back():
    times = pd.date_range("2026-01-01", periods=500, freq="h")
    x = pd.Series(np.random.default_rng(5).normal(size=500), index=times)
    pan = pan_profile(x, [20, 30])
    assert pan.discords[1].time == times[pan.discords[1].start]
    assert pan.motifs[0].times == (times[pan.motifs[0].first], times[pan.motifs[0].second])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: pan_profile(np.zeros(50), []), SpecError, "windows: must have at least one length"),
        (lambda: pan_profile(np.zeros(50), [2]), SpecError, r"windows\[0\]: must be >= 3, got 2"),
        (lambda: pan_profile(np.zeros(50), [5, 5]), SpecError, r"windows\[1\]: must be more than the length before it"),
        (lambda: pan_profile(np.zeros(50), [5, 26]), SpecError, "window: must be at most half the length of x, 50"),
        (lambda: pan_profile(np.zeros(50), 5), SpecTypeError, "windows: must be a sequence"),
        (lambda: pan_profile(np.zeros(50), [5], fraction=0), SpecError, "fraction: must be above 0"),
        (lambda: choose_window(np.zeros(31)), SpecError, "x: must have at least 32 values to choose a window for"),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
