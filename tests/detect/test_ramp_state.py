"""Saved detectors: checked, versioned, safe to load from anyone. And every bad argument is refused by name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP, ParanomError, SpecError, SpecTypeError, StateError
from paranom_rs.detect.ramp import Kernel, Mode, NanPolicy, Refresh, Scale, TrainOn
from paranom_rs.detect.ramp_replay import replay

SETTINGS = {"n_features": 2, "window": 3, "reference": 12, "threshold": 0.5}


def trained(**more) -> RAMP:
    X = np.random.default_rng(0).normal(size=(80, 2))
    ramp = RAMP(**SETTINGS | more)
    ramp.score(X)
    ramp.feedback(true_positives=[79], false_positives=[78])
    ramp.update([1.0, 2.0], process="filling")
    return ramp


STATE = trained(refresh="sliding").to_bytes()


def sealed(payload: bytes, version: int = 3) -> bytes:
    """Bytes with a right length and checksum around a payload."""
    body = b"parnRAMP" + struct.pack("<QQ", version, len(payload)) + payload
    total = 0xCBF29CE484222325
    for byte in body:
        total = ((total ^ byte) * 0x100000001B3) % 2**64
    return body + struct.pack("<Q", total)


def test_the_test_can_seal() -> None:
    assert sealed(STATE[24:-8]) == STATE
    assert RAMP.from_bytes(STATE).to_bytes() == STATE


@given(st.integers(0, len(STATE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(at: int, by: int) -> None:
    data = bytearray(STATE)
    data[at] ^= by
    with pytest.raises(StateError):
        RAMP.from_bytes(bytes(data))


@given(st.integers(0, len(STATE) - 1))
def test_cut_bytes_are_found(length: int) -> None:
    for data in (STATE[:length], sealed(STATE[24 : 24 + length][: len(STATE) - 33])):
        with pytest.raises(StateError):
            RAMP.from_bytes(data)


@given(st.data())
def test_hostile_bytes_are_safe(data: st.DataObject) -> None:
    """With a right checksum around them: an error of ours, or a detector that works."""
    payload = bytearray(STATE[24:-8])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 8))
        word = data.draw(st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7, b"\0\0\0\0\0\0\xf8\x7f"]))
        one = data.draw(st.binary(min_size=1, max_size=8))
        new = data.draw(st.sampled_from([word, one]))
        payload[at : at + len(new)] = new
    try:
        ramp = RAMP.from_bytes(sealed(bytes(payload)))
    except StateError:
        return
    for process in ramp.processes[:3]:
        width = ramp.n_features
        if width < 100 and ramp.settings["processes"] != "infer":
            for x in np.random.default_rng(1).normal(size=(40, width)):
                d = ramp.update(x, process)
                assert d is None or not np.isnan(d.score)
    ramp.to_bytes()


def test_records_of_the_future_are_refused() -> None:
    """They would never be forgotten, and fill more than the reference."""
    record, clock = STATE.rindex(struct.pack("<QQ", 79, 77)), 24 + 87  # time and step; behind the settings and names
    data = bytearray(STATE)
    assert data[clock : clock + 8] == bytes(8)
    data[clock : clock + 8] = struct.pack("<Q", 1 << 40)
    data[record : record + 8] = struct.pack("<Q", 1 << 39)
    with pytest.raises(StateError, match="too large"):
        RAMP.from_bytes(sealed(bytes(data[24:-8])))


@pytest.mark.parametrize("step", [0, 11, 80, 1 << 61])
def test_steps_that_never_were_are_refused(step: int) -> None:
    """K follows them: it would leave its range."""
    at = STATE.rindex(struct.pack("<QQ", 79, 77)) + 8
    data = bytearray(STATE)
    data[at : at + 8] = struct.pack("<Q", step)
    with pytest.raises(StateError, match=r"windows out of order|a count too large"):
        RAMP.from_bytes(sealed(bytes(data[24:-8])))


def test_versions_are_named() -> None:
    with pytest.raises(StateError, match="RAMP state 4 is not supported: this version of paranom_rs knows"):
        RAMP.from_bytes(sealed(STATE[24:-8], version=4))
    for other in (b"", b"parnRAMP", b"x" * 100):
        with pytest.raises(StateError):
            RAMP.from_bytes(other)
    with pytest.raises(TypeError, match="data: must be bytes"):
        RAMP.from_bytes("text")


def test_author_mode_is_saved_however_far_its_weights_have_sunk() -> None:
    """A trend sinks them below the smallest float, and the program's H becomes infinite or undefined."""
    X = np.random.default_rng(0).uniform(-1, 1, (355, 2)) + 0.1 * np.arange(355)[:, None]
    ramp = RAMP(2, window=3, reference=85, threshold=1.0, mode="author")
    for stretch in np.split(X, range(100, 355, 20)):
        ramp.score(stretch)
        assert RAMP.from_bytes(ramp.to_bytes()).to_bytes() == ramp.to_bytes()


