"""Changing variance, seasons that differ, control loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from paranom_rs import (
    Choice,
    ControlLoop,
    Generator,
    Normal,
    RandomSeason,
    Ref,
    SpecError,
    Steps,
    Stochastic,
    StochasticVolatility,
)

LEAST = 1e-4


def column(rule: Any, rows: int, start: int = 0) -> np.ndarray:
    return Generator({"x": Stochastic(rule)}, seed=3).generate(rows, start=start)["x"]


def correlation(x: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(x[:-lag], x[lag:])[0, 1])


def test_variance_changes_slowly() -> None:
    x = column(StochasticVolatility(std=2.0, persistence=0.98, spread=0.5, mean=1.0), 400_000)
    assert abs(x.mean() - 1) < 0.03
    assert abs(x.std() - 2) < 0.1
    assert stats.kurtosis(x) > 2, "heavy tails"
    assert abs(correlation(x, 1)) < 0.02, "values do not follow from each other"
    size = np.log(np.abs(x - 1))
    # Var of ln|e| is pi^2/8; that of the level is spread^2 = 0.25.
    expected = 0.25 / (0.25 + np.pi**2 / 8)
    assert abs(correlation(size, 1) - 0.98 * expected) < 0.02
    assert abs(correlation(size, 50) - 0.98**50 * expected) < 0.03


def test_without_spread_it_is_noise() -> None:
    x = column(StochasticVolatility(spread=0.0, std=3.0), 20_000)
    assert stats.kstest(x, stats.norm(0, 3).cdf).pvalue > LEAST


def test_each_cycle_has_its_own_size() -> None:
    x = column(RandomSeason(100, amplitude=Normal(1.0, 0.3)), 100_000)
    peaks = np.abs(x.reshape(-1, 100)).max(axis=1)
    assert 0.1 < peaks.std() < 0.4
    assert abs(peaks.mean() - 1) < 0.15, "the larger of two peaks"
    assert np.abs(np.diff(x)).max() < 0.2, "nothing jumps"
    np.testing.assert_allclose(
        column(RandomSeason(100, 2.0, 0.25), 300), 2 * np.cos(np.arange(300) * 2 * np.pi / 100), atol=1e-12
    )


def test_phases_wander() -> None:
    x = column(RandomSeason(50, phase=Steps(Normal(0.0, 0.2), 1)), 50_000)
    assert np.abs(np.diff(x)).max() < 0.4
    plain = np.sin(np.arange(50_000) * 2 * np.pi / 50)
    assert 0.3 < np.corrcoef(x, plain)[0, 1] < 0.95


STEPPED = Steps(Choice([20.0, 60.0]), 400)


def loop(**more: Any) -> dict[str, np.ndarray]:
    names = ("measured", "control", "setpoint")
    variables = {x: Stochastic(ControlLoop(STEPPED, group="loop", gives=x, **more)) for x in names}  # type: ignore[arg-type]
    data = Generator(variables, seed=3).generate(20_000)
    return {name: data[name] for name in names}


def test_a_loop_follows_its_own_equations_across_tiles() -> None:
    """All rows, also where a tile begins anew: what came before has faded."""
    gain, keeps, noise = 2.0, np.exp(-1 / 30), 0.0
    found = loop(gain=gain, time_constant=30.0, proportional=0.4, integral=0.02, noise=noise)
    y, u, sp = found["measured"], found["control"], found["setpoint"]
    np.testing.assert_allclose(y[1:], keeps * y[:-1] + (1 - keeps) * gain * u[:-1], atol=1e-9)
    np.testing.assert_allclose(np.diff(u), 0.4 * np.diff(sp - y) + 0.02 * (sp - y)[1:], atol=1e-9)


def test_a_loop_gets_to_its_setpoint() -> None:
    found = loop(noise=0.1)
    settled = found["setpoint"].reshape(-1, 400)[:, -50:]
    measured = found["measured"].reshape(-1, 400)[:, -50:]
    assert set(np.unique(settled)) == {20.0, 60.0}
    assert np.abs((measured - settled).mean()) < 0.05
    assert 0.05 < (measured - settled).std() < 0.3


def test_a_loop_fights_disturbances() -> None:
    x = column(ControlLoop(0.0, disturbance=Steps(Choice([-5.0, 5.0]), 500)), 20_000)
    assert np.abs(x).max() > 0.5
    assert np.abs(x.reshape(-1, 500)[:, -100:]).max() < 0.1


@pytest.mark.parametrize(
    ("rule", "path", "what"),
    [
        (StochasticVolatility(persistence=1.0), "persistence", "excluded"),
        (StochasticVolatility(spread=6.0), "spread", "0 to 5"),
        (StochasticVolatility(std=-1.0), "std", ">= 0"),
        (RandomSeason(1), "period", "from 2"),
        (RandomSeason(10, Ref("y")), "amplitude", "once per event"),
        (ControlLoop(1.0, gain=0.0), "gain", "> 0"),
        (ControlLoop(1.0, time_constant=-1.0), "time_constant", "> 0"),
        (ControlLoop(1.0, integral=0.0), "integral", "> 0"),
        (ControlLoop(1.0, proportional=-1.0), "proportional", ">= 0"),
        (ControlLoop(1.0, noise=-1.0), "noise", ">= 0"),
        (ControlLoop(1.0, gives="state"), "gives", "measured"),  # type: ignore[arg-type]
        (ControlLoop(1.0, proportional=1e3), "", "stable loop"),
        (ControlLoop(1.0, integral=1e-9), "", "stable loop"),
        (ControlLoop(Ref("y")), "setpoint", "other variables"),
        (ControlLoop(1.0, disturbance=Ref("y")), "disturbance", "other variables"),
    ],
)
def test_bad_processes_are_refused(rule: Any, path: str, what: str) -> None:
    with pytest.raises(SpecError) as caught:
        Generator({"x": Stochastic(rule), "y": Stochastic(0.0)})
    assert caught.value.path == f"variables.x.normal{'.' if path else ''}{path}"
    assert what in caught.value.rule
