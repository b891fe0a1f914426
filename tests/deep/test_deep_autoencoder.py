"""RNNAutoencoder: learns, tells, saves, resumes, refuses."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from paranom_rs.deep import LSTMAD, Baselines, RNNAutoencoder, StreamingDetector, training, windows  # noqa: E402
from paranom_rs.deep import state as saved  # noqa: E402
from paranom_rs.errors import InternalError, SpecError, SpecTypeError, StateError  # noqa: E402
from paranom_rs.evaluate.thresholds import POT, FBeta, KSigma  # noqa: E402

SMALL = {"window": 12, "stride": 6, "hidden_size": 6, "epochs": 3, "verbose": False}
VARIANTS = [
    {"cell": cell, "num_layers": layers, "variational": variational}
    for cell, layers, variational in itertools.product(["rnn", "gru", "lstm"], [1, 2], [False, True])
]


def wave(n=600, d=1, seed=0):
    t = np.arange(n)[:, None] + 3 * np.arange(d)
    return np.sin(t / 3) + 0.05 * np.random.default_rng(seed).normal(size=(n, d))


def spoiled(n=600, d=1):
    """A wave with intervals of another wave, and labels."""
    X, y = wave(n, d, seed=1), np.zeros(n, int)
    for start in range(60, n, 120):
        y[start : start + 36] = 1
    return np.where(y[:, None] == 1, 1.5 + 0.3 * X, X), y


@pytest.fixture(scope="module")
def fitted():
    return RNNAutoencoder(**SMALL).fit(wave())


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: "-".join(map(str, v.values())))
def test_each_variant_tells_and_saves(variant, tmp_path):
    X, y = spoiled()
    for score in ("reconstruction", "latent"):
        det = RNNAutoencoder(**SMALL, **variant, scoring_mode=score).fit(wave())
        w = windows(X, y, window=12, stride=6)
        tested = np.concatenate([w.normal, w.anomalous])
        scores = det.decision_function(w.data[tested])
        assert roc_auc_score(np.repeat([0, 1], [len(w.normal), len(w.anomalous)]), scores) > 0.95
        assert len(det.history_["train"]) == 3
        assert det.history_["validation"][-1] < det.history_["validation"][0]
    det.save(tmp_path / "det.safetensors")
    again = RNNAutoencoder.load(tmp_path / "det.safetensors")
    assert np.array_equal(again.decision_function(X), det.decision_function(X))
    assert again.threshold_ == det.threshold_
    assert again.get_params() == det.get_params()
    assert again.history_ == det.history_


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_handful_of_windows_can_be_learned_by_heart(cell):
    data = np.random.default_rng(0).normal(size=(3, 4, 1))
    det = RNNAutoencoder(
        cell=cell, window=4, stride=4, hidden_size=16, epochs=200, lr=3e-2, loss="l2", scoring_mode="reconstruction",
        verbose=False,
    ).fit(data, validation=data)  # fmt: skip
    assert det.history_["train"][0] > 2
    assert min(det.history_["validation"]) < 0.05
    assert det.reconstruct(data) == pytest.approx(data, abs=0.2)
    errors = np.square((det.reconstruct(data) - data) / data.std()).sum((1, 2))
    assert det.decision_function(data) == pytest.approx(errors, rel=0.01, abs=1e-5)


def test_rows_and_windows(fitted):
    X, y = spoiled(601)
    rows = fitted.decision_function(X)
    assert rows.shape == (601,)
    assert roc_auc_score(y, rows) > 0.9
    one = fitted.decision_function(X[:12])
    assert (one == fitted.decision_function(X[None, :12])).all()
    assert (fitted.score_samples(X) == -rows).all()
    assert (fitted.predict(X) == (rows > fitted.threshold_)).all()
    assert fitted.predict(X).dtype == np.int8
    assert fitted.decision_function(np.zeros((0, 12, 1))).shape == (0,)
    assert fitted.labels_.mean() == pytest.approx(0.1, abs=0.01)
    assert (fitted.decision_scores_ == fitted.decision_function(wave())).all()


def test_long_series_are_scored_in_chunks(fitted, monkeypatch):
    X = wave(500)
    whole = fitted.decision_function(X)
    monkeypatch.setattr("paranom_rs.deep.autoencoder.CHUNK", 7)
    assert fitted.decision_function(X) == pytest.approx(whole, rel=1e-4)


def test_multivariate_with_missing_values_and_a_constant_channel():
    X, y = spoiled(d=3)
    X[:, 2] = 7.0
    normal = wave(d=3)
    normal[:, 2] = 7.0
    normal[5:9, 0] = np.nan
    X[50, 1] = np.nan
    for policy in ("median", "linear", "kernel"):
        det = RNNAutoencoder(**SMALL, scoring_mode="both", nan_policy=policy).fit(normal)
        assert roc_auc_score(y, det.decision_function(X)) > 0.9
    assert det.scaler_.scale[2] == 1.0
    off = X.copy()
    off[:, 2] = 9.0
    assert det.decision_function(off).mean() > det.decision_function(X).mean()


def test_only_normal_windows_are_learned_from():
    X, y = spoiled()
    det = RNNAutoencoder(**SMALL).fit(X, y)
    assert det.scaler_.mean == pytest.approx(0, abs=0.2)
    normal = windows(X, y, window=12, stride=6)
    by_window = RNNAutoencoder(**SMALL).fit(normal.data[normal.count == 0])
    assert np.array_equal(det.decision_function(X), by_window.decision_function(X))
    # The threshold looks at normal rows only.
    assert (det.decision_scores_[y == 0] > det.threshold_).mean() == pytest.approx(0.1, abs=0.01)


def test_the_scaler_sees_normal_data_only():
    X = wave()
    y = np.zeros(600, int)
    y[300:400] = 1
    X[300:400] = 1e6
    det = RNNAutoencoder(**SMALL).fit(X, y)
    assert abs(det.scaler_.mean[0]) < 1
    assert det.scaler_.scale[0] < 1


@pytest.mark.parametrize("given", ["own", "validation"])
def test_a_threshold_from_labels(given):
    X, y = spoiled()
    det = RNNAutoencoder(**SMALL, threshold=FBeta(1.0))
    det.fit(X, y) if given == "own" else det.fit(wave(), validation=(X, y))
    pred = det.predict(X)
    assert (pred[y == 1].mean(), pred[y == 0].mean()) == pytest.approx((1, 0), abs=0.3)
    assert not hasattr(det.threshold, "threshold_")


def test_calibration(fitted):
    det = clone(fitted).fit(wave())
    X, y = spoiled()
    assert det.calibrate(X, y, threshold=FBeta(1.0)) is det
    by_labels = det.threshold_
    assert (det.labels_ == (det.decision_scores_ > by_labels)).all()
    det.calibrate(wave(), threshold=KSigma(3))
    assert det.threshold_ != by_labels

    def inject(series, seed):
        assert seed == 5
        changed, marks = series.copy(), np.zeros(len(series), np.int8)
        changed[100:200] += 2.0
        marks[100:200] = 1
        return changed, marks

    det.calibrate_generated(wave(), inject=inject, seed=5)
    assert det.predict(wave()).mean() < 0.05


@pytest.mark.parametrize("stop", ["spread", "detection", "loss"])
def test_what_the_best_epoch_is_chosen_by(stop):
    det = RNNAutoencoder(**{**SMALL, "epochs": 6}, stop=stop, scoring_mode="reconstruction").fit(wave())
    assert det.best_epoch_ == int(np.argmin(det.history_["criterion"]))
    assert (det.history_["criterion"] == det.history_["validation"]) == (stop == "loss")


def test_half_precision_trains_or_says_why_not(monkeypatch):
    model = RNNAutoencoder(**SMALL, precision="bfloat16")
    # Either is right, by the processor; a RuntimeError of torch's is not.
    with contextlib.suppress(SpecError):
        assert np.isfinite(model.fit(wave()).decision_function(wave())).all()

    def lstm(self, x):
        raise RuntimeError("could not create a primitive\nand more")

    monkeypatch.setattr("paranom_rs.deep.nets.Autoencoder.forward", lstm)
    with pytest.raises(
        SpecError, match=r"precision: must be .* here \(could not create a primitive\), got 'bfloat16'$"
    ):
        clone(model).fit(wave())


def test_patience_ends_training():
    noise = np.random.default_rng(0).normal(size=(40, 12, 1))
    det = RNNAutoencoder(**{**SMALL, "epochs": 200}, patience=3, lr=0.05).fit(noise)
    assert len(det.history_["train"]) == det.best_epoch_ + 4


def test_the_same_seed_gives_the_same_bits_and_touches_nothing_else():
    torch.manual_seed(123)
    wanted = torch.rand(3)
    torch.manual_seed(123)
    threads = torch.get_num_threads()
    first, second, other = (
        RNNAutoencoder(**SMALL, variational=True, dropout=0.1, num_layers=2, random_state=seed).fit(wave())
        for seed in (3, 3, 4)
    )
    assert torch.equal(torch.rand(3), wanted)
    assert torch.get_num_threads() == threads
    assert np.array_equal(first.decision_scores_, second.decision_scores_)
    assert not np.array_equal(first.decision_scores_, other.decision_scores_)


def test_scikit_learns_manners(fitted):
    det = RNNAutoencoder(**SMALL, cell="gru", threshold=POT(1e-3))
    copied = clone(det)
    assert copied.get_params() == det.get_params()
    assert copied.set_params(hidden_size=9).hidden_size == 9
    assert "gru" in repr(det)
    with pytest.raises(NotFittedError):
        det.predict(wave())
    with pytest.raises(NotFittedError):
        clone(fitted).decision_function(wave())
    with pytest.raises(NotFittedError):
        clone(fitted).save("nowhere")
    with pytest.raises(ValueError, match="Invalid parameter"):
        det.set_params(units=3)
    assert (clone(fitted).fit_predict(wave()) == fitted.labels_).all()


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_bits_do_not_depend_on_where_the_data_lie(cell, tmp_path):
    # At full size: smaller products are summed in one order wherever they lie.
    det = RNNAutoencoder(cell=cell, epochs=1, verbose=False).fit(wave(2000))
    wanted = det.decision_function(wave(2000))
    det.save(tmp_path / "det")
    for offset in range(8):
        moved = np.empty(2000 + offset)[offset:]
        moved[:] = wave(2000)[:, 0]
        assert np.array_equal(det.decision_function(moved), wanted)
        assert np.array_equal(RNNAutoencoder.load(tmp_path / "det").decision_function(moved), wanted)


def test_it_survives_pickle_as_any_estimator(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.decision_function(wave()), fitted.decision_scores_)
    assert np.array_equal(again.decision_scores_, fitted.decision_scores_)
    assert np.array_equal(again.labels_, fitted.labels_)


class StopError(Exception):
    pass


def stopping_after(monkeypatch, step, error):
    """Make training raise `error` at this step."""
    real = training.learning_rate

    def rate(schedule, peak, at, total):
        if at == step:
            raise error
        return real(schedule, peak, at, total)

    monkeypatch.setattr(training, "learning_rate", rate)


def test_a_resumed_run_ends_in_the_same_bits(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    model = RNNAutoencoder(**{**SMALL, "epochs": 5}, variational=True, batch_size=16)
    whole = clone(model).fit(wave())
    with monkeypatch.context() as patch:
        stopping_after(patch, 20, StopError())
        with pytest.raises(StopError):
            clone(model).fit(wave(), checkpoint=path)
    assert path.exists()
    resumed = clone(model).fit(wave(), checkpoint=path)
    assert np.array_equal(resumed.decision_scores_, whole.decision_scores_)
    for key in ("train", "validation", "lr"):
        assert resumed.history_[key] == whole.history_[key]
    with pytest.raises(StateError, match="other settings"):
        clone(model).set_params(lr=0.1).fit(wave(), checkpoint=path)
    with pytest.raises(StateError, match="does not fit this network"):
        clone(model).set_params(hidden_size=5).fit(wave(), checkpoint=path)


def test_ctrl_c_keeps_the_best_weights_so_far(monkeypatch):
    model = RNNAutoencoder(**{**SMALL, "epochs": 50}, batch_size=16)
    stopping_after(monkeypatch, 14, KeyboardInterrupt())
    with pytest.warns(RuntimeWarning, match=r"stopped by Ctrl-C after 2 epochs"):
        det = model.fit(wave())
    assert det.interrupted_
    assert len(det.history_["train"]) == 2
    assert np.isfinite(det.decision_function(wave())).all()


def test_ctrl_c_in_the_first_epoch_leaves_nothing_half_done(monkeypatch):
    model = RNNAutoencoder(**SMALL)
    stopping_after(monkeypatch, 0, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        model.fit(wave())
    with pytest.raises(NotFittedError):
        model.predict(wave())


def test_a_failed_fit_leaves_the_fitted_detector_as_it_was(fitted):
    det = clone(fitted).fit(wave())
    before = det.decision_function(wave())
    with pytest.raises(SpecError):
        det.fit(wave(5))
    with pytest.raises(SpecError, match="distinct excesses"):
        det.set_params(threshold=POT()).fit(wave(60))
    assert np.array_equal(det.decision_function(wave()), before)


BAD = [
    ({}, wave(5), None, "window: must be at most the 5 rows of X, got 12"),
    ({}, np.zeros((0, 1)), None, "window: must be at most the 0 rows of X, got 12"),
    ({}, wave(15), None, "X: must give two normal windows, .* got 1"),
    ({}, wave(), np.ones(600), "X: must hold a wholly normal window of 12 rows"),
    ({}, np.full((100, 1), np.nan), None, "X: must hold normal values of channel 0, got NaN only"),
    (
        {},
        np.where(np.arange(600)[:, None] < 30, np.nan, wave()),
        None,
        "X: must hold a value of channel 0 in window 0 to fill from, got NaN only",
    ),
    ({}, np.where(np.arange(600)[:, None] == 3, np.inf, wave()), None, r"X\[3, 0\]: must be a finite number"),
    ({}, np.zeros((5, 11, 1)), None, r"X: must be windows of shape \(k, 12, d\), got shape \(5, 11, 1\)"),
    ({}, np.zeros((5, 12, 1)), [0, 1], "y: must have one label for each of the 5 windows of X, got 2"),
    ({}, wave(), np.zeros(5), "y: must have the 600 rows of X, got 5"),
    ({}, wave(), np.full(600, 3), r"y\[0\]: must be 0 or 1, got 3"),
    (
        {"nan_policy": "raise"},
        np.where(np.arange(600)[:, None] == 3, np.nan, wave()),
        None,
        "X: must not be NaN in window 0, row 3, channel 0",
    ),
    ({"cell": "transformer"}, wave(), None, "cell: must be one of .*'transformer'"),
    ({"hidden_size": 0}, wave(), None, "hidden_size: must be >= 1, got 0"),
    ({"epochs": -1}, wave(), None, "epochs: must be >= 1, got -1"),
    ({"quantile": 1.0}, wave(), None, "quantile: must be > 0 and < 1, got 1.0"),
    ({"stride": 13}, wave(), None, "stride: must be at most the window of 12 rows, .* got 13"),
    ({"dropout": 1.0}, wave(), None, "dropout: must be >= 0 and < 1, got 1.0"),
    ({"lr": 1e38, "clip": None}, wave(), None, "no longer a number"),
    ({"device": "abacus"}, wave(), None, "device: must be a device .* got 'abacus'"),
    ({"beta": -1.0}, wave(), None, "beta: must be a finite number >= 0, got -1.0"),
    ({"threshold": FBeta()}, wave(), None, "learns from labels"),
    ({"scoring_mode": "vibes"}, wave(), None, "scoring_mode: .*'vibes'"),
    ({"threads": 10**9}, wave(), None, "threads: must be a whole number from 1 to 1024, got 1000000000"),
    ({"random_state": 2**70}, wave(), None, "random_state: must be a whole number from 0 to .*, got"),
    ({"device": None}, wave(), None, "(?s)device: must be a device .* got None"),
    ({}, wave() * 1e300, None, "X: must have a standard deviation in channel 0, got values whose squares are infinite"),
]


@pytest.mark.parametrize(("params", "X", "y", "says"), BAD, ids=[case[3][:25] for case in BAD])
def test_bad_input_is_named(params, X, y, says):
    model = RNNAutoencoder(**{**SMALL, **params})
    with pytest.raises(SpecError, match=says):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(wave())


def test_bad_types_are_named():
    with pytest.raises(SpecTypeError, match="random_state: must be a whole number, got None"):
        RNNAutoencoder(**SMALL, random_state=None).fit(wave())
    with pytest.raises(SpecTypeError, match=r"epochs: must be a whole number, got 2\.5"):
        RNNAutoencoder(**SMALL | {"epochs": 2.5}).fit(wave())
    with pytest.raises(SpecTypeError, match=r"threshold: must be an object of .* got 0\.5"):
        RNNAutoencoder(**SMALL, threshold=0.5).fit(wave())
    with pytest.raises(SpecTypeError, match="X: must hold real numbers, got dtype"):
        RNNAutoencoder(**SMALL).fit(["a", "b"])
    for dropout in (None, "0.1", True):
        with pytest.raises(SpecTypeError, match="dropout: "):
            RNNAutoencoder(**SMALL, dropout=dropout).fit(wave())
    with pytest.raises(SpecTypeError, match="detector: must be a fitted RNNAutoencoder or LSTMAD, got None"):
        StreamingDetector(None)


def test_what_is_far_out_is_no_silent_nan(fitted):
    far = fitted.decision_function(np.where(np.arange(60)[:, None] == 30, 1e300, wave(60)))
    assert np.isfinite(far).all()
    assert far[30] > 10 * fitted.threshold_
    stream = StreamingDetector(fitted)
    assert np.isfinite([stream.update(1e300) for _ in range(12)][-1])


def test_bad_calls_of_a_fitted_detector(fitted):
    det = clone(fitted).fit(wave())
    for call, error, says in (
        (
            lambda: det.calibrate(wave(), threshold="high"),
            SpecTypeError,
            "threshold: must be an object of .* got 'high'",
        ),
        (lambda: det.calibrate_generated(wave(), inject=lambda x, _: x), SpecTypeError, "inject: must return a pair"),
        (lambda: det.reconstruct(wave()[:, 0]), SpecError, r"X: must be windows .* got shape \(600,\)"),
        (lambda: det.plot_reconstruction(np.zeros((0, 12, 1))), SpecError, "X: must hold a window to draw"),
        (
            lambda: det.plot_errors(np.zeros((0, 12, 1))),
            SpecError,
            "X: must have a row to draw the score of, got 0 rows",
        ),
        (lambda: StreamingDetector(det).update("a"), SpecTypeError, "x: must hold numbers, got dtype <U1"),
    ):
        with pytest.raises(error, match=says):
            call()


def test_bad_data_to_score(fitted):
    with pytest.raises(SpecError, match="X: must have the 1 features that the detector was fitted on, got 2"):
        fitted.decision_function(wave(d=2))
    with pytest.raises(SpecError, match="X: must have at least the 12 rows of the detector's window, got 5"):
        fitted.decision_function(wave(5))
    with pytest.raises(SpecError, match="X: must hold a value of channel 0 in window 0 to fill from, got NaN only"):
        fitted.decision_function(np.full(40, np.nan))


def test_hostile_files(fitted, tmp_path):
    path = tmp_path / "det.safetensors"
    fitted.save(path)
    whole = path.read_bytes()
    assert not list(tmp_path.glob(".*"))
    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(StateError):
            RNNAutoencoder.load(path)
    for at in range(len(whole) - 400, len(whole), 40):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(StateError, match="checksum"):
            RNNAutoencoder.load(path)
    path.write_bytes(pickle.dumps({"net": 1}))
    with pytest.raises(StateError, match="no whole safetensors file"):
        RNNAutoencoder.load(path)
    with pytest.raises(FileNotFoundError):
        RNNAutoencoder.load(tmp_path / "absent")


def forged(fitted, tmp_path, change):
    """A file with a right checksum and wrong content."""
    fitted.save(tmp_path / "a")
    meta, arrays = saved.read(tmp_path / "a", "RNNAutoencoder")
    change(meta, arrays)
    saved.write(tmp_path / "b", "RNNAutoencoder", meta, arrays)
    return tmp_path / "b"


@pytest.mark.parametrize(
    "change",
    [
        lambda meta, arrays: meta["params"].update(hidden_size=10**9),
        lambda meta, arrays: meta["params"].update(num_layers=10**9),
        lambda meta, arrays: meta["params"].update(cell="gru"),
        lambda meta, arrays: meta["params"].update(surprise=1),
        lambda meta, arrays: meta["params"].update(threshold={"rule": "os.system", "arguments": {}}),
        lambda meta, arrays: meta["fitted"].pop("threshold_"),
        lambda meta, arrays: meta.pop("params"),
        lambda meta, arrays: arrays.pop("scaler.mean"),
        lambda meta, arrays: arrays.pop("net.output.bias"),
        lambda meta, arrays: arrays["net.output.weight"].fill(np.nan),
        lambda meta, arrays: arrays.update({"gauss.mean": np.zeros(3)}),
        lambda meta, arrays: arrays.update({"scaler.mean": np.zeros(3)}),
    ],
)
def test_forged_files(fitted, tmp_path, change):
    with pytest.raises(StateError):
        RNNAutoencoder.load(forged(fitted, tmp_path, change))


def test_files_of_another_kind_or_version(fitted, tmp_path, monkeypatch):

    fitted.save(tmp_path / "a")
    with pytest.raises(StateError, match="holds a RNNAutoencoder, not a LSTMAD"):
        LSTMAD.load(tmp_path / "a")
    monkeypatch.setattr(saved, "FORMAT", "99")
    with pytest.raises(StateError, match="has format 3, this version reads 99"):
        RNNAutoencoder.load(tmp_path / "a")
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(1)}, tmp_path / "c")
    with pytest.raises(StateError, match="was not written by paranom_rs"):
        RNNAutoencoder.load(tmp_path / "c")


def test_a_saved_threshold_rule_comes_back(tmp_path):
    det = RNNAutoencoder(**SMALL, threshold=KSigma(2, robust=True)).fit(wave())
    det.save(tmp_path / "a")
    assert RNNAutoencoder.load(tmp_path / "a").threshold == KSigma(2, robust=True)
    meta, _ = saved.read(tmp_path / "a", "RNNAutoencoder")
    assert json.dumps(meta["params"]["threshold"])


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
@pytest.mark.parametrize("score", ["latent", "both"])
def test_a_stream_gets_the_scores_of_the_batch(runtime, score, monkeypatch):
    det = RNNAutoencoder(**SMALL, scoring_mode=score).fit(wave(d=2))
    if runtime == "torch":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    else:
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    X, _ = spoiled(100, d=2)
    X[70, 1] = np.nan
    stream = StreamingDetector(det)
    got = [stream.update(x) for x in X]
    assert got[:11] == [None] * 11
    wanted = det.decision_function(windows(X, window=12, stride=1).data)
    assert got[11:] == pytest.approx(wanted, rel=1e-3, abs=1e-3)
    assert stream.is_anomaly == (got[-1] > det.threshold_)
    with pytest.raises(SpecError, match=r"x: must be a sample of 2 features, got shape \(3,\)"):
        stream.update([1, 2, 3])
    with pytest.raises(SpecError, match=r"x\[1\]: must be finite"):
        stream.update([1, np.inf])


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("score", ["latent", "reconstruction", "both"])
def test_onnx_says_the_same(cell, score, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    variational = cell == "gru"
    det = RNNAutoencoder(**SMALL, cell=cell, scoring_mode=score, num_layers=2, variational=variational).fit(wave(d=2))
    det.to_onnx(tmp_path / "det.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["det.onnx"]
    session = runtime.InferenceSession(tmp_path / "det.onnx", providers=["CPUExecutionProvider"])
    data = windows(spoiled(d=2)[0], window=12, stride=5).data
    for k in (1, 3, len(data)):
        (got,) = session.run(["score"], {"windows": data[:k].astype(np.float32)})
        assert got == pytest.approx(det.decision_function(data[:k]), rel=1e-3, abs=1e-3)


def test_pictures(fitted):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    X, y = spoiled()
    assert len(fitted.plot_history().axes[0].lines) == 3
    errors = fitted.plot_errors(X, y).axes[0]
    assert errors.get_legend().get_texts()[0].get_text() == "normal"
    assert sum(p.get_height() for p in errors.patches) == len(X)
    data = windows(X, window=12, stride=6).data[:4]
    figure = fitted.plot_reconstruction(data)
    assert (figure.axes[2].lines[0].get_ydata() == data[2, :, 0]).all()
    assert figure.axes[2].lines[1].get_ydata() == pytest.approx(fitted.reconstruct(data)[2, :, 0])
    plt.close("all")


def test_baselines_stand_beside():
    X, y = spoiled()
    w = windows(X, y, window=12, stride=6)
    scores = Baselines().fit(windows(wave(), window=12, stride=6).data).scores(w.data)
    assert set(scores) == {"mean z-score", "PCA", "isolation forest"}
    marks = w.count == 12
    sure = marks | (w.count == 0)
    assert roc_auc_score(marks[sure], scores["mean z-score"][sure]) > 0.95
    with pytest.raises(SpecError, match="two or more windows"):
        Baselines().fit(np.zeros((1, 12, 1)))


def test_torch_comes_late_and_its_absence_is_explained():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import paranom_rs.deep, numpy
from paranom_rs._internal.optional import install_line
assert "paranom_rs.deep.nets" not in sys.modules
try:
    paranom_rs.deep.RNNAutoencoder().fit(numpy.zeros(1000))
except ImportError as error:
    assert install_line("deep") in str(error), error
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_progress_is_shown_when_asked_for(capfd):
    with warnings.catch_warnings():
        RNNAutoencoder(**{**SMALL, "verbose": True}).fit(wave(200))
    assert "validation=" in capfd.readouterr().err


@pytest.mark.parametrize("labelled", [False, True])
def test_baselines_beside_the_score(labelled, capsys, tmp_path):
    X, y = spoiled()
    det = RNNAutoencoder(**SMALL, validation_share=0.3)
    det.fit(X, y, baselines=True) if labelled else det.fit(wave(), baselines=True)
    assert list(det.baselines_) == ["RNNAutoencoder", "mean z-score", "PCA", "isolation forest"]
    assert all(set(row) == {"ROC AUC", "average precision"} for row in det.baselines_.values())
    assert det.baselines_["RNNAutoencoder"]["ROC AUC"] > (0.95 if labelled else 0.5)
    said = capsys.readouterr().out
    assert all(name in said for name in det.baselines_)
    det.save(tmp_path / "det")
    assert RNNAutoencoder.load(tmp_path / "det").baselines_ == det.baselines_
    assert det.fit(wave()).baselines_ is None
    assert not capsys.readouterr().out


def test_baselines_alone():
    with pytest.raises(NotFittedError):
        Baselines().scores(np.zeros((2, 3, 1)))
    with pytest.raises(SpecError, match=r"X: must be windows of shape \(k, 3, 1\), got shape \(2, 4, 1\)"):
        Baselines().fit(np.random.default_rng(0).normal(size=(9, 3, 1))).scores(np.zeros((2, 4, 1)))


def test_baselines_need_both_kinds_of_windows():
    with pytest.raises(SpecError, match="validation: must have enough windows"):
        RNNAutoencoder(**SMALL, validation_share=0.01).fit(wave(100), baselines=True)


@pytest.mark.parametrize("write", ["save", "to_onnx"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(write, fitted, tmp_path, monkeypatch):
    if write == "to_onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    path = tmp_path / "det"
    getattr(fitted, write)(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        getattr(fitted, write)(path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["det"]


def test_an_onnx_file_that_scores_otherwise_is_not_written(fitted, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = tmp_path / "det.onnx"
    path.write_bytes(b"old")
    monkeypatch.setattr("paranom_rs.deep.onnx.session", lambda data, threads: lambda values: np.zeros(len(values)))
    with pytest.raises(InternalError, match="onnxruntime and torch differ"):
        fitted.to_onnx(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["det.onnx"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    path, real, calls = tmp_path / "run", os.fsync, []

    def full_in_the_second_epoch(handle):
        calls.append(handle)
        if path.exists() and len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full_in_the_second_epoch)
    with pytest.raises(OSError, match="No space left"):
        RNNAutoencoder(**SMALL).fit(wave(), checkpoint=path)
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    resumed, whole = (RNNAutoencoder(**SMALL).fit(wave(), checkpoint=p) for p in (path, None))
    assert np.array_equal(resumed.decision_scores_, whole.decision_scores_)


def test_baselines_have_scikit_learns_parameters():
    base = Baselines(random_state=3).fit(np.random.default_rng(0).normal(size=(9, 3, 1)))
    assert base.get_params() == {"random_state": 3}
    assert clone(base).get_params() == {"random_state": 3}
    assert base.set_params(random_state=4).random_state == 4
    assert repr(base) == "Baselines(random_state=4)"
    with pytest.raises(TypeError, match="units"):
        base.set_params(units=3)


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (RNNAutoencoder, "score", "scoring_mode"),
        (RNNAutoencoder, "nan", "nan_policy"),
        (RNNAutoencoder, "hidden", "hidden_size"),
        (LSTMAD, "seq_len", "window"),
        (LSTMAD, "rng", "random_state"),
        (Baselines, "seed", "random_state"),
        (StreamingDetector, "detectors", "detector"),
        (KSigma, "robustness", "robust"),
    ],
)
def test_a_wrong_keyword_is_answered_with_the_right_one(make, wrong, right):
    with pytest.raises(SpecTypeError, match=rf'^{make.__name__}\.{wrong}: must be one of .*did you mean "{right}"\?$'):
        make(**{wrong: 1})
