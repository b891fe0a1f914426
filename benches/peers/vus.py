"""VUS of paranom_rs beside TSB-AD's, in one process: agreement and CPU seconds.

pip install --no-deps TSB-AD, then: python benches/peers/vus.py
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

from paranom_rs.evaluate.metrics import vus


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
