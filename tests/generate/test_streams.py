"""What stream 2 mends, by kind: each right value comes from arithmetic or from NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Calendar,
    Callback,
    Constant,
    Decoys,
    Distinct,
    EachRow,
    Generator,
    Integers,
    Mixture,
    Normal,
    Recorded,
    Shift,
    Sine,
    SpecError,
    Steps,
    Stochastic,
    TimeIndex,
    Uniform,
)
from reference import generator, time
from support.generated import Rows, assert_same_values, generated

Spec = dict[str, Any]


def test_new_specs_are_of_stream_2_and_old_ones_stay(tmp_path: Path) -> None:
    new = Generator({"x": Stochastic(Normal(), Shift(3.0))}, anomalies=Anomaly(events=[(2, 5)]))
    old = Generator.from_spec(new.to_spec() | {"stream": 1})
    assert (new.stream, old.stream) == (2, 1)
    assert new != old
    for each in (new, old):
        each.write(tmp_path / f"{each.stream}.parquet", 10)
        assert Generator.from_parquet(tmp_path / f"{each.stream}.parquet").stream == each.stream
        assert Generator.from_spec(each.to_spec()) == each
    np.testing.assert_array_equal(new.generate(10).X, old.generate(10).X)


# Rounding.

HALF_OPEN: dict[str, tuple[Any, float, float]] = {
    "uniform": (Uniform(0.0, 1.0), 0.0, 1.0),
    "narrow": (Uniform(1e6, 1e6 + 1), 1e6, 1e6 + 1),
    "below zero": (Uniform(-1.0 - 2.0**-22, -1.0), -1.0 - 2.0**-22, -1.0),
    "of drawn ends": (Uniform(0.0, Uniform(1e6, 1e6 + 0.125)), 0.0, 1e6 + 0.125),
    "integers": (Integers(2**25 - 9, 2**25), 2**25 - 9, 2**25),
    "distinct": (Distinct(Uniform(1e6, 1e6 + 1)), 1e6, 1e6 + 1),
    "distinct integers": (Distinct(Integers(2**30, 2**30 + 100_000)), 2**30, 2**30 + 100_000),
    "mixture": (Mixture([(0.25, Uniform(1e6, 1e6 + 1)), (0.75, Uniform(1e6 + 0.5, 1e6 + 1))]), 1e6, 1e6 + 1),
    "steps": (Steps(Uniform(1e6, 1e6 + 1), length=2), 1e6, 1e6 + 1),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", HALF_OPEN)
def test_values_stay_below_an_excluded_bound(name: str, dtype: Any) -> None:
    rule, low, high = HALF_OPEN[name]
    variables = {"n": Stochastic(rule)}
    if "distinct" not in name:
        variables["a"] = Stochastic(Constant(0.0), rule)
    anomalies = Anomaly(frequency=0.4, duration=(1, 30)) if len(variables) > 1 else None
    data = Generator(variables, anomalies=anomalies).generate(100_000, dtype=dtype)
    for x in (data["n"], data["a"][data.y == 1] if len(variables) > 1 else data["n"]):
        assert x.dtype == dtype
        assert (x < dtype(high)).all()
        assert (x >= min(dtype(low), np.nextafter(dtype(high), dtype(low)))).all()


def test_float32_is_float64_rounded_but_at_the_bound() -> None:
    source = Generator({"x": Stochastic(Uniform(1e6, 1e6 + 1)), "y": Stochastic(Uniform(1e6, 1e6 + 1) + 1.0)})
    wide, single = source.generate(50_000), source.generate(50_000, dtype=np.float32)
    rounded = wide["x"].astype(np.float32)
    most = np.nextafter(np.float32(1e6 + 1), np.float32(0))
    np.testing.assert_array_equal(single["x"], np.minimum(rounded, most))
    assert (rounded > most).mean() > 0.02
    np.testing.assert_array_equal(single["y"], wide["y"].astype(np.float32))


# Clocks.


@pytest.mark.parametrize(("start", "step"), [(1_700_000_000_000_000_000, 1), (-(2**63), 7), (0, 3), (5, 2**40)])
def test_whole_clocks_are_exact(start: int, step: int, tmp_path: Path) -> None:
    source = Generator({"x": Stochastic(Normal())}, time=TimeIndex(start, step))
    right = [start + step * row for row in range(1000)]
    t = source.generate(1000).t
    assert t.dtype == np.int64
    assert t.tolist() == right
    assert source.generate(10, start=700).t.tolist() == right[700:710]
    assert source.generate(0).t.dtype == np.int64
    assert time.timestamps(source.to_spec()["time"], 0, [0, 999]) == [right[0], right[999]]
    for name in ("a.parquet", "a.csv"):
        source.write(tmp_path / name, 1000)
    assert [int(line.split(",")[0]) for line in (tmp_path / "a.csv").read_text().split()[1:]] == right


def test_functions_see_whole_times() -> None:
    variables = {
        "a": Callback(lambda ctx: float(ctx.t - 2**62)),
        "b": Callback(lambda block: (block.t - 2**62).astype(float), vectorized=True),
    }
    data = Generator(variables, time=TimeIndex(2**62, 3)).generate(100)
    np.testing.assert_array_equal(data["a"], 3.0 * np.arange(100))
    np.testing.assert_array_equal(data["b"], 3.0 * np.arange(100))


CALLS: dict[str, Callable[[Generator, int, int, Path], Any]] = {
    "generate": lambda g, start, rows, path: g.generate(rows, start=start),
    "batches": lambda g, start, rows, path: g.batches(rows, start=start, batch_rows=10),
    "split": lambda g, start, rows, path: g.split(train=1, test=rows - 1, start=start),
    "write": lambda g, start, rows, path: g.write(path / "x.parquet", rows, start=start),
    "shards": lambda g, start, rows, path: g.write(path / "x", rows, start=start, shards=2),
    "audit": lambda g, start, rows, path: g.audit(rows, start=start),
}
ENDING = {
    "datetime": (TimeIndex("2261-12-31", "1D"), 105),
    "whole": (TimeIndex(2**63 - 100, 1), 100),
    "float": (TimeIndex(2.0**53 - 100, 0.5), 10_000),
    "overflow": (TimeIndex(0.0, 1e307), 18),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("clock", ENDING)
def test_rows_without_a_time_are_refused_before_any_work(clock: str, call: str, tmp_path: Path) -> None:
    index, rows = ENDING[clock]
    source = Generator({"x": Stochastic(Normal())}, time=index)
    with pytest.raises(SpecError, match=r"^(start|rows|train|test)"):
        CALLS[call](source, 1, rows, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_last_time_there_is() -> None:
    source = Generator({"x": Stochastic(Normal())}, time=TimeIndex(2**63 - 100, 1))
    assert source.generate(100).t[-1] == 2**63 - 1
    with pytest.raises(SpecError):
        source.generate(101)


# Calendars.

DAY = TimeIndex("2026-11-30", "1D")  # a Monday


def test_a_calendar_goes_by_the_clock_of_the_generator() -> None:
    weekday = [float(day) for day in range(7)]
    own, shared = (
        Generator({"x": Stochastic(Calendar(clock, weekday=weekday))}, time=DAY).generate(20) for clock in (DAY, None)
    )
    np.testing.assert_array_equal(own["x"], np.arange(20) % 7)
    np.testing.assert_array_equal(shared["x"], np.arange(20) % 7)


@pytest.mark.parametrize("other", [None, TimeIndex(0, 1), TimeIndex("2026-12-01", "1D"), TimeIndex("2026-11-30", "1h")])
def test_a_calendar_on_another_clock_is_refused(other: TimeIndex | None) -> None:
    with pytest.raises(SpecError, match="clock"):
        Generator({"x": Stochastic(Calendar(DAY, weekday=[0.0] * 7))}, time=other)


def test_a_calendar_is_the_reference() -> None:
    calendar = {"kind": "calendar", "hour": [0.5 * hour for hour in range(24)], "weekday": [1, 2, 3, 4, 5, 60, 70]}
    clock = {"kind": "datetime", "start": 1_766_836_800 * 10**9, "step": 60 * 10**9, "jitter": 25 * 10**9}
    clock["gaps"] = {"every": 5, "length": [0, 3600 * 10**9]}
    spec = {"time": clock, "variables": {"x": {"kind": "stochastic", "normal": calendar}}}
    columns, y, events = generator.generate(spec, 500, 200)
    assert_same_values(generated(spec, 500, 200), Rows(columns, y, events))


# Ids.


def test_ids_of_events_are_their_first_rows() -> None:
    series = np.arange(50.0)
    source = Generator(
        {"x": Recorded(series, anomalous=Shift(3.0), labels=np.arange(50) // 5 == 3)},
        anomalies=[Anomaly(events=[(2, 5), (7, 8)]), Anomaly(name="b", frequency=0.1, duration=(1, 3))],
    )
    data = source.generate(2000)
    ids = data.event
    assert ids.min() == -1
    assert ids.max() < 2**53
    assert {event.start for event in data.events} == set(ids.tolist()) - {-1}
    assert ((ids >= 0) == (data.y == 1)).all()
    far = source.generate(2000, start=2**62).event
    assert far.min() == -1
    assert far.max() < 2**53
    assert len(set(far.tolist())) == len(set(far.astype(float).tolist())) > 2


# Frequencies near 1.


@pytest.mark.parametrize(
    ("frequency", "duration", "gap"),
    [(0.7, (5, 40), 1), (0.9, (5, 40), 1), (0.95, (5, 40), 1), (0.9, 30, 1), (1.0, (5, 40), 0), (0.99, (50, 400), 2)],
)
def test_frequencies_near_1(frequency: float, duration: Any, gap: int) -> None:
    source = Generator(
        {"x": Stochastic(Normal(), Shift(9.0))},
        anomalies=Anomaly(frequency=frequency, duration=duration, gap=gap),
    )
    data = source.generate(400_000)
    assert data.y.mean() == pytest.approx(frequency, abs=0.004)
    starts, stops = (np.array([getattr(event, end) for event in data.events]) for end in ("start", "stop"))
    shortest, longest = duration if isinstance(duration, tuple) else (duration, duration)
    lengths = (stops - starts)[1:-1]
    assert lengths.min() == shortest
    assert lengths.max() == longest
    assert lengths.mean() == pytest.approx((shortest + longest) / 2, rel=0.02)
    assert (starts[1:] - stops[:-1] >= gap).all()


def test_no_room_for_gaps_is_still_refused() -> None:
    for frequency, gap in ((0.99, 1), (1.0, 1), (0.7, 10)):
        with pytest.raises(SpecError, match="room"):
            Generator(
                {"x": Stochastic(Normal(), 1.0)}, anomalies=Anomaly(frequency=frequency, duration=(5, 40), gap=gap)
            )


@pytest.mark.parametrize("frequency", [0.7, 0.9, 0.95])
def test_pairs_are_the_reference(frequency: float) -> None:
    anomaly = {"frequency": frequency, "duration": [5, 40]}
    spec = {"seed": 3, "variables": {"x": {"kind": "stochastic", "normal": 0, "anomalous": 1}}, "anomalies": [anomaly]}
    columns, y, events = generator.generate(spec, 40_000, 3000)
    made = generated(spec, 40_000, 3000)
    assert_same_values(made, Rows(columns, y, events))
    assert made.events == events


# Names.


@pytest.mark.parametrize(
    ("names", "both"),
    [(["T"], ["T", "t"]), (["Is_Anomaly"], ["Is_Anomaly", "is_anomaly"]), (["EVENT"], ["EVENT", "event"]),
     (["p", "P"], ["p", "P"]), (["x", "DRUCK", "Druck"], ["DRUCK", "Druck"]), (["ä", "Ä"], ["ä", "Ä"])],
)  # fmt: skip
def test_names_that_differ_by_case_only_are_refused(names: list[str], both: list[str]) -> None:
    with pytest.raises(SpecError, match="upper and lower case") as caught:
        Generator({name: Stochastic(Normal()) for name in names})
    assert all(f'"{name}"' in str(caught.value) for name in both)
    spec = {"stream": 1, "variables": {name: {"kind": "stochastic", "normal": 0} for name in names}}
    assert Generator.from_spec(spec).names == names


# Decoys.


def vectorized(shift: float) -> Callable[[Any], Any]:
    return lambda block: shift + block.rng.normal(size=len(block))


def scalar(shift: float) -> Callable[[Any], float]:
    return lambda ctx: shift + ctx.rng.normal()


def sequential(shift: float) -> Callable[[Any], float]:
    return lambda ctx: shift + 0.5 * sum(ctx.previous) + ctx.rng.normal()


KINDS: dict[str, Callable[[], Any]] = {
    "stochastic": lambda: Stochastic(Sine(30.0) + Normal(), Shift(EachRow(Uniform(1.0, 2.0)))),
    "replaced": lambda: Stochastic(Normal(), Uniform(5.0, 6.0)),
    "recorded": lambda: Recorded(np.arange(37.0), anomalous=Shift(3.0)),
    "scalar": lambda: Callback(scalar(0.0), scalar(5.0)),
    "vectorized": lambda: Callback(vectorized(0.0), vectorized(5.0), vectorized=True),
    "sequential": lambda: Callback(sequential(0.0), sequential(5.0), sequential=True, previous=4),
    "warm": lambda: Callback(sequential(0.0), sequential(5.0), sequential=True, previous=4, warmup=9),
}


@given(
    st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), min_size=1, max_size=20),
    st.integers(0, 60),
    st.sampled_from([None, "creeping", 0.5]),
)
def test_rows_without_a_label_are_the_clean_ones(
    kinds: list[str], runs: list[tuple[int, int, bool]], start: int, onset: Any
) -> None:
    rows: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    row = 0
    for gap, length, decoy in runs:
        rows[decoy].append((row + gap, row + gap + length))
        row += gap + length
    anomalies: list[Anomaly] = []
    if rows[False]:
        anomalies.append(Anomaly(events=rows[False], onset=onset))
    if rows[True]:
        anomalies.append(Decoys(events=rows[True]))
    source = Generator({kind: KINDS[kind]() for kind in kinds}, anomalies=anomalies, seed=3)
    data = source.generate(120, start=start)
    cleans = [data.clean.X, np.concatenate([b.X for b in source.batches(120, start=start, clean=True, batch_rows=50)])]
    cleans.append(source.split(train=120, test=0, start=start).train.X)
    for clean in cleans:
        np.testing.assert_array_equal(data.X[data.y == 0], clean[data.y == 0])
