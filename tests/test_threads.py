"""Python threads that use one object at the same time get what one thread gets. Needs pytest and NumPy only.

On a free-threaded Python (``PYTHON_GIL=0``) they really run at the same time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from paranom_rs import RAMP, Anomaly, Callback, Generator, Normal, Shift, Sine, Stochastic, matrix_profile

THREADS = 8


def at_once(job: Callable[[int], Any]) -> list[Any]:
    """The results of a job in threads that begin together."""
    gate = threading.Barrier(THREADS)

    def begin(number: int) -> Any:
        gate.wait()
        return job(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def wave(*, callback: bool = False) -> Generator:
    variables: dict[str, Any] = {"x": Stochastic(Sine(period=50) + Normal(0.0, 0.1), anomalous=Shift(2.0))}
    if callback:
        variables["y"] = Callback(normal=lambda ctx: ctx.rng.normal(), anomalous=lambda ctx: 5.0)
    return Generator(variables, anomalies=Anomaly(frequency=0.05, duration=(5, 20)), seed=3)


def test_one_generator_in_many_threads() -> None:
    generator = wave()
    whole = generator.generate(40_000).X
    parts = at_once(lambda number: generator.generate(5_000, start=5_000 * number).X)
    assert (np.concatenate(parts) == whole).all()


def test_functions_in_many_threads() -> None:
    generator = wave(callback=True)
    expected = generator.generate(2_000).X
    assert all((made == expected).all() for made in at_once(lambda _: generator.generate(2_000).X))


def test_one_dataset_is_read_in_many_threads() -> None:
    data = wave().generate(20_000)
    counts = at_once(lambda _: (len(data.events), int(data.y.sum()), data.clean.X.sum()))
    assert len(set(counts)) == 1
    assert counts[0][1] > 0


def test_a_detector_scores_each_sample_once() -> None:
    """Which thread comes when is chance, so all samples are the same; the state must be that of one thread."""
    X = wave().generate(600).X
    shared, alone = (RAMP(1, window=5, reference=200, threshold=1.0) for _ in range(2))
    for detector in (shared, alone):
        detector.score(X[:400])
    at_once(lambda _: [shared.update(X[500]) for _ in range(50)])
    for _ in range(50 * THREADS):
        alone.update(X[500])
    assert shared.to_bytes() == alone.to_bytes()


def test_profiles_in_many_threads() -> None:
    x = wave().generate(3_000)["x"]
    expected = matrix_profile(x, window=50).profile
    assert all((found == expected).all() for found in at_once(lambda _: matrix_profile(x, window=50).profile))
