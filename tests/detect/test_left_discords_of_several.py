"""Left discords of several series are those of the multidimensional left profile, in memory and in files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import SpecError, SpecTypeError, left_discords, matrix_profile_multidimensional
from reference import matrix_profile as reference
from support.discords import check_discords, greedy
from support.nasty_series import series

DISTANCES = ["znormalized", "l1", "l2", "relative"]


@st.composite
def several(draw):
    columns = draw(st.lists(series(least=20), min_size=1, max_size=4))
    n = min(len(x) for x in columns)
    return np.stack([x[:n] for x in columns], axis=1)


@given(several(), st.integers(1, 3), st.data())
@pytest.mark.parametrize("distance", DISTANCES)
def test_left_discords_equal_the_reference(distance, X, k, data):
    n, d = X.shape
    m = data.draw(st.integers(3, n // 2))
    start = data.draw(st.integers(0, n))
    dimensions = data.draw(st.integers(1, d))
    include = data.draw(st.lists(st.integers(0, d - 1), unique=True, max_size=2))
    D = reference.multidimensional(X, m, include=include, distance=distance)[dimensions - 1]
    D = reference.without_trivial(D, m, "left")
    nearest = D.min(axis=1).astype(float)
    nearest[:start] = np.inf
    far = nearest[np.isfinite(nearest)]
    given_ = {"start": start, "distance": distance, "dimensions": dimensions, "include": include}
    found = left_discords(X, m, 1, **given_)
    np.testing.assert_allclose([d.distance for d in found], sorted(far)[-1:], rtol=1e-7, atol=2e-5 * np.sqrt(m))
    many = left_discords(X, m, k, **given_)
    check_discords(many, D, start, m)


def walks(n, d, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).cumsum(axis=0)


@pytest.mark.parametrize(("d", "dimensions", "include"), [(2, None, ()), (3, 1, ()), (3, 2, (1,)), (9, 4, ())])
def test_those_of_the_multidimensional_left_profile(d, dimensions, include):
    """Longer than a block and than what is compared first."""
    X = walks(9_000, d)
    X[7_000:7_040, 0] = X[7_000, 0]
    X[[1_000, 6_000], d - 1] = np.nan
    profile = matrix_profile_multidimensional(X, 24, include=include)
    expected = greedy(profile.left_profile[:, (dimensions or d) - 1], 4, 8 * 24, 23)
    found = left_discords(X, 24, 4, dimensions=dimensions, include=include)
    np.testing.assert_allclose([f.distance for f in found], [far for _, far in expected], rtol=1e-9)
    assert [f.start for f in found] == [at for at, _ in expected]


def test_threads_do_not_change_a_bit():
    X = walks(20_000, 3, 5)
    assert left_discords(X, 40, 5, threads=1) == left_discords(X, 40, 5, threads=3)


def test_one_column_is_one_series():
    X = walks(5_000, 1)
    assert left_discords(X, 30, 3) == left_discords(X[:, 0], 30, 3)
    [joint] = left_discords(X, 30, include=[0])
    assert joint[:2] == left_discords(X, 30)[0][:2]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_gives_what_memory_gives(tmp_path, dtype, order):
    X = walks(6_000, 3).astype(dtype)
    np.save(tmp_path / "x.npy", np.asarray(X, order=order))
    assert left_discords(tmp_path / "x.npy", 30, 3, dimensions=2) == left_discords(X, 30, 3, dimensions=2)


def table(X):
    times = pd.date_range("2026-01-01", periods=len(X), freq="s")
    return pd.DataFrame({"when": times, "flöw": X[:, 0], "n": 1, "heat": X[:, 1], "name": "ä"})


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_columns_of_a_file(tmp_path, ending):
    X = walks(6_000, 2)
    X[100, 1] = np.nan
    frame, path = table(X), tmp_path / f"x.{ending}"
    whole = pa.Table.from_pandas(frame)
    if ending == "parquet":
        pq.write_table(whole, path, row_group_size=999)
    else:
        with pa.ipc.new_file(path, whole.schema) as file:
            file.write_table(whole, max_chunksize=999)
    found = left_discords(path, 30, 3, column=["heat", "flöw"], include=[1])
    assert [d[:4] for d in found] == [d[:4] for d in left_discords(X[:, ::-1], 30, 3, include=[1])]
    assert [pd.Timestamp(d.time) for d in found] == [frame["when"][d.start] for d in found]
    with pytest.raises(SpecError, match="column: must be one of the columns of numbers"):
        left_discords(path, 30, column=["heat", "name"])


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_columns_of_a_table(kind):
    X = walks(3_000, 2)
    [found] = left_discords(kind(table(X)), 40, column=["flöw", "heat"])
    [expected] = left_discords(X, 40)
    assert found[:4] == expected[:4]
    assert pd.Timestamp(found.time) == table(X)["when"][found.start]


@pytest.mark.parametrize(
    ("words", "refused", "arguments"),
    [
        ("dimensions: must be at most 3", SpecError, {"dimensions": 4}),
        ("dimensions: must be", SpecError, {"dimensions": 0}),
        (r"include\[0\]: must name different", SpecError, {"include": [3]}),
        (r"include\[1\]: must name different", SpecError, {"include": [1, 1]}),
        ("include: must be a sequence", SpecTypeError, {"include": 1}),
        ("column: must not be given", SpecError, {"column": ["a"]}),
        ("column: must be a text", SpecTypeError, {"column": [1]}),
        ("column: must be different names", SpecError, {"column": ["a", "a"]}),
        ("column: must be different names", SpecError, {"column": []}),
        ("x: must have at least window", SpecError, {"window": 101}),
    ],
)
def test_bad_input_is_refused(words, refused, arguments):
    with pytest.raises(refused, match=words):
        left_discords(np.zeros((100, 3)), **({"window": 10} | arguments))


def test_values_too_large_are_named():
    X = np.ones((100, 3))
    X[70, 1] = 1e200
    with pytest.raises(SpecError, match=r"x\[70, 1\]: must be at most"):
        left_discords(X, 10, distance="l2")
    with pytest.raises(SpecError, match="dimensions: must be at most 1"):
        left_discords(X[:, 0], 10, dimensions=2)
    with pytest.raises(SpecError, match="x: must not be empty"):
        left_discords(np.ones((0, 3)), 10)
