"""Columns of Parquet files: any numbers are read back in every reader, with their limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic, TimeIndex, _core

TYPES = ["float64", "float32", "int8", "int64", "uint64"]


def write(path: Path, columns: dict[str, NDArray[Any]], times: tuple[str, ...] = (), *, zstd: bool = False) -> None:
    _core.write_table(list(columns.items()), list(times), path, format="parquet", zstd=zstd, metadata=[])


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    """Numbers of one of the types: any, or such as clocks and labels are."""
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    rows = draw(st.sampled_from([0, 1, 2, 127, 128, 129, 130, 300]))
    if dtype.kind == "f" or draw(st.booleans()):
        few = draw(hnp.arrays(dtype, min(rows, 20)))
        return few[draw(hnp.arrays(np.int64, rows, elements=st.integers(0, len(few) - 1)))] if rows else few
    step, start = draw(st.integers(0, 3)), draw(st.integers(0, 40))
    values = start + step * np.arange(rows)
    values[draw(st.integers(0, max(rows, 1))) :] -= 7
    return values.astype(dtype)


@settings(max_examples=60)
@given(arrays(), st.booleans())
def test_columns_are_read_back_with_their_limits(
    tmp_path_factory: pytest.TempPathFactory, values: NDArray[Any], zstd: bool
) -> None:
    path = tmp_path_factory.mktemp("columns") / "x.parquet"
    write(path, {"x": values, "y": values[::-1].copy()}, zstd=zstd)
    table = pq.read_table(path)
    bits = values.view(f"u{values.itemsize}")
    assert np.array_equal(table["x"].to_numpy().view(bits.dtype), bits)
    assert np.array_equal(pl.read_parquet(path)["y"].to_numpy().view(bits.dtype), bits[::-1])
    found = duckdb.sql(f"select x from '{path}'").fetchnumpy()["x"]
    assert np.array_equal(np.ma.getdata(found), values, equal_nan=values.dtype.kind == "f")
    if not len(values):
        return
    if values.dtype.kind != "f":
        limits = pq.read_metadata(path).row_group(0).column(0).statistics
        assert (limits.min, limits.max, limits.null_count) == (values.min(), values.max(), 0)
    elif not zstd:
        # pyarrow does not know the order that the file names, DuckDB reads the fields for older readers.
        fields = "stats_min, stats_max, stats_min_value, stats_max_value"
        told = duckdb.sql(f"select {fields} from parquet_metadata('{path}') where path_in_schema = 'x'").fetchall()[0]
        known = values[~np.isnan(values)]
        if np.isfinite(known).all() and len(known):  # DuckDB says nothing of infinite ones
            limits = np.array(told, values.dtype)
            assert limits.tolist() == [known.min(), known.max()] * 2
            # Whichever zero is there, readers may look for the other one.
            assert limits[0] != 0 or np.signbit(limits[0])
            assert limits[1] != 0 or not np.signbit(limits[1])
        elif not len(known):
            assert told == (None,) * 4


def test_times_far_apart_and_many_pages(tmp_path: Path) -> None:
    rows = 300_000  # more than two pages, of one call
    rng = np.random.default_rng(1)
    columns = {
        "t": rng.integers(-(2**63), 2**63 - 1, rows).view("datetime64[ns]").view(np.int64),
        "x": rng.normal(size=rows),
        "label": (rng.random(rows) < 0.01).astype(np.int8),
        "event": np.where(rng.random(rows) < 0.01, rng.integers(0, 2**62, rows), -1),
        "row": np.arange(2**63, 2**63 + rows, dtype=np.uint64),
    }
    columns["t"][columns["t"] == np.iinfo(np.int64).min] = 0  # a time that is none
    write(tmp_path / "x.parquet", columns, ("t",))
    for frame in (pl.read_parquet(tmp_path / "x.parquet"), duckdb.sql(f"from '{tmp_path}/x.parquet'").pl()):
        for name, values in columns.items():
            found = frame[name].cast(pl.Int64) if name == "t" else frame[name]
            assert np.array_equal(found.to_numpy(), values), name
    group = pq.read_metadata(tmp_path / "x.parquet").row_group(0)
    assert group.column(4).statistics.min == 2**63
    assert group.column(4).total_compressed_size < rows / 10


def test_filters_of_readers_use_the_limits(tmp_path: Path) -> None:
    generator = Generator(
        {"x": Stochastic(Normal(0, 1), anomalous=Shift(9.0))},
        anomalies=Anomaly(frequency=0.01, duration=(5, 40)),
        time=TimeIndex("2026-01-01", "1s", jitter="200ms"),
    )
    generator.write(tmp_path / "x.parquet", 200_000)
    data = generator.generate(200_000)
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    done = 0
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        here = slice(done, done + group.num_rows)
        for j, values in {0: data.t, 2: data.y, 3: data.event}.items():
            limits = group.column(j).statistics
            least, greatest = (np.asarray(x).astype(values.dtype) for x in (limits.min, limits.max))
            if values.dtype.kind == "M":
                least, greatest = (np.datetime64(x.value, "ns") for x in (limits.min, limits.max))
            assert (least, greatest) == (values[here].min(), values[here].max())
        done = here.stop
    assert done == 200_000
    late = data.t[150_000]
    expected = data["x"][data.t >= late]
    assert np.array_equal(pq.read_table(tmp_path / "x.parquet", filters=[("t", ">=", late)])["x"].to_numpy(), expected)
    lazy = pl.scan_parquet(tmp_path / "x.parquet").filter(pl.col("t") >= pl.lit(late)).select("x").collect()
    assert np.array_equal(lazy["x"].to_numpy(), expected)
