"""VUS of paranom_rs beside TSB-AD's, in one process: agreement and CPU seconds; many events, ours only.

pip install --no-deps TSB-AD, then: python benches/peers/vus.py
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import time
from pathlib import Path

import numpy as np

from paranom_rs.evaluate.metrics import vus


def many_events():
    """Ours for 10^6 rows with an event every four rows: CPU seconds, and how much the process grew."""
    y = np.zeros(1_000_000, int)
    y[::4] = 1
    s = np.random.default_rng(0).normal(size=len(y)) + y
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    vus(y, s)
    seconds = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"1,000,000 rows, 250,000 events: {seconds:.2f} s, {grown:.0f} MB")


def theirs():
    """TSB-AD's metrics module on its own: its package imports every detector it has."""
    for folder in sys.path:
        file = Path(folder) / "TSB_AD" / "evaluation" / "basic_metrics.py"
        if file.exists():
            spec = importlib.util.spec_from_file_location("basic_metrics", file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.generate_curve
    raise SystemExit("TSB-AD is not installed")


def main():
    many_events()
    curve = theirs()
    rng = np.random.default_rng(0)
    print("rows, events, ours s, TSB-AD s, ratio, largest difference")
    for n, k in [(10_000, 10), (100_000, 10), (100_000, 100)]:
        y = np.zeros(n, int)
        for start in np.linspace(100, n - 500, k).astype(int):
            y[start : start + 80] = 1
        s = rng.normal(size=n) + y
        ours = []
        for _ in range(5):
            started = time.process_time()
            got = vus(y, s)
            ours.append(time.process_time() - started)
        started = time.process_time()
        *_, roc, pr = curve(y, s, 100, "opt", 250)
        peer = time.process_time() - started
        gap = max(abs(got.roc - roc), abs(got.pr - pr))
        print(f"{n:,}, {k}, {np.median(ours):.4f}, {peer:.2f}, {peer / np.median(ours):.0f}, {gap:.1e}", flush=True)


if __name__ == "__main__":
    main()
