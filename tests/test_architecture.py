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
    "sqlalchemy",
    "starlette",
    "torch",
    "tqdm",
    "uvicorn",
}
# The parts of the package, from the ground up: a part may import what stands on a lower line, and itself.
LAYERS = [
    {"errors", "_core"},
    {"_internal"},
    {"generate"},
    {"files", "detect"},
    {"evaluate"},
    {"suites", "plotting"},
    {"deep"},
    {"connect", "watch"},
    {"paranom_rs"},  # the public names
    {"bench"},
    {"cli"},
    {"experiments"},
    {"__main__"},
]
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}
# Parts that are imported only where they are wanted: they may import at once what is heavy.
OPTIONAL = {"__main__", "bench", "cli", "connect", "deep", "experiments", "plotting", "watch"}
# Methods for convenience, which import upwards when they are called: (module, function, what it imports).
UPWARDS = {
    ("generate.dataset", "Dataset.generator", "generate.generator"),
    ("generate.dataset", "Dataset.audit", "evaluate.audit"),
    ("generate.dataset", "Dataset.plot", "plotting.dataset"),
    ("generate.dataset", "Dataset.to_html", "plotting.html"),
    ("generate.dataset", "Dataset.write", "files.write"),
    ("generate.dataset", "Dataset.write", "files.format"),
    ("generate.dataset", "Dataset.event_table", "generate.event_table"),
    ("generate.generator", "Generator.audit", "evaluate.audit"),
    ("generate.generator", "Generator.fit", "generate.fit.learn"),
    ("generate.fit.recording", "read_recording", "files.tables"),
    ("generate.fit.recording", "read_recording", "files.layout"),
    ("generate.fit.report", "FitReport.plot", "plotting.fit_report"),
    ("generate.fit.report", "FitReport.to_html", "plotting.fit_report"),
    ("generate.generator", "Generator.from_gutentag", "connect.gutentag"),
    ("generate.generator", "Generator.from_parquet", "files.read"),
    ("generate.generator", "Generator.write", "files.write"),
    ("generate.generator", "Generator.write", "files.format"),
    ("generate.generator", "Generator.write_timeeval", "files.timeeval"),
    ("detect.base", "Detector.plot", "plotting.detector"),
    ("detect.matrix_profile", "MatrixProfile.plot", "plotting.matrix_profile"),
    ("detect.pan_profile", "PanProfile.plot", "plotting.pan_profile"),
    ("detect.ramp", "RAMP.plot", "plotting.ramp"),
    ("evaluate.audit.report", "Audit.to_html", "plotting.audit_report"),
}
# Private names of other objects that a module may use.
PRIVATE = {
    "bench.worker": {"_exit"},  # of os, documented
    "generate.native": {"_argtypes_"},  # of ctypes, documented
    # Of a detector: what its base class fits, and what its file and its stream hold.
    "deep.base": {"_begin_from", "_begun", "_fit", "_networks", "_source"},
    "deep.lstm_ad": {"_live"},
    "detect.profile_detectors": {"_live"},
    "detect.base": {"_batch", "_causal", "_fit", "_learn_again"},
    "detect.saved": {"_batch", "_take_state"},  # of the detector that it makes
    "detect.matrix_profile_stream": {"_core", "_several"},  # of a new object of its own class
    "detect.plain_stream": {"_take_state"},  # likewise
    "detect.segmentation": {"_take_state"},  # likewise
    "detect.ramp": {
        "_core",
        "_feature_names",
        "_feedback",
        "_learnt",
        "_score",
        "_take_names",
        "_undo",
        "_update_many",
    },
}
# Names with an underscore that are documented: those of `collections.namedtuple`.
DOCUMENTED = {"_asdict", "_fields", "_replace"}


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in names.decode().split("\0") if name and (path := ROOT / name).exists()]


def module_name(path: Path) -> str:
    home = PACKAGE.parent if path.is_relative_to(PACKAGE) else REFERENCE.parent
    parts = path.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Every module or name that a file imports, dotted and absolute, and the function that does so ("" if at once)."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        del package[-1]
    return imports_of(path.read_text(encoding="utf-8"), package)


