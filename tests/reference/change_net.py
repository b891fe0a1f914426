"""The network of AnomalyNet, and what it sees of a row: as written, row by row, term by term."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SMALL = 0.05


def output(weights: Any, features: np.ndarray, row: int) -> float:
    """The output of a row: start·x + exit·h + bias, where h(0) = relu(entry·clip(x)) and, with 2^k rows between taps,
    h(k+1)[t] = h(k)[t] + relu(bias(k) + Σ taps(k)[tap]·h(k)[t - (2 - tap)·2^k]); rows before the first are 0.
    """
    units = len(weights.entry_bias)

    def hidden(layer: int, at: int) -> np.ndarray:
        if at < 0:
            return np.zeros(units)
        if layer == 0:
            inside = np.clip(features[at], weights.low, weights.high)
            return np.maximum(weights.entry_bias + weights.entry @ inside, 0)
        below, back = layer - 1, 2 ** (layer - 1)
        total = np.array(weights.tap_bias[below], dtype=np.float64)
        for tap in range(3):
            total += weights.taps[below][:, :, tap] @ hidden(below, at - (2 - tap) * back)
        return hidden(below, at) + np.maximum(total, 0)

    last = hidden(len(weights.taps), row)
    return float(weights.bias[0] + weights.exit @ last + weights.start @ features[row])


def change(clean: np.ndarray, found: np.ndarray, row: int, window: int) -> float:
    """How much the window that ends at a row was changed: the root of the mean squared difference over up to four
    channels, of more the mean absolute differences of each, summed. Rows before the first count as unchanged.
    """
    total = 0.0
    for at in range(max(row - window + 1, 0), row + 1):
        for j in range(clean.shape[1]):
            difference = abs(found[at, j] - clean[at, j])
            total += difference**2 / clean.shape[1] if clean.shape[1] <= 4 else difference
    mean = total / window
    return math.log1p((math.sqrt(mean) if clean.shape[1] <= 4 else mean) / SMALL)


def features(normal: np.ndarray, rows: np.ndarray, row: int, window: int) -> list[float]:
    """What is seen of a row of one channel without missing values, but for the principal components."""
    x = rows[:, 0]

    def to(distance: float) -> float:
        return math.log1p(distance / SMALL)

    def nearest(length: int) -> tuple[float, float]:
        if row + 1 < length:
            return 0.0, 0.0
        own = x[row + 1 - length : row + 1]
        others = [normal[k : k + length, 0] for k in range(len(normal) - length + 1)]
        squared = min(math.sqrt(float(np.mean((own - other) ** 2))) for other in others)
        return squared, min(float(np.mean(np.abs(own - other))) for other in others)

    step = 3 * (x[row] - x[row - 1]) if row else 0.0
    away = x[row] - np.mean(x[max(row - window + 1, 0) : row + 1])
    long, short = nearest(window), nearest(max(window // 3, 2))
    sizes = [math.log1p(abs(v)) for v in (step, away)]
    signed = [math.copysign(size, v) for size, v in zip(sizes, (step, away), strict=True)]
    share = 1.0 if long[1] > 0 else 0.0
    return [to(long[0]), to(short[0]), to(long[1]), share, *(s for size in sizes for s in (size, size)), *signed]
