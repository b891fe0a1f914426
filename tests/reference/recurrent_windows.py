"""An autoencoder on one window, row by row in float32. The core must give the same bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]

ROUND, ROUND_BITS = np.float32(12_582_912.0), np.uint32(0x4B400000)
LOG2_E = np.float32(1.4426950408889634)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.1219444e-4)
ONE, TWO = np.float32(1), np.float32(2)
TERMS = [ONE / np.float32(n) for n in (720, 120, 24, 6, 2)]


def parts(x: Singles) -> tuple[Singles, Singles]:
    """Return 2^n and e^r - 1, where x = n ln 2 + r."""
    shifted = x * LOG2_E + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = ONE / np.float32(5040)
    for term in TERMS:
        p = p * r + term
    power = ((shifted.view(np.uint32) - ROUND_BITS + np.uint32(127)) << np.uint32(23)).view(np.float32)
    return power, r + r * r * p


def logistic(x: Singles) -> Singles:
    power, beyond = parts(np.clip(-x, np.float32(-80), np.float32(80)))
    return ONE / (ONE + (power + power * beyond))


def tanh(x: Singles) -> Singles:
    power, beyond = parts(np.clip(TWO * x, np.float32(-40), np.float32(40)))
    less_one = (power - ONE) + power * beyond
    return less_one / (less_one + TWO)


def added(sums: Singles, weights: Singles, x: Singles) -> Singles:
    """Return sums with the products of weights and x added, one after the other."""
    for k in range(len(x)):
        sums = sums + weights[:, k] * x[k]
    return sums


def layer(cell: str, weights: list[Singles], rows: Singles) -> Singles:
    """Return the outputs of a layer that begins in zeros."""
    wi, wh, bi, bh = weights
    units = wh.shape[1]
    hidden, memory = np.zeros(units, np.float32), np.zeros(units, np.float32)
    out = []
    for x in rows:
        if cell == "gru":
            both = slice(0, 2 * units)
            gates = logistic(added(added((bi + bh)[both], wi[both], x), wh[both], hidden))
            reset, update = gates[:units], gates[units:]
            inner = added(bh[2 * units :], wh[2 * units :], hidden)
            new = tanh(added(bi[2 * units :], wi[2 * units :], x) + reset * inner)
            hidden = (ONE - update) * new + update * hidden
        else:
            sums = added(added(bi + bh, wi, x), wh, hidden)
            if cell == "rnn":
                hidden = tanh(sums)
            else:
                i, f, g, o = np.split(sums, 4)
                memory = logistic(f) * memory + logistic(i) * tanh(g)
                hidden = logistic(o) * tanh(memory)
        out.append(hidden)
    return np.array(out)


def stack(cell: str, weights: list[Singles], rows: Singles) -> Singles:
    for k in range(0, len(weights), 4):
        rows = layer(cell, weights[k : k + 4], rows)
    return rows


def encode(cell: str, layers: int, weights: list[Singles], window: Singles) -> Singles:
    """Return the latent vector of a window (rows, d); weights are in the order of torch's parameters."""
    last = stack(cell, weights[: 4 * layers], window)[-1]
    rest = weights[8 * layers + 2 :]
    return added(rest[1], rest[0], last) if rest else last


def decode(cell: str, layers: int, weights: list[Singles], latent: Singles, rows: int) -> Singles:
    """Return the window (rows, d) of a latent vector."""
    out, bias = weights[8 * layers : 8 * layers + 2]
    decoded = stack(cell, weights[4 * layers : 8 * layers], np.repeat(latent[None], rows, axis=0))
    return np.array([added(bias, out, row) for row in decoded])


def error(restored: Singles, window: NDArray[np.float64], loss: str) -> float:
    """Return how far a window is from what was restored: the sum over its values, row by row; NaN has no part."""
    total = 0.0
    for y, x in zip(restored.ravel().tolist(), window.ravel().tolist(), strict=True):
        gap = y - x
        if gap == gap:
            total += abs(gap) if loss == "l1" else gap * gap
    return total
