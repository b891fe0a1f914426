"""Metrics of events and of nearness: against the slow definitions, the authors' figures, and at the edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paranom_rs.errors import SpecError
from paranom_rs.evaluate import metrics
from paranom_rs.evaluate.metrics.nab import PROFILES
from reference import event_metrics as slow
from reference.metrics import point_adjusted_f1

GOLDEN_NAB = {
    "standard": 61.039532862269105,
    "reward_low_FP_rate": 55.539563081160935,
    "reward_low_FN_rate": 62.915244130401625,
}

few = settings(max_examples=60)


@st.composite
def pairs(draw, most=40):
    """Labels and predictions in runs, 1 to 40 rows."""
    n = draw(st.integers(1, most))
    made = []
    for _ in range(2):
        runs = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=9))
        row = [value for value, times in runs for _ in range(times)]
        made.append((row * (n // len(row) + 1))[:n])
    return made


@st.composite
def scored(draw):
    """Labels of both classes, and scores that tie."""
    y, _ = draw(pairs())
    assume(0 < sum(y) < len(y))
    return y, draw(st.lists(st.integers(0, 6).map(float), min_size=len(y), max_size=len(y)))


def dense():
    """A longer series with events that touch its ends and come close to each other."""
    rng = np.random.default_rng(20)
    y = np.zeros(3000, int)
    for start, stop in [(0, 30), (200, 260), (290, 300), (1500, 1700), (2990, 3000)]:
        y[start:stop] = 1
    return y, np.round(rng.normal(size=3000) + 1.5 * y, 1)


@few
@given(pairs())
def test_affiliation_is_its_definition(case):
    y, pred = case
    got = metrics.affiliation(y, pred)
    assert got[:2] == pytest.approx(slow.affiliation(y, pred), abs=1e-12, nan_ok=True)


def test_affiliation_agrees_with_the_authors_code():
    # Computed with TSB-AD 1.5, which holds it: evaluation.affiliation.metrics.pr_from_events(..., (0, 3000)).
    y, s = dense()
    got = metrics.affiliation(y, s > 2)
    assert got[:2] == pytest.approx((0.7736709265118359, 0.9900165616166928), abs=1e-12)


def test_affiliation_by_hand():
    #           a zone of 8 rows, an event of 2; the prediction is 1 row behind it
    y, pred = [0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0]
    got = metrics.affiliation(y, pred)
    # Mean over d from 0 to 1 of 1 - (2 + 2 d) / 8; over d from 0 to 2 of 1 - 2 d / 8.
    assert got == pytest.approx((0.625, 0.75, 2 * 0.625 * 0.75 / 1.375))
    exact = metrics.affiliation(y, y)
    assert exact == (1.0, 1.0, 1.0)


def test_affiliation_at_the_edges():
    assert np.isnan(metrics.affiliation([], [])).all()
    assert np.isnan(metrics.affiliation([0, 0], [0, 1])).all()
    nothing = metrics.affiliation([0, 1, 0], [0, 0, 0])
    assert nothing.recall == 0.0
    assert np.isnan([nothing.precision, nothing.f1]).all()
    assert metrics.affiliation([1, 1, 1], [0, 1, 0]).precision == 1.0


@few
@given(scored(), st.integers(0, 12), st.integers(0, 12), st.integers(2, 12))
def test_pate_is_its_definition(case, early, late, thresholds):
    y, s = case
    got = metrics.pate(y, s, early=early, late=late, thresholds=thresholds)
    assert got == pytest.approx(slow.pate(y, s, early, late, thresholds), abs=1e-12)


def test_pate_agrees_with_the_authors_code():
    # Computed with PATE 0.1.1, PATE(y, s), and the distinct scores as its thresholds.
    y, s = dense()
    assert metrics.pate(y, s) == pytest.approx(0.507286491634251, abs=1e-12)


def test_pate_takes_infinite_scores_and_rewards_what_is_near():
    y = np.repeat([0, 1, 0], [50, 20, 50])
    assert metrics.pate(y, np.where(y, np.inf, -np.inf)) == pytest.approx(metrics.pate(y, y.astype(float)))
    near, far = np.zeros(120), np.zeros(120)
    near[70:80] = far[105:115] = 1.0
    assert metrics.pate(y, near, late=40) > metrics.pate(y, far, late=40)
    assert metrics.pate(y, near, early=0, late=0) == pytest.approx(metrics.pate(y, far, early=0, late=0))


@few
@given(scored(), st.integers(0, 9))
def test_ucr_score_is_its_definition(case, slack):
    y, s = case
    assert metrics.ucr_score(y, s, slack=slack) == pytest.approx(slow.ucr_score(y, s, slack))


def test_ucr_score_by_hand():
    y = np.zeros(1000, int)
    y[500:510] = 1
    for best, right in [(401, 1.0), (400, 0.0), (608, 1.0), (609, 0.0), (505, 1.0)]:
        s = np.zeros(1000)
        s[best] = 1.0
        assert metrics.ucr_score(y, s) == right, best
    assert metrics.ucr_score([1, 1], [0.0, 1.0]) == 1.0


@few
@given(pairs(), st.floats(0, 1))
def test_pa_k_is_its_definition(case, k):
    y, pred = case
    assert metrics.point_adjusted_f1(y, pred, k=k) == pytest.approx(slow.pa_k_f1(y, pred, k))
    assert metrics.point_adjusted_f1(y, pred) == pytest.approx(point_adjusted_f1(y, pred))
    # Shares of events of at most 40 rows; between two of them F1 is constant.
    edges = sorted({i / j for j in range(1, 41) for i in range(j + 1)})
    area = sum((b - a) * slow.pa_k_f1(y, pred, (a + b) / 2) for a, b in itertools.pairwise(edges))
    assert metrics.pa_k(y, pred) == pytest.approx(area)


def test_pa_k_at_the_edges():
    assert metrics.pa_k([], []) == metrics.pa_k([0, 0], [0, 0]) == 0.0
    assert metrics.pa_k([1, 1], [1, 1]) == metrics.pa_k([0, 1], [0, 1]) == 1.0
    # Half of an event: F1 1 for k below 1/2, and 2/3 above.
    assert metrics.pa_k([1, 1], [0, 1]) == pytest.approx((1 + 2 / 3) / 2)


@few
@given(pairs(), st.sampled_from(sorted(PROFILES)), st.none() | st.integers(0, 20))
def test_nab_score_is_its_definition(case, profile, probation):
    y, pred = case
    got = metrics.nab_score(y, pred, profile=profile, probation=probation)
    assert got == pytest.approx(slow.nab_score(y, pred, *PROFILES[profile], probation), nan_ok=True)


def test_nab_score_agrees_with_the_benchmark():
    # Computed with numenta/NAB, nab/sweeper.py at 03ef06a: calcSweepScore and calcScoreByThreshold, then normalised
    # by the scores of no prediction and of the first row of each window.
    rng, y = np.random.default_rng(20), np.zeros(3000, int)
    for start, stop in [(200, 260), (700, 760), (290, 300), (1500, 1700), (2900, 2990)]:
        y[start:stop] = 1
    pred = rng.random(3000) < 0.004 + 0.03 * y
    for profile, wanted in GOLDEN_NAB.items():
        assert metrics.nab_score(y, pred, profile=profile) == pytest.approx(wanted, abs=1e-9)


def test_nab_score_of_the_best_and_of_nothing():
    y = np.repeat([0, 1, 0, 1, 0], [300, 50, 300, 50, 300])
    first = np.diff(np.append(0, y)) > 0
    assert metrics.nab_score(y, first) == pytest.approx(100.0)
    assert metrics.nab_score(y, np.zeros(1000, int)) == 0.0
    assert metrics.nab_score(y, ~y.astype(bool)) < 0
    assert np.isnan(metrics.nab_score([0, 0], [0, 1]))
    assert np.isnan(metrics.nab_score([], []))


@few
@given(pairs(), st.integers(0, 9) | st.just(2**62))
def test_warnings_are_their_definition(case, horizon):
    y, pred = case
    delays = np.array(slow.warning_delays(y, pred, horizon), float)
    got = metrics.warning_report(y, pred, horizon=horizon)
    np.testing.assert_array_equal(got.delays, delays)
    if len(delays):
        assert got.found == np.mean(~np.isnan(delays))
        assert got.early == np.mean(delays < 0)
    assert got.mean_delay == pytest.approx(delays[~np.isnan(delays)].mean() if got.found > 0 else np.nan, nan_ok=True)


def test_warnings_by_hand():
    y = [0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1]
    pred = [0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1]
    got = metrics.warning_report(y, pred, horizon=2)
    np.testing.assert_array_equal(got.delays, [-2.0, 1.0, np.nan])
    assert (got.mean_delay, got.early, got.found) == (-0.5, 1 / 3, 2 / 3)
    nothing = metrics.warning_report([], [], horizon=5)
    assert np.isnan([nothing.mean_delay, nothing.early, nothing.found]).all()
    assert metrics.warning_report([1, 1], [1, 1], horizon=0).delays.tolist() == [0.0]


@pytest.mark.parametrize("metric", [metrics.pate, metrics.ucr_score])
def test_bad_scores_are_named(metric):
    with pytest.raises(SpecError, match=r"scores\[1\]: must be a number, got NaN"):
        metric([0, 1], [0.5, np.nan])
    with pytest.raises(SpecError, match="scores: must have as many rows as the labels, 2, got 1"):
        metric([0, 1], [0.5])
    with pytest.raises(SpecError, match="y_true: must hold"):
        metric([0, 0], [0.5, 0.1])
    with pytest.raises(SpecError, match="y_true: must hold"):
        metric([], [])


def test_bad_arguments_are_named():
    with pytest.raises(SpecError, match="k: must be from 0 to 1, got 2"):
        metrics.point_adjusted_f1([0, 1], [0, 1], k=2)
    with pytest.raises(SpecError, match=r"profile: must be one of 'standard', .*, got 'mine'"):
        metrics.nab_score([0, 1], [0, 1], profile="mine")
    with pytest.raises(SpecError, match="horizon: must be a whole number from 0"):
        metrics.warning_report([0, 1], [0, 1], horizon=2**62 + 1)
    for metric in (metrics.affiliation, metrics.pa_k, metrics.nab_score):
        with pytest.raises(SpecError, match="y_pred: must have 2 rows, as y_true has, got 1"):
            metric([0, 1], [0])
