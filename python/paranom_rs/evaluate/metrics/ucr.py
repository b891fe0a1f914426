"""The score of the UCR anomaly archive (Wu & Keogh, TKDE 2021): is the most anomalous row in the right place?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs.errors import SpecError


def ucr_score(y_true: ArrayLike, scores: ArrayLike, *, slack: int = 100) -> float:
    """Return 1 where the row of the highest score lies in an event or near one, else 0.

    Near means fewer rows away than the event has, or than ``slack`` where that is more. Where several rows have the
    highest score, the result is the share of them that is right. In the archive each series has one event. Here any
    event of the series will do.

    Parameters
    ----------
    y_true
        Labels, 0/1, shape (n,), with an event.
    scores
        Higher is more anomalous, shape (n,), no NaN.
    slack
        Rows around a short event.

    Raises
    ------
    SpecError
        For labels without an event, another shape, or NaN.

    Examples
    --------
    >>> from paranom_rs.evaluate.metrics import ucr_score
    >>> y = [0, 0, 1, 1, 0, 0, 0, 0]
    >>> scores = [0.1, 0.2, 0.9, 0.8, 0.3, 0.1, 0.2, 0.1]
    >>> ucr_score(y, scores, slack=1)
    1.0
    """
    truth = checks.labels("y_true", y_true)
    if not truth.any():
        raise SpecError("y_true", "must hold an event", "0 only" if len(truth) else "nothing")
    checks.same_order("scores", scores, y_true)
    s = checks.scores("scores", scores, len(truth))
    least = checks.whole("slack", slack)
    right = np.zeros(len(truth), bool)
    for start, stop in runs_of_ones(truth).tolist():
        margin = max(least, stop - start) - 1
        right[max(start - margin, 0) : stop + margin] = True
    return float(right[s == s.max()].mean())
