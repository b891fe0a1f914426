"""RAMP on a feed of which nothing is known: its settings, and the threshold that its first scores give."""

from __future__ import annotations

from typing import Any

import numpy as np

from paranom_rs._internal.checks import Floats

__all__ = ["LIVE_SETTINGS", "robust_threshold"]

#: Chosen on open recordings. With ``min_gap`` as long as the window, an anomaly is one alarm.
LIVE_SETTINGS: dict[str, Any] = {"window": 20, "scale": "mad", "refresh": "sliding"}
#: The threshold is so many times a quantile of the scores: a few anomalies among them do no harm.
FACTOR, QUANTILE = 2.0, 0.95
LEAST_THRESHOLD = 1e-9


def robust_threshold(scores: Floats) -> float:
    """Return a threshold for scores like these, which are all finite and mostly ordinary.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.detect.live_settings import robust_threshold
    >>> robust_threshold(np.append(np.ones(99), 1000.0))
    2.0
    """
    return above(float(np.quantile(scores, QUANTILE)))


def above(level: float) -> float:
    """Return the threshold that belongs to the `QUANTILE` of scores."""
    return max(FACTOR * level, LEAST_THRESHOLD)
