"""A threshold from labelled scores."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.thresholds.base import Threshold


class FBeta(Threshold):
    """The threshold with the largest F-beta on labelled scores.

    The threshold lies midway between the two scores that it separates. Of equally good ones the highest is taken.

    Parameters
    ----------
    beta
        Above 0; below 1 favours precision. The default, 0.1, is that of LSTM-AD.

    Examples
    --------
    >>> from paranom_rs.evaluate.thresholds import FBeta
    >>> rule = FBeta(1.0).fit([0.1, 0.2, 0.9, 0.8], [0, 0, 1, 1])
    >>> rule.predict([0.15, 0.85]).tolist()
    [0, 1]
    """

    needs_labels = True

    def __init__(self, beta: float = 0.1) -> None:
        checks.positive("beta", beta)
        self.beta = beta

    def _find(self, s: Floats, y: Flags | None) -> float:
        assert y is not None
        order = np.argsort(-s, kind="stable")
        ranked, true_positives = s[order], np.cumsum(y[order])
        # A cut is only possible after the last of equal scores.
        cut = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        b2 = self.beta**2
        f = (1 + b2) * true_positives[cut] / (cut + 1 + b2 * y.sum())
        best = int(cut[np.argmax(f)])
        if best + 1 == len(ranked):
            return float(np.nextafter(ranked[-1], -np.inf))
        low, high = ranked[best + 1], ranked[best]
        middle = low + (high - low) / 2
        return float(middle if np.isfinite(middle) and low <= middle < high else low)
