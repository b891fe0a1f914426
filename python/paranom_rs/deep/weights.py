"""Weights of networks: as a safetensors file in memory, checked against the shapes that they must have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.optional import require

Weights = dict[str, NDArray[np.float32]]
"""The weights of a network by torch's names."""
Shapes = Mapping[str, tuple[int, ...]]


def of_network(net: Any) -> Weights:
    """Return the weights of a torch module."""
    return {k: np.array(v.detach().cpu().numpy(), np.float32, order="C") for k, v in net.state_dict().items()}


def pack(networks: list[Weights]) -> NDArray[np.uint8]:
    """Return the weights of networks as the bytes of a safetensors file; names begin with the network's number."""
    safetensors = require("safetensors.numpy", "deep", "saving")
    arrays = {f"{k}.{name}": array for k, weights in enumerate(networks) for name, array in weights.items()}
    return np.frombuffer(safetensors.save(arrays), np.uint8)


def unpack(data: NDArray[Any], shapes: Shapes, networks: int) -> list[Weights]:
    """Return the weights that `pack` gave.

    Raises
    ------
    ValueError
        For bytes that are no safetensors file, and for names, shapes, types or values other than the wanted ones.
    """
    cells = sum(math.prod(shape) for shape in shapes.values())
    if data.dtype != np.uint8 or data.ndim != 1 or 4 * cells * networks > len(data):
        raise ValueError("its weights are cut off")
    safetensors = require("safetensors.numpy", "deep", "loading")
    try:
        # As many bytes as there are in the file are read, whatever its header says.
        arrays = safetensors.load(data.tobytes())
    except Exception as error:
        # Errors of safetensors have no common base but Exception.
        raise ValueError(f"its weights are no safetensors file ({error})") from None
    found = [
        {name: _checked(arrays.pop(f"{k}.{name}"), name, shape) for name, shape in shapes.items()}
        for k in range(networks)
    ]
    if arrays:
        raise ValueError(f"it holds weights of something else: {min(arrays)[:40]}")
    return found


def _checked(array: NDArray[Any], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if array.dtype != np.float32 or array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, not {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value that is no number")
    return array
