"""Make every `pip install` line of the pages and docstrings that of paranom_rs/_internal/optional.py.

Run ``python docs/install_lines.py`` after a change there, as a release does, and after a merge. Lines that a
contributor types (``-e``, ``.venv/bin/pip``) stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from paranom_rs._internal.optional import SOURCE

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"""(?<!/)pip install (?P<quote>['"])(?:paranom_rs|\.)(?P<extras>\[[\w,-]+\])?(?P=quote)""")


def pages() -> Iterator[Path]:
    """The files that tell users what to install."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))
    yield from sorted((ROOT / "python").rglob("*.py"))
    yield ROOT / "docs" / "api.py"


def renewed(text: str) -> str:
    """The text with today's lines."""
    return LINE.sub(lambda found: f"pip install {found['quote']}{SOURCE}{found['extras'] or ''}{found['quote']}", text)


def stale() -> list[Path]:
    """The files with a line that is not today's."""
    return [path for path in pages() if (text := path.read_text(encoding="utf-8")) != renewed(text)]


if __name__ == "__main__":
    for path in stale():
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
