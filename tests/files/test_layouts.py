"""Layouts of files: packed text, folders that grow, Hive's partitions, TimeEval's pairs, places that fsspec reaches."""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from paranom_rs import (
    AlreadyExistsError,
    Anomaly,
    Gaps,
    Generator,
    MismatchError,
    Normal,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    TimeIndex,
    Uniform,
    Verified,
    verify,
)
from paranom_rs.files.folders import LocalFolder


def plant(**options: Any) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(period=300) + Normal(0.0, 0.05), Uniform(2.0, 5.0)),
            "b": Stochastic(Normal(), Shift(3.0)),
        },
        anomalies=Anomaly(frequency=0.02, duration=(5, 40)),
        seed=7,
        **options,
    )


def dated(**options: Any) -> Generator:
    return plant(time=TimeIndex("2026-01-30T20:00", "10min", jitter="2min", **options))


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("rows", [0, 1, 70_000])
def test_packed_text_is_the_text(tmp_path: Path, suffix: str, packing: str, rows: int) -> None:
    plain, packed = tmp_path / f"a{suffix}", tmp_path / f"a{suffix}{packing}"
    plant().write(plain, rows, threads=2)
    plant().write(packed, rows, threads=2)
    if packing == ".gz":
        text = gzip.decompress(packed.read_bytes())
    else:
        text = pytest.importorskip("pyarrow").input_stream(packed, compression="zstd").read()
    assert text == plain.read_bytes()
    assert verify(packed, plant()) == Verified(1, rows, rows)
    if rows > 1:
        assert packed.stat().st_size < 0.7 * plain.stat().st_size
        one = tmp_path / f"b{suffix}{packing}"
        plant().write(one, rows, threads=1)
        assert one.read_bytes() == packed.read_bytes()
        packed.write_bytes(packed.read_bytes()[:-20])
        with pytest.raises(SpecError, match="must be"):
            verify(packed, plant())


def test_names_of_packed_files(tmp_path: Path) -> None:
    for name in ("a.gz", "a.parquet.gz", "a.csv.bz2", "a.csv.GZ"):
        with pytest.raises(SpecError, match=r"path: must end in one of .*\.csv\.gz"):
            plant().write(tmp_path / name, 10)
    with pytest.raises(SpecError, match=r"compression: must be None .*\.gz or \.zst packs text"):
        plant().write(tmp_path / "a.csv", 10, compression="zstd")
    plant().write(tmp_path / "parts.csv.gz", 1000, shards=3)
    assert verify(tmp_path / "parts.csv.gz", plant()) == Verified(3, 1000, 1000)
    frame = pd.concat(pd.read_csv(path) for path in sorted((tmp_path / "parts.csv.gz").glob("part*")))
    np.testing.assert_array_equal(frame["b"], plant().generate(1000)["b"])


