"""Frames in and out: index, zone and dtypes stay; datasets are arrays, rows, slices and frames; TOML to read."""

from __future__ import annotations

import datetime
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Gaps,
    Generator,
    Integers,
    Normal,
    Recorded,
    Ref,
    Shift,
    Soft,
    SpecError,
    Stochastic,
    TimeIndex,
    Uniform,
    Uniqueness,
    UnknownKeyError,
)
from paranom_rs._internal.frames import Frame

INDEX = pd.date_range("2026-03-29 00:00", periods=400, freq="1min", tz="Europe/Berlin", name="at")


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "flow": rng.normal(size=400),
            "count": rng.integers(0, 9, 400),
            "open": rng.random(400) > 0.5,
            "state": pd.array([1, None] * 200, dtype="Int8"),
            "bad": [0] * 100 + [1] * 5 + [0] * 295,
        },
        index=INDEX,
    )


def plant(rows: int = 1000) -> Generator:
    return Generator(
        {"a": Stochastic(Normal(), Uniform(5, 6)), "b": Stochastic(Ref("a", lag=3) + Normal(0, 0.1))},
        anomalies=Anomaly(frequency=0.05, duration=5, name="jump"),
        time=TimeIndex("2026-01-01", "1min"),
    )


def test_a_frame_comes_back() -> None:
    frame = table()
    data = Generator.from_frame(frame, labels="bad").generate(400)
    back = data.to_pandas()
    pd.testing.assert_frame_equal(back[["flow", "count", "open", "state"]], frame.drop(columns="bad"), check_freq=False)
    assert back["is_anomaly"].tolist() == frame["bad"].tolist()
    assert set(back["event_name"][100:105]) == {"recorded"}
    assert back["event_name"][:100].isna().all()
    assert data[150:160].to_pandas().index.equals(INDEX[150:160])
    # Beyond the recording, which repeats, the clock goes on in its zone.
    later = pickle.loads(pickle.dumps(Generator.from_frame(frame, labels="bad"))).generate(10, start=395).to_pandas()
    assert later.index.equals(pd.date_range(INDEX[395], periods=10, freq="1min", name="at"))
    assert later["count"].tolist()[5:] == frame["count"].tolist()[:5]


def test_anomalies_in_a_frame() -> None:
    frame = table().drop(columns="bad")
    generator = Generator.from_frame(
        frame, anomalous={"flow": Shift(10.5), "count": Shift(0.5)}, anomalies=Anomaly(events=[(10, 20)], name="leak")
    )
    back = generator.generate(400).to_pandas(labels=True)
    assert set(back["event_name"][10:20]) == {"leak"}
    assert back["flow_is_anomaly"].sum() == back["count_is_anomaly"].sum() == 10
    assert back["open_is_anomaly"].sum() == 0
    assert back["count"].dtype == np.float64  # 0.5 is no integer
    assert back["open"].dtype == bool
    np.testing.assert_allclose(back["flow"].iloc[10:20], frame["flow"].iloc[10:20] + 10.5)
    assert generator.generate(400).clean.to_pandas()["count"].dtype == frame["count"].dtype


