"""Recurrent layers as torch defines them, step by step. The core must give the same bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reference.fmath import exp

Floats = NDArray[np.float64]
Layer = tuple[Floats, Floats, Floats, Floats]
"""weight_ih, weight_hh, bias_ih, bias_hh."""


def affine(weights: Floats, bias: Floats, x: Floats) -> Floats:
    """Return weights times x plus the bias: the bias first, then product after product."""
    y = bias.copy()
    for k in range(len(x)):
        y = y + weights[:, k] * x[k]
    return y


def logistic(x: Floats) -> Floats:
    return 1.0 / (1.0 + exp(-x))


def tanh(x: Floats) -> Floats:
    return 1.0 - 2.0 / (1.0 + exp(2.0 * x))


def step(cell: str, layer: Layer, x: Floats, hidden: Floats, memory: Floats) -> tuple[Floats, Floats]:
    """Return what a layer gives for one row, and its memory (of an LSTM)."""
    a, b = affine(layer[0], layer[2], x), affine(layer[1], layer[3], hidden)
    if cell == "rnn":
        return tanh(a + b), memory
    if cell == "gru":
        (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
        reset, update = logistic(ar + br), logistic(az + bz)
        return (1.0 - update) * tanh(an + reset * bn) + update * hidden, memory
    i, f, g, o = np.split(a + b, 4)
    memory = logistic(f) * memory + logistic(i) * tanh(g)
    return logistic(o) * tanh(memory), memory


def run(
    cell: str, layers: list[Layer], head: tuple[Floats, Floats] | None, x: Floats, state: Floats
) -> tuple[Floats, Floats]:
    """Return the outputs (steps, outputs) of a series (steps, inputs), and the state behind it."""
    units, parts = layers[0][1].shape[1], 2 if cell == "lstm" else 1
    states = state.reshape(len(layers), parts, units).copy()
    out = []
    for row in x:
        below = row
        for k, layer in enumerate(layers):
            below, memory = step(cell, layer, below, states[k, 0], states[k, -1])
            states[k, -1] = memory
            states[k, 0] = below
        out.append(below if head is None else affine(*head, below))
    return np.array(out).reshape(len(x), -1), states.ravel()
