"""Files of deep detectors and of training runs, forged and damaged: a named error, or a detector that works."""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from safetensors.numpy import save  # noqa: E402

from paranom_rs import SpecError, StateError, load_detector  # noqa: E402
from paranom_rs.deep import LSTMAD, RNNAutoencoder, checkpoint, weights  # noqa: E402
from paranom_rs.detect import detector_file  # noqa: E402
from paranom_rs.detect.detector_file import DetectorState  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

QUICK = {"hidden_size": 3, "epochs": 1, "verbose": False, "device": "cpu", "num_layers": 1}
NASTY = [
    None, True, -1, 0, 1, 2, 3, 0.5, 10**9, 10**12, 2**62, 2**64, 10**30, 1e308, float("nan"), "x", "", [], {}, [1],
    {"a": 1}, [[]],
]  # fmt: skip
SHAPES = [(0,), (1,), (3,), (0, 2), (2, 0), (10**12, 0), (0, 10**12), (4, 2), (1, 1, 1), ()]


def wave(n=200, d=2):
    return np.sin(np.arange(n)[:, None] / (3 + np.arange(d))) + 0.01 * np.random.default_rng(0).normal(size=(n, d))


@pytest.fixture(scope="module")
def fitted():
    made = {
        "RNNAutoencoder": RNNAutoencoder(window=6, **QUICK).fit(wave()),
        "LSTMAD": LSTMAD(horizon=2, window=10, **QUICK).fit(wave()),
        "two": RNNAutoencoder(window=6, n_networks=2, cell="gru", variational=True, scoring_mode="both", **QUICK),
    }
    made["two"].fit(wave())
    for detector in made.values():
        for x in wave()[:9]:
            detector.update(x)
    return made


def mutated(rng: np.random.Generator, state: DetectorState) -> DetectorState:
    """A state with one thing in it that is not right."""
    parameters, values = copy.deepcopy(state.parameters), copy.deepcopy(state.values)
    arrays = dict(state.arrays)
    nasty = NASTY[rng.integers(len(NASTY))]

    def one(keys: Any) -> Any:
        keys = list(keys)
        return keys[rng.integers(len(keys))]

    what = rng.integers(8)
    if what == 0:
        parameters[one(parameters)] = nasty
    elif what == 1:
        values[one(values)] = nasty
    elif what == 2:
        values["own"] = {**values["own"], one(values["own"]): nasty}
    elif what == 3:
        arrays.pop(one(arrays))
    elif what == 4:
        arrays[one(arrays)] = np.zeros(SHAPES[rng.integers(len(SHAPES))], [np.float64, np.uint8][rng.integers(2)])
    elif what == 5:
        name = one(arrays)
        array = arrays[name].copy()
        if array.dtype == np.float64 and array.size:
            array.flat[rng.integers(array.size)] = [np.nan, np.inf, -1.0, 1e300][rng.integers(4)]
        arrays[name] = array
    elif what == 6:
        arrays["own.weights"] = forged_weights(rng, arrays["own.weights"])
    else:
        (values if rng.integers(2) else parameters).pop(one(values if rng.integers(2) else parameters), None)
    return DetectorState(state.detector, parameters, values, arrays)


def forged_weights(rng: np.random.Generator, data: np.ndarray) -> np.ndarray:
    """The bytes of a safetensors file with something wrong in its header or its numbers."""
    raw = data.tobytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    name = names[rng.integers(len(names))]
    what = rng.integers(7)
    if what == 0:
        header[name]["shape"] = [[10**12], [2**63], [-1], [0], [1, 1], ["x"], []][rng.integers(7)]
    elif what == 1:
        header[name]["dtype"] = ["F64", "F16", "BF16", "I8", "F8_E4M3", "X", 3][rng.integers(7)]
    elif what == 2:
        header[name]["data_offsets"] = [[0, 10**12], [10**12, 0], [0, 0], [-1, 4], []][rng.integers(5)]
    elif what == 3:
        header[name + "x"] = header.pop(name)
    elif what == 4:
        del header[name]
    elif what == 5:
        return np.frombuffer(raw[: rng.integers(len(raw))], np.uint8)
    else:
        body = bytearray(raw)
        at = rng.integers(len(body))
        body[at] ^= 1 << rng.integers(8)
        return np.frombuffer(bytes(body), np.uint8)
    text = json.dumps(header).encode()
    length_said = 10**12 if rng.integers(10) == 0 else len(text)
    return np.frombuffer(struct.pack("<Q", length_said) + text + raw[8 + length :], np.uint8)