def test_frames_of_other_kinds() -> None:
    values = {"x": [1.0, 2.0, 3.0], "y": [4, 5, 6]}
    stamps = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "M8[us]")
    for frame in (pl.DataFrame({"at": stamps, **values}), pa.table({"at": pa.array(stamps), **values})):
        for labels in ([0, 1, 0], [(1, 2)]):
            data = Generator.from_frame(frame, labels=labels).generate(3)
            assert data.y.tolist() == [0, 1, 0]
            assert data.names == ["x", "y"]
            assert data.to_pandas().index.equals(pd.DatetimeIndex(stamps.astype("M8[ns]"), name="at"))
    assert Generator.from_frame(pl.DataFrame({**values, "bad": [0, 0, 1]}), labels="bad").generate(3).y.tolist() == [
        0,
        0,
        1,
    ]
    assert Generator.from_frame(np.ones((3, 2))).generate(3).names == ["channel_0", "channel_1"]
    # Uneven times are no clock, and come back all the same.
    uneven = pd.DataFrame({"x": [1, 2, 3]}, index=pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-09"]))
    data = Generator.from_frame(uneven).generate(3)
    assert data.t.tolist() == [0, 1, 2]
    assert data.to_pandas().index.equals(uneven.index)
    for labels, words in (("nope", "must be one of flow"), ([0, 1], "must be one 0 or 1 for each of the 400 rows")):
        with pytest.raises(SpecError, match=words):
            Generator.from_frame(table(), labels=labels)
    with pytest.raises(SpecError, match="anomalous: must be of columns among"):
        Generator.from_frame(table(), anomalous={"nope": 1.0})


@given(st.integers(-(10**17), 10**17), st.integers(1, 10**14), st.integers(2, 20))
def test_a_clock_is_its_index(start: int, step: int, rows: int) -> None:
    index = pd.DatetimeIndex(np.array(start + step * np.arange(rows)).view("M8[ns]"))
    clock = TimeIndex(index)  # type: ignore[arg-type]
    data = Generator({"x": Stochastic(Normal())}, time=clock).generate(rows)
    assert data.t.tolist() == index.to_numpy().tolist()
    assert TimeIndex(index, f"{step}ns") == clock  # type: ignore[arg-type]
    numbers = TimeIndex(start + step * np.arange(rows))  # type: ignore[arg-type]
    assert (numbers.start, numbers.step) == (start, step)


def test_a_clock_that_is_none() -> None:
    for index, words in (
        (
            pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-04"]),
            r"start\[2\]: must be a time one step behind .* 1D, got 2D",
        ),
        (pd.to_datetime(["2026-01-02", "2026-01-01"]), r"start\[1\]: must be a time one step"),
        (pd.to_datetime(["2026-01-02"]), "at least two times"),
        (np.array(["a", "b"]), "at least two times"),
    ):
        with pytest.raises(SpecError, match=words):
            TimeIndex(index)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="step: must be that of the times, '1D', or left out, got '1h'"):
        TimeIndex(pd.date_range("2026", periods=3), "1h")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="step: must be given"):
        TimeIndex("2026-01-01")
    assert TimeIndex(np.array([0.0, 0.1, 0.2])).step == pytest.approx(0.1)  # type: ignore[arg-type]
    assert TimeIndex(pl.Series([datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2)])).step == "1D"  # type: ignore[arg-type]


def test_a_dataset_is_an_array_and_rows_and_frames() -> None:
    data = plant().generate(500)
    np.testing.assert_array_equal(np.asarray(data), data.X)
    assert np.asarray(data, dtype=np.float32).dtype == np.float32
    frame = pd.DataFrame(data)
    assert list(frame.columns) == list(data.table())
    np.testing.assert_array_equal(frame["a"], data["a"])
    assert frame["is_anomaly"].tolist() == data.y.tolist()
    row = data[7]
    assert row == next(r for i, r in enumerate(data) if i == 7)
    assert (row[1], row[3]) == (data["a"][7], data.y[7])
    assert data[-1] == data[499]
    with pytest.raises(IndexError, match="row 500 of 500"):
        data[500]
    with pytest.raises(UnknownKeyError):
        data["c"]
    polars = data.to_polars(labels=True)
    assert polars.columns == ["t", "a", "b", "is_anomaly", "event", "event_name", "a_is_anomaly", "b_is_anomaly"]
    np.testing.assert_array_equal(polars["b_is_anomaly"], data.labels[:, 1])
    assert polars.to_pandas()["event_name"].dropna().unique().tolist() == ["jump"]
    of_detectors = Frame.of("X", data)
    np.testing.assert_array_equal(of_detectors.values, data.X)
    assert of_detectors.names == ["a", "b"]
    np.testing.assert_array_equal(of_detectors.labels, data.y == 1)
    assert of_detectors.time_texts()[1] == "2026-01-01 00:01:00"
    with pytest.raises(SpecError, match="event_name: must not have the name of another column"):
        Generator({"event_name": Stochastic(Normal())}).generate(3).to_pandas()
    assert len(Generator({"x": Stochastic(Normal())}).generate(0).to_pandas()) == 0


