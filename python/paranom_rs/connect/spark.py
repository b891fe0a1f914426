"""Generated rows as a Spark data source, and RAMP over a keyed stream (Spark 4)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from paranom_rs._internal.optional import needs

with needs("Spark 4", "spark", "paranom_rs.connect.spark"):
    import google.protobuf  # noqa: F401 (Spark's state server needs it, and says so only in a worker's log)
    import pyarrow as pa
    from pyspark import SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame, Row, SparkSession
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.streaming import StatefulProcessor, StatefulProcessorHandle
    from pyspark.sql.types import StructType

from paranom_rs.connect.keyed import KeyedRAMP
from paranom_rs.connect.slices import Slice, cut
from paranom_rs.generate.generator import Generator

__all__ = ["RAMPProcessor", "detect", "to_spark"]

_FOUND = "score double, is_anomaly boolean, alarm boolean, time bigint, channel string"


def to_spark(
    spark: SparkSession, generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None
) -> DataFrame:
    """Return rows ``start .. start + rows - 1`` as a Spark DataFrame of ``blocks`` partitions (one a million rows).

    The columns are t, the variables, is_anomaly, event; times are cut to microseconds, which is what Spark has, and
    states are strings. A
    partition is made by the task that needs it; one that is lost and tried again is the same.

    Raises
    ------
    SpecError
        For a spec with a `Uniqueness`: its rows cannot be made apart from each other.
    ImportError
        For workers whose Python lacks this package. In local mode they run the driver's.
    """
    slices = cut(generator, rows, start=start, blocks=blocks)
    _same_python(spark)
    schema = _table(Slice(generator, start, 0)).schema

    unique = f"paranom_{uuid4().hex}"

    class Source(DataSource):
        # Made here, so that Spark pickles the slices with it: options could carry nothing but texts.
        @classmethod
        def name(cls) -> str:
            return unique

        def schema(self) -> StructType:
            return from_arrow_schema(schema, prefer_timestamp_ntz=True)

        def reader(self, schema: StructType) -> DataSourceReader:
            return _Reader(slices)

    spark.dataSource.register(Source)
    try:
        return spark.read.format(unique).load()
    except PySparkException as error:
        if "ModuleNotFoundError" in str(error):
            raise ImportError(_other_python(spark)) from error
        raise


def _same_python(spark: SparkSession) -> None:
    """Let the workers of a local session run this Python: Spark takes ``python3`` of the path, which may be another."""
    if "PYSPARK_PYTHON" in os.environ or spark.conf.get("spark.pyspark.python", None):
        return
    context = _context(spark)
    if context is not None and context.master.startswith("local"):
        context.pythonExec = sys.executable


def _context(spark: SparkSession) -> SparkContext | None:
    """Return the context of a session; one over Spark Connect has none."""
    try:
        return spark.sparkContext
    except PySparkException:
        return None


def _other_python(spark: SparkSession) -> str:
    """Return what to do where the workers' Python lacks this package."""
    context = _context(spark)
    python = "another Python" if context is None else context.pythonExec
    return (
        f"the workers of Spark run {python}, which has no paranom_rs: set PYSPARK_PYTHON (or spark.pyspark.python) to "
        "a Python that has it on every machine, before the session is made"
    )


class _Reader(DataSourceReader):
    def __init__(self, slices: list[Slice]) -> None:
        self._slices = slices

    def partitions(self) -> list[InputPartition]:
        return [InputPartition(part) for part in self._slices]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        yield from _table(partition.value).to_batches()


def _table(part: Slice) -> pa.Table:
    table = pa.table(part.dataset())
    return table.cast(pa.schema([field.with_type(_spark_type(field.type)) for field in table.schema]), safe=False)


def _spark_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that Spark has for a column: timestamps in microseconds, states as strings."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    return pa.string() if pa.types.is_dictionary(kind) else kind


class RAMPProcessor(StatefulProcessor):
    """A detector for each key, for ``transformWithState``; `detect` puts it to work."""

    def __init__(self, keyed: KeyedRAMP, key: str, order: str) -> None:
        self._keyed, self._key, self._order = keyed, key, order

    def init(self, handle: StatefulProcessorHandle) -> None:
        """Name the state: a detector's bytes."""
        self._state = handle.getValueState("ramp", "ramp binary")

    def handleInputRows(self, key: Any, rows: Iterable[Row], timerValues: Any) -> Iterator[Row]:  # noqa: N802
        """Give the rows of a micro-batch to their key's detector, in the order of time."""
        batch = sorted((row.asDict() for row in rows), key=lambda record: record[self._order])
        saved = self._state.get()
        ramp = self._keyed.load(None if saved is None else bytes(saved[0]))
        for record, found in zip(batch, self._keyed.score(ramp, batch), strict=True):
            yield Row(**{self._key: key[0], self._order: record[self._order]}, **found)
        self._state.update((ramp.to_bytes(),))

    def close(self) -> None:
        """Do nothing: the state is Spark's."""


def detect(frame: DataFrame, keyed: KeyedRAMP, *, key: str, order: str) -> DataFrame:
    """Score a streaming DataFrame: columns ``key``, ``order``, and what `KeyedRAMP.score` says of each row.

    Rows of a micro-batch are put into the order of the column ``order``; across micro-batches they must be in it.
    The query's checkpoint holds the detectors. Needs the RocksDB state store
    (``spark.sql.streaming.stateStore.providerClass``).
    """
    _same_python(frame.sparkSession)
    fields = {field.name: field.dataType.simpleString() for field in frame.schema}
    output = f"`{key}` {fields[key]}, `{order}` {fields[order]}, {_FOUND}"
    return frame.groupBy(key).transformWithState(RAMPProcessor(keyed, key, order), output, "append", "none")
