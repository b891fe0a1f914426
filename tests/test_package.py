"""The installed package: light to import, typed, documented, with one exception tree."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import paranom_rs
from paranom_rs import _core, errors

HEAVY = [
    "duckdb",
    "matplotlib",
    "pandas",
    "polars",
    "pyarrow",
    "safetensors",
    "scipy",
    "sklearn",
    "torch",
    "tqdm",
]


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"import sys, paranom_rs; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["py.typed", "_core.pyi"])
def test_types_are_shipped(name: str) -> None:
    assert resources.files(paranom_rs).joinpath(name).is_file()


def test_metadata_agrees_with_the_build() -> None:
    metadata = importlib.metadata.metadata("paranom_rs")
    assert metadata["Version"] == paranom_rs.__version__
    assert {"plot", "deep", "test"} <= set(metadata.get_all("Provides-Extra") or [])
    assert set(metadata.get_all("License-File") or []) == {"LICENSE-MIT", "LICENSE-APACHE"}


def test_dir_shows_public_names_only() -> None:
    assert dir(paranom_rs) == sorted(paranom_rs.__all__)
    assert set(errors.__all__) <= set(paranom_rs.__all__)


def test_no_public_name_is_a_module_too() -> None:
    """Of any package: ``import a.b`` must not give a function."""
    for init in Path(paranom_rs.__file__).parent.rglob("__init__.py"):
        folder = init.parent
        name = ".".join(("paranom_rs", *folder.relative_to(Path(paranom_rs.__file__).parent).parts))
        try:
            package = importlib.import_module(name)
        except ImportError:  # an extra that is not installed
            continue
        public = getattr(package, "__all__", [])
        assert not [x for x in public if (folder / f"{x}.py").is_file() or (folder / x).is_dir()], name


def test_public_names_exist_once() -> None:
    assert len(set(paranom_rs.__all__)) == len(paranom_rs.__all__)
    assert not [name for name in paranom_rs.__all__ if not hasattr(paranom_rs, name)]


@pytest.mark.parametrize("module", [paranom_rs, _core], ids=lambda module: module.__name__)
def test_every_public_name_has_a_docstring(module: object) -> None:
    """Of Python and of Rust: classes, functions, and the public methods and properties that they define."""
    bare = []
    for name in module.__all__:
        thing = getattr(module, name)
        if not (inspect.isclass(thing) or callable(thing)):
            continue
        if not inspect.getdoc(thing):
            bare.append(name)
        if inspect.isclass(thing):
            for key, member in vars(thing).items():
                described = callable(member) or inspect.isdatadescriptor(member)
                if described and not key.startswith("_") and not inspect.getdoc(member):
                    bare.append(f"{name}.{key}")
    assert not bare


@pytest.mark.parametrize("name", errors.__all__)
def test_exceptions_are_public_and_fit_the_standard_ones(name: str) -> None:
    exception = getattr(paranom_rs, name)
    assert issubclass(exception, UserWarning if name.endswith("Warning") else paranom_rs.ParanomError)
    assert name in (errors.__doc__ or ""), "add it to the tree in the docstring of paranom_rs.errors"
    if exception is not paranom_rs.ParanomError:
        standard = [base for base in exception.__mro__ if base.__module__ == "builtins"]
        assert standard[0] is not Exception, "derive from the standard exception that fits, too"
