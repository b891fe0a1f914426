"""Variables of states, of whole numbers, of true and false; what states drive; anomalies on them; hidden variables."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paranom_rs import (
    Anomaly,
    Bernoulli,
    ByState,
    Callback,
    Choice,
    Decouple,
    Dropouts,
    Flatline,
    ForbiddenTransition,
    Generator,
    Integers,
    Markov,
    Missing,
    Mixture,
    Normal,
    Poisson,
    Recorded,
    Ref,
    Regimes,
    Reverse,
    Shift,
    Soft,
    SpecError,
    SpecTypeError,
    State,
    Steps,
    Stochastic,
    Swap,
    TimeIndex,
    Uniqueness,
    verify,
)
from paranom_rs._core import Plan
from reference import generator
from support.generated import Rows, assert_same_values, generated
from support.strategies import state_specs

Spec = dict[str, Any]
LEAST = 1e-4
MODES = ["idle", "run", "fault"]
STEP = [[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.5, 0.0, 0.5]]


def plant(*anomalies: Anomaly, **more: Any) -> Generator:
    variables = {
        "mode": Stochastic(Markov(MODES, STEP)),
        "flow": Stochastic(ByState("mode", {"idle": 0.0, "run": Normal(5.0, 0.1)}, other=-1.0)),
        "on": Stochastic(Choice([False, True], [0.25, 0.75])),
        "count": Stochastic(Poisson(4), dtype="int64"),
    }
    return Generator(variables, anomalies=list(anomalies), seed=3, **more)


@settings(max_examples=40)
@given(state_specs(), st.sampled_from([(0, 60), (480, 90), (2**53 + 1, 40), (2**64 - 50, 50)]), st.booleans())
def test_the_library_is_the_reference(spec: Spec, where: tuple[int, int], clean: bool) -> None:
    columns, y, events = generator.generate(spec, *where, clean)
    made = generated(spec, *where, clean=clean)
    assert_same_values(made, Rows(columns, y, events))


@settings(max_examples=25)
@given(state_specs(), st.integers(0, 2**64 - 1500), st.data())
def test_any_slice_is_the_same_rows(spec: Spec, start: int, data: st.DataObject) -> None:
    whole = generated(spec, start, 1400, threads=2)
    first, last = sorted(data.draw(st.tuples(st.integers(0, 1400), st.integers(0, 1400))))
    assert_same_values(whole[first:last], generated(spec, start + first, last - first))


def test_a_chain_has_the_transitions_and_the_shares_it_was_given() -> None:
    x = plant().generate(200_000).floats("mode").astype(int)
    counts = np.zeros((3, 3))
    np.add.at(counts, (x[:-1], x[1:]), 1)
    assert counts[0, 2] == counts[2, 1] == 0
    for row, shares in zip(counts, np.array(STEP), strict=True):
        assert stats.chisquare(row[shares > 0], row.sum() * shares[shares > 0]).pvalue > LEAST
    left = np.linalg.matrix_power(np.array(STEP), 2000)[0]
    assert np.abs(np.bincount(x) / len(x) - left).max() < 0.01
    # Two steps are two steps: what the middle of an interval is drawn from is right.
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (x[:-2:7], x[2::7]), 1)
    for row, shares in zip(pairs, np.array(STEP) @ np.array(STEP), strict=True):
        assert stats.chisquare(row, row.sum() * shares).pvalue > LEAST


def test_a_chain_with_a_period_keeps_it() -> None:
    turn = Markov(["a", "b", "c"], [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    x = Generator({"x": Stochastic(turn)}).generate(1000, start=2**63 - 500).floats("x")
    assert set(np.diff(x) % 3) == {1}


def dwells(x: np.ndarray, state: int) -> np.ndarray:
    """How long whole visits to a state last."""
    return np.array([len(list(rows)) for value, rows in itertools.groupby(x) if value == state][1:-1])


def test_regimes_last_as_long_as_they_should() -> None:
    rule = Regimes(MODES, dwell=[40, 200, 10], shape=4)
    x = Generator({"mode": Stochastic(rule)}, seed=1).generate(1_000_000).floats("mode")
    for state, mean in enumerate([40, 200, 10]):
        found = dwells(x, state)
        assert found.min() >= 4
        # The sum of 4 geometric times: its mean and standard deviation.
        ends = 4 / mean
        std = np.sqrt(4 * (1 - ends)) / ends
        assert abs(found.mean() - mean) < 5 * std / np.sqrt(len(found))
        assert abs(found.std() / std - 1) < 0.1
    only = Regimes(MODES, dwell=5, transitions=[[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    x = Generator({"mode": Stochastic(only)}).generate(20_000).floats("mode")
    assert set(np.diff(x)[np.diff(x) != 0]) == {1, -2}


def test_steps_of_a_chain_last_between_two_limits() -> None:
    rule = Steps(Markov(MODES, [[0, 1, 0], [0, 0, 1], [1, 0, 0]]), length=(30, 60))
    x = Generator({"mode": Stochastic(rule)}).generate(50_000).floats("mode")
    found = np.concatenate([dwells(x, state) for state in range(3)])
    assert found.min() >= 30
    assert found.max() <= 60


def test_columns_have_their_types() -> None:
    data = plant(Anomaly(values={"mode": State("exploded"), "count": Shift(0.6)}, frequency=0.05)).generate(2000)
    assert data["mode"].dtype.kind == "U"
    assert set(data["mode"]) == {*MODES, "exploded"}
    assert data.states == {"mode": [*MODES, "exploded"]}
    assert data["on"].dtype == bool
    assert data["count"].dtype == np.int64
    assert data["flow"].dtype == np.float64
    np.testing.assert_array_equal(np.array(data.states["mode"])[data.floats("mode").astype(int)], data["mode"])
    assert data.X.dtype == np.float64
    np.testing.assert_array_equal(data.X[:, 2], data["on"])
    assert data[3][1] in data.states["mode"]
    assert (data[10:20]["mode"] == data["mode"][10:20]).all()
    assert "run" in data.head(200)
    moved = data["count"] - data.clean["count"]
    assert set(moved[data.labels[:, 3] == 1]) == {1}, "the nearest whole number"
    assert len(plant().generate(0)["mode"]) == 0


def test_a_missing_value_has_a_place_in_each_type() -> None:
    lost = Dropouts(frequency=0.2)
    data = plant(missing=lost).generate(500)
    gone = data.missing
    assert (data["mode"][gone[:, 0]] == "").all()
    assert (data["mode"][~gone[:, 0]] != "").all()
    for name in ("on", "count"):
        assert data[name].dtype == np.float64
        np.testing.assert_array_equal(np.isnan(data[name]), gone[:, data.names.index(name)])
    frame = data.to_pandas()
    assert list(map(str, frame.dtypes[["mode", "on", "count"]])) == ["category", "boolean", "Int64"]
    np.testing.assert_array_equal(frame[["mode", "on", "count"]].isna(), gone[:, [0, 2, 3]])


def test_what_a_state_drives() -> None:
    data = plant().generate(3000)
    idle, run, fault = (data["mode"] == mode for mode in MODES)
    assert (data["flow"][idle] == 0).all()
    assert (data["flow"][fault] == -1).all()
    assert abs(data["flow"][run].mean() - 5) < 0.1
    late = Generator(
        {
            "on": Stochastic(Bernoulli(0.5), dtype="bool"),
            "later": Stochastic(ByState("on", {True: State("yes"), False: State("no")}, lag=2)),
        }
    ).generate(100)
    np.testing.assert_array_equal(late["later"][2:] == "yes", late["on"][:-2])


def test_anomalies_of_states_go_on_to_what_they_drive() -> None:
    data = plant(Anomaly(values={"mode": State("exploded")}, frequency=0.1, duration=5)).generate(2000)
    exploded = data["mode"] == "exploded"
    np.testing.assert_array_equal(exploded, data.y == 1)
    np.testing.assert_array_equal(data.labels[:, 1], exploded)
    assert (data["flow"][exploded] == -1).all()
    assert not data.labels[:, 2:].any()


def test_forbidden_transitions_are_forbidden() -> None:
    data = forbidden()
    x = data.floats("mode").astype(int)
    starts = (data.events.start - data.row[0]).astype(int)
    starts = starts[starts > 0]
    never = {(0, 2), (2, 1), (1, 1), (0, 0)}
    pairs = set(zip(x[starts - 1].tolist(), x[starts].tolist(), strict=True))
    assert pairs == never
    inside = np.flatnonzero((data.y[1:] == 1) & (data.y[:-1] == 1))
    assert (x[inside + 1] == x[inside]).all(), "it stays throughout the event"


def forbidden() -> Any:
    turn = Markov(MODES, [[0, 1, 0], [0.5, 0, 0.5], [0.5, 0, 0.5]])
    anomaly = Anomaly(values={"mode": ForbiddenTransition()}, frequency=0.05, duration=(1, 4))
    return Generator({"mode": Stochastic(turn)}, anomalies=anomaly, seed=2).generate(20_000)


def test_a_state_can_stick_and_run_backwards() -> None:
    stuck = Anomaly(name="stuck", values={"mode": Flatline()}, events=[(100, 200)])
    data = plant(stuck).generate(300)
    assert set(data["mode"][100:200]) == {data.clean["mode"][100]}
    back = Generator(
        {"mode": Stochastic(Regimes(MODES, dwell=9), anomalous=Reverse())}, anomalies=Anomaly(events=[(100, 200)])
    ).generate(300)
    np.testing.assert_array_equal(back["mode"][100:200], back.clean["mode"][100:200][::-1])


def test_hidden_variables_are_not_delivered() -> None:
    def make(hidden: bool) -> Generator:
        variables = {
            "mode": Stochastic(Regimes(["a", "b"], dwell=30), hidden=hidden or None),
            "x": Stochastic(ByState("mode", {"a": 0.0, "b": 1.0, "c": 7.0})),
            "y": Stochastic(Ref("x") + Normal()),
            "alone": Stochastic(Normal()),
        }
        unseen = Anomaly(values={"mode": State("c")}, frequency=0.05, duration=9, name="unseen")
        return Generator(variables, anomalies=unseen)

    seen, hidden = make(False).generate(2000), make(True).generate(2000)
    assert hidden.names == ["x", "y", "alone"]
    assert list(hidden.table()) == ["t", "x", "y", "alone", "is_anomaly", "event"]
    assert "mode" not in hidden
    for name in hidden.names:
        np.testing.assert_array_equal(seen[name], hidden[name])
    np.testing.assert_array_equal(seen.labels[:, 1:], hidden.labels)
    np.testing.assert_array_equal(seen.y, hidden.y)
    assert [x.source for x in make(True).graph] == ["mode", "x"]
    assert make(True).kinds == [("unseen", ["mode"])]
    assert Generator.from_spec(make(True).to_spec()) == make(True)
    assert "hidden = true" in make(True).to_toml()


def test_labels_of_hidden_variables_are_of_what_they_drive() -> None:
    variables = {
        "driver": Stochastic(Normal(), anomalous=Shift(9.0), hidden=True),
        "late": Stochastic(Ref("driver", lag=7)),
    }
    data = Generator(variables, anomalies=Anomaly(events=[(100, 110)])).generate(300)
    assert np.flatnonzero(data.y).tolist() == list(range(107, 117))
    np.testing.assert_array_equal(data.labels[:, 0], data.y)
    alone = {"driver": variables["driver"], "x": Stochastic(Normal())}
    data = Generator(alone, anomalies=Anomaly(events=[(100, 110)])).generate(300)
    assert not data.y.any(), "nothing that is delivered has changed"


def test_states_survive_toml(tmp_path: Path) -> None:
    gen = plant(Anomaly(values={"mode": State("exploded")}, frequency=0.05))
    assert Generator.from_spec(gen.to_spec()) == gen
    gen.to_toml(tmp_path / "plant.toml")
    assert Generator.from_toml(tmp_path / "plant.toml") == gen


@pytest.mark.parametrize(
    ("variable", "path", "rule"),
    [
        (Stochastic(Choice(["a", 1.0])), "normal.values[1]", "a text"),
        (Stochastic(Choice([True, "a"])), "normal.values[1]", "true or false"),
        (Stochastic(Choice([True, 2.0])), "normal.values[1]", "true or false"),
        (Stochastic(Choice([""])), "normal.values[0]", "not empty"),
        (Stochastic(Choice(["a\nb"])), "normal.values[0]", "control characters"),
        (Stochastic(Choice(["a"]) + 1.0), "normal.of[0]", "must give numbers"),
        (Stochastic(Mixture([(0.5, State("a")), (0.5, Normal())])), "normal.of", "either states or numbers"),
        (Stochastic(Normal(mean=State("a"))), "normal.mean", "must give numbers"),
        (Stochastic(Markov(["a", "b"], [[1.0, 0.0], [0.5, 0.5]])), "normal.transitions", "lead from each state"),
        (Stochastic(Markov(["a", "b"], [[0.5, 0.4], [0.5, 0.5]])), "normal.transitions[0]", "sum to 1"),
        (Stochastic(Markov(["a", "b"], [[1.5, -0.5], [0.5, 0.5]])), "normal.transitions[0]", "negative"),
        (Stochastic(Markov(["a", "b"], [[1.0, 0.0]])), "normal.transitions", "each of the 2 states"),
        (Stochastic(Markov(["a", "a"], [[0.5, 0.5]] * 2)), "normal.states", "each state once"),
        (Stochastic(Markov([], [])), "normal.states", "at least one"),
        (Stochastic(Markov([f"{i}" for i in range(33)], [])), "normal.states", "at most 32"),
        (Stochastic(Regimes(["a"], dwell=5)), "normal.states", "two states"),
        (Stochastic(Regimes(["a", "b"], dwell=2, shape=3)), "normal.dwell", "from 3"),
        (Stochastic(Regimes(["a", "b"], dwell=[5])), "normal.dwell", "one for each of the 2"),
        (Stochastic(Regimes(["a", "b"], dwell=99, shape=17)), "normal.shape", "at most 32"),
        (Stochastic(Regimes(["a", "b"], 5, [[0.5, 0.5], [1, 0]])), "normal.transitions[0][0]", "must be 0"),
        (Stochastic(Normal(), dtype="bool"), "dtype", "0 and 1 only"),
        (Stochastic(Normal(), dtype="int8"), "dtype", "int64"),  # type: ignore[arg-type]
        (Stochastic(Choice(["a"]), dtype="int64"), "dtype", "left out for states"),
        (Stochastic(Normal(), State("a")), "anomalous", "must give numbers"),
        (Stochastic(Choice(["a"]), Normal()), "anomalous", "must give states"),
        (Stochastic(Choice(["a"]), Shift(1.0)), "anomalous", "must give states"),
        (Stochastic(Choice(["a"]), Flatline(1.0)), "anomalous", "must give states"),
        (Stochastic(Choice([True]), 0.5), "anomalous", "true or false"),
        (Stochastic(Choice(["a", "b"]), ForbiddenTransition()), "anomalous", "Markov chain or regimes"),
        (Stochastic(Markov(MODES, STEP), ForbiddenTransition()), "anomalous", "'run'"),
        (Stochastic(Ref("mode")), "normal.variable", "ByState"),
        (Stochastic(Normal(), Swap("mode")), "anomalous.variable", "ByState"),
        (Stochastic(ByState("mode", {"idle": 1.0})), "normal.values", "'run' has none"),
        (Stochastic(ByState("mode", {"idel": 1.0}, other=2.0)), "normal.values", "must be states of"),
        (Stochastic(ByState("real", {"idle": 1.0})), "normal.variable", "variable of states"),
        (Stochastic(ByState("mode", {})), "normal.values", "a rule for each state"),
        (Stochastic(ByState("mode", {}, other=State("a")) * 2.0), "normal.of[0]", "must give numbers"),
        (Stochastic(Steps(ByState("mode", {}, other=1.0), 5)), "normal.levels", "once per event"),
        (Recorded([1.0], dtype="bool"), "dtype", "0 and 1"),  # type: ignore[arg-type]
    ],
)
def test_bad_states_are_refused(variable: Any, path: str, rule: str) -> None:
    variables = {"mode": Stochastic(Markov(MODES, STEP)), "real": Stochastic(Normal()), "x": variable}
    with pytest.raises((SpecError, SpecTypeError)) as caught:
        Generator(variables)
    assert caught.value.path == f"variables.x.{path}"
    assert rule.replace("'", '"') in caught.value.rule


def test_what_states_cannot_do_is_refused() -> None:
    mode = Stochastic(Choice(["a", "b"]))
    with pytest.raises(SpecError, match="nothing between two states"):
        Generator({"x": mode}, anomalies=Anomaly(values={"x": State("c")}, frequency=0.1, onset=0.5))
    with pytest.raises(SpecError, match="must give states"):
        Generator({"x": mode}, anomalies=Anomaly(values={"x": lambda ctx: 1.0}, frequency=0.1))  # type: ignore[dict-item]
    with pytest.raises(SpecError, match="delivered"):
        Generator({"x": Stochastic(Normal(), hidden=True)})
    with pytest.raises(SpecError, match="without uniqueness"):
        Generator(
            {"x": Stochastic(Normal(), hidden=True), "y": Stochastic(Normal())}, uniqueness=Uniqueness(normal=Soft(9))
        )
    with pytest.raises(SpecError, match="must be float64, since 'count'"):
        plant().generate(10, dtype=np.float32)
    with pytest.raises(SpecError, match="must be float64, since 'count'"):
        plant().generate(10, out={name: np.empty(10, np.float32) for name in plant().names})
    with pytest.raises(SpecTypeError, match="must be a dict of rules by state"):
        ByState("mode", [1.0]).to_spec()  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="hidden"):
        spec = {"kind": "callback", "normal": "numpy:abs", "hidden": True}
        Generator.from_spec({"variables": {"x": spec}}, import_functions=True)


def test_states_draw_anew_for_uniqueness() -> None:
    variables = {"a": Stochastic(Choice([f"s{i}" for i in range(40)])), "n": Stochastic(Integers(0, 9), dtype="int64")}
    gen = Generator(variables, uniqueness=Uniqueness(normal=Soft(50), over=["a", "n"]))
    data = gen.generate(200)
    assert len(set(zip(data["a"], data["n"], strict=True))) == 200 - data.duplicates.normal


def test_plans_say_their_columns() -> None:
    plan = Plan(plant().to_spec())
    assert plan.columns == [("states", MODES), ("float", []), ("bool", []), ("int64", [])]
    assert plan.all_names == plan.names


def test_the_audit_and_varied_anomalies_take_states() -> None:
    gen = plant().with_anomalies()
    names = [name for name, _ in gen.kinds]
    assert {"stuck mode", "unseen state mode", "stuck on"} <= set(names)
    data = gen.generate(20_000)
    assert data.audit().to_json()
    assert gen.audit(20_000) is not None
    assert data._repr_html_()
    assert gen._repr_html_()


def test_callbacks_stay_beside_states() -> None:
    variables = {"mode": Stochastic(Choice(["a", "b"])), "x": Callback(lambda ctx: float(ctx.row))}
    data = Generator(variables).generate(5)
    assert data["x"].tolist() == [0, 1, 2, 3, 4]
    assert set(data["mode"]) <= {"a", "b"}


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv", "jsonl"])
def test_files_hold_states(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"rows.{form}"
    names = ["idle", 'a "b", c', "läuft"]
    variables = {
        "mode": Stochastic(Choice(names), anomalous=Missing()),
        "on": Stochastic(Bernoulli(0.5), dtype="bool", missing=Dropouts(frequency=0.1)),
        "n": Stochastic(Integers(-5, 5), dtype="int64", missing=Dropouts(frequency=0.1)),
        "x": Stochastic(Normal()),
    }
    gen = Generator(variables, anomalies=Anomaly(frequency=0.1), time=TimeIndex("2026-01-01", "1s"))
    gen.write(path, 700)
    data = gen.generate(700)
    other = tmp_path / f"data.{form}"
    data.write(other)
    assert path.read_bytes() == other.read_bytes()
    if form in ("csv", "jsonl"):
        assert verify(path, gen).rows == 700
    else:
        assert verify(path).rows == 700
    texts = [None if text == "" else text for text in data["mode"]]
    if form == "jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert [row["mode"] for row in rows] == texts
        assert {type(row["on"]) for row in rows} == {bool, type(None)}
        assert {type(row["n"]) for row in rows} == {int, type(None)}
        return
    pd = pytest.importorskip("pandas")
    if form == "csv":
        frame = pd.read_csv(path)
        assert [None if text != text else text for text in frame["mode"]] == texts
        assert set(frame["on"].dropna()) == {True, False}
        return
    pa = pytest.importorskip("pyarrow")
    if form == "arrow":
        table = pa.ipc.open_file(path).read_all()
    else:
        table = pytest.importorskip("pyarrow.parquet").read_table(path)
    kinds = {field.name: field.type for field in table.schema}
    assert kinds["mode"] == pa.dictionary(pa.int32(), pa.string())
    assert kinds["on"] == pa.bool_()
    assert kinds["n"] == pa.int64()
    assert table["mode"].to_pylist() == texts
    assert table["n"].null_count == int(data.missing[:, 2].sum())


def test_frames_hold_states() -> None:
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    data = plant().generate(100)
    frame = data.to_pandas()
    assert isinstance(frame["mode"].dtype, pd.CategoricalDtype)
    assert list(frame["mode"].cat.categories) == MODES
    assert list(frame["mode"]) == list(data["mode"])
    assert list(map(str, frame.dtypes[["on", "count"]])) == ["bool", "int64"]
    polars = data.to_polars()
    assert polars["mode"].dtype == pl.Enum(MODES)
    assert polars["mode"].to_list() == list(data["mode"])
    assert [polars["on"].dtype, polars["count"].dtype] == [pl.Boolean, pl.Int64]
    taken = pl.DataFrame(data)
    assert taken["mode"].cast(pl.String).to_list() == list(data["mode"])
    assert taken["on"].to_list() == data["on"].tolist()


def test_decoupled_from_a_state() -> None:
    anomaly = Anomaly(values={"flow": Decouple("mode", by=1000)}, events=[(100, 400)])
    data = plant(anomaly).generate(500)
    there = plant().generate(300, start=1100)
    np.testing.assert_array_equal(data["flow"][100:400] == 0, there["mode"] == "idle")
