"""Anomalies generated into normal data by the package's own Generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats

Inject = Callable[[Floats, int], tuple[Floats, NDArray[np.int8]]]
"""From a normal series (n, d) and a seed to a series with anomalies in it and labels (n,)."""


def shapes(X: Floats, seed: int, *, frequency: float, duration: tuple[int, int]) -> tuple[Floats, NDArray[np.int8]]:
    """The series `X` (n, d), without NaN, with changes of shape in it, and labels (n,).

    A share `frequency` of the rows is changed, `duration` (shortest, longest) rows at a time, one channel
    at a time: stuck, shifted, scaled, bumped, drifting or noisy, by a multiple of the channel's standard
    deviation drawn anew for each event. Variety of shape is what makes such anomalies useful; uniform noise
    is nearly useless.
    """
    from paranom_rs.generate.anomalies import Anomaly
    from paranom_rs.generate.distributions import Choice, Uniform
    from paranom_rs.generate.generator import Generator
    from paranom_rs.generate.recordings import Recorded
    from paranom_rs.generate.transforms import Drift, Flatline, Noise, Scale, Shift, Spike

    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    amounts = Choice([-3.0, -2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0])
    kinds = {
        "stuck": Flatline(),
        "shift": Shift(amounts),
        "scale": Scale(Choice([0.0, 0.3, 0.6, 1.5, 2.0, 3.0])),
        "bump": Spike(amounts),
        "drift": Drift(amounts),
        "noise": Noise(Uniform(0.2, 1.0)),
    }
    names = [f"x{j}" for j in range(X.shape[1])]
    generator = Generator(
        {name: Recorded((X[:, j] - mean[j]) / scale[j]) for j, name in enumerate(names)},
        anomalies=[
            Anomaly(
                frequency=frequency / (len(kinds) * len(names)),
                duration=duration,
                name=f"{kind} {name}",
                values={name: rule},
            )
            for kind, rule in kinds.items()
            for name in names
        ],
        seed=seed,
    )
    data = generator.generate(len(X))
    # What is normal stays to the bit what it was.
    return np.where(data.labels, data.X * scale + mean, X), data.y


def shapes_in_windows(data: Floats, seed: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Windows (k, size, d) without NaN, some of them spoiled, and which; hardly touched ones are left out."""
    k, size, d = data.shape
    shortest = max(size // 3, 1)
    changed, y = shapes(data.reshape(-1, d), seed, frequency=0.3, duration=(shortest, max(size, shortest)))
    touched = y.reshape(k, size).sum(axis=1)
    clear = (touched == 0) | (touched >= max(size // 4, 1))
    return changed.reshape(k, size, d)[clear], touched[clear] > 0
