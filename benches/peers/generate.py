"""The generator against NumPy and GutenTAG, in one process.

    pip install timeeval-gutentag      # optional; it brings an older NumPy
    PARANOM_NUM_THREADS=1 python benches/peers/generate.py

Times are CPU seconds of the process (median of several runs), so that a busy machine bends the ratios less. Every NumPy
line fills memory it has touched before (``out=``), in blocks that stay in the cache.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

import numpy as np

from paranom_rs import Anomaly, Generator, Normal, Sine, Stochastic, Uniform, build_info

BLOCK = 1 << 14
ROWS = 1 << 21


def seconds(work: Callable[[], object], runs: int = 7, *, clock: Callable[[], float] = time.process_time) -> float:
    """Return the median time of several runs, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        begin = clock()
        work()
        times.append(clock() - begin)
    return statistics.median(times)


def blockwise(fill: Callable[[np.ndarray], object], out: np.ndarray) -> Callable[[], None]:
    """Return work that fills an array block by block."""

    def work() -> None:
        for start in range(0, len(out), BLOCK):
            fill(out[start : start + BLOCK])

    return work


def numpy_plant(rng: np.random.Generator, out: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    """Sine + noise + 1 % anomalous rows + labels, as a good NumPy programmer writes it: in place, in blocks."""
    ramp = np.arange(BLOCK, dtype=np.float64) * (2 * np.pi / 300)
    noise = np.empty(BLOCK)

    def work() -> None:
        slot = 10_000
        for start in range(0, len(out), BLOCK):
            block = out[start : start + BLOCK]
            np.add(ramp, start * (2 * np.pi / 300), out=block)
            np.sin(block, out=block)
            rng.standard_normal(out=noise)
            np.multiply(noise, 0.1, out=noise)
            np.add(block, noise, out=block)
            mark = labels[start : start + BLOCK]
            mark[:] = 0
            for _ in range(BLOCK // slot + 1):
                length = int(rng.integers(50, 151))
                at = int(rng.integers(0, BLOCK - length))
                block[at : at + length] = rng.uniform(2.0, 5.0, length)
                mark[at : at + length] = 1

    return work


def ours(normal: object, share: float | None, out: np.ndarray, threads: int = 1) -> Callable[[], object]:
    """Return work that generates one variable into an array."""
    anomalies = None if share is None else Anomaly(frequency=share, duration=(50, 150))
    generator = Generator({"x": Stochastic(normal, Uniform(2.0, 5.0))}, anomalies=anomalies, seed=1)  # type: ignore[arg-type]
    return lambda: generator.generate(len(out), out={"x": out}, threads=threads)


def gutentag(rows: int) -> Callable[[], object] | None:
    """Return work that makes one series with GutenTAG: sine, noise, 1 % of the rows anomalous, exact positions."""
    try:
        from gutenTAG import GutenTAG
    except ImportError:
        return None
    length, events = 100, rows // 10_000
    kinds = [
        {
            "position": "middle",
            "length": length,
            "exact-position": i * 10_000 + 5_000,
            "kinds": [{"kind": "mean", "offset": 2.0}],
        }
        for i in range(events)
    ]
    config = {
        "timeseries": [
            {
                "name": "plant",
                "length": rows,
                "base-oscillations": [{"kind": "sine", "frequency": 0.333, "amplitude": 1.0, "variance": 0.1}],
                "anomalies": kinds,
            }
        ]
    }

    def work() -> object:
        tag = GutenTAG(seed=1)
        tag.load_config_dict(config)
        return tag.generate(return_timeseries=True)

    return work


def main() -> None:
    out, labels = np.zeros(ROWS), np.zeros(ROWS, np.int8)
    rng = np.random.Generator(np.random.PCG64(1))
    print(f"paranom_rs {build_info()}, NumPy {np.__version__}")
    print(f"{'task':44} {'ours':>12} {'peer':>12} {'ratio':>7}   (rows per CPU second, one thread)")

    def line(task: str, mine: Callable[[], object], theirs: Callable[[], object], rows: int = ROWS) -> None:
        ratio = seconds(theirs, 5) / rows
        speed = seconds(mine) / ROWS
        print(f"{task:44} {1e-6 / speed:10.1f} M {1e-6 / ratio:10.1f} M {ratio / speed:6.1f}x")

    line("uniform: PCG64.random(out=)", ours(Uniform(0, 1), None, out), blockwise(lambda b: rng.random(out=b), out))
    line(
        "normal: standard_normal(out=)", ours(Normal(), None, out), blockwise(lambda b: rng.standard_normal(out=b), out)
    )
    plant = ours(Sine(300) + Normal(0.0, 0.1), 0.01, out)
    line("sine + noise + 1 % + labels: blocked NumPy", plant, numpy_plant(rng, out, labels))
    for rows in (100_000, 1_000_000):
        other = gutentag(rows)
        if other is None:
            print("GutenTAG is not installed: pip install timeeval-gutentag")
            break
        line(f"the same: GutenTAG, {rows} rows", plant, other, rows)

    print("\nbytes written, share of a plain fill of the same buffer (uniform column, one thread)")
    fill = seconds(lambda: out.fill(1.0)) / out.nbytes
    mine = seconds(ours(Uniform(0, 1), None, out)) / out.nbytes
    print(f"  fill {1e-9 / fill:.1f} GB/s, ours {1e-9 / mine:.1f} GB/s: {fill / mine:.0%}")

    print("\nfresh memory: generate() allocates, per CPU second")
    generator = Generator(
        {"x": Stochastic(Sine(300) + Normal(0, 0.1), Uniform(2, 5))}, anomalies=Anomaly(frequency=0.01)
    )
    for rows in (10**5, 10**6, 10**7, 3 * 10**7):
        cost = seconds(lambda rows=rows: generator.generate(rows, threads=1), 5)  # type: ignore[misc]
        print(f"  {rows:>10} rows: {rows / cost / 1e6:7.1f} M rows/s")
    begin = time.process_time()
    for batch in generator.batches(10**8, threads=1):
        del batch
    print(f"  {10**8:>10} rows in batches: {100 / (time.process_time() - begin):7.1f} M rows/s")

    print("\ntwo threads against one (wall time), beside a loop that touches no memory")
    one, two = (ours(Sine(300) + Normal(0, 0.1), 0.01, out, threads) for threads in (1, 2))
    gain = seconds(one, clock=time.perf_counter) / seconds(two, clock=time.perf_counter)
    print(f"  ours {gain:.2f}x, plain loop {plain_gain():.2f}x")


def plain_gain() -> float:
    """Return what a second thread gives to work that needs no memory: hashing a small buffer without the GIL."""
    import hashlib

    def work() -> None:
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 400_000)

    def both() -> None:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return 2 * seconds(work, 3, clock=time.perf_counter) / seconds(both, 3, clock=time.perf_counter)


if __name__ == "__main__":
    main()
