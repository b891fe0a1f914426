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


def in_turn(*works: Callable[[], Any], clock: Callable[[], float] = time.process_time, times: int = 5) -> list[float]:
    """Return the shortest of a few runs of each, turn and turn about."""
    found = [[best(work, clock, times=1) for work in works] for _ in range(times)]
    return [min(column) for column in zip(*found, strict=True)]


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
        bare, ours = in_turn(loop, lambda gen=gen: gen.generate(rows, threads=1), times=3)
        print(f"scalar, {function.__name__:>5}: {ours / rows * 1e9:6.0f} ns a call, {ours / bare:.2f} of a bare loop")


def vectorized(blocks: int = 64) -> None:
    def waves(block: Block) -> Any:
        return np.sin(block.row * 0.01) * np.exp(-((block.row % 100) / 50.0))

    rows = np.arange(32_768)
    block = Block(rows, rows, rows, rows, rows, 0, (0, 0))
    column = np.zeros(blocks * 32_768)

    def bare() -> None:
        for _ in range(blocks):
            waves(block)

    def kept() -> None:
        for i in range(0, len(column), 32_768):
            column[i : i + 32_768] = waves(block)

    gen = Generator({"x": Callback(normal=waves, vectorized=True)})

    def ours(threads: int = 1) -> None:
        gen.generate(len(column), out={"x": column}, threads=threads)

    alone, stored, one = in_turn(bare, kept, ours)
    print(f"vectorized: {alone / one:.0%} of the function's own speed; with its values kept: {stored / one:.0%}")
    one, two = in_turn(ours, lambda: ours(2), clock=time.perf_counter)
    print(f"vectorized, 2 threads: {one / two:.2f} times 1 thread")


def sequential(rows: int = 300_000) -> None:
    def walk(ctx: Context) -> float:
        return ctx.previous[-1] * 0.9 + 1.0 if ctx.previous else 0.0

    class Row:
        previous: tuple[float, ...] = ()

    def bare() -> None:
        ctx, x = Row(), 0.0
        for _ in range(rows):
            ctx.previous = (x,)
            x = walk(ctx)  # type: ignore[arg-type]

    gen = Generator({"x": Callback(normal=walk, sequential=True)})
    loop, ours = in_turn(bare, lambda: gen.generate(rows, threads=1))
    print(f"sequential: {ours / rows * 1e9:6.0f} ns a call, {ours / loop:.2f} of a bare loop")


def native(rows: int = 4_000_000) -> None:
    from numba import cfunc

    @cfunc("void(int64, int64, int64, int64, int64, int64, CPointer(uint64), CPointer(float64))")
    def uniform(row, n, event, offset, duration, attempt, random, out):  # type: ignore[no-untyped-def]
        for j in range(n):
            out[j] = 2.0 + 3.0 * (np.float64(random[j] >> np.uint64(11)) * 2.0**-53)

    out = {"x": np.zeros(rows)}
    function = Generator({"x": Callback(normal=uniform)})
    built_in = Generator({"x": Stochastic(normal=Uniform(2.0, 5.0))})
    rule, ours = in_turn(*(lambda gen=gen: gen.generate(rows, out=out, threads=1) for gen in (built_in, function)))
    print(f"native: {ours / rows * 1e9:.2f} ns a value, {ours / rule:.2f} of Uniform")


def uniqueness(rows: int, tries: int = 5) -> None:
    rng = np.random.default_rng(0)
    draws = {
        "floats": (Uniform(0.0, 1.0), lambda n: rng.random(n)),
        "a million integers": (Integers(0, 10**6), lambda n: rng.integers(0, 10**6, n).astype(float)),
    }
    for name, (rule, draw) in draws.items():

        def python_set(draw: Callable[[int], Any] = draw, chunk: int = 100_000) -> None:
            seen: set[float] = set()
            for _ in range(rows // chunk):
                attempts = [draw(chunk).tolist()]
                for row in range(chunk):
                    for attempt in range(tries):
                        if attempt == len(attempts):
                            attempts.append(draw(chunk).tolist())
                        value = attempts[attempt][row]
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
        ours, loop = in_turn(lambda gen=gen: gen.generate(rows, threads=1), pandas_loop, times=2)
        walk = best(python_set, times=1)
        print(
            f"{name}, {rows:.0e} rows, Soft({tries}): {ours / rows * 1e9:4.0f} ns a row; "
            f"Python set {walk / ours:.1f} times, pandas {loop / ours:.1f} times as long"
        )
        one, two = in_turn(
            *(lambda n=n, gen=gen: gen.generate(rows, threads=n) for n in (1, 2)), clock=time.perf_counter, times=2
        )
        print(f"    2 threads: {one / two:.2f} times 1 thread")


def distinct(rows: int = 4_000_000) -> None:
    for of in (Integers(0, 10**12), Integers(0, 2**32), Uniform(2.0, 5.0)):
        gen = Generator({"x": Stochastic(normal=Distinct(of))})
        out = {"x": np.zeros(rows)}
        ours = best(lambda gen=gen, out=out: gen.generate(rows, out=out, threads=1))
        print(f"Distinct({of}): {rows / ours / 1e6:.0f} M values/s on one core")


if __name__ == "__main__":
    scalar()
    sequential()
    vectorized()
    native()
    distinct()
    for rows in (2_000_000, 10_000_000):
        uniqueness(rows)
