"""Events that overlap, bursts of events, rules that take turns, events that are long enough, root causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from paranom_rs import (
    Aftershocks,
    Anomaly,
    Change,
    Concepts,
    Constant,
    Decouple,
    Flatline,
    FrequencyChange,
    Generator,
    Hard,
    Normal,
    PhaseShift,
    Ref,
    Reverse,
    Scale,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    TimeWarp,
    Uniqueness,
)
from paranom_rs.generate.rule import Transform
from reference import generator as reference

TWO = {"a": Stochastic(Normal(), Shift(50.0)), "b": Stochastic(Normal(), Shift(50.0))}
APART = [
    Anomaly(name="A", frequency=0.2, duration=(5, 60), variables=["a"], track="a"),
    Anomaly(name="B", frequency=0.2, duration=(5, 60), variables=["b"], track="b"),
]


def test_events_of_different_tracks_are_independent() -> None:
    data = Generator(TWO, anomalies=APART, seed=4).generate(200_000)
    changed = data.X - data.clean.X > 40
    np.testing.assert_array_equal(changed, data.labels == 1)
    np.testing.assert_array_equal(data.y, changed.any(axis=1))
    np.testing.assert_array_equal(data.root_causes, data.labels)
    both = changed.all(axis=1).mean()
    assert changed.mean(axis=0) == pytest.approx([0.2, 0.2], abs=0.005)
    assert both == pytest.approx(0.04, abs=0.01)
    assert len(set(data.events.id.tolist())) == len(data.events)
    assert set(data.event[data.y == 1].tolist()) <= set(data.events.id.tolist())
    assert (data.event[data.y == 0] == -1).all()
    part = Generator(TWO, anomalies=APART, seed=4).generate(3000, start=150_000)
    np.testing.assert_array_equal(part.X, data.X[150_000:153_000])
    np.testing.assert_array_equal(part.labels, data.labels[150_000:153_000])
    np.testing.assert_array_equal(part.event, data.event[150_000:153_000])


def test_tracks_are_those_of_the_reference() -> None:
    for anomalies in (APART, [*APART, Anomaly(name="C", frequency=0.01, values={"c": Shift(1.0)})]):
        generator = Generator(TWO | {"c": Stochastic(Normal())}, anomalies=anomalies, seed=11)
        spec = generator.to_spec()
        for start, rows in ((0, 900), (2**50, 300)):
            columns, y, events = reference.generate(spec, start, rows)
            data = generator.generate(rows, start=start)
            np.testing.assert_array_equal(data.X, np.stack(list(columns.values()), axis=1))
            np.testing.assert_array_equal(data.y, y)
            assert [(e.start, e.stop, e.name, e.id) for e in data.events] == events


def test_listed_events_of_different_variables_overlap() -> None:
    anomalies = [
        Anomaly(name="A", events=[(10, 40), (60, 62)], variables=["a"]),
        Anomaly(name="B", events=[(15, 25), (30, 50)], variables=["b"]),
    ]
    data = Generator(TWO, anomalies=anomalies).generate(70)
    assert [(e.start, e.name) for e in data.events] == [(10, "A"), (15, "B"), (30, "B"), (60, "A")]
    assert np.flatnonzero(data.labels[:, 0]).tolist() == [*range(10, 40), 60, 61]
    assert np.flatnonzero(data.labels[:, 1]).tolist() == [*range(15, 25), *range(30, 50)]
    assert data.event[[9, 10, 15, 26, 35, 45, 50]].tolist() == [-1, 10, 15, 10, 30, 30, -1]
    frame = data.to_pandas()
    assert frame["event_name"].iloc[[10, 15, 26, 45]].tolist() == ["A", "B", "A", "B"]


@pytest.mark.parametrize(
    ("anomalies", "said"),
    [
        ([APART[0], Anomaly(name="C", frequency=0.1)], "must be that of anomalies.0., which touches a variable"),
        (
            [Anomaly(events=[(1, 9)], variables=["a"]), Anomaly(name="C", events=[(5, 12)], variables=["a"])],
            r"must not overlap \[1, 9\]",
        ),
        (
            [Anomaly(events=[(1, 9)], variables=["a"]), Anomaly(name="C", events=[(1, 12)], variables=["b"])],
            "begin in different rows",
        ),
        ([*APART, Anomaly(name="c", frequency=0.1, values={"b": 1.0}, track="a")], "track: must be that of"),
    ],
)
def test_bad_tracks(anomalies: list[Anomaly], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Generator(TWO, anomalies=anomalies)


def test_tracks_and_uniqueness() -> None:
    with pytest.raises(SpecError, match="must go without events that overlap"):
        Generator(TWO, anomalies=APART, uniqueness=Uniqueness(normal=Hard()))


def shaken(**options: Any) -> Generator:
    shocks = Aftershocks(mean=0.8, delay=20.0, within=400)
    options = {"count": 1, "within": 1000, "duration": (1, 4), "aftershocks": shocks} | options
    return Generator(TWO, anomalies=Anomaly(name="shock", variables=["a"], **options), seed=2)


def test_events_trigger_others() -> None:
    data = shaken().generate(2_000_000)
    start, stop = data.events.start.astype(np.int64), data.events.stop.astype(np.int64)
    assert (start[1:] > stop[:-1]).all()
    bursts = np.bincount(start // 1000, minlength=2000)
    assert bursts.min() == 1
    # Each event triggers 0.8 others: 5 in all, but for those that come too late or too near.
    assert 2.5 < bursts.mean() < 5
    assert bursts.max() <= 64
    # The number of a whole burst spreads far more than that of a Poisson distribution.
    assert bursts.var() > 2 * bursts.mean()
    waits = (start[1:] - stop[:-1])[start[1:] // 1000 == start[:-1] // 1000]
    assert np.median(waits) < 20
    first = np.searchsorted(start, np.arange(2000) * 1000)
    assert (start - stop[first][start // 1000]).max() < 400
    part = shaken().generate(5000, start=1_234_567)
    inside = (start >= 1_234_567) & (stop <= 1_239_567)
    assert set(start[inside].tolist()) <= set(part.events.start.tolist())


@pytest.mark.parametrize("options", [{}, {"count": None, "within": None, "frequency": 0.005}])
def test_bursts_are_those_of_the_reference(options: dict[str, Any]) -> None:
    generator = shaken(**options)
    for start in (0, 2**40):
        columns, y, events = reference.generate(generator.to_spec(), start, 4000)
        data = generator.generate(4000, start=start)
        assert [(e.start, e.stop, e.name, e.id) for e in data.events] == events
        np.testing.assert_array_equal(data["a"], columns["a"])
        np.testing.assert_array_equal(data.y, y)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"aftershocks": Aftershocks(mean=1.0, delay=1.0, within=9)}, "mean: must be > 0 and < 1"),
        ({"aftershocks": Aftershocks(mean=0.5, delay=0.0, within=9)}, "delay: must be > 0"),
        ({"aftershocks": Aftershocks(mean=0.5, delay=1.0, within=0)}, "within: must be"),
        ({"aftershocks": Aftershocks(mean=0.5, delay=1.0, within=2000)}, "must leave room for all events"),
        ({"difficulty": "nontrivial"}, "difficulty: must go without aftershocks"),
        ({"count": None, "within": None, "duration": None, "events": [(1, 2)]}, "events: must go without aftershocks"),
    ],
)
def test_bad_aftershocks(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        shaken(**options)


def test_rules_take_turns_and_it_is_said_where() -> None:
    of = [Constant(0.0), Constant(10.0), Constant(20.0)]
    generator = Generator({"x": Stochastic(Concepts(of, length=(80, 120)), Shift(100.0)), "y": Stochastic(Normal())})
    x = generator.generate(10_000)["x"]
    rows = np.flatnonzero(np.diff(x)) + 1
    assert set(np.diff(x)[rows - 1].tolist()) == {10.0, -20.0}
    assert np.diff(rows).min() >= 80
    assert np.diff(rows).max() <= 120
    assert rows[0] >= 80
    data = generator.generate(10_000)
    assert data.changes == [Change(row, row + 1, "x") for row in rows.tolist()]
    assert not data.y.any()
    assert generator.generate(50, start=int(rows[3])).changes[0] == data.changes[3]
    assert generator.generate(5, start=int(rows[3]) + 1).changes == []
    with_hidden = {"h": Stochastic(Normal(), hidden=True), "x": Stochastic(Concepts(of, length=(80, 120)))}
    assert Generator(with_hidden).generate(10_000).changes == data.changes


def test_rules_give_way_little_by_little() -> None:
    fading = Concepts([Constant(0.0), Constant(11.0)], length=50, fade=10)
    data = Generator({"x": Stochastic(fading)}).generate(120)
    np.testing.assert_allclose(data["x"][:62], [0.0] * 50 + [float(i) for i in range(1, 11)] + [11.0] * 2)
    assert data.changes == [Change(50, 60, "x"), Change(100, 110, "x")]
    shifted = Generator({"x": Stochastic(fading, Shift(5.0))}, anomalies=Anomaly(events=[(52, 58)])).generate(120)
    np.testing.assert_allclose((shifted["x"] - data["x"])[52:58], 5.0)
    assert shifted.changes == data.changes == shifted.clean.changes
    with pytest.raises(SpecError, match="fade: must be"):
        Generator({"x": Stochastic(Concepts([0.0, 1.0], length=5, fade=5))})
    with pytest.raises(SpecError, match="of: must hold at least two rules"):
        Generator({"x": Stochastic(Concepts([0.0], length=5))})


@pytest.mark.parametrize("change", [Flatline(), Reverse(), FrequencyChange(2.0), TimeWarp(0.5)])
def test_events_that_would_change_nothing_are_refused(change: Transform) -> None:
    x = {"x": Stochastic(Sine(50) + Normal(0.0, 0.05))}
    with pytest.raises(SpecError, match=r"anomalies\[0\].duration: must be at least 2 rows"):
        Generator(x, anomalies=Anomaly(frequency=0.1, values={"x": change}))
    with pytest.raises(SpecError, match=r"anomalies\[0\].duration: must be at least 2 rows"):
        Generator({"x": Stochastic(Sine(50), change)}, anomalies=Anomaly(frequency=0.1, duration=(1, 9)))
    with pytest.raises(SpecError, match=r"anomalies\[0\].events: must be at least 2 rows"):
        Generator(x, anomalies=Anomaly(events=[(4, 9), (12, 13)], values={"x": change}))
    data = Generator(x, anomalies=Anomaly(frequency=0.1, duration=2, values={"x": change})).generate(2000)
    for event in data.events[1:-1]:
        assert (data["x"] != data.clean["x"])[event.start : event.stop].any()
    old = Generator.from_spec(
        Generator(x).to_spec() | {"stream": 1, "anomalies": [{"frequency": 0.1, "values": {"x": change}}]}
    )
    assert old.generate(100).y.any()


def test_one_row_is_enough_for_the_others() -> None:
    for change in (Flatline(3.0), PhaseShift(7.5), Shift(1.0)):
        one = Anomaly(frequency=0.1, values={"x": change})
        data = Generator({"x": Stochastic(Sine(50) + Normal(0.0, 0.05))}, anomalies=one).generate(2000)
        assert ((data["x"] != data.clean["x"]) == (data.y == 1)).all()


def test_correlations_flip_and_causes_have_consequences() -> None:
    variables = {
        "pressure": Stochastic(Normal(), Shift(30.0)),
        "flow": Stochastic(Ref("pressure", lag=3) * 0.9 + Normal(0.0, 0.3)),
    }
    flip = Anomaly(name="flip", frequency=0.3, duration=50, values={"flow": Scale(-1.0)})
    data = Generator(variables, anomalies=flip).generate(50_000)
    inside = data.y == 1
    pairs = data["pressure"][:-3], data["flow"][3:]
    here = inside[3:] & inside[:-3]
    assert np.corrcoef(pairs[0][here], pairs[1][here])[0, 1] < -0.9
    assert np.corrcoef(pairs[0][~inside[3:]], pairs[1][~inside[3:]])[0, 1] > 0.9
    leak = Anomaly(name="leak", frequency=0.05, duration=(5, 20), variables=["pressure"])
    cut = Anomaly(name="cut", frequency=0.05, duration=(5, 20), values={"flow": Decouple("pressure", by=500)})
    data = Generator(variables, anomalies=[leak, cut]).generate(5000)
    for event in data.events[1:-1]:
        at = [data.names.index(name) for name in event.variables]
        assert data.root_causes[event.start : event.stop, at].all()
    reached = (data.labels == 1) & (data.root_causes == 0)
    assert reached[:, 1].any()
    assert not reached[:, 0].any()
    assert (data.root_causes <= data.labels).all()