def imports_of(text: str, package: list[str]) -> Iterator[tuple[str, str]]:
    def visit(node: ast.AST, scope: tuple[str, ...], late: bool) -> Iterator[tuple[str, str]]:
        where = ".".join(scope) if late else ""
        if isinstance(node, ast.Import):
            yield from ((alias.name, where) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{source}.{alias.name}", where) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                yield from visit(child, scope, late)
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                scope = (*scope, node.name)
            for child in ast.iter_child_nodes(node):
                yield from visit(child, scope, late or function)

    return visit(ast.parse(text), (), False)


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
    """The checks below rest on `imports`: it must tell an import at once from a late one, and whose it is."""
    text = (
        "import a.b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import c\n"
        "try:\n    import d\nexcept ImportError:\n    from . import h\n"
        "class C:\n    def f():\n        from ..e import g\n"
    )
    assert list(imports_of(text, ["p", "q"])) == [
        ("a.b", ""),
        ("typing.TYPE_CHECKING", ""),
        ("d", ""),
        ("p.q.h", ""),
        ("p.e.g", "C.f"),
    ]
    assert inside("paranom_rs.errors.SpecError") == "paranom_rs.errors"


def arrows() -> Iterator[tuple[str, str, str]]:
    """Every import between modules of the package: (module, function or "", target), without ``paranom_rs.``."""
    for name, path in MODULES.items():
        for imported, function in imports(path):
            target = inside(imported)
            if name != "paranom_rs" and target is not None:
                yield short(name), function, short(target)


def short(module: str) -> str:
    return module.removeprefix("paranom_rs.")


ARROWS = sorted(set(arrows()))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_what_a_python_module_may_import(path: Path) -> None:
    name, found = module_name(path), list(imports(path))
    part = top(short(name))
    if part == "deep":
        assert not [i for i, _ in found if inside(i) == "paranom_rs._core"], "deep never imports _core"
    elif name != "paranom_rs.connect.torch":
        assert not [i for i, _ in found if top(i) == "torch"], "torch is imported only in deep, and to feed it"
    if part not in OPTIONAL:
        early = [i for i, function in found if not function and top(i) in HEAVY]
        assert not early, f"import {early} inside the function that needs it"


def test_python_parts_depend_on_lower_ones_only() -> None:
    """Late imports count, too."""
    upwards = {
        (module, function, target)
        for module, function, target in ARROWS
        if top(module) != top(target) and LAYER[top(target)] >= LAYER[top(module)]
    }
    within = {arrow for arrow in UPWARDS if top(arrow[0]) == top(arrow[2])}
    assert upwards == UPWARDS - within


def test_python_modules_do_not_import_each_other_in_a_circle() -> None:
    """Late imports count, too, but for those of `UPWARDS`."""
    graph: dict[str, set[str]] = {short(name): set() for name in MODULES}
    for module, function, target in ARROWS:
        if (module, function, target) not in UPWARDS and module != target:
            graph[module].add(target)
    assert set(ARROWS) >= UPWARDS, "take what is no longer there off the list"
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for target in graph.get(name, set()):
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_nothing_reaches_into_the_private_names_of_another_object(path: Path) -> None:
    def is_own(node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id == "super"
        return isinstance(node, ast.Name) and node.id in ("self", "cls")

    reached = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and re.match(r"_(?!_)", node.attr) and not is_own(node.value)
        if node.attr not in DOCUMENTED and node.attr not in PRIVATE.get(short(module_name(path)), set())
    ]
    assert not reached


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


def test_two_files_of_the_binding_hold_all_their_unsafe() -> None:
    unsafe = re.compile(r"^[^/\"]*\bunsafe\b", re.MULTILINE)
    with_unsafe = [path.name for path in BINDING.rglob("*.rs") if unsafe.search(path.read_text("utf-8"))]
    # What Python owns, and the allocator.
    assert set(with_unsafe) <= {"foreign.rs", "memory.rs"}, with_unsafe


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
