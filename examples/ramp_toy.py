"""The picture of RAMP's published repository: ``python examples/ramp_toy.py DATA ramp.png``.

DATA holds toy_dataset.txt and toy_truth_labels.txt of that repository. Without arguments: synthetic data, ramp.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from paranom_rs.detect.ramp_replay import replay
from paranom_rs.plotting.ramp import plot


def main() -> None:
    """Draw the published run."""
    if len(sys.argv) > 1:
        data = Path(sys.argv[1])
        rows = [line.split()[:3] for line in (data / "toy_dataset.txt").read_text().splitlines() if line.strip()]
        X = np.array(rows, float)
        labels = np.loadtxt(data / "toy_truth_labels.txt", dtype=int)
    else:
        rng = np.random.default_rng(0)
        X = 10 + np.sin(np.arange(569)[:, None] / [2.0, 3.0, 5.0]) + 0.1 * rng.normal(size=(569, 3))
        labels = np.zeros(564, int)
        for at in (150, 300, 420):
            X[at : at + 8] *= 1.5
            labels[at : at + 8] = 1
    flags, scores, contributions = replay(X.T, window=5, reference=60, threshold=0.2, bias=0.85, labels=labels)
    figure = plot(X, scores, threshold=0.2, contributions=contributions, alarms=flags, labels=labels)
    target = sys.argv[2] if len(sys.argv) > 2 else "ramp.png"
    figure.savefig(target, dpi=150)
    print(f"{int(flags.sum())} windows flagged, drawn into {target}")


if __name__ == "__main__":
    main()