def test_files(tmp_path: Path) -> None:
    ramp = trained()
    ramp.save(tmp_path / "pümp.ramp")
    assert RAMP.load(tmp_path / "pümp.ramp").to_bytes() == ramp.to_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["pümp.ramp"]


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("mode", Mode), ("scale", Scale), ("refresh", Refresh), ("nan_policy", NanPolicy), ("kernel", Kernel),
        ("train_on", TrainOn),
    ],
)  # fmt: skip
def test_python_and_the_core_name_the_same_choices(name: str, choices: Any) -> None:
    names = ", ".join(f'"{choice}"' for choice in get_args(choices))
    with pytest.raises(SpecError, match=f"^{name}: must be one of {names}, got 'x'$"):
        RAMP(**SETTINGS, **{name: "x"})


def test_settings_make_the_same_detector() -> None:
    ramp = RAMP(**SETTINGS, refresh="clean", scale="mad", min_gap=3, release=0.5, processes=["b", "a"])
    assert RAMP(**ramp.settings).to_bytes() == ramp.to_bytes()
    assert "reference=12" in repr(ramp)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 12}, r"window: must be less than reference \(12\), got 12"),
        ({"window": 1}, "window: must be from 2 to"),
        ({"window": -3}, "window: must be a count"),
        ({"n_features": 0}, "n_features: must be from 1"),
        ({"reference": 2**40}, "reference: must be from 3"),
        ({"n_features": 2**20, "reference": 2**20}, "reference: must be at most"),
        ({"threshold": 0}, "threshold: must be > 0"),
        ({"threshold": -1.5}, "threshold: must be > 0.*got -1.5"),
        ({"threshold": float("nan")}, "threshold: must be > 0.*got NaN"),
        ({"threshold": float("inf")}, "threshold: must be > 0"),
        ({"bias": 0.0}, "bias: must be finite and > 0"),
        ({"bias": float("inf")}, "bias: must be finite"),
        ({"p_limit": 1.5}, "p_limit: must be from 0 to 1, got 1.5"),
        ({"release": 0}, "release: must be > 0"),
        ({"max_weights": 0}, "max_weights: must be from 1"),
        ({"mode": "paper"}, 'mode: must be one of "default", "author", got \'paper\''),
        ({"scale": "z"}, "scale: must be one of"),
        ({"refresh": 3}, "refresh: must be one of"),
        ({"nan_policy": "drop"}, "nan_policy: must be one of"),
        ({"kernel": "box"}, "kernel: must be one of"),
        ({"train_on": "never"}, "train_on: must be one of"),
        ({"processes": "guess"}, "processes: must be one of"),
        ({"processes": []}, "processes: must name a process"),
        ({"processes": ["a", "a"]}, "processes: must be named once"),
        ({"mode": "author", "refresh": "sliding"}, "refresh: must be"),
        ({"threshold": 1e300}, "threshold: must be > 0.*got 1e300"),
        ({"threshold": 10**400}, "threshold: must fit into a float, got 1000"),
        ({"min_gap": 2**60}, "min_gap: must be from 0"),
        ({"scale": ""}, "scale: must be one of.*got ''"),
        ({"kernel": 0}, "kernel: must be one of"),
        ({"train_on": False}, "train_on: must be one of"),
        ({"processes": [2**70]}, r"processes\[0\]: must fit into 64 bits"),
    ],
)
def test_settings_are_checked(change: dict, message: str) -> None:
    """D16."""
    with pytest.raises(SpecError, match=message):
        RAMP(**SETTINGS | change)


@pytest.mark.parametrize(
    "change",
    [
        {"reference": 12.5},
        {"reference": "12"},
        {"n_features": True},
        {"threshold": "x"},
        {"threshold": True},
        {"bias": None},
        {"min_gap": 1.5},
        {"processes": 5},
        {"processes": b"infer"},
        {"processes": [None]},
    ],
)
def test_types_are_checked(change: dict) -> None:
    with pytest.raises(SpecTypeError, match=next(iter(change))):
        RAMP(**SETTINGS | change)


