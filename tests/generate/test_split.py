"""Rows to train on, to validate on and to test on: apart from each other, and what each kind of learning may see."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from paranom_rs import Anomaly, Decoys, Dropouts, Generator, Normal, Recorded, Shift, Sine, Stochastic, TimeIndex

SIZES = {"train": 3000, "validation": 700, "test": 2000}


def plant() -> Generator:
    return Generator(
        {"x": Stochastic(Sine(50) + Normal(0.0, 0.1), Shift(5.0)), "flöw": Stochastic(Normal(), Shift(3.0))},
        anomalies=[
            Anomaly(frequency=0.02, duration=(5, 20)),
            Decoys(frequency=0.02, duration=5, values={"x": Shift(1.0)}),
        ],
        missing=Dropouts(frequency=0.01),
        time=TimeIndex("2026-01-01", "1s"),
        seed=3,
    )


@pytest.mark.parametrize("learning", ["semi-supervised", "supervised", "unsupervised"])
def test_parts_follow_each_other_and_are_those_of_generate(learning: str) -> None:
    parts = plant().split(**SIZES, learning=learning, start=100)  # type: ignore[arg-type]
    assert parts._fields == ("train", "validation", "test")
    assert [len(part) for part in parts] == list(SIZES.values())
    np.testing.assert_array_equal(np.concatenate([part.row for part in parts]), np.arange(100, 5800))
    whole = plant().generate(5700, start=100)
    for part, first in zip(parts, [0, 3000, 3700], strict=True):
        clean = learning == "semi-supervised" and part is not parts.test
        wanted = whole.clean if clean else whole
        np.testing.assert_array_equal(part.X, wanted.X[first : first + len(part)])
        np.testing.assert_array_equal(part.y, wanted.y[first : first + len(part)])
        np.testing.assert_array_equal(part.t, whole.t[first : first + len(part)])
        np.testing.assert_array_equal(part.missing, whole.missing[first : first + len(part)])
        assert part.y.any() != clean
        assert (len(part.events) > 0) != clean
        assert len(part.decoys) > 0
    assert all(a.row[-1] < b.row[0] for a, b in pairwise(parts))


def test_a_longer_test_part_begins_with_the_shorter() -> None:
    short, long = plant().split(**SIZES), plant().split(**SIZES | {"test": 9000})
    np.testing.assert_array_equal(short.test.X, long.test.X[:2000])
    np.testing.assert_array_equal(short.train.X, long.train.X)


def test_empty_parts_the_last_rows_and_float32() -> None:
    train, validation, test = plant().split(train=0, test=5, start=2**20 - 5, dtype="float32", threads=2)
    assert (len(train), len(validation), len(test)) == (0, 0, 5)
    assert test.X.dtype == np.float32
    assert int(test.row[-1]) == 2**20 - 1
    assert train.X.shape == (0, 2)
    assert len(train.events) == 0


def test_what_a_recording_is_labelled_with_stays() -> None:
    recorded = Recorded(np.arange(100.0), labels=[(10, 20)])
    train, _, _ = Generator({"r": recorded}).split(train=1000, test=1000)
    assert train.y.sum() == 100


def test_clean_batches_are_the_clean_copy() -> None:
    generator = plant()
    batches = list(generator.batches(5000, batch_rows=777, clean=True))
    np.testing.assert_array_equal(np.concatenate([b.X for b in batches]), generator.generate(5000).clean.X)
    assert not np.concatenate([b.y for b in batches]).any()