@given(st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_a_slice_is_a_dataset(first: int, stop: int, counted: bool) -> None:
    generator = plant()
    data = generator.generate(normal=40, anomalous=10) if counted else generator.generate(50, start=7)
    part = data[first:stop]
    for name in ("t", "y", "row", "X", "event", "labels"):
        np.testing.assert_array_equal(getattr(part, name), getattr(data, name)[first:stop])
    np.testing.assert_array_equal(part.clean.X, data.clean.X[first:stop])
    touching = [e for e in data.events if np.isin(np.arange(e.start, e.stop), part.row).any()]
    assert [e for e in part.events] == touching  # noqa: C416
    assert part.duplicates == (0, 0)
    events = data.events
    assert list(events[:3]) == list(events)[:3]
    assert list(events[::-1]) == list(events)[::-1]


def test_duplicates_of_a_slice_are_counted() -> None:
    generator = Generator({"x": Stochastic(Integers(0, 30))}, uniqueness=Uniqueness(normal=Soft(tries=1)))
    data = generator.generate(100)
    assert data.duplicates.normal > 0
    assert data[:].duplicates == data.duplicates
    assert data[:50].duplicates == generator.generate(50).duplicates
    assert data[40:].duplicates == generator.generate(60, start=40).duplicates
    with pytest.raises(SpecError, match="step: must be 1"):
        data[::2]


def test_toml_for_people(tmp_path: Path) -> None:
    values = np.arange(5000.0)
    generator = Generator(
        {
            "x": Recorded(values, Shift(1.0), labels=[(5, 9)]),
            "y": Recorded(values[::-1]),
            "z": Recorded(values[:300]),
            "short": Recorded([1.0, np.nan, 2.0]),
        },
        anomalies=Anomaly(events=[(50, 60)]),
        time=TimeIndex("2026-01-01T06:00", "90s", jitter="20ms", gaps=Gaps(every=100, length=("1h", "2D"))),
    )
    text = generator.to_toml(tmp_path / "plant.toml")
    assert (tmp_path / "plant.toml").read_text() == text
    spec = tomllib.loads(text)
    assert spec["time"]["start"] == datetime.datetime(2026, 1, 1, 6)
    assert spec["time"] | {"start": 0} == {
        "kind": "datetime",
        "start": 0,
        "step": "90s",
        "jitter": "20ms",
        "gaps": {"every": 100, "length": ["1h", "2D"]},
    }
    assert spec["variables"]["x"]["file"] == spec["variables"]["y"]["file"] == "plant.recordings.parquet"
    assert spec["variables"]["z"]["file"] == "plant.recordings-2.parquet"
    assert len(text) < 2000
    (tmp_path / "moved").mkdir()
    for file in tmp_path.glob("plant*"):
        file.rename(tmp_path / "moved" / file.name)
    again = Generator.from_toml(tmp_path / "moved" / "plant.toml")
    assert again == generator
    np.testing.assert_array_equal(again.generate(300).X, generator.generate(300).X)
    assert Generator.from_spec(tomllib.loads(generator.to_toml()) | {"time": generator.to_spec()["time"]}) == generator
    (tmp_path / "text.toml").write_text(generator.to_toml())
    assert Generator.from_toml(tmp_path / "text.toml") == generator
    odd = Generator({"x": Stochastic(Normal())}, time=TimeIndex("2026-01-01T00:00:00.123456789", "1ns"))
    odd.to_toml(tmp_path / "odd.toml")
    assert Generator.from_toml(tmp_path / "odd.toml") == odd
