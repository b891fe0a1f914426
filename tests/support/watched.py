"""A small stream with four anomalies, and how it is fed to a `Watch`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.watch import Watch


def stream(n: int = 3000, seed: int = 0) -> NDArray[np.float64]:
    """Three channels; the second jumps at rows 500, 900, 1300, ... for ten rows."""
    rng = np.random.default_rng(seed)
    X = np.sin(np.arange(n)[:, None] / [3.0, 8.0, 21.0]) + 0.1 * rng.normal(size=(n, 3))
    for start in range(500, n, 400):
        X[start : start + 10, 1] += 3
    return X


SETTINGS: dict[str, Any] = {"window": 5, "reference": 200, "threshold": 1.0, "keep": 2048}


def feed(watch: Watch, X: NDArray[np.float64], *, first: int = 0, by: int = 50, key: str | None = None) -> None:
    """Give samples in batches; each sample's time is its number."""
    for i in range(0, len(X), by):
        part = X[i : i + by]
        watch.update_many(
            part, None if key is None else [key] * len(part), t=np.arange(first + i, first + i + len(part))
        )
