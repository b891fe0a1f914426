"""A page for each public name, made of its docstring, and links to them in the tables of api.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import isdatadescriptor
from itertools import groupby
from pathlib import Path
from typing import Any

import api
from sphinx.ext.autodoc.mock import mock

FOLDER = "reference"
HEADING = re.compile(r"^### `(?P<module>[\w.]+)`$")
ENTRY = re.compile(r"^\| `(?P<name>\w+)` \|")


@dataclass(frozen=True)
class Entry:
    """A public name: its part of the package, the module it is imported from, and the page about it."""

    part: str
    module: str
    name: str
    page: str


def walk(lines: list[str]) -> Iterator[tuple[str, Entry | None]]:
    """The lines of api.md, each with the public name whose line it is.

    Names that differ by case only get a number: the files of some systems do not tell them apart.
    """
    part, module = "", "paranom_rs"
    seen: Counter[str] = Counter()
    for line in lines:
        if line.startswith("## "):
            part, module = line.removeprefix("## "), "paranom_rs"
        elif heading := HEADING.match(line):
            module = heading["module"]
        found = ENTRY.match(line)
        if found is None:
            yield line, None
            continue
        page = ".".join((*module.split(".")[1:], found["name"]))
        seen[page.casefold()] += 1
        again = f"-{seen[page.casefold()]}" if seen[page.casefold()] > 1 else ""
        yield line, Entry(part, module, found["name"], f"{page}{again}")


def entries() -> list[Entry]:
    """All public names that stand in the tables of api.md."""
    return [entry for _, entry in walk(api.page().splitlines()) if entry is not None]


def text_of(entry: Entry) -> str:
    """The page about a name."""
    thing = getattr(import_module(entry.module), entry.name)
    if isinstance(thing, type):
        directive = [f".. autoclass:: {entry.name}"]
        if members := members_of(thing):
            directive += [f"   :members: {', '.join(members)}", "   :inherited-members:"]
            others = [name for name in dir(thing) if not name.startswith("_") and name not in members]
            directive += [f"   :exclude-members: {', '.join(others)}"] if others else []
    elif callable(thing):
        directive = [f".. autofunction:: {entry.name}"]
    else:
        directive = [f".. autodata:: {entry.name}"]
    body = "\n".join([f".. currentmodule:: {entry.module}", "", *directive])
    return f"# {entry.name}\n\n`from {entry.module} import {entry.name}`\n\n```{{eval-rst}}\n{body}\n```\n"


def members_of(thing: type) -> list[str]:
    """The methods and properties of a class that this package describes, also those of its bases."""
    ours = [base for base in thing.__mro__ if base.__module__.startswith("paranom_rs")]
    found = {name: member for base in ours for name, member in vars(base).items() if not name.startswith("_")}
    return [name for name, member in found.items() if getattr(member, "__doc__", None) and _is_method(thing, name)]


def _is_method(thing: type, name: str) -> bool:
    member = getattr(thing, name, None)
    return callable(member) or isdatadescriptor(member)


def write_pages(app: Any) -> None:
    """Write the pages, and remove those of names that are gone."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    with mock(app.config.autodoc_mock_imports):
        texts = {f"{entry.page}.md": text_of(entry) for entry in entries()}
    for old in folder.iterdir():
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def link_tables(app: Any, page: str, source: list[str]) -> None:
    """Make the names in api.md links, and list the pages for the navigation."""
    if page != "api":
        return
    lines = []
    for line, entry in walk(source[0].splitlines()):
        if entry is None:
            lines.append(line)
        else:
            lines.append(line.replace(f"`{entry.name}`", f"[`{entry.name}`]({FOLDER}/{entry.page}.md)", 1))
    source[0] = "\n".join(lines) + "\n" + "".join(trees())


def trees() -> Iterator[str]:
    """The lists of pages for the navigation, one for each part."""
    for part, found in groupby(entries(), key=lambda entry: entry.part):
        pages = [f"{FOLDER}/{entry.page}" for entry in found]
        yield "\n".join(["", "```{toctree}", ":hidden:", f":caption: {part}", "", *pages, "```", ""])


def setup(app: Any) -> dict[str, Any]:
    """Connect with Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", link_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
