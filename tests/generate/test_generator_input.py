"""What the generator's Python face refuses, and what it must not get wrong without a word."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Choice,
    EachRow,
    Generator,
    Normal,
    OutOfMemoryError,
    Recorded,
    Shift,
    SpecError,
    SpecTypeError,
    Spike,
    Stochastic,
    TimeIndex,
    Trend,
    Uniform,
    UnknownKeyError,
)


def plant(**options: Any) -> Generator:
    variables = {"x": Stochastic(Normal(), Shift(5.0)), "y": Stochastic(Uniform(0, 1), Uniform(5, 6))}
    return Generator(variables, anomalies=Anomaly(frequency=0.1, duration=(2, 5)), **options)


def one(rule: Any, anomalous: Any = None) -> Generator:
    return Generator({"x": Stochastic(rule, anomalous)})


def nested(depth: int) -> Any:
    rule: Any = Normal()
    for _ in range(depth):
        rule = rule * 2.0 + 1.0
    return rule


RUBBISH: list[tuple[Callable[[], object], type[Exception], str]] = [
    # counts and rows
    (lambda: plant().generate("5"), SpecTypeError, "rows: must be a whole number, got '5'"),
    (lambda: plant().generate(2.5), SpecTypeError, r"rows: .* got 2\.5"),
    (lambda: plant().generate(True), SpecTypeError, "rows: .* got True"),
    (lambda: plant().generate(-1), SpecError, "rows: must be >= 0, got -1"),
    (lambda: plant().generate(2**63 + 1), SpecError, "rows: must be at most"),
    (lambda: plant().generate(2**62), OutOfMemoryError, "rows: .* bytes"),
    (lambda: plant().generate(1, start=2**64), SpecError, "start: must be a row below 2"),
    (lambda: plant().generate(normal="", anomalous=1), SpecTypeError, "normal: "),
    (lambda: plant().generate(normal=10**30), SpecError, "rows: must be at most"),
    (lambda: plant().generate(normal=10**18), OutOfMemoryError, "rows: "),
    (lambda: plant().generate(normal=1, anomalous=1, start=2**64 - 1), SpecError, "start: must leave room"),
    # the search for rows ends, whatever there is
    (
        lambda: Generator({"x": Recorded([1.0, 2.0], repeat=False)}).generate(normal=1, start=5),
        SpecError,
        "from 5 on have.* 0 normal",
    ),
    (
        lambda: Generator({"x": Recorded([1.0], labels=[1])}).generate(normal=1),
        SpecError,
        "have.* 0 normal",
    ),
    # options
    (lambda: plant().generate(3, dtype="complex64"), SpecError, "dtype: .* complex64"),
    (lambda: plant().generate(3, dtype="nonsense"), SpecTypeError, "dtype: .* 'nonsense'"),
    (lambda: plant().generate(3, threads="2"), SpecTypeError, "threads: .* '2'"),
    (lambda: plant().generate(3, threads=0), SpecError, "threads: must be >= 1, got 0"),
    (lambda: plant().generate(0, threads=-1), SpecError, "threads: "),
    (lambda: plant().generate(3, threads=2**70), SpecError, "threads: .* 1 to 1024"),
    (lambda: plant(seed=-1), SpecError, "seed: "),
    (lambda: plant(seed=2**64), SpecError, "seed: must be from 0 to 18446744073709551615"),
    (lambda: plant(seed=10**400), SpecError, "seed: must be from 0 to"),
    (lambda: plant(time="2026"), SpecTypeError, "time: must be a TimeIndex, got '2026'"),
    (lambda: plant(time=TimeIndex("now", "1s")), SpecError, "time.start: .* 'now'"),
    (lambda: plant(time=TimeIndex("NaT", "1s")), SpecError, "time.start: .* 'NaT'"),
    (lambda: plant(time=TimeIndex("3000-01-01", "1s")), SpecError, "time.start: .* 2261, got '3000"),
    (lambda: plant(time=TimeIndex("2026-01-01", 60)), SpecError, "time.step: .* got 60"),
    (lambda: plant(time=TimeIndex(0, "1s")), SpecTypeError, "time.step: must be a number"),
    (lambda: plant(time=TimeIndex(datetime.date(2026, 1, 1), 1)), SpecError, "time.step: .* got 1"),
    # variables and anomalies
    (lambda: Generator([1]), SpecTypeError, "variables: must be a dict"),  # type: ignore[arg-type]
    (lambda: Generator({"x": Normal()}), SpecError, r"variables\.x\.kind: must be stochastic, callback or recorded"),
    (lambda: Generator({"\ud800": Stochastic(1.0)}), SpecTypeError, "valid Unicode"),
    (lambda: Generator({"x": Stochastic(1.0)}, anomalies=5), SpecTypeError, "anomalies: .* got 5"),  # type: ignore[arg-type]
    (lambda: one(b"ab"), SpecTypeError, r"variables\.x\.normal: .* b'ab'"),
    (lambda: one(nested(20)), SpecError, "nested 32 deep"),
    (lambda: one(nested(3000)), SpecError, r"variables\.x: must not be nested so deep"),
    (lambda: one(Trend(10**400)), SpecError, r"variables\.x\.normal\.coefficients\[1\]: must be a finite"),
    (lambda: one(Choice(np.array([1.0, np.inf]))), SpecError, r"values\[1\]: must be a finite number, got inf"),
    (lambda: one(Uniform(-1e308, 1e308)), SpecError, r"normal\.high: must be less than .* above low"),
    (lambda: one(1.0, Shift(Uniform(-1e308, EachRow(Uniform(1e308, 1.1e308))))), SpecError, "each row"),
    (lambda: one(Normal(0, 1, 50, 60)), SpecError, r"normal\.low: must leave a probability .* got 50"),
    (lambda: Normal() - "a", SpecTypeError, "got 'a'"),
    (lambda: Normal() - True, SpecTypeError, "got True"),
    (lambda: np.arange(3) * Normal(), SpecTypeError, "must be a rule or a number to be added or multiplied"),
    # a count that makes one slot of the whole window
    (
        lambda: Generator({"x": Stochastic(1.0, 2.0)}, anomalies=Anomaly(count=1_000_000_007, within=100_000_000_003)),
        SpecError,
        r"anomalies\[0\]\.within: .* rounder",
    ),
    # an event as long as the axis beside a short recording: refused at once, not after 2**60 rounds
    (
        lambda: Generator(
            {"x": Recorded(np.zeros(10), Shift(1.0), labels=[(0, 1)])}, anomalies=Anomaly(events=[(0, 2**63)])
        ),
        SpecError,
        "must not touch",
    ),
    # recordings
    (lambda: Recorded(["1", "2"]), SpecTypeError, "values: must hold real numbers"),
    (lambda: Recorded(np.array(["1"], object)), SpecTypeError, "values: must hold real numbers, got str '1'"),
    (lambda: Recorded(np.array(["2026"], "M8[ns]")), SpecTypeError, "values: .* datetime64"),
    (lambda: Recorded(np.array([1j])), SpecTypeError, "values: .* complex"),
    (lambda: Recorded([10**400]), SpecTypeError, "values: "),
    (lambda: Recorded([[1.0]]), SpecTypeError, "values: must be one-dimensional"),
    (lambda: Recorded([1.0, 2.0], labels=[0, 2]), SpecError, r"labels\[1\]: must be 0 or 1, got 2"),
    (lambda: Recorded([1.0, 2.0], labels=[(0, 1), (1,)]), SpecError, "labels: "),
    (
        lambda: Generator({"x": Recorded([1.0, 2.0], labels=[(0.5, 1.7)])}),
        SpecError,
        r"variables\.x\.labels\[0\]\[0\]: must be a whole number, got 0\.5",
    ),
    # specs and paths
    (lambda: Generator.from_spec([]), SpecTypeError, "spec: must be a dict"),  # type: ignore[arg-type]
    (
        lambda: Generator.from_spec(
            {"variables": {"x": {"kind": "stochastic", "normal": 1}}, "time": {"start": "2026", "step": "1s", "x": 1}}
        ),
        SpecError,
        "time: must have no other names",
    ),
    (lambda: Generator.from_toml(5), SpecTypeError, "path: .* got 5"),  # type: ignore[arg-type]
    (lambda: plant().write(None, 5), SpecTypeError, "path: .* got None"),  # type: ignore[arg-type]
    # the dataset
    (lambda: plant().generate(3)[["x"]], UnknownKeyError, "no variable"),  # type: ignore[index]
    (lambda: plant().generate(3).head("2"), SpecTypeError, "rows: "),  # type: ignore[arg-type]
    (lambda: plant().generate(3).plot("x"), SpecTypeError, "variables: must be a list"),  # type: ignore[arg-type]
    (lambda: plant().generate(3).plot(most_points=10.5), SpecTypeError, "most_points: "),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "error", "message"), RUBBISH)
def test_rubbish_is_refused_by_name(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "wrong",
    [
        [1.0, 2.0],
        np.zeros(3),
        np.zeros((2, 1)),
        np.zeros(4)[::2],
        np.zeros(2, int),
        np.zeros(2, ">f8"),
        np.zeros(2, np.float32),
        np.frombuffer(b"\0" * 16),
        np.frombuffer(bytearray(17), offset=1),
    ],
    ids=["list", "length", "shape", "strides", "int", "big-endian", "two dtypes", "read-only", "misaligned"],
)
def test_arrays_that_cannot_be_filled_are_refused(wrong: Any) -> None:
    with pytest.raises((SpecError, SpecTypeError), match="out"):
        plant().generate(2, out={"y": np.zeros(2), "x": wrong})


def test_columns_of_a_callers_block_keep_their_order_in_x() -> None:
    block = np.zeros((2, 100))
    data = plant().generate(100, out={"x": block[1], "y": block[0]})
    np.testing.assert_array_equal(data.X[:, 0], data["x"])
    np.testing.assert_array_equal(data.X, plant().generate(100).X)


def test_the_very_last_rows() -> None:
    with pytest.raises(SpecError, match=r"start: must be a row below 2\*\*64"):
        plant().generate(0, start=2**64)
    last = plant().generate(100, start=2**64 - 100)
    counted = plant().generate(normal=int((last.y == 0).sum()), anomalous=int(last.y.sum()), start=2**64 - 100)
    np.testing.assert_array_equal(counted.X, last.X)
    np.testing.assert_array_equal(counted.row, last.row)


@pytest.mark.parametrize("rule", [Trend(1.0), Trend([0.0, 1.0, 1.0], per=7.0)])
def test_slices_agree_where_row_numbers_are_rounded(rule: Trend) -> None:
    generator = one(rule)
    start = 2**61 + 512 * 3
    whole = generator.generate(512, start=start)["x"]
    sliced = [generator.generate(1, start=start + i)["x"][0] for i in range(0, 512, 37)]
    np.testing.assert_array_equal(whole[::37], sliced)
    middle = generator.generate(112, start=start + 200)["x"]
    np.testing.assert_array_equal(whole[200:312], middle)


def test_slices_of_a_very_long_event_agree() -> None:
    generator = Generator({"x": Stochastic(1.0, Spike(5.0))}, anomalies=Anomaly(events=[(0, 2**62)]))
    start = 2**61 + 512 * 3
    whole = generator.generate(512, start=start)["x"]
    np.testing.assert_array_equal(whole[200:312], generator.generate(112, start=start + 200)["x"])


def test_arrays_stand_for_lists() -> None:
    assert one(Choice(np.array([1, 2]), np.array([0.25, 0.75]))) == one(Choice([1, 2], [0.25, 0.75]))
    assert one(Trend(np.array([1.0, 2.0]))) == one(Trend([1.0, 2.0]))
    assert one(Trend(np.float32(0.5))) == one(Trend(0.5))
    events = np.array([[1, 3], [5, 9]])
    data = Generator({"x": Stochastic(1.0, 2.0)}, anomalies=Anomaly(events=events)).generate(10)
    assert data["x"].tolist() == [1, 2, 2, 1, 1, 2, 2, 2, 2, 1]


def test_unsigned_numbers_subtract() -> None:
    assert one(Normal() - np.uint8(1)) == one(Normal() - 1)
    assert one(np.float64(2.0) * Normal()) == one(2.0 * Normal())


def test_a_generator_does_not_follow_its_inputs() -> None:
    values = np.arange(5.0)
    generator = Generator({"x": Recorded(values)})
    values[:] = -1.0
    spec = generator.to_spec()
    spec["variables"]["x"]["kind"] = "other"
    for same in (pickle.loads(pickle.dumps(generator)), copy.deepcopy(generator)):
        assert same == generator
        np.testing.assert_array_equal(same.generate(5)["x"], np.arange(5.0))
    assert "recorded" in generator.to_toml()
    with pytest.raises(ValueError, match="read-only"):
        generator.to_spec()["variables"]["x"]["values"][0] = 7.0


def test_missing_values_of_a_masked_array_are_missing() -> None:
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
    np.testing.assert_array_equal(Generator({"x": Recorded(masked)}).generate(3)["x"], [1.0, np.nan, 3.0])


def recording(folder: Path, values: list[float]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "data.csv").write_text("value,label\n" + "".join(f"{x},0\n" for x in values))
    spec = folder / "spec.toml"
    spec.write_text('[variables.x]\nkind = "recorded"\nfile = "data.csv"\ncolumn = "value"\nlabels = [[1, 2]]\n')
    return spec


def test_a_spec_with_a_file_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    generator = Generator.from_toml(recording(tmp_path / "a", [1.5, 2.5, 3.5]))
    assert generator.generate(3).y.tolist() == [0, 1, 0]
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    generator.to_toml("spec.toml")
    assert Generator.from_toml("spec.toml") == generator
    assert Generator.from_spec(generator.to_spec()) == generator
    generator.write("x.parquet", 3)
    assert Generator.from_parquet("x.parquet") == generator


def test_a_recording_that_has_changed_is_told_from_the_one_in_the_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    # Too long to embed: the file names the recording.
    spec = recording(tmp_path / "a", [float(i) for i in range(20_001)])
    generator = Generator.from_toml(spec)
    generator.write(tmp_path / "x.parquet", 3)
    assert Generator.from_parquet(tmp_path / "x.parquet") == generator
    recording(tmp_path / "a", [float(-i) for i in range(20_001)])
    with pytest.raises(SpecError, match="has changed"):
        Generator.from_parquet(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"value,label\n1,0\n2", "line 3: must have 2 fields delimited by ',', as the header has, got 1"),
        (b"value,label\n1,0\nx,0\n", "line 3: value: must be a number, true or false, or missing .*, got 'x'"),
        (b"value,label\n\xff\xfe,0\n", "must be CSV in UTF-8"),
        (b"", "must have a first line that names the columns"),
        (b"value,value\n1,2\n", "must have one column 'value', got 2 of them"),
    ],
)
def test_broken_csv_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(SpecError, match=message):
        Recorded.from_file(tmp_path / "data.csv", "value")


def test_csv_files_of_spreadsheets_are_read(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"\xef\xbb\xbfvalue\r\n1\r\n2\r\n")
    np.testing.assert_array_equal(np.asarray(Recorded.from_file(tmp_path / "data.csv", "value").values), [1, 2])


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "data.parquet").write_bytes(b"PAR1PAR1")
    with pytest.raises(SpecError, match="must be a Parquet file"):
        Recorded.from_file(tmp_path / "data.parquet", "value")


def test_npz_takes_any_name(tmp_path: Path) -> None:
    names = ["file", "allow_pickle", "a/b", "ü"]
    generator = Generator({name: Stochastic(Normal()) for name in names}, time=TimeIndex("2026", "1s"))
    data = generator.generate(10)
    data.write(tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as stored:
        for name in names:
            np.testing.assert_array_equal(stored[name], data[name])
        np.testing.assert_array_equal(stored["t"], data.t)


def test_a_failed_toml_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "spec.toml"
    plant().to_toml(path)
    old = path.read_text()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="disk full"):
        plant(seed=1).to_toml(path)
    monkeypatch.undo()
    assert path.read_text() == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["spec.toml"]


def test_the_audit_looks_at_each_variables_own_label() -> None:
    anomaly = Anomaly(events=[(10, 20)], variables=["x"])
    data = Generator({"x": Stochastic(1.0, 2.0), "y": Stochastic(1.0)}, anomalies=anomaly).generate(50)
    assert data.audit().changed_unlabelled == 0
    data["y"][15] = 9.0
    assert data.audit().changed_unlabelled == 1


def test_in_asks_for_a_variable() -> None:
    data = plant().generate(3)
    assert "x" in data
    assert "z" not in data
    assert 0 not in data


def test_a_plot_of_many_events_shades_what_can_be_told_apart() -> None:
    pytest.importorskip("matplotlib")
    dense = Generator({"x": Stochastic(1.0, 2.0)}, anomalies=Anomaly(frequency=0.3, duration=5)).generate(100_000)
    assert len(dense.events) > 5_000
    assert 1 <= len(dense.plot().axes[0].patches) <= 2_000
