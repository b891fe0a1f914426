"""Recurrent networks as arrays, by torch's names: their shapes, and how the core evaluates and trains them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._core import Affine, RecurrentNetwork, RecurrentTrainer, ScoreStream, WindowNetwork

__all__ = [
    "LARGEST",
    "Affine",
    "RecurrentNetwork",
    "RecurrentTrainer",
    "ScoreStream",
    "TrainingState",
    "WindowNetwork",
    "network",
    "shapes",
    "window_network",
]

#: Sums for each unit of a layer.
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
#: Units of a layer up to which the core trains faster than torch.
LARGEST = 128
TrainingState = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], int]
"""Weights and both means of Adam, in the order of torch's parameters, and the steps made."""
_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

Arrays = Mapping[str, NDArray[Any]]


def shapes(name: str, cell: str, inputs: int, hidden: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights of a torch module ``name`` of recurrent layers."""
    gates = GATES[cell] * hidden
    found: dict[str, tuple[int, ...]] = {}
    for k in range(layers):
        below = inputs if k == 0 else hidden
        for part, shape in zip(_PARTS, ((gates, below), (gates, hidden), (gates,), (gates,)), strict=True):
            found[f"{name}.{part}_l{k}"] = shape
    return found


def network(arrays: Arrays, name: str, cell: str, layers: int, head: str | None = None) -> RecurrentNetwork:
    """Return the network of a module's weights, with a linear ``head`` behind its last layer.

    What it gives does not depend on how many series are computed at once, on threads, or on the processor.
    """
    parts = [tuple(_floats(arrays[f"{name}.{part}_l{k}"]) for part in _PARTS) for k in range(layers)]
    end = None if head is None else (_floats(arrays[f"{head}.weight"]), _floats(arrays[f"{head}.bias"]))
    return RecurrentNetwork(cell, parts, end)


def window_network(arrays: Arrays, cell: str, layers: int) -> WindowNetwork:
    """Return the autoencoder of its weights; ``mean`` is there in the variational form.

    What it makes of a window does not depend on others, on threads, or on the processor.
    """
    hidden, features = arrays["encoder.weight_hh_l0"].shape[1], len(arrays["output.bias"])
    names = [*shapes("encoder", cell, features, hidden, layers), *shapes("decoder", cell, hidden, 2 * hidden, layers)]
    heads = ("output", "mean", "log_variance") if "mean.weight" in arrays else ("output",)
    names += [f"{head}.{part}" for head in heads for part in ("weight", "bias")]
    flat = np.concatenate([np.asarray(arrays[name], dtype=np.float32).ravel() for name in names])
    return WindowNetwork(cell, features, hidden, layers, "mean.weight" in arrays, flat)


def _floats(array: NDArray[Any]) -> NDArray[np.float64]:
    return np.ascontiguousarray(array, dtype=np.float64)