def test_samples_are_checked() -> None:
    ramp = trained()
    before = ramp.to_bytes()
    for call, error, message in [
        (lambda: ramp.update([1.0]), ValueError, "x: must have n_features = 2 values, got 1"),
        (lambda: ramp.update([[1.0, 2.0]]), ValueError, "x.ndim: must be 1: one sample, got 2"),
        (lambda: ramp.update(["a", "b"]), TypeError, "x: must hold real numbers"),
        (lambda: ramp.update([1j, 2]), TypeError, "x: must hold real numbers"),
        (lambda: ramp.update([[1], [2, 3]]), ValueError, "x: must be one sample, an array of numbers"),
        (lambda: ramp.score_next([1, 2, 3]), ValueError, "x: must have n_features = 2 values, got 3"),
        (lambda: ramp.score([[1, 2], [3]]), ValueError, "X: must be an array of numbers"),
        (lambda: ramp.score(np.zeros((3, 5))), ValueError, r"X.shape\[1\]: must have n_features = 2"),
        (lambda: ramp.score(np.zeros(3)), ValueError, "X.ndim: must be 2, got 1"),
        (lambda: ramp.score([["a", "b"]]), TypeError, "X: must hold real numbers"),
        (lambda: ramp.update_many(np.zeros((3, 2)), ["a"]), ValueError, "processes: must have one name per row"),
        (lambda: ramp.update_many(np.zeros((1, 2)), ["a"], threads=0), ValueError, "threads"),
        (lambda: ramp.update_many(np.zeros((1, 2)), ["a"], threads=-1), ValueError, "threads: must be >= 1, got -1"),
        (lambda: ramp.update_many(np.zeros((1, 2)), ["a"], threads="2"), TypeError, "threads: must be a whole number"),
        (
            lambda: ramp.update_many(np.zeros((2, 2)), "ab"),
            TypeError,
            "processes: must be a sequence of names, got str",
        ),
        (lambda: ramp.update_many(np.zeros((2, 2)), 5), TypeError, "processes: must be a sequence of names, got int"),
        (
            lambda: ramp.update_many(np.zeros((1, 2)), np.array([2**63], np.uint64)),
            ValueError,
            r"processes\[0\]: must fit into 64 bits",
        ),
        (lambda: ramp.feedback(true_positives=[80]), KeyError, "true_positives: 80 is not the time of a detection"),
        (lambda: ramp.feedback(false_positives=[67]), KeyError, "false_positives: 67 is forgotten"),
        (lambda: ramp.feedback(false_positives=[78, 3]), KeyError, "false_positives: 3 is forgotten"),
        (lambda: ramp.feedback(false_positives=[1.5]), TypeError, r"false_positives\[0\]: must be an int"),
        (lambda: ramp.feedback(false_positives=[-1]), ValueError, r"false_positives\[0\]: must be the time"),
        (lambda: ramp.feedback(false_positives=79), TypeError, "false_positives: must be a sequence, got int"),
        (lambda: ramp.feedback(true_positives=np.array([[79]])), TypeError, r"true_positives\[0\]: must be an int"),
        (lambda: ramp.undo(None), TypeError, "times: must be a sequence, got NoneType"),
        (lambda: setattr(ramp, "threshold", "high"), TypeError, "threshold: must be a float, got str"),
        (lambda: setattr(ramp, "threshold", -1.0), ValueError, "threshold: must be > 0"),
        (lambda: ramp.undo([500]), KeyError, "times: 500 is not"),
        (lambda: ramp.feedback(true_positives=[1], process="x"), KeyError, 'process: "x" is unknown'),
        (lambda: setattr(ramp, "threshold", -1), ValueError, "threshold"),
        (lambda: ramp.calibrate(np.zeros((5, 2)), quantile=0.9), ValueError, "X: must have at least reference"),
        (lambda: ramp.calibrate(np.full((50, 2), np.nan), quantile=0.9), ValueError, "X: must hold values"),
        (lambda: ramp.calibrate(np.zeros((50, 2)), quantile=2), ValueError, "quantile: must be from 0 to 1"),
        (lambda: ramp.calibrate(np.zeros((50, 2))), ValueError, "quantile: must be given alone"),
        (lambda: ramp.calibrate(np.zeros((50, 2)), quantile="x"), TypeError, "quantile: must be a number, got 'x'"),
        (
            lambda: ramp.calibrate(np.zeros((50, 2)), alarms_per_day=1, rows_per_day="y"),
            TypeError,
            "rows_per_day: must be a number, got 'y'",
        ),
        (lambda: ramp.add_process("filling"), ValueError, "key: must be the name of no process yet"),
    ]:
        with pytest.raises(error, match=message) as caught:
            call()
        assert isinstance(caught.value, ParanomError)
        assert ramp.to_bytes() == before


