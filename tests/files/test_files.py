"""Files of generated rows: what they hold, that they are whole or absent, and that others can read them."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Callback,
    CallbackError,
    Choice,
    Dataset,
    Generator,
    Hard,
    Integers,
    Missing,
    Normal,
    Scale,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    TimeIndex,
    Uniform,
    Uniqueness,
)
from support import strategies

SUFFIXES = [".parquet", ".arrow", ".csv", ".jsonl"]


def plant(**options: Any) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(period=300) + Normal(0.0, 0.05), Uniform(2.0, 5.0)),
            'flöw, "x"\\': Stochastic(Normal(10.0, 1e-7), Shift(Uniform(5.0, 6.0))),
            "level": Stochastic(Choice([0.0, -0.0, 1e300, 5e-324, 3.0, 1e-5])),
        },
        anomalies=[
            Anomaly(frequency=0.02, duration=(5, 40)),
            Anomaly(name="gap", count=1, within=1000, duration=7, values={"level": Missing()}),
        ],
        seed=7,
        allow_infinite=True,  # 1e300 is no float32
        **options,
    )


def read(path: Path) -> dict[str, np.ndarray]:
    """The columns of a file, read by others: pyarrow, or the standard library."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        cells = list(zip(*lines, strict=True)) if lines else [()] * len(header)
        return {name: column(name, [x or "nan" for x in values]) for name, values in zip(header, cells, strict=True)}
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        names = list(rows[0]) if rows else []
        return {name: column(name, ["nan" if row[name] is None else row[name] for row in rows]) for name in names}
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(path) if path.suffix == ".parquet" else pa.ipc.open_file(path).read_all()
    assert all(chunk.null_count == 0 for chunk in table.columns)
    return {name: table[name].to_numpy() for name in table.column_names}


def column(name: str, values: list[Any]) -> np.ndarray:
    if name in ("is_anomaly", "event"):
        return np.array([int(x) for x in values], np.int64)
    if name == "t" and values and "T" in str(values[0]):
        return np.array(values, "datetime64[ns]")
    if name == "t" and values and str(values[0]).isdigit():
        return np.array([int(x) for x in values], np.uint64)
    return np.array(values, dtype=np.float64)


def assert_holds(path: Path, data: Dataset) -> None:
    """The file holds the rows, bit for bit."""
    found = read(path)
    if not len(data) and path.suffix == ".jsonl":
        assert path.read_bytes() == b""
        return
    assert list(found) == ["t", *data.names, "is_anomaly", "event"]
    np.testing.assert_array_equal(found["t"], data.t)
    for name in data.names:
        assert _same(found[name].astype(data[name].dtype), in_file(path, data[name])), name
    np.testing.assert_array_equal(found["is_anomaly"], data.y)
    np.testing.assert_array_equal(found["event"], data.event)


