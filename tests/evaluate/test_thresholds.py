"""Thresholds: each rule against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paranom_rs._internal.alarm_budget import lowest_threshold
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.evaluate.thresholds import POT, SPOT, AlarmsPerDay, Conformal, FBeta, KSigma, Quantile
from reference import metrics as slow

RULES = [Quantile(0.9), KSigma(3), AlarmsPerDay(2, rows_per_day=100), Conformal(0.1), POT(1e-3), SPOT(1e-3), FBeta(0.1)]


@pytest.mark.parametrize("outliers", [(1e4, 1e5, 1e6), (1e9,), (50.0,) * 3 + (1e3,), ()])
@pytest.mark.parametrize("law", ["normal", "cauchy", "pareto", "uniform", "lognormal"])
def test_a_tail_is_as_likely_as_the_best_that_scipy_finds(law: str, outliers: tuple[float, ...]) -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    draw = {
        "normal": rng.normal, "cauchy": rng.standard_cauchy, "pareto": lambda size: rng.pareto(0.5, size),
        "uniform": lambda size: rng.uniform(size=size), "lognormal": lambda size: rng.lognormal(0, 3, size),
    }[law]  # fmt: skip
    scores = np.concatenate([draw(size=5000), outliers])
    rule = POT(1e-3).fit(scores)
    tail = scores[scores > rule.start_] - rule.start_

    def likelihood(shape: float, scale: float) -> float:
        return float(scipy_stats.genpareto.logpdf(tail, shape, 0, scale).sum())

    fits = [scipy_stats.genpareto.fit(tail, c, floc=0, scale=np.median(tail)) for c in (-0.3, 0.1, 1.0, 2.0, 4.0)]
    # Below a shape of -1 the likelihood has no maximum.
    best = max((likelihood(c, scale) for c, _, scale in fits if c > -1), default=-np.inf)
    assert likelihood(rule.shape_, rule.scale_) > best - 0.01


def test_quantile_and_sigma():
    s = np.random.default_rng(0).normal(5, 2, 10_000)
    assert Quantile(0.9).fit(s).threshold_ == np.quantile(s, 0.9)
    assert KSigma(3).fit(s).threshold_ == pytest.approx(s.mean() + 3 * s.std())
    spoiled = np.append(s, [1e9] * 50)
    assert KSigma(3, robust=True).fit(spoiled).threshold_ == pytest.approx(11.0, abs=0.2)


def test_only_normal_rows_teach_where_labels_are_not_needed():
    s = np.concatenate([np.arange(100.0), np.full(50, 1e6)])
    y = np.repeat([0, 1], [100, 50])
    assert Quantile(0.9).fit(s, y).threshold_ == Quantile(0.9).fit(np.arange(100.0)).threshold_


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40),
    st.sampled_from([0.1, 1.0, 3.0]),
)
def test_f_beta_is_the_largest(rows, beta):
    y, s = [a for a, _ in rows], [float(b) for _, b in rows]
    assume(0 < sum(y) < len(y))
    rule = FBeta(beta).fit(s, y)
    pred = rule.predict(s)
    tp = int((pred & np.array(y)).sum())
    got = (1 + beta**2) * tp / (pred.sum() + beta**2 * sum(y)) if pred.sum() else 0.0
    assert got == pytest.approx(slow.best_f_beta(y, s, beta))


def test_f_beta_lies_midway_and_survives_infinities():
    assert FBeta(1).fit([0.0, 1.0, 3.0, 4.0], [0, 0, 1, 1]).threshold_ == 2.0
    assert FBeta(1).fit([0.0, 1.0, np.inf], [0, 0, 1]).predict([1.0, np.inf]).tolist() == [0, 1]
    near = FBeta(1).fit([1.0, np.nextafter(1.0, 2)], [0, 1])
    assert near.predict([1.0, np.nextafter(1.0, 2)]).tolist() == [0, 1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 6), st.sampled_from([0.5, 1, 3, 10, 1e9]))
def test_alarms_stay_within_the_budget(values, budget, per_alarm):
    s = [float(v) for v in values]
    found = AlarmsPerDay(budget, rows_per_day=len(s), rows_per_alarm=per_alarm).fit(s).threshold_

    def count(level):
        return max(slow.alarms(s, level), sum(v > level for v in s) / per_alarm)

    levels = sorted(set(s))
    # At it and above it: within the budget. One level lower: not.
    assert all(count(level) <= budget for level in levels if level >= found)
    lower = [level for level in levels if level < found]
    assert not lower or count(lower[-1]) > budget


def test_permanent_alarm_is_not_one():
    s = np.random.default_rng(0).normal(5, 1, 2000)
    assert AlarmsPerDay(20, rows_per_day=1440).fit(s).predict(s).sum() <= 20 * 10 * 2000 / 1440


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([0.02, 0.1, 0.5]), st.sampled_from([None, 1, 3]))
def test_conformal_is_a_rank(seed, count, share, block):
    s = np.random.default_rng(seed).normal(size=count)
    units = s
    if block is not None:
        units = np.array([s[count - i - block : count - i].max() for i in range(0, count - block + 1, block)])
    # Of the n + 1 positions that a further score can take among n, so many may lie above the threshold.
    wanted = [level for level in units if (units >= level).sum() / (len(units) + 1) <= share + 1e-12]
    if not wanted:
        with pytest.raises(SpecError, match="1 / alarm_share"):
            Conformal(share, block=block).fit(s)
        return
    assert Conformal(share, block=block).fit(s).threshold_ == min(wanted)


def test_conformal_keeps_its_promise_for_few_scores():
    rng = np.random.default_rng(5)
    draws = rng.standard_cauchy((20_000, 40))
    alarms = [Conformal(0.1).fit(x[:39]).threshold_ < x[39] for x in draws[:4000]]
    assert np.mean(alarms) == pytest.approx(0.1, abs=0.015)
    # Scores that stay high for a while: of the blocks, not of the rows.
    blocks = np.repeat(rng.exponential(size=(2000, 60)), 5, axis=1) + 0.01 * rng.random((2000, 300))
    alarms = [(x[295:] > Conformal(0.1, block=5).fit(x[:295]).threshold_).any() for x in blocks]
    assert np.mean(alarms) == pytest.approx(0.1, abs=0.025)
    for wrong in ({"alarm_share": 0}, {"block": 0}, {"block": 1.5}):
        with pytest.raises((SpecError, SpecTypeError)):
            Conformal(**wrong)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(0, 4), st.integers(2, 4))
def test_alarms_that_wait_for_quiet_stay_within_the_budget(values, budget, min_gap):
    s = np.array(values, np.float64)
    found = lowest_threshold(s, budget, release=0.5, min_gap=min_gap)
    assert found in s
    assert slow.alarms(s, found, release=0.5, min_gap=min_gap) <= budget


def test_both_searches_agree_where_alarms_do_not_merge():
    s = np.random.default_rng(2).exponential(size=5000)
    for allowed in (0, 1, 7.5, 100):
        # A release that is all but 1 asks for the search with hysteresis.
        nearly = lowest_threshold(s, allowed, release=1 - 1e-12)
        assert nearly == lowest_threshold(s, allowed)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.4])
def test_pot_finds_the_tail_that_made_the_scores(shape):
    scipy_stats = pytest.importorskip("scipy.stats")
    law = scipy_stats.genpareto(shape, scale=2.0)
    s = law.rvs(40_000, random_state=np.random.default_rng(3))
    rule = POT(1e-4, level=0.9).fit(s)
    assert rule.shape_ == pytest.approx(shape, abs=0.06)
    assert rule.threshold_ == pytest.approx(law.isf(1e-4), rel=0.15)
    # No fit of scipy's is likelier than ours.
    tail = s[s > rule.start_] - rule.start_
    theirs = scipy_stats.genpareto.fit(tail, floc=0)
    ours = scipy_stats.genpareto.logpdf(tail, rule.shape_, 0, rule.scale_).sum()
    assert ours >= scipy_stats.genpareto.logpdf(tail, *theirs).sum() - 0.01


def test_pot_keeps_its_risk_on_fresh_scores():
    rng = np.random.default_rng(9)
    rule = POT(1e-3).fit(rng.gumbel(size=200_000))
    assert rule.predict(rng.gumbel(size=200_000)).mean() == pytest.approx(1e-3, rel=0.25)


def test_spot_goes_on_learning():
    rng = np.random.default_rng(4)
    first, later = rng.exponential(size=2000), rng.exponential(size=3000)
    rule = SPOT(1e-3).fit(first)
    start = rule.threshold_
    found = [rule.update(v) for v in later]
    assert sum(found) <= 12
    assert rule.threshold_ != start
    before = rule.threshold_
    assert rule.update(1e9)
    assert rule.threshold_ == before
    # What it learned is what a fit on all its normal scores with the same start of the tail would give.
    normal = np.concatenate([first, later[~np.array(found)]])
    assert rule._seen == len(normal)
    assert len(rule._excesses) == (normal > rule.start_).sum()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_is_one_object_with_one_sense(rule):
    rng = np.random.default_rng(0)
    s, y = rng.normal(size=2000), rng.random(2000) < 0.1
    fresh = type(rule)(**rule.get_params())
    assert fresh == rule
    assert repr(fresh) == repr(rule)
    assert not hasattr(fresh, "threshold_")
    name, value = next(iter(rule.get_params().items()))
    assert fresh.set_params(**{name: value / 2}) is fresh
    assert fresh != rule
    assert fresh.set_params(**{name: value}) == rule
    assert fresh.fit(s, y) is fresh
    assert fresh.predict(s).dtype == np.int8
    assert (fresh.predict(s) == (s > fresh.threshold_)).all()
    with pytest.raises(SpecError, match="must be a number, got NaN"):
        fresh.fit([0.0, np.nan])
    with pytest.raises(SpecError, match="must not be empty"):
        fresh.fit([])
    with pytest.raises(SpecError, match="y: must have 2 rows, as scores has, got 1"):
        fresh.fit([1.0, 2.0], [0])


def test_bad_arguments():
    with pytest.raises(SpecError, match=r"q: must be > 0 and < 1, got 1.5"):
        Quantile(1.5)
    with pytest.raises(SpecError, match="k: must be a finite number > 0, got -1"):
        KSigma(-1)
    with pytest.raises(SpecError, match="beta: must be a finite number > 0, got 0"):
        FBeta(0)
    with pytest.raises(SpecError, match=r"risk: must be below 1 - level = 0.02, .* got 0.1$"):
        POT(0.1)
    with pytest.raises(SpecError, match="y: must be given: FBeta learns from labels"):
        FBeta().fit([1.0, 2.0])
    with pytest.raises(SpecError, match="only class 1"):
        FBeta().fit([1.0, 2.0], [1, 1])
    with pytest.raises(SpecError, match="y: must hold a normal row"):
        Quantile().fit([1.0, 2.0], [1, 1])
    with pytest.raises(SpecError, match=r"scores: must have 10 distinct excesses .* got 0$"):
        POT().fit(np.ones(1000))
    with pytest.raises(SpecError, match="scores: must be finite for POT, got an infinity"):
        POT().fit(np.append(np.arange(1000.0), np.inf))
    for rule in (KSigma(), Quantile(0.9)):
        with pytest.raises(SpecError, match=r"scores: must be finite for .*, got an infinity"):
            rule.fit(np.full(5, np.inf))
    with pytest.raises(SpecTypeError, match="robust: must be True or False, got 'yes'"):
        KSigma(3, robust="yes")


@pytest.mark.parametrize(
    "rule", [POT(), SPOT(), Quantile(), KSigma(), Conformal(), AlarmsPerDay(rows_per_day=100)], ids=repr
)
def test_a_refused_fit_changes_nothing(rule) -> None:
    rule.fit(np.random.default_rng(0).normal(size=1000))
    before = {name: np.array(value) for name, value in vars(rule).items()}
    for bad in (np.ones((2, 2)), np.array([]), np.append(np.arange(1000.0), np.inf), np.ones(1000)):
        try:
            type(rule).fit(rule, bad)
        except SpecError:
            after = {name: np.array(value) for name, value in vars(rule).items()}
            assert after.keys() == before.keys()
            assert all(np.array_equal(after[name], before[name]) for name in before)
        else:
            before = {name: np.array(value) for name, value in vars(rule).items()}
