"""Values that overflow are refused, unless the spec allows them."""

import numpy as np
import pytest

from paranom_rs import (
    Anomaly,
    Callback,
    Constant,
    Dropouts,
    Generator,
    Missing,
    Normal,
    Recorded,
    Scale,
    SpecError,
    SpecTypeError,
    Stochastic,
    Uniform,
    Uniqueness,
)
from paranom_rs.generate.uniqueness import Soft

HUGE = Constant(1e308)
OVERFLOWS = {
    "a sum": Stochastic(HUGE + HUGE),
    "a product": Stochastic(HUGE * 10.0),
    "inf - inf": Stochastic(HUGE * 10.0 - HUGE * 10.0),
    "0 * inf": Stochastic(Constant(0.0) * (HUGE * 10.0)),
    "a callback": Callback(lambda ctx: float("inf")),
    "a sequential callback": Callback(lambda ctx: float("inf"), sequential=True, warmup=4),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_what_overflows_is_refused_by_name_and_row(name):
    gen = Generator({"fine": Stochastic(Normal()), "x": OVERFLOWS[name]})
    with pytest.raises(SpecError, match=r"variables\.x.*allow_infinite") as refused:
        gen.generate(5, start=7)
    assert "row 7" in str(refused.value)


@pytest.mark.parametrize("name", OVERFLOWS)
def test_what_overflows_comes_out_where_it_is_allowed(name):
    column = Generator({"x": OVERFLOWS[name]}, allow_infinite=True).generate(5)["x"]
    assert not np.isfinite(column).any()


def test_an_anomaly_overflows():
    gen = Generator({"x": Stochastic(Normal(1e10, 1.0), Scale(1e305))}, anomalies=Anomaly(frequency=0.3))
    with pytest.raises(SpecError, match="must give finite values of float64"):
        gen.generate(20)


def test_the_dtype_asked_for_counts():
    gen = Generator({"x": Stochastic(Normal(1e300, 1.0)), "u": Stochastic(Uniform(0, 1e300))})
    assert np.isfinite(gen.generate(5)["x"]).all()
    with pytest.raises(SpecError, match=r"variables\.[xu].*float32"):
        gen.generate(5, dtype="float32")


def test_uniqueness_is_no_way_around():
    gen = Generator({"x": Stochastic(Normal() * 1e308 * 1e10)}, uniqueness=Uniqueness(normal=Soft(tries=2)))
    with pytest.raises(SpecError, match="finite"):
        gen.generate(100)


def test_missing_values_are_no_overflow():
    anomalies = [Anomaly(name="lost", frequency=0.2, values={"lost": Missing()})]
    gen = Generator(
        {
            "lost": Stochastic(Normal()),
            "recorded": Recorded(np.array([1.0, np.nan, 3.0])),
            "called": Callback(lambda ctx: float("nan"), allow_nan=True),
        },
        anomalies=anomalies,
        missing=Dropouts(frequency=0.1),
    )
    data = gen.generate(200)
    assert all(np.isnan(data[name]).any() for name in gen.names)


def test_infinite_values_are_refused_even_beside_missing_ones():
    gen = Generator({"x": Stochastic(HUGE * 10.0), "recorded": Recorded(np.array([1.0, np.nan]))})
    with pytest.raises(SpecError, match=r"variables\.x"):
        gen.generate(5)


def test_files_and_specs_carry_it(tmp_path):
    gen = Generator({"x": Stochastic(HUGE * 10.0)}, allow_infinite=True)
    toml = tmp_path / "huge.toml"
    gen.to_toml(toml)
    again = Generator.from_toml(toml)
    assert np.isinf(again.generate(3)["x"]).all()
    with pytest.raises(SpecError, match="finite"):
        Generator({"x": Stochastic(HUGE * 10.0)}).write(tmp_path / "x.parquet", 10)
    assert list(tmp_path.iterdir()) == [toml]
    with pytest.raises(SpecTypeError, match="allow_infinite"):
        Generator({"x": Stochastic(Normal())}, allow_infinite=2)
