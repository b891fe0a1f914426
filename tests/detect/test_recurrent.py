"""Recurrent networks of the core: the bits of the slow definition, and torch's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import SpecError
from paranom_rs._core import Affine, RecurrentNetwork
from reference import recurrent as reference

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def made(seed: int, cell: str, inputs: int, units: int, layers: int, outputs: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    gates = GATES[cell] * units
    below = [inputs, *[units] * (layers - 1)]
    parts = [
        (rng.normal(size=(gates, n)), rng.normal(size=(gates, units)), rng.normal(size=gates), rng.normal(size=gates))
        for n in below
    ]
    head = (rng.normal(size=(outputs, units)), rng.normal(size=outputs)) if outputs else None
    return parts, head


@given(
    st.integers(0, 2**32), st.sampled_from(sorted(GATES)), st.integers(1, 4), st.integers(1, 19), st.integers(1, 3),
    st.integers(0, 3), st.integers(1, 6), st.sampled_from([1.0, 30.0, 1e9]),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_the_bits_of_the_definition(
    seed: int, cell: str, inputs: int, units: int, layers: int, outputs: int, steps: int, size: float
) -> None:
    parts, head = made(seed, cell, inputs, units, layers, outputs)
    network = RecurrentNetwork(cell, parts, head)
    rng = np.random.default_rng([seed, 1])
    x, begun = size * rng.normal(size=(steps, inputs)), rng.normal(size=network.state)
    found, state = network.run(x, begun)
    wanted, wanted_state = reference.run(cell, parts, head, x, begun)
    assert (found == wanted).all()
    assert (state == wanted_state).all()
    # In pieces.
    first, between = network.run(x[:1], begun)
    rest, end = network.run(x[1:], between)
    assert (np.concatenate([first, rest]) == found).all()
    assert (end == state).all()


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_affine_maps_are_sums_in_order(seed: int, inputs: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    weights, bias, x = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), rng.normal(size=(7, inputs))
    found = Affine(weights, bias).squared_lengths(x)
    # One by one: from Python 3.12 on `sum` of floats rounds otherwise.
    squares = [np.square(reference.affine(weights, bias, row)) for row in x]
    assert found.tolist() == [np.add.accumulate(y)[-1] for y in squares]


@pytest.mark.parametrize("cell", sorted(GATES))
def test_the_numbers_of_torch(cell: str) -> None:
    torch = pytest.importorskip("torch")
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    net = kind(3, 5, 2, batch_first=True).double()
    weights = {name: value.detach().numpy() for name, value in net.named_parameters()}
    parts = [
        tuple(weights[f"{part}_l{k}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")) for k in (0, 1)
    ]
    x = np.random.default_rng(0).normal(size=(30, 3))
    network = RecurrentNetwork(cell, parts)
    found, _ = network.run(x, np.zeros(network.state))
    np.testing.assert_allclose(found, net(torch.tensor(x))[0].detach().numpy(), atol=1e-12)


def test_what_does_not_fit_is_refused() -> None:
    parts, head = made(0, "gru", 2, 3, 1, 1)
    network = RecurrentNetwork("gru", parts, head)
    for call in (
        lambda: RecurrentNetwork("lstm", parts, head),
        lambda: RecurrentNetwork("transformer", parts, head),
        lambda: RecurrentNetwork("gru", [], head),
        lambda: RecurrentNetwork("gru", parts, (np.zeros((1, 4)), np.zeros(1))),
        lambda: Affine(np.zeros((2, 3)), np.zeros(3)),
        lambda: Affine(np.zeros((0, 3)), np.zeros(0)),
        lambda: Affine(np.zeros((2, 3)), np.zeros(2)).squared_lengths(np.zeros((1, 2))),
        lambda: network.run(np.zeros((4, 3)), np.zeros(3)),
        lambda: network.run(np.zeros((4, 2)), np.zeros(2)),
    ):
        with pytest.raises(SpecError):
            call()
    assert network.run(np.zeros((0, 2)), np.zeros(3))[0].shape == (0, 1)
