"""The docs are what the code is: diagrams, paths, names, the API reference. Needs the checkout."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
if not DOCS.is_dir():
    pytest.skip("needs the checkout", allow_module_level=True)

from test_architecture import ARROWS, UPWARDS, top  # noqa: E402

ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
#: Where the paths that contributors' pages name may begin.
PLACES = [ROOT / place for place in (".", "python/paranom_rs", "rust", "rust/paranom/src", "tests", "docs")]
PAGES = [
    ROOT / "CONTRIBUTING.md",
    *(DOCS / name for name in ("architecture.md", "glossary.md")),
    *DOCS.glob("add_*.md"),
]

Arrows = set[tuple[str, str]]


def diagrams() -> Iterator[tuple[Arrows, Arrows]]:
    """The arrows of each diagram of the architecture page: drawn through, and dotted."""
    for block in re.findall(r"```mermaid\n(.*?)```", ARCHITECTURE, re.DOTALL):
        yield set(re.findall(r"(\S+) --> (\S+)", block)), set(re.findall(r"(\S+) -\.-> (\S+)", block))


PARTS, CRATES, MODULES = diagrams()


def reached(arrows: Arrows, start: str) -> set[str]:
    """All that arrows lead to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        found |= (ahead := {b for a, b in arrows if a == here} - found)
        waiting += ahead
    return found


def assert_drawn(drawn: Arrows, real: Arrows) -> None:
    """Each arrow of the diagram is one of the code; each one of the code is drawn, or follows from arrows that are."""
    assert drawn <= real, "drawn, but not in the code"
    assert not [(a, b) for a, b in sorted(real) if b not in reached(drawn, a)], "in the code, but not drawn"


def between_parts(arrows: Iterable[tuple[str, str, str]]) -> Arrows:
    parts = {(top(module), top(target)) for module, _, target in arrows}
    return {(a, b) for a, b in parts if a != b and a != "__main__"}


def test_the_diagram_of_python_parts() -> None:
    drawn, dotted = PARTS
    assert_drawn(drawn, between_parts(set(ARROWS) - UPWARDS))
    assert dotted == between_parts(UPWARDS)


def test_the_diagram_of_crates() -> None:
    folders = {"benches": ROOT / "benches"} | {path.name: path for path in (ROOT / "rust").glob("paranom*")}
    real = set()
    for name, folder in folders.items():
        manifest = tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))
        needed = manifest.get("dependencies", {}).keys() | manifest.get("dev-dependencies", {}).keys()
        real |= {(name, other) for other in needed & folders.keys()}
    assert_drawn(CRATES[0], real)


def test_the_diagram_of_rust_modules() -> None:
    source = ROOT / "rust" / "paranom" / "src"
    real = set()
    for path in source.rglob("*.rs"):
        module = path.relative_to(source).with_suffix("").parts[0]
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        used = set(re.findall(r"\bcrate::(\w+)", code))
        for group in re.findall(r"\bcrate::\{([^;]*)\}", code):
            used |= set(re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"\{[^{}]*\}", "", group)))
        real |= {(module, "error" if name in ("Error", "Result") else name) for name in used - {module}}
    assert_drawn(MODULES[0], {(a, b) for a, b in real if a not in ("lib", b)})


def named(text: str) -> Iterator[tuple[str, str]]:
    """The paths that a page names, each with the name in that file, or ""."""
    for path, name in re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:rs|py|pyi|md|json|toml))(?:::(\w+))?`", text):
        yield path, name
    for path in re.findall(r"`((?:[\w.-]+/)+)`", text):
        yield path, ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    examples = {"rayleigh.rs", "quantize.rs", "_manifest.json"}
    for path, name in named(text):
        files = [place / path for place in PLACES if (place / path).exists()]
        assert files or path in examples, f"{path} is not there"
        if name:
            defines = re.compile(rf"\b(?:def|class|fn|struct|enum|trait|const|type) {name}\b")
            assert any(defines.search(file.read_text(encoding="utf-8")) for file in files), f"{path} has no {name}"


def script(name: str) -> Any:
    """A script of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_install_lines_are_todays() -> None:
    assert script("install_lines").stale() == [], "run python docs/install_lines.py"


def test_the_api_reference_is_current() -> None:
    api = script("api")
    assert (DOCS / "api.md").read_text(encoding="utf-8") == api.page(), "run python docs/api.py"
