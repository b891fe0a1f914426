"""The parts of the documentation site, which `.ci/run` builds. Needs the checkout, and Sphinx where it says so."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import paranom_rs

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
if not DOCS.is_dir():
    pytest.skip("needs the checkout", allow_module_level=True)


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    for name in [name for name in sys.modules if name == "api" or name.startswith("site_parts")]:
        monkeypatch.delitem(sys.modules, name)


def test_links_out_of_docs_become_links_to_the_repository() -> None:
    from site_parts.repository_links import REPOSITORY, rewrite

    text = "[a](../rust/README.md), [b](ramp.md#speed), [c](../CHANGELOG.md), [d](../tests), [e](https://a.b/c)"
    expected = (
        f"[a]({REPOSITORY}/blob/main/rust/README.md), [b](ramp.md#speed), [c](/changelog.md), "
        f"[d]({REPOSITORY}/tree/main/tests), [e](https://a.b/c)"
    )
    assert rewrite(text, DOCS, DOCS) == expected
    assert rewrite("[a](docs/ramp.md)", ROOT, DOCS) == "[a](/ramp.md)"


def test_diagrams_have_a_box_for_each_name_and_an_arrow_for_each_arrow() -> None:
    pytest.importorskip("docutils")
    from site_parts.diagrams import arrows_of, layers_of, svg

    text = "graph TD\n    a --> b\n    b --> c\n    a -.-> c"
    assert layers_of(arrows_of(text)) == [["a"], ["b"], ["c"]]
    drawn = svg(text)
    assert drawn.count("<rect") == 3
    assert drawn.count("marker-end") == 3
    assert drawn.count('class="late"') == 1
    with pytest.raises(ValueError, match="not an arrow"):
        svg("graph TD\n    a == b")


def test_every_public_name_has_a_page_of_its_own() -> None:
    pytest.importorskip("sphinx")
    from site_parts.reference import entries

    found = entries()
    assert {entry.name for entry in found} >= set(paranom_rs.__all__) - {"__version__"}
    assert len({entry.page.casefold() for entry in found}) == len(found)


def test_tutorials_say_what_the_reader_will_have() -> None:
    pages = [path for path in (DOCS / "tutorials").glob("*.md") if path.name != "index.md"]
    assert len(pages) == 7
    index = (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8")
    for page in pages:
        assert re.search(r"^# .*\n\n\*\*At the end\*\* you ", page.read_text(encoding="utf-8"), re.MULTILINE), page.name
        assert f"({page.name})" in index
        assert re.search(rf"^{page.stem}$", index, re.MULTILINE)


def test_pages_ask_nothing_of_other_sites() -> None:
    fetched = re.compile(r"!\[[^]]*\]\(https?:|<(?:script|img|link|iframe)[^>]*https?:|@import|url\(https?:")
    for page in [*DOCS.rglob("*.md"), *(DOCS / "_static").glob("*")]:
        assert not fetched.search(page.read_text(encoding="utf-8")), page.name