def in_file(path: Path, values: np.ndarray) -> np.ndarray:
    """The values as the file's format has them: JSON knows no infinite numbers."""
    return np.where(np.isfinite(values), values, np.nan) if path.suffix == ".jsonl" else values


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Bit for bit, but for what a missing value looks like inside."""
    missing = np.isnan(a) & np.isnan(b)
    return bool(((a == b) & (np.signbit(a) == np.signbit(b)) | missing).all())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_files_hold_the_rows(tmp_path: Path, suffix: str, dtype: Any) -> None:
    generator = plant(time=TimeIndex("2026-01-01T00:00", "250ms"))
    path = tmp_path / f"plant{suffix}"
    generator.write(path, 70_000, start=65_000, batch_rows=40_000, dtype=dtype, threads=3)
    assert_holds(path, generator.generate(70_000, start=65_000, dtype=dtype))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], "no debris"
    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_dataset_and_its_generator_write_the_same(tmp_path: Path, suffix: str) -> None:
    generator = plant()
    generator.write(tmp_path / f"a{suffix}", 5000)
    generator.generate(5000).write(tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    chosen = generator.generate(normal=300, anomalous=200)
    chosen.write(tmp_path / f"c{suffix}")
    assert_holds(tmp_path / f"c{suffix}", chosen)
    chosen.clean.write(tmp_path / f"d{suffix}")
    assert_holds(tmp_path / f"d{suffix}", chosen.clean)


def test_npz(tmp_path: Path) -> None:
    data = plant().generate(300)
    data.write(tmp_path / "plant.npz")
    np.testing.assert_array_equal(np.load(tmp_path / "plant.npz")["pressure"], data["pressure"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_do_not_depend_on_threads(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{threads}{suffix}" for threads in (1, 2, 7)]
    for path, threads in zip(files, (1, 2, 7), strict=True):
        plant().write(path, 50_000, batch_rows=1000, threads=threads)
    assert len({path.read_bytes() for path in files}) == 1


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(spec=strategies.specs(), rows=strategies.slices(), suffix=st.sampled_from(SUFFIXES))
def test_any_spec_any_rows(tmp_path: Path, spec: dict[str, Any], rows: tuple[int, int], suffix: str) -> None:
    start, count = rows
    try:
        generator = Generator.from_spec(spec)
        data = generator.generate(count, start=start)
        data.t  # noqa: B018
    except ValueError:
        reject()
    path = tmp_path / f"x{suffix}"
    generator.write(path, count, start=start, batch_rows=100, threads=2, overwrite=True)
    found = read(path)
    if count or suffix != ".jsonl":
        for name in data.names:
            assert _same(found[name], in_file(path, data[name]))
        np.testing.assert_array_equal(found["event"], data.event)
        np.testing.assert_array_equal(found["t"], data.t)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("start", [0, 2**63 - 3, 2**64 - 10])
def test_few_rows_anywhere(tmp_path: Path, suffix: str, start: int) -> None:
    for rows in (0, 1, 10):
        path = tmp_path / f"{rows}{suffix}"
        plant().write(path, rows, start=start)
        assert_holds(path, plant().generate(rows, start=start))


def test_time_as_numbers_and_its_end(tmp_path: Path) -> None:
    generator = plant(time=TimeIndex(10.0, 0.1))
    for suffix in SUFFIXES:
        generator.write(tmp_path / f"x{suffix}", 1000, start=77)
        assert_holds(tmp_path / f"x{suffix}", generator.generate(1000, start=77))
    with pytest.raises(SpecError, match="2262"):
        plant(time=TimeIndex("2026-01-01", "1min")).write(tmp_path / "x.csv", 10, start=2**60, overwrite=True)
    assert_holds(tmp_path / "x.csv", generator.generate(1000, start=77))


def test_text_is_plain(tmp_path: Path) -> None:
    events = [
        Anomaly(name="gap", events=[(1, 2)], values={'a, "b"\\': Missing()}),
        Anomaly(name="far", events=[(2, 3)], values={'a, "b"\\': Scale(1e10)}),
    ]
    generator = Generator(
        {'a, "b"\\': Stochastic(1e300), "x": Stochastic(-0.0)},
        anomalies=events,
        time=TimeIndex("1969-12-31T23:59:59", "500ms"),
        allow_infinite=True,
    )
    generator.write(tmp_path / "x.csv", 3)
    generator.write(tmp_path / "x.jsonl", 3)
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines() == [
        't,"a, ""b""\\",x,is_anomaly,event',
        "1969-12-31T23:59:59.000000000,1e+300,-0.0,0,-1",
        "1969-12-31T23:59:59.500000000,,-0.0,1,1",
        "1970-01-01T00:00:00.000000000,inf,-0.0,1,2",
    ]
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines() == [
        r'{"t":"1969-12-31T23:59:59.000000000","a, \"b\"\\":1e+300,"x":-0.0,"is_anomaly":0,"event":-1}',
        r'{"t":"1969-12-31T23:59:59.500000000","a, \"b\"\\":null,"x":-0.0,"is_anomaly":1,"event":1}',
        r'{"t":"1970-01-01T00:00:00.000000000","a, \"b\"\\":null,"x":-0.0,"is_anomaly":1,"event":2}',
    ]


def test_zstd_is_smaller_and_says_the_same(tmp_path: Path) -> None:
    generator = Generator({"x": Stochastic(Integers(0, 4))})
    generator.write(tmp_path / "a.parquet", 100_000)
    generator.write(tmp_path / "b.parquet", 100_000, compression="zstd")
    assert (tmp_path / "b.parquet").stat().st_size < (tmp_path / "a.parquet").stat().st_size / 5
    assert_holds(tmp_path / "b.parquet", generator.generate(100_000))
    with pytest.raises(SpecError, match="compression: must be 'zstd'"):
        generator.write(tmp_path / "c.parquet", 10, compression="gzip")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="compression: must be None for files other than Parquet"):
        generator.write(tmp_path / "c.csv", 10, compression="zstd")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unique_rows_and_functions_reach_the_file(tmp_path: Path, suffix: str) -> None:
    generator = Generator(
        {
            "u": Stochastic(Integers(0, 10**6), Integers(10**6, 2 * 10**6)),
            "f": Callback(normal=lambda ctx: ctx.rng.normal(), anomalous=lambda ctx: 5.0),
        },
        anomalies=Anomaly(frequency=0.05, duration=3),
        uniqueness=Uniqueness(normal=Hard(tries=100), over=["u"]),
    )
    generator.write(tmp_path / f"x{suffix}", 3000, start=100, batch_rows=700, threads=2)
    assert_holds(tmp_path / f"x{suffix}", generator.generate(3000, start=100))


def test_functions_that_see_the_values_before_reach_the_file(tmp_path: Path) -> None:
    walk = Callback(normal=lambda ctx: sum(ctx.previous) + 1.0, sequential=True)
    generator = Generator({"n": walk, "x": Stochastic(Normal())})
    generator.write(tmp_path / "x.parquet", 3000, batch_rows=500, threads=3)
    assert_holds(tmp_path / "x.parquet", generator.generate(3000))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_there_stays(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("mine")
    for write in (lambda: plant().write(path, 10), lambda: plant().generate(10).write(path)):
        with pytest.raises(FileExistsError, match="overwrite=True"):
            write()
    assert path.read_text() == "mine"
    plant().write(path, 10, overwrite=True)
    assert_holds(path, plant().generate(10))
    plant().generate(20).write(path, overwrite=True)
    assert_holds(path, plant().generate(20))


def test_a_failing_function_leaves_nothing(tmp_path: Path) -> None:
    def fails(ctx: Any) -> float:
        if ctx.row == 4321:
            raise ZeroDivisionError
        return 1.0

    with pytest.raises(CallbackError, match="row 4321"):
        Generator({"x": Callback(normal=fails)}).write(tmp_path / "x.parquet", 10_000, batch_rows=512, threads=3)
    assert list(tmp_path.iterdir()) == []


def test_wrong_places_are_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"\.parquet, \.arrow, \.csv, \.jsonl"):
        plant().write(tmp_path / "plant.xls", 10)
    with pytest.raises(FileNotFoundError, match=r"nowhere.x\.csv"):
        plant().write(tmp_path / "nowhere" / "x.csv", 10)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file.x\.parquet"):
        plant().write(tmp_path / "file" / "x.parquet", 10)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_parquet_without_a_spec_is_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "other.parquet")
    with pytest.raises(SpecError, match="must carry its spec"):
        Generator.from_parquet(tmp_path / "other.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(SpecError, match="must be a Parquet or Arrow file"):
        Generator.from_parquet(tmp_path / "cut.parquet")


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_a_file_gives_its_generator_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    plant().write(path, 10)
    assert Generator.from_parquet(path) == plant()
    plant().generate(10).write(path, overwrite=True)
    assert Generator.from_parquet(path) == plant()


def test_pandas_polars_and_duckdb_read_them(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    generator = Generator(
        {"pressure": Stochastic(Normal()), "level": Stochastic(Choice([0.0, -0.0, 1e300, 3.0, 1e-5]), Missing())},
        anomalies=Anomaly(frequency=0.02, duration=(5, 40)),
        time=TimeIndex("2026-01-01", "1s"),
        allow_infinite=True,
    )
    data = generator.generate(3000)
    for suffix in SUFFIXES:
        generator.write(tmp_path / f"x{suffix}", 3000)
    generator.write(tmp_path / "z.parquet", 3000, compression="zstd", dtype=np.float32)
    frames = {
        "pandas parquet": pd.read_parquet(tmp_path / "x.parquet"),
        "pandas feather": pd.read_feather(tmp_path / "x.arrow"),
        "pandas csv": pd.read_csv(tmp_path / "x.csv", parse_dates=["t"]),
        "pandas jsonl": pd.read_json(tmp_path / "x.jsonl", lines=True, precise_float=True),
        "polars parquet": pl.read_parquet(tmp_path / "x.parquet"),
        "polars zstd": pl.read_parquet(tmp_path / "z.parquet"),
        "polars ipc": pl.read_ipc(tmp_path / "x.arrow"),
        "polars csv": pl.read_csv(tmp_path / "x.csv", try_parse_dates=True),
        "polars jsonl": pl.read_ndjson(tmp_path / "x.jsonl"),
        **{
            f"duckdb {name}": duckdb.sql(f"select * from '{tmp_path / name}'").pl()
            for name in ("x.parquet", "z.parquet", "x.csv", "x.jsonl")
        },
    }
    for name, frame in frames.items():
        assert list(frame.columns) == ["t", *data.names, "is_anomaly", "event"], name
        # Parsers of JSON may miss the last bit.
        tolerance = 1e-6 if "z" in name else 1e-15
        np.testing.assert_allclose(np.asarray(frame["pressure"]), data["pressure"], rtol=tolerance, err_msg=name)
        missing = np.asarray(frame["level"], dtype=np.float64)
        np.testing.assert_array_equal(np.isnan(missing), np.isnan(data["level"]), err_msg=name)
        assert int(frame["is_anomaly"].sum()) == data.y.sum(), name
        np.testing.assert_array_equal(np.asarray(frame["event"]), data.event, err_msg=name)
        if "json" not in name:
            np.testing.assert_array_equal(np.asarray(frame["t"]).astype("datetime64[ns]"), data.t, err_msg=name)
