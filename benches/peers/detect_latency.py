"""How long ``sensor | paranom detect -`` takes from a line to its answer: p50 and p99, on one core.

A detector learns from the first rows, is saved, and goes on with the feed: lines are written one by one into the
command's input, and the next one is written when the answer is there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--learnt", type=int, default=1000)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(given.learnt + given.rows)[:, None] / np.arange(3, 3 + given.channels))
    lines = [",".join(f"{x:.6f}" for x in row) + "\n" for row in waves + 0.1 * rng.normal(size=waves.shape)]
    header = ",".join(f"c{j}" for j in range(given.channels)) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        state, first = Path(folder) / "state", Path(folder) / "first.csv"
        first.write_text(header + "".join(lines[: given.learnt]))
        command = [sys.executable, "-m", "paranom_rs", "detect", "--state", str(state)]
        one = os.environ | {"PARANOM_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        subprocess.run([*command, str(first)], check=True, stdout=subprocess.DEVNULL, env=one)
        times = []
        with subprocess.Popen(
            [*command, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=one
        ) as child:
            assert child.stdin
            assert child.stdout
            child.stdin.write(header)
            for i, line in enumerate(lines[given.learnt :]):
                started = time.perf_counter()
                child.stdin.write(line)
                child.stdin.flush()
                child.stdout.readline()
                if i == 0:
                    child.stdout.readline()  # the header comes before the first answer
                times.append(time.perf_counter() - started)
            child.stdin.close()
    p50, p99 = np.quantile(times[10:], [0.5, 0.99]) * 1e3
    print(f"{given.channels} channels, {len(times)} lines: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


if __name__ == "__main__":
    main()
