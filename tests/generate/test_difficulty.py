"""Events that no one-liner finds, and decoys: the library is the reference, in any slice; what they promise holds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import Anomaly, Callback, Decoys, Generator, Normal, Recorded, Scale, Shift, Sine, Stochastic, Uniform
from paranom_rs._core import Plan, found_by_one_liners, one_liners
from paranom_rs.errors import SpecError
from reference import generator, one_liner
from support.generated import Rows, assert_same_values, generated

Spec = dict[str, Any]
HALO = (one_liner.REACH + 2) * one_liner.PIECE + one_liner.TOLERANCE + one_liner.HALO


def a_spec(seed: int, share: float, shift: float, **more: Any) -> Spec:
    """A noisy wave and a walk, with events that are now and then too easy."""
    wave = {"kind": "sum", "of": [{"kind": "sine", "period": 83.5}, {"kind": "normal", "std": 0.3}]}
    moved = {"kind": "shift", "by": {"kind": "uniform", "low": -shift, "high": shift}}
    return {
        "seed": seed,
        "variables": {
            "wave": {"kind": "stochastic", "normal": wave, "anomalous": moved},
            "walk": {
                "kind": "stochastic",
                "normal": {"kind": "random_walk", "std": 0.02},
                "anomalous": {"kind": "noise", "std": 0.02},
            },
        },
        "anomalies": [{"frequency": share, "duration": [3, 40], "difficulty": "nontrivial"} | more],
    }


# The reference judges a draw in 20 ms, and may need 64 of them for an event.
@settings(max_examples=max(settings.default.max_examples // 4, 1))
@given(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0.002, 0.02]),
    st.floats(0.1, 3.0),
    st.one_of(st.integers(0, 12_000), st.sampled_from([2**40 + 3, 2**64 - 1 - 5000])),
)
def test_equals_the_reference(seed: int, share: float, shift: float, start: int) -> None:
    spec = a_spec(seed, share, shift)
    columns, y, events = generator.generate(spec, start, 400)
    made = generated(spec, start, 400)
    assert_same_values(made, Rows(columns, y, events))
    assert made.events == events


@given(st.integers(0, 2**32), st.integers(0, 3000), st.integers(1, 2000))
def test_slices_and_longer_runs_agree(seed: int, start: int, rows: int) -> None:
    """Several kinds in a slot, some of which must not be trivial, some decoys, some as they fall; listed ones too."""
    spec = a_spec(seed, 0.02, 1.0)
    spec["anomalies"] += [
        {"name": "long", "frequency": 0.05, "duration": [100, 150], "gap": 7, "values": {"walk": {"kind": "flatline"}}},
        {"name": "d", "frequency": 0.01, "duration": 5, "decoy": True, "values": {"wave": 9.0}},
        {"name": "listed", "events": [[700, 720]]},
    ]
    whole, part = generated(spec, 0, 6000), generated(spec, start, rows)
    assert_same_values(whole[start : start + rows], part)
    touched = [e for e in whole.events if e[0] < start + rows and e[1] > start]
    assert part.events == touched
    plan = Plan(spec)
    everything = sorted([*plan.events(0, 6000)[0].tolist(), *plan.events(0, 6000, of="decoys")[0].tolist()])
    assert len(set(everything)) == len(everything)


@given(st.integers(0, 2**32), st.integers(0, 700), st.data())
def test_one_liners_equal_the_reference(seed: int, first: int, data: st.DataObject) -> None:
    """On noise, waves, constants, steps, missing values and infinities, near the ends and far from them."""
    rng = np.random.default_rng(seed)
    rows = data.draw(st.sampled_from([1, 130, 400, 12_000]))
    kind = data.draw(st.sampled_from(["noise", "wave", "steps", "constant", "odd"]))
    x = {
        "noise": rng.normal(0, 1, rows),
        "wave": np.sin(np.arange(rows) / 9.0),
        "steps": np.repeat(rng.integers(0, 4, rows // 30 + 1), 30)[:rows].astype(float),
        "constant": np.full(rows, 0.1),
        "odd": rng.choice([np.nan, np.inf, -np.inf, 1.0, 2.0, 3.5, 1e300], rows),
    }[kind]
    start = data.draw(st.integers(0, rows - 1))
    stop = data.draw(st.integers(start + 1, min(start + 700, rows)))
    changed = x.copy()
    changed[start:stop] = data.draw(st.sampled_from([x[start:stop] + 1.0, np.full(stop - start, 0.3), x[start:stop]]))
    # Rows below `first` are not there; the reference counts from 0, so the pieces lie where it has them.
    got = found_by_one_liners(0, x, changed, [(start, stop)])[0]
    expected = one_liner.found(changed, 0, start, stop, rows)
    assert list(expected) == one_liners()
    assert dict(zip(expected, got.tolist(), strict=True)) == expected


def test_no_event_that_a_one_liner_finds_survives() -> None:
    """Each is judged by the reference; without the demand, most are found."""
    wave = Stochastic(Sine(period=100) + Normal(0.0, 0.2), anomalous=Scale(Uniform(0.3, 1.8)))

    def found(difficulty: Any) -> tuple[float, int, int]:
        gen = Generator(
            {"x": wave}, anomalies=Anomaly(frequency=0.02, duration=(10, 80), difficulty=difficulty), seed=3
        )
        data = gen.generate(60_000)
        normal = Generator({"x": wave}, seed=3).generate(60_000 + HALO)["x"]
        hits = 0
        for event in data.events:
            low = max(event.start - HALO, 0)
            low -= low % one_liner.PIECE
            x = normal[low : event.stop + HALO].copy()
            if event.stop <= 60_000:
                x[event.start - low : event.stop - low] = data["x"][event.start : event.stop]
                hits += any(one_liner.found(x, low, event.start, event.stop, 2**63).values())
        return hits / len(data.events), len(data.events), len(data.left_out)

    share, events, left_out = found(None)
    assert share > 0.4
    assert left_out == 0
    hard, kept, missing = found("nontrivial")
    assert hard == 0.0
    assert abs(kept + missing - events) <= 1  # one may have moved out of the last row's slot
    assert kept > 0.8 * events


def test_what_is_always_found_is_left_out() -> None:
    gen = Generator(
        {"x": Stochastic(Normal(), anomalous=Shift(50.0))},
        anomalies=Anomaly(count=3, within=3000, duration=5, difficulty="nontrivial"),
    )
    data = gen.generate(9000)
    assert len(data.events) == 0
    assert len(data.left_out) == 9
    assert not data.y.any()
    assert (data["x"] == data.clean["x"]).all()
    assert data.left_out.names == ["anomaly"]


def test_the_end_of_a_recording_is_the_end_of_the_neighbourhood() -> None:
    rng = np.random.default_rng(0)
    spec = {
        "variables": {
            "x": {
                "kind": "recorded",
                "values": rng.normal(0, 1, 2500),
                "repeat": False,
                "anomalous": {"kind": "shift", "by": {"kind": "uniform", "low": 0.5, "high": 3.0}},
            }
        },
        "anomalies": [{"frequency": 0.05, "duration": [5, 20], "difficulty": "nontrivial"}],
    }
    columns, y, events = generator.generate(spec, 0, 2500)
    made = generated(spec, 0, 2500)
    assert_same_values(made, Rows(columns, y, events))
    assert made.events == events


def test_decoys_are_normal() -> None:
    wave = Stochastic(Sine(period=50) + Normal(0.0, 0.1), anomalous=Shift(3.0))
    anomalies = [
        Anomaly(frequency=0.02, duration=(5, 40)),
        Decoys(frequency=0.01, duration=(5, 40), values={"x": Shift(-3.0)}),
    ]
    data = Generator({"x": wave}, anomalies=anomalies, seed=1).generate(50_000)
    assert {event.name for event in data.events} == {"anomaly"}
    assert {event.name for event in data.decoys} == {"decoy"}
    at = np.zeros(len(data), bool)
    for event in data.decoys:
        at[event.start : event.stop] = True
    assert 0.005 < at.mean() < 0.015
    assert not data.y[at].any()
    assert not data.labels[at].any()
    assert (data.event[at] == -1).all()
    assert (data["x"][at] < -0.9).all()
    assert (data.clean["x"][at] == data["x"][at]).all()
    assert (data.clean["x"] != data["x"]).sum() == data.y.sum()
    counted = data.generator.generate(normal=30_000, anomalous=200)
    assert counted.y.sum() == 200
    assert len(counted) == 30_200
    again = Generator.from_spec(data.generator.to_spec())
    assert (again.generate(1000)["x"] == data["x"][:1000]).all()


def test_uniqueness_and_functions_are_refused() -> None:
    from paranom_rs import Soft, Uniqueness

    hard = Anomaly(frequency=0.01, difficulty="nontrivial")
    noise = Stochastic(Normal(), anomalous=Uniform(0.0, 1.0))
    with pytest.raises(SpecError, match=r"anomalies\[0\].difficulty: must go with rules, but \"f\" calls a function"):
        Generator({"f": Callback(normal=lambda ctx: 0.0, anomalous=lambda ctx: 1.0)}, anomalies=hard)
    with pytest.raises(SpecError, match="uniqueness: must go without difficulty"):
        Generator({"x": noise}, anomalies=hard, uniqueness=Uniqueness(normal=Soft(tries=2)))
    with pytest.raises(SpecError, match="uniqueness: must go without decoys"):
        Generator({"x": noise}, anomalies=Decoys(frequency=0.01), uniqueness=Uniqueness(normal=Soft(tries=2)))
    with pytest.raises(SpecError, match=r"difficulty: must be nontrivial"):
        Generator({"x": noise}, anomalies=Anomaly(frequency=0.01, difficulty="hard"))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"difficulty: must go with frequency or count"):
        Generator({"x": noise}, anomalies=Anomaly(events=[(3, 5)], difficulty="nontrivial"))


def test_recorded_labels_are_kept_clear_of() -> None:
    rng = np.random.default_rng(1)
    labels = [(100, 130), (900, 950)]
    recording = Recorded(rng.normal(0, 1, 2000), anomalous=Shift(Uniform(0.2, 2.0)), labels=labels)
    hard = Anomaly(frequency=0.1, duration=(5, 30), difficulty="nontrivial")
    data = Generator({"x": recording}, anomalies=hard).generate(20_000)
    spans = sorted((event.start, event.stop) for event in data.events)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))
    assert {event.name for event in data.events} == {"anomaly", "recorded"}
