"""The examples of the docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

import paranom_rs

#: A prototype of ctypes has no docstring of its own.
WITHOUT = {"NativeFunction", "__version__"}
NAMES = sorted(set(paranom_rs.__all__) - WITHOUT)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = inspect.getdoc(getattr(paranom_rs, name)) or ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples, f"{name} has no example in its docstring"
    if "IsolationForest" in text:
        pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert not doctest.DocTestRunner().run(example, out=said.append).failed, "".join(said)
