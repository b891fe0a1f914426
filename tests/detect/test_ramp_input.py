"""RAMP's units, names of channels, arrays of every layout, and states that load and then fail."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from test_ramp_state import STATE, sealed

from paranom_rs import RAMP, SpecError, StateError, StreamingMatrixProfile

SMALL = {"window": 3, "reference": 100, "threshold": 1.0}


@pytest.mark.parametrize("scale", ["std", "mad"])
@pytest.mark.parametrize("offset", [2.0**30, 2.0**40, 2.0**42, -(2.0**42)])
def test_an_exact_offset_changes_no_bit(scale: str, offset: float) -> None:
    u = np.round(np.random.default_rng(0).normal(size=400) * 102_400) / 1024
    assert ((u + offset) - offset == u).all()
    scores = [RAMP(1, scale=scale, **SMALL).score((u + shift)[:, None]).score for shift in (0.0, offset)]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("scale", ["std", "mad", "relative"])
def test_a_silent_channel_that_wakes_has_the_unit_1(scale: str) -> None:
    x = np.zeros((200, 1))
    x[150:] = 0.1 + 0.2 - 0.3
    assert RAMP(1, scale=scale, **SMALL).score(x).score[160] == pytest.approx(2**-54, rel=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(">f8"),
        np.asfortranarray,
        lambda x: x[::-1].copy()[::-1],
        lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view("f8").reshape(x.shape),
        lambda x: x.astype(np.longdouble),
    ],
)
def test_arrays_of_every_layout_are_taken(change) -> None:
    X = np.random.default_rng(1).normal(size=(200, 2))
    want, given = RAMP(2, **SMALL).score(X).score, change(X)
    np.testing.assert_array_equal(RAMP(2, **SMALL).score(given).score, want)
    ramp = RAMP(2, **SMALL)
    np.testing.assert_array_equal([d.score for d in map(ramp.update, given) if d], want[102:])
    stream, other = StreamingMatrixProfile(5, 50), StreamingMatrixProfile(5, 50)
    np.testing.assert_array_equal(stream.update_many(given[:, 0]), other.update_many(X[:, 0]))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_other_names_are_refused(library: str) -> None:
    module = pytest.importorskip(library)
    X = np.random.default_rng(2).normal(size=(200, 2))
    make = module.table if library == "pyarrow" else module.DataFrame
    table, swapped = make({"a": X[:, 0], "b": X[:, 1]}), make({"b": X[:, 1], "a": X[:, 0]})
    ramp = RAMP(2, **SMALL)
    np.testing.assert_array_equal(ramp.score(table).score, RAMP(2, **SMALL).score(X).score)
    ramp = RAMP.from_bytes(ramp.to_bytes())
    assert list(ramp.feature_names_in_) == ["a", "b"]
    before = ramp.to_bytes()
    for call in (ramp.score, lambda x: ramp.update_many(x, [1] * 200), lambda x: ramp.calibrate(x, quantile=0.9)):
        with pytest.raises(SpecError, match=r"X\.columns: must be a, b, in this order, got .*b, a"):
            call(swapped)
    assert ramp.to_bytes() == before


def test_a_refused_first_sample_leaves_river_as_it_was() -> None:
    pytest.importorskip("river")
    from paranom_rs.connect.river import RiverRAMP

    model = RiverRAMP(window=2, reference=8)
    with pytest.raises(TypeError, match=r"x\['s'\]: must be a number"):
        model.learn_one({"a": 1.0, "s": "red"})
    assert model.ramp is None
    model.learn_one({"a": 1.0})
    assert list(model.feature_names_in_) == ["a"]


@pytest.mark.parametrize("seed", range(8))
def test_what_loads_works_and_saves(seed: int) -> None:
    """Flipped, overwritten and resealed bytes: refused, or a detector that goes on, takes feedback, saves and loads."""
    rng, words = np.random.default_rng(seed), [0, 1, 2**64 - 1, 2**62 - 1, 2**63, 0x7FF8 << 48, 0x7FF0 << 48]
    infer = RAMP(2, window=3, reference=12, threshold=0.5, processes="infer")
    infer.score(rng.normal(size=(40, 2)))
    infer.add_process()
    infer.score(rng.normal(size=(30, 2)))
    starts = [STATE, infer.to_bytes()]
    for trial in range(300):
        payload = bytearray(starts[trial % 2][24:-8])
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(0, len(payload) - 8))
            if rng.random() < 0.5:
                payload[at] ^= 1 << int(rng.integers(8))
            else:
                payload[at : at + 8] = struct.pack("<Q", words[rng.integers(len(words))])
        try:
            ramp = RAMP.from_bytes(sealed(bytes(payload)))
        except StateError:
            continue
        if ramp.n_features > 50:
            continue
        key = None if ramp.settings["processes"] == "infer" else ramp.processes[0]
        for x in rng.normal(size=(20, ramp.n_features)):
            if ramp.settings["nan_policy"] == "raise":
                break
            found = ramp.update(x, key)
            if found is not None:
                assert found.start == found.time - ramp.window + 1
                ramp.feedback(true_positives=[found.time], process=key)
        again = ramp.to_bytes()
        assert RAMP.from_bytes(again).to_bytes() == again


def test_keys_and_the_command_line_go_by_name(tmp_path, capsys) -> None:
    from paranom_rs.cli import main
    from paranom_rs.connect.keyed import KeyedRAMP

    X = np.random.default_rng(3).normal(size=(160, 2)) * [1, 100]
    state = KeyedRAMP(["a", "b"], **SMALL).new().to_bytes()
    with pytest.raises(SpecError, match="names: must be a, b, in this order"):
        KeyedRAMP(["b", "a"], **SMALL).load(state)
    found = {}
    for order in ("ab", "ba"):
        for rows, name in ((X[:120], "first"), (X[120:], "second")):
            columns = rows if order == "ab" or name == "first" else rows[:, ::-1]
            header = "a,b" if order == "ab" or name == "first" else "b,a"
            np.savetxt(tmp_path / f"{name}.csv", columns, "%.17g", ",", header=header, comments="")
            assert main(["detect", str(tmp_path / f"{name}.csv"), "--state", str(tmp_path / order)]) == 0
            found[order] = capsys.readouterr().out
    assert found["ab"] == found["ba"]


def test_a_detector_with_all_settings_learns_like_any_other():
    X = np.sin(np.arange(900.0) / 7)[:, None] + 0.1 * np.random.default_rng(0).normal(size=(900, 1))
    given = RAMP(1, window=20, reference=600).fit(X)
    assert np.array_equal(given.decision_function(X), RAMP(window=20, reference=600).fit(X).decision_function(X))
    assert given.update(X[0]) is None
