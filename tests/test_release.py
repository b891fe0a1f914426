"""What a release says of itself is the same in every file. Needs the checkout."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
if not (ROOT / "CITATION.cff").is_file():
    pytest.skip("needs the checkout", allow_module_level=True)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKSPACE = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
RECIPE = yaml.safe_load((ROOT / ".ci" / "conda-forge" / "recipe.yaml").read_text(encoding="utf-8"))
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_one_version() -> None:
    assert CITATION["version"] == RECIPE["context"]["version"] == WORKSPACE["version"]


def test_one_address() -> None:
    urls, repository = PROJECT["urls"], WORKSPACE["repository"]
    assert urls["Source"] == repository == CITATION["repository-code"] == RECIPE["about"]["repository"]
    assert urls["Documentation"] == CITATION["url"] == RECIPE["about"]["homepage"]
    assert all(urls[name].startswith(repository) for name in ("Issues", "Changelog"))


def test_one_licence_and_summary() -> None:
    assert PROJECT["license"] == WORKSPACE["license"] == RECIPE["about"]["license"] == " OR ".join(CITATION["license"])
    assert RECIPE["about"]["summary"] == PROJECT["description"]


def test_the_recipe_asks_for_what_the_package_needs() -> None:
    needed = {f"python {PROJECT['requires-python']}"}
    needed |= {re.sub(r"(?=[<>=])", " ", text, count=1) for text in PROJECT["dependencies"]}
    assert set(RECIPE["requirements"]["run"]) == needed
    assert RECIPE["build"]["python"]["entry_points"] == [f"paranom = {PROJECT['scripts']['paranom']}"]


def test_classifiers_and_python_agree() -> None:
    oldest = int(PROJECT["requires-python"].removeprefix(">=3."))
    named = re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["classifiers"]))
    assert [int(minor) for minor in named] == list(range(oldest, oldest + len(named)))
