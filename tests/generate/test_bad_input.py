"""Bad input is refused before any work, by an exception that fits and names the path, the value and the rule."""

# ruff: noqa: E501 (tables are read by line)

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import paranom_rs
from paranom_rs import (
    Anomaly,
    Calendar,
    Choice,
    Dropouts,
    Gaps,
    Generator,
    Integers,
    Mixture,
    Normal,
    OutOfMemoryError,
    ParanomError,
    Pattern,
    Recorded,
    Shift,
    Sine,
    SpecError,
    SpecTypeError,
    Stochastic,
    StreamVersionError,
    TimeIndex,
    Uniform,
    matrix_profile,
)
from paranom_rs._core import Plan

Spec = dict[str, Any]
NAN = float("nan")
INF = float("inf")
FEW = {"frequency": 0.01}


def good() -> Spec:
    return {
        "seed": 1,
        "variables": {
            "x": {"kind": "stochastic", "normal": {"kind": "normal"}, "anomalous": {"kind": "shift", "by": 5}},
            "r": {"kind": "recorded", "values": [1.0, 2.0, 3.0, 4.0]},
        },
        "anomalies": [dict(FEW)],
    }


def test_what_is_spoiled_below_is_good() -> None:
    Plan(good())


def rule(normal: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec["variables"]["x"].update(normal=normal)


def own_clock(calendar: Spec) -> Callable[[Spec], Any]:
    """A calendar of stream 1, which has a clock of its own."""
    return lambda spec: spec.update(stream=1, variables={"x": {"kind": "stochastic", "normal": calendar}})


def hit(anomalous: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec["variables"]["x"].update(anomalous=anomalous)


def variables(**changed: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec["variables"].update(changed)


def recorded(**changed: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec["variables"]["r"].update(changed)


def anomalies(*listed: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec.update(anomalies=list(listed))


def top(**changed: Any) -> Callable[[Spec], Any]:
    return lambda spec: spec.update(changed)


def uniform(low: Any, high: Any) -> Spec:
    return {"kind": "uniform", "low": low, "high": high}


X = "variables.x.normal"
N = {"kind": "normal"}
SINE = {"kind": "sine", "period": 9}
NUMBERS = {"kind": "number", "start": 0, "step": 1}
DATES = {"kind": "datetime", "start": 0, "step": 10}

# What is spoiled, the exception, and what its message must say: path, value, rule.
SPECS: list[tuple[Callable[[Spec], Any], type[ParanomError], list[str]]] = [
    # Unknown and missing names.
    (rule({"kind": "norml"}), SpecError, [f"{X}.kind", '"norml"', "must be one of", "normal"]),
    (rule({"kind": "shift", "by": 1}), SpecError, [f"{X}.kind", '"shift"', "must be one of"]),
    (hit({"kind": "spiky"}), SpecError, ["variables.x.anomalous.kind", '"spiky"', "spike"]),
    (rule({"kind": "normal", "sd": 1}), SpecError, [X, '"sd"', "mean", "std"]),
    (rule({"kind": "uniform", "low": 1}), SpecError, [f"{X}.high", "must be given"]),
    (rule({"low": 1, "high": 2}), SpecError, [f"{X}.kind", "must be given"]),
    (variables(x={"kind": "stochastc", "normal": N}), SpecError, ["variables.x.kind", '"stochastc"', "recorded"]),
    (variables(x={"kind": "stochastic"}), SpecError, ["variables.x.normal", "must be given"]),
    (variables(x={"kind": "stochastic", "normal": N, "anomaly": 1}), SpecError, ["variables.x", '"anomaly"', "anomalous"]),
    (top(sed=3), SpecError, ["the spec", '"sed"', "seed"]),
    (top(variables={}), SpecError, ["variables", "at least one"]),
    (lambda spec: spec.pop("variables"), SpecError, ["variables", "must be given"]),
    (variables(**{"": {"kind": "stochastic", "normal": N}}), SpecError, ["variables", '""']),
    (variables(event={"kind": "stochastic", "normal": N}), SpecError, ["variables", '"event"']),
    # Wrong types.
    (top(variables=[1]), SpecTypeError, ["variables", "a list", "a table"]),
    (rule("normal"), SpecTypeError, [X, '"normal"', "must be"]),
    (rule(None), SpecTypeError, ["NoneType"]),
    (rule([1, 2]), SpecTypeError, [X, "a list"]),
    (rule(True), SpecTypeError, [X, "true"]),
    (rule({"kind": 3}), SpecTypeError, [f"{X}.kind", "3", "a text"]),
    (rule({"kind": "normal", "std": "1"}), SpecTypeError, [f"{X}.std", '"1"']),
    (rule({"kind": "normal", "low": N, "std": 1}), SpecTypeError, [f"{X}.low", "a number"]),
    (rule({"kind": "integers", "low": 0, "high": 1.5}), SpecError, [f"{X}.high", "1.5", "whole"]),
    (rule({"kind": "choice", "values": 3}), SpecTypeError, [f"{X}.values", "3", "a list"]),
    (rule({"kind": "choice", "values": [1, "2"]}), SpecTypeError, [f"{X}.values[1]", '"2"', "a number"]),
    (rule({"kind": "random_walk", "std": N}), SpecTypeError, [f"{X}.std", "a number"]),
    (rule({"kind": "sum", "of": N}), SpecTypeError, [f"{X}.of", "a list"]),
    (anomalies(3), SpecTypeError, ["anomalies[0]", "3", "a table"]),
    (top(anomalies=dict(FEW)), SpecTypeError, ["anomalies", "a list"]),
    (top(seed="7"), SpecTypeError, ["seed", '"7"', "a whole number"]),
    (top(seed=1.5), SpecError, ["seed", "1.5", "whole"]),
    # Numbers outside what a rule allows.
    (rule(uniform(2, 2)), SpecError, [f"{X}.high", "2", "must be > low"]),
    (rule(uniform(3, -1)), SpecError, [f"{X}.high", "-1", "must be > low (3)"]),
    (rule(uniform(uniform(0, 5), 4)), SpecError, [f"{X}.high", "4", "must be > low (5)"]),
    (rule(uniform(N, 4)), SpecError, [f"{X}.high", "must be > low (inf)"]),
    (rule(uniform(-1e308, 1e308)), SpecError, [f"{X}.high", "above low"]),
    (rule({"kind": "integers", "low": 5, "high": 5}), SpecError, [f"{X}.high", "5", "must be > low (5)"]),
    (rule({"kind": "integers", "low": 0, "high": 2**53 + 1}), SpecError, [f"{X}.high", str(2**53 + 1)]),
    (rule({"kind": "normal", "std": -0.5}), SpecError, [f"{X}.std", "-0.5", "must be >= 0"]),
    (rule({"kind": "normal", "std": N}), SpecError, [f"{X}.std", "-inf", "must be >= 0"]),
    (rule({"kind": "normal", "low": 3, "high": 3}), SpecError, [f"{X}.high", "3", "must be > low (3)"]),
    (rule({"kind": "normal", "low": 3, "std": 0}), SpecError, [f"{X}.std", "0", "must be > 0"]),
    (rule({"kind": "lognormal", "sigma": -1}), SpecError, [f"{X}.sigma", "-1", "must be >= 0"]),
    (rule({"kind": "exponential", "scale": 0}), SpecError, [f"{X}.scale", "0", "must be > 0"]),
    (rule({"kind": "laplace", "scale": -1}), SpecError, [f"{X}.scale", "-1", "must be >= 0"]),
    (rule({"kind": "cauchy", "scale": -1}), SpecError, [f"{X}.scale", "-1", "must be >= 0"]),
    (rule({"kind": "student_t"}), SpecError, [f"{X}.df", "must be given"]),
    (rule({"kind": "student_t", "df": 0.1}), SpecError, [f"{X}.df", "0.1", "from 0.2 to 1e300"]),
    (rule({"kind": "gamma", "shape": 0}), SpecError, [f"{X}.shape", "0", "must be > 0"]),
    (rule({"kind": "gamma", "shape": 1, "scale": -2}), SpecError, [f"{X}.scale", "-2", "must be >= 0"]),
    (rule({"kind": "beta", "a": 1, "b": 0}), SpecError, [f"{X}.b", "0", "must be >= 1e-300"]),
    (rule({"kind": "poisson", "rate": -0.5}), SpecError, [f"{X}.rate", "-0.5", "from 0 to 1e12"]),
    (rule({"kind": "poisson", "rate": 1e13}), SpecError, [f"{X}.rate", "10000000000000", "from 0 to 1e12"]),
    (rule({"kind": "poisson", "rate": N}), SpecError, [f"{X}.rate", "-inf", "from 0 to 1e12"]),
    (rule({"kind": "mixture", "of": []}), SpecError, [f"{X}.of", "at least one rule"]),
    (rule({"kind": "mixture", "of": [N, 1], "weights": [1]}), SpecError, [f"{X}.weights", "1", "2 rules"]),
    (rule({"kind": "mixture", "of": [N, 1], "weights": [0.5, 0.6]}), SpecError, [f"{X}.weights", "1.1", "sum to 1"]),
    (rule({"kind": "mixture", "of": [{"kind": "normal", "std": -1}]}), SpecError, [f"{X}.of[0].std", "-1"]),
    (rule({"kind": "bernoulli", "p": 1.01}), SpecError, [f"{X}.p", "1.01", "from 0 to 1"]),
    (rule({"kind": "random_walk", "std": -1}), SpecError, [f"{X}.std", "-1", "must be >= 0"]),
    (rule({"kind": "sine", "period": 0}), SpecError, [f"{X}.period", "0", "must be >="]),
    (rule({"kind": "sine", "period": uniform(1, 2)}), SpecError, [f"{X}.period", "must be a number here"]),
    (rule({"kind": "square", "period": 9, "duty": 2}), SpecError, [f"{X}.duty", "2", "from 0 to 1"]),
    (rule({"kind": "triangle", "period": 9, "peak": -0.1}), SpecError, [f"{X}.peak", "-0.1", "from 0 to 1"]),
    (rule({"kind": "dirichlet", "period": 9, "harmonics": 0}), SpecError, [f"{X}.harmonics", "0", "from 1 to 1000"]),
    (rule({"kind": "pattern", "values": []}), SpecError, [f"{X}.values", "0", "1 to 1048576"]),
    (rule({"kind": "pattern", "values": [1, NAN]}), SpecError, [f"{X}.values[1]", "NaN", "finite"]),
    (rule({"kind": "pattern", "values": [1], "held": 1}), SpecTypeError, [f"{X}.held", "1", "true or false"]),
    (rule({"kind": "pattern", "values": [1], "period": 0}), SpecError, [f"{X}.period", "0", "must be >="]),
    (rule({"kind": "mls", "order": 1}), SpecError, [f"{X}.order", "1", "from 2 to 16"]),
    (rule({"kind": "ar1", "phi": 1}), SpecError, [f"{X}.phi", "1", "between -1 and 1"]),
    (rule({"kind": "ar1", "phi": 0.5, "std": -1}), SpecError, [f"{X}.std", "-1", "must be >= 0"]),
    (rule({"kind": "steps", "levels": N, "length": 0}), SpecError, [f"{X}.length", "0", "from 1"]),
    (rule({"kind": "steps", "levels": N, "length": [5, 3]}), SpecError, [f"{X}.length[1]", "3", "from 5"]),
    (rule({"kind": "steps", "levels": N, "length": [5]}), SpecError, [f"{X}.length", "shortest and the longest"]),
    (rule({"kind": "empirical", "quantiles": [1]}), SpecError, [f"{X}.quantiles", "2 to 65536"]),
    (rule({"kind": "empirical", "quantiles": [1, 3, 2]}), SpecError, [f"{X}.quantiles", "must not fall", "3 before 2"]),
    (rule({"kind": "coloured_noise", "weights": []}), SpecError, [f"{X}.weights", "1 to 512"]),
    (rule({"kind": "coloured_noise", "weights": [1.0] * 513}), SpecError, [f"{X}.weights", "513", "1 to 512"]),
    (rule({"kind": "coloured_noise", "weights": [NAN]}), SpecError, [f"{X}.weights[0]", "finite"]),
    (rule({"kind": "coloured_noise", "weights": [1], "group": 3}), SpecTypeError, [f"{X}.group", "a text"]),
    (rule({"kind": "limited", "of": N}), SpecError, [X, "a low or a high limit"]),
    (rule({"kind": "limited", "of": N, "low": 2, "high": 1}), SpecError, [f"{X}.high", "1", ">= low"]),
    (rule({"kind": "rounded", "of": N, "step": 0}), SpecError, [f"{X}.step", "0", "at least 1e-300"]),
    (rule({"kind": "rounded"}), SpecError, [f"{X}.of", "must be given"]),
    (rule({"kind": "blocks", "values": [], "blocks": [[0, 1]]}), SpecError, [f"{X}.values", "at least one row"]),
    (rule({"kind": "blocks", "values": [1.0, INF], "blocks": [[0, 1]]}), SpecError, [f"{X}.values", "inf", "finite"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": []}), SpecError, [f"{X}.blocks", "1 to 512"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]] * 513}), SpecError, [f"{X}.blocks", "1 to 512"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0]]}), SpecError, [f"{X}.blocks[0]", "after its last"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[1, 1]]}), SpecError, [f"{X}.blocks[0][1]", "from 2 to 2"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 3]]}), SpecError, [f"{X}.blocks[0][1]", "from 1 to 2"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 2]], "fade": 1}), SpecError, [f"{X}.blocks[0][1]", "from 1 to 1"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0, 3.0, 4.0], "blocks": [[0, 1]], "fade": 2}), SpecError, [f"{X}.fade", "2", "shortest block"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]], "reach": 0}), SpecError, [f"{X}.reach", "from 1 to 512"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]], "mix": 1.5}), SpecError, [f"{X}.mix", "1.5", "from 0 to 1"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]], "mix": [0.5, 0.5]}), SpecError, [f"{X}.mix", "2", "each of the 1 blocks"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]], "mix": [-0.5]}), SpecError, [f"{X}.mix", "-0.5", "from 0 to 1"]),
    (rule({"kind": "blocks", "values": [1.0, 2.0], "blocks": [[0, 1]], "mix": NAN}), SpecError, [f"{X}.mix", "NaN"]),
    (rule({"kind": "steps", "length": 5}), SpecError, [f"{X}.levels", "must be given"]),
    (rule({"kind": "steps", "levels": {"kind": "distinct", "of": N}, "length": 5}), SpecError, [f"{X}.levels", "distinct"]),
    (hit({"kind": "steps", "levels": {"kind": "shape", "values": [0, 1]}, "length": 5}), SpecError, ["levels", "shape"]),
    (rule({"kind": "cylinder_bell_funnel", "length": [3, 9], "every": 8}), SpecError, [f"{X}.every", "8", "from 9"]),
    (own_clock({"kind": "calendar", "start": 0, "step": 1}), SpecError, [X, "hour, weekday, month or holidays"]),
    (own_clock({"kind": "calendar", "start": 0, "step": 0, "weekday": [0] * 7}), SpecError, [f"{X}.step", "0", "from 1"]),
    (own_clock({"kind": "calendar", "start": 0, "step": 1, "hour": [1]}), SpecError, [f"{X}.hour", "1", "24 numbers"]),
    (own_clock({"kind": "calendar", "start": 0, "step": 1, "holidays": [1]}), SpecError, [X, "holiday"]),
    (rule({"kind": "logistic_map", "r": 4}), SpecError, [X, '"r"', "must have no other names"]),
    (rule({"kind": "trend", "coefficients": []}), SpecError, [f"{X}.coefficients", "0", "1 to 8"]),
    (rule({"kind": "trend", "coefficients": [1], "per": 0}), SpecError, [f"{X}.per", "0", "must be > 0"]),
    (rule({"kind": "sum", "of": []}), SpecError, [f"{X}.of", "at least one"]),
    (hit({"kind": "noise", "std": -1}), SpecError, ["variables.x.anomalous.std", "-1", "must be >= 0"]),
    (
        hit({"kind": "shift", "by": uniform(0, {"kind": "each_row", "of": uniform(1, 2)})}),
        SpecError,
        ["anomalous.by.high", "once per event"],
    ),
    (hit({"kind": "clip"}), SpecError, ["variables.x.anomalous", "a low or a high limit"]),
    (hit({"kind": "clip", "low": 2, "high": 1}), SpecError, ["anomalous.high", "1", "must be > low (2)"]),
    (hit({"kind": "smooth", "window": 4}), SpecError, ["anomalous.window", "4", "odd"]),
    (hit({"kind": "smooth", "window": 513}), SpecError, ["anomalous.window", "513", "from 3 to 511"]),
    (hit({"kind": "shape", "values": [1]}), SpecError, ["anomalous.values", "1", "at least two"]),
    (hit({"kind": "shift", "by": {"kind": "shape", "values": [1, 2]}}), SpecError, ["anomalous.by", "not drawn once per event"]),
    (rule({"kind": "shape", "values": [1, 2]}), SpecError, [X, "anomalous rows"]),
    (hit({"kind": "reverse"}), SpecError, ["variables.x.anomalous", "must resample a signal", '"x" has none']),
    (lambda spec: (rule(SINE)(spec), hit({"kind": "frequency_change", "factor": 0})(spec)), SpecError, ["anomalous.factor", "0", "must be > 0"]),
    (lambda spec: (rule(SINE)(spec), hit({"kind": "time_warp", "strength": 2})(spec)), SpecError, ["anomalous.strength", "2", "from -1 to 1"]),
    (lambda spec: (rule(SINE)(spec), hit({"kind": "phase_shift", "by": {"kind": "each_row", "of": N}})(spec)), SpecError, ["anomalous.by", "must be a number here"]),
    *[
        (rule({"kind": kind, name: value} | more), SpecError, [f"{X}.{name}", shown, "must be a finite number"])
        for kind, name, more in [
            ("normal", "mean", {}),
            ("uniform", "low", {"high": 1}),
            ("sine", "amplitude", {"period": 5}),
            ("constant", "value", {}),
        ]
        for value, shown in [(NAN, "NaN"), (INF, "inf"), (-INF, "-inf")]
    ],
    (rule(NAN), SpecError, [X, "NaN", "finite"]),
    (rule({"kind": "trend", "coefficients": [0, NAN]}), SpecError, [f"{X}.coefficients[1]", "NaN", "finite"]),
    # Weights.
    (rule({"kind": "choice", "values": [1, 2], "weights": [0.5, 0.4]}), SpecError, [f"{X}.weights", "0.9", "sum to 1"]),
    (rule({"kind": "choice", "values": [1, 2], "weights": [1.5, -0.5]}), SpecError, [f"{X}.weights", "-0.5"]),
    (rule({"kind": "choice", "values": [1, 2], "weights": [1]}), SpecError, [f"{X}.weights", "1", "2 values"]),
    (rule({"kind": "choice", "values": [], "weights": []}), SpecError, [f"{X}.values", "at least one"]),
    # Recordings.
    (recorded(values=[]), SpecError, ["variables.r.values", "at least one row"]),
    (recorded(values=[1.0, INF]), SpecError, ["variables.r.values", "inf", "must be finite"]),
    (recorded(values=["a"]), SpecTypeError, ["variables.r.values[0]", '"a"', "a number"]),
    (recorded(repeat=1), SpecTypeError, ["variables.r.repeat", "1", "true or false"]),
    (recorded(labels=[[3, 5]]), SpecError, ["variables.r.labels", "[3, 5]", "within the 4 rows"]),
    (recorded(labels=[[2, 2]]), SpecError, ["variables.r.labels", "[2, 2]"]),
    (recorded(labels=[[1, 3], [2, 4]]), SpecError, ["variables.r.labels", "[2, 4]", "rising order"]),
    (recorded(labels=[[1]]), SpecError, ["variables.r.labels[0]", "pair"]),
    (
        variables(
            a={"kind": "recorded", "values": [1.0, 2.0], "labels": [[0, 1]]},
            b={"kind": "recorded", "values": [1.0, 2.0], "labels": [[1, 2]]},
        ),
        SpecError,
        ["variables.b.labels", "must be the same"],
    ),
    # How often anomalies happen, and for how long.
    (anomalies({"frequency": 0}), SpecError, ["anomalies[0].frequency", "0", "must be > 0 and <= 1"]),
    (anomalies({"frequency": -0.1}), SpecError, ["anomalies[0].frequency", "-0.1", "must be > 0 and <= 1"]),
    (anomalies({"frequency": 1.1}), SpecError, ["anomalies[0].frequency", "1.1", "must be > 0 and <= 1"]),
    (anomalies({"frequency": NAN}), SpecError, ["anomalies[0].frequency", "NaN", "finite"]),
    (anomalies({"frequency": 0.9}), SpecError, ["anomalies[0]", "180.0 %", "must leave room"]),
    (anomalies({"frequency": 0.99, "duration": [1, 100]}), SpecError, ["anomalies[0]", "must leave room"]),
    (anomalies({"frequency": 0.4} | {"name": "a"}, {"frequency": 0.4}), SpecError, ["anomalies", "must leave room"]),
    (anomalies({"count": 9, "within": 10, "duration": 5}), SpecError, ["anomalies[0]", "must leave room"]),
    (anomalies({"count": 3}), SpecError, ["anomalies[0]", "count and within"]),
    (anomalies({"frequency": 0.1, "count": 3, "within": 100}), SpecError, ["anomalies[0]", "how often"]),
    (anomalies({}), SpecError, ["anomalies[0]", "how often"]),
    (anomalies({"count": 0, "within": 10}), SpecError, ["anomalies[0].count", "0", "from 1"]),
    (anomalies(FEW | {"duration": 0}), SpecError, ["anomalies[0].duration", "0", "from 1"]),
    (anomalies(FEW | {"duration": [5, 3]}), SpecError, ["anomalies[0].duration[1]", "3", "from 5"]),
    (anomalies(FEW | {"duration": [1, 2, 3]}), SpecError, ["anomalies[0].duration", "shortest and the longest"]),
    (anomalies(FEW | {"duration": 2.5}), SpecError, ["anomalies[0].duration", "2.5", "whole"]),
    *[
        (anomalies(FEW | {"onset": onset}), SpecError, ["anomalies[0].onset", shown, '"creeping"', "> 0 and <= 1"])
        for onset, shown in [("sudden", '"sudden"'), (0, "0"), (1.5, "1.5"), (-1, "-1")]
    ],
    (anomalies(FEW | {"onset": [1, 2]}), SpecTypeError, ["anomalies[0].onset", "a list"]),
    (anomalies(FEW | {"gap": -1}), SpecError, ["anomalies[0].gap", "-1", "from 0"]),
    (anomalies({"events": [[5, 5]]}), SpecError, ["anomalies[0].events[0]", "[5, 5]", "start < stop"]),
    (anomalies({"events": [[5, 9], [8, 10]]}), SpecError, ["anomalies[0].events[1]", "[8, 10]", "apart"]),
    (anomalies({"events": [[-1, 9]]}), SpecError, ["anomalies[0].events[0][0]", "-1", "from 0"]),
    (anomalies({"events": [[1, 2]], "duration": 3}), SpecError, ["anomalies[0]", "duration"]),
    (
        anomalies({"events": [[1, 5]]}, {"name": "b", "events": [[4, 6]]}),
        SpecError,
        ["anomalies[1].events", "[4, 6]", "overlap"],
    ),
    (
        lambda spec: (recorded(labels=[[1, 3]])(spec), anomalies({"events": [[1, 2]]})(spec)),
        SpecError,
        ["anomalies[0].events", "[1, 2]", "already"],
    ),
    (
        anomalies({"count": 1, "within": 100}, {"name": "b", "count": 1, "within": 200}),
        SpecError,
        ["anomalies[1].within", "200", "must be the same"],
    ),
    # What they touch, and what they are called.
    (anomalies(FEW | {"variables": ["y"]}), SpecError, ["anomalies[0].variables[0]", '"y"', "must be a variable", "x"]),
    (anomalies(FEW | {"variables": ["r"]}), SpecError, ["anomalies[0]", '"r"', "with an anomalous rule"]),
    (anomalies(FEW | {"variables": []}), SpecError, ["anomalies[0]", "at least one variable"]),
    (anomalies(FEW | {"values": {"y": 1}}), SpecError, ["anomalies[0].values.y", "must be a variable"]),
    (anomalies(FEW, FEW), SpecError, ["anomalies[1].name", '"anomaly"', "of its own"]),
    (anomalies(FEW | {"name": "recorded"}), SpecError, ["anomalies[0].name", '"recorded"']),
    (anomalies(FEW | {"name": ""}), SpecError, ["anomalies[0].name", '""']),
    (lambda spec: spec["variables"]["x"].pop("anomalous"), SpecError, ["anomalies[0]", "must affect a variable"]),
    # Seeds, streams, times.
    (top(seed=-1), SpecError, ["seed", "-1", "from 0"]),
    (top(seed=2**64), SpecError, ["seed", str(2**64), "from 0"]),
    (top(seed=10**60), SpecError, ["seed"]),
    (top(stream=3), StreamVersionError, ["stream 3", "not supported", "stream 2"]),
    (top(stream=0), StreamVersionError, ["stream 0"]),
    (top(time={"kind": "number", "start": 0, "step": 0}), SpecError, ["time.step", "0", "must be from 1"]),
    (top(time={"kind": "clock"}), SpecError, ["time.kind", '"clock"', "number or datetime"]),
    (top(time=NUMBERS | {"jitter": -0.1}), SpecError, ["time.jitter", "-0.1", "less than half the step"]),
    (top(time=NUMBERS | {"jitter": 0.5}), SpecError, ["time.jitter", "0.5", "less than half the step"]),
    (top(time=NUMBERS | {"jitter": NAN}), SpecError, ["time.jitter", "NaN", "finite"]),
    (top(time=DATES | {"jitter": 5}), SpecError, ["time.jitter", "5", "less than half the step"]),
    (top(time=DATES | {"start": -(2**63), "jitter": 1}), SpecError, ["time.jitter", "1"]),
    (top(time=DATES | {"jitter": 0.5}), SpecError, ["time.jitter", "0.5", "whole"]),
    (top(time=NUMBERS | {"gaps": 3}), SpecTypeError, ["time.gaps", "3", "a table"]),
    (top(time=NUMBERS | {"gaps": {"length": 1}}), SpecError, ["time.gaps.every", "must be given"]),
    (top(time=NUMBERS | {"gaps": {"every": 0, "length": 1}}), SpecError, ["time.gaps.every", "0", "from 1"]),
    (top(time=NUMBERS | {"gaps": {"every": 9, "length": -1}}), SpecError, ["time.gaps.length", "-1", "from 0"]),
    (top(time=NUMBERS | {"gaps": {"every": 9, "length": [3, 2]}}), SpecError, ["time.gaps.length[1]", "2", ">= the shortest"]),
    (top(time=NUMBERS | {"gaps": {"every": 9, "length": [3]}}), SpecError, ["time.gaps.length", "shortest and the longest"]),
    (top(time=DATES | {"gaps": {"every": 9, "length": 1.5}}), SpecError, ["time.gaps.length", "1.5", "whole"]),
    (top(time=NUMBERS | {"gaps": {"every": 9, "length": 1, "x": 1}}), SpecError, ["time.gaps", '"x"', "every"]),
    (own_clock({"kind": "calendar", "start": 0, "step": 9, "weekday": [0] * 7, "jitter": 5}), SpecError, [f"{X}.jitter", "5"]),
    # Missing values.
    (top(missing=3), SpecTypeError, ["missing", "3", "a table"]),
    (top(missing={}), SpecError, ["missing", "how often"]),
    (top(missing={"frequency": 2}), SpecError, ["missing.frequency", "2", "<= 1"]),
    (top(missing={"frequency": 0.9}), SpecError, ["missing", "180.0 %", "must leave room"]),
    (top(missing={"count": 9, "within": 10, "duration": 5}), SpecError, ["missing", "must leave room"]),
    (top(missing=FEW | {"duration": 0}), SpecError, ["missing.duration", "0", "from 1"]),
    (top(missing=FEW | {"name": "x"}), SpecError, ["missing", '"name"', "must have no other names"]),
    (top(missing=FEW | {"difficulty": "nontrivial"}), SpecError, ["missing.difficulty", "must go with anomalies"]),
    (variables(y={"kind": "stochastic", "normal": N, "missing": {"frequency": 0}}), SpecError, ["variables.y.missing.frequency", "0"]),
    (recorded(missing={"events": [[5, 9], [8, 10]]}), SpecError, ["variables.r.missing.events[1]", "[8, 10]", "apart"]),
]  # fmt: skip


def name_of(case: Any) -> str | None:
    return " ".join(case)[:60] if isinstance(case, list) else None


@pytest.mark.parametrize(("spoil", "error", "says"), SPECS, ids=name_of)
def test_specs(spoil: Callable[[Spec], Any], error: type[ParanomError], says: list[str]) -> None:
    spec = good()
    spoil(spec)
    with pytest.raises(error) as caught:
        Plan(spec)
    assert type(caught.value) is error
    for part in says:
        assert part in str(caught.value)
    with pytest.raises(error):
        Generator.from_spec(spec)


def nested(depth: int) -> Any:
    deep: Any = 1
    for _ in range(depth):
        deep = {"kind": "sum", "of": [deep]}
    return deep


@pytest.mark.parametrize("depth", [40, 200, 20_000])
def test_deep_nesting_is_refused_not_a_crash(depth: int) -> None:
    with pytest.raises(ParanomError, match=r"nested \d+ deep"):
        Plan({"variables": {"x": {"kind": "stochastic", "normal": nested(depth)}}})


def test_a_spec_that_contains_itself_is_refused() -> None:
    loop: Spec = {"kind": "sum", "of": []}
    loop["of"].append(loop)
    with pytest.raises(ParanomError, match="nested"):
        Plan({"variables": {"x": {"kind": "stochastic", "normal": loop}}})


def test_a_list_of_a_million_bad_items_gives_a_short_message() -> None:
    with pytest.raises(SpecTypeError) as caught:
        Plan({"variables": {"x": {"kind": "stochastic", "normal": [0] * 10**6}}})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("spec", [None, 3, "x", [], {1: 2}, {"variables": {1: N}}, {"variables": {"x": N | {b"a": 1}}}])
def test_what_is_no_spec(spec: Any) -> None:
    with pytest.raises((SpecTypeError, SpecError)):
        Plan(spec)


@pytest.mark.parametrize("other", [object(), {1, 2}, b"bytes", 1j, np.zeros((2, 2)), np.array(["a"])])
def test_foreign_objects_in_a_spec(other: Any) -> None:
    with pytest.raises(SpecTypeError, match=r"a spec is made of|must be"):
        Plan({"variables": {"x": {"kind": "recorded", "values": other}}})


# The Python face.


def build(**options: Any) -> Generator:
    made = {"variables": {"x": Stochastic(Normal(), Shift(5.0))}, "anomalies": Anomaly(frequency=0.01)} | options
    return Generator(made.pop("variables"), **made)


FACE: list[tuple[Callable[[], Any], type[ParanomError], list[str]]] = [
    (lambda: build(variables={}), SpecError, ["variables", "at least one"]),
    (lambda: build(variables=[Normal()]), SpecTypeError, ["variables", "dict"]),
    (lambda: build(variables={"x": "normal"}), SpecTypeError, ["variables.x", "'normal'"]),
    (lambda: build(variables={"x": Normal()}), ParanomError, ["variables.x"]),
    (lambda: build(variables={"x": Stochastic("normal")}), SpecTypeError, ["variables.x.normal", '"normal"']),
    (lambda: build(variables={"x": Stochastic(Normal(std=-1))}), SpecError, ["variables.x.normal.std", "-1", ">= 0"]),
    (lambda: build(variables={"x": Stochastic(Uniform(5, 2))}), SpecError, ["variables.x.normal.high", "must be > low"]),
    (lambda: build(variables={"x": Stochastic(Integers(0, 2.5))}), SpecError, ["variables.x.normal.high", "2.5"]),
    (lambda: build(variables={"x": Stochastic(Choice([1, 2], [1]))}), SpecError, ["variables.x.normal.weights"]),
    (lambda: build(variables={"x": Stochastic(Shift(1))}), SpecError, ["variables.x.normal.kind", '"shift"']),
    (lambda: build(variables={"x": Stochastic(Sine(period=NAN))}), SpecError, ["variables.x.normal.period", "NaN"]),
    (lambda: build(variables={"x": Stochastic(object())}), SpecTypeError, ["variables.x", "object"]),
    (lambda: Calendar(TimeIndex(0.0, 1.0), hour=[0] * 24).to_spec(), SpecTypeError, ["time", "datetimes"]),
    (lambda: Calendar(TimeIndex("2026", "1h"), holidays=["25.12."], holiday=1).to_spec(), SpecError, ["holidays[0]", "25.12."]),
    (lambda: build(variables={"x": Stochastic(Calendar(TimeIndex("2026", "1h"), holidays=[3], holiday=1))}), SpecTypeError, ["holidays[0]", "3"]),
    (lambda: Mixture([0.5, Normal()]), SpecTypeError, ["of[0]", "pair (weight, rule)", "0.5"]),
    (lambda: Normal() + "1", SpecTypeError, ["'1'"]),
    (lambda: Normal() * None, SpecTypeError, ["None"]),
    (lambda: Normal() + Shift(1), SpecTypeError, ["Shift"]),
    (lambda: Normal() + True, SpecTypeError, ["True"]),
    (lambda: build(anomalies="often"), ParanomError, ["anomalies"]),
    (lambda: build(anomalies=[0.01]), SpecTypeError, ["anomalies[0]", "0.01"]),
    (lambda: build(anomalies=Anomaly(frequency=2)), SpecError, ["anomalies[0].frequency", "2", "<= 1"]),
    (lambda: build(anomalies=Anomaly()), SpecError, ["anomalies[0]", "how often"]),
    (lambda: build(anomalies=Anomaly(frequency=0.1, variables=["z"])), SpecError, ["anomalies[0].variables[0]", '"z"']),
    (lambda: build(anomalies=Anomaly(frequency=0.1, values={"z": 1})), SpecError, ["anomalies[0].values.z", "variable"]),
    (lambda: build(seed=-1), SpecError, ["seed", "-1", ">= 0"]),
    (lambda: build(seed=2**64), SpecError, ["seed", str(2**64)]),
    (lambda: build(seed=1.5), SpecTypeError, ["seed", "1.5", "whole"]),
    (lambda: build(seed="7"), SpecTypeError, ["seed", "'7'", "whole"]),
    (lambda: build(seed=None), SpecTypeError, ["seed", "None"]),
    (lambda: build(seed=True), SpecTypeError, ["seed", "True"]),
    (lambda: build(time=TimeIndex(0.0, 0.0)), SpecError, ["time.step", "0"]),
    (lambda: build(time=TimeIndex(0.0, 1.0, jitter="1s")), SpecTypeError, ["time.jitter", "'1s'", "a number"]),
    (lambda: build(time=TimeIndex("2026", "1s", jitter=0.1)), SpecError, ["time.jitter", "0.1", "'1min'"]),
    (lambda: build(time=TimeIndex("2026", "1s", jitter="600ms")), SpecError, ["time.jitter", "600000000", "half the step"]),
    (lambda: build(time=TimeIndex(0.0, 1.0, gaps=9)), SpecTypeError, ["time.gaps", "9", "Gaps"]),
    (lambda: build(time=TimeIndex(0.0, 1.0, gaps=Gaps(every=9, length="1s"))), SpecTypeError, ["time.gaps.length", "'1s'"]),
    (lambda: build(time=TimeIndex("2026", "1s", gaps=Gaps(every=9, length=("1s", 2)))), SpecError, ["time.gaps.length[1]", "2"]),
    (lambda: build(time=TimeIndex("2026", "1s", gaps=Gaps(every=1.5, length="1s"))), SpecError, ["time.gaps.every", "1.5"]),
    (lambda: build(missing=0.1), SpecTypeError, ["missing", "Dropouts", "0.1"]),
    (lambda: build(missing=Dropouts()), SpecError, ["missing", "how often"]),
    (lambda: build(variables={"x": Stochastic(Normal(), missing=0.1)}), SpecTypeError, ["variables.x.missing", "0.1"]),
    # Recordings.
    (lambda: build(variables={"x": Recorded([], Shift(1))}), SpecError, ["variables.x.values", "at least one row"]),
    (lambda: Recorded([[1.0], [2.0]]), SpecTypeError, ["values", "one-dimensional", "2"]),
    (lambda: Recorded(["a"]), ParanomError, ["values"]),
    (lambda: Recorded([1.0, 2.0], labels=[0]), SpecError, ["labels"]),
    (lambda: Recorded([1.0, 2.0], labels=[0, 7]), SpecError, ["labels"]),
    (lambda: build(variables={"x": Recorded([1.0, INF])}, anomalies=None), SpecError, ["variables.x.values", "inf"]),
    # Rows.
    (lambda: build().generate(-1), SpecError, ["rows", "-1", ">= 0"]),
    (lambda: build().generate(10, start=-1), SpecError, ["start", "-1", ">= 0"]),
    (lambda: build().generate(1.5), SpecTypeError, ["rows", "1.5", "whole"]),
    (lambda: build().generate("10"), SpecTypeError, ["rows", "'10'", "whole"]),
    (lambda: build().generate(), SpecError, ["rows", "must be given"]),
    (lambda: build().generate(5, normal=3), SpecError, ["rows", "normal"]),
    (lambda: build().generate(normal=-3), SpecError, ["normal", "-3"]),
    (lambda: build().generate(2**63 + 1), SpecError, ["rows", str(2**63 + 1), "2**63"]),
    (lambda: build().generate(2, start=2**64 - 1), SpecError, ["start", str(2**64 - 1), "2 rows"]),
    (lambda: build().generate(1, start=2**64), SpecError, ["start", str(2**64)]),
    (lambda: build(anomalies=None).generate(anomalous=5), SpecError, ["anomalous"]),
    (lambda: build().generate(10**15), OutOfMemoryError, ["rows", str(10**15), "bytes"]),
    (lambda: build().generate(2**62), OutOfMemoryError, ["rows", str(2**62)]),
    # dtype, out, threads.
    (lambda: build().generate(5, dtype="int32"), SpecError, ["dtype", "int32", "float64 or float32"]),
    (lambda: build().generate(5, dtype="float99"), SpecTypeError, ["dtype", "float99"]),
    (lambda: build().generate(5, threads=0), SpecError, ["threads", "0", "1"]),
    (lambda: build().generate(5, threads=-1), SpecError, ["threads", "-1"]),
    (lambda: build().generate(5, threads=2**70), SpecError, ["threads", str(2**70)]),
    (lambda: build().generate(5, threads=10**6), SpecError, ["threads", "1000000"]),
    (lambda: build().generate(5, threads=2.5), SpecTypeError, ["threads", "2.5"]),
    (lambda: build().generate(5, out=np.empty(5)), SpecTypeError, ["out", "dict"]),
    (lambda: build().generate(5, out={}), SpecError, ["out", "x"]),
    (lambda: build().generate(5, out={"x": np.empty(5), "y": np.empty(5)}), SpecError, ["out", "x, y"]),
    (lambda: build().generate(5, out={"x": [0.0] * 5}), SpecTypeError, ["out['x']", "list"]),
    (lambda: build().generate(5, out={"x": np.empty(4)}), SpecError, ["out['x']", "(4,)", "(5,)"]),
    (lambda: build().generate(5, out={"x": np.empty((5, 1))}), SpecError, ["out['x']", "(5, 1)"]),
    (lambda: build().generate(5, out={"x": np.empty(5, np.int64)}), SpecTypeError, ["out['x']", "int64"]),
    (lambda: build().generate(5, out={"x": np.empty(5, ">f8")}), SpecTypeError, ["out['x']", ">f8"]),
    (lambda: build().generate(5, out={"x": np.empty(10)[::2]}), SpecError, ["out['x']", "contiguous", "(16,)"]),
    (lambda: build().generate(5, out={"x": np.empty(5)[::-1]}), SpecError, ["out['x']", "contiguous"]),
    (lambda: build().generate(5, out={"x": read_only(5)}), SpecError, ["out['x']", "writable"]),
    # Splits.
    (lambda: build().split(train=-1, test=1), SpecError, ["train", "-1", ">= 0"]),
    (lambda: build().split(train=1, test=1.5), SpecTypeError, ["test", "1.5", "whole"]),
    (lambda: build().split(train=1, test=1, learning="super"), SpecError, ["learning", "'super'", "'semi-supervised'"]),
    (lambda: build().split(train=1, test=1, learning=None), SpecError, ["learning", "None"]),
    (lambda: build().split(train=2, validation=9, test=1, start=2**64 - 9), SpecError, ["validation", "9 rows"]),
    (lambda: build().split(train=1, test=1, dtype="int32"), SpecError, ["dtype", "int32"]),
    (lambda: build().split(train=10**15, test=1), OutOfMemoryError, [str(10**15)]),
    # Before any work, and any memory.
    (lambda: build().split(train=10**15, test=-1), SpecError, ["test", "-1"]),
    # Batches.
    (lambda: build().batches(10, batch_rows=0), SpecError, ["batch_rows", "0", ">= 1"]),
    (lambda: build().batches(-10), SpecError, ["rows", "-10"]),
    (lambda: build().batches(10, start=2**64 - 3), SpecError, ["start", "10 rows"]),
]  # fmt: skip


def read_only(rows: int) -> np.ndarray[Any, Any]:
    array = np.empty(rows)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(("call", "error", "says"), FACE, ids=name_of)
def test_the_python_face(call: Callable[[], Any], error: type[ParanomError], says: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    for part in says:
        assert part in str(caught.value)


def test_out_arrays_that_share_memory() -> None:
    variables = {"a": Stochastic(Normal()), "b": Stochastic(Normal())}
    block = np.empty(8)
    with pytest.raises(SpecError, match=r"out\['b'\].*share"):
        Generator(variables).generate(5, out={"a": block[:5], "b": block[3:]})
    with pytest.raises(SpecError, match="one dtype"):
        Generator(variables).generate(5, out={"a": np.empty(5), "b": np.empty(5, np.float32)})


def test_a_refused_call_leaves_out_alone() -> None:
    out = {"x": np.full(5, 3.0)}
    with pytest.raises(SpecError):
        build().generate(6, out=out)
    with pytest.raises(SpecError):
        build().generate(5, start=2**64 - 1, out=out)
    assert (out["x"] == 3.0).all()


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    build().to_toml(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("stream = 2", "stream = 3"), encoding="utf-8")
    with pytest.raises(StreamVersionError, match="stream 3"):
        Generator.from_toml(path)
    path.write_text(text.replace('kind = "normal"', 'kind = "norml"'), encoding="utf-8")
    with pytest.raises(SpecError, match=r'variables\.x\.normal\.kind: .*"norml"'):
        Generator.from_toml(path)
    for broken in (b"[variables", b"\xff\xfe\x00", b"x = "):
        path.write_bytes(broken)
        with pytest.raises(SpecError, match=r"spec\.toml"):
            Generator.from_toml(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(SpecError, match="variables"):
        Generator.from_toml(path)
    with pytest.raises(FileNotFoundError):
        Generator.from_toml(tmp_path / "none.toml")


def test_every_exception_is_also_a_standard_one() -> None:
    for error in (SpecError, StreamVersionError):
        assert issubclass(error, ValueError)
    assert issubclass(SpecTypeError, TypeError)
    assert issubclass(OutOfMemoryError, MemoryError)
    assert paranom_rs.SpecError is SpecError


FLAGS: dict[str, Callable[[Any, Path], object]] = {
    "progress": lambda no, _: build().generate(10, progress=no),
    "clean": lambda no, _: build().batches(10, clean=no),
    "overwrite": lambda no, path: build().write(path / "x.csv", 10, overwrite=no),
    "overwrite in parts": lambda no, path: build().write(path / "x", 10, shards=2, overwrite=no),
    "overwrite a dataset": lambda no, path: build().generate(10).write(path / "x.npz", overwrite=no),
    "import_functions": lambda no, _: Generator.from_spec(good(), import_functions=no),
    "progress of a profile": lambda no, _: matrix_profile(np.arange(20.0), 5, progress=no),
}


@pytest.mark.parametrize("value", ["0", True])
def test_a_parameter_is_a_number_or_a_rule(value: Any) -> None:
    with pytest.raises(SpecTypeError, match=r"^variables\.x\.normal\.mean: must be a number or a rule, got "):
        Generator({"x": Stochastic(Normal(value, 1))})


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_is_true_or_false(flag: str, tmp_path: Path) -> None:
    """The text "no" is true to Python: what it asks for must not happen."""
    for no in ("no", 0, None, []):
        with pytest.raises(SpecTypeError, match=f"^{flag.split()[0]}: must be True or False, got "):
            FLAGS[flag](no, tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
    FLAGS[flag](np.bool_(False), tmp_path)


def test_good_edges_are_not_refused() -> None:
    """What lies just inside the rules is taken."""
    for spoil in (
        rule({"kind": "normal", "std": 0}),
        rule({"kind": "bernoulli", "p": 1}),
        rule({"kind": "choice", "values": [1, 2], "weights": [1, 0]}),
        rule({"kind": "integers", "low": -(2**53), "high": 2**53}),
        rule(uniform(0, math.ulp(0.0))),
        rule(nested(30)),
        anomalies({"frequency": 1, "gap": 0}),
        anomalies({"frequency": 0.5, "duration": 10**12, "gap": 10**12}),
        anomalies({"events": [[0, 1], [1, 2**64 - 1]]}),
        anomalies(),
        top(seed=2**64 - 1),
        top(seed=3.0),
        recorded(values=[NAN]),
        recorded(labels=[]),
    ):
        spec = copy.deepcopy(good())
        spoil(spec)
        Plan(spec)
    assert len(build().generate(0)) == 0
    assert len(build().generate(1, start=2**64 - 1)) == 1
    assert len(list(build().batches(0))) == 0


@pytest.mark.parametrize("order", ["reversed", "strided", "column", "unaligned", "big-endian", "read-only"])
def test_arrays_of_rules_lie_in_memory_as_they_like(order: str) -> None:
    values = np.arange(20.0)
    lying = {
        "reversed": values[::-1].copy()[::-1],
        "strided": np.repeat(values, 2)[::2],
        "column": np.stack([values, values], axis=1)[:, 0],
        "unaligned": np.frombuffer(b"0" + values.tobytes(), dtype="u1")[1:].view("f8"),
        "big-endian": values.astype(">f8"),
        "read-only": np.frombuffer(values.tobytes()),
    }[order]
    made = Generator({"x": Stochastic(Pattern(lying, period=20))})
    np.testing.assert_array_equal(made.generate(20)["x"], values)
