"""Microseconds per sample of RAMP and of what else one could put behind a stream, on the same stream, in one process.

``python benches/peers/ramp.py`` (needs scipy; river and rcf3 are timed where they are installed). CPU time, one thread:
trust the ratios. :class:`NumPyRamp` is the whole step of the default mode with array operations, and its scores are
compared with RAMP's before anything is timed; the rows "distances only" leave out all but the sums and their minima.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import itertools
import math
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial.distance import cdist

from paranom_rs import RAMP

BIAS = 0.85


class NumPyRamp:
    """RAMP's default mode, one process without feedback: all windows are compared anew at each sample.

    Args:
        reference: (M, d).
        by_channel: one channel after another as the published program goes (kinder to the cache where arrays are
            large); else all channels in one expression (fewer calls where they are small).
    """

    def __init__(self, reference: np.ndarray, m: int, threshold: float, *, by_channel: bool) -> None:
        self.m, self.threshold, self.by_channel = m, threshold, by_channel
        self.M, self.d = reference.shape
        self.windows = sliding_window_view(np.ascontiguousarray(reference.T), m, axis=1)
        self.unit = m * reference.std(axis=0)
        self.channels = np.arange(self.d)
        self.decay = np.exp(-(np.arange(-m, m + 1) ** 2) / (2 * m * m)).tolist()
        self.live = np.zeros((self.d, m))
        self.weights: dict[tuple[int, ...], float] = {}
        self.records: deque[tuple[int, float, tuple[int, ...]]] = deque(maxlen=self.M)
        self.samples, self.scored, self.alarm = self.M, 0, False

    def distances(self) -> tuple[list[int], np.ndarray]:
        """Of each channel, the nearest window and its distance."""
        if not self.by_channel:
            sums = np.abs(self.windows - self.live[:, None, :]).sum(axis=2)
            key = sums.argmin(axis=1)
            return key.tolist(), sums[self.channels, key]
        key, least = [], np.empty(self.d)
        for j in range(self.d):
            sums = np.abs(self.windows[j] - self.live[j]).sum(axis=1)
            k = int(sums.argmin())
            key.append(k)
            least[j] = sums[k]
        return key, least

    def update(self, x: np.ndarray) -> tuple[bool, bool, float, np.ndarray, float, int] | None:
        """Flag, alarm, score, contributions, guess and time."""
        self.live[:, :-1] = self.live[:, 1:]
        self.live[:, -1] = x
        time = self.samples
        self.samples += 1
        if self.samples < self.M + self.m:
            return None
        key, parts = self.distances()
        parts /= self.unit
        beta = float(parts.sum())
        pattern = tuple(key)
        score = self.weights.get(pattern, 1.0) * beta
        flag = score > self.threshold
        step = self.M + self.scored
        self.scored += 1
        rest = math.exp(self.M**BIAS - step**BIAS)
        if flag and rest > 0:
            self.train(pattern, self.threshold / (2 * beta), rest)
        self.records.append((time, beta, pattern))
        self.alarm = flag
        contributions = parts / beta if beta > 0 else np.full(self.d, 1 / self.d)
        return flag, self.alarm, score, contributions, 1 - rest, time

    def train(self, pattern: tuple[int, ...], target: float, rest: float) -> None:
        for offset, a in enumerate(self.decay, -self.m):
            near = tuple(k + offset for k in pattern)
            if min(near) >= 0 and max(near) <= self.M - self.m:
                old = self.weights.get(near, 1.0)
                self.weights[near] = min(old, old + a * rest * (target - old))


def check(X: np.ndarray, m: int, M: int) -> None:
    """Both ways give RAMP's numbers, with and without training."""
    d = X.shape[1]
    for threshold in (10.0 * d, 0.4 * d):
        ours = RAMP(d, window=m, reference=M, threshold=threshold, bias=BIAS).score(X)
        for by_channel in (False, True):
            peer = NumPyRamp(X[:M], m, threshold, by_channel=by_channel)
            for i in range(M, len(X)):
                found = peer.update(X[i])
                if found is None:
                    assert ours.time[i] == -1
                    continue
                flag, alarm, score, contributions, guess, time = found
                assert (flag, alarm, time) == (ours.is_anomaly[i], ours.alarm[i], ours.time[i])
                np.testing.assert_allclose(score, ours.score[i], rtol=1e-9)
                np.testing.assert_allclose(contributions, ours.contributions[i], rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(guess, ours.uncertainty[i], atol=1e-9)


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


def per_sample(step: Callable, samples: list) -> float:
    """Microseconds of CPU per sample of a stream that begins again at its end, the best of five stretches."""
    turn = itertools.cycle(samples)
    count = max(2, min(len(samples), int(0.04e6 / per_call(lambda: step(next(turn)), seconds=0.02))))
    best = np.inf
    for _ in range(5):
        stretch = list(itertools.islice(turn, count))
        begin = time.process_time()
        for x in stretch:
            step(x)
        best = min(best, (time.process_time() - begin) / count)
    return best * 1e6


def main() -> None:
    rng = np.random.default_rng(0)
    for d, m, M in ((3, 5, 60), (8, 32, 1024), (32, 64, 4096)):
        n = M + m + 2000
        X = np.sin(np.arange(n)[:, None] / rng.uniform(3, 30, d)) + 0.1 * rng.normal(size=(n, d))
        check(X[: M + m + (300 if d == 3 else 10)], m, M)
        live = X[M + m :]
        settings = {"window": m, "reference": M, "threshold": 10.0 * d, "bias": BIAS}

        block = RAMP(d, **settings)
        block.score(X[: M + m])
        core = per_call(lambda r=block, Y=live: r.score(Y)) / len(live)

        ramp = RAMP(d, **settings)
        ramp.score(X[: M + m])
        rows = list(live)
        update = per_sample(ramp.update, rows)
        times = []
        for x in rows:
            begin = time.thread_time_ns()
            ramp.update(x)
            times.append(time.thread_time_ns() - begin)
        p50, p99 = np.percentile(times, [50, 99]) / 1000

        at_once = NumPyRamp(X[:M], m, 10.0 * d, by_channel=False)
        by_channel = NumPyRamp(X[:M], m, 10.0 * d, by_channel=True)
        peers = [
            ("NumPy, all channels", per_sample(at_once.update, rows)),
            ("NumPy, by channel", per_sample(by_channel.update, rows)),
            ("distances only: all channels", per_call(at_once.distances)),
            ("distances only: by channel", per_call(by_channel.distances)),
            ("distances only: SciPy cdist", per_call(scipy_step(X[:M], live[:m], m))),
            *others(X, d, m),
        ]
        print(f"(d, m, M) = ({d}, {m}, {M}), {ramp.bytes_per_process} bytes of state")
        print(f"  score(X), per sample        {core:10.2f} us")
        print(f"  update(x)                   {update:10.2f} us   p50 {p50:.2f}  p99 {p99:.2f}")
        for name, took in peers:
            print(f"  {name:28}{took:10.1f} us   {took / core:7.0f} x score   {took / update:7.0f} x update")

    keys = np.arange(10_000)
    ramp = RAMP(3, window=5, reference=60, threshold=30.0)
    for _ in range(66):
        ramp.update_many(rng.normal(size=(len(keys), 3)), keys)
    X = rng.normal(size=(len(keys), 3))
    best = np.inf
    for _ in range(50):
        begin = time.perf_counter()
        ramp.update_many(X, keys)
        best = min(best, time.perf_counter() - begin)
    print(f"10,000 processes of (3, 5, 60), all cores: {len(keys) / best:,.0f} updates per second (wall, best of 50)")


def scipy_step(reference: np.ndarray, window: np.ndarray, m: int) -> Callable[[], float]:
    """Distances of one window, channel by channel, with windows of the reference laid out for it."""
    copies = [np.ascontiguousarray(w) for w in sliding_window_view(reference.T, m, axis=1)]
    lives = [np.ascontiguousarray(x)[None] for x in window.T]

    def step() -> float:
        return sum(float(cdist(x, w, "cityblock").min()) for x, w in zip(lives, copies, strict=True))

    return step


def others(X: np.ndarray, d: int, m: int) -> list[tuple[str, float]]:
    found = []
    if d <= 8:
        try:
            from river.anomaly import HalfSpaceTrees
        except ImportError:
            print("  river: not installed")
        else:
            trees = HalfSpaceTrees(seed=0)
            dicts = [dict(enumerate(x)) for x in (X - X.min(axis=0)) / np.ptp(X, axis=0)]

            def river_step(x: dict[int, float]) -> None:
                trees.score_one(x)
                trees.learn_one(x)

            found.append(("River HalfSpaceTrees", per_sample(river_step, dicts)))
        try:
            from rcf3 import Forest
        except ImportError:
            print("  rcf3: not installed")
        else:
            forest = Forest(d, shingle_size=m, seed=0)
            lists = X.tolist()
            for x in lists:
                forest.update(x)
            found.append(("rcf3 (50 trees)", per_sample(forest.update_and_score, lists)))
    return found


if __name__ == "__main__":
    main()
