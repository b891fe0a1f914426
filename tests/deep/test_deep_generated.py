"""The detectors and the generator together: injected anomalies, calibration, the stop that looks at detection."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.metrics import roc_auc_score  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from paranom_rs import Anomaly, Choice, Generator, Normal, Shift, Sine, SpecError, Stochastic  # noqa: E402
from paranom_rs.connect.torch import GeneratedDataset  # noqa: E402
from paranom_rs.deep import LSTMAD, RNNAutoencoder, windows  # noqa: E402
from paranom_rs.deep.inject import shapes, shapes_in_windows  # noqa: E402

SMALL = {"window": 20, "stride": 10, "hidden_size": 8, "epochs": 4, "verbose": False, "device": "cpu"}


def plant(anomalies, seed=0):
    wave = Stochastic(normal=Sine(period=25) + Normal(0, 0.1), anomalous=Shift(Choice([-3.0, 3.0])))
    return Generator({"a": wave, "b": wave}, anomalies=anomalies, seed=seed)


@pytest.fixture(scope="module")
def normal():
    return plant(None).generate(2000).X


@pytest.fixture(scope="module")
def labelled():
    return plant(Anomaly(frequency=0.1, duration=(40, 80)), seed=1).generate(3000)


def test_injected_shapes_are_where_the_labels_say(normal):
    values, y = shapes(normal, 4, frequency=0.1, duration=(20, 60))
    assert 0.04 < y.mean() < 0.2
    # What is not labelled has not changed by a bit; nearly all that is labelled has.
    assert np.array_equal(values[y == 0], normal[y == 0])
    assert (values != normal).any(axis=1)[y == 1].mean() > 0.9
    again, _ = shapes(normal, 4, frequency=0.1, duration=(20, 60))
    assert np.array_equal(values, again)
    assert not np.array_equal(values, shapes(normal, 5, frequency=0.1, duration=(20, 60))[0])


def test_injected_shapes_vary(normal):
    long = np.tile(normal, (10, 1))
    values, y = shapes(long, 0, frequency=0.2, duration=(20, 60))
    change = np.abs(values - long).max(axis=1)[y == 1]
    assert np.quantile(change, 0.9) > 4 * np.quantile(change, 0.1)


def test_constant_channels_can_be_injected_into():
    values, y = shapes(np.ones((3000, 1)), 0, frequency=0.2, duration=(20, 60))
    assert np.isfinite(values).all()
    assert y.any()


def test_spoiled_windows(normal):
    data = windows(normal, window=20, stride=20).data
    changed, marks = shapes_in_windows(data, 0)
    assert changed.shape[1:] == (20, 2)
    assert len(changed) == len(marks)
    assert 0 < marks.sum() < len(marks)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_each_variant_tells_generated_anomalies(normal, labelled, cell, variational, layers):
    det = RNNAutoencoder(**SMALL, cell=cell, variational=variational, num_layers=layers).fit(normal)
    w = windows(labelled.X, labelled.y, window=20, stride=10)
    tested = np.concatenate([w.normal, w.anomalous])
    marks = np.repeat([0, 1], [len(w.normal), len(w.anomalous)])
    assert roc_auc_score(marks, det.decision_function(w.data[tested])) > 0.95
    assert roc_auc_score(labelled.y, det.decision_function(labelled.X)) > 0.85


def test_lstm_ad_tells_generated_anomalies(normal, labelled):
    det = LSTMAD(horizon=3, hidden_size=8, window=60, epochs=10, verbose=False).fit(normal)
    assert roc_auc_score(labelled.y, det.decision_function(labelled.X)) > 0.8


@pytest.mark.parametrize("model", [RNNAutoencoder(**SMALL), LSTMAD(horizon=3, hidden_size=8, epochs=5, verbose=False)])
def test_calibration_on_generated_anomalies_needs_no_real_ones(model, normal, labelled):
    det = model.fit(normal)
    fresh = plant(None).generate(10_000, start=2000).X
    assert det.calibrate_generated(fresh, seed=3) is det
    assert det.predict(fresh).mean() < 0.02
    pred = det.predict(labelled.X)
    assert pred[labelled.y == 1].mean() > 5 * pred[labelled.y == 0].mean()


def test_the_stop_that_looks_at_detection(normal):
    det = RNNAutoencoder(**{**SMALL, "epochs": 6}, stop="detection", validation_share=0.4).fit(normal)
    (history,) = det.history_
    area = 1 - np.array(history["criterion"])
    assert det.best_epoch_ == [int(np.argmax(area))]
    assert area.max() > 0.6
    assert history["criterion"] != history["validation"]


@pytest.mark.parametrize("workers", [None, 1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking a process with threads
def test_windows_from_a_loader(workers, labelled):
    dataset = GeneratedDataset(plant(Anomaly(frequency=0.05, duration=(20, 40))), window=40, batches=6, batch_size=16)
    loader = dataset if workers is None else DataLoader(dataset, batch_size=None, num_workers=workers)
    for model in (
        RNNAutoencoder(hidden_size=8, epochs=12, verbose=False, follow_levels=None),
        LSTMAD(horizon=3, hidden_size=8, epochs=8, verbose=False),
    ):
        det = model.fit(loader)
        assert np.isfinite(det.decision_scores_).all()
        assert det.scale_ == pytest.approx([0.71, 0.71], abs=0.05)
        assert roc_auc_score(labelled.y, det.decision_function(labelled.X)) > 0.8
        assert 0.0 < det.threshold_ < np.inf
        assert det.predict(plant(None).generate(2000, start=10**6).X).mean() < 0.1
    assert det.n_features_in_ == 2


def test_a_loader_is_read_a_batch_at_a_time(monkeypatch):
    made = []
    real = GeneratedDataset._make

    def make(self, number):
        made.append(number)
        return real(self, number)

    monkeypatch.setattr(GeneratedDataset, "_make", make)
    dataset = GeneratedDataset(plant(None), window=20, batches=3, batch_size=8)
    RNNAutoencoder(hidden_size=4, epochs=2, verbose=False, device="cpu", precision="float32").fit(dataset)
    # The first epoch is held out, the others are learnt, one after the other.
    assert made == list(range(9))
    with pytest.raises(SpecError, match="y: must not be given beside a loader"):
        RNNAutoencoder().fit(dataset, [0])
    anomalous = plant(Anomaly(frequency=0.9, duration=(30, 60)))
    with pytest.raises(SpecError, match="X: must have a normal window in its first epoch"):
        RNNAutoencoder().fit(GeneratedDataset(anomalous, window=200, batches=1, batch_size=2))
