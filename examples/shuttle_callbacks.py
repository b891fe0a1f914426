"""The paper's own story: two callbacks for the space-shuttle valve, unique anomalies, 1 % of the rows.

    python examples/shuttle_callbacks.py --out out

The normal function gives a healthy cycle of the real recording, with the noise between its cycles. The anomalous one
gives values unlike any healthy one, from a range that is drawn for each event (Gottschlich 2018, section 3). Anomalous
rows are hard-unique, normal rows soft-unique. Writes the dataset (CSV) and its picture (PNG).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from paranom_rs import Anomaly, Block, Callback, Generator, Hard, Soft, Uniqueness
from paranom_rs.generate.recordings import read_columns

DATA = Path(__file__).parent / "data" / "shuttle_tek14.csv"


class Valve:
    """A healthy cycle of the recording, and what differs from it."""

    def __init__(self, path: Path = DATA, period: int = 1000) -> None:
        columns = read_columns(path, ["value", "label"])
        whole = len(columns["value"]) // period * period
        cycles = columns["value"][:whole].reshape(-1, period)
        healthy = cycles[~columns["label"][:whole].reshape(-1, period).astype(bool).any(axis=1)]
        #: The mean of the cycles without labelled anomalies, shape (period,).
        self.cycle = healthy.mean(axis=0)
        #: The standard deviation between them, shape (period,).
        self.spread = healthy.std(axis=0) + 1e-3
        self.low, self.high = float(healthy.min()), float(healthy.max())

    def healthy(self, block: Block) -> np.ndarray:
        """Give the cycle with its noise."""
        phase = block.row % len(self.cycle)
        return self.cycle[phase] + self.spread[phase] * block.rng.normal(size=len(block))

    def broken(self, block: Block) -> np.ndarray:
        """Give values above or below all healthy ones, within a reach of the event's own."""
        reach = 0.5 + block.event * 0.618034 % 1.0
        beyond = block.rng.uniform(0.1, reach)
        return np.where(block.event % 2, self.high + beyond, self.low - beyond)


def shuttle_callbacks(seed: int = 14) -> Generator:
    """Return the generator."""
    valve = Valve()
    return Generator(
        {"current": Callback(normal=valve.healthy, anomalous=valve.broken, vectorized=True)},
        anomalies=Anomaly(frequency=0.01, duration=(10, 60)),
        uniqueness=Uniqueness(normal=Soft(tries=5), anomalous=Hard(tries=100)),
        seed=seed,
    )


def main() -> None:
    """Write and draw the dataset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    data = shuttle_callbacks().generate(10_000)
    print(f"{data}; {data.duplicates}")
    data.write(out / "shuttle_callbacks.csv", overwrite=True)
    data.plot().savefig(out / "shuttle_callbacks.png", dpi=110)


if __name__ == "__main__":
    main()
