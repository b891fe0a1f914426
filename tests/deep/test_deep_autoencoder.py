"""RNNAutoencoder: learns, tells, saves, resumes, refuses. `test_detectors.py` has what all detectors do."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from paranom_rs import load_detector  # noqa: E402
from paranom_rs.deep import LSTMAD, Baselines, RNNAutoencoder, training, windows  # noqa: E402
from paranom_rs.deep.window_network import CoreNetwork, TorchNetwork  # noqa: E402
from paranom_rs.errors import InternalError, NotFittedError, SpecError, SpecTypeError, StateError  # noqa: E402
from paranom_rs.evaluate.thresholds import FBeta, KSigma  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

SMALL = {"window": 12, "hidden_size": 6, "epochs": 3, "verbose": False, "device": "cpu"}
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
        (history,) = det.history_
        assert len(history["train"]) == 3
        assert history["validation"][-1] < history["validation"][0]
    det.save(tmp_path / "det")
    again = load_detector(tmp_path / "det")
    assert np.array_equal(again.decision_function(X), det.decision_function(X))
    assert again.get_params() == det.get_params()
    assert again.history_ == det.history_
    # The core and torch agree.
    scaled = det._scaled(w.data[:9])
    by_torch = TorchNetwork(det._torch(det._networks[0]), torch.device("cpu"))
    by_core = CoreNetwork(det._networks[0], variant["cell"], variant["num_layers"], 1)
    latent = by_core.encode(scaled)
    assert by_torch.encode(scaled) == pytest.approx(latent, abs=1e-5)
    assert by_torch.decode(latent, 12) == pytest.approx(by_core.decode(latent, 12), abs=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_handful_of_windows_can_be_learned_by_heart(cell):
    data = np.random.default_rng(0).normal(size=(3, 4, 1))
    det = RNNAutoencoder(
        cell=cell, window=4, stride=4, hidden_size=16, epochs=200, lr=3e-2, loss="l2", scoring_mode="reconstruction",
        verbose=False,
    ).fit(data, validation=data)  # fmt: skip
    assert det.history_[0]["train"][0] > 2
    assert min(det.history_[0]["validation"]) < 0.05
    assert det.reconstruct(data) == pytest.approx(data, abs=0.2)
    errors = np.square((det.reconstruct(data) - data) / det.scale_).sum((1, 2))
    assert det.decision_function(data) == pytest.approx(errors, rel=0.01, abs=1e-5)


@pytest.mark.parametrize(
    "variant",
    [
        {"cell": "lstm", "num_layers": 2, "variational": True},
        {"cell": "gru", "n_networks": 3},
        {"scoring_mode": "both"},
        {"scoring_mode": "reconstruction"},
    ],
    ids=str,
)
def test_a_stream_gives_the_bits_of_a_batch_also_where_values_are_missing_or_infinite_in_effect(variant):
    det = RNNAutoencoder(**{**SMALL, "epochs": 1, **variant}).fit(wave(300, 2))
    X = wave(60, 2, seed=5)
    X[20, 1] = np.nan
    X[40:43] = np.nan
    X[50, 0] = 1e200
    wanted = det.decision_function(X, causal=True)
    assert [det.update(x) for x in X] == wanted.tolist()


def test_another_device_scores_what_is_not_causal(monkeypatch):
    X, _ = spoiled()
    det = RNNAutoencoder(**SMALL).fit(wave())
    wanted, causal = det.decision_function(X), det.decision_function(X, causal=True)
    # Torch on the CPU stands for torch elsewhere.
    other = RNNAutoencoder.from_bytes(det.to_bytes())
    monkeypatch.setattr(RNNAutoencoder, "_other_device", lambda self: torch.device("cpu"))
    del other._on_device
    assert isinstance(other._fast()[0], TorchNetwork)
    assert other.decision_function(X) == pytest.approx(wanted, rel=1e-3)
    assert (other.decision_function(X, causal=True) == causal).all()
    assert [other.update(x) for x in X[:40]] == causal[:40].tolist()
    other.calibrate(wave())
    assert RNNAutoencoder(**SMALL).fit(wave()).threshold_ == pytest.approx(det.threshold_, rel=1e-3)


def test_rows_and_windows(fitted):
    X, y = spoiled(601)
    rows, causal = fitted.decision_function(X), fitted.decision_function(X, causal=True)
    assert roc_auc_score(y, rows) > 0.9
    cut = windows(X, window=12, stride=1).data
    assert (fitted.decision_function(cut) == causal[11:]).all()
    assert (fitted.predict(cut, causal=True) == fitted.predict(X, causal=True)[11:]).all()
    assert fitted.decision_function(np.zeros((0, 12, 1))).shape == (0,)
    # A score of its own for each row.
    assert len(np.unique(rows)) > 590


def test_windows_that_are_cut_already():
    data = np.random.default_rng(0).normal(size=(40, 30, 1))
    det = RNNAutoencoder(epochs=1, hidden_size=4, verbose=False).fit(data)
    assert det.window_ == 30
    assert det.decision_scores_.shape == det.labels_.shape == (40,)
    assert det.calibrate(data, np.arange(40) == 3).threshold_ > 0
    assert det.predict(np.concatenate([data, data + 50]))[40:].all()
    with pytest.raises(SpecError, match=r"X: must be windows of shape \(k, 30, d\), got shape \(40, 20, 1\)"):
        det.decision_function(data[:, :20])
    with pytest.raises(SpecError, match="y: must have one label for each of the 40 windows of X, got 2"):
        det.fit(data, [0, 1])
    labelled = RNNAutoencoder(epochs=1, hidden_size=4, verbose=False).fit(data, np.arange(40) == 3)
    assert np.isnan(labelled.decision_scores_[3])
    assert np.isnan(labelled.decision_scores_).sum() == 1


@pytest.mark.parametrize("policy", ["median", "linear", "kernel"])
def test_missing_values_and_a_constant_channel(policy):
    X, y = spoiled(d=3)
    X[:, 2] = 7.0
    normal = wave(d=3)
    normal[:, 2] = 7.0
    normal[5:9, 0] = np.nan
    normal[100:140, 1] = np.nan  # for whole windows
    X[50, 1] = X[300:330, 0] = np.nan
    det = RNNAutoencoder(**SMALL, scoring_mode="both", nan_policy=policy).fit(normal)
    scores = det.decision_function(X)
    assert np.isfinite(scores).all()
    assert roc_auc_score(y, scores) > 0.85
    assert det.scale_[2] == 1.0
    off = X.copy()
    off[:, 2] = 9.0
    assert det.decision_function(off).mean() > scores.mean()
    alone = det.decision_function(np.where(np.arange(3) == 1, X, np.nan))
    assert np.isfinite(alone).all()


def test_what_is_missing_has_no_part_in_errors():
    det = RNNAutoencoder(**SMALL, scoring_mode="reconstruction").fit(wave(d=2))
    X = wave(12, d=2, seed=3)
    X[:, 1] = np.nan
    restored = det.reconstruct(X[None])[0]
    wanted = np.abs((restored[:, 0] - X[:, 0]) / det.scale_[0]).sum()
    assert det.decision_function(X, causal=True)[-1] == pytest.approx(wanted)
    assert det.explain(X).contributions == {"0": 1.0, "1": 0.0}
    with pytest.raises(SpecError, match="must not be NaN in window 0"):
        det.set_params(nan_policy="raise").decision_function(X)


def test_another_score_counts_from_the_next_fit_on():
    det = RNNAutoencoder(**SMALL, scoring_mode="latent").fit(wave())
    X, threshold = wave(60, seed=3), det.threshold_
    before = det.decision_function(X)
    for mode in ("both", "reconstruction", None):
        det.set_params(scoring_mode=mode)
        np.testing.assert_array_equal(det.decision_function(X), before)
        again = RNNAutoencoder.from_bytes(det.to_bytes())
        np.testing.assert_array_equal(again.decision_function(X), before)
        assert (again.scoring_mode_, again.threshold_, again.scoring_mode) == ("latent", threshold, mode)
    det.set_params(scoring_mode="reconstruction").fit(wave())
    fresh = RNNAutoencoder(**SMALL, scoring_mode="reconstruction").fit(wave())
    np.testing.assert_array_equal(det.decision_function(X), fresh.decision_function(X))


@pytest.mark.parametrize("fitted", ["both", "reconstruction", "latent"])
def test_another_score_does_not_reach_the_stream_before_the_next_fit(fitted):
    det = RNNAutoencoder(**SMALL, scoring_mode=fitted).fit(wave())
    X = wave(30, seed=3)
    before = det.decision_function(X, causal=True)
    for mode in ("latent", "both", "reconstruction"):
        det.set_params(scoring_mode=mode)
        det.restart()
        np.testing.assert_array_equal([det.update(x) for x in X], before)


def test_only_normal_rows_are_learned_from():
    X, y = spoiled()
    X[y == 1] = 1e6
    det = RNNAutoencoder(**SMALL).fit(X, y)
    assert abs(det.mean_[0]) < 1
    assert det.scale_[0] < 1
    assert np.isnan(det.decision_scores_[y == 1]).all()
    assert det.predict(X)[y == 1].all()
    assert det.predict(wave(seed=5)).mean() < 0.1


def test_several_series_of_other_lengths():
    X = wave(700)
    det = RNNAutoencoder(**SMALL).fit([X[:90], X[100:170], X[180:400], X[420:425]])
    assert det.decision_scores_.shape == (385,)
    assert [len(s) for s in det.decision_function([X[:90], X[100:105]])] == [90, 5]
    with pytest.raises(SpecError, match="must hold a series of 12 rows or more, got 10"):
        det.fit([X[:10], X[20:30], X[40:49]])


def test_validation_rows_are_held_out():
    normal, held = wave(), wave(300, seed=4)
    det = RNNAutoencoder(**SMALL).fit(normal, validation=held)
    assert det.decision_scores_.shape == (600,)
    assert det.predict(held, causal=True).mean() <= 0.01


def test_several_networks():
    X, y = spoiled(d=2)
    one = RNNAutoencoder(**SMALL, n_networks=1).fit(wave(d=2))
    det = RNNAutoencoder(**SMALL, n_networks=3).fit(wave(d=2))
    assert len(det.history_) == len(det.best_epoch_) == 3
    # Every row was held out of one.
    assert not np.isnan(det.decision_scores_).any()
    assert roc_auc_score(y, det.decision_function(X)) > 0.9
    again = RNNAutoencoder.from_bytes(det.to_bytes())
    assert (again.decision_function(X) == det.decision_function(X)).all()
    assert det.encode(windows(X, window=12, stride=6).data).shape[1] == 18
    parts = [det._scores(X, [k]) for k in range(3)]
    assert np.mean(parts, axis=0) == pytest.approx(det.decision_function(X, causal=True)[11:])
    assert not np.array_equal(one.decision_function(X), det.decision_function(X))


def test_warm_start_goes_on():
    det = RNNAutoencoder(**SMALL, warm_start=True).fit(wave())
    first = det.history_[0]["validation"]
    mean = det.mean_.copy()
    det.set_params(lr=1e-4).fit(wave(400, seed=7) + 0.01)
    assert det.history_[0]["validation"][0] < first[0]
    assert (det.mean_ == mean).all()
    with pytest.raises(SpecError, match="X: must have the 1 channels of the fit before"):
        det.fit(wave(d=2))
    with pytest.raises(SpecError, match="warm_start: must not be set where networks of other sizes"):
        det.set_params(hidden_size=7).fit(wave())


def test_the_recipe_of_the_article(monkeypatch):
    seen = []
    real = training.train

    def train(net, loss, batches, settings, criterion, **more):
        seen.append((batches.size, settings.lr, settings.schedule, settings.clip, settings.epochs))
        biases = dict(net.named_parameters())["encoder.bias_ih_l0"]
        assert not (biases[6:12] == 1.0).all()  # forget gates as torch makes them
        return real(net, loss, batches, settings, criterion, **more)

    monkeypatch.setattr(training, "train", train)
    det = RNNAutoencoder(**{**SMALL, "epochs": 2, "stride": 12}, recipe="article").fit(wave(300))
    assert not det._gausses
    assert seen == [(1, 1e-3, "constant", None, 2)]
    RNNAutoencoder(**{**SMALL, "epochs": None, "stride": 60}, recipe="article", lr=3e-4).fit(wave(300))
    assert seen[1] == (1, 3e-4, "constant", None, 50)


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
    with pytest.raises(SpecTypeError, match="inject: must return a pair"):
        det.calibrate_generated(wave(), inject=lambda x, _: x)


@pytest.mark.parametrize("stop", ["spread", "detection", "loss"])
@pytest.mark.parametrize("score", ["latent", "reconstruction"])
def test_what_the_best_epoch_is_chosen_by(stop, score):
    det = RNNAutoencoder(**SMALL, stop=stop, scoring_mode=score).fit(wave())
    (history,) = det.history_
    assert det.best_epoch_ == [int(np.argmin(history["criterion"]))]
    assert (history["criterion"] == history["validation"]) == (stop == "loss")


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
    assert len(det.history_[0]["train"]) == det.best_epoch_[0] + 4


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


@pytest.mark.parametrize("networks", [1, 2])
def test_a_resumed_run_ends_in_the_same_bits(networks, tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    model = RNNAutoencoder(**{**SMALL, "epochs": 4}, variational=True, batch_size=64, n_networks=networks)
    whole = clone(model).fit(wave())
    with monkeypatch.context() as patch:
        stopping_after(patch, 15, StopError())
        with pytest.raises(StopError):
            clone(model).fit(wave(), checkpoint=path)
    assert path.exists()
    resumed = clone(model).fit(wave(), checkpoint=path)
    assert np.array_equal(resumed.decision_scores_, whole.decision_scores_)
    for key in ("train", "validation", "lr"):
        assert resumed.history_[-1][key] == whole.history_[-1][key]
    with pytest.raises(StateError, match="other settings"):
        clone(model).set_params(lr=0.1).fit(wave(), checkpoint=path)
    with pytest.raises(StateError, match="does not fit this network"):
        clone(model).set_params(hidden_size=5).fit(wave(), checkpoint=path)


def test_ctrl_c_keeps_the_best_weights_so_far(monkeypatch):
    model = RNNAutoencoder(**{**SMALL, "epochs": 50, "stride": 12}, batch_size=8)
    stopping_after(monkeypatch, 14, KeyboardInterrupt())
    with pytest.warns(RuntimeWarning, match=r"stopped by Ctrl-C after \d epochs"):
        det = model.fit(wave())
    assert det.interrupted_
    assert np.isfinite(det.decision_function(wave())).all()


def test_ctrl_c_in_the_first_epoch_leaves_nothing_half_done(monkeypatch):
    model = RNNAutoencoder(**SMALL)
    stopping_after(monkeypatch, 0, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        model.fit(wave())
    with pytest.raises(NotFittedError):
        model.predict(wave())


BAD = [
    ({}, np.zeros((5, 11, 1)), None, r"X: must be windows of shape \(k, 12, d\), got shape \(5, 11, 1\)"),
    ({}, wave(), np.zeros(5), "y: must have 600 rows, as X has, got 5"),
    (
        {"nan_policy": "raise"},
        np.where(np.arange(600)[:, None] == 3, np.nan, wave()),
        None,
        "X: must not be NaN in window",
    ),
    ({"lr": 1e38, "recipe": "article"}, wave(300), None, "no longer a number"),
    ({"device": "abacus"}, wave(), None, "device: must be a device .* got 'abacus'"),
    ({}, wave() * 1e300, None, "X: must have a standard deviation in channel 0, got values whose squares are infinite"),
    ({}, wave(), np.tile([1] + [0] * 11, 50), "X: must hold a run of 12 normal rows"),
]


@pytest.mark.parametrize(("params", "X", "y", "says"), BAD, ids=[case[3][:25] for case in BAD])
def test_bad_input_is_named(params, X, y, says):
    model = RNNAutoencoder(**{**SMALL, **params})
    with pytest.raises(SpecError, match=says):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(wave())


def test_what_is_far_out_is_no_silent_nan(fitted):
    far = fitted.decision_function(np.where(np.arange(60)[:, None] == 30, 1e300, wave(60)))
    assert np.isfinite(far).all()
    assert far[30] > 2 * fitted.threshold_


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("score", ["latent", "reconstruction", "both"])
def test_onnx_says_the_same(cell, score, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    pd = pytest.importorskip("pandas")
    many = 2 if score == "both" else 1
    det = RNNAutoencoder(
        **SMALL, cell=cell, scoring_mode=score, num_layers=2, variational=cell == "gru", n_networks=many
    )
    det.fit(pd.DataFrame(wave(d=2), columns=["Zufluß", "b"]))
    det.to_onnx(tmp_path / "det.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["det.onnx"]
    session = runtime.InferenceSession(tmp_path / "det.onnx", providers=["CPUExecutionProvider"])
    data = windows(spoiled(d=2)[0], window=12, stride=5).data
    for k in (1, 3, len(data)):
        (got,) = session.run(["score"], {"windows": data[:k].astype(np.float32)})
        assert got == pytest.approx(det.decision_function(data[:k]), rel=1e-3, abs=1e-3)
    notes = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    assert notes["paranom_rs.feature_names"] == ["Zufluß", "b"]
    assert notes["paranom_rs.threshold"] == det.causal_threshold_
    assert notes["paranom_rs.scale"] == det.scale_.tolist()
    assert notes["paranom_rs.window"] == 12


def test_onnx_does_not_follow_levels(tmp_path):
    pytest.importorskip("onnx")
    det = RNNAutoencoder(**SMALL, follow_levels=True).fit(wave())
    with pytest.raises(SpecError, match="follow_levels: must be False for an ONNX file"):
        det.to_onnx(tmp_path / "det.onnx")


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
    for call, says in ((fitted.plot_reconstruction, "hold a window"), (fitted.plot_errors, "have a row")):
        with pytest.raises(SpecError, match=f"X: must {says}"):
            call(np.zeros((0, 12, 1)))
    plt.close("all")


def test_baselines():
    X, y = spoiled()
    w = windows(X, y, window=12, stride=6)
    base = Baselines(random_state=3).fit(windows(wave(), window=12, stride=6).data)
    scores = base.scores(w.data)
    assert set(scores) == {"mean z-score", "PCA", "isolation forest"}
    marks = w.count == 12
    sure = marks | (w.count == 0)
    assert roc_auc_score(marks[sure], scores["mean z-score"][sure]) > 0.95
    with pytest.raises(SpecError, match="two or more windows"):
        Baselines().fit(np.zeros((1, 12, 1)))
    with pytest.raises(SpecError, match=r"X: must be windows of shape \(k, 12, 1\), got shape \(2, 4, 1\)"):
        base.scores(np.zeros((2, 4, 1)))
    assert base.get_params() == clone(base).get_params() == {"random_state": 3}
    assert repr(base.set_params(random_state=4)) == "Baselines(random_state=4)"


def test_torch_comes_late_and_its_absence_is_explained(fitted, tmp_path):
    fitted.save(tmp_path / "det")
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "sklearn"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import paranom_rs.deep, numpy
# A loaded detector scores without torch.
again = paranom_rs.load_detector({str(tmp_path / "det")!r})
assert again.decision_function(numpy.zeros((20, 1))).shape == (20,)
again.update(0.0)
from paranom_rs._internal.optional import install_line
try:
    paranom_rs.deep.RNNAutoencoder().fit(numpy.zeros(1000))
except ImportError as error:
    assert install_line("deep") in str(error), error
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_progress_is_shown_when_asked_for(capfd):
    RNNAutoencoder(**{**SMALL, "verbose": True}).fit(wave(200))
    assert "validation=" in capfd.readouterr().err


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


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (RNNAutoencoder, "score", "scoring_mode"),
        (RNNAutoencoder, "nan", "nan_policy"),
        (RNNAutoencoder, "hidden", "hidden_size"),
        (LSTMAD, "seq_len", "window"),
        (LSTMAD, "rng", "random_state"),
        (Baselines, "seed", "random_state"),
        (KSigma, "robustness", "robust"),
    ],
)
def test_a_wrong_keyword_is_answered_with_the_right_one(make, wrong, right):
    with pytest.raises(SpecTypeError, match=rf'^{make.__name__}\.{wrong}: must be one of .*did you mean "{right}"\?$'):
        make(**{wrong: 1})
