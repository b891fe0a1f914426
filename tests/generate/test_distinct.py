"""Distinct draws: each value once, in an order that looks random, any slice for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paranom_rs import (
    Anomaly,
    Choice,
    Distinct,
    Generator,
    Hard,
    Integers,
    Normal,
    Shift,
    SpecError,
    Stochastic,
    Uniform,
    Uniqueness,
)
from reference import generator
from reference.distinct import keys_of, number
from reference.philox import philox4x32


def distinct(of: Any, seed: int = 0, name: str = "x") -> Generator:
    return Generator({name: Stochastic(normal=Distinct(of))}, seed=seed)


def key_of(seed: int, name: str) -> tuple[int, int]:
    """The key of a variable: FNV-1a of its name, through Philox under the seed."""
    hashed = 0xCBF29CE484222325
    for byte in b"variable\0" + name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    block = philox4x32([hashed % 2**32, hashed >> 32, 1, 2**32 - 1], [seed % 2**32, seed >> 32])
    return int(block[0]), int(block[1])


@given(
    count=st.one_of(st.integers(1, 40), st.integers(1, 2**53)),
    start=st.integers(0, 2**53),
    rows=st.integers(1, 30),
    seed=st.integers(0, 2**64 - 1),
    low=st.integers(-(2**40), 0),
)
def test_equals_the_reference(count: int, start: int, rows: int, seed: int, low: int) -> None:
    start %= count
    rows = min(rows, count - start)
    values = distinct(Integers(low, low + count), seed, "π").generate(rows, start=start)["π"]
    keys = keys_of(key_of(seed, "π"), 0)
    assert values.tolist() == [low + number(row, count, keys) for row in range(start, start + rows)]


def test_equals_the_reference_beside_other_rules() -> None:
    variable = Stochastic(normal=Distinct(Choice(tuple(range(150)))) + Normal(), anomalous=Distinct(Integers(-7, 193)))
    gen = Generator({"x": variable}, anomalies=Anomaly(frequency=0.3, duration=(1, 9)), seed=4)
    columns, y, _ = generator.generate(gen.to_spec(), 20, 130)
    data = gen.generate(130, start=20)
    assert np.array_equal(data["x"], columns["x"])
    assert np.array_equal(data.y, y)


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 65_536, 100_003])
def test_the_full_support_comes_once(count: int) -> None:
    values = distinct(Integers(-5, count - 5), seed=3).generate(count, threads=2)["x"]
    assert np.array_equal(np.sort(values), np.arange(-5, count - 5))


def test_choices_come_once() -> None:
    values = distinct(Choice((3.5, -1.0, 2.0, 0.0, -0.0, 3.5))).generate(4)["x"]
    assert sorted(values) == [-1.0, 0.0, 2.0, 3.5]


def test_uniform_floats_are_distinct_and_uniform() -> None:
    rows = 1_000_000
    values = distinct(Uniform(2.0, 5.0), seed=1).generate(rows, threads=2)["x"]
    assert len(np.unique(values)) == rows
    assert values.min() >= 2.0
    assert values.max() < 5.0
    counts = np.histogram(values, bins=1000, range=(2.0, 5.0))[0]
    assert 1e-4 < stats.chisquare(counts).pvalue < 1 - 1e-4
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.005
    # Also when only half of a power of two is in use, and every other number walks.
    small = distinct(Integers(0, 600_000), seed=1).generate(300_000)["x"]
    counts = np.histogram(small, bins=500, range=(0, 600_000))[0]
    assert stats.chisquare(counts).pvalue > 1e-4


def test_over_seeds_every_order_comes() -> None:
    first = [distinct(Integers(0, 10), seed=seed).generate(1)["x"][0] for seed in range(2000)]
    assert stats.chisquare(np.bincount(np.array(first, int), minlength=10)).pvalue > 1e-4


def test_slices_agree() -> None:
    gen = distinct(Integers(0, 10**12), seed=9)
    whole = gen.generate(70_000, threads=2)["x"]
    assert len(np.unique(whole)) == len(whole)
    assert np.array_equal(gen.generate(1000, start=66_000)["x"], whole[66_000:67_000])
    assert len(np.unique(gen.generate(1000, start=10**12 - 1000)["x"])) == 1000


def test_more_rows_than_values_are_refused() -> None:
    gen = distinct(Integers(0, 100))
    gen.generate(100)
    with pytest.raises(SpecError, match=r"must end within the 100 rows there are.*Distinct"):
        gen.generate(101)
    anomalous = Generator(
        {"x": Stochastic(normal=Normal(), anomalous=Distinct(Integers(0, 100)))},
        anomalies=Anomaly(frequency=0.5, duration=2),
    )
    data = anomalous.generate(100)
    anomalies = data["x"][data.y == 1]
    assert len(np.unique(anomalies)) == len(anomalies) > 10
    with pytest.raises(SpecError, match="100 rows"):
        anomalous.generate(101)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (Normal(), "must be integers, uniform or choice"),
        (Choice((0.0, 1.0), (0.5, 0.5)), "weights"),
        (Integers(5, 5), "must be > low"),
        (Uniform(2.0, 2.0), "must be > low"),
        (Uniform(-1e308, 1e308), "infinitely far"),
    ],
)
def test_what_has_no_grid_is_refused(of: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        distinct(of)


def test_distinct_belongs_to_rows() -> None:
    shifted = Stochastic(normal=Normal(), anomalous=Shift(Distinct(Integers(0, 9))))
    with pytest.raises(SpecError, match="once per event"):
        Generator({"x": shifted}, anomalies=Anomaly(frequency=0.1))
    with pytest.raises(SpecError, match="drawn anew"):
        Generator({"x": Stochastic(normal=Distinct(Integers(0, 9)))}, uniqueness=Uniqueness(normal=Hard()))
