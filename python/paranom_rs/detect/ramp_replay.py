"""The published RAMP program over a finished recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._core import ramp_replay
from paranom_rs._internal.checks import each, matrix, whole
from paranom_rs.errors import SpecError

__all__ = ["replay"]


def replay(
    X: ArrayLike,
    *,
    window: int,
    reference: int,
    threshold: float,
    bias: float,
    start_index: Sequence[int] = (0,),
    labels: ArrayLike | None = None,
    p_limit: float = 1.0,
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Run the published program over a finished recording, number for number.

    Parameters
    ----------
    X
        (d, n), channels first as in the program.
    window
        m.
    reference
        M.
    threshold
        θ.
    bias
        b.
    start_index
        Where processes begin, ascending from 0 and M apart at least. No process scores while one takes its M samples.
    labels
        (n - m,) or longer: 1 where the window that begins there is anomalous. Each step's flag is confirmed or
        dismissed at once. ``None``: no feedback.
    p_limit
        Train while the uncertainty is below it.

    Returns
    -------
    flags
        (n - m,) int8, stamped with the *first* sample of the window, as are the others. 0 while a process fills. As in
        the program, the last window is not scored.
    scores
        (n - m,) float64, -1 while a process fills.
    contributions
        (n - m, d) float64, -1 while a process fills. They are those of the last process, whichever owns the window.

    Raises
    ------
    SpecError
        An argument breaks a rule: too short a recording, starts too near each other, too few labels.
    SpecTypeError
        An argument has the wrong type.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.detect.ramp_replay import replay
    >>> X = np.sin(np.arange(200) / 3)[None]
    >>> X[0, 150:155] += 3
    >>> flags, scores, contributions = replay(X, window=5, reference=60, threshold=0.5, bias=0.85)
    >>> flags.shape, bool(flags[145:155].any())
    ((195,), False)
    """
    columns = np.ascontiguousarray(matrix("X", X).T)
    settings = {
        "n_features": columns.shape[1],
        "window": window,
        "reference": reference,
        "threshold": threshold,
        "bias": bias,
        "mode": "author",
        "p_limit": p_limit,
    }
    truth = None if labels is None else _flags(labels)
    starts = [whole(f"start_index[{i}]", start, most=1 << 62) for i, start in each("start_index", start_index)]
    return ramp_replay(columns, settings, starts, truth)


def _flags(labels: ArrayLike) -> list[bool]:
    truth = np.asarray(labels)
    if truth.ndim != 1 or truth.dtype.kind not in "iufb":
        raise SpecError("labels", "must be a vector of 0 and 1", f"{truth.ndim} dimensions of {truth.dtype}")
    for i in np.flatnonzero((truth != 0) & (truth != 1))[:1]:
        raise SpecError(f"labels[{i}]", "must be 0 or 1", str(truth[i]))
    return [bool(label) for label in truth]
