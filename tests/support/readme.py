"""Runs what the documents show, so that they cannot drift.

``python tests/support/readme.py demo``, ``... test`` and ``... watch`` print the commands of README.md (its ``bash``
blocks, in that order). ``python tests/support/readme.py run README.md docs/*.md`` executes the ``python`` blocks of
each file in order, in one namespace and one temporary folder per file. A block not meant to run is marked ``text``.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMANDS = ["demo", "test", "watch"]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of one language: the line on which each begins, and its text."""
    text = path.read_text(encoding="utf-8")
    fences = [match for match in FENCE.finditer(text) if match[1] == language]
    return [(text.count("\n", 0, match.start(2)), match[2]) for match in fences]


def command(which: str) -> str:
    """One of README's commands."""
    found = [text for _, text in blocks(ROOT / "README.md", "bash")]
    if len(found) != len(COMMANDS):
        raise SystemExit(f"README.md: bash blocks for {', '.join(COMMANDS)}, got {len(found)}")
    return found[COMMANDS.index(which)].strip()


def run(path: Path) -> None:
    """Executes the python blocks of a file; an error names the line in that file."""
    found = blocks(path, "python")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for line, text in found:
                exec(compile("\n" * line + text, str(path), "exec"), namespace)
        finally:
            os.chdir(home)  # Windows removes no folder that someone stands in
    print(f"{path.name}: {len(found)} python blocks ran")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [which] if which in COMMANDS:
            print(command(which))
        case ["run", *files] if files:
            for name in files:
                run(Path(name).resolve())
        case _:
            raise SystemExit(__doc__)
