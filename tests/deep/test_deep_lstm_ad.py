"""LSTMAD: learns, tells, saves, streams, refuses. `test_detectors.py` has what all detectors do."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from paranom_rs.deep import LSTMAD  # noqa: E402
from paranom_rs.errors import NotFittedError, SpecError  # noqa: E402
from paranom_rs.evaluate.thresholds import FBeta  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

SMALL = {
    "horizon": 3,
    "hidden_size": 8,
    "num_layers": 2,
    "window": 50,
    "epochs": 12,
    "lr": 1e-2,
    "verbose": False,
    "device": "cpu",
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
    assert (scores[: fitted.warm_up_] == fitted._floor).all()
    assert (scores == fitted.decision_function(X, causal=True)).all()
    assert fitted.labels_.mean() <= 0.02
    (history,) = fitted.history_
    assert history["validation"][-1] < 0.8 * history["validation"][0]


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
    assert detector.labels_.mean() <= 0.03


def test_labels_set_the_threshold_by_f_beta():
    X, y = spoiled()
    det = LSTMAD(**SMALL).fit(wave()).calibrate(X, y, threshold=FBeta(1.0))
    assert det.threshold_ == det.causal_threshold_
    assert det.predict(X)[y == 1].mean() > 0.3


def test_several_series_that_do_not_continue_each_other():
    X, y = spoiled(d=2)
    det = LSTMAD(**SMALL).fit([X, wave(300, 2)], [y, np.zeros(300, int)], validation=wave(400, 2, seed=5))
    assert det.n_features_in_ == 2
    assert det.decision_scores_.shape == (1100,)
    assert det.predict(wave(400, 2, seed=5)).mean() <= 0.02
    one = LSTMAD(**SMALL, n_networks=2).fit([X[:100], wave(300, 2), wave(150, 2)])
    assert [len(s) for s in one.decision_function([X[:90], X])] == [90, 800]


def test_missing_values():
    X = wave(d=2)
    X[200:204] = np.nan
    X[300:400, 1] = np.nan
    det = LSTMAD(**SMALL).fit(X)
    scores = det.decision_function(X)
    assert np.isfinite(scores).all()
    assert det.predict(X)[200:204].sum() == 0
    # Of a row without values nothing deviates: less than in any row that is there.
    assert (scores[201:204] <= np.median(scores)).all()
    assert np.isfinite(det.decision_function(np.full((50, 2), np.nan))).all()


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


def test_warm_start_goes_on(fitted):
    det = clone(fitted).set_params(warm_start=True).fit(wave())
    before = det.history_[0]["validation"][0]
    det.set_params(epochs=2, lr=1e-3).fit(wave(400, seed=8))
    assert det.history_[0]["validation"][0] < before


BAD = [
    ({}, wave(4), None, "X: must have at least 24 rows, got 4"),
    ({}, wave(), np.zeros(7, int), "y: must have 800 rows"),
    ({}, [wave(), wave(d=2)], None, r"X\[1\]: must have the 1 channels of X\[0\], got 2"),
    ({}, [wave(6)] * 9, None, "X: must hold a series of 7 rows or more, got 6"),
    ({}, wave(), np.tile([1, 0, 0], 267)[:800], "horizon: must be less than the longest run of normal rows"),
]


@pytest.mark.parametrize(("params", "X", "y", "says"), BAD, ids=[case[3][:25] for case in BAD])
def test_bad_input_is_named(params, X, y, says):
    model = LSTMAD(**{**SMALL, **params})
    with pytest.raises(SpecError, match=says):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(wave())


@pytest.mark.parametrize(("d", "layers", "networks"), [(1, 1, 1), (3, 2, 2)])
def test_onnx_says_the_same(d, layers, networks, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    det = LSTMAD(**{**SMALL, "epochs": 3, "num_layers": layers, "n_networks": networks}).fit(5 + 3 * wave(d=d))
    det.to_onnx(tmp_path / "det.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["det.onnx"]
    session = runtime.InferenceSession(tmp_path / "det.onnx", providers=["CPUExecutionProvider"])
    warm = det.warm_up_
    for batch, rows in ((1, 4), (2, 90), (5, 301)):
        data = np.stack([5 + 3 * spoiled(rows, d)[0] + k for k in range(batch)]).astype(np.float32)
        (got,) = session.run(["score"], {"series": data})
        wanted = np.stack([det.decision_function(x) for x in data])
        assert got.shape == wanted.shape
        assert got[:, warm:] == pytest.approx(wanted[:, warm:], rel=1e-3, abs=1e-3)
        assert (got[:, :warm] == 0).all()
    notes = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    assert notes["paranom_rs.detector"] == "LSTMAD"
    assert notes["paranom_rs.window"] == warm + 1
    assert notes["paranom_rs.mean"] == det.mean_.tolist()


def test_long_series_are_scored_in_chunks(fitted, monkeypatch):
    X, _ = spoiled(500)
    X[30:40] = np.nan
    whole = fitted.decision_function(X)
    for chunk in (1, 2, 7):
        monkeypatch.setattr("paranom_rs.deep.lstm_ad.CHUNK", chunk)
        assert (fitted.decision_function(X) == whole).all()


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


def test_the_channel_to_blame():
    det = LSTMAD(**SMALL).fit(wave(d=3))
    X = wave(200, d=3, seed=9)
    X[150, 1] += 4
    found = det.explain(X, 150)
    assert next(iter(found.contributions)) == "1"
    assert found.contributions["1"] > 0.8
    assert found.normal.shape == (det.window_, 3)
    last = det.explain(X[:151])
    assert last.normal[-1] == pytest.approx(wave(200, d=3, seed=9)[150], abs=1)
