"""What the tests of all engines share."""

from __future__ import annotations

from pathlib import Path

import pytest

from paranom_rs import (
    Anomaly,
    Bernoulli,
    Callback,
    Dropouts,
    Generator,
    Normal,
    Poisson,
    Regimes,
    Shift,
    Sine,
    State,
    Stochastic,
    TimeIndex,
)
from paranom_rs.connect.keyed import KeyedRAMP
from support.valve import CrashOnce


@pytest.fixture
def generator() -> Generator:
    return Generator(
        {
            "pressure": Stochastic(normal=Sine(period=300) + Normal(0, 0.1), anomalous=Shift(3)),
            "läuft": Stochastic(normal=Normal(0, 1)),
        },
        anomalies=Anomaly(frequency=0.01, duration=(5, 40)),
        time=TimeIndex("2024-01-01", "1s"),
        seed=3,
    )


@pytest.fixture
def states() -> Generator:
    """A generator with a column of each type, of which some lose values."""
    return Generator(
        {
            "mode": Stochastic(Regimes(["idle", "läuft"], dwell=40), missing=Dropouts(frequency=0.01)),
            "on": Stochastic(Bernoulli(0.5), dtype="bool", missing=Dropouts(frequency=0.01)),
            "count": Stochastic(Poisson(3), dtype="int64"),
            "hidden": Stochastic(Normal(), hidden=True),
        },
        anomalies=Anomaly(values={"mode": State("exploded")}, frequency=0.01, duration=(5, 40)),
        seed=3,
    )


@pytest.fixture
def fragile(tmp_path: Path) -> Generator:
    """A generator that kills the first process that makes a row."""
    return Generator({"x": Callback(normal=CrashOnce(tmp_path / "crashed"), vectorized=True)}, seed=3)


@pytest.fixture
def keyed() -> KeyedRAMP:
    return KeyedRAMP(["x", "y"], window=3, reference=20, threshold=1.0)
