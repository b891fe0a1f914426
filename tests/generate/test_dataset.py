"""The dataset: arrays, tables, events, clean copy, files, picture, audit."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Dataset,
    Drift,
    Flatline,
    Generator,
    Missing,
    Normal,
    Recorded,
    Shift,
    Sine,
    SpecError,
    Spike,
    Stochastic,
    TimeIndex,
    Uniform,
    UnknownKeyError,
)


def plant(**options: object) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(period=300) + Normal(0.0, 0.05), Uniform(2.0, 5.0)),
            "flöw": Stochastic(Normal(10.0, 1.0), Shift(Uniform(5.0, 6.0))),
            "constant": Stochastic(3.0),
        },
        anomalies=[
            Anomaly(frequency=0.02, duration=(5, 40)),
            Anomaly(name="gap", count=1, within=1000, duration=7, values={"constant": Missing()}),
        ],
        seed=7,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def data() -> Dataset:
    return plant().generate(20_000)


def test_shapes_and_types(data: Dataset) -> None:
    assert len(data) == 20_000
    assert data.X.shape == (20_000, 3)
    assert data.X.dtype == np.float64
    assert data.y.dtype == np.int8
    assert data.labels.shape == (20_000, 3)
    assert data.labels.dtype == np.int8
    assert data.t.dtype == np.int64
    assert np.shares_memory(data["pressure"], data.X), "no copy"
    with pytest.raises(UnknownKeyError, match="pressure"):
        data["presure"]


def test_labels_events_and_y_tell_the_same(data: Dataset) -> None:
    y = np.zeros(len(data), np.int8)
    labels = np.zeros((len(data), 3), np.int8)
    for event in data.events:
        assert event.stop > event.start
        inside = slice(event.start, min(event.stop, len(data)))
        y[inside] = 1
        labels[inside, [data.names.index(name) for name in event.variables]] = 1
        assert set(data.event[inside].tolist()) == {event.id}
    np.testing.assert_array_equal(y, data.y)
    np.testing.assert_array_equal(labels, data.labels)
    assert (data.event[y == 0] == -1).all()
    assert {event.name for event in data.events} == {"anomaly", "gap"}


def test_clean_copy_differs_exactly_where_labels_say(data: Dataset) -> None:
    for j, name in enumerate(data.names):
        changed = ~((data[name] == data.clean[name]) | (np.isnan(data[name]) & np.isnan(data.clean[name])))
        np.testing.assert_array_equal(changed, data.labels[:, j] == 1)
    assert data.clean.y.sum() == 0
    assert len(data.clean.events) == 0


def test_float32_is_float64_rounded(data: Dataset) -> None:
    small = plant().generate(20_000, dtype=np.float32)
    np.testing.assert_array_equal(small["flöw"], data["flöw"].astype(np.float32))
    assert small.clean["flöw"].dtype == np.float32


def test_out_is_filled(data: Dataset) -> None:
    out = {name: np.full(1000, -1.0) for name in data.names}
    filled = plant().generate(1000, out=out)
    assert filled["pressure"] is out["pressure"]
    np.testing.assert_array_equal(out["pressure"], data["pressure"][:1000])
    np.testing.assert_array_equal(filled.X[:, 0], out["pressure"])


def test_arrow_stream_reaches_every_table(data: Dataset) -> None:
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    pd = pytest.importorskip("pandas")
    duckdb = pytest.importorskip("duckdb")
    table = pa.table(data)
    assert table.column_names == ["t", "pressure", "flöw", "constant", "is_anomaly", "event"]
    address = table["pressure"].chunk(0).buffers()[1].address
    assert address == data["pressure"].ctypes.data, "no copy"
    np.testing.assert_array_equal(pl.DataFrame(data)["flöw"].to_numpy(), data["flöw"])
    np.testing.assert_array_equal(pd.DataFrame.from_arrow(data)["event"], data.event)
    assert duckdb.sql("select sum(is_anomaly) from data").fetchall() == [(int(data.y.sum()),)]
    frame = data.to_pandas()
    assert list(frame.columns) == ["pressure", "flöw", "constant", "is_anomaly", "event", "event_name"]
    assert list(data.events.to_pandas().columns) == ["start", "stop", "name", "variables", "id", "broken"]


def test_an_arrow_table_outlives_its_dataset() -> None:
    pa = pytest.importorskip("pyarrow")
    expected = plant().generate(1000)["flöw"]
    table = pa.table(plant().generate(1000))
    for _ in range(10):
        np.empty(3000)[:] = 0
    np.testing.assert_array_equal(table["flöw"].to_numpy(), expected)


@pytest.mark.parametrize("start", [0, 2**40, 2**64 - 700])
def test_time_index(start: int) -> None:
    rows = plant().generate(700, start=start)
    assert int(rows.row[0]) == start
    assert int(rows.row[-1]) == start + 699
    numbers = plant(time=TimeIndex(10.0, 0.5))
    if start > 2**50:
        with pytest.raises(SpecError, match="float64 tells apart"):
            numbers.generate(700, start=start)
    else:
        np.testing.assert_array_equal(numbers.generate(700, start=start).t, 10.0 + rows.row.astype(float) * 0.5)


def test_datetimes() -> None:
    generator = plant(time=TimeIndex("2026-01-01T00:00", "1min"))
    data = generator.generate(3)
    assert data.t.astype(str).tolist()[2] == "2026-01-01T00:02:00.000000000"
    with pytest.raises(SpecError, match="2262"):
        generator.generate(10, start=2**60).t  # noqa: B018
    pa = pytest.importorskip("pyarrow")
    assert str(pa.table(data)["t"].type) == "timestamp[ns]"


def test_absolute_counts_grow() -> None:
    generator = plant()
    small = generator.generate(normal=990, anomalous=50)
    assert (small.y == 0).sum() == 990
    assert (small.y == 1).sum() == 50
    assert (np.diff(small.row.astype(np.int64)) > 0).all()
    large = generator.generate(normal=5000, anomalous=70)
    for label in (0, 1):
        few, many = small.row[small.y == label], large.row[large.y == label]
        np.testing.assert_array_equal(few, many[: len(few)])
    whole = generator.generate(int(large.row[-1]) + 1)
    np.testing.assert_array_equal(large["flöw"], whole["flöw"][large.row.astype(int)])
    assert generator.generate(normal=0, anomalous=0).X.shape == (0, 3)
    with pytest.raises(SpecError, match="anomalous"):
        Generator({"x": Stochastic(Normal())}).generate(normal=1, anomalous=1)


def test_explicit_events() -> None:
    events = [(10, 20), (500, 501)]
    data = Generator({"x": Stochastic(Normal(), Spike(9.0))}, anomalies=Anomaly(events=events)).generate(1000)
    assert [(event.start, event.stop) for event in data.events] == events
    assert data.y.sum() == 11


def test_recorded_labels_stay_and_are_not_hit() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=500)
    labels = np.zeros(500, int)
    labels[100:150] = 1
    labels[490:] = 1
    generator = Generator(
        {"x": Recorded(values, Shift(5.0), labels=labels), "y": Stochastic(Normal(), Drift(3.0))},
        anomalies=Anomaly(frequency=0.2, duration=(5, 30), gap=3),
    )
    data = generator.generate(5000)
    recorded = np.tile(labels, 10).astype(bool)
    np.testing.assert_array_equal(data["x"][recorded], np.tile(values, 10)[recorded])
    assert data.y[recorded].all()
    assert data.labels[recorded, 1].sum() == 0
    np.testing.assert_array_equal(data.clean.y, recorded)
    assert data.y.mean() > 0.25
    for event in data.events:
        if event.name != "recorded":
            near = slice(max(event.start - 3, 0), event.stop + 3)
            assert not recorded[near].any()
    assert data.audit().changed_unlabelled == 0


def test_labels_mean_the_same_as_flags_arrays_and_lists() -> None:
    values = np.arange(300.0)
    flags = np.arange(300) % 7 < 2
    pairs = [[i, min(i + 2, 300)] for i in range(0, 300, 7)]
    given = [flags, flags.astype(float), pairs, np.array(pairs), np.array(pairs, float), [tuple(x) for x in pairs]]
    made = [Generator({"x": Recorded(values, labels=labels)}) for labels in given]
    # Read as a list, they are what TOML holds.
    made.append(Generator.from_spec({"variables": {"x": {"kind": "recorded", "values": values, "labels": pairs}}}))
    made.append(Generator.from_spec(made[0].to_spec()))
    assert len({generator.fingerprint for generator in made}) == 1
    assert all(np.array_equal(generator.generate(700).y, made[0].generate(700).y) for generator in made)
    assert made[0].generate(300).y.tolist() == flags.tolist()
    assert "labels = [\n" in made[0].to_toml()


@pytest.mark.parametrize("pair", [[-1, 2], [3, -2], [5, 5], [2, 11]])
def test_labels_in_arrays_are_checked_as_those_in_lists(pair: list[int]) -> None:
    def refusal(labels: object) -> str:
        with pytest.raises(SpecError) as found:
            Generator.from_spec({"variables": {"x": {"kind": "recorded", "values": np.zeros(10), "labels": labels}}})
        return str(found.value)

    assert refusal(np.array([[0, 1], pair])) == refusal([[0, 1], pair])
    assert "variables.x.labels" in refusal([[0, 1], pair])


def test_recording_without_repeat_ends() -> None:
    generator = Generator({"x": Recorded([1.0, 2.0, 3.0], repeat=False)})
    np.testing.assert_array_equal(generator.generate(3)["x"], [1, 2, 3])
    with pytest.raises(SpecError, match="repeat"):
        generator.generate(4)
    with pytest.raises(SpecError, match="repeat"):
        generator.generate(1, start=3)


def test_flatline_holds_the_first_value_also_in_a_slice() -> None:
    generator = Generator(
        {"x": Stochastic(Normal(), Flatline())}, anomalies=Anomaly(frequency=0.1, duration=(600, 900))
    )
    data = generator.generate(20_000)
    event = data.events[0]
    middle = generator.generate(5, start=event.start + 550)
    np.testing.assert_array_equal(middle["x"], np.full(5, data.clean["x"][event.start]))


def test_toml_round_trip(tmp_path: Path) -> None:
    generator = Generator(
        {"x": Recorded([1.0, np.nan, 3.0], Shift(1.0), labels=[(1, 2)]), "a.b": plantlike()},
        anomalies=Anomaly(frequency=0.3),
        seed=2**64 - 1,
        time=TimeIndex("2026-01-01", "250ms"),
    )
    generator.to_toml(tmp_path / "spec.toml")
    again = Generator.from_toml(tmp_path / "spec.toml")
    assert again == generator
    assert again.fingerprint == generator.fingerprint
    np.testing.assert_array_equal(again.generate(50).X, generator.generate(50).X)
    assert pickle.loads(pickle.dumps(generator)) == generator
    other = Generator({"x": Recorded([1.0, np.nan, 4.0])})
    assert other.fingerprint != Generator({"x": Recorded([1.0, np.nan, 3.0])}).fingerprint


def plantlike() -> Stochastic:
    return Stochastic(normal=Normal(Uniform(0, 1), 2) * 3 - 1, anomalous=Uniform(9, 10))


def test_toml_names_files_relative_to_itself(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("value,label\n1.5,0\n,1\n2.5,0\n")
    (tmp_path / "spec.toml").write_text(
        '[variables.x]\nkind = "recorded"\nfile = "data.csv"\ncolumn = "value"\nlabels = "label"\n'
    )
    data = Generator.from_toml(tmp_path / "spec.toml").generate(3)
    np.testing.assert_array_equal(data["x"], [1.5, np.nan, 2.5])
    assert data.y.tolist() == [0, 1, 0]


def test_plot(tmp_path: Path, data: Dataset) -> None:
    pytest.importorskip("matplotlib")
    figure = data.plot()
    assert len(figure.axes) == 3
    line = figure.axes[0].lines[0]
    assert len(line.get_xdata()) <= 4000
    # Thinning keeps the extremes.
    assert line.get_ydata().max() == data["pressure"].max()
    assert len(figure.axes[0].patches) == sum("pressure" in event.variables for event in data.events)
    figure.savefig(tmp_path / "plant.png")
    one = data.plot(["flöw"])
    assert len(one.axes) == 1
    assert plant().generate(0).plot() is not None


def test_audit_counts_what_is_wrong(data: Dataset) -> None:
    audit = data.audit()
    assert audit.rows == 20_000
    assert audit.share == pytest.approx(data.y.mean())
    assert audit.events == len(data.events)
    assert audit.changed_unlabelled == 0
    assert audit.labelled_unchanged == 0
    assert audit.missing == np.isnan(data.X).sum()
    assert audit.position_p > 0.01
    assert "changed, not labelled" in str(audit)
    assert audit.to_dict()["rows"] == 20_000
    # Broken on purpose: a row changed without a label, a label without a change.
    broken = plant().generate(20_000)
    normal_row = int(np.flatnonzero(broken.y == 0)[0])
    broken["pressure"][normal_row] += 1.0
    event = next(event for event in broken.events if event.name == "gap")
    broken["constant"][event.start : event.stop] = 3.0
    worse = broken.audit()
    assert worse.changed_unlabelled == 1
    assert worse.labelled_unchanged == 7
    assert worse.events_below_noise >= 1


def test_audit_of_bunched_events_says_so() -> None:
    events = [(9000 + 20 * i, 9000 + 20 * i + 5) for i in range(40)]
    data = Generator({"x": Stochastic(Normal(), Shift(9.0))}, anomalies=Anomaly(events=events)).generate(10_000)
    assert data.audit().position_p < 1e-6
    assert "NOT even" in str(data.audit())


def test_audit_of_nothing() -> None:
    assert plant().generate(0).audit().rows == 0
    assert Generator({"x": Stochastic(Normal())}).generate(10).audit().events == 0


def test_batches_are_slices() -> None:
    whole = plant().generate(2500)
    parts = list(plant().batches(2500, batch_rows=1000))
    assert [len(part) for part in parts] == [1000, 1000, 500]
    np.testing.assert_array_equal(np.concatenate([part.X for part in parts]), whole.X)
    assert list(plant().batches(0)) == []


def test_progress_reaches_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    plant().generate(200_000, progress=True)
    assert "200k/200k" in capfd.readouterr().err
    plant().generate(2000, progress=True)
    assert "2.00k/2.00k" in capfd.readouterr().err, "also where the work is done at once"


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_stops_a_long_run() -> None:
    code = textwrap.dedent(
        """
        import os, signal, threading, time
        from paranom_rs import Generator, Normal, Stochastic
        generator = Generator({f"x{i}": Stochastic(Normal()) for i in range(8)})
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            for _ in range(10**6):
                generator.generate(4_000_000)
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.strip() == "stopped", run.stderr


def test_the_shuttle_example_injects_into_real_data(tmp_path: Path) -> None:
    """The main job on real data: the documented command, on the project's own copy of the recording."""
    example = Path(__file__).parents[2] / "examples" / "shuttle.py"
    if not example.exists():
        pytest.skip("the examples are not part of an installed package")
    pytest.importorskip("matplotlib")
    command = [sys.executable, str(example), "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    lines = (tmp_path / "shuttle.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5001
    injected = sum(line.split(",")[2] == "1" for line in lines[1:]) - 598
    assert 20 <= injected <= 80, "about 1 % of the rows, beside those the recording is labelled with"
    assert (tmp_path / "shuttle.png").stat().st_size > 10_000
