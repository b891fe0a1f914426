"""Values that are lost: over everything else, for each variable alone, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Callback,
    Dropouts,
    Generator,
    Hard,
    Integers,
    Normal,
    Recorded,
    Ref,
    Shift,
    Sine,
    Smooth,
    Stochastic,
    Uniform,
    Uniqueness,
)
from support.generated import bits, generated
from support.strategies import Spec, dropouts, slices, specs

ROWS = 60_000


def plant(missing: Dropouts | None, own: Dropouts | None = None) -> Generator:
    return Generator(
        {
            "pressure": Stochastic(Sine(300) + Normal(0.0, 0.1), Shift(3.0), missing=own),
            "flow": Stochastic(Ref("pressure", lag=3) * 0.5 + Normal(0.0, 0.1)),
            "flöw": Stochastic(Normal(), Smooth(9)),
        },
        anomalies=Anomaly(frequency=0.05, duration=(5, 40)),
        seed=7,
        missing=missing,
    )


def without(spec: Spec) -> Spec:
    """The spec without its dropouts."""
    variables = {name: {k: v for k, v in x.items() if k != "missing"} for name, x in spec["variables"].items()}
    return {k: v for k, v in spec.items() if k != "missing"} | {"variables": variables}


@given(specs(), dropouts(), slices(), st.booleans())
def test_the_values_underneath_stay(spec: Spec, rule: Spec, where: tuple[int, int], clean: bool) -> None:
    spec = without(spec) | {"missing": rule}
    lost, whole = generated(spec, *where, clean=clean), generated(without(spec), *where, clean=clean)
    np.testing.assert_array_equal(lost.y, whole.y)
    assert lost.events == whole.events
    mask = Generator.from_spec(spec).generate(where[1], start=where[0]).missing
    for j, name in enumerate(lost.columns):
        assert np.isnan(lost.columns[name][mask[:, j]]).all()
        kept = ~mask[:, j]
        np.testing.assert_array_equal(bits(lost.columns[name])[kept], bits(whole.columns[name])[kept])


def test_references_transforms_and_labels_see_what_is_underneath() -> None:
    lost, whole = plant(Dropouts(frequency=0.2, duration=(1, 9))).generate(ROWS), plant(None).generate(ROWS)
    np.testing.assert_array_equal(np.isnan(lost.X), lost.missing)
    np.testing.assert_array_equal(np.where(lost.missing, whole.X, lost.X), whole.X)
    np.testing.assert_array_equal(lost.labels, whole.labels)
    assert list(lost.events) == list(whole.events)
    np.testing.assert_array_equal(lost.clean.missing, lost.missing)
    np.testing.assert_array_equal(np.isnan(lost.clean.X), lost.missing)
    changed = ~np.isclose(lost.X, lost.clean.X, equal_nan=True)
    assert not changed[lost.labels == 0].any()
    assert not whole.missing.any()


def test_shares_and_durations_are_as_asked_in_each_variable_alone() -> None:
    data = plant(Dropouts(frequency=0.05, duration=(2, 6), gap=3)).generate(500_000)
    masks = data.missing.T.astype(np.int8)
    for mask in masks:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
        lengths, breaks = edges[1::2] - edges[::2], edges[2::2] - edges[1:-1:2]
        assert mask.mean() == pytest.approx(0.05, rel=0.01)
        assert set(lengths.tolist()) == {2, 3, 4, 5, 6}
        assert breaks.min() >= 3
    everything = np.corrcoef(np.vstack([*masks, data.y]))
    assert np.abs(everything - np.eye(4)).max() < 0.01


def test_a_variables_own_dropouts_and_its_name() -> None:
    own = plant(Dropouts(frequency=0.2), Dropouts(events=[(5, 8), (2**60, 2**60 + 2)])).generate(100)
    np.testing.assert_array_equal(np.flatnonzero(own.missing[:, 0]), [5, 6, 7])
    assert own.missing[:, 1:].any()
    one = Generator({"flow": Stochastic(Normal())}, seed=7, missing=Dropouts(frequency=0.2)).generate(100)
    np.testing.assert_array_equal(one.missing[:, 0], own.missing[:, 1])
    counted = plant(None, Dropouts(count=3, within=500, duration=2)).generate(50_000)
    assert (counted.missing[:, 0].reshape(100, 500).sum(axis=1) == 6).all()
    assert not counted.missing[:, 1:].any()


def test_functions_see_what_is_underneath() -> None:
    def walk(ctx: Any) -> float:
        return (ctx.previous[-1] if ctx.previous else 0.0) + 1.0

    lose = Dropouts(frequency=0.3)
    data = Generator({"x": Callback(normal=walk, sequential=True, missing=lose)}).generate(3000)
    kept = ~data.missing[:, 0]
    assert 0.6 < kept.mean() < 0.8
    np.testing.assert_array_equal(data["x"][kept], np.flatnonzero(kept) + 1.0)


def test_uniqueness_is_of_what_is_underneath() -> None:
    def unique(missing: Dropouts | None) -> Any:
        rules = {"x": Stochastic(Integers(0, 2000)), "y": Stochastic(Uniform(0, 1))}
        uniqueness = Uniqueness(normal=Hard(tries=10_000), over=["x"])
        return Generator(rules, uniqueness=uniqueness, missing=missing, seed=1).generate(1500)

    lost, whole = unique(Dropouts(frequency=0.3)), unique(None)
    np.testing.assert_array_equal(np.where(lost.missing, whole.X, lost.X), whole.X)
    assert len(set(whole["x"])) == 1500


def test_recordings_batches_counts_threads_and_float32() -> None:
    rule = Dropouts(frequency=0.1, duration=(1, 4))
    recorded = Generator({"r": Recorded([1.0, np.nan, 3.0], missing=rule)}).generate(9000)
    assert np.isnan(recorded["r"]).sum() > recorded.missing.sum() > 0
    generator = plant(rule)
    whole = generator.generate(ROWS, threads=2)
    for parts in (list(generator.batches(ROWS, batch_rows=7001)), [generator.generate(ROWS, threads=1)]):
        np.testing.assert_array_equal(np.concatenate([part.X for part in parts]), whole.X)
        np.testing.assert_array_equal(np.concatenate([part.missing for part in parts]), whole.missing)
    counted = generator.generate(normal=500, anomalous=200)
    np.testing.assert_array_equal(counted.X, whole.X[counted.row.astype(np.int64)])
    np.testing.assert_array_equal(np.isnan(counted.X), counted.missing)
    np.testing.assert_array_equal(generator.generate(900, dtype="float32").X, whole.X[:900].astype(np.float32))
    assert np.isnan(generator.generate(5000, start=2**64 - 5000).X).any()
    assert generator.generate(0).missing.shape == (0, 3)


def test_files_toml_and_the_audit(tmp_path: Path) -> None:
    generator = plant(Dropouts(frequency=0.1, duration=(1, 4)), Dropouts(frequency=0.02))
    data = generator.generate(20_000)
    generator.write(tmp_path / "x.parquet", 20_000)
    assert Generator.from_parquet(tmp_path / "x.parquet") == generator
    pq = pytest.importorskip("pyarrow.parquet")
    np.testing.assert_array_equal(pq.read_table(tmp_path / "x.parquet")["flow"].to_numpy(), data["flow"])
    generator.to_toml(tmp_path / "x.toml")
    assert Generator.from_toml(tmp_path / "x.toml") == generator
    assert plant(None) != generator
    audit = data.audit()
    assert audit.changed_unlabelled == 0
    assert audit.missing == data.missing.sum()
