"""Arrays of rows: runs of equal flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def runs_of_ones(flags: ArrayLike) -> NDArray[np.int64]:
    """Return where flags are set, run by run.

    Parameters
    ----------
    flags
        0/1 or bool, shape (n,).

    Returns
    -------
    runs
        int64, shape (runs, 2): the first row of each run, and the row after its last.
    """
    padded = np.concatenate([[False], np.asarray(flags).astype(bool), [False]])
    return np.flatnonzero(padded[1:] != padded[:-1]).astype(np.int64).reshape(-1, 2)


def dilate(flags: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Return flags that also mark ``before`` rows before, and ``after`` rows behind, each marked one."""
    grown = np.zeros(len(flags) + 1, dtype=np.int64)
    for start, stop in runs_of_ones(flags):
        grown[max(start - before, 0)] += 1
        grown[min(stop + after, len(flags))] -= 1
    return np.cumsum(grown[:-1]) > 0
