"""What is measured of a detector's scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics import affiliation, event_report, pa_k, ucr_score, vus

#: The figures, and whether a larger one is better.
FIGURES = {
    "VUS-PR": True,
    "VUS-ROC": True,
    "event F1": True,
    "delay": False,
    "affiliation P": True,
    "affiliation R": True,
    "UCR score": True,
    "PA%K": True,
}


def checked_scores(scores: Any, rows: int) -> Floats:
    """Return scores as float64 (rows,), or SpecError: a detector gives a number for each row."""
    array = np.asarray(scores)
    if array.shape == (rows, 1):
        array = array[:, 0]
    if array.shape != (rows,) or array.dtype.kind not in "buif":
        rule = f"must give a number for each of {rows} rows"
        raise SpecError("decision_function", rule, f"{array.dtype} of shape {array.shape}")
    array = array.astype(np.float64)
    missing = int(np.isnan(array).sum())
    if missing:
        raise SpecError("decision_function", f"must give a number for each of {rows} rows", f"{missing} NaN")
    return array


def measure(y: Any, scores: Floats, threshold: float, buffer: int) -> dict[str, float | None]:
    """Return the figures by name; None where one is not defined (no event was found)."""
    truth: Flags = np.asarray(y).astype(bool)
    flagged = scores > threshold
    volumes, events, near = vus(truth, scores, window=buffer), event_report(truth, flagged), affiliation(truth, flagged)
    precision = 0.0 if np.isnan(events.precision) else events.precision
    both = precision + events.recall
    return {
        "VUS-PR": volumes.pr,
        "VUS-ROC": volumes.roc,
        "event F1": 2 * precision * events.recall / both if both else 0.0,
        "delay": _or_none(events.mean_delay),
        "affiliation P": _or_none(near.precision),
        "affiliation R": _or_none(near.recall),
        "UCR score": ucr_score(truth, scores),
        "PA%K": pa_k(truth, flagged),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
