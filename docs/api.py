"""Write api.md: every public name and the first sentence of its docstring.

Run ``python docs/api.py`` after a change of a name or a docstring. It reads the source, and imports only the core.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from paranom_rs import _core

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent / "python" / "paranom_rs"

#: The parts: their titles, and what they need.
PARTS = {
    "generate": ("Generate", ""),
    "files": ("Files", ""),
    "detect": ("Detect", ""),
    "evaluate": ("Evaluate", 'The metrics need `pip install ".[metrics]"`.'),
    "suites": ("Suites", ""),
    "bench": ("Bench", 'The report needs `pip install ".[bench]"` ([bench](bench.md)).'),
    "watch": ("Watch", 'It needs `pip install ".[watch]"` ([watch](watch.md)).'),
    "deep": ("Deep detectors", 'They need `pip install ".[deep]"`.'),
    "connect": ("Other libraries", "Each module needs its library ([engines](engines.md))."),
    "errors": ("Errors", ""),
    "_core": ("The build", ""),
}

#: Modules whose names only the rest of their part uses.
INTERNAL = {
    f"paranom_rs.watch.{name}"
    for name in (
        "buckets",
        "detector",
        "connection",
        "detectors",
        "engine",
        "feeds.json_lines",
        "feeds.lines",
        "feeds.text_lines",
        "keys",
        "live",
        "logs",
        "metrics",
        "plan",
        "schema",
        "status",
        "store",
        "teaching",
    )
} | {
    "paranom_rs.detect.live_settings",
    "paranom_rs.detect.recurrent",
    "paranom_rs.evaluate.audit.statistics",
    *(
        f"paranom_rs.files.{name}"
        for name in (
            "arrow_table",
            "csv_table",
            "cuts",
            "event_files",
            "folders",
            "format",
            "layout",
            "manifest",
            "order",
            "parts",
            "shards",
            "tables",
            "timeeval",
            "write",
        )
    ),
}

HEAD = """\
# API reference

Every public name, with the first sentence of its docstring: `help(name)` shows the rest. Names that stand under no
module are imported from `paranom_rs`. `python docs/api.py` writes this page.
"""


class Module:
    """A module of the package, as its source has it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.part = name.removeprefix("paranom_rs").removeprefix(".").partition(".")[0]
        path = PACKAGE.parent / name.replace(".", "/")
        self.source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
        self.classes: dict[str, ast.ClassDef] = {}
        self.docstrings: dict[str, str] = {}
        self.imported: dict[str, str] = {}
        self.public: list[str] = []
        for node in ast.parse(self.source).body:
            self._read(node)

    def _read(self, node: ast.stmt) -> None:
        match node:
            case ast.ClassDef():
                self.classes[node.name] = node
                self.docstrings[node.name] = ast.get_docstring(node) or ""
            case ast.FunctionDef():
                self.docstrings[node.name] = ast.get_docstring(node) or ""
            case ast.ImportFrom(module=str(source)):
                self.imported |= {alias.asname or alias.name: source for alias in node.names}
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(elts=listed)):
                self.public = [str(name.value) for name in listed if isinstance(name, ast.Constant)]
            case ast.Assign(targets=[ast.Name(name)]):
                self.docstrings[name] = self._comment_above(node.lineno)

    def _comment_above(self, line: int) -> str:
        above = self.source.splitlines()[: line - 1]
        comment: list[str] = []
        while above and above[-1].startswith("#:"):
            comment.insert(0, above.pop().removeprefix("#:").strip())
        return "\n".join(comment)


def find(name: str, module: Module) -> Module | None:
    """The module that defines a name which a module has; None for the core."""
    while name not in module.docstrings:
        source = module.imported[name]
        if source == "paranom_rs._core" or not source.startswith("paranom_rs"):
            return None
        module = Module(source)
    return module


def cell(docstring: str | None) -> str:
    """The first sentence of a docstring, for a cell of a table."""
    paragraph = " ".join((docstring or "").strip().split("\n\n")[0].split())
    sentence = re.split(r"(?<=\.)\s+(?=[A-Z`])", paragraph, maxsplit=1)[0]
    return re.sub(r"`+", "`", sentence).replace("|", "\\|")


def lines(name: str, module: Module | None) -> Iterator[str]:
    """The lines of a table: a name, and the public methods and properties if it is a class."""
    docstring = module.docstrings[name] if module else inspect.getdoc(getattr(_core, name))
    yield f"| `{name}` | {cell(docstring)} |"
    node = module.classes.get(name) if module else None
    if node is None:
        return
    described: dict[str, str | None] = {}
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            described.setdefault(child.name, ast.get_docstring(child))
    for base in node.bases:
        core = getattr(_core, ast.unparse(base), None)
        for member in sorted(vars(core)) if core else []:
            if not member.startswith("_"):
                described.setdefault(member, inspect.getdoc(getattr(core, member)))
    yield from (f"| `{name}.{member}` | {cell(text)} |" for member, text in described.items())


def tables() -> dict[tuple[str, str], list[str]]:
    """The lines of each table, by part and by module ("" for what stands in `paranom_rs` itself)."""
    package, errors = Module("paranom_rs"), Module("paranom_rs.errors")
    package.imported |= dict.fromkeys(errors.public, errors.name)
    at_top = sorted({*package.public, *errors.public} - {"__version__"}, key=lambda name: (name.lower(), name))
    found: dict[tuple[str, str], list[str]] = {}
    for name in at_top:
        module = find(name, package)
        part = module.part if module else package.imported[name].split(".")[1]
        found.setdefault(("files" if part == "_internal" else part, ""), []).extend(lines(name, module))
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = Module(".".join(names[:-1] if names[-1] == "__init__" else names))
        if module.part in PARTS.keys() - {"generate", "errors"} and module.name not in INTERNAL:
            listed = [line for name in module.public if name not in at_top for line in lines(name, find(name, module))]
            if listed:
                found[module.part, module.name] = listed
    return found


def page() -> str:
    """The whole page."""
    found, text = tables(), [HEAD]
    for part, (title, needs) in PARTS.items():
        text += [f"## {title}", *(["", needs] if needs else []), ""]
        for (of, module), listed in found.items():
            if of == part:
                heading = [f"### `{module}`", ""] if module else []
                text += [*heading, "| name | what |", "|---|---|", *listed, ""]
    return "\n".join(text).rstrip() + "\n"


if __name__ == "__main__":
    (FOLDER / "api.md").write_text(page(), encoding="utf-8")
