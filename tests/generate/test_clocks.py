"""Clocks by the calendar, in time zones, and of rows that come by chance; signals at the times of rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paranom_rs import (
    AtTime,
    Calendar,
    Callback,
    FrequencyChange,
    Gaps,
    Generator,
    Normal,
    Sine,
    SpecError,
    SpecTypeError,
    Stochastic,
    TimeIndex,
    Trend,
    public_holidays,
)
from paranom_rs._core import Plan
from paranom_rs._internal.frames import Frame
from reference import generator as reference
from reference import time
from support.generated import generated
from support.strategies import Spec, calendar_clocks, clocks

pd = pytest.importorskip("pandas")

SUMMER = ZoneInfo("Europe/Berlin")
TWO = dt.timezone(dt.timedelta(hours=2))
BERLIN = TimeIndex("2026-03-28T22:00", "1h", zone="Europe/Berlin")
ARRIVALS = TimeIndex("2026-01-01", "1min", arrivals="poisson")


def plant(index: TimeIndex, rule: Any = None) -> Generator:
    return Generator({"x": Stochastic(Normal() if rule is None else rule)}, time=index, seed=5)


@given(calendar_clocks(), st.integers(0, 300), st.integers(0, 2**64 - 1))
def test_times_are_those_of_the_reference(clock: Spec, start: int, seed: int) -> None:
    calendar = {"kind": "calendar", "hour": list(range(24)), "weekday": [100 * i for i in range(7)]}
    variables = {"x": {"kind": "stochastic", "normal": calendar}}
    spec = {"seed": seed, "time": clock, "variables": variables}
    rows = list(range(start, start + 40))
    plan = Plan(spec)
    times = plan.times(start, 40)
    assert times is not None
    assert times.tolist() == time.timestamps(clock, seed, rows)
    wanted = reference.generate(spec, start, 40)[0]["x"]
    np.testing.assert_array_equal(generated(spec, start, 40).columns["x"], wanted)


@settings(max_examples=20, deadline=None)
@given(clocks(), st.tuples(st.integers(0, 2**20), st.integers(0, 40)), st.floats(1.0, 50.0))
def test_signals_at_times_are_those_of_the_reference(clock: Spec, where: tuple[int, int], period: float) -> None:
    start, rows = where
    signals = [{"kind": "sine", "period": period}, {"kind": "trend", "coefficients": [0, 0.5]}, {"kind": "normal"}]
    normal = {"kind": "at_time", "of": {"kind": "sum", "of": signals}}
    change = {"kind": "frequency_change", "factor": 1.7}
    spec = {
        "time": clock,
        "variables": {"x": {"kind": "stochastic", "normal": normal, "anomalous": change}},
        "anomalies": [{"events": [[start + 3, start + 20]]}],
    }
    try:
        Plan(spec).times(start, rows)
    except SpecError:
        return  # beyond the last timestamp there is
    wanted = reference.generate({"seed": 0} | spec, start, rows)[0]["x"]
    np.testing.assert_array_equal(generated(spec, start, rows).columns["x"], wanted)


@pytest.mark.parametrize("start", ["2026-01-01", "2024-02-29T08:30", "2026-01-31", "2026-08-01T23:59:59.5"])
@pytest.mark.parametrize(("step", "offset"), [("1MS", "MS"), ("1M", "ME"), ("1B", "B"), ("5B", "5B"), ("2MS", "2MS")])
def test_steps_by_the_calendar_are_those_of_pandas(start: str, step: str, offset: str) -> None:
    wanted = pd.date_range(start, periods=300, freq=offset)
    np.testing.assert_array_equal(plant(TimeIndex(start, step)).generate(300).t, wanted.to_numpy("datetime64[ns]"))


def test_days_off_are_no_business_days() -> None:
    days_off = public_holidays("DE", range(2026, 2029), subdivision="BY")
    assert dt.date(2026, 1, 6) in days_off
    assert dt.date(2026, 1, 6) not in public_holidays("DE", 2026)
    clock = TimeIndex("2026-01-01T09:00", "1B", days_off=days_off)
    wanted = pd.date_range("2026-01-01T09:00", periods=600, freq=pd.offsets.CustomBusinessDay(holidays=days_off))
    np.testing.assert_array_equal(plant(clock).generate(600).t, wanted.to_numpy("datetime64[ns]"))
    with pytest.raises(SpecError, match="country: must be a country"):
        public_holidays("Atlantis", 2026)


def test_a_week_is_seven_days_and_a_day_keeps_its_hour() -> None:
    weeks = plant(TimeIndex("2026-01-01T08:00", "1W")).generate(9).t
    assert (np.diff(weeks) == np.timedelta64(7, "D")).all()
    for step, freq in (("1D", "D"), ("2W", "14D"), ("1MS", "MS"), ("1B", "B")):
        clock = TimeIndex("2026-03-01T08:00", step, zone="Europe/Berlin")
        wanted = pd.date_range("2026-03-01T08:00", periods=400, freq=freq, tz="Europe/Berlin")
        assert plant(clock).generate(400).to_pandas().index.tolist() == wanted.tolist(), step
    even = plant(TimeIndex("2026-03-01T08:00", "24h", zone="Europe/Berlin")).generate(60).t
    assert (np.diff(even) == np.timedelta64(24, "h")).all()


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "+05:45", "UTC", "Africa/Cairo"]
)
def test_rows_are_evenly_spaced_and_the_calendar_is_local(zone: str) -> None:
    clock = TimeIndex("2026-01-01", "30min", zone=zone)
    rules = Calendar(
        hour=[float(i) for i in range(24)], weekday=[100.0 * i for i in range(7)], month=[1e4 * i for i in range(12)]
    )
    data = plant(clock, rules).generate(20_000)
    assert (np.diff(data.t) == np.timedelta64(30, "m")).all()
    local = pd.DatetimeIndex(data.t).tz_localize("UTC").tz_convert(zone)
    assert str(local[0])[:19] == "2026-01-01 00:00:00"
    place = local.hour + local.minute / 60
    hour = np.where(place > 23, 23 - 23 * (place - 23), place)
    wanted = hour + 100.0 * local.day_of_week + 1e4 * (local.month - 1)
    np.testing.assert_allclose(data["x"], wanted, atol=1e-8)


def test_the_zone_is_delivered(tmp_path: Path) -> None:
    pl, pq = pytest.importorskip("polars"), pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    generator = plant(BERLIN)
    data = generator.generate(8)
    wanted = pd.date_range("2026-03-28T22:00", periods=8, freq="h", tz="Europe/Berlin")
    assert data.to_pandas().index.tolist() == wanted.tolist()
    assert str(data.to_pandas().index.tz) == "Europe/Berlin"
    for frame in (data.to_polars(), pl.DataFrame(data)):
        assert frame["t"].dtype == pl.Datetime("ns", "Europe/Berlin")
        assert frame["t"].to_list() == wanted.to_pydatetime().tolist()
    assert pa.table(data)["t"].type == pa.timestamp("ns", "Europe/Berlin")
    for write in (lambda path: generator.write(path, 8), data.write):
        for suffix in (".parquet", ".arrow", ".csv", ".jsonl"):
            path = tmp_path / f"x{suffix}"
            path.unlink(missing_ok=True)
            write(path)
        assert pq.read_table(tmp_path / "x.parquet")["t"].type == pa.timestamp("ns", "Europe/Berlin")
        assert pd.read_parquet(tmp_path / "x.parquet")["t"].tolist() == wanted.tolist()
        assert (tmp_path / "x.csv").read_text().splitlines()[1].startswith("2026-03-28T21:00:00.000000000Z,")
        assert '"2026-03-28T21:00:00.000000000Z"' in (tmp_path / "x.jsonl").read_text()
        assert Generator.from_parquet(tmp_path / "x.parquet") == generator
    assert "2026-03-29 03:00:00+02:00" in data.head(8)
    assert "from 2026-03-28 22:00:00+01:00 to 2026-03-29 06:00:00+02:00" in data._repr_html_()
    assert Frame.of("X", data).time_texts() == Frame.of("X", data.to_pandas()).time_texts()
    fixed = plant(TimeIndex("2026-01-01T00:00+01:00", "1h"))
    assert str(fixed.generate(2).to_pandas().index[0]) == "2026-01-01 00:00:00+01:00"
    assert fixed.generate(2).to_polars()["t"].dtype == pl.Datetime("ns", "UTC")
    seen = []
    Generator({"x": Callback(normal=lambda ctx: seen.append(ctx.t) or 0.0)}, time=BERLIN).generate(1)
    assert seen == [np.datetime64("2026-03-28T21:00", "ns")]


def test_local_times_that_come_twice_or_never() -> None:
    twice = TimeIndex("2026-10-25T02:30", "1h", zone="Europe/Berlin").to_spec()["start"]
    assert np.datetime64(twice, "ns") == np.datetime64("2026-10-25T00:30")
    second = TimeIndex("2026-10-25T02:30+01:00", "1h", zone="Europe/Berlin").to_spec()["start"]
    assert second - twice == 3600 * 10**9
    with pytest.raises(SpecError, match="start: must be a time that clocks in Europe/Berlin show"):
        TimeIndex("2026-03-29T02:30", "1h", zone="Europe/Berlin").to_spec()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (TimeIndex(dt.datetime(2026, 1, 1, 8), dt.timedelta(minutes=90)), TimeIndex("2026-01-01T08:00", "90min")),
        (TimeIndex(dt.date(2026, 1, 1), np.timedelta64(1, "D")), TimeIndex("2026-01-01", "1D")),
        (TimeIndex(np.datetime64("2026-01-01T08"), "1h"), TimeIndex("2026-01-01T08:00", "1h")),
        (TimeIndex(pd.Timestamp(1), pd.Timedelta(7)), TimeIndex("1970-01-01T00:00:00.000000001", "7ns")),
        (TimeIndex("2026-01-01", "1h", jitter=dt.timedelta(seconds=5)), TimeIndex("2026-01-01", "1h", jitter="5s")),
        (
            TimeIndex("2026-01-01", "1h", gaps=Gaps(every=9, length=(dt.timedelta(1), dt.timedelta(2)))),
            TimeIndex("2026-01-01", "1h", gaps=Gaps(every=9, length=("1D", "2D"))),
        ),
        (TimeIndex(dt.datetime(2026, 7, 1, tzinfo=SUMMER), "1h"), TimeIndex("2026-06-30T22:00Z", "1h", zone=SUMMER)),
        (TimeIndex(pd.Timestamp("2026-07-01", tz="Europe/Berlin"), "1h"), TimeIndex("2026-07-01", "1h", zone=SUMMER)),
        (TimeIndex("2026-07-01T00:00+0200", "1h"), TimeIndex(dt.datetime(2026, 7, 1, tzinfo=TWO), "1h")),
        (TimeIndex(pd.date_range("2026-07-01", None, 9, "h", tz=SUMMER)), TimeIndex("2026-07-01", "1h", zone=SUMMER)),
        (TimeIndex(pd.date_range("2026-07-01", None, 9, "h", tz=TWO)), TimeIndex("2026-07-01", "1h", zone=TWO)),
    ],
)  # fmt: skip
def test_times_and_lengths_may_be_objects(given: TimeIndex, text: TimeIndex) -> None:
    assert given.to_spec() == text.to_spec()


@pytest.mark.parametrize(
    "clock",
    [
        BERLIN,
        ARRIVALS,
        TimeIndex("2026-01-01T00:00+05:45", "1h"),
        TimeIndex("2026-01-01T09:00", "2B", days_off=["2026-01-05", dt.date(2026, 1, 6)]),
        TimeIndex("2026-01-01T00:00:00.000000001", "1MS", zone="Asia/Tokyo"),
        TimeIndex("1800-01-01", "1D", zone="Europe/Berlin"),
        TimeIndex(0.0, 0.5, arrivals="poisson"),
    ],
)
def test_toml_has_dates_of_its_own(clock: TimeIndex, tmp_path: Path) -> None:
    generator = plant(clock)
    generator.to_toml(tmp_path / "a.toml")
    assert Generator.from_toml(tmp_path / "a.toml") == generator
    assert Generator.from_toml(tmp_path / "a.toml").fingerprint == generator.fingerprint
    assert Generator.from_spec(generator.to_spec()) == generator


def test_toml_of_people(tmp_path: Path) -> None:
    text = """
