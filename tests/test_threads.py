"""Python threads that use one object at the same time get what one thread gets. Needs pytest and NumPy only.

On a free-threaded Python (``PYTHON_GIL=0``) they really run at the same time.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from paranom_rs import (
    RAMP,
    Anomaly,
    Callback,
    Detector,
    Generator,
    MatrixProfileDetector,
    NearestWindows,
    Normal,
    PCADetector,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    StreamingMatrixProfile,
    ZScore,
    matrix_profile,
)
from paranom_rs._core import RecurrentTrainer
from reference.recurrent_training import autoencoder_shapes

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


def test_scores_in_many_threads() -> None:
    X = wave().generate(1_000).X
    detectors = [RAMP(1, window=5, reference=200, threshold=1.0) for _ in range(THREADS + 1)]
    expected = detectors[-1].score(X).score
    for found in at_once(lambda number: detectors[number].score(X).score):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", [RAMP, ZScore, NearestWindows, PCADetector, MatrixProfileDetector])
def test_a_fitted_detector_scores_in_many_threads(kind: Callable[[], Detector]) -> None:
    X = wave().generate(1_000).X
    fitted = kind().fit(X[:800])
    expected = fitted.decision_function(X)
    assert all((found == expected).all() for found in at_once(lambda _: fitted.decision_function(X)))


def test_a_detector_that_is_read_while_it_scores() -> None:
    """Each state that is seen in between is that after some sample, and loads."""
    X = wave().generate(2_000).X
    shared = RAMP(1, window=5, reference=200, threshold=1.0)

    def use(number: int) -> list[int]:
        if number == 0:
            for row in X:
                shared.update(row)
            return []
        return [len(RAMP.from_bytes(shared.to_bytes()).processes) for _ in range(20)]

    at_once(use)
    alone = RAMP(1, window=5, reference=200, threshold=1.0)
    for row in X:
        alone.update(row)
    assert shared.to_bytes() == alone.to_bytes()


def test_a_streamed_profile_takes_each_sample_once() -> None:
    x = wave().generate(400)["x"]
    shared, alone = (StreamingMatrixProfile(window=10, history=300) for _ in range(2))
    for stream in (shared, alone):
        stream.update_many(x)

    def use(number: int) -> None:
        for _ in range(30):
            if number % 2:
                shared.update(0.5)
            else:
                shared.update_many(np.full(1, 0.5))
            assert shared.n_seen <= len(x) + 30 * THREADS
            shared.to_bytes()

    at_once(use)
    alone.update_many(np.full(30 * THREADS, 0.5))
    assert shared.to_bytes() == alone.to_bytes()


def test_a_network_is_read_while_it_is_trained() -> None:
    count = sum(int(np.prod(shape)) for shape in autoencoder_shapes("gru", 1, 8, 1, False))
    first, zeros = np.full(count, 0.01, np.float32), np.zeros(count, np.float32)
    shared, alone = (
        RecurrentTrainer.autoencoder("gru", 1, 8, 1, False, "l2", (first, zeros, zeros, 0)) for _ in range(2)
    )
    windows = wave().generate(640).X.reshape(32, 20, 1).astype(np.float32)
    order, rates = np.arange(32), np.full(4, 0.01)

    def use(number: int) -> list[int]:
        if number == 0:
            for _ in range(20):
                shared.epoch(windows, order, 8, rates)
            return []
        return [shared.state()[3] for _ in range(50)]

    steps = at_once(use)
    assert all(seen == sorted(seen) and {n % 4 for n in seen} <= {0} for seen in steps)
    for _ in range(20):
        alone.epoch(windows, order, 8, rates)
    np.testing.assert_array_equal(shared.state()[0], alone.state()[0])


def test_a_context_that_a_function_shares_with_threads() -> None:
    """They draw different numbers, read what there is, and nobody waits for ever: not for the collector, either."""

    def share(ctx: Any) -> float:
        def use(number: int) -> set[float]:
            seen = set()
            for turn in range(30):
                seen.add(ctx.rng.random())
                assert len(ctx.previous) <= 50
                assert ctx.offset == 0
                if turn % 10 == number:
                    gc.collect(0)
            return seen

        drawn = at_once(use)
        assert len(set().union(*drawn)) == sum(len(part) for part in drawn) == 30 * THREADS
        return float(ctx.row)

    variables = {"x": Callback(normal=share, sequential=True, previous=50)}
    assert Generator(variables).generate(8)["x"].tolist() == list(range(8))


def test_arrays_that_two_threads_fill_are_refused_or_right() -> None:
    generator = wave()
    expected = generator.generate(50_000)["x"]
    out = {"x": np.empty(50_000)}

    def fill(_: int) -> tuple[str, str]:
        try:
            generator.generate(50_000, out=out)
        except SpecError as error:
            return error.path, error.rule
        return "", ""

    paths_and_rules = set(at_once(fill))
    assert paths_and_rules <= {("", ""), ("out", "must not be filled or read by another thread meanwhile")}
    assert ("", "") in paths_and_rules
    np.testing.assert_array_equal(out["x"], expected)


def test_everything_is_used_first_in_many_threads() -> None:
    """What is made once, at its first use, is made by one of them; a free-threaded Python stays without the GIL."""
    program = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from paranom_rs import Anomaly, Callback, Empirical, Generator, Normal, Shift, Stochastic, TimeIndex, matrix_profile
gate = threading.Barrier(8)
def work(number):
    gate.wait()
    variables = {
        "a": Stochastic(Empirical([0, 1, 5], of=Normal()), anomalous=Shift(2.0)),
        "b": Callback(normal=lambda block: block.rng.normal(size=len(block.row)), vectorized=True,
                      anomalous=lambda block: 1.0 * block.row),
    }
    time = TimeIndex("2024-03-30", "1h", zone="Europe/Berlin")
    generator = Generator(variables, time=time, anomalies=Anomaly(frequency=0.05, duration=(5, 20)), seed=3)
    data = generator.generate(3_000)
    return data.X.tobytes(), matrix_profile(data["a"], window=20).profile.tobytes()
with ThreadPoolExecutor(8) as pool:
    found = set(pool.map(work, range(8)))
print(len(found), getattr(sys, "_is_gil_enabled", lambda: None)())
"""
    env = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    known = None if sys.version_info < (3, 13) else not free
    assert done.stdout.split() == ["1", str(known)], done.stderr


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has the GIL")
def test_threads_run_at_the_same_time() -> None:
    """Here, where Python code runs in parallel, the tests above are worth most."""
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
