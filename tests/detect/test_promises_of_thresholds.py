"""On the rows that it was calibrated with, every rule keeps what it promises, for every detector and kind of series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_detectors import MADE, make

from paranom_rs import SpecError
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs.evaluate.thresholds import POT, SPOT, AlarmsPerDay, Conformal, KSigma, Quantile

pytestmark = pytest.mark.filterwarnings("ignore::paranom_rs.DetectorWarning")

ROWS = 900


def recordings() -> dict[str, np.ndarray]:
    """Ten kinds of normal rows, easy and nasty."""
    rng = np.random.default_rng(0)
    t = np.arange(2 * ROWS)
    noise = rng.normal(size=2 * ROWS)
    return {
        "wave": np.sin(t / 7) + 0.1 * noise,
        "noise": noise,
        "walk": np.cumsum(noise),
        "drift": t / 100 + 0.1 * noise,
        "heavy tail": rng.standard_cauchy(2 * ROWS),
        "commands": np.repeat(rng.integers(0, 3, 2 * ROWS // 30), 30).astype(float),
        "constant": np.full(2 * ROWS, 3.0),
        "level change": np.where(t < 1.3 * ROWS, 0.0, 5.0) + 0.1 * noise,
        "missing": np.where(rng.random(2 * ROWS) < 0.1, np.nan, np.sin(t / 20) + 0.1 * noise),
        "two channels": np.stack([np.sin(t / 9), np.sign(np.sin(t / 40))], axis=1) + 0.05 * noise[:, None],
    }


RECORDINGS = recordings()


def alarms_within(budget: float, rows: float, rows_per_alarm: float) -> Callable[[np.ndarray], bool]:
    """So many alarms in so many rows."""
    return lambda flags: max(len(runs_of_ones(flags)), flags.sum() / rows_per_alarm) <= budget * len(flags) / rows


#: A rule, and whether flags keep its promise (a quantile between two rows counts one of them). The one-sided bound of
#: Chebyshev and Cantelli holds for every sample.
RULES: dict[str, tuple[Any, Callable[[np.ndarray], bool]]] = {
    "default": (None, lambda flags: flags.mean() <= 0.01),
    "quantile": (Quantile(0.95), lambda flags: flags.sum() <= 0.05 * len(flags) + 1),
    "sigma": (KSigma(3.0), lambda flags: flags.mean() <= 1 / 10),
    "conformal": (Conformal(0.02), lambda flags: flags.mean() <= 0.02),
    "blocks": (Conformal(0.1, block=40), lambda flags: blocks_with_alarm(flags, 40) <= 0.1),
    "alarms": (AlarmsPerDay(3, rows_per_day=300), alarms_within(3, 300, 10)),
    "tail": (POT(1e-3), lambda flags: flags.mean() <= 0.02),
    "learning tail": (SPOT(1e-3), lambda flags: flags.mean() <= 0.02),
}


def blocks_with_alarm(flags: np.ndarray, block: int) -> float:
    whole = len(flags) // block
    return float(flags[len(flags) - whole * block :].reshape(whole, block).any(axis=1).mean())


@pytest.mark.parametrize("series", sorted(RECORDINGS))
@pytest.mark.parametrize("name", sorted(MADE))
def test_rules_keep_their_promise(name: str, series: str) -> None:
    X = RECORDINGS[series]
    detector = make(name).fit(X[:ROWS])
    assert detector.labels_.mean() <= 0.01
    other = X[ROWS:]
    for rule, kept in RULES.values():
        try:
            detector.calibrate(other, threshold=rule)
        except SpecError:
            continue  # a tail that has not enough distinct values to be fitted
        for causal in (False, True):
            assert kept(detector.predict(other, causal).astype(bool)), rule
