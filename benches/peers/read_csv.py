"""Reading a user's CSV: a million rows of a time and eight numbers, beside pandas.

python benches/peers/read_csv.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from paranom_rs.files.tables import read_table

ROWS, COLUMNS, ROUNDS = 1_000_000, 8, 5


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of some rounds."""
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    """Print the CPU seconds of both."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "a.csv"
        values = np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).round(4)
        clock = pd.date_range("2026-01-01", periods=ROWS, freq="s", name="time")
        pd.DataFrame(values, index=clock, columns=list("abcdefgh")).to_csv(path)
        assert np.array_equal(read_table(path).values, values)
        print(f"paranom_rs read_table  {seconds(lambda: read_table(path)):.2f} CPU s")
        print(f"pandas read_csv        {seconds(lambda: pd.read_csv(path, parse_dates=['time'])):.2f} CPU s")


if __name__ == "__main__":
    main()
