"""The parts of the deep detectors, by hand: layers, loss, learning rate, Gaussian, error vectors."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from paranom_rs.deep.cold_start import deviations, settling_rows  # noqa: E402
from paranom_rs.deep.forecast_stream import ForecastStream  # noqa: E402
from paranom_rs.deep.gaussian import Gaussian  # noqa: E402
from paranom_rs.deep.holdout import holdouts  # noqa: E402
from paranom_rs.deep.lstm_ad import LSTMAD  # noqa: E402
from paranom_rs.deep.nets import Autoencoder, Forecaster, divergence  # noqa: E402
from paranom_rs.deep.training import learning_rate  # noqa: E402


def test_the_lstm_of_the_article_has_its_number_of_weights():
    # LSTM(1, 20): 4 * 20 * (1 + 20 + 2); LSTM(20, 40): 4 * 40 * (20 + 40 + 2); linear: 40 + 1.
    net = Autoencoder("lstm", 1, 20, 1, 0.0, False)
    assert sum(p.numel() for p in net.parameters()) == 1840 + 9920 + 41


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("variational", [False, True])
def test_shapes(cell, layers, variational):
    net = Autoencoder(cell, 3, 4, layers, 0.0, variational)
    restored, kl = net(torch.zeros(5, 7, 3))
    assert restored.shape == (5, 7, 3)
    assert kl.shape == (5,)
    assert net.encode(torch.zeros(5, 7, 3)).shape == (5, 4)
    assert net.decoder.hidden_size == 8


def test_a_plain_rnn_by_hand():
    net = Autoencoder("rnn", 1, 1, 1, 0.0, False)
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
        net.encoder.weight_ih_l0.fill_(1.0)
        net.encoder.weight_hh_l0.fill_(0.5)
        net.decoder.weight_ih_l0.copy_(torch.tensor([[2.0], [0.0]]))
        net.output.weight.copy_(torch.tensor([[3.0, 7.0]]))
        net.output.bias.fill_(0.25)
        x = torch.tensor([[[0.3], [-0.2]]])
        latent = np.tanh(-0.2 + 0.5 * np.tanh(0.3))
        assert net.encode(x).item() == pytest.approx(latent, abs=1e-6)
        # The decoder keeps no memory here: the same value at each step.
        wanted = 3 * np.tanh(2 * latent) + 0.25
        assert net(x)[0].ravel().tolist() == pytest.approx([wanted, wanted], abs=1e-6)


def test_divergence_by_hand():
    mean, log_variance = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 2.0], [0.0, 0.0]])
    assert divergence(mean, log_variance).tolist() == pytest.approx([0.5 + (np.exp(2) - 3) / 2, 0.0])


def test_the_variational_form_draws_only_while_training():
    net = Autoencoder("gru", 1, 4, 1, 0.0, True)
    x = torch.ones(2, 5, 1)
    assert not torch.equal(net(x)[0], net(x)[0])
    net.eval()
    assert torch.equal(net(x)[0], net(x)[0])


def test_learning_rates():
    one = [learning_rate("onecycle", 1.0, k, 100) for k in range(100)]
    assert one[0] == pytest.approx(1 / 25)
    assert max(one) == one[30] == 1.0
    assert one[99] < 0.01
    assert np.diff(one[:31]).min() > 0 > np.diff(one[30:]).max()
    assert learning_rate("cosine", 1.0, 50, 101) == pytest.approx(0.5)
    assert learning_rate("constant", 0.3, 7, 9) == 0.3
    assert learning_rate("onecycle", 1.0, 0, 1) == pytest.approx(1 / 25)


def test_gaussian_is_a_gaussian():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) * [1, 10, 0.1, 1] + [0, 5, 0, -3]
    fitted = Gaussian.fit(x)
    covariance = np.linalg.inv(fitted.whiten.T @ fitted.whiten)
    law = stats.multivariate_normal(fitted.mean, covariance)
    assert fitted.distance2(x) / 2 == pytest.approx(law.logpdf(fitted.mean) - law.logpdf(x))
    assert fitted.variances == pytest.approx(np.diag(covariance))
    # Shrinkage is slight with 500 vectors.
    assert covariance == pytest.approx(np.cov(x.T), rel=0.3, abs=0.05 * np.abs(np.cov(x.T)).max())


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.ones((1, 2)), np.arange(6.0).reshape(2, 3)])
def test_gaussian_is_never_singular(x):
    fitted = Gaussian.fit(x)
    assert np.isfinite(fitted.distance2(x + 1)).all()
    assert (fitted.distance2(x + 1) > fitted.distance2(x.mean(axis=0)[None])).all()


def test_no_deviation_of_a_gaussian_is_below_the_least():
    x = np.random.default_rng(0).normal(size=(500, 3)) * [1.0, 1e-9, 2.0]
    fitted = Gaussian.fit(x, np.array([0.5, 0.1, 0.5]))
    away = np.eye(3) * [1.0, 0.1, 2.0] + x.mean(axis=0)
    np.testing.assert_allclose(fitted.distance2(away), [1.0, 1.0, 1.0], rtol=0.1)


def test_deviations_are_numpys_over_parts():
    x = np.random.default_rng(0).normal(size=(50, 2))
    x[0] = np.nan
    np.testing.assert_allclose(deviations([x[:20], x[20:21], x[21:]]), np.nanstd(x, axis=0))


def test_scores_have_settled_where_few_are_above_the_last_third():
    late = np.random.default_rng(0).uniform(size=(40, 60))
    assert settling_rows(late) == 0
    late[:, :17] += 5
    assert settling_rows(late) == 20
    assert settling_rows(late + np.linspace(9, 0, 60)) > 30


class Persistence:
    """Predicts that everything stays as it is."""

    horizon, channels = 3, 2
    start = np.zeros(1)

    class core:  # noqa: N801 (an attribute)
        @staticmethod
        def run(x, state):
            return np.repeat(x[:, None], 3, axis=1).reshape(len(x), -1), state


@pytest.mark.parametrize("chunk", [1, 3, 4, 100])
def test_error_vectors_line_up(chunk):
    x = np.random.default_rng(0).normal(size=(10, 2))
    x[6, 1] = np.nan
    stream = ForecastStream(Persistence())
    parts = [stream.take(x[k : k + chunk]) for k in range(0, 10, chunk)]
    errors, expected = (np.concatenate(part) for part in zip(*parts, strict=True))
    filled = x.copy()
    filled[6, 1] = x[5, 1]
    for t in range(1, 10):
        assert expected[t].tolist() == filled[t - 1].tolist()
        for k in range(3):
            wanted = x[t] - filled[t - 1 - k] if t > k else [np.nan, np.nan]
            assert errors[t, k] == pytest.approx(wanted, nan_ok=True)
    assert np.isnan(errors[0]).all()
    assert np.isnan(expected[0]).all()


def test_loss_compares_with_the_rows_to_come():
    class Net:
        def __call__(self, x):
            return x[:, :, None].expand(-1, -1, 2, -1), None

    batch = torch.tensor([[[1.0], [2.0], [4.0], [8.0]]])
    # After 1: 2, 4 came; after 2: 4, 8 came.
    wanted = np.mean([(1 - 2) ** 2, (1 - 4) ** 2, (2 - 4) ** 2, (2 - 8) ** 2])
    assert LSTMAD(horizon=2)._loss(Net(), batch, 0.0).item() == pytest.approx(wanted)


def test_forecaster_carries_its_state():
    net = Forecaster(2, 4, 2, 3, 0.0).eval()
    x = torch.randn(1, 9, 2)
    whole, _ = net(x)
    first, state = net(x[:, :5])
    second, _ = net(x[:, 5:], state)
    assert torch.allclose(whole, torch.cat([first, second], 1), atol=1e-6)
    assert whole.shape == (1, 9, 3, 2)


@pytest.mark.parametrize("networks", [1, 2, 5])
@pytest.mark.parametrize("rows", [40, 900])
def test_held_out_rows(networks, rows):
    inside = np.ones(rows, bool)
    inside[20:23] = False
    parts = holdouts(inside, 6, networks, 0.25)
    assert len(parts) == networks
    for part in parts:
        counted = np.zeros(rows, int)
        for a, b in part.learnt + part.held:
            counted[a:b] += 1
        assert (counted == inside).all()
        assert part.held
        assert part.learnt
    if networks > 1:
        held = np.zeros(rows, int)
        for part in parts:
            for a, b in part.held:
                held[a:b] += 1
        assert (held[inside] >= 1).all()
    else:
        share = sum(b - a for a, b in parts[0].held) / inside.sum()
        assert 0.15 <= share <= 0.4


def test_a_single_piece_is_halved():
    (part,) = holdouts(np.ones(9, bool), 6, 1, 0.1)
    assert part.learnt == [(0, 5)]
    assert part.held == [(5, 9)]
