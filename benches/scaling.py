"""What a larger machine would give: measures one core, and counts on by Amdahl's law and the memory's bandwidth.

    python benches/scaling.py

CPU seconds, the best of several turns, so that other work on the machine disturbs little. What is printed for more
cores is computed, not measured: docs/scaling.md says how.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from paranom_rs import Anomaly, Generator, Normal, Sine, Stochastic, Uniform, build_info

ROWS = 1 << 24
CORES = (1, 2, 8, 16, 32, 64)
#: Bytes a second that all cores of a large server share: twelve channels of DDR5-4800.
SERVER = 460e9


def best(work: Callable[[], object], turns: int = 7) -> float:
    """Return the least CPU seconds of several runs."""
    spent = []
    for _ in range(turns):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def plant(rule: object, anomalous: object = None) -> Generator:
    """Return a generator of one column, with 1 % anomalies if it has a rule for them."""
    anomalies = None if anomalous is None else Anomaly(frequency=0.01, duration=(50, 150))
    return Generator({"x": Stochastic(rule, anomalous)}, anomalies=anomalies)  # type: ignore[arg-type]


def main() -> None:
    """Measure, then count on."""
    print(build_info())
    source, target = np.ones(1 << 25), np.zeros(1 << 25)
    copy = 2 * source.nbytes / best(lambda: np.copyto(target, source))
    store = target.nbytes / best(lambda: target.fill(1.0))
    print(f"one core: copies {copy / 1e9:.1f} GB/s (read and written), fills {store / 1e9:.1f} GB/s")
    out = {"x": np.zeros(ROWS)}
    cases = {
        "uniform": plant(Uniform(0.0, 1.0)),
        "normal": plant(Normal(0.0, 1.0)),
        "sine + normal + 1 % anomalies": plant(Sine(300) + Normal(0.0, 0.1), Uniform(2.0, 5.0)),
    }
    for name, generator in cases.items():
        warm = best(lambda g=generator: g.generate(ROWS, out=out, threads=1)) / ROWS  # type: ignore[misc]
        fresh = best(lambda g=generator: g.generate(ROWS, threads=1)) / ROWS  # type: ignore[misc]
        # What is not spread over the threads: the events, the labels' memory, the call.
        alone = best(lambda g=generator: g.generate(1, threads=1)) + best(  # type: ignore[misc]
            lambda g=generator: g.source.plan.events(0, ROWS)  # type: ignore[misc]
        )
        share = alone / (warm * ROWS)
        print(f"\n{name}: {warm * 1e9:.2f} ns a row into warm memory, {fresh * 1e9:.2f} into fresh; alone {share:.2%}")
        for cores in CORES:
            amdahl = 1 / (share + (1 - share) / cores)
            by_cores = amdahl / warm
            # A row is written once, and its line is read before: eight bytes and a label, twice.
            by_memory = SERVER / (2 * 9)
            print(f"  {cores:3} cores: {min(by_cores, by_memory) / 1e9:6.2f} G rows/s ({amdahl:.1f} x one core)")
    engines(cases["sine + normal + 1 % anomalies"])


def engines(generator: Generator) -> None:
    """Print what a row costs by way of an engine, where it is installed: one worker, the mean of the column."""
    rows = 1 << 23
    print(f"\nby way of engines, {rows:,} rows, ns of CPU a row")
    print(
        f"  {'generate, mean':20} {best(lambda: generator.generate(rows, threads=1)['x'].mean(), 3) / rows * 1e9:6.1f}"
    )
    if find_spec("dask"):
        from paranom_rs.connect.dask import to_dask

        frame = to_dask(generator, rows)["x"].mean()
        print(f"  {'Dask':20} {best(lambda: frame.compute(scheduler='synchronous'), 3) / rows * 1e9:6.1f}")
    if find_spec("polars"):
        from paranom_rs.connect.polars import scan_paranom

        lazy = scan_paranom(generator, rows).select("x").mean()
        print(f"  {'polars, lazy':20} {best(lambda: lazy.collect(engine='streaming'), 3) / rows * 1e9:6.1f}")


if __name__ == "__main__":
    main()
