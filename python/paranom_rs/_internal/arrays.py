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
    counts = np.concatenate([[0], np.cumsum(flags)])
    row = np.arange(len(flags))
    return np.asarray(counts[np.minimum(row + before + 1, len(flags))] > counts[np.maximum(row - after, 0)])
