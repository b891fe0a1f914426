"""What files hold on request: names of events, labels of each variable, clean rows, and the table of events beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from paranom_rs import (
    AlreadyExistsError,
    Anomaly,
    Callback,
    Choice,
    Decoys,
    Dropouts,
    Flatline,
    Generator,
    MismatchError,
    Missing,
    Noise,
    Normal,
    Recorded,
    Ref,
    Shift,
    Sine,
    SpecError,
    SpecTypeError,
    Stochastic,
    TimeIndex,
    Uniform,
    verify,
)
from paranom_rs.generate.severity import PAGE
from support import strategies

SUFFIXES = [".parquet", ".arrow", ".csv", ".jsonl"]


def plant(**options: Any) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(period=300) + Normal(0.0, 0.05), Shift(Uniform(2.0, 5.0))),
            'flöw, "x"': Stochastic(0.5 * Ref("pressure", lag=3) + Normal(0.0, 0.1)),
            "level": Stochastic(Normal(10.0, 1.0), Shift(5.0)),
        },
        anomalies=[
            Anomaly(frequency=0.02, duration=(5, 40), variables=["pressure"], name='leak, "big"'),
            Anomaly(count=1, within=1000, duration=7, values={"level": Missing()}, name="gap"),
            Decoys(count=1, within=1000, duration=9, variables=["level"], name="rare"),
        ],
        seed=7,
        **options,
    )


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pandas()
    if path.suffix == ".arrow":
        return pa.ipc.open_file(path).read_all().to_pandas()
    if path.suffix == ".jsonl":
        return pd.DataFrame([json.loads(line) for line in path.read_text("utf-8").splitlines()])
    return pd.read_csv(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("clean", [False, True])
def test_names_and_labels_are_those_of_the_dataset(tmp_path: Path, suffix: str, clean: bool) -> None:
    path = tmp_path / f"a{suffix}"
    plant().write(path, 3000, start=100, batch_rows=1100, event_names=True, labels=True, clean=clean)
    data = plant().generate(3000, start=100)
    expected = (data.clean if clean else data).to_pandas(labels=True)
    found = read(path).set_index("t")
    assert list(found) == list(expected)
    names = found["event_name"].astype(object)
    assert names.fillna("-").tolist() == expected["event_name"].fillna("-").tolist()
    for name in expected.columns.drop("event_name"):
        np.testing.assert_array_equal(found[name].to_numpy(float), expected[name].to_numpy(float), err_msg=name)
    if not clean:
        assert {"gap", 'leak, "big"'} < set(names.dropna()) | {"rare"}
        assert found['flöw, "x"_is_anomaly'].sum() > 0, "what refers to an anomalous value is labelled, too"
    assert verify(path, plant(), start=100, clean=clean).compared == 3000


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".csv.gz", ".jsonl.zst"])
def test_a_dataset_writes_the_same(tmp_path: Path, suffix: str) -> None:
    options: dict[str, Any] = {"event_names": True, "labels": True, "events": True}
    plant().write(tmp_path / f"a{suffix}", 3000, **options)
    plant().generate(3000).write(tmp_path / f"b{suffix}", **options)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert (tmp_path / f"a.events{suffix}").read_bytes() == (tmp_path / f"b.events{suffix}").read_bytes()


def test_names_are_dictionaries(tmp_path: Path) -> None:
    plant().write(tmp_path / "a.parquet", 3000, event_names=True)
    plant().write(tmp_path / "a.arrow", 3000, event_names=True)
    kind = pa.dictionary(pa.int32(), pa.string())
    assert pq.read_schema(tmp_path / "a.parquet").field("event_name").type == kind
    assert pa.ipc.open_file(tmp_path / "a.arrow").schema.field("event_name").type == kind
    table = plant().generate(3000).to_arrow(event_names=True, labels=True)
    assert table.schema.field("event_name").type == kind
    found = pq.read_table(tmp_path / "a.parquet")
    assert table["event_name"].to_pylist() == found["event_name"].to_pylist()
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert frame["event_name"].drop_nulls().unique().len() == 2
    size = {name: (tmp_path / name).stat().st_size for name in ("a.parquet", "b.parquet") if (tmp_path / name).exists()}
    plant().write(tmp_path / "b.parquet", 3000)
    assert size["a.parquet"] - (tmp_path / "b.parquet").stat().st_size < 3000, "names take next to nothing"


@given(spec=strategies.specs(), rows=strategies.slices(300))
@settings(max_examples=40)
def test_labels_of_any_spec(
    tmp_path_factory: pytest.TempPathFactory, spec: dict[str, Any], rows: tuple[int, int]
) -> None:
    path = tmp_path_factory.mktemp("labels") / "a.arrow"
    generator = Generator.from_spec(spec)
    start, count = rows
    try:
        data = generator.generate(count, start=start)
        generator.write(path, count, start=start, labels=True)
    except SpecError:
        return
    found = pa.ipc.open_file(path).read_all()
    labels = np.stack([found[f"{name}_is_anomaly"].to_numpy() for name in data.names], axis=1)
    np.testing.assert_array_equal(labels, data.labels)


def test_a_variable_with_the_name_of_a_column_is_refused(tmp_path: Path) -> None:
    generator = Generator(
        {"event_name": Stochastic(Normal()), "x": Stochastic(Normal()), "x_is_anomaly": Stochastic(Normal())}
    )
    for options in ({"event_names": True}, {"labels": True}):
        with pytest.raises(SpecError, match=r"variables\.(event_name|x_is_anomaly): must not have the name"):
            generator.write(tmp_path / "a.csv", 10, **options)
        with pytest.raises(SpecError, match="must not have the name"):
            generator.generate(10).write(tmp_path / "a.csv", **options)
    with pytest.raises(SpecTypeError, match="labels: must be True or False"):
        generator.write(tmp_path / "a.csv", 10, labels=1)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_clean_files_say_so_and_are_verified(tmp_path: Path) -> None:
    plant().write(tmp_path / "a.parquet", 3000, clean=True)
    assert verify(tmp_path / "a.parquet").compared == 3000
    assert Generator.from_parquet(tmp_path / "a.parquet") == plant()
    plant().write(tmp_path / "a.csv", 3000, clean=True)
    assert verify(tmp_path / "a.csv", plant(), clean=True).compared == 3000
    with pytest.raises(MismatchError):
        verify(tmp_path / "a.csv", plant())
    plant().write(tmp_path / "parts", 3000, shards=2, clean=True, event_names=True)
    assert verify(tmp_path / "parts").compared == 3000
    with pytest.raises(AlreadyExistsError, match="clean"):
        plant().write(tmp_path / "parts", 3000, shards=2, event_names=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_table_of_events_lies_beside(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plant{suffix}"
    plant(time=TimeIndex("2026-01-01", "1s")).write(path, 2 * PAGE, events=True)
    found = read(tmp_path / f"plant.events{suffix}")
    data = plant(time=TimeIndex("2026-01-01", "1s")).generate(2 * PAGE)
    events = data.events.to_pandas()
    assert list(found) == ["id", "name", "start", "stop", "variables", "severity", "parameters"]
    for name in ("id", "name", "start", "stop"):
        assert found[name].tolist() == events[name].tolist()
    variables = [json.loads(x) if isinstance(x, str) else list(x) for x in found["variables"]]
    assert variables == [list(x) for x in events["variables"]]
    expected = np.nanmax(np.where(np.isnan(data.severity), -1, data.severity), axis=1)
    finite = np.isfinite(expected)
    np.testing.assert_allclose(found["severity"].to_numpy(float)[finite], expected[finite], rtol=1e-12)
    leaks = [
        json.loads(x)["pressure"] for x, name in zip(found["parameters"], found["name"], strict=True) if "leak" in name
    ]
    assert all(leak["kind"] == "shift" and 2.0 <= leak["by"] < 5.0 for leak in leaks)
    assert len({leak["by"] for leak in leaks}) == len(leaks)
    assert json.loads(found["parameters"][found["name"] == "gap"].iloc[0]) == {"level": {"kind": "missing"}}
    with pytest.raises(AlreadyExistsError):
        plant().write(path, 100, events=True)
    path.unlink()
    with pytest.raises(AlreadyExistsError, match="events"):
        plant().write(path, 100, events=True)
    assert not path.exists()


def test_drawn_parameters_are_those_of_the_rows() -> None:
    """Without noise, what an event has drawn can be read off its rows."""
    nested = {
        "x": Stochastic(0.0, Shift(Uniform(1.0, 2.0) + 3.0 * Uniform(0.0, 1.0))),
        "y": Stochastic(1.0, Noise(std=2.0)),
    }
    data = Generator(nested, anomalies=Anomaly(frequency=0.1, duration=4), seed=3).generate(2000)
    table = data.event_table()
    assert len(table) > 20
    for start, parameters in zip(table["start"], table["parameters"], strict=True):
        found = json.loads(parameters)
        assert found["x"] == {"kind": "shift", "by": data["x"][start]}
        assert found["y"] == {"kind": "noise", "std": 2.0}
    assert np.isinf(table["severity"]).all(), "there is no noise"


def test_tables_of_few_events() -> None:
    none = Generator({"x": Stochastic(Normal())}).generate(10).event_table()
    assert len(none) == 0
    assert list(none) == ["id", "name", "start", "stop", "variables", "severity", "parameters"]
    decoys = Generator({"x": Stochastic(Normal(), Shift(9.0))}, anomalies=Decoys(frequency=0.1, duration=2))
    assert len(decoys.generate(100).event_table()) == 0
    recorded = Generator(
        {"x": Recorded(np.arange(50.0), 7.0, labels=[(10, 20)])}, anomalies=Anomaly(count=1, within=50, duration=2)
    )
    table = recorded.generate(100).event_table()
    labels = table[table["name"] == "recorded"]
    assert labels["severity"].isna().all()
    assert set(labels["parameters"]) == {"{}"}
    assert set(recorded.generate(100).clean.event_table()["name"]) == {"recorded"}
    assert json.loads(table["parameters"][table["name"] == "anomaly"].iloc[0]) == {"x": 7.0}
    function = Generator(
        {"x": Callback(normal=lambda ctx: 0.0, anomalous=_high)}, anomalies=Anomaly(count=1, within=50, duration=2)
    )
    called = function.generate(50).event_table()
    assert called["severity"].isna().all()
    assert json.loads(called["parameters"][0]) == {"x": "_high"}


def _high(ctx: Any) -> float:
    return 9.0


def test_severities_of_long_events_and_lost_values() -> None:
    generator = Generator(
        {"x": Stochastic(Normal(), Shift(100.0), missing=Dropouts(frequency=0.05, duration=3))},
        anomalies=Anomaly(count=1, within=30_000, duration=20_000),
        seed=1,
    )
    table = generator.generate(30_000).event_table()
    assert len(table) == 1
    assert table["severity"][0] == pytest.approx(100.0, rel=0.1)


def test_states_have_no_severity() -> None:
    mixed = {
        "mode": Stochastic(Choice(["idle", "run"]), Flatline()),
        "x": Stochastic(Normal(), Shift(Uniform(2.0, 4.0))),
    }
    anomalies = [
        Anomaly(name="both", count=1, within=500, duration=4),
        Anomaly(name="stuck", count=1, within=500, duration=4, variables=["mode"]),
    ]
    table = Generator(mixed, anomalies=anomalies, seed=2).generate(3000).event_table().groupby("name")
    assert np.isfinite(table.get_group("both")["severity"]).all()
    assert table.get_group("stuck")["severity"].isna().all()
