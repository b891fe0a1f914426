"""Callbacks and uniqueness against what one would write in Python, in one process, CPU time.

python benches/peers/control.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from paranom_rs import Block, Callback, Context, Distinct, Generator, Integers, Soft, Stochastic, Uniform, Uniqueness


def best(work: Callable[[], Any], clock: Callable[[], float] = time.process_time, times: int = 3) -> float:
    """Return the shortest of a few runs, in seconds."""
    found = []
    for _ in range(times):
        begin = clock()
        work()
        found.append(clock() - begin)
    return min(found)


def scalar(rows: int = 500_000) -> None:
    class Row:
        row = 7

    def empty(ctx: Context) -> float:
        return 1.0

    def reads(ctx: Context) -> float:
        return ctx.row * 0.5

    out = np.empty(rows)
    for function in (empty, reads):

        def loop(function: Callable[[Any], float] = function) -> None:
            ctx = Row()
            for i in range(rows):
                out[i] = function(ctx)

        gen = Generator({"x": Callback(normal=function)})
        bare = best(loop)
        ours = best(lambda gen=gen: gen.generate(rows, threads=1))
        print(f"scalar, {function.__name__:>5}: {ours / rows * 1e9:6.0f} ns a call, {ours / bare:.2f} of a bare loop")


def vectorized(blocks: int = 64) -> None:
    def waves(block: Block) -> Any:
        return np.sin(block.row * 0.01) * np.exp(-((block.row % 100) / 50.0))

    rows = np.arange(32_768)
    block = Block(rows, rows, rows, rows, rows, 0, (0, 0))

    def bare() -> None:
        for _ in range(blocks):
            waves(block)

    gen = Generator({"x": Callback(normal=waves, vectorized=True)})
    alone = best(bare)
    ours = best(lambda: gen.generate(blocks * 32_768, threads=1))
    print(f"vectorized: {alone / ours:.0%} of the function's own speed")
    one, two = (best(lambda n=n: gen.generate(blocks * 32_768, threads=n), time.perf_counter) for n in (1, 2))
    print(f"vectorized, 2 threads: {one / two:.2f} times 1 thread")


def uniqueness(rows: int = 2_000_000, tries: int = 5) -> None:
    rng = np.random.default_rng(0)
    draws = {
        "floats": (Uniform(0.0, 1.0), lambda n: rng.random(n)),
        "a million integers": (Integers(0, 10**6), lambda n: rng.integers(0, 10**6, n).astype(float)),
    }
    for name, (rule, draw) in draws.items():

        def python_set(draw: Callable[[int], Any] = draw) -> None:
            seen: set[float] = set()
            attempts = [draw(rows).tolist() for _ in range(tries)]
            for row in range(rows):
                for attempt in attempts:
                    value = attempt[row]
                    if value not in seen:
                        seen.add(value)
                        break

        def pandas_loop(draw: Callable[[int], Any] = draw) -> None:
            values = pd.Series(draw(rows))
            for _ in range(tries - 1):
                again = values.duplicated()
                if not again.any():
                    break
                values[again] = draw(int(again.sum()))

        gen = Generator({"x": Stochastic(normal=rule)}, uniqueness=Uniqueness(normal=Soft(tries=tries)))
        ours = best(lambda gen=gen: gen.generate(rows, threads=1))
        peers = [best(python_set, times=1) / ours, best(pandas_loop, times=1) / ours]
        print(
            f"{name}, Soft({tries}): {ours / rows * 1e9:4.0f} ns a row; "
            f"Python set {peers[0]:.1f} times, pandas {peers[1]:.1f} times as long"
        )
        one, two = (best(lambda n=n, gen=gen: gen.generate(rows, threads=n), time.perf_counter) for n in (1, 2))
        print(f"    2 threads: {one / two:.2f} times 1 thread")


def distinct(rows: int = 4_000_000) -> None:
    for of in (Integers(0, 10**12), Integers(0, 2**32), Uniform(2.0, 5.0)):
        gen = Generator({"x": Stochastic(normal=Distinct(of))})
        out = {"x": np.zeros(rows)}
        ours = best(lambda gen=gen, out=out: gen.generate(rows, out=out, threads=1))
        print(f"Distinct({of}): {rows / ours / 1e6:.0f} M values/s on one core")


if __name__ == "__main__":
    scalar()
    vectorized()
    distinct()
    uniqueness()
