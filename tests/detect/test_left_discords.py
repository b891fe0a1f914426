"""Left discords are those of the left matrix profile, in memory and in files, for any number of threads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import SpecError, left_discords, matrix_profile
from reference import matrix_profile as reference
from support.discords import check_discords, greedy
from support.nasty_series import series

DISTANCES = ["znormalized", "l1", "l2", "relative"]


def brute_force(x, m, k, start, zone, distance="znormalized"):
    """The definition: the largest distance to the left, again and again."""
    D = reference.without_trivial(reference.distances(x, x, m, distance), m, "left")
    values = D.min(axis=1).astype(float)
    values[:start] = np.inf
    values, found = np.where(np.isfinite(values), values, -1), []
    while len(found) < k and (values >= 0).any():
        at = int(values.argmax())
        found.append(values[at])
        values[max(at - zone, 0) : at + zone + 1] = -1
    return found, D


@given(series(least=20), st.integers(1, 4), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_left_discords_equal_the_reference(distance, x, k, data):
    m = data.draw(st.integers(3, len(x) // 2))
    start = data.draw(st.integers(0, len(x)))
    found = left_discords(x, m, 1, start=start, distance=distance)
    expected, D = brute_force(x, m, 1, start, m - 1, distance)
    np.testing.assert_allclose([d.distance for d in found], expected, rtol=1e-7, atol=2e-5 * np.sqrt(m))
    several = left_discords(x, m, k, start=start, distance=distance)
    check_discords(several, D, start, m)


@pytest.mark.parametrize("kind", ["walk", "waves"])
@pytest.mark.parametrize("m", [24, 700])
def test_long_series(kind, m):
    """Longer than a block and than what is compared at once."""
    rng, n = np.random.default_rng(3), 90_000
    x = rng.normal(size=n).cumsum() if kind == "walk" else np.sin(np.arange(n) / 9) + 0.05 * rng.normal(size=n)
    x[70_000:70_040] = x[70_000]
    x[40_000:40_010] += 3
    x[[10_000, 60_000]] = np.nan
    expected = greedy(matrix_profile(x, m).left_profile, 6, 8 * m, m - 1)
    found = left_discords(x, m, 6)
    np.testing.assert_allclose([d.distance for d in found], [far for _, far in expected], rtol=1e-9)
    assert [d.start for d in found] == [at for at, _ in expected]


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("zone", [0, 39, 300])
def test_what_the_beginning_rules_out_is_no_discord(distance, zone):
    """The discords of the beginning rule out windows; some here are hidden by later ones, and one comes at the end."""
    rng, n, m = np.random.default_rng(7), 30_000, 40
    x = np.sin(np.arange(n) / 7) + 0.05 * rng.normal(size=n) + 2  # 2: so that relative distances are usual
    for at in (900, 2_100, 2_150, 15_000, n - m - 1):
        x[at : at + 12] += rng.normal(size=12)
    x[20_000:20_100], x[9_000], x[25_000:25_060] = x[2_090:2_190], np.nan, 1.5
    expected = greedy(matrix_profile(x, m, distance=distance).left_profile, 12, 320, zone)
    for threads in (1, 3):
        found = left_discords(x, m, 12, exclusion=zone, distance=distance, threads=threads)
        np.testing.assert_allclose([d.distance for d in found], [far for _, far in expected], rtol=1e-9)
        assert [d.start for d in found] == [at for at, _ in expected]


def test_own_exclusion_zone_and_start():
    x = np.random.default_rng(4).normal(size=5000).cumsum()
    profile = matrix_profile(x, 50).left_profile
    for zone, start in [(0, 1000), (10, 0), (200, 2000)]:
        found = left_discords(x, 50, 5, start=start, exclusion=zone)
        assert [d.start for d in found] == [at for at, _ in greedy(profile, 5, start, zone)]


@pytest.mark.parametrize(("rows", "window"), [(5_000, 2_000), (5_000, 400), (700, 300), (120, 20)])
def test_a_short_series_is_searched_from_its_middle(rows, window):
    x = np.random.default_rng(6).normal(size=rows).cumsum()
    middle = min(8 * window, (rows - window) // 2)
    assert left_discords(x, window, 2) == left_discords(x, window, 2, start=middle)
    assert [d.start for d in left_discords(x, window, 1)] == [
        at for at, _ in greedy(matrix_profile(x, window).left_profile, 1, middle, window - 1)
    ]


@pytest.mark.parametrize("start", [4_950, 4_951, 5_000, 70_000, 2**61])
def test_a_start_behind_the_last_window_finds_nothing(start):
    x = np.random.default_rng(4).normal(size=5_000).cumsum()
    assert [d.start for d in left_discords(x, 50, start=start)] == ([4_950] if start == 4_950 else [])


def test_threads_do_not_change_a_bit():
    x = np.random.default_rng(5).normal(size=60_000).cumsum()
    assert left_discords(x, 40, 5, threads=1) == left_discords(x, 40, 5, threads=3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_file_gives_what_memory_gives(tmp_path, dtype):
    x = np.random.default_rng(6).normal(size=80_000).cumsum().astype(dtype)
    np.save(tmp_path / "x.npy", x)
    assert left_discords(tmp_path / "x.npy", 30, 3) == left_discords(x, 30, 3)
    assert left_discords(str(tmp_path / "x.npy"), 30, 3) == left_discords(x, 30, 3)


def table(values):
    times = pd.date_range("2026-01-01", periods=len(values), freq="s")
    return pd.DataFrame({"when": times, "flow": values, "n": np.arange(len(values)), "name": "ä"})


@pytest.mark.parametrize("ending", ["parquet", "arrow", "feather"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_column_of_a_file_gives_what_memory_gives(tmp_path, ending, dtype):
    x = np.random.default_rng(6).normal(size=70_000).cumsum().astype(dtype)
    x[100] = np.nan
    whole, path = pa.Table.from_pandas(table(x)), tmp_path / f"x.{ending}"
    if ending == "parquet":
        pq.write_table(whole, path, row_group_size=999)
    else:
        with pa.ipc.new_file(path, whole.schema) as file:
            file.write_table(whole, max_chunksize=70_000 if ending == "arrow" else 999)
    found = left_discords(path, 30, 3, column="flow")
    expected = left_discords(x, 30, 3)
    assert [d[:4] for d in found] == [d[:4] for d in expected]
    assert [pd.Timestamp(d.time) for d in found] == [table(x)["when"][d.start] for d in expected]
    with pytest.raises(SpecError, match="column: must be given"):
        left_discords(path, 30)
    with pytest.raises(SpecError, match="column: must be one of the columns of numbers"):
        left_discords(path, 30, column="name")


def test_whole_numbers_and_nulls_of_a_file(tmp_path):
    numbers = [None if i == 50 else i * 7919 % 101 for i in range(600)]
    pq.write_table(pa.table({"n": pa.array(numbers, pa.int64())}), tmp_path / "x.parquet")
    x = np.array(numbers, dtype=float)
    assert left_discords(tmp_path / "x.parquet", 20) == left_discords(x, 20)
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "x.parquet")
    with pytest.raises(SpecError, match="x: must not be empty"):
        left_discords(tmp_path / "x.parquet", 20)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_a_column_of_a_table(kind):
    x = np.random.default_rng(8).normal(size=3000).cumsum()
    frame = table(x)
    [found] = left_discords(kind(frame), 40, column="flow")
    [expected] = left_discords(x, 40)
    assert found[:4] == expected[:4]
    assert pd.Timestamp(found.time) == frame["when"][found.start]
    with pytest.raises(SpecError, match="column: must be given"):
        left_discords(kind(frame[["flow", "n"]]), 40)
    with pytest.raises(SpecError, match="column: must not be given"):
        left_discords(x, 40, column="flow")


def test_equal_windows_are_0_apart_and_missing_ones_are_none():
    x = np.tile(np.random.default_rng(7).normal(size=50), 40)
    assert left_discords(x, 20)[0].distance == 0
    assert left_discords(np.full(500, np.nan), 20) == []
    assert left_discords(np.zeros(500), 20)[0].distance == 0
    assert left_discords(np.arange(30.0), 20, start=11) == []  # no window begins there


def test_timestamps_come_back():
    times = pd.date_range("2026-01-01", periods=3000, freq="s")
    x = pd.Series(np.random.default_rng(8).normal(size=3000).cumsum(), index=times)
    discord = left_discords(x, 40)[0]
    assert discord.time == times[discord.start]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda _: left_discords(np.zeros(9), 2), "window: must be >= 3"),
        (lambda _: left_discords(np.zeros(9), 10), "x: must have at least window = 10 values, got 9 values"),
        (lambda _: left_discords(np.zeros(9), 3, 0), "k: must be >= 1"),
        (lambda _: left_discords(np.zeros(9), 3, start=-1), "start: must be >= 0"),
        (lambda _: left_discords(np.full(9, 1e200), 3, distance="l2"), r"x\[0\]: must be at most"),
        (
            lambda folder: left_discords(folder / "none.npy", 3),
            "x: must be a .npy, Parquet or Arrow file that can be read",
        ),
        (lambda folder: left_discords(written(folder, b"text", "x.parquet"), 3), "x.parquet: must be a Parquet file"),
        (lambda folder: left_discords(written(folder, b"text", "x.arrow"), 3), "x: must be a Parquet or Arrow file"),
        (lambda folder: left_discords(folder / "none.parquet", 3), "x: must be a Parquet or Arrow file"),
        (lambda folder: left_discords(saved(folder, np.zeros(9)), 3, column="x"), "column: must not be given"),
        (
            lambda folder: left_discords(written(folder, b"text"), 3),
            "x: must be a .npy, Parquet or Arrow file that can be read",
        ),
        (
            lambda folder: left_discords(saved(folder, np.zeros((4, 4, 4))), 3),
            "x: must be a file of one dimension",
        ),
        (lambda folder: left_discords(saved(folder, np.zeros(9, int)), 3), "x: must be a file of little-endian"),
        (lambda folder: left_discords(saved(folder, np.zeros(0)), 3), "x: must be"),
    ],
)
def test_bad_input_is_refused(call, words, tmp_path):
    with pytest.raises(SpecError, match=words):
        call(tmp_path)


def written(folder, data, name="x.npy"):
    (folder / name).write_bytes(data)
    return folder / name


def saved(folder, array):
    np.save(folder / "x.npy", array)
    return folder / "x.npy"


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = saved(tmp_path, np.zeros(1000))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(SpecError, match=r"x: must be a \.npy, Parquet|bytes, as its header says"):
        left_discords(path, 20)
