"""Each transform, references, uneven clocks and lost values against NumPy's own way to them, in one process.

    PARANOM_NUM_THREADS=1 python benches/peers/transforms.py

Rows per CPU second (best of several runs, turn and turn about). Both make a sine and noise first, in blocks that stay
in the cache; nine rows in ten lie in events of 100 rows. NumPy's events lie side by side at places that are known; ours
are drawn, and labelled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from paranom_rs import (
    Anomaly,
    Clip,
    Decouple,
    Drift,
    Dropouts,
    Flatline,
    FrequencyChange,
    Gaps,
    Generator,
    Missing,
    Noise,
    Normal,
    PhaseShift,
    Ref,
    Reverse,
    Scale,
    Shape,
    Shift,
    Sine,
    Smooth,
    Spike,
    Stochastic,
    Swap,
    TimeIndex,
    TimeWarp,
    build_info,
)
from paranom_rs.generate.rule import Rule, Transform

EVENT, BLOCK = 100, 16_000
STRUCK = BLOCK * 9 // 10
ROWS = 16 * BLOCK
RNG = np.random.Generator(np.random.PCG64(1))
INDEX = np.arange(BLOCK, dtype=np.float64)
OFFSET = np.arange(EVENT, dtype=np.float64)
START = INDEX[:STRUCK] // EVENT * EVENT
WAY = INDEX[:STRUCK] % EVENT
TRIANGLE = 2.0 * (1.0 - np.abs(2.0 * OFFSET + 1.0 - EVENT) / EVENT)
RAMP = (OFFSET + 1.0) / EVENT

Change = Callable[[np.ndarray], object]
Work = Callable[[], object]


def sine(at: np.ndarray) -> np.ndarray:
    wave: np.ndarray = np.sin(at * (2.0 * np.pi / 300.0))
    return wave


def noise(rows: int) -> np.ndarray:
    return 0.1 * RNG.standard_normal(rows)


def changed(change: Change) -> Change:
    """Sine and noise, then a change of the events, a row of an array for each."""

    def block(out: np.ndarray) -> None:
        np.add(sine(INDEX), noise(BLOCK), out=out)
        change(out[:STRUCK].reshape(-1, EVENT))

    return block


def moved(places: Callable[[], np.ndarray]) -> Change:
    """A sine that is looked at elsewhere in events; the noise stays."""

    def block(out: np.ndarray) -> None:
        at = INDEX.copy()
        at[:STRUCK] = places()
        np.add(sine(at), noise(BLOCK), out=out)

    return block


def smooth(out: np.ndarray) -> None:
    np.add(sine(INDEX), noise(BLOCK), out=out)
    out[:STRUCK] = np.convolve(out, np.full(11, 1.0 / 11.0), "same")[:STRUCK]


def flat(events: np.ndarray) -> None:
    events[:] = events[:, :1].copy()


def shape(events: np.ndarray) -> None:
    events[:] = np.interp(OFFSET * (2.0 / (EVENT - 1.0)), np.arange(3), [0.0, 1.0, 0.5])


def lost(out: np.ndarray) -> None:
    np.add(sine(INDEX), noise(BLOCK), out=out)
    out[RNG.random(BLOCK) < 0.01] = np.nan


def related(flow: Callable[[np.ndarray], np.ndarray]) -> Change:
    """A pressure of sine and noise, and a flow that refers to it."""

    def block(out: np.ndarray) -> None:
        pressure = sine(INDEX) + noise(BLOCK)
        np.copyto(out, flow(pressure))

    return block


def lagged(pressure: np.ndarray) -> np.ndarray:
    flow = noise(BLOCK)
    flow[3:] += pressure[:-3]
    return flow


def swapped(pressure: np.ndarray) -> np.ndarray:
    flow = lagged(pressure)
    flow[:STRUCK] = pressure[:STRUCK]
    return flow


def decoupled(pressure: np.ndarray) -> np.ndarray:
    flow = lagged(pressure)
    flow[:STRUCK] = noise(STRUCK) + sine(INDEX[:STRUCK] + 497.0) + noise(STRUCK)
    return flow


NORMAL = Sine(300) + Normal(0.0, 0.1)
TRANSFORMS: list[tuple[str, Rule | Transform | None, Change]] = [
    ("sine + noise alone", None, changed(lambda events: None)),
    ("Shift", Shift(1.0), changed(lambda events: np.add(events, 1.0, out=events))),
    ("Scale", Scale(2.0), changed(lambda events: np.multiply(events, 2.0, out=events))),
    ("Spike", Spike(2.0), changed(lambda events: np.add(events, TRIANGLE, out=events))),
    ("Noise", Noise(0.5), changed(lambda e: np.add(e, 0.5 * RNG.standard_normal(e.shape), out=e))),
    ("Flatline", Flatline(), changed(flat)),
    ("Missing", Missing(), changed(lambda events: events.fill(np.nan))),
    ("Drift", Drift(1.0), changed(lambda events: np.add(events, RAMP, out=events))),
    ("Clip", Clip(-0.5, 0.5), changed(lambda events: np.clip(events, -0.5, 0.5, out=events))),
    ("Smooth over 11: convolve", Smooth(11), smooth),
    ("FrequencyChange", FrequencyChange(2.0), moved(lambda: START + 2.0 * WAY)),
    ("PhaseShift", PhaseShift(75.0), moved(lambda: INDEX[:STRUCK] + 75.0)),
    ("Reverse", Reverse(), moved(lambda: START + (EVENT - 1.0) - WAY)),
    (
        "TimeWarp",
        TimeWarp(0.9),
        moved(lambda: INDEX[:STRUCK] + 0.9 * EVENT / (2 * np.pi) * np.sin(WAY * (2 * np.pi / EVENT))),
    ),
    ("Shape: interp", Shape([0.0, 1.0, 0.5]), changed(shape)),
]
OTHERS: list[tuple[str, Transform | None, Change]] = [
    ("Ref, two columns", None, related(lagged)),
    ("Swap, two columns", Swap("pressure"), related(swapped)),
    ("Decouple, two columns", Decouple("pressure", by=500), related(decoupled)),
]


def struck(name: str, rule: Rule | Transform | None) -> list[Anomaly]:
    return [] if rule is None else [Anomaly(frequency=0.9, duration=EVENT, gap=0, values={name: rule})]


def filled(generator: Generator) -> Work:
    out = {name: np.zeros(ROWS) for name in generator.names}
    return lambda: generator.generate(ROWS, out=out, threads=1)


def by_blocks(block: Change) -> Work:
    out = np.zeros(ROWS)

    def work() -> None:
        for start in range(0, ROWS, BLOCK):
            block(out[start : start + BLOCK])

    return work


def clock(generator: Generator) -> Work:
    return lambda: generator.source.plan.times(0, ROWS)


def numpy_clock(gaps: bool, jitter: bool) -> Work:
    second = 10**9

    def work() -> None:
        t = np.arange(ROWS, dtype=np.int64) * second
        if gaps:
            lengths = np.zeros(ROWS, np.int64)
            lengths[RNG.integers(0, 1000, ROWS // 1000) + np.arange(ROWS // 1000) * 1000] = 60 * second
            t += np.cumsum(lengths)
        if jitter:
            t += RNG.integers(-second // 10, second // 10 + 1, ROWS)

    return work


def tasks() -> list[tuple[str, Work, Work]]:
    made: list[tuple[str, Work, Work]] = []
    for name, rule, block in TRANSFORMS:
        generator = Generator({"x": Stochastic(NORMAL)}, anomalies=struck("x", rule), seed=1)
        made.append((name, filled(generator), by_blocks(block)))
    for name, rule, block in OTHERS:
        variables = {"pressure": Stochastic(NORMAL), "flow": Stochastic(Ref("pressure", lag=3) + Normal(0.0, 0.1))}
        made.append((name, filled(Generator(variables, anomalies=struck("flow", rule), seed=1)), by_blocks(block)))
    lossy = Generator({"x": Stochastic(NORMAL)}, missing=Dropouts(frequency=0.01, duration=1), seed=1)
    made.append(("Dropouts, 1 %", filled(lossy), by_blocks(lost)))
    for name, jitter, gaps in [("even", None, None), ("gaps", None, 1000), ("gaps, jitter", "100ms", 1000)]:
        held = None if gaps is None else Gaps(every=gaps, length="1min")
        index = TimeIndex("2026-01-01", "1s", jitter=jitter, gaps=held)
        even = Generator({"x": Stochastic(0.0)}, time=index)
        made.append((f"timestamps, {name}", clock(even), numpy_clock(gaps is not None, jitter is not None)))
    return made


def main() -> None:
    print(f"paranom_rs {build_info()}, NumPy {np.__version__}")
    print(f"{'task':34} {'ours':>10} {'NumPy':>10} {'ratio':>7}   (M rows per CPU second, one thread)")
    for name, mine, other in tasks():
        best = [np.inf, np.inf]
        for _ in range(9):
            for i, work in enumerate((mine, other)):
                begin = time.process_time()
                work()
                best[i] = min(best[i], time.process_time() - begin)
        ours, numpy = (ROWS / seconds / 1e6 for seconds in best)
        print(f"{name:34} {ours:10.1f} {numpy:10.1f} {ours / numpy:6.1f}x")


if __name__ == "__main__":
    main()
