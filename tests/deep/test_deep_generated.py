"""The detectors and the generator together: injected anomalies, calibration, the stop that looks at detection."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from sklearn.metrics import roc_auc_score  # noqa: E402

from paranom_rs import Anomaly, Choice, Generator, Normal, Shift, Sine, Stochastic  # noqa: E402
from paranom_rs.deep import LSTMAD, RNNAutoencoder, windows  # noqa: E402
from paranom_rs.deep.inject import shapes, shapes_in_windows  # noqa: E402

SMALL = {"window": 20, "stride": 10, "hidden_size": 8, "epochs": 4, "verbose": False}


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
    area = 1 - np.array(det.history_["criterion"])
    assert det.best_epoch_ == int(np.argmax(area))
    assert area.max() > 0.6
    assert det.history_["criterion"] != det.history_["validation"]