@pytest.mark.parametrize("name", ["RNNAutoencoder", "LSTMAD", "two"])
def test_a_forged_file_is_refused_or_works(name, fitted, tmp_path):
    kind = type(fitted[name])
    state = detector_file.unpack(fitted[name].to_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(700):
        changed = mutated(rng, state)
        try:
            made = kind.from_bytes(detector_file.pack(changed))
        except StateError:
            refused += 1
            continue
        # What loads, works, goes on and is saved again.
        found = made.decision_function(wave(20, made.n_features_in_), causal=True)
        assert found.shape == (20,), number
        made.update(np.zeros(made.n_features_in_))
        kind.from_bytes(made.to_bytes())
        with contextlib.suppress(StateError, ValueError):
            made.explain(wave(60, made.n_features_in_), 59)
    assert refused > 300
    (tmp_path / "x").write_bytes(fitted[name].to_bytes())
    assert type(load_detector(tmp_path / "x")) is kind


@pytest.mark.parametrize("name", ["RNNAutoencoder", "LSTMAD"])
def test_a_damaged_file_is_refused(name, fitted):
    whole = fitted[name].to_bytes()
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(whole), 500).tolist():
        with pytest.raises(StateError):
            type(fitted[name]).from_bytes(whole[:at])
        with pytest.raises(StateError):
            type(fitted[name]).from_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_weights_that_are_none():
    shapes = {"a": (2, 3)}
    good = weights.pack([{"a": np.zeros((2, 3), np.float32)}])
    assert weights.unpack(good, shapes, 1)[0]["a"].shape == (2, 3)
    for bad, wanted in (
        (good, {"a": (10**12, 3)}),
        (good, {"a": (3, 2)}),
        (good, {"b": (2, 3)}),
        (good[:-1], shapes),
        (weights.pack([{"a": np.zeros((2, 3), np.float64)}]), shapes),
        (weights.pack([{"a": np.full((2, 3), np.nan, np.float32)}]), shapes),
        (np.frombuffer(save({"0.a": np.zeros((2, 3), np.float32), "c": np.zeros(1)}), np.uint8), shapes),
        (np.zeros(40), shapes),
    ):
        with pytest.raises((ValueError, KeyError)):
            weights.unpack(bad, wanted, 1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.safetensors"
    RNNAutoencoder(window=6, **{**QUICK, "epochs": 2}).fit(wave(), checkpoint=path)
    return path.read_bytes()


def test_forged_checkpoints_are_refused_or_resumed(run, tmp_path):
    net = RNNAutoencoder(window=6, **QUICK)
    net.n_features_in_ = 2
    module = net._net()
    rng = np.random.default_rng(2)
    path = tmp_path / "run"
    path.write_bytes(run)
    meta, arrays = checkpoint._whole(path)
    recipe = meta["recipe"]
    for _ in range(600):
        changed, kept = copy.deepcopy(meta), dict(arrays)
        what = rng.integers(6)
        nasty = NASTY[rng.integers(len(NASTY))]
        name = sorted(kept)[rng.integers(len(kept))]
        if what == 0:
            changed[sorted(changed)[rng.integers(len(changed))]] = nasty
        elif what == 1:
            changed["history"] = {**changed["history"], "train": nasty}
        elif what == 2:
            kept.pop(name)
        elif what == 3:
            kept[name] = np.zeros(SHAPES[rng.integers(len(SHAPES))], np.float32)
        elif what == 4:
            kept[name] = kept[name].astype(np.float64)
        else:
            kept[name] = np.full_like(kept[name], np.nan)
        text = json.dumps(changed)
        header = {"paranom_rs": checkpoint.FORMAT, "kind": "checkpoint", "meta": text}
        path.write_bytes(save(kept, metadata=header | {"sha256": checkpoint._checksum(text, kept)}))
        optimizer = torch.optim.Adam(module.parameters())
        before = {k: v.clone() for k, v in module.state_dict().items()}
        try:
            checkpoint.read(path, module, optimizer, recipe)
        except StateError:
            # A refused file changes nothing.
            assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())


def test_damaged_checkpoints_are_refused(run, tmp_path):
    path = tmp_path / "run"
    model = RNNAutoencoder(window=6, **{**QUICK, "epochs": 2})
    net = copy.copy(model)
    net.n_features_in_ = 2
    module = net._net()
    optimizer = torch.optim.Adam(module.parameters())
    rng = np.random.default_rng(3)
    for at in rng.integers(0, len(run), 400).tolist():
        for bad in (run[:at], run[:at] + bytes([run[at] ^ 4]) + run[at + 1 :]):
            path.write_bytes(bad)
            with pytest.raises(StateError):
                checkpoint.read(path, module, optimizer, {})
    path.write_bytes(struct.pack("<Q", 10**12) + run[8:])
    with pytest.raises(StateError, match="is no whole safetensors file"):
        model.fit(wave(), checkpoint=path)
    path.write_bytes(save({"x": np.zeros(1)}))
    with pytest.raises(StateError, match="was not written by paranom_rs"):
        model.fit(wave(), checkpoint=path)
    path.unlink()
    path.mkdir()
    with pytest.raises((StateError, OSError)):
        model.fit(wave(), checkpoint=path)


@pytest.mark.parametrize(
    ("detector", "change"),
    [
        (RNNAutoencoder(window=6, **QUICK), {"hidden_size": 7}),
        (RNNAutoencoder(window=6, **QUICK), {"cell": "gru"}),
        (RNNAutoencoder(window=6, **QUICK), {"n_networks": 2}),
        (RNNAutoencoder(window=6, **QUICK), {"window": 7}),
        (LSTMAD(window=10, **QUICK), {"horizon": 2}),
    ],
)
def test_no_file_is_written_that_could_not_be_read(detector, change):
    detector.fit(np.sin(np.arange(200.0) / 5)[:, None])
    before = detector.get_params()
    detector.set_params(**change)
    with pytest.raises(SpecError, match="fit again"):
        detector.to_bytes()
    detector.set_params(**{name: before[name] for name in change})
    type(detector).from_bytes(detector.to_bytes())
