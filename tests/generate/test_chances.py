"""Values that are lost each for itself: independently, by the hour, by another variable, by the value; whole rows."""

from __future__ import annotations

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Calendar,
    Callback,
    Dropouts,
    Generator,
    Hard,
    Integers,
    Logistic,
    Normal,
    Ref,
    Shift,
    Sine,
    SpecError,
    Stochastic,
    TimeIndex,
    Uniqueness,
)

ROWS = 100_000


def lost(missing: Dropouts, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """The values before any is lost, and the mask."""
    variables = {"load": Stochastic(Sine(200) * 2.0 + Normal()), "x": Stochastic(Normal(), Shift(9.0))}
    anomalies = Anomaly(frequency=0.05, duration=(5, 40))
    data = Generator(variables, missing=missing, anomalies=anomalies, seed=3, **options).generate(ROWS)  # type: ignore[arg-type]
    whole = Generator(variables, anomalies=anomalies, seed=3, **options).generate(ROWS)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.isnan(data.X), data.missing)
    np.testing.assert_array_equal(np.where(data.missing, whole.X, data.X), whole.X)
    np.testing.assert_array_equal(data.clean.missing, data.missing)
    np.testing.assert_array_equal(data.y, whole.y)
    return whole.X, data.missing


@pytest.mark.parametrize(
    "missing", [Dropouts(frequency=0.3, gap=0), Dropouts(chance=0.3), Dropouts(frequency=0.3, duration=(1, 1), gap=0)]
)
def test_each_value_is_lost_for_itself(missing: Dropouts) -> None:
    _, mask = lost(missing)
    assert mask.mean(axis=0) == pytest.approx([0.3, 0.3], abs=0.01)
    for column in mask.T:
        assert column[1:][column[:-1]].mean() == pytest.approx(0.3, abs=0.01)
    assert abs(np.corrcoef(mask.T)[0, 1]) < 0.02


def test_runs_with_a_gap_are_as_before() -> None:
    _, mask = lost(Dropouts(frequency=0.3))
    assert not (mask[1:] & mask[:-1]).any()


def test_by_the_time_of_the_day() -> None:
    nights = Calendar(hour=[0.8] * 6 + [0.0] * 18)
    _, mask = lost(Dropouts(chance=nights), time=TimeIndex("2026-01-01", "1h"))
    hour = np.arange(ROWS) % 24
    assert mask[hour < 5].mean() == pytest.approx(0.8, abs=0.01)
    assert not mask[(hour >= 6) & (hour < 23)].any()


def test_by_another_variable() -> None:
    values, mask = lost(Dropouts(chance=Logistic(Ref("load"), middle=1.5, width=0.5) * 0.6))
    wanted = 0.6 / (1 + np.exp((1.5 - values[:, 0]) / 0.5))
    for column in mask.T:
        assert column.mean() == pytest.approx(wanted.mean(), abs=0.01)
        high = wanted > 0.5
        assert column[high].mean() == pytest.approx(wanted[high].mean(), abs=0.01)


def test_by_the_value_itself_with_its_anomalies() -> None:
    variables = {
        "x": Stochastic(Normal(), Shift(9.0), missing=Dropouts(chance=Logistic(Ref("x"), middle=2.0, width=0.0)))
    }
    generator = Generator(variables, anomalies=Anomaly(frequency=0.05, duration=(5, 40)), seed=1)
    data = generator.generate(20_000)
    whole = Generator(
        {"x": Stochastic(Normal(), Shift(9.0))}, anomalies=Anomaly(frequency=0.05, duration=(5, 40)), seed=1
    )
    np.testing.assert_array_equal(data.missing[:, 0], whole.generate(20_000)["x"] > 2.0)
    np.testing.assert_array_equal(data.clean.missing, data.missing)
    part = generator.generate(700, start=9_000)
    np.testing.assert_array_equal(part.missing, data.missing[9_000:9_700])


@pytest.mark.parametrize(
    "missing", [Dropouts(chance=0.1, together=True), Dropouts(frequency=0.1, duration=(2, 9), together=True)]
)
def test_whole_rows(missing: Dropouts) -> None:
    _, mask = lost(missing)
    np.testing.assert_array_equal(mask[:, 0], mask[:, 1])
    assert mask[:, 0].mean() == pytest.approx(0.1, abs=0.01)


def test_specs_and_toml(tmp_path: object) -> None:
    generator = Generator(
        {"x": Stochastic(Normal(), missing=Dropouts(chance=Logistic(Ref("x", lag=2))))},
        missing=Dropouts(frequency=0.1, together=True),
    )
    assert Generator.from_spec(generator.to_spec()) == generator
    assert "gap" not in generator.to_spec()["variables"]["x"]["missing"]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (Dropouts(chance=0.1, frequency=0.1), "missing.frequency: must not stand beside a chance"),
        (Dropouts(chance=0.1, gap=2), "missing.gap: must not stand beside a chance"),
        (Dropouts(chance=Ref("y")), "missing.chance.variable: must be a variable"),
        (Dropouts(), "missing: must say how often"),
    ],
)
def test_bad_input(missing: Dropouts, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Generator({"x": Stochastic(Normal())}, missing=missing)
    with pytest.raises(SpecError, match="variables.x." + said):
        Generator({"x": Stochastic(Normal(), missing=missing)})


def test_what_does_not_go_together() -> None:
    own = Dropouts(frequency=0.1, together=True)
    with pytest.raises(SpecError, match=r"variables.x.missing: must stand for the whole spec"):
        Generator({"x": Stochastic(Normal(), missing=own)})
    with pytest.raises(SpecError, match="must refer to variables without functions"):
        Generator({"x": Callback(normal=lambda ctx: 0.0, missing=Dropouts(chance=Ref("x")))})
    with pytest.raises(SpecError, match="and without uniqueness"):
        Generator(
            {"x": Stochastic(Integers(0, 9))}, missing=Dropouts(chance=Ref("x")), uniqueness=Uniqueness(normal=Hard())
        )
    with pytest.raises(SpecError, match=r"width: must be >= 0"):
        Generator({"x": Stochastic(Logistic(Normal(), width=-1.0))})
