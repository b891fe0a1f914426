"""The examples of the docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import paranom_rs

#: Modules of which every public name has an example, but for those that have no docstring of their own.
COMPLETE = ["paranom_rs", "paranom_rs.evaluate.metrics", "paranom_rs.evaluate.thresholds", "paranom_rs.suites"]
#: Modules of which some have.
SOME = [
    "paranom_rs.connect.keyed",
    "paranom_rs.connect.slices",
    "paranom_rs.detect.ramp",
    "paranom_rs.detect.ramp_replay",
    "paranom_rs.evaluate.audit",
    "paranom_rs.files.read",
    "paranom_rs.watch",
]
WITHOUT = {"NativeFunction", "__version__"}
#: What an example needs, where the extra is not installed.
NEEDS = {
    "IsolationForest": "sklearn",
    "evaluate.metrics": "sklearn",
    "public_holidays": "holidays",
    "Watch(": "sqlalchemy",
}
NAMES = [
    (module, name)
    for module in [*COMPLETE, *SOME]
    for name in sorted(set(importlib.import_module(module).__all__) - WITHOUT)
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda text: text.removeprefix("paranom_rs."))
def test_the_example_of_a_public_name(module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thing = getattr(importlib.import_module(module), name)
    text = (inspect.getdoc(thing) or "") if callable(thing) else ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples or module in SOME, f"{name} has no example in its docstring"
    for word, library in NEEDS.items():
        if word in text:
            pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert not doctest.DocTestRunner().run(example, out=said.append).failed, "".join(said)


def test_most_public_names_are_looked_at() -> None:
    assert len(NAMES) > len(paranom_rs.__all__)
