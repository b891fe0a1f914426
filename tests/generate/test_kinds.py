"""The core, the Python classes and the random specs of the tests know the same kinds of rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import paranom_rs
from paranom_rs import SpecError
from paranom_rs._core import Plan
from paranom_rs.generate.rule import EachRow, Part, Product, Rule, Sum, Transform
from support import strategies

#: Kinds that random specs make in a way of their own: they refer to other variables, or have only so many rows.
ELSEWHERE = {
    "state",
    "by_state",
    "forbidden_transition",
    "at_time",
    "ref",
    "swap",
    "decouple",
    "distinct",
    "shape",
    "mixture",
    *strategies.JOINS,
    *strategies.CHANGES,
}


def known(field: str) -> set[str]:
    """What the core says that a rule's kind may be."""
    variable = {"kind": "stochastic", "normal": 1.0, field: {"kind": "no such kind"}}
    with pytest.raises(SpecError) as caught:
        Plan({"variables": {"x": variable}})
    assert caught.value.path == f"variables.x.{field}.kind"
    return set(caught.value.rule.removeprefix("must be one of ").split(", "))


def classes(of: type[Part]) -> Iterator[type[Part]]:
    for cls in of.__subclasses__():
        yield cls
        yield from classes(cls)


def kinds(of: type[Part]) -> set[str]:
    return {cls.kind for cls in classes(of)}


def test_the_core_and_python_know_the_same_rules_and_transforms() -> None:
    assert kinds(Rule) == known("normal")
    assert kinds(Transform) | kinds(Rule) == known("anomalous")


def test_random_specs_try_them_all() -> None:
    assert set(strategies.RULES) | ELSEWHERE >= known("normal")
    assert set(strategies.TRANSFORMS) | set(strategies.COURSES) | set(strategies.RULES) | ELSEWHERE == known(
        "anomalous"
    )


def test_all_of_them_are_public() -> None:
    public = {getattr(paranom_rs, name) for name in paranom_rs.__all__}
    assert {*classes(Rule), *classes(Transform), EachRow} - public == {Sum, Product}
