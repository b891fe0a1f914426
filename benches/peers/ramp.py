"""Microseconds per sample of RAMP and of what else one could put behind a stream, on the same stream, in one process.

``python benches/peers/ramp.py`` (needs scipy; river and rcf3 are timed where they are installed). CPU time, one thread:
trust the ratios.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial.distance import cdist

from paranom_rs import RAMP


def per_call(step: Callable[[], object], seconds: float = 0.4) -> float:
    """Microseconds of CPU per call, the best of five rounds."""
    step()
    best, count = np.inf, 1
    for _ in range(5):
        while True:
            begin = time.process_time()
            for _ in range(count):
                step()
            took = time.process_time() - begin
            if took > seconds / 10:
                break
            count *= 2
        best = min(best, took / count)
    return best * 1e6


def main() -> None:
    rng = np.random.default_rng(0)
    for d, m, M in ((3, 5, 60), (8, 32, 1024), (32, 64, 4096)):
        n = M + m + 2000
        X = np.sin(np.arange(n)[:, None] / rng.uniform(3, 30, d)) + 0.1 * rng.normal(size=(n, d))
        reference, live = X[:M].T.copy(), X[M + m :]
        settings = {"subsequence_length": m, "window": M, "threshold": 10.0 * d}

        block = RAMP(d, **settings)
        block.score(X[: M + m])
        core = per_call(lambda r=block, Y=live[:500]: r.score(Y)) / 500

        ramp = RAMP(d, **settings)
        ramp.score(X[: M + m])
        rows = list(live)
        turn = iter(range(10**12))
        update = per_call(lambda r=ramp, rows=rows, turn=turn: r.update(rows[next(turn) % 2000]))
        times = []
        for x in rows:
            begin = time.thread_time_ns()
            ramp.update(x)
            times.append(time.thread_time_ns() - begin)
        p50, p99 = np.percentile(times, [50, 99]) / 1000

        # The distances of a step rewritten with array operations, denominators computed once: no weights, no guess, no
        # contributions, no training. All channels at once, and channel by channel as the published program goes.
        windows = sliding_window_view(reference, m, axis=1)
        norms = np.abs(windows).sum(axis=2)
        window = np.ascontiguousarray(live[:m].T)

        def numpy_step(window=window, windows=windows, norms=norms) -> float:
            relative = np.abs(windows - window[:, None, :]).sum(axis=2) / norms
            key = relative.argmin(axis=1)
            return float(relative[np.arange(len(key)), key].sum())

        def numpy_channels(window=window, windows=windows, norms=norms) -> float:
            beta = 0.0
            for live, views, norm in zip(window, windows, norms, strict=True):
                beta += (np.abs(views - live).sum(axis=1) / norm).min()
            return beta

        copies = [np.ascontiguousarray(w) for w in windows]

        def cdist_step(window=window, copies=copies, norms=norms) -> float:
            beta = 0.0
            for j, windows in enumerate(copies):
                beta += (cdist(window[j : j + 1], windows, "cityblock")[0] / norms[j]).min()
            return beta

        numpy, channels, scipy = per_call(numpy_step), per_call(numpy_channels), per_call(cdist_step)
        print(f"(d, m, M) = ({d}, {m}, {M}), {ramp.bytes_per_process} bytes of state")
        print(f"  score(X), per sample     {core:10.2f} us")
        print(f"  update(x)                {update:10.2f} us   p50 {p50:.2f}  p99 {p99:.2f}")
        peers = (("NumPy, all channels", numpy), ("NumPy, by channel", channels), ("SciPy cdist", scipy))
        for name, took in (*peers, *others(X, d, m)):
            print(f"  {name:25}{took:10.1f} us   {took / core:7.0f} x score   {took / update:7.0f} x update")

    keys = np.arange(10_000)
    ramp = RAMP(3, subsequence_length=5, window=60, threshold=30.0)
    for _ in range(66):
        ramp.update_many(rng.normal(size=(len(keys), 3)), keys)
    X = rng.normal(size=(len(keys), 3))
    begin = time.perf_counter()
    for _ in range(50):
        ramp.update_many(X, keys)
    rate = 50 * len(keys) / (time.perf_counter() - begin)
    print(f"10,000 processes of (3, 5, 60), all cores: {rate:,.0f} updates per second (wall)")


def others(X: np.ndarray, d: int, m: int) -> list[tuple[str, float]]:
    found = []
    turn = iter(range(10**12))
    if d <= 8:
        try:
            from river.anomaly import HalfSpaceTrees
        except ImportError:
            print("  river: not installed")
        else:
            trees = HalfSpaceTrees(seed=0)
            dicts = [dict(enumerate(x)) for x in (X - X.min(axis=0)) / np.ptp(X, axis=0)]

            def river_step() -> None:
                x = dicts[next(turn) % len(dicts)]
                trees.score_one(x)
                trees.learn_one(x)

            found.append(("River HalfSpaceTrees", per_call(river_step)))
        try:
            from rcf3 import Forest
        except ImportError:
            print("  rcf3: not installed")
        else:
            forest = Forest(d, shingle_size=m, seed=0)
            lists = X.tolist()
            for x in lists:
                forest.update(x)
            found.append(("rcf3 (50 trees)", per_call(lambda: forest.update_and_score(lists[next(turn) % len(lists)]))))
    return found


if __name__ == "__main__":
    main()
