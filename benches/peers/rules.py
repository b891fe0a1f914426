"""Each distribution, signal, clock and way of losing values against NumPy's own way to it, in one process.

    PARANOM_NUM_THREADS=1 python benches/peers/rules.py

Rows per CPU second (best of several runs, turn and turn about). NumPy fills memory it has touched before where it can
(``out=``), in blocks that stay in the cache. Where NumPy has no function, the line says what stands for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from paranom_rs import (
    AR1,
    AtTime,
    Beta,
    Calendar,
    Cauchy,
    Choice,
    Concepts,
    ControlLoop,
    CylinderBellFunnel,
    Dirichlet,
    Dropouts,
    Gamma,
    Generator,
    Laplace,
    Logistic,
    LogisticMap,
    Markov,
    Mixture,
    Normal,
    Pattern,
    Poisson,
    RandomSeason,
    RandomWalk,
    Ref,
    Regimes,
    Sine,
    Steps,
    Stochastic,
    StochasticVolatility,
    StudentT,
    TimeIndex,
    Triangle,
    build_info,
)
from paranom_rs.generate.rule import Rule

BLOCK = 1 << 14
ROWS = 1 << 18
RNG = np.random.Generator(np.random.PCG64(1))
INDEX = np.arange(BLOCK, dtype=np.float64)
HOURS = np.arange(24.0)
VALUES = [0.0, 1.0, 3.0, 1.0, 0.0, 0.0]

Fill = Callable[[np.ndarray, int], object]


def draw(name: str, *parameters: float) -> Fill:
    method = getattr(RNG, name)
    return lambda block, start: np.copyto(block, method(*parameters, size=len(block)))


def triangle(block: np.ndarray, start: int) -> None:
    np.divide(INDEX + start, 300.0, out=block)
    np.subtract(block, np.floor(block), out=block)
    np.abs(block - 0.5, out=block)
    np.subtract(1.0, 4.0 * block, out=block)


def pulses(block: np.ndarray, start: int) -> None:
    v = (INDEX + start) * (np.pi / 300.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(np.sin(11.0 * v), 11.0 * np.sin(v), out=block)
    block[(np.arange(len(block)) + start) % 300 == 0] = 1.0


def pattern(block: np.ndarray, start: int) -> None:
    place = (INDEX + start) / 300.0 % 1.0 * len(VALUES)
    np.copyto(block, np.interp(place, np.arange(len(VALUES) + 1), [*VALUES, VALUES[0]]))


def mixture(block: np.ndarray, start: int) -> None:
    first = RNG.random(len(block)) < 0.75
    np.copyto(block, np.where(first, RNG.standard_normal(len(block)), RNG.normal(5.0, 1.0, len(block))))


def walk(block: np.ndarray, start: int) -> None:
    RNG.standard_normal(out=block)
    np.cumsum(block, out=block)


def steps(block: np.ndarray, start: int) -> None:
    np.copyto(block, np.repeat(RNG.choice([-1.0, 1.0], -(-len(block) // 50)), 50)[: len(block)])


def calendar(block: np.ndarray, start: int) -> None:
    np.copyto(block, np.interp((INDEX + start) / 60.0 % 24.0, np.arange(25), [*HOURS, HOURS[0]]))


def ar1(block: np.ndarray, start: int) -> None:
    from scipy.signal import lfilter

    np.copyto(block, lfilter([np.sqrt(1 - 0.9**2)], [1.0, -0.9], RNG.standard_normal(len(block))))


def logistic_map(block: np.ndarray, start: int) -> None:
    x = 0.3
    for i in range(len(block)):
        x = 4.0 * x * (1.0 - x)
        block[i] = x


MODES = ["idle", "run", "clean", "fault"]
STEP = np.full((4, 4), 0.01) + 0.96 * np.eye(4)


def choice(block: np.ndarray, start: int) -> None:
    np.copyto(block, np.searchsorted([0.7, 0.9, 0.95, 1.0], RNG.random(len(block)), side="right"))


def markov(block: np.ndarray, start: int) -> None:
    ends, state = np.cumsum(STEP, axis=1).tolist(), 0
    for i, u in enumerate(RNG.random(len(block)).tolist()):
        state = sum(end <= u for end in ends[state])
        block[i] = state


def regimes(block: np.ndarray, start: int) -> None:
    """Times are sums of geometric ones; a regime is followed by any other."""
    count = len(block) // 50
    times = RNG.negative_binomial(4, 4 / 100, count) + 4
    states = np.cumsum(RNG.integers(1, 4, count)) % 4
    np.copyto(block, np.resize(np.repeat(states, times), len(block)))


def volatility(block: np.ndarray, start: int) -> None:
    from scipy.signal import lfilter

    level = lfilter([np.sqrt(1 - 0.98**2)], [1.0, -0.98], RNG.standard_normal(len(block)))
    np.multiply(np.exp(0.5 * level - 0.25), RNG.standard_normal(len(block)), out=block)


def season(block: np.ndarray, start: int) -> None:
    cycles = RNG.normal(1.0, 0.2, len(block) // 96 + 2)
    np.multiply(np.interp(INDEX / 96, np.arange(len(cycles)), cycles), np.sin(INDEX * (np.pi / 48)), out=block)


def loop(block: np.ndarray, start: int) -> None:
    y = total = 0.0
    for i, eps in enumerate(RNG.standard_normal(len(block)).tolist()):
        measured = y + 0.1 * eps
        error = 1.0 - measured
        total += 0.05 * error
        block[i] = measured
        y = 0.95 * y + 0.05 * (0.5 * error + total)


def sine(block: np.ndarray, start: int) -> None:
    np.sin((INDEX + start) * (2.0 * np.pi / 300.0), out=block)


def logistic(block: np.ndarray, start: int) -> None:
    RNG.standard_normal(out=block)
    np.divide(1.0, 1.0 + np.exp(-block), out=block)


def concepts(block: np.ndarray, start: int) -> None:
    second = (np.arange(len(block)) + start) // 1000 % 2 == 1
    np.copyto(block, np.where(second, RNG.normal(3.0, 1.0, len(block)), RNG.standard_normal(len(block))))


def independent(block: np.ndarray, start: int) -> None:
    RNG.standard_normal(out=block)
    block[RNG.random(len(block)) < 0.3] = np.nan


def by_value(block: np.ndarray, start: int) -> None:
    RNG.standard_normal(out=block)
    block[RNG.random(len(block)) < 1.0 / (1.0 + np.exp(1.0 - block))] = np.nan


def arrivals(block: np.ndarray, start: int) -> None:
    np.cumsum(RNG.standard_exponential(len(block)), out=block)


def business_days(block: np.ndarray, start: int) -> None:
    days = np.busday_offset("2026-01-01", np.arange(len(block)) + start % 60_000)
    np.copyto(block, days.astype("datetime64[ns]").astype(np.int64))


def local_days(block: np.ndarray, start: int) -> None:
    times = pd.date_range("2026-01-01", periods=len(block), freq="D", tz="Europe/Berlin")
    np.copyto(block, times.asi8)


TASKS: list[tuple[str, Rule, Fill | None]] = [
    ("Laplace: Generator.laplace", Laplace(), draw("laplace")),
    ("StudentT(3): standard_t", StudentT(3), draw("standard_t", 3)),
    ("Cauchy: standard_cauchy", Cauchy(), draw("standard_cauchy")),
    ("Gamma(2.5): standard_gamma", Gamma(2.5), draw("standard_gamma", 2.5)),
    ("Gamma(0.3): standard_gamma", Gamma(0.3), draw("standard_gamma", 0.3)),
    ("Beta(2, 5): beta", Beta(2, 5), draw("beta", 2, 5)),
    ("Poisson(4): poisson", Poisson(4), draw("poisson", 4)),
    ("Poisson(100): poisson", Poisson(100), draw("poisson", 100)),
    ("Mixture of 2 normals: where", Mixture([(0.75, Normal()), (0.25, Normal(5))]), mixture),
    ("Triangle: floor, abs", Triangle(300), triangle),
    ("Dirichlet: two sines", Dirichlet(300), pulses),
    ("Pattern of 6: interp", Pattern(VALUES, period=300), pattern),
    ("RandomWalk: cumsum of normals", RandomWalk(), walk),
    ("AR1: lfilter of normals (SciPy)", AR1(0.9), ar1),
    ("Steps of 50: repeat of choice", Steps(Choice([-1, 1]), 50), steps),
    ("Calendar by hour: interp", Calendar(hour=HOURS.tolist()), calendar),
    ("LogisticMap: a loop in Python", LogisticMap(), logistic_map),
    ("Choice of 4 states: searchsorted", Choice(MODES, [0.7, 0.2, 0.05, 0.05]), choice),
    ("Markov of 4: a loop in Python", Markov(MODES, STEP.tolist()), markov),
    ("Regimes of 4, shape 4: repeat", Regimes(MODES, dwell=100, shape=4), regimes),
    ("StochasticVolatility: lfilter, exp", StochasticVolatility(), volatility),
    ("RandomSeason: interp, sin", RandomSeason(96, Normal(1.0, 0.2)), season),
    ("ControlLoop: a loop in Python", ControlLoop(1.0, noise=0.1), loop),
    ("CylinderBellFunnel", CylinderBellFunnel((30, 60)), None),
    ("AtTime of a sine: sin", AtTime(Sine(300)), sine),
    ("Logistic of a normal: exp", Logistic(Normal()), logistic),
    ("Concepts of 2 normals: where", Concepts([Normal(), Normal(3)], length=(900, 1100)), concepts),
]

#: Values that are lost, of a normal.
LOSSES: list[tuple[str, Dropouts, Fill]] = [
    ("normal, lost independently", Dropouts(chance=0.3), independent),
    ("normal, lost by its value", Dropouts(chance=Logistic(Ref("x"), middle=1.0)), by_value),
]

#: Timestamps alone.
CLOCKS: list[tuple[str, TimeIndex, Fill]] = [
    ("arrivals: cumsum of exponentials", TimeIndex("2026-01-01", "1ms", arrivals="poisson"), arrivals),
    ("1B: busday_offset", TimeIndex("1700-01-01", "1B"), business_days),
    ("1D in Berlin: date_range (pandas)", TimeIndex("1700-01-01", "1D", zone="Europe/Berlin"), local_days),
]


def compare(task: str, mine: Callable[[], object], rows: int, fill: Fill | None, theirs: int = ROWS) -> None:
    """Print how many rows each gives in a second."""
    out = np.zeros(ROWS)

    def other() -> None:
        for start in range(0, theirs, BLOCK):
            if fill is not None:
                fill(out[start : start + BLOCK], start)

    best = [np.inf, np.inf]
    for _ in range(9):
        for i, work in enumerate((mine, other)):
            begin = time.process_time()
            work()
            best[i] = min(best[i], time.process_time() - begin)
    ours, numpy = rows / best[0] / 1e6, theirs / best[1] / 1e6
    print(f"{task:34} {ours:10.1f} " + (f"{numpy:10.1f} {ours / numpy:6.1f}x" if fill else f"{'':>10}"))


def main() -> None:
    out = np.zeros(ROWS)
    print(f"paranom_rs {build_info()}, NumPy {np.__version__}")
    print(f"{'task':34} {'ours':>10} {'NumPy':>10} {'ratio':>7}   (M rows per CPU second, one thread)")
    clock = TimeIndex("2026-01-01", "1min")
    for task, rule, fill in TASKS:
        generator = Generator({"x": Stochastic(rule)}, time=clock, seed=1)
        theirs = 1 << 15 if "loop" in task else ROWS
        compare(task, lambda g=generator: g.generate(ROWS, out={"x": out}, threads=1), ROWS, fill, theirs)  # type: ignore[misc]
    for task, missing, fill in LOSSES:
        generator = Generator({"x": Stochastic(Normal(), missing=missing)}, seed=1)
        compare(task, lambda g=generator: g.generate(ROWS, out={"x": out}, threads=1), ROWS, fill)  # type: ignore[misc]
    for task, index, fill in CLOCKS:
        plan = Generator({"x": Stochastic(0.0)}, time=index, seed=1).source.plan
        rows = min(ROWS, 1 << 16)  # days come to the year 2262
        compare(task, lambda p=plan, n=rows: p.times(0, n), rows, fill)  # type: ignore[misc]


def texts() -> None:
    """Measure a column of states as an Arrow dictionary, and what it costs by way of pandas' categories."""
    import pandas as pd
    import pyarrow as pa

    rows = 1 << 22
    generator = Generator({"mode": Stochastic(Regimes(MODES, dwell=100))}, seed=1)
    data = generator.generate(rows, threads=1)
    codes = data.floats("mode")
    ways: dict[str, Callable[[], object]] = {
        "states into Arrow": lambda: pa.table(data),
        "generated into Arrow": lambda: pa.table(generator.generate(rows, threads=1)),
        "pandas: from_codes, Arrow": lambda: pa.array(pd.Categorical.from_codes(codes.astype(np.int32), MODES)),
        "NumPy: texts, Arrow": lambda: pa.array(np.array(MODES)[codes.astype(np.intp)]),
    }
    for way, work in ways.items():
        best = np.inf
        for _ in range(5):
            begin = time.process_time()
            work()
            best = min(best, time.process_time() - begin)
        print(f"{way:34} {rows / best / 1e6:10.1f}   (M rows per CPU second)")


if __name__ == "__main__":
    main()
    texts()
