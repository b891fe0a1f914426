"""A detector says when it is out of its depth: which channel, and what helps."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from paranom_rs import RAMP, DetectorWarning, NearestWindows, ZScore


def table(rows: int, seed: int = 0):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows) / 5)
    return pd.DataFrame({"flow": wave + 0.1 * rng.normal(size=rows), "heat": rng.normal(size=rows)})


def test_nothing_is_said_of_ordinary_rows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NearestWindows().fit(table(1000)).predict(table(500, seed=1))


@pytest.mark.parametrize("kind", [ZScore, NearestWindows, RAMP])
def test_the_channel_that_drifts_away_is_named(kind: type) -> None:
    detector = kind().fit(table(1000))
    X = table(500, seed=1)
    X["heat"] += np.linspace(0, 90, 500)
    for causal in (False, True):
        with pytest.warns(DetectorWarning, match=r"of 500 rows are under alarm; .*channel heat\. .*follow_levels=True"):
            detector.predict(X, causal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.predict(X[:90])  # too few to say


def test_rows_in_range_that_are_flagged() -> None:
    train = np.sin(np.arange(1000) / 5)
    with pytest.warns(DetectorWarning, match="no channel has left the range"):
        NearestWindows().fit(train).predict(np.random.default_rng(0).uniform(-1, 1, 500))


def test_a_constant_channel_and_too_few_rows() -> None:
    X = table(1000)
    X["still"] = 3.0
    with pytest.warns(DetectorWarning, match=r"constant in the training rows: channel still\."):
        ZScore().fit(X)
    with pytest.warns(DetectorWarning, match=r"200 training rows are short for windows of 50.*window=40"):
        NearestWindows(window=50).fit(table(200))
