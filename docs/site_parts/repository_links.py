"""Links that lead out of docs/ become links to the repository, and those of included files into docs/ to pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/paranom/paranom_rs"
#: Files outside docs/ that are pages of the site.
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?P<rest>#[^)\s]*)?(?=\))")


def repository_url(path: Path) -> str:
    """Where the repository shows a file or a folder."""
    shown = path.relative_to(ROOT).as_posix()
    return f"{REPOSITORY}/{'tree' if path.is_dir() else 'blob'}/main/{shown}"


def rewrite(text: str, folder: Path, docs: Path) -> str:
    """The text of a page, with the links that lead out of docs/ made absolute.

    Parameters
    ----------
    text
        Markdown.
    folder
        Where the links of the text begin.
    docs
        The folder of the pages.
    """

    def link(found: re.Match[str]) -> str:
        target = (folder / found["path"]).resolve()
        rest = found["rest"] or ""
        if target.is_relative_to(docs) and target.name != "README.md":
            inside = target.relative_to(docs).as_posix()
            return found[0] if folder.is_relative_to(docs) else f"/{inside}{rest}"
        if target.parent == ROOT and target.name in PAGES:
            return f"/{PAGES[target.name]}{rest}"
        if target in (ROOT / "README.md", docs / "README.md"):
            return "/index.md"
        return repository_url(target) + rest if target.exists() and target.is_relative_to(ROOT) else found[0]

    return LINK.sub(link, text)


def on_source_read(app: Any, page: str, source: list[str]) -> None:
    """Rewrite a page."""
    docs = Path(app.srcdir)
    source[0] = rewrite(source[0], (docs / page).parent, docs)


def on_include_read(app: Any, path: Path, page: str, source: list[str]) -> None:
    """Rewrite an included file."""
    source[0] = rewrite(source[0], (Path(app.srcdir) / path).resolve().parent, Path(app.srcdir))


def setup(app: Any) -> dict[str, Any]:
    """Connect with Sphinx."""
    app.connect("source-read", on_source_read)
    app.connect("include-read", on_include_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
