"""Build the documentation site: `python docs/build.py` writes it to out/site. Warnings are errors.

    pip install -e ".[docs]" && python docs/build.py

The tutorials are executed, the API reference is made of the docstrings, and the links between pages are checked.
``--external`` also asks the links to other sites; that needs a network.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(builder: str, out: Path) -> int:
    """Run one of Sphinx's builders; 0 is success."""
    from sphinx.cmd.build import build_main

    doctrees = out.parent / f"{out.name}-doctrees"
    options = ["--fail-on-warning", "--keep-going", "--fresh-env", "--quiet", "--doctree-dir", str(doctrees)]
    return build_main(["--builder", builder, *options, str(ROOT / "docs"), str(out)])


def main() -> int:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "site")
    parser.add_argument("--external", action="store_true", help="also check the links to other sites")
    asked = parser.parse_args()
    out = asked.out.resolve()
    status = build("html", out)
    if status == 0 and asked.external:
        status = build("linkcheck", out.parent / f"{out.name}-links")
    if status == 0:
        print(f"the site is in {out}: open {out / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
