"""LSTMAD: learns, tells, saves, streams, refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from paranom_rs.deep import LSTMAD, StreamingDetector  # noqa: E402
from paranom_rs.deep import state as saved  # noqa: E402
from paranom_rs.errors import SpecError, StateError  # noqa: E402
from paranom_rs.evaluate.thresholds import FBeta, Quantile  # noqa: E402

SMALL = {
    "horizon": 3,
    "hidden_size": 8,
    "num_layers": 2,
    "window": 50,
    "epochs": 12,
    "lr": 1e-2,
    "verbose": False,
}


def wave(n=800, d=1, seed=0):
    t = np.arange(n)[:, None] + 3 * np.arange(d)
    return np.sin(t / 3) + 0.05 * np.random.default_rng(seed).normal(size=(n, d))


def spoiled(n=800, d=1):
    X, y = wave(n, d, seed=1), np.zeros(n, int)
    for start in range(100, n, 150):
        y[start : start + 15] = 1
    return np.where(y[:, None] == 1, np.cos(np.arange(n) * 1.7)[:, None], X), y


@pytest.fixture(scope="module")
def fitted():
    return LSTMAD(**SMALL).fit(wave())


def test_it_is_surprised_by_what_does_not_follow(fitted):
    X, y = spoiled()
    scores = fitted.decision_function(X)
    assert scores.shape == (800,)
    assert roc_auc_score(y, scores) > 0.8
    assert (scores[:3] == scores.min()).all()
    assert fitted.labels_.mean() == pytest.approx(0.01, abs=0.04)
    assert fitted.history_["validation"][-1] < 0.7 * fitted.history_["validation"][0]


@pytest.mark.parametrize("seed", range(3))
def test_the_first_rows_of_a_series_are_ordinary_where_channels_are_constant(seed):
    silent = np.zeros((1200, 5))
    X = np.hstack([wave(1200, 2, seed=seed), silent])
    detector = LSTMAD(**SMALL | {"window": 30, "epochs": 5, "random_state": seed}).fit(X[:800])
    for start in range(800, 1100, 25):
        assert detector.predict(X[start:])[:30].mean() <= 0.2
    awake = X[800:].copy()
    awake[200:220, 4] = 1.0
    assert detector.predict(awake)[200:220].all()


@pytest.mark.parametrize("stuck", [slice(300, 450), slice(300, 800), slice(650, 700)])
def test_a_sensor_that_is_stuck_in_part_of_the_training_rows(stuck):
    X = wave(800, 3)
    X[stuck, 2] = X[stuck.start, 2]
    detector = LSTMAD(**SMALL).fit(X)
    assert detector.labels_.mean() <= 0.02


def test_labels_set_the_threshold_by_f_beta():
    X, y = spoiled()
    held = LSTMAD(**SMALL).fit(wave(), validation=(X, y))
    pred = held.predict(X)
    assert pred[y == 1].mean() > 0.15
    assert pred[y == 0].mean() < 0.02
    own = LSTMAD(**SMALL, threshold=FBeta(1.0)).fit(X, y)
    assert own.predict(X)[y == 1].mean() > 0.3


def test_several_series_that_do_not_continue_each_other():
    X, y = spoiled(d=2)
    det = LSTMAD(**SMALL).fit([X, wave(300, 2)], [y, np.zeros(300, int)], validation=wave(400, 2, seed=5))
    assert det.n_features_in_ == 2
    assert det.decision_scores_.shape == (1100,)
    assert (det.decision_scores_[800:] == det.decision_function(wave(300, 2))).all()


def test_missing_values():
    X = wave()
    X[200:204] = np.nan
    assert np.isfinite(LSTMAD(**SMALL).fit(X).decision_function(X)).all()


def test_save_load_clone(fitted, tmp_path):
    fitted.save(tmp_path / "det")
    again = LSTMAD.load(tmp_path / "det")
    assert np.array_equal(again.decision_function(wave()), fitted.decision_scores_)
    assert np.array_equal(again.labels_, fitted.labels_)
    assert again.get_params() == fitted.get_params() == clone(fitted).get_params()
    meta, arrays = saved.read(tmp_path / "det", "LSTMAD")
    for change in ({"num_layers": 3}, {"horizon": 4}, {"hidden_size": 9}, {"horizon": -1}):
        saved.write(tmp_path / "forged", "LSTMAD", {**meta, "params": meta["params"] | change}, arrays)
        with pytest.raises(StateError):
            LSTMAD.load(tmp_path / "forged")


def test_the_same_seed_gives_the_same_bits(fitted):
    assert np.array_equal(clone(fitted).fit(wave()).decision_scores_, fitted.decision_scores_)
    other = clone(fitted).set_params(random_state=1).fit(wave())
    assert not np.array_equal(other.decision_scores_, fitted.decision_scores_)


def test_a_resumed_run_ends_in_the_same_bits(fitted, tmp_path):
    model = clone(fitted)
    model.fit(wave(), checkpoint=tmp_path / "run")
    # The file holds the finished run: nothing is left to train, and the result is the same.
    again = clone(fitted).fit(wave(), checkpoint=tmp_path / "run")
    assert np.array_equal(again.decision_scores_, fitted.decision_scores_)
    assert again.history_ == model.history_


@pytest.mark.parametrize("d", [1, 3])
def test_a_stream_gets_the_scores_of_the_batch(d):
    det = LSTMAD(**{**SMALL, "epochs": 3}).fit(wave(d=d))
    X, _ = spoiled(300, d)
    stream = StreamingDetector(det)
    got = [stream.update(x) for x in X]
    warm = det.warm_up_
    assert got[:warm] == [None] * warm
    assert got[warm:] == pytest.approx(det.decision_function(X)[warm:], rel=1e-4, abs=1e-3)
    assert isinstance(StreamingDetector(det).update(np.full(d, np.nan)), type(None))


BAD = [
    ({}, [], None, None, "X: must have rows"),
    ({}, wave(4), None, None, "must have more held-out rows|longest run of normal rows"),
    ({}, wave(), np.ones(800, int), None, "must hold normal values|longest run"),
    ({}, wave(), np.zeros(7, int), None, "y: must have the rows of X, .*got .7"),
    ({}, [wave(), wave(d=2)], None, None, r"must be series of one number of features, got \[1, 2\]"),
    ({}, wave(), None, wave(d=2), "validation: must have the 1 features that the detector was fitted on, got 2"),
    ({"horizon": 0}, wave(), None, None, "horizon: must be >= 1, got 0"),
    ({"threshold": FBeta()}, wave(), None, None, "learns from labels"),
    ({"window": 0}, wave(), None, None, "window: must be >= 1, got 0"),
]


@pytest.mark.parametrize(("params", "X", "y", "validation", "says"), BAD, ids=[case[4][:25] for case in BAD])
def test_bad_input_is_named(params, X, y, validation, says):
    model = LSTMAD(**{**SMALL, **params})
    with pytest.raises(SpecError, match=says):
        model.fit(X, y, validation=validation)
    with pytest.raises(NotFittedError):
        model.predict(wave())


def test_bad_data_to_score(fitted):
    with pytest.raises(SpecError, match="X: must have the 1 features"):
        fitted.decision_function(wave(d=2))
    with pytest.raises(SpecError, match="got NaN only"):
        fitted.decision_function(np.full(50, np.nan))
    assert fitted.decision_function(np.zeros((0, 1))).shape == (0,)
    assert fitted.decision_function(np.zeros(2)).shape == (2,)


def test_any_rule_may_set_the_threshold():
    loose = LSTMAD(**SMALL, threshold=Quantile(0.5)).fit(wave())
    assert loose.labels_.mean() == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("d", "layers"), [(1, 1), (3, 2)])
def test_onnx_says_the_same(d, layers, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    det = LSTMAD(**{**SMALL, "epochs": 3, "num_layers": layers}).fit(5 + 3 * wave(d=d))
    det.to_onnx(tmp_path / "det.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["det.onnx"]
    session = runtime.InferenceSession(tmp_path / "det.onnx", providers=["CPUExecutionProvider"])
    for batch, rows in ((1, 4), (2, 50), (5, 301)):
        data = np.stack([5 + 3 * spoiled(rows, d)[0] + k for k in range(batch)]).astype(np.float32)
        (got,) = session.run(["score"], {"series": data})
        assert got == pytest.approx(np.stack([det.decision_function(x) for x in data]), rel=1e-3, abs=1e-3)


def test_long_series_are_scored_in_chunks(fitted, monkeypatch):
    X, _ = spoiled(500)
    whole = fitted.decision_function(X)
    for chunk in (1, 2, 7):
        monkeypatch.setattr("paranom_rs.deep.lstm_ad.CHUNK", chunk)
        assert fitted.decision_function(X) == pytest.approx(whole, rel=1e-3, abs=1e-3)


def test_memory_does_not_grow_with_the_error_vectors(fitted):
    # 30 numbers of float64 a row, were they all kept at once.
    x = np.zeros((200_000, 1))
    tracemalloc.start()
    try:
        fitted.decision_function(x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * x.nbytes


@pytest.mark.parametrize("given", ["labels", "none", "validation"])
def test_baselines_beside_the_score(given, capsys):
    X, y = spoiled()
    model = LSTMAD(**SMALL, validation_share=0.5)
    if given == "labels":
        model.fit(X, y, baselines=True)
    elif given == "validation":
        model.fit(wave(), validation=(X, y), baselines=True)
    else:
        model.fit(wave(), baselines=True)
    assert list(model.baselines_) == ["LSTMAD", "mean z-score", "PCA", "isolation forest"]
    assert all(0 <= v <= 1 for row in model.baselines_.values() for v in row.values())
    assert model.baselines_["LSTMAD"]["ROC AUC"] > 0.6
    said = capsys.readouterr().out
    assert all(name in said for name in model.baselines_)
    if given == "validation":
        # On the labelled rows themselves: what the fitted detector says of them.
        near = np.convolve(y, np.ones(SMALL["horizon"] + 1))[: len(y)] > 0
        tested = (y == 1) | ~near
        tested[: model.warm_up_] = False
        wanted = roc_auc_score(y[tested], model.decision_function(X)[tested])
        assert model.baselines_["LSTMAD"]["ROC AUC"] == pytest.approx(wanted)
    assert model.fit(wave()).baselines_ is None


def test_baselines_need_both_kinds_of_rows():
    with pytest.raises(SpecError, match="validation: must have enough rows"):
        LSTMAD(**SMALL).fit(wave(120), baselines=True)
