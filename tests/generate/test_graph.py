"""Variables that refer to others: what is read, how anomalies and labels go on, which dependences an event cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Callback,
    Decouple,
    EachRow,
    Edge,
    Generator,
    Missing,
    Normal,
    Recorded,
    Ref,
    Shift,
    Sine,
    Soft,
    SpecError,
    Stochastic,
    Swap,
    Uniform,
    Uniqueness,
)
from paranom_rs._core import Plan
from reference import generator
from support.generated import Rows, assert_same_values, bits, generated
from support.strategies import references, related_specs, slices

Spec = dict[str, Any]


def chain(**more: Any) -> Generator:
    """a -> b (3 rows later) -> c (2 rows later); also a -> c."""
    variables = {
        "c": Stochastic(normal=Ref("b", lag=2) * 2.0 - Ref("a")),
        "a": Stochastic(normal=Sine(period=40) + Normal(0.0, 0.1), anomalous=Shift(10.0)),
        "b": Stochastic(normal=Ref("a", lag=3) + Normal(0.0, 0.1)),
    }
    return Generator(variables, seed=1, **more)


@given(related_specs(), slices(most=120), st.booleans())
def test_the_library_is_the_reference(spec: Spec, where: tuple[int, int], clean: bool) -> None:
    columns, y, events = generator.generate(spec, *where, clean)
    made = generated(spec, *where, clean=clean)
    assert_same_values(made, Rows(columns, y, events))


@given(related_specs(), slices(most=900), st.data())
def test_any_slice_is_the_same_rows(spec: Spec, where: tuple[int, int], data: st.DataObject) -> None:
    start, rows = where
    whole = generated(spec, start, rows, threads=2)
    # A slice without rows begins at a row, too.
    first = data.draw(st.integers(0, min(rows, 2**64 - 1 - start)))
    last = data.draw(st.integers(first, rows))
    assert_same_values(generated(spec, start + first, last - first), whole[first:last])


@given(related_specs(), st.integers(0, 300), st.integers(0, 300))
def test_labels_tell_where_values_differ_from_the_clean_copy(spec: Spec, start: int, rows: int) -> None:
    """Nothing differs where there is no label, in any variable; and y has a label where any variable has."""
    data = Generator.from_spec(spec).generate(rows, start=start)
    for j, name in enumerate(data.names):
        changed = bits(data[name]) != bits(data.clean[name])
        assert not (changed & (data.labels[:, j] == 0)).any()
    np.testing.assert_array_equal(data.labels.any(axis=1), data.y)
    np.testing.assert_array_equal(data.clean.labels.any(axis=1), data.clean.y)


@settings(max_examples=20)
@given(related_specs(), st.integers(0, 60), st.integers(0, 60))
def test_absolute_counts_count_labelled_rows(spec: Spec, normal: int, anomalous: int) -> None:
    spec["anomalies"] = [anomaly for anomaly in spec["anomalies"] if "events" not in anomaly]
    for variable in spec["variables"].values():
        variable.pop("labels", None)  # they may leave nothing normal
        for found in references(variable):
            found["lag"] %= 700  # an event in row 0 would go on to all rows up to the lag
    assume(spec["anomalies"])
    data = Generator.from_spec(spec).generate(normal=normal, anomalous=anomalous)
    assert (int((data.y == 0).sum()), int(data.y.sum())) == (normal, anomalous)
    np.testing.assert_array_equal(data.labels.any(axis=1), data.y)


def test_what_is_read() -> None:
    data = chain().generate(100)
    a, b = data["a"], data["b"]
    noise = b - np.r_[np.full(3, a[0]), a[:-3]]
    assert 0.0 < np.abs(noise).max() < 1.0
    np.testing.assert_array_equal(data["c"], 2.0 * np.r_[np.full(2, b[0]), b[:-2]] + -1.0 * a)


def test_an_anomaly_goes_on_and_so_do_its_labels() -> None:
    data = chain(anomalies=Anomaly(events=[(20, 30)])).generate(100)
    rows = {name: np.flatnonzero(data[name] != data.clean[name]).tolist() for name in data.names}
    assert rows == {"a": [*range(20, 30)], "b": [*range(23, 33)], "c": [*range(20, 35)]}
    for j, name in enumerate(data.names):
        np.testing.assert_array_equal(np.flatnonzero(data.labels[:, j]), rows[name])
    np.testing.assert_array_equal(np.flatnonzero(data.y), range(20, 35))
    [event] = data.events
    assert (event.variables, event.broken) == (("a",), ()), "the cause"
    assert data.event[30:35].tolist() == [-1] * 5, "the event is over: these rows are consequences"
    assert data.audit().changed_unlabelled == 0
    later = chain(anomalies=Anomaly(events=[(20, 30)])).generate(10, start=31)
    np.testing.assert_array_equal(later.labels, data.labels[31:41])


def test_an_event_in_row_0_stands_for_the_rows_before() -> None:
    data = chain(anomalies=Anomaly(events=[(0, 1)])).generate(20)
    assert np.flatnonzero(data.labels[:, data.names.index("b")]).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(data["b"] != data.clean["b"]).tolist() == [0, 1, 2, 3]


def test_the_graph_is_known() -> None:
    assert chain().graph == [Edge("a", "c", 0), Edge("b", "c", 2), Edge("a", "b", 3)]
    assert Generator({"x": Stochastic(1.0)}).graph == []


def test_a_cut_dependence_is_cut_and_named() -> None:
    anomaly = Anomaly(events=[(1000, 3000)], name="cut", values={"b": Decouple("a", by=Uniform(101, 119))})
    data = chain(anomalies=anomaly).generate(4000)
    [event] = data.events
    assert (event.variables, event.broken) == (("b",), (("a", "b"),))
    lagged = np.r_[np.full(3, data["a"][0]), data["a"][:-3]]
    inside = slice(1000, 3000)
    outside = np.corrcoef(data["b"][3000:], lagged[3000:])[0, 1]
    assert outside > 0.97
    noise = data.clean["b"] - lagged
    seen = data["b"][inside] - noise[inside]  # what stands in for the source: the source, elsewhere
    places = [by for by in range(90, 130) if np.allclose(seen, data["a"][997 + by : 2997 + by])]
    assert len(places) == 1
    np.testing.assert_allclose(data["b"][inside].std(), data.clean["b"][inside].std(), rtol=0.1)
    np.testing.assert_array_equal(data["b"][:1000], data.clean["b"][:1000])


def test_a_rule_in_place_of_one_that_refers_cuts_it_too() -> None:
    def broken(rule: Any) -> Any:
        return chain(anomalies=Anomaly(events=[(5, 9)], values={"c": rule})).generate(20).events[0].broken

    assert broken(Uniform(0, 1)) == (("a", "c"), ("b", "c"))
    assert broken(Ref("b", lag=9)) == (("a", "c"),)
    assert broken(Shift(EachRow(Ref("a")))) == ()
    assert broken(Swap("a")) == ()


def test_swapped_sensors() -> None:
    anomaly = Anomaly(events=[(10, 20)], values={"a": Swap("b"), "b": Swap("a")})
    data = chain(anomalies=anomaly).generate(40)
    for one, other in (("a", "b"), ("b", "a")):
        np.testing.assert_array_equal(data[one][10:20], data.clean[other][10:20])


def test_a_value_that_is_missing_goes_on() -> None:
    data = chain(anomalies=Anomaly(events=[(10, 20)], values={"a": Missing()})).generate(40)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(data["b"])), range(13, 23))


def test_other_variables_change_nothing() -> None:
    data = chain().generate(1000)
    variables = chain().to_spec()["variables"]
    alone = Generator.from_spec({"seed": 1, "variables": {name: variables[name] for name in ("b", "a")}}).generate(1000)
    np.testing.assert_array_equal(alone["b"], data["b"])


def test_a_spec_with_references_survives_toml(tmp_path: Any) -> None:
    generator = chain(anomalies=Anomaly(frequency=0.1, duration=9, values={"b": Decouple("a", by=50)}))
    generator.to_toml(tmp_path / "spec.toml")
    again = Generator.from_toml(tmp_path / "spec.toml")
    assert again.graph == generator.graph
    assert_same_values(
        *(Rows(dict(zip(d.names, d.X.T, strict=True)), d.y, []) for d in (g.generate(500) for g in (again, generator)))
    )


def test_many_ways_through_a_graph_are_walked_once() -> None:
    """Each of 40 variables refers to the two before it: 2^39 ways, but 40 columns."""
    variables = {"v0": Stochastic(Normal()), "v1": Stochastic(Ref("v0") * 0.5)}
    for i in range(2, 40):
        variables[f"v{i}"] = Stochastic(Ref(f"v{i - 1}") * 0.5 + Ref(f"v{i - 2}") * 0.5)
    data = Generator(variables).generate(70_000)
    np.testing.assert_allclose(data["v39"], 0.5 * data["v38"] + 0.5 * data["v37"])


X = {"kind": "stochastic", "normal": 0}


def refers(name: str, lag: int = 0) -> Spec:
    return {"kind": "stochastic", "normal": {"kind": "ref", "variable": name, "lag": lag}}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"variables": {"x": refers("y")}}, ["variables.x.normal.variable", '"y"', "must be a variable: x"]),
        ({"variables": {"x": X, "y": refers("x", -1)}}, ["variables.y.normal.lag", "-1", "from 0"]),
        ({"variables": {"x": refers("x", 5)}}, ["variables.x", "x <- x", "must not depend on itself"]),
        (
            {"variables": {"a": refers("b"), "n": X, "b": refers("c", 4), "c": refers("a")}},
            ["variables.a", "a <- b <- c <- a", "must not depend on itself"],
        ),
        (
            {
                "variables": {"a": X | {"anomalous": refers("b")["normal"]}, "b": refers("a")},
                "anomalies": [{"frequency": 0.1}],
            },
            ["a <- b <- a"],
        ),
        (
            {"variables": {"a": X, "b": X | {"anomalous": {"kind": "decouple", "variable": "a", "by": 5}}}},
            ["variables.b.anomalous", 'must decouple "b" from a variable', '"a" is none'],
        ),
        (
            {"variables": {"a": X, "b": X | {"anomalous": {"kind": "shift", "by": refers("a")["normal"]}}}},
            ["variables.b.anomalous.by", "once per event"],
        ),
        ({"variables": {"a": X | {"anomalous": {"kind": "swap", "variable": "b"}}}}, ["anomalous.variable", '"b"']),
        (
            {"variables": {"a": X, **{f"v{i}": refers("a", i) for i in range(1100)}}},
            ["variables", "a row", "at most 1024 values"],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_referred_to_is_refused(spec: Spec, says: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        Plan(spec)
    for part in says:
        assert part in str(caught.value)


def test_functions_and_uniqueness_go_without_references() -> None:
    with pytest.raises(SpecError, match=r'variables\.b: must refer to variables without functions.*"a"'):
        Generator({"a": Callback(normal=lambda c: 0.0), "b": Stochastic(Ref("a"))})
    with pytest.raises(SpecError, match=r"uniqueness: must go without references"):
        Generator({"a": Stochastic(Normal()), "b": Stochastic(Ref("a"))}, uniqueness=Uniqueness(normal=Soft(tries=2)))


def test_a_function_may_refer_in_its_anomalies() -> None:
    variables = {"a": Recorded(np.arange(50.0)), "b": Callback(normal=lambda c: -1.0, anomalous=Ref("a", lag=5))}
    data = Generator(variables, anomalies=Anomaly(events=[(10, 13)])).generate(20)
    assert data["b"].tolist() == [-1.0] * 10 + [5.0, 6.0, 7.0] + [-1.0] * 7
