"""Values are distributed as their names say, rows and variables are independent, and events come as often, last as
long and lie where they should. Seeds are fixed: a test passes always or never; limits are set at 1 in 10,000 or less.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal, special, stats

from paranom_rs import Calendar, Generator, Stochastic, TimeIndex
from paranom_rs._core import Plan
from support.generated import generated

Spec = dict[str, Any]
ROWS = 200_000
LEAST = 1e-4  # p-values below this fail


def column(rule: Any, *, rows: int = ROWS, start: int = 0, seed: int = 11) -> NDArray[np.float64]:
    spec = {"seed": seed, "variables": {"x": {"kind": "stochastic", "normal": rule}}}
    return generated(spec, start, rows).columns["x"]


CONTINUOUS = {
    "uniform": ({"kind": "uniform", "low": -2, "high": 5}, stats.uniform(-2, 7)),
    "normal": ({"kind": "normal", "mean": 3, "std": 0.5}, stats.norm(3, 0.5)),
    "truncated": (
        {"kind": "normal", "mean": 1, "std": 2, "low": 0, "high": 4},
        stats.truncnorm(-0.5, 1.5, 1, 2),
    ),
    "tail": ({"kind": "normal", "low": 6}, stats.truncnorm(6, np.inf)),
    "lognormal": ({"kind": "lognormal", "mean": 0.5, "sigma": 0.8}, stats.lognorm(0.8, scale=np.exp(0.5))),
    "exponential": ({"kind": "exponential", "scale": 3}, stats.expon(scale=3)),
    "laplace": ({"kind": "laplace", "loc": 1, "scale": 2}, stats.laplace(1, 2)),
    "cauchy": ({"kind": "cauchy", "loc": -1, "scale": 3}, stats.cauchy(-1, 3)),
    "student t": ({"kind": "student_t", "df": 3.5, "loc": 2, "scale": 0.5}, stats.t(3.5, 2, 0.5)),
    "student t with few": ({"kind": "student_t", "df": 0.7}, stats.t(0.7)),
    "student t with many": ({"kind": "student_t", "df": 1e12}, stats.norm()),
    "gamma": ({"kind": "gamma", "shape": 2.5, "scale": 3}, stats.gamma(2.5, scale=3)),
    "gamma of 1": ({"kind": "gamma", "shape": 1}, stats.expon()),
    "small gamma": ({"kind": "gamma", "shape": 0.3}, stats.gamma(0.3)),
    "large gamma": ({"kind": "gamma", "shape": 1e4}, stats.gamma(1e4)),
    "beta": ({"kind": "beta", "a": 2, "b": 5}, stats.beta(2, 5)),
    "small beta": ({"kind": "beta", "a": 0.4, "b": 0.7}, stats.beta(0.4, 0.7)),
    "mixture": (
        {
            "kind": "mixture",
            "of": [{"kind": "uniform", "low": 0, "high": 3}, {"kind": "uniform", "low": 3, "high": 4}],
            "weights": [0.75, 0.25],
        },
        stats.uniform(0, 4),
    ),
    "normal of normals": (
        {"kind": "normal", "mean": {"kind": "normal", "std": 3}, "std": 4},
        stats.norm(0, 5),
    ),
    "sum": ({"kind": "sum", "of": [{"kind": "normal", "std": 3}, {"kind": "normal", "std": 4}]}, stats.norm(0, 5)),
}


@pytest.mark.parametrize("start", [0, 2**63 + 77])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_distributions(name: str, start: int) -> None:
    rule, expected = CONTINUOUS[name]
    values = column(rule, start=start)
    assert stats.kstest(values, expected.cdf).pvalue > LEAST
    counts = np.bincount((expected.cdf(values) * 64).astype(int).clip(0, 63), minlength=64)
    assert stats.chisquare(counts).pvalue > LEAST


def test_moments_of_the_normal() -> None:
    """Moments see what a distribution function hardly shows: a scale that is off by a fraction of a percent."""
    rows = 1_000_000
    z = column({"kind": "normal"}, rows=rows)
    halves = z[: rows // 512 * 512].reshape(-1, 2, 256)  # the cosine and the sine of each pair
    for part in (z, halves[:, 0].ravel(), halves[:, 1].ravel()):
        # Variances of the first four sample moments of n standard normals, times n.
        for power, (mean, variance) in enumerate([(0, 1), (1, 2), (0, 15), (3, 96)], start=1):
            assert abs((part**power).mean() - mean) < 4 * np.sqrt(variance / len(part)), power


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"kind": "integers", "low": -3, "high": 10}, dict.fromkeys(range(-3, 10), 1 / 13)),
        ({"kind": "bernoulli", "p": 0.03}, {0: 0.97, 1: 0.03}),
        ({"kind": "choice", "values": [4, 1, 7]}, {4: 1 / 3, 1: 1 / 3, 7: 1 / 3}),
        ({"kind": "choice", "values": [1, 2, 5, 9], "weights": [0.1, 0, 0.65, 0.25]}, {1: 0.1, 5: 0.65, 9: 0.25}),
    ],
)
def test_discrete_distributions(rule: Spec, expected: dict[float, float]) -> None:
    values, counts = np.unique(column(rule), return_counts=True)
    assert set(values) == set(expected), "nothing else, and everything"
    wanted = [expected[value] * ROWS for value in values]
    assert stats.chisquare(counts, wanted).pvalue > LEAST


@pytest.mark.parametrize("rate", [0, 0.02, 1, 7.3, 29.999, 30, 75, 4000])
@pytest.mark.parametrize("start", [0, 2**63 + 77])
def test_poisson(rate: float, start: int) -> None:
    values = column({"kind": "poisson", "rate": rate}, start=start)
    expected = stats.poisson(rate)
    # Some 50 bins; those at the ends take all that lies beyond.
    edges = np.unique(expected.ppf(np.linspace(0, 1, 51)[1:-1]))
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    wanted = np.diff(np.concatenate([[0], expected.cdf(edges), [1]])) * ROWS
    few = wanted < 5
    counts, wanted = np.append(counts[~few], counts[few].sum()), np.append(wanted[~few], wanted[few].sum())
    assert counts[-1] <= wanted[-1] + 10 * np.sqrt(wanted[-1]) + 5
    if len(counts) > 2:
        assert stats.chisquare(counts[:-1], wanted[:-1] * counts[:-1].sum() / wanted[:-1].sum()).pvalue > LEAST
    assert abs(values.mean() - rate) <= 4.5 * np.sqrt(rate / ROWS)


def test_large_poisson_rates() -> None:
    values = (column({"kind": "poisson", "rate": 1e10}) - 1e10) / 1e5
    assert stats.kstest(values, "norm").pvalue > LEAST


def test_a_poisson_of_gammas_is_negative_binomial() -> None:
    values = column({"kind": "poisson", "rate": {"kind": "gamma", "shape": 3, "scale": 4}})
    expected = stats.nbinom(3, 1 / 5)
    counts = np.bincount(values.astype(int).clip(0, 40), minlength=41)
    wanted = np.append(expected.pmf(np.arange(40)), expected.sf(39)) * ROWS
    assert stats.chisquare(counts, wanted).pvalue > LEAST


def test_tails_of_heavy_distributions() -> None:
    """The share of values far out, where a distribution function tells little."""
    for rule, expected in (
        ({"kind": "student_t", "df": 3}, stats.t(3)),
        ({"kind": "laplace"}, stats.laplace()),
        ({"kind": "cauchy"}, stats.cauchy()),
    ):
        values = np.abs(column(rule, rows=1_000_000))
        for share in (1e-3, 1e-4, 1e-5):
            beyond = (values > expected.isf(share / 2)).sum()
            assert abs(beyond - share * 1e6) < 4.5 * np.sqrt(share * 1e6), (rule, share)


# Lags that would show: neighbours, the two rows that share a block, neighbouring tiles.
LAGS = [1, 2, 3, 4, 8, 16, 255, 256, 257, 511, 512, 513, 1024, 32_768]


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("kind", ["uniform", "normal", "exponential", "laplace", "student_t", "gamma", "poisson"])
def test_rows_are_uncorrelated(kind: str, power: int) -> None:
    more = {
        "uniform": {"low": -1, "high": 1},
        "student_t": {"df": 12},
        "gamma": {"shape": 0.8},
        "poisson": {"rate": 40},
    }
    values = column({"kind": kind} | more.get(kind, {}))
    values = (values - values.mean()) ** power
    values -= values.mean()
    for lag in LAGS:
        r = np.dot(values[:-lag], values[lag:]) / np.dot(values, values)
        assert abs(r) * np.sqrt(ROWS) < 4.5, lag


def test_variables_are_uncorrelated() -> None:
    """Names that differ by one character, at no lag and at those of pairs and tiles; and by neighbouring seeds."""
    rule = {"kind": "stochastic", "normal": {"kind": "normal"}}
    names = [f"sensor_{i}" for i in range(16)] + ["sensor", "sensor ", "SENSOR_l", "sensor_1\u0301"]
    rows = 50_000
    columns = []
    for seed in (0, 1):
        made = generated({"seed": seed, "variables": dict.fromkeys(names, rule)}, 0, rows).columns
        columns += [made[name] for name in names]
    z = np.stack(columns)
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    for lag in (0, 1, 256, 512):
        r = z[:, : rows - lag] @ z[:, lag:].T / np.sqrt(rows - lag)
        r = r[np.triu_indices(len(z), 1)] if lag == 0 else r[~np.eye(len(z), dtype=bool)]
        assert np.abs(r).max() < 5.2, lag  # at most 1,560 pairs: 1 in 3,000 by chance
        assert 0.9 < r.std() < 1.1


def test_random_walk_has_independent_normal_steps() -> None:
    walk = column({"kind": "random_walk", "std": 0.5, "drift": 0.01, "start": 3})
    assert walk[0] == 3
    steps = (np.diff(walk) - 0.01) / 0.5
    assert stats.kstest(steps, "norm").pvalue > LEAST
    for lag in LAGS:
        r = np.dot(steps[:-lag], steps[lag:]) / len(steps)
        assert abs(r) * np.sqrt(len(steps)) < 4.5, lag
    seams = steps[511::512]
    assert stats.kstest(seams, "norm").pvalue > LEAST, "steps into the next tile are like the others"
    coarse = np.diff(walk[::1000] - 0.01 * np.arange(0, ROWS, 1000)) / 0.5 / np.sqrt(1000)
    assert stats.kstest(coarse, "norm").pvalue > LEAST


def test_periodic_signals_are_what_they_say() -> None:
    rows, tau = 10_000, 2 * np.pi
    t = np.arange(rows)
    shape = {"period": 37.5, "phase": 0.2, "amplitude": 3}
    turns = t / 37.5 + 0.2
    turn = turns - np.floor(turns)
    np.testing.assert_allclose(column({"kind": "sine", **shape}, rows=rows), 3 * np.sin(tau * turn), atol=1e-10)
    np.testing.assert_allclose(column({"kind": "cosine", **shape}, rows=rows), 3 * np.cos(tau * turn), atol=1e-10)
    saw = column({"kind": "sawtooth", **shape}, rows=rows)
    assert np.minimum(np.abs(saw - (6 * turn - 3)), np.abs(np.abs(saw) - 3)).max() < 1e-9
    square = column({"kind": "square", **shape, "duty": 0.25}, rows=rows)
    clear = (np.abs(turn - 0.25) > 1e-9) & (turn > 1e-9) & (turn < 1 - 1e-9)
    np.testing.assert_array_equal(square[clear], np.where(turn[clear] < 0.25, 3, -3))
    assert column({"kind": "ecg", "period": 100}, rows=101)[[0, 100]] == pytest.approx([1, 1], abs=0.02)
    far = 37_500 * 2**40  # whole periods: exact phase at any row
    np.testing.assert_allclose(
        column({"kind": "sine", **shape}, rows=100, start=far), column({"kind": "sine", **shape}, rows=100), atol=1e-9
    )


def test_triangles_pulses_and_patterns_are_what_they_say() -> None:
    rows = 10_000
    turns = np.arange(rows) / 37.5 + 0.2
    shape = {"period": 37.5, "phase": 0.2, "amplitude": 3}
    for peak in (0, 0.3, 0.5, 1):
        made = column({"kind": "triangle", **shape, "peak": peak}, rows=rows)
        wanted = 3 * signal.sawtooth(2 * np.pi * turns, peak)
        clear = np.abs(turns - np.round(turns)) > 1e-9
        np.testing.assert_allclose(made[clear], wanted[clear], atol=1e-9)
    for harmonics in (1, 7, 400):
        made = column({"kind": "dirichlet", **shape, "harmonics": harmonics}, rows=rows)
        np.testing.assert_allclose(made, 3 * special.diric(2 * np.pi * turns, 2 * harmonics + 1), atol=1e-7)
    values = np.random.default_rng(2).normal(size=51)
    for start in (0, 51 * 10**15):
        alone = column({"kind": "pattern", "values": values.tolist()}, rows=rows, start=start)
        np.testing.assert_array_equal(alone, np.resize(values, rows))
    place = turns % 1.0 * 51
    made = column({"kind": "pattern", "values": values.tolist(), **shape}, rows=rows)
    np.testing.assert_allclose(made, 3 * np.interp(place, np.arange(52), [*values, values[0]]), atol=1e-6)
    held = column({"kind": "pattern", "values": values.tolist(), "held": True, **shape}, rows=rows)
    clear = np.abs(place - np.round(place)) > 1e-6
    np.testing.assert_array_equal(held[clear], 3 * values[place.astype(int)][clear])


def test_maximum_length_sequences() -> None:
    n = 2**10 - 1
    signs = column({"kind": "mls", "order": 10}, rows=3 * n)
    np.testing.assert_array_equal(signs[:n], signs[n : 2 * n])
    assert set(signs) == {-1, 1}
    for lag in (1, 2, 3, 100, 500):
        assert np.dot(signs[:n], signs[lag : lag + n]) == -1, "as little autocorrelation as there can be"
    walk = column({"kind": "mls", "order": 10, "walk": True, "amplitude": 5}, rows=3 * n)
    assert (walk.min(), walk.max()) == (-5, 5)
    sizes = np.unique(np.round(np.abs(np.diff(walk[:n])), 9))
    assert len(sizes) == 1, "steps of one size, up or down"


@pytest.mark.parametrize("start", [0, 2**63 - 512 * 100])
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.95, -0.8])
def test_ar1_is_the_autoregression_it_says(phi: float, start: int) -> None:
    x = (column({"kind": "ar1", "phi": phi, "std": 2, "mean": 7}, start=start) - 7) / 2
    noise = (x[1:] - phi * x[:-1]) / np.sqrt(1 - phi**2)
    assert stats.kstest(noise, "norm").pvalue > LEAST
    assert stats.kstest(noise[511::512], "norm").pvalue > LEAST, "into the next tile as well"
    for lag in LAGS:
        r = np.dot(noise[:-lag], noise[lag:]) / len(noise)
        assert abs(r) * np.sqrt(len(noise)) < 4.5, lag
        past = np.dot(noise[lag - 1 :], x[: len(noise) - lag + 1]) / len(noise)
        assert abs(past) * np.sqrt(len(noise)) < 4.5, "noise knows nothing of the past"
        # Bartlett's formula for the spread of an estimated autocorrelation, from above
        spread = np.sqrt((1 + phi**2) / (1 - phi**2) / ROWS)
        assert abs(np.dot(x[:-lag], x[lag:]) / len(x) - phi**lag) < 6 * spread, lag
    assert stats.kstest(x[::200], "norm").pvalue > LEAST


def test_ar1_is_stationary_from_row_0_on() -> None:
    first = [column({"kind": "ar1", "phi": 0.999}, rows=1, seed=seed)[0] for seed in range(3000)]
    assert stats.kstest(first, "norm").pvalue > LEAST


@pytest.mark.parametrize("length", [1, 7, 600, [1, 2], [5, 20], [5, 6], [400, 1000]])
def test_steps_hold_their_levels(length: Any) -> None:
    x = column({"kind": "steps", "levels": {"kind": "normal"}, "length": length})
    edges = np.flatnonzero(np.diff(x)) + 1
    shortest, longest = length if isinstance(length, list) else (length, length)
    runs = np.diff(edges)
    assert runs.min() >= shortest
    assert runs.max() <= longest
    if longest - shortest > 1:
        assert runs.max() - runs.min() > 0.7 * (longest - shortest)
    levels = x[edges]
    assert stats.kstest(levels, "norm").pvalue > LEAST
    assert abs(np.dot(levels[1:], levels[:-1]) / len(levels)) * np.sqrt(len(levels)) < 4.5


def test_cylinders_bells_and_funnels() -> None:
    x = column({"kind": "cylinder_bell_funnel", "length": [10, 20], "every": 40, "amplitude": 2}).reshape(-1, 40)
    lengths = (x > 0).sum(axis=1)
    assert stats.chisquare(np.bincount(lengths, minlength=21)[10:]).pvalue > LEAST
    kinds = []
    for row, n in zip(x, lengths, strict=True):
        shape = row[row > 0] / 2
        wanted = {"cylinder": np.ones(n), "bell": np.arange(1, n + 1) / n, "funnel": np.arange(n, 0, -1) / n}
        assert np.all(np.diff(np.flatnonzero(row)) == 1), "in one piece"
        kinds += [name for name, values in wanted.items() if np.array_equal(shape, values)]
    _, counts = np.unique(kinds, return_counts=True)
    assert len(counts) == 3
    assert counts.sum() == len(x)
    assert stats.chisquare(counts).pvalue > LEAST
    starts = (x > 0).argmax(axis=1)
    assert stats.kstest((starts + 0.5) / (41 - lengths), "uniform").pvalue > 1e-6, "anywhere in its stretch"


def test_the_logistic_map_follows_itself_for_ever() -> None:
    for start in (0, 2**63 + 77):
        x = column({"kind": "logistic_map"}, start=start)
        np.testing.assert_allclose(x[1:], 4 * x[:-1] * (1 - x[:-1]), atol=1e-14)
        assert stats.kstest(x[::64], stats.arcsine.cdf).pvalue > LEAST
        assert len(np.unique(x)) > 0.999 * len(x)


def test_the_calendar_is_the_calendar() -> None:
    time = TimeIndex("2023-12-30T05:30", "30min")
    weekday, month, hour = [1, 2, 3, 4, 5, 60, 70], list(range(100, 1300, 100)), [1000.0 * h for h in range(24)]
    rule = Calendar(time, hour, weekday, month, holidays=["2024-02-29", date(2024, 12, 25)], holiday=-5)
    data = Generator({"x": Stochastic(rule)}, time=time).generate(40_000)
    for t, x in zip(data.t.astype("datetime64[s]").tolist()[::7], data["x"][::7], strict=True):
        holiday = t.date() in (date(2024, 2, 29), date(2024, 12, 25))
        place = t.hour + t.minute / 60
        of_time = 1000 * (place if t.hour < 23 else 23 - (t.minute / 60) * 23)
        assert x == pytest.approx((-5 if holiday else weekday[t.weekday()]) + month[t.month - 1] + of_time)


@pytest.mark.parametrize("period", [1, 2, 3, 7, 10, 24, 49, 60, 300, 1000, 1440])
def test_edges_of_square_and_sawtooth_are_at_their_rows(period: int) -> None:
    """Whole periods and duties: each cycle begins in the row that is a multiple of the period, near 0 and far."""
    for start in (0, period * 10**15):
        rows = np.arange(5 * period + 1200)
        for high in {0, 1, period // 3, period // 2, period - 1, period}:
            square = column({"kind": "square", "period": period, "duty": high / period}, rows=len(rows), start=start)
            np.testing.assert_array_equal(square, np.where(rows % period < high, 1, -1))
        saw = column({"kind": "sawtooth", "period": period}, rows=len(rows), start=start)
        np.testing.assert_allclose(saw, 2 * (rows % period) / period - 1, atol=1e-12)


def test_what_is_drawn_once_per_event_is_one_draw_of_its_distribution() -> None:
    spec = {
        "seed": 4,
        "variables": {
            "x": {
                "kind": "stochastic",
                "normal": 0,
                "anomalous": {"kind": "shift", "by": {"kind": "uniform", "low": 1, "high": 2}},
            }
        },
        "anomalies": [{"frequency": 0.4, "duration": [2, 6]}],
    }
    made = generated(spec, 0, 100_000)
    events = made.events[:-1]
    per_event = [np.unique(made.columns["x"][start:stop]) for start, stop, _, _ in events]
    assert all(len(values) == 1 for values in per_event)
    drawn = np.concatenate(per_event)
    assert len(np.unique(drawn)) == len(events)
    assert stats.kstest(drawn, stats.uniform(1, 1).cdf).pvalue > LEAST


# The schedule, over the 10^7 rows that the promise names.

MANY = 10**7
HIT = {"x": {"kind": "stochastic", "normal": 0, "anomalous": 1}}


def schedule(anomalies: list[Spec], rows: int = MANY, seed: int = 5) -> list[NDArray[np.int64]]:
    """Starts, stops and kinds of the events that begin in the rows."""
    plan = Plan({"seed": seed, "variables": HIT, "anomalies": anomalies})
    start, stop, kind, _ = plan.events(0, rows)
    return [start.astype(np.int64), np.minimum(stop, rows).astype(np.int64), kind]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("frequency", "duration"),
    [(0.01, [5, 40]), (0.001, 1), (0.0001, 100), (0.3, [1, 9]), (0.5, 1), (0.8, [45, 55]), (0.05, [1, 500])],
)
def test_the_share_of_anomalous_rows_is_within_one_percent(frequency: float, duration: Any, seed: int) -> None:
    start, stop, _ = schedule([{"frequency": frequency, "duration": duration}], seed=seed)
    assert (stop - start).sum() / MANY == pytest.approx(frequency, rel=0.01)


def test_events_do_not_overlap_in_a_million_slots() -> None:
    rows = 4 * MANY
    kinds = [
        {"name": "a", "frequency": 0.2, "duration": [1, 20], "gap": 3},
        {"name": "b", "frequency": 0.1, "duration": [5, 50], "gap": 0},
        {"name": "c", "frequency": 0.01},
    ]
    start, stop, kind = schedule(kinds, rows=rows)
    assert len(start) > 1_000_000
    gap, longest, shortest = np.array([3, 0, 1]), np.array([20, 50, 1]), np.array([1, 5, 1])
    assert (start[1:] - stop[:-1] >= gap[kind[:-1]]).all()
    lasts = (stop - start)[:-1]
    assert ((lasts >= shortest[kind[:-1]]) & (lasts <= longest[kind[:-1]])).all()
    for number, wanted in enumerate([0.2, 0.1, 0.01]):
        assert (stop - start)[kind == number].sum() / rows == pytest.approx(wanted, rel=0.01)


def test_durations_and_places_of_events_are_uniform() -> None:
    start, stop, _ = schedule([{"frequency": 0.05, "duration": [3, 12]}])
    lasts = (stop - start)[:-1]
    counts = np.bincount(lasts)
    assert counts[:3].sum() == 0
    assert len(counts) == 13
    # Durations are drawn evenly (in strata), so counts are nearer to their mean than chance would bring them.
    assert stats.chisquare(counts[3:]).pvalue > LEAST
    assert stats.kstest(start / MANY, "uniform").pvalue > LEAST, "not bunched anywhere, not at the end"
    length = (3 + 12) / 2 / 0.05
    assert stats.kstest(start % length / length, "uniform").pvalue < 1, "places within slots vary"
    r = np.corrcoef(lasts[:-1], lasts[1:])[0, 1]
    assert abs(r) < 0.03, "an event does not tell the next one's duration"


def test_gaps_between_events_vary() -> None:
    """Waiting times look random, not like a clock: their spread is near that of independent arrivals."""
    start, _, _ = schedule([{"frequency": 0.01, "duration": 10}])
    waits = np.diff(start)
    assert 0.3 < waits.std() / waits.mean() < 1.2


def test_counts_are_exact_in_every_window() -> None:
    anomalies = [
        {"name": "a", "count": 7, "within": 1000, "duration": [1, 20]},
        {"name": "b", "frequency": 0.05, "duration": [1, 20]},
        {"name": "c", "count": 2, "within": 1000, "duration": 30},
    ]
    start, stop, kind = schedule(anomalies, rows=10**6)
    for number, count in ((0, 7), (2, 2)):
        per_window = np.bincount(start[kind == number] // 1000, minlength=1000)
        assert (per_window == count).all()
    assert (start // 1000 == (stop - 1) // 1000)[kind != 1].all(), "whole events, inside their window"
    assert (stop - start)[kind == 1].sum() / 10**6 == pytest.approx(0.05, rel=0.02)


def test_kinds_come_in_any_order() -> None:
    anomalies = [{"name": name, "frequency": 0.02, "duration": 3} for name in "abc"]
    _, _, kind = schedule(anomalies, rows=10**6)
    pairs = np.bincount(kind[:-1] * 3 + kind[1:], minlength=9)
    assert pairs.min() / pairs.mean() > 0.8
    assert pairs.max() / pairs.mean() < 1.2


def test_schedules_of_different_seeds_are_different() -> None:
    starts = [schedule([{"frequency": 0.01}], seed=seed, rows=10**6)[0] for seed in (1, 2)]
    shared = len(np.intersect1d(*starts))
    assert abs(shared - 100) < 45, "as many shared rows as chance brings: 10,000 * 10,000 / 10^6"
