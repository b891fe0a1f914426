"""AnomalyNet: network, features and generated anomalies as defined; streams, files, lists, refusals."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")

from paranom_rs import NotFittedError, SpecError, SpecTypeError, StateError, load_detector  # noqa: E402
from paranom_rs.deep import AnomalyNet  # noqa: E402
from paranom_rs.deep.anomaly_net import _change_of_windows  # noqa: E402
from paranom_rs.deep.change_net import Weights, context_of, layers_for, module, scorer, weights_of  # noqa: E402
from paranom_rs.deep.training_events import KINDS, with_events  # noqa: E402
from paranom_rs.detect import detector_file  # noqa: E402
from paranom_rs.detect.window_features import FEATURES, SIGNED, WindowFeatures, from_log, to_log  # noqa: E402
from reference import change_net as reference  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")
FAST: dict[str, Any] = {"window": 8, "steps": 6}


def waves(rows: int = 300, d: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(rows)[:, None]
    return np.sin(t / (3 + np.arange(d))) + 0.1 * rng.normal(size=(rows, d))


@pytest.fixture(scope="module")
def fitted() -> dict[int, AnomalyNet]:
    return {d: AnomalyNet(**FAST).fit(waves(d=d)) for d in (1, 2, 6)}


def drawn_weights(features: int, layers: int, seed: int) -> Weights:
    torch.manual_seed(seed)
    net = module(features, layers, {0: 0.5})
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(0, 0.3)
        net.low.fill_(-1.0)
        net.high.fill_(1.5)
    return weights_of(net)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 40))
@settings(deadline=None, max_examples=15)
def test_the_network_is_its_definition(seed: int, layers: int, rows: int) -> None:
    weights = drawn_weights(5, layers, seed)
    x = np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)
    found = weights.outputs(x)
    wanted = [reference.output(weights, x, row) for row in range(rows)]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    # And so is that of torch, with which it is trained.
    with torch.no_grad():
        by_torch = scorer(weights)(torch.from_numpy(x.T[None].copy()))[0].numpy()
    np.testing.assert_allclose(from_log(found), by_torch, rtol=1e-3, atol=1e-3)
    # A row's bits come from the rows that it looks at.
    start = max(rows - 1 - context_of(layers), 0)
    assert weights.outputs(x[start:])[-1] == found[-1]


@given(st.integers(0, 2**31), st.integers(4, 12))
@settings(deadline=None, max_examples=10)
def test_features_are_their_definition(seed: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    normal, rows = rng.normal(size=(60, 1)), rng.normal(size=(25, 1))
    found = WindowFeatures(normal, window)(rows)
    assert found.shape == (25, len(FEATURES) + len(SIGNED))
    known = [k for k in range(found.shape[1]) if k != FEATURES.index("not explained")]
    for row in (0, 1, window - 2, window - 1, 20, 24):
        wanted = reference.features(normal, rows, row, window)
        np.testing.assert_allclose(found[row, known], wanted, rtol=1e-4, atol=1e-5)


def test_components_leave_nothing_of_normal_windows() -> None:
    t = np.arange(200)[:, None]
    for d in (1, 2, 6):
        wave = np.sin(t / 5 + np.arange(d))
        left = WindowFeatures(wave, 20).components.residuals(wave[:60], 20)
        # A tenth of the variance may be left, of d channels.
        assert left.max() < 0.5 * max(d if d > 4 else 1, 1)
        odd = wave[:60].copy()
        odd[30:40] *= -1
        assert WindowFeatures(wave, 20).components.residuals(odd, 20).max() > 1.5 * left.max()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_changes_rows_and_nothing_else(kind: str) -> None:
    rows = waves(400, 3).cumsum(axis=0) / 5
    rows[50:55, 1] = np.nan
    rows[70] = np.nan
    values, change = with_events(rows, 3, (kind,))
    assert values.shape == change.shape == rows.shape
    assert 0.03 < (change != 0).any(axis=1).mean() < 0.7
    assert not np.isnan(change).any()
    again = with_events(rows, 3, (kind,))
    assert np.array_equal(again.values, values, equal_nan=True)
    # Decoys are not counted as change: some rows differ that the change does not tell of.
    differs = np.nan_to_num(values - rows) != 0
    assert (differs | (change == 0)).all()


@given(st.integers(0, 2**31), st.sampled_from([1, 3, 6]), st.integers(2, 20))
@settings(deadline=None, max_examples=15)
def test_the_target_is_the_change_of_a_window(seed: int, d: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    clean = rng.normal(size=(30, d))
    found = clean + rng.normal(size=(30, d)) * (rng.random((30, 1)) < 0.3)
    got = _change_of_windows(found - clean, window)
    for row in (0, 5, 29):
        assert got[row] == pytest.approx(reference.change(clean, found, row, window), abs=1e-9)
    np.testing.assert_allclose(from_log(to_log(np.array([0.0, 1e-3, 7.0]))), [0.0, 1e-3, 7.0], rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 6])
def test_a_stream_gives_the_bits_of_a_batch(d: int, fitted: dict[int, AnomalyNet]) -> None:
    detector, X = copy.deepcopy(fitted[d]), waves(80, d, seed=2)
    X[20, 0] = np.nan
    X[30] = np.nan
    wanted = detector.decision_function(X, causal=True)
    for _ in range(2):
        assert [detector.update(x) for x in X] == wanted.tolist()
        detector.restart()
    # A slice is a series by itself: after its first window, the scores are those of the whole.
    first = detector.window_ - 1
    assert (detector.decision_function(X[5:], causal=True)[first:] == wanted[5 + first :]).all()
    changed = X.copy()
    changed[60:] = 50
    assert (detector.decision_function(changed, causal=True)[:60] == wanted[:60]).all()
    assert detector.decision_function(changed, causal=True)[70] > 10 * wanted[:60].max()


@pytest.mark.parametrize("d", [1, 6])
def test_saved_loaded_pickled_in_mid_stream(d: int, fitted: dict[int, AnomalyNet], tmp_path: Path) -> None:
    detector, X = copy.deepcopy(fitted[d]), waves(70, d, seed=4)
    for x in X[:45]:
        detector.update(x)
    detector.save(tmp_path / "detector")
    others = [load_detector(tmp_path / "detector"), pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)]
    wanted = [detector.update(x) for x in X[45:]]
    for other in others:
        assert isinstance(other, AnomalyNet)
        assert [other.update(x) for x in X[45:]] == wanted
        assert (other.decision_function(X) == detector.decision_function(X)).all()
        assert (other.labels_ == detector.labels_).all()
        assert other.explain(X, 30) == detector.explain(X, 30)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_a_forged_file_holds_is_checked(data: Any, fitted: dict[int, AnomalyNet]) -> None:
    state = detector_file.unpack(fitted[2].to_bytes())
    arrays, values = dict(state.arrays), {**state.values, "own": dict(state.values["own"])}
    key = data.draw(st.sampled_from(sorted(arrays)))
    bad = [np.zeros((0, 2)), np.zeros(3), np.full(arrays[key].shape, np.nan), arrays[key][:1], arrays[key] * 1e300]
    if data.draw(st.booleans()):
        arrays[key] = data.draw(st.sampled_from(bad))
    else:
        values["own"]["length"] = data.draw(st.sampled_from([None, -1, 0, 3, 2**62, 1.5, "x"]))
    forged = detector_file.pack(detector_file.DetectorState("AnomalyNet", state.parameters, values, arrays))
    with np.errstate(all="ignore"):
        try:
            detector = AnomalyNet.from_bytes(forged)
        except StateError:
            return
        assert len(detector.decision_function(np.zeros((40, 2)))) == 40


def test_the_same_seed_gives_the_same_network(fitted: dict[int, AnomalyNet]) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = AnomalyNet(**FAST).fit(waves())
    assert torch.equal(torch.get_rng_state(), before)
    assert again.to_bytes() == fitted[2].to_bytes()
    other = AnomalyNet(**FAST, random_state=1).fit(waves())
    assert (other.decision_function(waves()) != again.decision_function(waves())).any()


def test_training_brings_estimates_nearer_to_the_change() -> None:
    """On anomalies that it was not trained on, in other normal rows."""
    train, other = waves(600, 1), waves(600, 1, seed=1)
    values, change = with_events((other - train.mean(axis=0)) / train.std(axis=0), 99)
    wanted = _change_of_windows(change, 16)
    errors = []
    for steps in (0, 150):
        detector = AnomalyNet(steps=steps, window=16).fit(train)
        rows = values * train.std(axis=0) + train.mean(axis=0)
        errors.append(np.abs(to_log(detector.decision_function(rows, causal=True)) - wanted)[15:].mean())
    assert errors[1] < 0.9 * errors[0]


def test_lists_of_series_labels_and_the_twin() -> None:
    series = [waves(200), waves(150, seed=1)]
    labels = [np.zeros(200, int), np.zeros(150, int)]
    labels[0][50:55] = 1
    detector = AnomalyNet(**FAST, twin=True).fit(series, labels)
    assert detector.decision_scores_.shape == (350,)
    assert np.isnan(detector.decision_scores_[50:55]).all()
    assert [len(x) for x in detector.decision_function(series)] == [200, 150]


def test_few_rows_constant_channels_and_missing_values() -> None:
    X = waves(64, 3)
    X[:, 1] = 7.0
    X[3, 0] = np.nan
    detector = AnomalyNet(steps=3).fit(X)
    for rows in (0, 1, 5, 63):
        for causal in (False, True):
            scores = detector.decision_function(X[:rows], causal)
            assert scores.shape == (rows,)
            assert np.isfinite(scores).all()
    X[40:50, 1] = 8.0
    assert detector.decision_function(X)[45] > detector.decision_function(X)[20]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"steps": -1}, "steps"),
        ({"window": 1}, "window"),
        ({"twin": 1}, "twin"),
        ({"device": ""}, "device"),
        ({"device": 3}, "device"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_refused_settings(settings: dict[str, Any], path: str) -> None:
    with pytest.raises((SpecError, SpecTypeError)) as error:
        AnomalyNet(**settings)
    assert error.value.path == path


def test_refused_calls_change_nothing(fitted: dict[int, AnomalyNet]) -> None:
    detector = copy.deepcopy(fitted[2])
    before = detector.to_bytes()
    with pytest.raises(SpecError, match="at least 64 rows"):
        detector.fit(waves(63))
    with pytest.raises(SpecError) as error:
        AnomalyNet(**FAST, device="no such device").fit(waves())
    assert error.value.path == "device"
    with pytest.raises(SpecError):
        detector.update([np.inf, 0.0])
    assert detector.to_bytes() == before
    with pytest.raises(NotFittedError):
        AnomalyNet(**FAST).features(waves())
    with pytest.raises(NotFittedError):
        AnomalyNet().to_onnx("x.onnx")


def test_onnx(fitted: dict[int, AnomalyNet], tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    detector, X = fitted[2], waves(90, seed=6)
    detector.to_onnx(tmp_path / "net.onnx")
    session = runtime.InferenceSession((tmp_path / "net.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    seen = detector.features(X).T[None]
    assert detector.features(X[:0]).shape == (0, seen.shape[1])
    found = session.run(["score"], {"features": seen})[0][0]
    wanted = detector.decision_function(X, causal=True)
    np.testing.assert_allclose(found[7:], wanted[7:], rtol=1e-3, atol=1e-4)
    assert layers_for(8) == 4
    assert detector.window_ == 8 + 30


def test_the_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from paranom_rs.experiments import anomaly_net as experiment

    where = tmp_path / "tsbad" / "uni"
    where.mkdir(parents=True)
    X = waves(500, 1)
    X[400:420] += 4
    np.savez(where / "001_NAB_x.npz", X=X, y=(np.arange(500) // 20 == 20).astype(np.int8), train=200, window=20)
    assert {"no training", "without swap"} < set(experiment.variants())
    chosen = {"no training": ({"steps": 0}, None), "without spike": ({"steps": 3}, "spike")}
    monkeypatch.setattr(experiment, "variants", lambda: chosen)
    experiment.main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--seeds", "2", "--jobs", "1"])
    text = capsys.readouterr().out
    assert "| variant | TSB-AD, one channel: NAB | TSB-AD, one channel: mean |" in text
    # Nothing is drawn without training: two seeds are one.
    assert text.count(" ± 0.000") >= 2
    assert "without spike" in text
