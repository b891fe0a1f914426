"""Losses and gradients of recurrent networks, one window and one row at a time, in float64; and the steps of Adam.

Weights come as a list of arrays in the order of torch's parameters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def logistic(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def layer_shapes(cell: str, inputs: int, units: int, layers: int) -> list[tuple[int, ...]]:
    gates = GATES[cell] * units
    found: list[tuple[int, ...]] = []
    for k in range(layers):
        found += [(gates, inputs if k == 0 else units), (gates, units), (gates,), (gates,)]
    return found


def autoencoder_shapes(cell: str, d: int, h: int, layers: int, variational: bool) -> list[tuple[int, ...]]:
    found = [*layer_shapes(cell, d, h, layers), *layer_shapes(cell, h, 2 * h, layers), (d, 2 * h), (d,)]
    return found + 2 * [(h, h), (h,)] if variational else found


def forecaster_shapes(d: int, h: int, layers: int, horizon: int) -> list[tuple[int, ...]]:
    return [*layer_shapes("lstm", d, h, layers), (horizon * d, h), (horizon * d,)]


class Layer:
    """One layer on one window: forward, and then backward."""

    def __init__(self, cell: str, weights: list[Floats], hidden: Floats, memory: Floats) -> None:
        self.cell, self.weights = cell, weights
        self.start = hidden, memory

    def forward(self, rows: Floats) -> Floats:
        wi, wh, bi, bh = self.weights
        self.rows, self.tape = rows, []
        hidden, memory = self.start
        outputs = []
        for x in rows:
            a, b = wi @ x + bi, wh @ hidden + bh
            if self.cell == "rnn":
                new = np.tanh(a + b)
                self.tape.append((hidden, new))
                hidden = new
            elif self.cell == "gru":
                (ar, au, an), (br, bu, bn) = np.split(a, 3), np.split(b, 3)
                reset, update = logistic(ar + br), logistic(au + bu)
                new = np.tanh(an + reset * bn)
                self.tape.append((hidden, reset, update, new, bn))
                hidden = (1 - update) * new + update * hidden
            else:
                i, f, g, o = np.split(a + b, 4)
                i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
                after = f * memory + i * g
                self.tape.append((hidden, i, f, g, o, memory, after))
                hidden, memory = o * np.tanh(after), after
            outputs.append(hidden)
        return np.array(outputs)

    def backward(self, gradient: Floats) -> tuple[Floats, list[Floats]]:
        """From the gradient of each output: that of each row, and of the weights."""
        wi, wh, _, _ = self.weights
        found = [np.zeros_like(w) for w in self.weights]
        below = np.zeros_like(self.rows)
        carried, along = np.zeros(wh.shape[1]), np.zeros(wh.shape[1])
        for t in reversed(range(len(self.rows))):
            d, hidden = gradient[t] + carried, self.tape[t][0]
            if self.cell == "rnn":
                _, new = self.tape[t]
                da = db = d * (1 - new**2)
                carried = np.zeros_like(d)
            elif self.cell == "gru":
                _, reset, update, new, bn = self.tape[t]
                dn = d * (1 - update) * (1 - new**2)
                dr = dn * bn * reset * (1 - reset)
                du = d * (hidden - new) * update * (1 - update)
                da, db = np.concatenate([dr, du, dn]), np.concatenate([dr, du, dn * reset])
                carried = d * update
            else:
                _, i, f, g, o, memory, after = self.tape[t]
                dc = along + d * o * (1 - np.tanh(after) ** 2)
                parts = [
                    dc * g * i * (1 - i), dc * memory * f * (1 - f), dc * i * (1 - g**2),
                    d * np.tanh(after) * o * (1 - o),
                ]  # fmt: skip
                da = db = np.concatenate(parts)
                along, carried = dc * f, np.zeros_like(d)
            carried = carried + wh.T @ db
            below[t] = wi.T @ da
            for own, part in zip(found, (np.outer(da, self.rows[t]), np.outer(db, hidden), da, db), strict=True):
                own += part
        return below, found


class Stack:
    """Layers one behind the other, on one window."""

    def __init__(self, cell: str, weights: list[Floats], starts: list[tuple[Floats, Floats]] | None = None) -> None:
        units = weights[1].shape[1]
        zero = (np.zeros(units), np.zeros(units))
        groups = [weights[k : k + 4] for k in range(0, len(weights), 4)]
        self.layers = [Layer(cell, own, *(starts[k] if starts else zero)) for k, own in enumerate(groups)]

    def forward(self, rows: Floats) -> Floats:
        for layer in self.layers:
            rows = layer.forward(rows)
        return rows

    def backward(self, gradient: Floats) -> tuple[Floats, list[Floats]]:
        found: list[Floats] = []
        for layer in reversed(self.layers):
            gradient, own = layer.backward(gradient)
            found = own + found
        return gradient, found


def autoencoder(
    cell: str,
    layers: int,
    loss: str,
    weights: list[Floats],
    window: Floats,
    known: Floats,
    weight: float = 0.0,
    noise: Floats | None = None,
) -> tuple[float, list[Floats]]:
    """Return the loss of a window and its gradient; with ``noise`` the latent vector is drawn."""
    encoder, decoder = Stack(cell, weights[: 4 * layers]), Stack(cell, weights[4 * layers : 8 * layers])
    out, out_bias, *rest = weights[8 * layers :]
    last = encoder.forward(window)[-1]
    latent, mean, spread = last, np.zeros(0), np.zeros(0)
    divergence = 0.0
    if rest:
        mean, log_variance = rest[0] @ last + rest[1], rest[2] @ last + rest[3]
        spread = np.exp(log_variance / 2)
        latent = mean + (0.0 if noise is None else noise) * spread
        divergence = float((mean**2 + spread**2 - 1 - log_variance).sum() / 2)
    decoded = decoder.forward(np.repeat(latent[None], len(window), axis=0))
    gap = decoded @ out.T + out_bias - window
    size = np.abs(gap) if loss == "l1" else gap**2
    slope = (np.sign(gap) if loss == "l1" else 2 * gap) * known
    to_latent, for_decoder = decoder.backward(slope @ out)
    back, for_rest = to_latent.sum(axis=0), []
    if rest:
        to_mean = back + weight * mean
        to_log = back * (0.0 if noise is None else noise) * spread / 2 + weight * (spread**2 - 1) / 2
        back = rest[0].T @ to_mean + rest[2].T @ to_log
        for_rest = [np.outer(to_mean, last), to_mean, np.outer(to_log, last), to_log]
    to_last = np.zeros((len(window), len(last)))
    to_last[-1] = back
    _, for_encoder = encoder.backward(to_last)
    gradient = [*for_encoder, *for_decoder, slope.T @ decoded, slope.sum(axis=0), *for_rest]
    return float((size * known).sum() + weight * divergence), gradient


def forecaster(
    layers: int, horizon: int, weights: list[Floats], window: Floats, starts: list[tuple[Floats, Floats]]
) -> tuple[float, list[Floats]]:
    """Return the mean squared error of the predictions in a window, and its gradient."""
    stack = Stack("lstm", weights[: 4 * layers], starts)
    out, bias = weights[4 * layers :]
    rows = len(window) - horizon
    outputs = stack.forward(window[:rows])
    wanted = np.array([window[t + 1 : t + 1 + horizon].ravel() for t in range(rows)])
    gap = outputs @ out.T + bias - wanted
    slope = 2 * gap / gap.size
    _, found = stack.backward(slope @ out)
    return float((gap**2).mean()), [*found, slope.T @ outputs, slope.sum(axis=0)]


def adam(weights: Floats, first: Floats, second: Floats, at: int, gradient: Floats, rate: float) -> tuple[Floats, ...]:
    """Return weights and means behind step number ``at``, from 1."""
    first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
    size = np.sqrt(second / (1 - 0.999**at)) + 1e-8
    return weights - rate * first / (1 - 0.9**at) / size, first, second


def cut(gradient: Floats, most: float) -> Floats:
    """Return a gradient no longer than ``most``."""
    return gradient * min(most / (np.sqrt((gradient**2).sum()) + 1e-6), 1.0)