@pytest.mark.parametrize("suffix", ["", ".csv", ".csv.gz"])
def test_a_folder_grows_to_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    at_once, grown = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    options: dict[str, Any] = {"part_rows": 1000, "events": True, "event_names": True, "batch_rows": 300}
    plant().write(at_once, 5500, start=50, **options)
    done = 0
    for rows in (0, 700, 2000, 3300, 3300, 5500):
        before = hashes(grown) if grown.exists() else {}
        plant().write(grown, rows, start=50, **options)
        assert verify(grown, plant()).rows == rows
        full = [f"part-{i:06}" for i in range(done // 1000)]
        assert all(hashes(grown)[name] == digest for name, digest in before.items() if name[:11] in full)
        done = rows
    assert hashes(grown) == hashes(at_once)
    assert len(hashes(grown)) == 6 + 2
    with pytest.raises(AlreadyExistsError, match="its rows is 5500, not 5000"):
        plant().write(grown, 5000, start=50, **options)
    with pytest.raises(AlreadyExistsError, match="part_rows"):
        plant().write(grown, 6000, start=50, **options | {"part_rows": 900})
    with pytest.raises(SpecError, match="part: must be None where a folder grows"):
        plant().write(grown, 6500, start=50, part=6, **options)
    assert hashes(grown) == hashes(at_once)


def test_a_growth_that_was_killed_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is stopped: before or after each file that it removes or gives a name."""
    plant().write(tmp_path / "whole", 3500, part_rows=1000)
    remove, replace = LocalFolder.remove, Path.replace
    for stop in range(40):
        folder, steps = tmp_path / f"run{stop}", [0]
        plant().write(folder, 1500, part_rows=1000)

        def counted(work: Any, steps: list[int] = steps, stop: int = stop) -> Any:
            def step(path: Any, *arguments: Any, **options: Any) -> Any:
                if steps[0] == stop:
                    raise KeyboardInterrupt
                steps[0] += 1
                return work(path, *arguments, **options)

            return step

        killed = False
        with monkeypatch.context() as patch:
            patch.setattr(LocalFolder, "remove", counted(remove))
            patch.setattr(Path, "replace", counted(replace))
            try:
                plant().write(folder, 3500, part_rows=1000)
            except KeyboardInterrupt:
                killed = True
        if not killed:
            assert stop > 5
            break
        if stop % 3 == 0:  # it may also be asked for the shorter one first, as long as that order stands
            with contextlib.suppress(AlreadyExistsError):
                plant().write(folder, 1500, part_rows=1000)
        plant().write(folder, 3500, part_rows=1000)
        assert hashes(folder) == hashes(tmp_path / "whole"), stop
    else:
        raise AssertionError("the run was never finished")


@pytest.mark.parametrize(
    ("unit", "folders"),
    [
        ("year", ["year=2026"]),
        ("month", ["year=2026/month=01", "year=2026/month=02"]),
        ("day", [f"date=2026-{day}" for day in ("01-30", "01-31", "02-01", "02-02")]),
        ("hour", ["date=2026-01-30/hour=20", "date=2026-01-30/hour=21"]),
    ],
)
def test_partitions_are_those_of_the_clock(tmp_path: Path, unit: Any, folders: list[str]) -> None:
    generator = dated(gaps=Gaps(every=150, length=("5h", "30h")))
    generator.write(tmp_path / "x", 300, partition_by=unit, events=True)
    names = sorted(path.parent.relative_to(tmp_path / "x").as_posix() for path in (tmp_path / "x").rglob("part-*"))
    assert names[: len(folders)] == folders
    data = generator.generate(300)
    code = {"year": "Y", "month": "M", "day": "D", "hour": "h"}[unit]
    assert len(names) == len(np.unique(data.t.astype(f"datetime64[{code}]")))
    assert verify(tmp_path / "x").rows == 300
    table = pq.read_table(tmp_path / "x", partitioning="hive")
    np.testing.assert_array_equal(table.sort_by("t")["b"].to_numpy(), data["b"])
    duckdb = pytest.importorskip("duckdb")
    count = duckdb.sql(f"select count(*) from read_parquet('{tmp_path}/x/**/part-*.parquet', hive_partitioning=true)")
    assert count.fetchall() == [(300,)]


def test_partitions_grow(tmp_path: Path) -> None:
    dated().write(tmp_path / "a", 1000, partition_by="day")
    for rows in (10, 400, 401, 1000):
        dated().write(tmp_path / "b", rows, partition_by="day")
        assert verify(tmp_path / "b").rows == rows
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert Generator.from_parquet(tmp_path / "b") == dated()
    (tmp_path / "b" / "date=2026-01-31" / "part-00000.parquet").unlink()
    dated().write(tmp_path / "b", 1000, partition_by="day")
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    dated().write(tmp_path / "b", 100, partition_by="month", overwrite=True)
    assert sorted(entry.name for entry in (tmp_path / "b").iterdir()) == ["_manifest.json", "year=2026"]
    (tmp_path / "b" / "_manifest.json").write_text("{}")
    dated().write(tmp_path / "b", 100, partition_by="day", overwrite=True)
    assert verify(tmp_path / "b").rows == 100


def test_divisions_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="partition_by: must be None where rows have no dates"):
        plant().write(tmp_path / "x", 100, partition_by="day")
    with pytest.raises(SpecError, match="part_rows: must be None with shards"):
        plant().write(tmp_path / "x", 100, shards=2, part_rows=5)
    with pytest.raises(SpecError, match="partition_by: must be"):
        dated().write(tmp_path / "x", 100, partition_by="week")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="at most 1000000 parts"):
        plant().write(tmp_path / "x", 10**7, part_rows=1)
    with pytest.raises(SpecError, match="part_rows: must be >= 1"):
        plant().write(tmp_path / "x", 10, part_rows=0)
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_events_in_a_folder_is_verified(tmp_path: Path) -> None:
    plant().write(tmp_path / "x", 1000, shards=2, events=True)
    assert pq.read_table(tmp_path / "x").num_rows == 1000, "readers of folders pass over it"
    assert pq.read_table(tmp_path / "x" / "_events.parquet").num_rows == len(plant().generate(1000).events)
    (tmp_path / "x" / "_events.parquet").write_bytes(b"PAR1")
    with pytest.raises(MismatchError, match=r"_events\.parquet"):
        verify(tmp_path / "x")


def test_timeeval_reads_pairs(tmp_path: Path) -> None:
    dated().write_timeeval(tmp_path, "plant-1", train=500, test=1000, start=10)
    plant().write_timeeval(tmp_path, "plant-2", test=300, learning="unsupervised", collection="other")
    train = pd.read_csv(tmp_path / "paranom" / "plant-1.train.csv", parse_dates=["timestamp"])
    test = pd.read_csv(tmp_path / "paranom" / "plant-1.test.csv", parse_dates=["timestamp"])
    assert list(train) == list(test) == ["timestamp", "pressure", "b", "is_anomaly"]
    split = dated().split(train=500, test=1000, start=10)
    for found, part in ((train, split.train), (test, split.test)):
        np.testing.assert_array_equal(found[["pressure", "b"]], part.X)
        np.testing.assert_array_equal(found["is_anomaly"], part.y)
        np.testing.assert_array_equal(found["timestamp"], part.t)
    with (tmp_path / "datasets.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["dataset_name"]: line for line in csv.DictReader(file)}
    first, second = lines["plant-1"], lines["plant-2"]
    assert (first["train_path"], first["test_path"]) == ("paranom/plant-1.train.csv", "paranom/plant-1.test.csv")
    assert (second["train_path"], second["test_path"]) == ("", "other/plant-2.test.csv")
    assert (first["datetime_index"], second["datetime_index"]) == ("True", "False")
    assert (first["train_type"], first["train_is_normal"], first["input_type"]) == (
        "semi-supervised",
        "True",
        "multivariate",
    )
    y = split.test.y
    runs = np.flatnonzero(np.diff(np.concatenate([[0], y, [0]]))).reshape(-1, 2)
    lengths = runs[:, 1] - runs[:, 0]
    assert int(first["num_anomalies"]) == len(runs)
    assert (int(first["min_anomaly_length"]), int(first["max_anomaly_length"])) == (lengths.min(), lengths.max())
    assert float(first["contamination"]) == pytest.approx(y.mean())
    assert float(first["mean"]) == pytest.approx(split.test.X.mean(axis=0).mean())
    assert float(first["stddev"]) == pytest.approx(split.test.X.std(axis=0).mean())


def test_timeeval_refuses(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="name: must be letters"):
        plant().write_timeeval(tmp_path, "../x", train=5, test=10)
    with pytest.raises(SpecError, match="train: must be 0 for unsupervised"):
        plant().write_timeeval(tmp_path, "x", train=0, test=10)
    assert list(tmp_path.iterdir()) == []
    plant().write_timeeval(tmp_path, "x", train=5, test=10)
    before = hashes(tmp_path)
    with pytest.raises(AlreadyExistsError):
        plant().write_timeeval(tmp_path, "x", train=5, test=20)
    assert hashes(tmp_path) == before
    plant().write_timeeval(tmp_path, "x", train=5, test=20, overwrite=True)
    assert len((tmp_path / "datasets.csv").read_text().splitlines()) == 2
    (tmp_path / "datasets.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SpecError, match=r"datasets\.csv: must be an index"):
        plant().write_timeeval(tmp_path, "y", train=5, test=10)


@pytest.fixture
def store() -> Any:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


def test_objects_are_the_files(tmp_path: Path, store: Any) -> None:
    plant().write(tmp_path / "a.parquet", 1000, events=True)
    plant().write("memory://bucket/a.parquet", 1000, events=True)
    plant().generate(1000).write("memory://bucket/b.csv")
    assert sorted(store.ls("/bucket", detail=False)) == [
        "/bucket/a.events.parquet",
        "/bucket/a.parquet",
        "/bucket/b.csv",
    ]
    assert store.cat("/bucket/a.parquet") == (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(AlreadyExistsError, match=r"memory://bucket/a\.parquet"):
        plant().write("memory://bucket/a.parquet", 10)
    plant().write("memory://bucket/a.parquet", 10, overwrite=True)
    with pytest.raises(SpecError, match="path: must end in"):
        plant().write("memory://bucket/a.txt", 10)
    with pytest.raises(SpecError, match="must be a path, or a URL that fsspec knows"):
        plant().write("nosuch://bucket/a.csv", 10)
    plant().write((tmp_path / "b.csv").as_uri(), 10)
    assert (tmp_path / "b.csv").exists()


def test_a_folder_of_objects_grows(tmp_path: Path, store: Any) -> None:
    for rows in (1500, 3200):
        plant().write(tmp_path / "x", rows, part_rows=1000, events=True)
        plant().write("memory://bucket/x", rows, part_rows=1000, events=True)
    there = {path.rpartition("/")[2]: store.cat(path) for path in store.find("/bucket/x")}
    assert there == {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    manifest = json.loads(there["_manifest.json"])
    assert manifest["rows"] == 3200
    dated().write("memory://bucket/y/", 300, partition_by="day")
    dated().write("memory://bucket/y/", 100, partition_by="month", overwrite=True)
    assert len(store.find("/bucket/y")) == 2


def test_an_upload_that_fails_leaves_nothing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Any, *arguments: Any, **options: Any) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(type(store), "put_file", failing)
        plant().write("memory://bucket/a.parquet", 1000)
    assert store.find("/bucket") == []
