"""The library is the reference, bit for bit: on specs of every kind, anywhere on the row axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from paranom_rs._core import Plan
from reference import fmath, generator, random, rules
from reference.schedule import Schedule, Timing
from support.generated import Rows, assert_same_values, generated
from support.strategies import COURSES, SIGNALS, anomalous, fewest_rows, in_stream, rule_tables, slices, specs

Spec = dict[str, Any]


def assert_is_reference(spec: Spec, start: int, rows: int, *, clean: bool = False) -> None:
    spec = in_stream(spec)
    columns, y, events = generator.generate(spec, start, rows, clean)
    made = generated(spec, start, rows, clean=clean)
    assert_same_values(made, Rows(columns, y, events))
    if not clean:
        assert made.events == events


@given(specs(), slices(), st.booleans())
def test_any_spec_anywhere(spec: Spec, where: tuple[int, int], clean: bool) -> None:
    assert_is_reference(spec, *where, clean=clean)


# `distinct` has no rows beyond its values: test_distinct.py. `shape` needs an event: with the transforms. What looks at
# other variables: test_graph.py; states: test_states.py. `at_time` needs a clock: test_clocks.py.
ELSEWHERE = {"at_time", "distinct", "shape", "ref", "swap", "decouple", "state", "by_state", "forbidden_transition"}


@pytest.mark.parametrize("kind", [*(kind for kind in rules.RULES if kind not in ELSEWHERE), "truncated"])
@given(data=st.data())
def test_each_rule(kind: str, data: st.DataObject) -> None:
    """Every kind gets its share of examples, as a normal and as an anomalous rule."""
    spec = {
        "seed": data.draw(st.integers(0, 2**64 - 1)),
        "variables": {
            "n": {"kind": "stochastic", "normal": data.draw(rule_tables(1, "normal", only=kind))},
            "a": {
                "kind": "stochastic",
                "normal": 0,
                "anomalous": data.draw(rule_tables(1, "anomalous", only=kind)),
            },
        },
        "anomalies": [{"frequency": 0.4, "duration": [1, 40]}],
    }
    assert_is_reference(spec, *data.draw(slices(most=150)))


@pytest.mark.parametrize("kind", [*(kind for kind in rules.TRANSFORMS if kind not in ELSEWHERE), "shape"])
@given(data=st.data())
def test_each_transform(kind: str, data: st.DataObject) -> None:
    signal = rule_tables(1, "normal", only=data.draw(st.sampled_from(sorted(SIGNALS))))
    noisy = st.builds(lambda x: {"kind": "sum", "of": [x, {"kind": "normal", "mean": x}]}, signal)
    onset = data.draw(st.sampled_from([{}, {"onset": "creeping"}, {"onset": 0.3}]))
    change = data.draw(anomalous(1, only=kind))
    often = {"frequency": 0.3, "duration": [fewest_rows(change), 30]} | onset
    spec = {
        "seed": 5,
        "variables": {
            "x": {
                "kind": "stochastic",
                "normal": data.draw(noisy if kind in COURSES else rule_tables(1, "normal")),
                "anomalous": change,
            }
        },
        "anomalies": [often, {"name": "long", "events": [[2**60, 2**63]]}],
    }
    assert_is_reference(spec, *data.draw(slices(most=150)))


def test_every_kind_of_rule_is_in_the_reference() -> None:
    with pytest.raises(ValueError, match="must be one of") as caught:
        Plan({"variables": {"x": {"kind": "stochastic", "normal": 0, "anomalous": {"kind": "?"}}}})
    known = str(caught.value).split("must be one of ")[1].split(", got")[0].split(", ")
    assert set(known) == {*rules.RULES, *rules.TRANSFORMS}


@given(
    st.integers(0, 2**64 - 1),
    st.lists(
        st.tuples(st.floats(1e-6, 0.1), st.integers(1, 5), st.integers(0, 90), st.integers(0, 9)),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 2**64 - 2001),
)
def test_schedules_of_any_mixture(seed: int, kinds: list[tuple[float, int, int, int]], start: int) -> None:
    """Frequencies and durations that differ a lot: slots with one event and with many."""
    anomalies, timings = [], []
    for i, (share, shortest, more, gap) in enumerate(kinds):
        share = min(share, 0.3 / (shortest + more + gap) * shortest)
        anomalies.append({"name": f"{i}", "frequency": share, "duration": [shortest, shortest + more], "gap": gap})
        timings.append(Timing(frequency=share, shortest=shortest, longest=shortest + more, gap=gap))
    plan = Plan(
        {"seed": seed, "variables": {"x": {"kind": "stochastic", "normal": 0, "anomalous": 1}}, "anomalies": anomalies}
    )
    events = zip(*(array.tolist() for array in plan.events(start, 2000)), strict=True)
    reference = Schedule(seed, timings, None).events(start, start + 1999)
    assert list(events) == [event._replace(id=event.start % 2**53) for event in reference]


# The reference's own mathematics, against SciPy and exact arithmetic: Rust == reference is worth what the
# reference is worth.


def test_ln_and_exp_are_right_to_the_last_unit() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(2.0**-53, 1.0, 100_000), 2.0 ** rng.uniform(-1000, 1000, 100_000)])
    exact = np.log(x.astype(np.longdouble))
    assert (np.abs(fmath.ln(x) - exact) <= np.spacing(np.abs(exact).astype(np.float64))).all()
    x = rng.uniform(-700.0, 700.0, 100_000)
    exact = np.exp(x.astype(np.longdouble))
    assert (np.abs(fmath.exp(x) - exact) <= np.spacing(exact.astype(np.float64))).all()


def test_exp_at_its_ends() -> None:
    ends = fmath.exp(np.array([np.inf, 1e300, 710.0, -746.0, -1e300, -np.inf, np.nan, 0.0]))
    np.testing.assert_array_equal(ends, [np.inf, np.inf, np.inf, 0, 0, 0, np.nan, 1])
    assert fmath.exp(-744.0) == 1e-323, "subnormal results are kept"


def test_sine_and_cosine_of_turns() -> None:
    v = np.concatenate([np.linspace(-0.5, 0.5, 100_001), [0.125, -0.125, 0.375]])
    sin, cos = fmath.sincos2pi(v)
    tau = 2 * np.pi
    assert np.abs(sin - np.sin(v * tau)).max() < 8e-16
    assert np.abs(cos - np.cos(v * tau)).max() < 8e-16
    assert fmath.sincos2pi(np.array([0.25, -0.5, 0.0]))[0].tolist() == [1.0, 0.0, 0.0]


def test_the_normal_distribution_function_and_its_inverse() -> None:
    x = np.linspace(-37.0, 8.0, 5000)
    np.testing.assert_allclose(fmath.normal_cdf(x), special.ndtr(x), rtol=5e-13, atol=0)
    p = np.concatenate([special.ndtr(np.linspace(-37.0, 5.0, 5000)), [0.5, 0.075, 0.925]])
    np.testing.assert_allclose(fmath.normal_quantile(p), special.ndtri(p), rtol=1e-13, atol=1e-15)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_draws_of_rows_do_not_share_words(a: int, b: int) -> None:
    """Two rows take their words from different blocks, or one the first and one the second of the same block."""
    index, second = random.pairs(np.array([a, b], np.uint64))
    assert a == b or (index[0], second[0]) != (index[1], second[1])
