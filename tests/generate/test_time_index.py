"""Timestamps that jitter and leave gaps: the reference's, in any slice, rising, the same wherever they are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paranom_rs import (
    Anomaly,
    Calendar,
    Callback,
    Dropouts,
    Gaps,
    Generator,
    Normal,
    Shift,
    SpecError,
    Stochastic,
    TimeIndex,
)
from paranom_rs._core import Plan
from reference import time
from support.strategies import Spec, clocks, slices

MINUTE = 60 * 10**9
UNEVEN = TimeIndex("2026-01-01", "1min", jitter="20s", gaps=Gaps(every=500, length=("1h", "3h")))


def spec_of(clock: Spec, seed: int = 3) -> Spec:
    return {"seed": seed, "time": clock, "variables": {"x": {"kind": "stochastic", "normal": {"kind": "normal"}}}}


def plant(index: TimeIndex | None, **options: Any) -> Generator:
    variables = {"x": Stochastic(Normal(), Shift(5.0)), "y": Stochastic(Normal())}
    return Generator(variables, anomalies=Anomaly(frequency=0.01, duration=(2, 9)), seed=7, time=index, **options)


@given(clocks(), st.integers(0, 2**64 - 1), slices(most=300))
def test_times_are_those_of_the_reference(clock: Spec, seed: int, where: tuple[int, int]) -> None:
    start, rows = where
    wanted = time.timestamps(clock, seed, list(range(start, start + rows)))
    plan = Plan(spec_of(clock, seed))
    if clock["kind"] == "datetime" and rows and wanted[-1] >= 2**63:
        with pytest.raises(SpecError, match=f"must leave row {start + rows - 1} before the year 2262"):
            plan.times(start, rows)
        return
    if clock["kind"] == "number" and rows and wanted[-1] > 2.0**40:
        # Float64 may not tell them apart: in stream 1 they are as they are.
        plan = Plan(spec_of(clock, seed) | {"stream": 1})
    times = plan.times(start, rows)
    assert times is not None
    assert times.tolist() == wanted
    if clock["kind"] == "datetime":
        assert (np.diff(times) > 0).all()


@given(clocks(), slices(most=2000), st.data())
def test_any_slice_is_the_same_times(clock: Spec, where: tuple[int, int], data: st.DataObject) -> None:
    plan = Plan(spec_of(clock))
    start, rows = where
    first = data.draw(st.integers(0, rows))
    last = data.draw(st.integers(first, rows))
    try:
        whole = plan.times(start, rows)
    except SpecError:
        return
    assert whole is not None
    if last > first:
        np.testing.assert_array_equal(plan.times(start + first, last - first), whole[first:last])


def test_one_gap_in_every_stretch_and_jitter_around_each_step() -> None:
    t = plant(UNEVEN).generate(100_001).t.astype(np.int64)
    assert (np.diff(t) > 0).all()
    even = TimeIndex("2026-01-01", "1min", gaps=UNEVEN.gaps)
    grid = plant(even).generate(100_001).t.astype(np.int64)
    late = (t - grid) / (20 * 10**9)
    assert np.abs(late).max() <= 1
    assert stats.kstest(late, stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert abs(np.corrcoef(late[1:], late[:-1])[0, 1]) < 0.02
    gaps = np.diff(grid) - MINUTE
    rows = np.flatnonzero(gaps)
    np.testing.assert_array_equal(rows // 500, np.arange(200))
    hours = gaps[rows] / (60 * MINUTE)
    assert hours.min() >= 1
    assert hours.max() <= 3
    assert hours.mean() == pytest.approx(2, abs=0.02)
    # The difference of two uniform draws: a triangle over the whole range.
    assert stats.kstest(hours, stats.triang(0.5, 1, 2).cdf).pvalue > 0.01
    assert stats.kstest(rows % 500, stats.randint(0, 500).cdf).pvalue > 0.01


def test_values_and_events_do_not_depend_on_the_clock() -> None:
    uneven, without = plant(UNEVEN).generate(5000), plant(None).generate(5000)
    np.testing.assert_array_equal(uneven.X, without.X)
    np.testing.assert_array_equal(uneven.y, without.y)
    one = Generator({"other": Stochastic(Normal())}, seed=7, time=UNEVEN).generate(5000)
    np.testing.assert_array_equal(one.t, uneven.t)
    assert (Generator({"x": Stochastic(Normal())}, seed=8, time=UNEVEN).generate(5000).t != uneven.t).mean() > 0.99


def test_batches_counts_and_the_first_row() -> None:
    generator = plant(UNEVEN)
    whole = generator.generate(70_000)
    np.testing.assert_array_equal(np.concatenate([b.t for b in generator.batches(70_000, batch_rows=999)]), whole.t)
    counted = generator.generate(normal=900, anomalous=30)
    np.testing.assert_array_equal(counted.t, whole.t[counted.row.astype(np.int64)])
    assert abs((whole.t[0] - np.datetime64("2026-01-01", "ns")).astype(np.int64)) <= 20 * 10**9
    assert len(generator.generate(0).t) == 0
    numbers = plant(TimeIndex(0.0, 0.5, jitter=0.2, gaps=Gaps(every=1, length=3))).generate(9, start=2**44)
    assert len(numbers.t) == 9
    gapped = plant(TimeIndex(10.0, 1.0, gaps=Gaps(every=1, length=3))).generate(5)
    assert gapped.t.tolist() == [10.0, 14.0, 18.0, 22.0, 26.0]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".jsonl"])
@pytest.mark.parametrize("index", [UNEVEN, TimeIndex(5.0, 0.1, jitter=0.04, gaps=Gaps(every=90, length=(1, 2.5)))])
def test_files_and_frames_hold_them(index: TimeIndex, suffix: str, tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    generator = plant(index)
    data = generator.generate(3000, start=777)
    generator.write(tmp_path / f"x{suffix}", 3000, start=777)
    read = {".parquet": pl.read_parquet, ".arrow": pl.read_ipc, ".csv": pl.read_csv, ".jsonl": pl.read_ndjson}[suffix]
    t = read(tmp_path / f"x{suffix}")["t"]
    found = np.array(t.to_list(), "datetime64[ns]") if t.dtype == pl.String else t.to_numpy()
    np.testing.assert_array_equal(found, data.t)
    np.testing.assert_array_equal(pl.DataFrame(data)["t"].to_numpy(), data.t)
    np.testing.assert_array_equal(data.to_pandas().index.to_numpy(), data.t)
    if suffix in (".parquet", ".arrow"):
        assert Generator.from_parquet(tmp_path / f"x{suffix}") == generator
    assert generator.fingerprint != plant(None).fingerprint


@pytest.mark.parametrize("index", [UNEVEN, TimeIndex(5.0, 0.1, jitter=0.04)])
def test_functions_see_them(index: TimeIndex) -> None:
    seen: dict[int, Any] = {}

    def scalar(ctx: Any) -> float:
        seen[ctx.row] = ctx.t
        return 0.0

    def vector(block: Any) -> Any:
        return block.t.astype(np.int64) if block.t.dtype.kind == "M" else block.t

    variables = {"a": Callback(normal=scalar), "b": Callback(normal=vector, vectorized=True)}
    data = Generator(variables, time=index).generate(900, start=400)
    assert [seen[row] for row in range(400, 1300)] == list(data.t)
    np.testing.assert_array_equal(data["b"], vector(data).astype(np.float64))


def test_a_calendar_goes_by_the_clock() -> None:
    weekday = [0.0, 100, 200, 300, 400, 500, 600]
    calendar = Calendar(UNEVEN, weekday=weekday, hour=[*range(24)])
    data = Generator({"x": Stochastic(calendar)}, time=UNEVEN).generate(40_000)
    days = data.t.astype("datetime64[D]").astype(np.int64)
    np.testing.assert_array_equal(np.floor(data["x"] / 100), (days + 3) % 7)
    hours = (data.t - data.t.astype("datetime64[D]")).astype(np.int64) / (60 * MINUTE)
    before_the_last = hours <= 23
    np.testing.assert_allclose((data["x"] % 100)[before_the_last], hours[before_the_last], atol=1e-9)
    again = Generator({"x": Stochastic(calendar)}, time=UNEVEN).generate(10, start=33_333)
    np.testing.assert_array_equal(again["x"], data["x"][33_333:33_343])


def test_specs_and_toml(tmp_path: Path) -> None:
    generator = plant(UNEVEN)
    generator.to_toml(tmp_path / "plant.toml")
    assert Generator.from_toml(tmp_path / "plant.toml") == generator
    assert Generator.from_spec(generator.to_spec()) == generator
    as_text = {
        "start": "2026-01-01",
        "step": "1min",
        "jitter": "20s",
        "gaps": {"every": 500, "length": ["1h", "180min"]},
    }
    spec = generator.to_spec() | {"time": {"kind": "datetime"} | as_text}
    assert Generator.from_spec(spec) == generator
    even = plant(TimeIndex("2026-01-01", "1min"))
    assert even == Generator.from_spec(even.to_spec())
    np.testing.assert_array_equal(
        even.generate(9).t, np.datetime64("2026-01-01", "ns") + np.arange(9) * np.timedelta64(1, "m")
    )


@pytest.mark.parametrize("index", [UNEVEN, TimeIndex(0.0, 0.5, jitter=0.1)])
def test_times_and_lost_values_of_many_rows_are_made_in_pieces(index: TimeIndex) -> None:
    """What is made with the GIL released, a piece at a time, equals what few rows have."""
    generator = Generator({"x": Stochastic(Normal(), missing=Dropouts(frequency=0.2))}, time=index)
    whole, parts = generator.generate(600_000), [generator.generate(200_000, start=k * 200_000) for k in range(3)]
    np.testing.assert_array_equal(whole.t, np.concatenate([part.t for part in parts]))
    np.testing.assert_array_equal(whole.missing, np.concatenate([part.missing for part in parts]))
