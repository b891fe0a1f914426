"""Training by the core beside torch's: the same gradients, the same course, and who trains what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from paranom_rs import Generator, Normal, Sine, Stochastic  # noqa: E402
from paranom_rs.connect.torch import GeneratedDataset  # noqa: E402
from paranom_rs.deep import LSTMAD, RNNAutoencoder  # noqa: E402
from paranom_rs.deep.nets import Autoencoder, Forecaster  # noqa: E402
from paranom_rs.detect.recurrent import LARGEST, RecurrentTrainer  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

SMALL = {"window": 12, "hidden_size": 6, "epochs": 4, "verbose": False, "device": "cpu"}


class ByTorch(RNNAutoencoder):
    """The same detector, trained by torch."""

    def _is_for_core(self) -> bool:
        return False


class ForecastByTorch(LSTMAD):
    """The same detector, trained by torch."""

    def _is_for_core(self) -> bool:
        return False


def wave(n: int = 600, d: int = 1) -> Any:
    t = np.arange(n)[:, None] + 3 * np.arange(d)
    return np.sin(t / 3) + 0.05 * np.random.default_rng(0).normal(size=(n, d))


def flat(tensors: Any) -> Any:
    return np.concatenate([t.detach().numpy().ravel() for t in tensors])


def state(net: Any) -> Any:
    weights = flat(net.parameters())
    return weights, np.zeros_like(weights), np.zeros_like(weights), 0


def assert_gradient(net: Any, loss: Any, found: Any, gradient: Any) -> None:
    loss.backward()
    wanted = flat(p.grad for p in net.parameters())
    assert found == pytest.approx(loss.item(), rel=1e-5)
    assert np.abs(gradient - wanted).max() <= 2e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("loss", ["l1", "l2"])
@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradients_of_an_autoencoder_are_those_of_autograd(cell: str, variational: bool, loss: str) -> None:
    torch.manual_seed(3)
    net = Autoencoder(cell, 2, 9, 2, 0.0, variational).train()
    x, known = torch.randn(19, 7, 2), (torch.rand(19, 7, 2) > 0.2).float()
    with torch.random.fork_rng():
        noise = torch.randn(19, 9)
    restored, divergence = net(x)
    gap = restored - x
    size = (gap.abs() if loss == "l1" else gap.square()) * known
    trainer = RecurrentTrainer.autoencoder(cell, 2, 9, 2, variational, loss, state(net))
    found, gradient = trainer.gradient(
        torch.cat([x, known], 2).numpy(), weight=0.7, noise=noise.numpy().ravel() if variational else None
    )
    assert_gradient(net, (size.sum((1, 2)) + 0.7 * divergence).mean(), found, gradient)


def test_gradients_of_a_forecaster_are_those_of_autograd() -> None:
    torch.manual_seed(3)
    net = Forecaster(2, 7, 2, 3, 0.0)
    net.start_hidden.normal_()
    net.start_cell.normal_()
    batch = torch.randn(18, 9, 2)
    wanted = batch[:, 1:].unfold(1, 3, 1).transpose(2, 3)
    starts = (net.start_hidden.numpy().ravel(), net.start_cell.numpy().ravel())
    trainer = RecurrentTrainer.forecaster(2, 7, 2, 3, starts, state(net))
    found, gradient = trainer.gradient(batch.numpy())
    assert_gradient(net, (net(batch[:, :6])[0] - wanted).square().mean(), found, gradient)


def assert_same_course(core: Any, by_torch: Any) -> None:
    for ours, theirs in zip(core.history_, by_torch.history_, strict=True):
        assert ours["lr"] == theirs["lr"]
        for name in ("train", "validation"):
            assert ours[name] == pytest.approx(theirs[name], rel=2e-3)
            assert ours[name][0] == pytest.approx(theirs[name][0], rel=1e-4)


@pytest.mark.parametrize(
    "given",
    [
        {"cell": "rnn", "loss": "l2"},
        {"cell": "gru", "num_layers": 2, "n_networks": 2},
        {"cell": "lstm", "variational": True, "batch_size": 7},
        {"cell": "gru", "recipe": "article", "loss": "l2", "stride": 12, "epochs": 2},
    ],
    ids=str,
)
def test_the_course_of_torch(given: dict[str, Any]) -> None:
    X = wave(d=2)
    X[50:60, 1] = np.nan
    assert_same_course(RNNAutoencoder(**{**SMALL, **given}).fit(X), ByTorch(**{**SMALL, **given}).fit(X))


def test_the_course_of_torch_on_batches_of_a_loader() -> None:
    variable = Stochastic(normal=Sine(period=40) + Normal(0.0, 0.1))
    made = [
        kind(**{**SMALL, "window": 20}, cell="gru").fit(
            GeneratedDataset(Generator({"a": variable}), window=20, batches=3, batch_size=8)
        )
        for kind in (RNNAutoencoder, ByTorch)
    ]
    assert_same_course(*made)


def test_a_forecaster_has_the_course_of_torch_and_goes_on() -> None:
    given = {"horizon": 3, "window": 20, "hidden_size": 6, "epochs": 3, "verbose": False, "device": "cpu"}
    core, by_torch = (kind(**given).fit(wave(d=2)) for kind in (LSTMAD, ForecastByTorch))
    assert_same_course(core, by_torch)
    # The states that series begin in are no longer zeros.
    again = ForecastByTorch(**given)
    again.__dict__.update(core.__dict__)
    for model in (core, again):
        model.set_params(warm_start=True, epochs=2).fit(wave(d=2))
    assert_same_course(core, again)


def test_a_run_that_torch_began_is_resumed_by_the_core(tmp_path: Any) -> None:
    class StopError(Exception):
        pass

    class Stopping(ByTorch):
        def _criterion(self, *args: Any) -> Any:
            judged, made = [], super()._criterion(*args)

            def criterion(*args: Any) -> Any:
                judged.append(0)
                if len(judged) > 2:
                    raise StopError
                return made(*args)

            return criterion

    whole = RNNAutoencoder(**SMALL).fit(wave())
    with pytest.raises(StopError):
        Stopping(**SMALL).fit(wave(), checkpoint=tmp_path / "run")
    resumed = RNNAutoencoder(**SMALL).fit(wave(), checkpoint=tmp_path / "run")
    assert_same_course(resumed, whole)


def test_any_threads_give_the_same_bits() -> None:
    made = [RNNAutoencoder(**SMALL, variational=True, threads=threads).fit(wave()) for threads in (1, 2)]
    for name, array in made[0]._networks[0].items():
        assert np.array_equal(array, made[1]._networks[0][name])
    assert np.array_equal(made[0].decision_scores_, made[1].decision_scores_)


@pytest.mark.parametrize(
    ("given", "by_core"),
    [
        ({}, True),
        ({"num_layers": 2}, True),
        ({"dropout": 0.1}, True),
        ({"dropout": 0.1, "num_layers": 2}, False),
        ({"hidden_size": LARGEST}, True),
        ({"hidden_size": LARGEST + 1}, False),
        ({"precision": "float32"}, True),
        ({"precision": "bfloat16"}, False),
    ],
    ids=str,
)
def test_who_trains(given: dict[str, Any], by_core: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class ChosenError(Exception):
        pass

    def chosen(name: str) -> Any:
        def make(*args: Any, **more: Any) -> None:
            raise ChosenError(name)

        return make

    monkeypatch.setattr("paranom_rs.deep.training.CoreSteps", chosen("core"))
    monkeypatch.setattr("paranom_rs.deep.training.TorchSteps", chosen("torch"))
    monkeypatch.setattr("paranom_rs.deep.training.uses_bfloat16", lambda precision, *_: precision == "bfloat16")
    with pytest.raises(ChosenError, match="core" if by_core else "torch"):
        RNNAutoencoder(**{**SMALL, "epochs": 1, **given}).fit(wave(120))
