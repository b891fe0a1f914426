"""Anomalies generated into normal data by the package's own Generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats

Inject = Callable[[Floats, int], tuple[Floats, NDArray[np.int8]]]
"""From a normal series (n, d) and a seed to a series with anomalies in it and labels (n,)."""


def shapes(X: Floats, seed: int, *, frequency: float, duration: tuple[int, int]) -> tuple[Floats, NDArray[np.int8]]:
    """Put changes of shape into a normal series.

    Each event changes one channel: stuck, shifted, scaled, bumped, drifting or noisy, by a multiple of the channel's
    standard deviation that is drawn for each event. Such anomalies are useful because their shapes vary: uniform noise
    is nearly useless.

    Parameters
    ----------
    X
        The series, shape (n, d), without NaN.
    seed
        What the events are drawn from.
    frequency
        The share of rows that is changed.
    duration
        The shortest and the longest event, in rows.

    Returns
    -------
    values
        The changed series; rows outside of events keep their bits.
    y
        Labels, shape (n,).
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
    # Scaling back and forth would change bits of normal values.
    return np.where(data.labels, data.X * scale + mean, X), data.y


def shapes_in_windows(data: Floats, seed: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Put changes of shape into normal windows (k, window, d) without NaN.

    Returns
    -------
    windows
        Those without an anomalous row, and those with a quarter or more; the others are left out.
    y
        Which of them have anomalous rows.
    """
    k, window, d = data.shape
    shortest = max(window // 3, 1)
    changed, y = shapes(data.reshape(-1, d), seed, frequency=0.3, duration=(shortest, max(window, shortest)))
    count = y.reshape(k, window).sum(axis=1)
    clear = (count == 0) | (count >= max(window // 4, 1))
    return changed.reshape(k, window, d)[clear], count[clear] > 0
