"""Slices are one run, cut; keyed detectors are one detector a key."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    RAMP,
    Distinct,
    Generator,
    Hard,
    Integers,
    Normal,
    SpecError,
    SpecTypeError,
    Stochastic,
    Uniqueness,
)
from paranom_rs.connect.keyed import KeyedRAMP
from paranom_rs.connect.slices import cut
from support.valve import samples

PLAIN = Generator({"x": Stochastic(normal=Normal(0, 1))})


@given(rows=st.integers(0, 5000), start=st.integers(0, 2**63 - 5000), blocks=st.integers(1, 50))
def test_slices_cover_the_rows_once(rows: int, start: int, blocks: int) -> None:
    slices = cut(PLAIN, rows, start=start, blocks=blocks)
    assert len(slices) == min(blocks, max(rows, 1))
    at = start
    for part in slices:
        assert part.start == at
        at += part.rows
    assert at == start + rows
    sizes = [part.rows for part in slices]
    assert max(sizes) - min(sizes) <= 1


def test_slices_are_the_run(generator: Generator) -> None:
    whole = generator.generate(10_000, start=77)
    parts = [pickle.loads(pickle.dumps(part)).dataset() for part in cut(generator, 10_000, start=77, blocks=7)]
    assert np.array_equal(np.concatenate([part.X for part in parts]), whole.X)
    assert np.array_equal(np.concatenate([part.y for part in parts]), whole.y)
    assert len(cut(generator, 3_000_000)) == 3


def test_what_cannot_be_cut_is_refused() -> None:
    unique = Generator(
        {"x": Stochastic(normal=Integers(0, 10**9))}, uniqueness=Uniqueness(normal=Hard(tries=9)), seed=1
    )
    with pytest.raises(SpecError, match=r"uniqueness: .* Distinct"):
        cut(unique, 100)
    distinct = Generator({"x": Stochastic(normal=Distinct(Integers(0, 10**9)))})
    assert len(cut(distinct, 100, blocks=4)) == 4
    for rows, start, blocks, path in [
        (-1, 0, None, "rows"),
        (1.5, 0, None, "rows"),
        (10, -1, None, "start"),
        (10, 2**63, None, "start"),
        (10, 0, 0, "blocks"),
        (10, 0, "many", "blocks"),
    ]:
        with pytest.raises((SpecError, SpecTypeError), match=path):
            cut(PLAIN, rows, start=start, blocks=blocks)  # type: ignore[arg-type]
    with pytest.raises(SpecTypeError, match="generator"):
        cut({"x": 1}, 10)  # type: ignore[arg-type]


def test_a_keyed_detector_is_a_detector(keyed: KeyedRAMP) -> None:
    records = samples(60, key=1)
    state, found = None, []
    for record in records:
        ramp = keyed.load(state)
        found += keyed.score(ramp, [record])
        state = ramp.to_bytes()
    at_once = keyed.score(keyed.new(), records)
    assert found == at_once
    X = np.array([[record.get(name) or np.nan for name in "xy"] for record in records])
    scores = RAMP(2, window=3, reference=20, threshold=1.0).score(X)
    assert np.array_equal([np.nan if f["score"] is None else f["score"] for f in found], scores.score, equal_nan=True)
    assert found[-1]["is_anomaly"]
    assert found[-1]["channel"] == "y"
    assert found[0]["time"] is None
    assert keyed.score(keyed.new(), []) == []


@pytest.mark.parametrize(
    ("features", "settings", "path"),
    [
        ("x", {}, "features"),
        ([1], {}, "features"),
        (["x", "x"], {}, "features"),
        (["x"], {"reference": 2}, "reference"),
        ([], {}, "n_features"),
    ],
)
def test_bad_settings_are_refused_at_once(features: Any, settings: dict[str, Any], path: str) -> None:
    with pytest.raises((SpecError, SpecTypeError), match=path):
        KeyedRAMP(features, **{"window": 3, "reference": 20, "threshold": 1.0} | settings)
