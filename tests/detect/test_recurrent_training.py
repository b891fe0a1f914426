"""Training in the core: the gradients of the slow definition, the same bits everywhere, what is refused."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from paranom_rs import SpecError
from paranom_rs._core import RecurrentTrainer, WindowNetwork
from reference import recurrent_training as reference

Floats = NDArray[np.float64]


def drawn(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[Floats]:
    return [rng.normal(0, 0.5, shape).astype(np.float32).astype(np.float64) for shape in shapes]


def flat(arrays: list[Floats]) -> NDArray[np.float32]:
    return np.concatenate([a.ravel() for a in arrays]).astype(np.float32)


def state(weights: NDArray[np.float32]) -> Any:
    return weights, np.zeros_like(weights), np.zeros_like(weights), 0


def autoencoder(
    cell: str, d: int, units: int, layers: int, variational: bool, loss: str, weights: list[Floats]
) -> RecurrentTrainer:
    return RecurrentTrainer.autoencoder(cell, d, units, layers, variational, loss, state(flat(weights)))


def assert_near(found: NDArray[np.float32], wanted: list[Floats]) -> None:
    whole = np.concatenate([a.ravel() for a in wanted])
    assert np.abs(found - whole).max() <= 2e-5 * max(np.abs(whole).max(), 1e-3)


@given(
    st.integers(0, 2**32), st.sampled_from(sorted(reference.GATES)), st.integers(1, 3), st.integers(1, 10),
    st.integers(1, 2), st.booleans(), st.sampled_from(["l1", "l2"]), st.sampled_from([1, 2, 16, 19]),
    st.integers(1, 5), st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_gradients_of_an_autoencoder(
    seed: int, cell: str, d: int, units: int, layers: int, variational: bool, loss: str, count: int, rows: int,
    gaps: bool,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    weights = drawn(rng, reference.autoencoder_shapes(cell, d, units, layers, variational))
    x = rng.normal(size=(count, rows, d)).astype(np.float32)
    known = (rng.random(x.shape) < 0.7).astype(np.float32) if gaps else np.ones_like(x)
    noise = rng.normal(size=(count, units)).astype(np.float32)
    trainer = autoencoder(cell, d, units, layers, variational, loss, weights)
    given_windows = np.concatenate([x, known], axis=2) if gaps else x
    found, gradient = trainer.gradient(given_windows, weight=0.6, noise=noise.ravel() if variational else None)
    each = [
        reference.autoencoder(cell, layers, loss, weights, a.astype(float), b, 0.6, c)
        for a, b, c in zip(x, known, noise, strict=True)
    ]
    assert found == pytest.approx(np.mean([one for one, _ in each]), rel=1e-5, abs=1e-6)
    if loss == "l2":
        assert_near(gradient, [np.mean(parts, axis=0) for parts in zip(*(g for _, g in each), strict=True)])
    else:
        # Where a difference is nearly 0, its sign may be another one.
        whole = np.concatenate([np.mean(p, axis=0).ravel() for p in zip(*(g for _, g in each), strict=True)])
        assert np.median(np.abs(gradient - whole)) <= 2e-5 * max(np.abs(whole).max(), 1e-3)
    still = [
        reference.autoencoder(cell, layers, loss, weights, a.astype(float), b, 0.6)[0]
        for a, b in zip(x, known, strict=True)
    ]
    assert trainer.losses(given_windows, weight=0.6) == pytest.approx(still, rel=1e-5, abs=1e-6)


@given(
    st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 10), st.integers(1, 3), st.integers(1, 4),
    st.sampled_from([1, 15, 17]), st.integers(1, 4),
)  # fmt: skip
@settings(deadline=None, max_examples=20)
def test_gradients_of_a_forecaster(
    seed: int, d: int, units: int, layers: int, horizon: int, count: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = drawn(rng, reference.forecaster_shapes(d, units, layers, horizon))
    starts = drawn(rng, [(layers, units), (layers, units)])
    x = rng.normal(size=(count, rows + horizon, d)).astype(np.float32)
    begun = (flat([starts[0]]), flat([starts[1]]))
    trainer = RecurrentTrainer.forecaster(d, units, layers, horizon, begun, state(flat(weights)))
    found, gradient = trainer.gradient(x)
    each = [reference.forecaster(layers, horizon, weights, a.astype(float), list(zip(*starts, strict=True))) for a in x]
    assert found == pytest.approx(np.mean([one for one, _ in each]), rel=1e-5)
    assert_near(gradient, [np.mean(parts, axis=0) for parts in zip(*(g for _, g in each), strict=True)])


@pytest.mark.parametrize("cell", sorted(reference.GATES))
def test_the_definition_by_finite_differences(cell: str) -> None:
    rng = np.random.default_rng(3)
    weights = drawn(rng, reference.autoencoder_shapes(cell, 2, 3, 2, True))
    window, known, noise = rng.normal(size=(4, 2)), np.ones((4, 2)), rng.normal(size=3)
    known[1, 0] = 0

    def loss() -> float:
        return reference.autoencoder(cell, 2, "l2", weights, window, known, 0.3, noise)[0]

    _, gradient = reference.autoencoder(cell, 2, "l2", weights, window, known, 0.3, noise)
    for w, g in zip(weights, gradient, strict=True):
        for at in ((0,) * w.ndim, tuple(n - 1 for n in w.shape)):
            before = w[at]
            w[at] = before + 1e-6
            above = loss()
            w[at] = before - 1e-6
            below = loss()
            w[at] = before
            assert g[at] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("clip", [None, 0.5])
def test_steps_are_those_of_adam(clip: float | None) -> None:
    rng = np.random.default_rng(5)
    weights = drawn(rng, reference.autoencoder_shapes("gru", 1, 3, 1, False))
    shapes = [w.shape for w in weights]
    x = rng.normal(size=(7, 5, 1)).astype(np.float32)
    order, rates = np.array([6, 0, 3, 2, 1, 4, 5]), np.array([0.02, 0.01, 0.05])
    trainer = autoencoder("gru", 1, 3, 1, False, "l2", weights)
    total = trainer.epoch(x, order, 3, rates, clip=clip)
    w = np.concatenate([a.ravel() for a in weights])
    first = second = np.zeros_like(w)
    wanted = 0.0
    for k, rate in enumerate(rates):
        own = np.split(w, np.cumsum([int(np.prod(s)) for s in shapes])[:-1])
        parts = [part.reshape(s) for part, s in zip(own, shapes, strict=True)]
        batch = x[order[3 * k : 3 * k + 3]]
        each = [reference.autoencoder("gru", 1, "l2", parts, a.astype(float), np.ones_like(a)) for a in batch]
        wanted += sum(one for one, _ in each)
        gradient = np.mean([np.concatenate([g.ravel() for g in all_]) for _, all_ in each], axis=0)
        gradient = gradient if clip is None else reference.cut(gradient, clip)
        w, first, second = reference.adam(w, first, second, k + 1, gradient, rate)
    assert total == pytest.approx(wanted, rel=1e-5)
    found = trainer.state()
    assert found[3] == 3
    assert found[0] == pytest.approx(w, abs=2e-5)
    assert found[1] == pytest.approx(first, abs=1e-5)
    assert found[2] == pytest.approx(second, abs=1e-5)
    # Gone on with from its state, it makes the same steps.
    again = RecurrentTrainer.autoencoder("gru", 1, 3, 1, False, "l2", found)
    for one in (trainer, again):
        one.epoch(x, order, 3, rates, clip=clip)
    assert all(np.array_equal(a, b) for a, b in zip(trainer.state(), again.state(), strict=True))


def trained(threads: int) -> str:
    """Return a checksum of networks trained with so many threads."""
    digest = hashlib.sha256()
    rng = np.random.default_rng(7)
    for cell in sorted(reference.GATES):
        weights = drawn(rng, reference.autoencoder_shapes(cell, 3, 11, 2, True))
        x = rng.normal(size=(70, 6, 3)).astype(np.float32)
        trainer = autoencoder(cell, 3, 11, 2, True, "l1", weights)
        noise = rng.normal(size=70 * 11).astype(np.float32)
        rates = np.full(2, 0.01)
        total = trainer.epoch(x, np.arange(70), 64, rates, clip=5.0, weight=0.1, noise=noise, threads=threads)
        for part in (*trainer.state()[:3], np.array(total), trainer.losses(x, threads=threads)):
            digest.update(part.tobytes())
        network = WindowNetwork(cell, 3, 11, 2, True, trainer.state()[0])
        latent = network.encode(x.astype(np.float64), threads=threads)
        digest.update(latent.tobytes() + network.decode(latent, 9, threads=threads).tobytes())
    weights = drawn(rng, reference.forecaster_shapes(2, 9, 2, 3))
    starts = (np.zeros(18, np.float32), np.zeros(18, np.float32))
    forecaster = RecurrentTrainer.forecaster(2, 9, 2, 3, starts, state(flat(weights)))
    x = rng.normal(size=(40, 9, 2)).astype(np.float32)
    forecaster.epoch(x, np.arange(40), 40, np.full(1, 0.01), threads=threads)
    digest.update(forecaster.state()[0].tobytes())
    return digest.hexdigest()


def test_the_same_bits_at_every_instruction_set_and_on_any_threads() -> None:
    found = {trained(threads) for threads in (1, 2, 3)}
    code = "from detect.test_recurrent_training import trained; print(trained(2))"
    for level in ("baseline", "avx2", "avx512"):
        environment = os.environ | {"PARANOM_SIMD": level, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        found.add(run.stdout.strip())
    assert len(found) == 1


def test_an_order_a_batch_larger_than_the_windows_and_none() -> None:
    rng = np.random.default_rng(1)
    weights = drawn(rng, reference.autoencoder_shapes("lstm", 1, 1, 1, False))
    x = rng.normal(size=(5, 1, 1)).astype(np.float32)
    one, other = (autoencoder("lstm", 1, 1, 1, False, "l1", weights) for _ in range(2))
    order = np.array([4, 2, 2, 0])
    assert one.epoch(x, order, 100, np.ones(1)) == other.epoch(x[order], np.arange(4), 4, np.ones(1))
    assert np.array_equal(one.state()[0], other.state()[0])
    before = one.state()
    assert one.epoch(x, order[:0], 3, np.zeros(0)) == 0.0
    assert np.array_equal(one.state()[0], before[0])
    assert one.losses(x[:0]).shape == (0,)


def test_ctrl_c_ends_an_epoch() -> None:
    weights = drawn(np.random.default_rng(1), reference.autoencoder_shapes("gru", 1, 8, 1, False))
    trainer = autoencoder("gru", 1, 8, 1, False, "l1", weights)
    x, order = np.zeros((16, 60, 1), np.float32), np.zeros(2_000_000, np.int64)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        trainer.epoch(x, order, 32, np.full(62_500, 1e-3), threads=1)
    assert time.monotonic() - started < 10


def test_a_number_that_is_none_comes_out_as_none() -> None:
    rng = np.random.default_rng(1)
    weights = drawn(rng, reference.autoencoder_shapes("gru", 1, 4, 1, False))
    x = np.full((2, 3, 1), np.nan, np.float32)
    for loss in ("l1", "l2"):
        trainer = autoencoder("gru", 1, 4, 1, False, loss, weights)
        assert np.isnan(trainer.epoch(x, np.arange(2), 2, np.ones(1)))
        assert np.isnan(trainer.state()[0]).any()


def test_what_does_not_fit_is_refused() -> None:
    weights = flat(drawn(np.random.default_rng(1), reference.autoencoder_shapes("gru", 2, 3, 1, True)))
    trainer = RecurrentTrainer.autoencoder("gru", 2, 3, 1, True, "l1", state(weights))
    x, noise = np.zeros((4, 5, 2), np.float32), np.zeros(12, np.float32)
    order, rates = np.arange(4), np.ones(2)
    good = {"windows": x, "order": order, "size": 2, "rates": rates, "noise": noise}
    for wrong, says in (
        ({"windows": x[:, :, :1]}, "windows: must have rows, and 2 columns"),
        ({"windows": x[:, :0]}, "windows: must have rows"),
        ({"order": order + 1}, "order: must be below 4"),
        ({"order": order - 1}, "order: must be numbers of windows"),
        ({"size": 0}, "size: must be 1 or more"),
        ({"rates": rates[:1]}, "rates: must be 2 numbers"),
        ({"noise": None}, "noise: must be 12 numbers"),
    ):
        with pytest.raises(SpecError, match=says):
            trainer.epoch(**(good | wrong))
    assert np.array_equal(trainer.state()[0], weights)
    starts = (np.zeros(3, np.float32), np.zeros(3, np.float32))
    for call, says in (
        (lambda: RecurrentTrainer.autoencoder("tcn", 2, 3, 1, True, "l1", state(weights)), "cell"),
        (lambda: RecurrentTrainer.autoencoder("gru", 2, 3, 1, True, "l3", state(weights)), "loss"),
        (lambda: RecurrentTrainer.autoencoder("gru", 2, 0, 1, True, "l1", state(weights)), "units"),
        (lambda: RecurrentTrainer.autoencoder("gru", 2, 3, 1, False, "l1", state(weights)), "weights: must be"),
        (lambda: RecurrentTrainer.forecaster(2, 3, 2, 1, starts, state(weights)), "start"),
    ):
        with pytest.raises(SpecError, match=says):
            call()
