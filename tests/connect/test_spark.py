"""Spark: partitions equal one local run, also when a worker is lost; a detector for each key survives a restart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from paranom_rs import Generator
from paranom_rs.connect.keyed import KeyedRAMP
from support import valve

pyspark = pytest.importorskip("pyspark", minversion="4.1")
pytest.importorskip("google.protobuf")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

from pyspark.sql import SparkSession  # noqa: E402

from paranom_rs.connect.spark import detect, to_spark  # noqa: E402

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    # What is in the tests' folder is no package of the workers.
    pyspark.cloudpickle.register_pickle_by_value(valve)
    # Two cores, and three tries for each task.
    session = (
        SparkSession.builder.master("local[2,3]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config(
            "spark.sql.streaming.stateStore.providerClass",
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
        )
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def test_a_local_session_runs_the_python_of_the_driver(
    spark: SparkSession, generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark takes the ``python3`` of the path, which need not have this package."""
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    monkeypatch.setattr(spark.sparkContext, "pythonExec", "no-such-python")
    assert to_spark(spark, generator, 100).count() == 100


def test_partitions_are_the_local_run(spark: SparkSession, generator: Generator) -> None:
    frame = to_spark(spark, generator, 10_000, start=50, blocks=7)
    rows = frame.orderBy("t").toArrow().to_pandas()
    local = pd.DataFrame(generator.generate(10_000, start=50).table())
    assert list(rows) == list(local)
    for name in local:
        assert np.array_equal(rows[name].to_numpy(local[name].dtype), local[name]), name
    assert frame.rdd.getNumPartitions() == 7


def test_columns_have_their_types(spark: SparkSession, states: Generator) -> None:
    frame = to_spark(spark, states, 1_000, blocks=3)
    assert dict(frame.dtypes) | {"mode": "string", "on": "boolean", "count": "bigint"} == dict(frame.dtypes)
    rows = frame.orderBy("t").collect()
    local = states.generate(1_000)
    assert [row["mode"] or "" for row in rows] == local["mode"].tolist()
    assert [row["count"] for row in rows] == local["count"].tolist()
    assert sum(row["on"] is None for row in rows) == local.missing[:, 1].sum()


def test_a_lost_worker_changes_nothing(spark: SparkSession, fragile: Generator) -> None:
    rows = to_spark(spark, fragile, 5_000, blocks=3).orderBy("t").toArrow()
    assert np.array_equal(rows["x"].to_numpy(), fragile.generate(5_000)["x"])
    assert fragile.to_spec()["variables"]["x"]["normal"].marker.exists(), "no worker was lost"


def test_each_key_has_its_own_detector_across_a_restart(spark: SparkSession, keyed: KeyedRAMP, tmp_path: Path) -> None:
    streams = {key: valve.samples(60, i) for i, key in enumerate("ab")}

    def deliver(name: str, part: slice) -> None:
        records = [
            {"key": key, "at": at, **records[at]}
            for key, records in streams.items()
            for at in reversed(range(60)[part])  # in no order within the batch
        ]
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.json").write_text("\n".join(map(json.dumps, records)))

    def run() -> list[Any]:
        frame = spark.readStream.schema("key string, at bigint, x double, y double").json(str(tmp_path / "in"))
        query = (
            detect(frame, keyed, key="key", order="at")
            .writeStream.format("parquet")
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(availableNow=True)
            .start(str(tmp_path / "out"))
        )
        query.awaitTermination()
        return spark.read.parquet(str(tmp_path / "out")).orderBy("key", "at").collect()

    deliver("first", slice(0, 35))
    assert len(run()) == 70
    deliver("second", slice(35, 60))
    rows = [row.asDict() for row in run()]
    wanted = [
        {"key": key, "at": at} | found
        for key, records in streams.items()
        for at, found in enumerate(keyed.score(keyed.new(), records))
    ]
    assert rows == wanted
