"""Errors: path, rule and value are fields, and survive; a wrong keyword is answered with the right one."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paranom_rs
from paranom_rs import (
    RAMP,
    AlreadyExistsError,
    Anomaly,
    Generator,
    Normal,
    Sine,
    SpecError,
    SpecTypeError,
    Stochastic,
    TimeIndex,
    Uniform,
    errors,
)


@pytest.mark.parametrize("error", [SpecError, SpecTypeError])
def test_an_error_of_an_argument_has_fields(error: type[SpecError]) -> None:
    found = error("window", "must be > 0", "-1")
    assert (found.path, found.rule, found.value) == ("window", "must be > 0", "-1")
    assert str(found) == "window: must be > 0, got -1"
    assert str(error("window", "must be given")) == "window: must be given"
    assert str(error("", "must be a rule")) == "must be a rule"


def test_a_prefix_goes_before_the_path_and_nowhere_else() -> None:
    error = SpecError("std", "must be >= 0", "std: -1")
    assert str(error.under("variables.x.normal")) == "variables.x.normal.std: must be >= 0, got std: -1"
    assert error.under("x").path == "x.std"
    assert SpecError("[3]", "must be > 0").under("x").path == "x[3]"
    assert SpecError("", "must be > 0").under("x").path == "x"
    assert error.within(Path("a.toml")).path == "a.toml: std"
    assert SpecError("", "must be TOML").within("a.toml").path == "a.toml"
    assert type(SpecTypeError("a", "b").under("c")) is SpecTypeError


ERRORS: list[Exception] = [
    SpecError("path", "rule", "value"),
    SpecTypeError("path", "rule"),
    errors.UniquenessError("text", "normal", 3, 5, {"x": 1.0}),
    errors.CallbackError("text", "x", "normal", 7),
    errors.MismatchError("text", Path("a"), 1, "x", "1.0", "2.0"),
    AlreadyExistsError("a.csv", "exists"),
    errors.UnknownKeyError("text"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_file_that_is_there_is_named(tmp_path: Path) -> None:
    generator = Generator({"x": Stochastic(Normal())})
    generator.write(tmp_path / "x.csv", 3)
    with pytest.raises(AlreadyExistsError) as caught:
        generator.write(tmp_path / "x.csv", 3)
    assert caught.value.path == str(tmp_path / "x.csv")
    assert str(caught.value) == f"{caught.value.path} exists; overwrite=True replaces it"


@pytest.mark.parametrize(
    ("call", "path", "meant"),
    [
        (lambda: Normal(loc=0.0), "Normal.loc", "mean"),
        (lambda: Normal(0.0, scale=1.0), "Normal.scale", "std"),
        (lambda: Uniform(min=0.0, max=1.0), "Uniform.min", "low"),
        (lambda: Sine(frequency=0.1), "Sine.frequency", "period"),
        (lambda: Anomaly(rate=0.01), "Anomaly.rate", "frequency"),
        (lambda: Anomaly(frequency=0.01, durations=3), "Anomaly.durations", "duration"),
        (lambda: TimeIndex("2026-01-01", freq="1min"), "TimeIndex.freq", "step"),
        (lambda: Generator(variable={}), "Generator.variable", "variables"),
        (lambda: Generator({}, random_state=1), "Generator.random_state", "seed"),
        (lambda: RAMP(3, windw=5, reference=60, threshold=1.0), "RAMP.windw", "window"),
        (lambda: Stochastic(Normal(), anomaly=1.0), "Stochastic.anomaly", "anomalous"),
    ],
)
def test_a_wrong_keyword_is_answered_with_the_nearest_right_one(call: Callable[[], Any], path: str, meant: str) -> None:
    with pytest.raises(SpecTypeError) as caught:
        call()
    assert caught.value.path == path
    assert caught.value.rule.startswith("must be one of ")
    assert caught.value.rule.endswith(f'; did you mean "{meant}"?')


#: What only the package makes; and those whose constructors are not written in Python.
MADE_FOR_USERS = {
    "Block", "Change", "ConsensusMotif", "Context", "Dataset", "Detection", "Detector", "Discord", "Edge", "Event",
    "Events", "Explanation", "Match", "MatrixProfile", "Motif", "MultidimensionalMotif", "NativeFunction", "PanProfile",
    "Segmentation", "Snippet", "Split", "Verified", "WindowChoice",
}  # fmt: skip
CONSTRUCTED = [
    cls
    for name in paranom_rs.__all__
    if inspect.isclass(cls := getattr(paranom_rs, name))
    and not issubclass(cls, Exception)
    and name not in MADE_FOR_USERS
]


@pytest.mark.parametrize("cls", CONSTRUCTED, ids=lambda cls: cls.__name__)
def test_every_public_class_names_its_keywords(cls: type[Any]) -> None:
    with pytest.raises(SpecTypeError) as caught:
        cls(no_such_keyword=1)
    assert caught.value.path == f"{cls.__name__}.no_such_keyword"
    names = [name for name in inspect.signature(cls).parameters if name != "args"]
    assert caught.value.rule == (f"must be one of {', '.join(names)}" if names else "must not be given")


@pytest.mark.parametrize("cls", CONSTRUCTED, ids=lambda cls: cls.__name__)
def test_help_shows_the_arguments(cls: type[Any]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    assert not [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def test_checks_of_keywords_cost_nothing_else() -> None:
    """Pickling and copying go without arguments."""
    rule = pickle.loads(pickle.dumps(Normal(1.0) + Sine(period=3.0)))
    assert rule == Normal(1.0) + Sine(period=3.0)
    assert np.isfinite(Generator({"x": Stochastic(rule)}).generate(10).X).all()
