"""What trust costs: 48 one-liners beside NumPy and pandas, events that none of them finds, audits; in one process.

    PARANOM_NUM_THREADS=1 python benches/peers/trust.py

Nanoseconds of CPU a row, best of several alternating runs: a wave with noise, 1 % anomalous rows. NumPy takes
blocks that stay in the cache, and its moving sums are differences of cumulative ones. pandas is used as users do.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from paranom_rs import Anomaly, Generator, Normal, Scale, Sine, Stochastic, Uniform, build_info, triviality

ROWS = 1 << 20
BLOCK = 1 << 14
WINDOWS = (4, 8, 16, 32, 64, 128)


def generator(difficulty: str | None) -> Generator:
    wave = Stochastic(Sine(period=100) + Normal(0.0, 0.2), anomalous=Scale(Uniform(0.4, 1.6)))
    events = Anomaly(frequency=0.01, duration=(10, 80), difficulty=difficulty)  # type: ignore[arg-type]
    return Generator({"x": wave}, anomalies=events, seed=7)


def both(largest: list[float], numbers: np.ndarray) -> None:
    largest += [numbers.max(), -numbers.min()]


def by_numpy(x: np.ndarray) -> list[float]:
    """The largest of each one-liner, over all rows."""
    blocks = []
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK + WINDOWS[-1]]
        step = np.abs(np.diff(part))
        largest: list[float] = []
        both(largest, part)
        both(largest, step)
        largest += [np.abs(np.diff(part, 2)).max(), np.isnan(part).max()]
        sums = [np.concatenate([[0.0], np.cumsum(values)]) for values in (part, part * part, step)]
        for w in WINDOWS:
            mean, square, moved = ((total[w:] - total[:-w]) / w for total in sums)
            both(largest, mean)
            both(largest, square - mean * mean)
            both(largest, moved)
            largest.append(np.abs(part[w // 2 : w // 2 + len(mean)] - mean).max())
        blocks.append(largest)
    return np.max(blocks, axis=0).tolist()


def by_pandas(x: np.ndarray) -> list[float]:
    """The same, with rolling windows."""
    series = pd.Series(x)
    step = series.diff().abs()
    largest: list[float] = []
    both(largest, series)
    both(largest, step)
    largest += [series.diff().diff().abs().max(), series.isna().max()]
    for w in WINDOWS:
        rolling = series.rolling(w, center=True)
        mean = rolling.mean()
        both(largest, mean)
        both(largest, rolling.var(ddof=0))
        both(largest, step.rolling(w, center=True).mean())
        largest.append((series - mean).abs().max())
    return largest


def main() -> None:
    easy, hard = generator(None), generator("nontrivial")
    data = easy.generate(ROWS)
    x, y, clean = data["x"], data.y, data.clean["x"]
    assert np.allclose(by_numpy(x), by_pandas(x), rtol=1e-6, atol=1e-6)
    print(f"{build_info()}, {ROWS} rows, {len(data.events)} events; numpy {np.__version__}, pandas {pd.__version__}")
    work: dict[str, Callable[[], object]] = {
        "generate": lambda: easy.generate(ROWS),
        "generate, nontrivial": lambda: hard.generate(ROWS),
        "48 one-liners, NumPy": lambda: by_numpy(x),
        "48 one-liners, pandas": lambda: by_pandas(x),
        "triviality(X, y, clean=...)": lambda: triviality(x, y, clean=clean),
        "data.audit()": data.audit,
        "gen.audit(rows)": lambda: easy.audit(ROWS),
    }
    best = dict.fromkeys(work, np.inf)
    for _ in range(5):
        for name, run in work.items():
            begin = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - begin)
    for name, seconds in best.items():
        print(f"{name:30} {seconds / ROWS * 1e9:8.1f} ns a row")


if __name__ == "__main__":
    main()
