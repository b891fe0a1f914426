"""The examples of the docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest

import paranom_rs

#: Names without an example: what wants a server of its own, what only others give, types.
WITHOUT = {
    *(
        "NativeFunction",
        "__version__",
        "Association",
        "WindowSplit",
        "Imported",
        "Guard",
        "Visitor",
        "Feed",
        "Labelled",
    ),
    *("Kind", "Snapshot", "Nearest", "Why", "Kafka", "Mqtt", "serve"),
    *("SCORED", "MOST_ROWS", "LOCAL", "COLUMNS", "ALARM", "ANOMALY"),
}
#: What a module needs, where the extra is not installed.
MODULES = {
    "paranom_rs": None,
    "paranom_rs.bench": None,
    "paranom_rs.connect.bytewax": "bytewax",
    "paranom_rs.connect.gutentag": None,
    "paranom_rs.connect.keyed": None,
    "paranom_rs.connect.polars": "polars",
    "paranom_rs.connect.slices": None,
    "paranom_rs.connect.torch": "torch",
    "paranom_rs.deep": "torch",
    "paranom_rs.detect.ramp": None,
    "paranom_rs.detect.ramp_replay": None,
    "paranom_rs.evaluate.audit": None,
    "paranom_rs.evaluate.metrics": None,
    "paranom_rs.evaluate.thresholds": None,
    "paranom_rs.files.read": "pyarrow",
    "paranom_rs.suites": None,
    "paranom_rs.watch": "sqlalchemy",
    "paranom_rs.watch.app": "starlette",
    "paranom_rs.watch.auth": "starlette",
    "paranom_rs.watch.feeds.files": None,
    "paranom_rs.watch.feeds.iterators": None,
    "paranom_rs.watch.feeds.pump": "sqlalchemy",
    "paranom_rs.watch.feeds.samples": None,
    "paranom_rs.watch.labels": "sqlalchemy",
    "paranom_rs.watch.notify": "sqlalchemy",
    "paranom_rs.watch.records": None,
    "paranom_rs.watch.rows": None,
    "paranom_rs.watch.spans": "opentelemetry.exporter",
    "paranom_rs.watch.why": "sqlalchemy",
}
#: What an example needs, where the extra is not installed.
NEEDS = {
    "IsolationForest": "sklearn",
    "Baselines": "sklearn",
    "compare(": "scipy",
    "evaluate.metrics": "sklearn",
    "public_holidays": "holidays",
    "to_parquet": "pyarrow",
    "Watch(": "sqlalchemy",
}


def public(module: str, library: str | None) -> list[str]:
    """The public names of a module that have examples; none where its library is not there."""
    if library is not None and find_spec(library.partition(".")[0]) is None:
        return []
    try:
        listed = set(importlib.import_module(module).__all__)
    except ImportError:
        return []
    return sorted(listed - WITHOUT)


NAMES = [(module, name) for module, library in MODULES.items() for name in public(module, library)]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda text: text.removeprefix("paranom_rs."))
def test_the_example_of_a_public_name(module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    thing = getattr(importlib.import_module(module), name)
    text = (inspect.getdoc(thing) or "") if callable(thing) else ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples, f"{name} has no example in its docstring"
    for word, library in NEEDS.items():
        if word in text:
            pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert not doctest.DocTestRunner().run(example, out=said.append).failed, "".join(said)


def test_most_public_names_are_looked_at() -> None:
    assert len(NAMES) > len(paranom_rs.__all__)
