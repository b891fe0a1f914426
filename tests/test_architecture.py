"""The order of the house: which part may import which, and what no file may contain. Needs the checkout."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "paranom_rs"
CORE = ROOT / "rust" / "paranom" / "src"
BINDING = ROOT / "rust" / "paranom-py" / "src"
REFERENCE = ROOT / "tests" / "reference"

# What costs seconds or hundreds of megabytes, and what only an extra installs.
HEAVY = {
    "bokeh",
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
}
# The outermost modules: they import the others, never the other way round (but late: `data.plot()` may).
# So they, and `deep`, are free to import at once what is heavy.
OUTER = {"__main__", "cli", "connect", "page", "plot"}


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in names.decode().split("\0") if name and (path := ROOT / name).exists()]


def module_name(path: Path) -> str:
    home = PACKAGE.parent if path.is_relative_to(PACKAGE) else REFERENCE.parent
    parts = path.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module or name that a file imports, dotted and absolute, and whether it does so at once."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        del package[-1]
    return imports_of(path.read_text(encoding="utf-8"), package)


def imports_of(text: str, package: list[str]) -> Iterator[tuple[str, bool]]:
    def visit(node: ast.AST, at_once: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{source}.{alias.name}", at_once) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                yield from visit(child, at_once)
        else:
            late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from visit(child, at_once and not late)

    return visit(ast.parse(text), True)


def top(name: str) -> str:
    return name.partition(".")[0]


def name_below(folder: Path) -> Callable[[Path], str]:
    return lambda path: path.relative_to(folder).as_posix()


SOURCES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_name(path): path for path in SOURCES}


def inside(name: str) -> str | None:
    """The module of the package that an imported name is, or lives in."""
    while name and name not in MODULES and name != "paranom_rs._core":
        name = name.rpartition(".")[0]
    return name or None


def test_the_walk_sees_what_it_should() -> None:
    """The checks below rest on `imports`: it must tell an import at once from a late one."""
    text = (
        "import a.b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import c\n"
        "try:\n    import d\nexcept ImportError:\n    from . import h\ndef f():\n    from ..e import g\n"
    )
    assert list(imports_of(text, ["p", "q"])) == [
        ("a.b", True),
        ("typing.TYPE_CHECKING", True),
        ("d", True),
        ("p.q.h", True),
        ("p.e.g", False),
    ]
    assert inside("paranom_rs.errors.SpecError") == "paranom_rs.errors"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_arrows_between_python_modules(path: Path) -> None:
    name, found = module_name(path), list(imports(path))
    part = name.split(".")[1] if "." in name else ""
    if part == "deep":
        assert not [i for i, _ in found if inside(i) == "paranom_rs._core"], "deep never imports _core"
    elif name != "paranom_rs.connect.torch":
        assert not [i for i, _ in found if top(i) == "torch"], "torch is imported only in deep, and to feed it"
    if part not in OUTER | {"deep"}:
        early = [i for i, at_once in found if at_once and top(i) in HEAVY]
        assert not early, f"import {early} inside the function that needs it"
    if part not in OUTER:
        wrong = [
            i
            for i, at_once in found
            if at_once and (target := inside(i)) and target.count(".") and target.split(".")[1] in OUTER
        ]
        assert not wrong, f"{name} is below {wrong}"


def test_python_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = {name: {inside(i) for i, at_once in imports(path) if at_once} for name, path in MODULES.items()}
    del graph["paranom_rs"]  # the list of public names imports everything
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for target in graph[name] & graph.keys() - {name}:
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize("path", sorted(REFERENCE.rglob("*.py")), ids=name_below(REFERENCE))
def test_the_reference_imports_only_numpy(path: Path) -> None:
    allowed = {"numpy", "reference", *sys.stdlib_module_names}
    assert not [i for i, _ in imports(path) if top(i) not in allowed]


def crates_below(name: str) -> set[str]:
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    packages = {package["name"]: package for package in lock["package"]}
    reached, waiting = set(), [name]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [line.split()[0] for line in packages[name].get("dependencies", [])]
    return reached


def test_the_core_crate_knows_no_python_and_no_file_format() -> None:
    assert "rayon" in crates_below("paranom")
    assert not [name for name in crates_below("paranom") if re.match(r"pyo3|numpy|arrow|parquet|paranom-", name)]


def test_the_crate_of_files_knows_no_python() -> None:
    assert "parquet" in crates_below("paranom-io")
    assert not [name for name in crates_below("paranom-io") if re.match(r"pyo3|numpy|paranom-py|tokio", name)]


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.rs")), ids=name_below(CORE))
def test_the_core_does_no_io(path: Path) -> None:
    code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
    assert not re.findall(r"std::(?:fs|net|io)\b|process::Command|\be?print(?:ln)?!", code)


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.rs")), ids=name_below(CORE))
def test_arrows_between_rust_modules(path: Path) -> None:
    ground = {"error", "fmath", "job", "pool", "random", "simd"}
    forbidden = {part: {"spec", "generate", "detect"} for part in ground}
    forbidden |= {"error": ground | {"spec", "generate", "detect"}, "spec": {"generate", "detect"}}
    forbidden |= {"generate": {"detect"}, "detect": {"spec", "generate"}}
    module = path.relative_to(CORE).with_suffix("").parts[0]
    code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
    used = set(re.findall(r"\bcrate::(\w+)", code))
    for group in re.findall(r"\bcrate::\{([^;]*)\}", code):
        used |= set(re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"\{[^{}]*\}", "", group)))
    assert not (used - {module}) & forbidden.get(module, set())


# Rust modules. An edge goes from a file to the file that defines what it uses: what a parent only re-exports
# belongs to the child that defines it.

RustModule = tuple[str, ...]
CRATES = sorted(path.parent for path in (ROOT / "rust").glob("*/src/lib.rs"))


def rust_code(text: str) -> str:
    """Return the text without comments, strings and unit tests (which stand at the end)."""
    text = re.sub(r"//.*", "", text).partition("#[cfg(test)]")[0]
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', text, flags=re.DOTALL)


def flat(tree: str) -> Iterator[tuple[str, str]]:
    """Return the paths of a `use` tree, each with the name it gets: `a::{b, c as d}` gives a::b, b and a::c, d."""
    head, brace, rest = tree.strip().partition("{")
    if not brace:
        path, _, name = head.partition(" as ")
        yield path.strip(), (name or path.rpartition("::")[2]).strip()
        return
    depth, item = 0, ""
    for c in rest[: rest.rindex("}")] + ",":
        depth += {"{": 1, "}": -1}.get(c, 0)
        if c != "," or depth:
            item += c
            continue
        for path, name in flat(item) if item.strip() else ():
            path = head + path
            yield (path.removesuffix("::self"), path.split("::")[-2] if name == "self" else name)
        item = ""


def rust_graph(files: dict[RustModule, str]) -> dict[RustModule, set[RustModule]]:
    """Return which modules of a crate use which."""
    codes = {module: rust_code(text) for module, text in files.items()}
    uses = {
        module: [
            (bool(public), path, name)
            for public, tree in re.findall(r"\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", code)
            for path, name in flat(re.sub(r"\s+", " ", tree))
        ]
        for module, code in codes.items()
    }

    def absolute(module: RustModule, path: str) -> RustModule | None:
        parts = path.split("::")
        if parts[0] == "crate":
            return tuple(parts[1:])
        base, known = module, False
        while parts and parts[0] in ("self", "super"):
            base = base[:-1] if parts[0] == "super" else base
            known, parts = True, parts[1:]
        return (*base, *parts) if known or (*module, parts[0]) in files else None

    def owner(path: RustModule, trail: tuple[RustModule, ...] = ()) -> RustModule:
        for length in range(len(path), -1, -1):
            module = path[:length]
            if module not in files:
                continue
            for public, used, name in uses[module] if length < len(path) and path not in trail else ():
                if public and name == path[length] and (source := absolute(module, used)) is not None:
                    return owner(source + path[length + 1 :], (*trail, path))
            return module
        raise AssertionError(path)

    graph: dict[RustModule, set[RustModule]] = {}
    for module, code in codes.items():
        body = re.sub(r"\buse\s+[^;]+;", "", code)
        paths = [path for _, path, _ in uses[module]]
        paths += re.findall(r"(?<![\w:])(?:crate|super|self)(?:::\w+)+", body)
        paths += [
            path for path in re.findall(r"(?<![\w:])\w+(?:::\w+)+", body) if (*module, path.partition("::")[0]) in files
        ]
        found = {owner(path) for text in paths if (path := absolute(module, text)) is not None}
        graph[module] = found - {module}
    return graph


def find_circle(graph: dict[RustModule, set[RustModule]]) -> list[RustModule] | None:
    done: set[RustModule] = set()

    def walk(module: RustModule, trail: list[RustModule]) -> list[RustModule] | None:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return None
        for target in sorted(graph[module]):
            if circle := walk(target, [*trail, module]):
                return circle
        done.add(module)
        return None

    return next((circle for module in graph if (circle := walk(module, []))), None)


def rust_files(source: Path) -> dict[RustModule, str]:
    files = {}
    for path in source.rglob("*.rs"):
        parts = path.relative_to(source).with_suffix("").parts
        files[parts[:-1] if parts[-1] in ("mod", "lib") else parts] = path.read_text(encoding="utf-8")
    return files


def test_the_walk_through_rust_sees_what_it_should() -> None:
    files = {
        (): "mod a;\nmod b;\npub use a::{One, inner::Two as Deux};",
        ("a",): "mod inner;\npub use inner::Two;\n// use crate::b;\nuse crate::b::{self, x};",
        ("a", "inner"): "use crate::{One, c::d};\nfn f() { super::super::b::g() }\n#[cfg(test)]\nuse super::*;",
        ("b",): "use crate::Deux;\nuse std::fmt;",
        ("c",): "mod d;\nfn f() { d::g(); }",
        ("c", "d"): "",
    }
    assert rust_graph(files) == {
        (): {("a",), ("a", "inner")},
        ("a",): {("a", "inner"), ("b",)},
        ("a", "inner"): {("a",), ("b",), ("c", "d")},
        ("b",): {("a", "inner")},
        ("c",): {("c", "d")},
        ("c", "d"): set(),
    }
    assert find_circle(rust_graph(files)) == [("a",), ("a", "inner"), ("a",)]


@pytest.mark.parametrize("source", CRATES, ids=lambda source: source.parent.name)
def test_rust_modules_do_not_use_each_other_in_a_circle(source: Path) -> None:
    circle = find_circle(rust_graph(rust_files(source)))
    assert circle is None, " -> ".join("::".join(module) or "lib" for module in circle or ())


@pytest.mark.parametrize("path", sorted((ROOT / "rust").rglob("*.rs")), ids=name_below(ROOT / "rust"))
def test_every_unsafe_says_why_it_is_safe(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        code = line.partition("//")[0]
        if re.search(r"\bunsafe\s*(?:\{|impl\b|extern\b)", code):
            above = number - 1
            while above >= 0 and re.match(r"\s*(?:#\[|//)", lines[above]) and "SAFETY:" not in lines[above]:
                above -= 1
            assert "// SAFETY:" in lines[above], f"{path.name}:{number + 1}: no SAFETY comment above"
        if re.search(r"\bunsafe\s+(?:extern\s+\"C\"\s+)?fn\b", code):
            docs = "\n".join(lines[max(0, number - 12) : number])
            assert "# Safety" in docs or "SAFETY:" in docs, f"{path.name}:{number + 1}: no Safety section"


def test_one_file_of_the_binding_holds_all_its_unsafe() -> None:
    unsafe = re.compile(r"^[^/\"]*\bunsafe\b", re.MULTILINE)
    with_unsafe = [path.name for path in BINDING.rglob("*.rs") if unsafe.search(path.read_text("utf-8"))]
    assert len(with_unsafe) <= 1, with_unsafe


def text_files() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            assert path.suffix not in {".py", ".rs", ".toml", ".md", ".pyi"}, f"{path} is not UTF-8"


def test_no_invisible_or_look_alike_characters() -> None:
    """No zero-width, bidirectional, control or odd space characters; names in Python files are ASCII."""
    for name, text in text_files():
        odd = {c for c in text if c not in "\n\t " and unicodedata.category(c)[0] in "CZ"}
        if not name.startswith("tests/golden/"):
            assert not odd, f"{name}: {sorted(map(ascii, odd))}"
        if name.endswith(".py"):
            tokens = tokenize.generate_tokens(io.StringIO(text).readline)
            names = {t.string for t in tokens if t.type == tokenize.NAME and not t.string.isascii()}
            assert not names, f"{name}: {names}"


def test_no_file_names_a_folder_of_one_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\w")
    for name, text in text_files():
        if name != "tests/test_architecture.py":
            assert not pattern.search(text), f"{name}: {pattern.search(text)}"


def test_every_test_file_says_what_it_proves() -> None:
    table = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    missing = [p.name for p in (ROOT / "tests").rglob("test_*.py") if f"`{p.name}`" not in table]
    assert not missing, f"add a row to tests/README.md for {missing}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    missing = [name for name in sorted(pages) if f"]({name})" not in index]
    assert not missing, f"add a line to docs/README.md for {missing}"
