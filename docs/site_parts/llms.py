"""llms.txt: what the package is, and where each page is, for programs that read before they write code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes

HEAD = """\
# paranom_rs

> Labelled time-series anomalies, generated at any size and the same again tomorrow; and detectors that catch them.
> A Python package with a Rust core. All public names are imported from `paranom_rs`, unless a page says otherwise.

The pages are Markdown in the repository: replace `.html` by `.md`, and look in `docs/`.
"""


def first_sentence(env: Any, page: str) -> str:
    """The first sentence of a page; of a page about a name, that of its docstring."""
    for paragraph in env.get_doctree(page).findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if not text.startswith("from paranom_rs"):
            return re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].rstrip(".:")
    return ""


def write(app: Any, error: Exception | None) -> None:
    """Write the file beside the pages, if they were built."""
    if error is not None or app.builder.name != "html":
        return
    base, env = app.config.html_baseurl, app.env
    groups: dict[str, list[str]] = {"Pages": [], "Tutorials": [], "API reference": []}
    for page in sorted(env.found_docs):
        group = {"tutorials": "Tutorials", "reference": "API reference"}.get(page.partition("/")[0], "Pages")
        title = env.titles[page].astext()
        groups[group].append(f"- [{title}]({base}{page}.html): {first_sentence(env, page)}")
    text = HEAD + "".join(f"\n## {group}\n\n" + "\n".join(lines) + "\n" for group, lines in groups.items())
    Path(app.outdir, "llms.txt").write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Connect with Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