[time]
start = 2026-03-28T22:00:00+01:00
zone = "Europe/Berlin"
step = "1h"
[variables.x]
kind = "stochastic"
normal = {kind = "normal"}
"""
    (tmp_path / "a.toml").write_text(text)
    assert Generator.from_toml(tmp_path / "a.toml").to_spec()["time"] == BERLIN.to_spec()
    assert "start = 2026-03-28 22:00:00+01:00\n" in plant(BERLIN).to_toml()
    assert "start = 2026-01-01 00:00:00\n" in plant(TimeIndex("2026-01-01", "1h")).to_toml()
    dated = {"start": dt.datetime(2026, 1, 1), "step": dt.timedelta(hours=1)}
    spec = plant(TimeIndex("2026-01-01", "1h")).to_spec() | {"time": dated}
    assert Generator.from_spec(spec) == plant(TimeIndex("2026-01-01", "1h"))


def test_arrivals_are_a_poisson_process() -> None:
    t = plant(ARRIVALS).generate(300_000).t
    assert t[0] == np.datetime64("2026-01-01")
    waits = np.diff(t).astype(np.int64) / (60 * 10**9)
    assert waits.min() > 0
    assert stats.kstest(waits, stats.expon().cdf).pvalue > 0.001
    for lag in (1, 2, 511, 512, 513):
        assert abs(np.corrcoef(waits[lag:], waits[:-lag])[0, 1]) < 0.01, lag
    # As many rows in a time as a Poisson distribution has, also in times that are longer than a tile of rows.
    minutes = (t - t[0]).astype(np.int64) // (60 * 10**9)
    for width in (1, 10, 2000):
        counts = np.bincount(minutes // width)[:-1]
        spread = 4 * np.sqrt(2 / len(counts))
        assert counts.var() / counts.mean() == pytest.approx(1, abs=max(spread, 0.02)), width
        assert counts.mean() == pytest.approx(width, rel=5 / np.sqrt(len(t)))
    # Any slice, the same rows.
    part = plant(ARRIVALS).generate(700, start=123_456)
    np.testing.assert_array_equal(part.t, t[123_456:124_156])
    other = Generator({"x": Stochastic(Normal())}, time=ARRIVALS, seed=6).generate(1000).t
    assert (other[1:] != t[1:1000]).all()


def test_far_arrivals_are_where_the_mean_is() -> None:
    row = 2**28
    t = plant(TimeIndex("2026-01-01", "1s", arrivals="poisson")).generate(1, start=row).t[0]
    late = (t - np.datetime64("2026-01-01")).astype(np.int64) / 1e9 - row
    assert 0 < abs(late) < 5 * np.sqrt(row)
    numbers = plant(TimeIndex(10.0, 0.5, arrivals="poisson")).generate(100_000).t
    assert numbers.dtype == np.float64
    assert (np.diff(numbers) > 0).all()
    assert np.diff(numbers).mean() == pytest.approx(0.5, rel=0.02)
    gapped = plant(TimeIndex(0, 1000, gaps=Gaps(every=10, length=10**7), arrivals="poisson")).generate(1000).t
    assert gapped.dtype == np.int64
    assert (np.diff(gapped) > 10**7 - 1).sum() == 100


def test_a_sine_is_exact_at_its_own_time() -> None:
    for clock in (
        TimeIndex("2026-01-01", "1min", jitter="20s", gaps=Gaps(every=100, length="1h")),
        ARRIVALS,
        TimeIndex(3.0, 0.5, jitter=0.2),
    ):
        data = plant(clock, AtTime(Sine(period=48.0, amplitude=2.0))).generate(5000)
        t = data.t.astype(np.int64) / (60 * 10**9) if data.t.dtype.kind == "M" else data.t / 0.5
        start = np.datetime64("2026-01-01", "ns").astype(np.int64) / (60 * 10**9) if data.t.dtype.kind == "M" else 6.0
        wanted = 2.0 * np.sin(2 * np.pi * (t - start) / 48.0)
        np.testing.assert_allclose(data["x"][1:], wanted[1:], atol=1e-6)
    trend = plant(TimeIndex(0, 10, jitter=3), AtTime(Trend(0.1))).generate(500)
    np.testing.assert_allclose(trend["x"][1:], trend.t[1:] / 100, atol=1e-12)
    even = plant(TimeIndex(0, 10), AtTime(Sine(7.0) + Normal())).generate(500)
    np.testing.assert_array_equal(even["x"], plant(TimeIndex(0, 10), Sine(7.0) + Normal()).generate(500)["x"])
    faster = Generator({"x": Stochastic(AtTime(Sine(40.0)), FrequencyChange(2.0))}, time=ARRIVALS)
    assert faster.generate(10).X.shape == (10, 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TimeIndex("2026-01-01", "1h", zone="Mars/Olympus"), "zone: must be a time zone like Europe/Berlin"),
        (lambda: TimeIndex(0, 1, zone="UTC"), "zone: must go with datetimes"),
        (lambda: TimeIndex(0, 1, days_off=["2026-01-01"]), "days_off: must go with datetimes"),
        (lambda: TimeIndex("2026-01-01", "1h", days_off=["2026-01-01"]), "days_off: must go with a step of business"),
        (lambda: TimeIndex("2026-01-01", "1MS", days_off=["2026-01-01"]), "days_off: must go with a step of business"),
        (lambda: TimeIndex("2026-01-01", "1B", days_off=["someday"]), r"days_off\[0\]: must be a date"),
        (lambda: TimeIndex("2026-01-01", "1MS", jitter="1h"), "jitter: must go with a step of fixed length"),
        (lambda: TimeIndex("2026-01-01", "1B", arrivals="poisson"), "arrivals: must go with a step of fixed length"),
        (lambda: TimeIndex("2026-01-01", "1D", zone=SUMMER, gaps=Gaps(every=3, length="1h")), "gaps: must go with"),
        (lambda: TimeIndex("2026-01-01", "1h", jitter="1s", arrivals="poisson"), "arrivals: must go without jitter"),
        (lambda: TimeIndex("2026-01-01", "1h", arrivals="hawkes"), "arrivals: must be poisson"),
        (lambda: TimeIndex("2026-01-01", "10ns", arrivals="poisson"), "step: must be >= 1000 with arrivals"),
        (lambda: TimeIndex("2026-01-01", "0B"), "step: must be a number and one of"),
        (lambda: TimeIndex("2026-01-01", "1Q"), "step: must be a number and one of"),
        (lambda: TimeIndex("2026-01-01T25:00", "1h"), "start: must be a datetime"),
        (lambda: TimeIndex(np.datetime64("NaT", "ns"), "1h"), "start: must be a datetime"),
        (lambda: TimeIndex("2026-01-01", np.timedelta64(1, "M")), "step: must be a length of time"),
    ],
)  # fmt: skip
def test_bad_clocks(make: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        plant(make())


def test_bad_places_and_types() -> None:
    with pytest.raises(SpecTypeError, match="zone: must be a time zone's name"):
        TimeIndex("2026-01-01", "1h", zone=3)
    with pytest.raises(SpecTypeError, match="days_off: must be a list of dates"):
        plant(TimeIndex("2026-01-01", "1B", days_off="2026-01-01"))
    with pytest.raises(SpecError, match="time: must be a clock with a step of fixed length"):
        Generator({"x": Stochastic(AtTime(Sine(9)))})
    with pytest.raises(SpecError, match="must be a clock with a step of fixed length"):
        plant(TimeIndex("2026-01-01", "1MS"), AtTime(Sine(9)))
    with pytest.raises(SpecError, match="must go by the clock of the whole spec"):
        plant(BERLIN, Calendar(TimeIndex("2026-03-28T21:00", "1h"), hour=[0.0] * 24))
    same = plant(BERLIN, Calendar(BERLIN, hour=[1.0] * 24)).generate(3)
    assert same["x"].tolist() == [1.0] * 3