def test_a_key_is_refused_wherever_samples_come_without() -> None:
    """The error for an unknown one names those there are."""
    one, fixed = RAMP(**SETTINGS, processes="infer"), RAMP(**SETTINGS, processes=["a"])
    for call in (one.update, one.score_next):
        with pytest.raises(ValueError, match="process: must not be given"):
            call([1, 2], "b")
    with pytest.raises(ValueError, match="process: must not be given"):
        one.score(np.zeros((3, 2)), "b")
    with pytest.raises(KeyError, match='process: None is unknown; there are "a"'):
        fixed.score(np.zeros((3, 2)))
    with pytest.raises(KeyError, match='process: "b" is unknown; there are "a"'):
        fixed.score_next([1, 2], "b")


def test_masked_values_are_missing() -> None:
    X = np.random.default_rng(7).normal(size=(40, 2))
    hidden = np.ma.MaskedArray(X, mask=np.random.default_rng(8).random(X.shape) < 0.2)
    want = RAMP(**SETTINGS).score(hidden.filled(np.nan)).score
    np.testing.assert_array_equal(RAMP(**SETTINGS).score(hidden).score, want)
    ramp = RAMP(**SETTINGS)
    np.testing.assert_array_equal([d.score for d in map(ramp.update, hidden) if d], want[14:])


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        trained().save(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_other_dtypes_and_layouts_are_taken() -> None:
    X = np.random.default_rng(3).integers(0, 9, size=(60, 2))
    want = RAMP(**SETTINGS).score(X.astype(float)).score
    for Y in (X, X.astype(np.float32), X.astype(np.int8), X.tolist(), np.asfortranarray(X), X[::1, ::-1][:, ::-1]):
        np.testing.assert_array_equal(RAMP(**SETTINGS).score(Y).score, want)
    ramp = RAMP(**SETTINGS)
    rows = [ramp.update(x) for x in np.asfortranarray(X.astype(float))]  # strided samples
    np.testing.assert_array_equal([d.score for d in rows if d], want[14:])


def test_score_next_looks_without_touching() -> None:
    ramp = trained(refresh="sliding")
    for x in np.random.default_rng(4).normal(size=(30, 2)):
        before = ramp.to_bytes()
        guess = ramp.score_next(x)
        assert ramp.to_bytes() == before
        assert ramp.update(x).score == guess
    assert np.isnan(RAMP(**SETTINGS).score_next([0, 0]))


def test_detections_say_what_they_are() -> None:
    d = trained().update([0.5, 0.5])
    assert repr(d).startswith("Detection(is_anomaly=")
    assert d.process is None
    with pytest.raises(AttributeError):
        d.score = 1
    with pytest.raises(TypeError):
        type(d)()


def test_ctrl_c_stops_a_long_score_and_changes_nothing() -> None:
    import signal
    import threading

    ramp = RAMP(8, window=32, reference=2048, threshold=1.0)
    X = np.random.default_rng(5).normal(size=(200_000, 8))
    before = ramp.to_bytes()
    timer = threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ramp.score(X)
    assert ramp.to_bytes() == before


def test_ctrl_c_stops_a_long_replay() -> None:
    import signal
    import threading

    X = np.random.default_rng(5).normal(size=(8, 200_000))
    timer = threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        replay(X, window=32, reference=2048, threshold=1.0, bias=0.85)


@pytest.mark.parametrize("keys", [["one"], ["filling", "new", "x"]])
def test_ctrl_c_stops_update_many_and_changes_nothing(keys: list[str]) -> None:
    import signal
    import threading

    ramp = RAMP(8, window=32, reference=1024, threshold=1.0)
    X = np.random.default_rng(6).normal(size=(300_000, 8))
    ramp.update_many(X[:2000], ["one", "filling"] * 1000)
    before = ramp.to_bytes()
    timer = threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ramp.update_many(X, (keys * len(X))[: len(X)])
    assert ramp.to_bytes() == before
