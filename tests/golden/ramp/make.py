"""Make the runs again: ``python tests/golden/ramp/make.py`` (from tests/, reference/ must be importable)."""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from reference.ramp import replay  # noqa: E402

rng = np.random.default_rng(2024)
for name, starts in (("single", [0]), ("interleaved", [0, 200])):
    n = 600
    X = np.round(100 * (5 + np.sin(np.arange(n) / np.array([[3.0], [7.0], [11.0]])))) + rng.integers(0, 9, (3, n))
    labels = np.zeros(n, np.int64)
    for at in (130, 300, 420, 530):
        X[rng.integers(3), at : at + 8] *= 2.5
        labels[at - 4 : at + 8] = 1
    flags, scores, contributions = replay(
        X, window=5, reference=60, threshold=0.4, bias=0.85, start_index=starts, labels=labels
    )
    arrays = {"flags": flags, "scores": scores, "contributions": contributions}
    np.savez_compressed(HERE / f"{name}.npz", X=X, labels=labels, start_index=starts, **arrays)
    print(name, scores[60:64].tolist(), int(flags.sum()))
