"""``paranom preview``: a picture of the first rows of a spec."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from paranom_rs._internal.atomic import whole_file
from paranom_rs.cli.options import add_rows, add_spec, read_generator, say
from paranom_rs.errors import SpecError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("preview", help="draw rows of a spec, events marked")
    add_spec(command)
    add_rows(command, 5000)
    command.add_argument("--variables", type=lambda text: text.split(","), help="a,b,c (default: all)")
    command.add_argument(
        "--out", type=Path, help=".png, .svg or .pdf, or .html to zoom in (default: the spec's name with .png)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw the rows."""
    out = options.out or options.spec.with_suffix(".png")
    if out.suffix not in (".png", ".svg", ".pdf", ".html"):
        raise SpecError("out", "must end in .png, .svg, .pdf or .html", repr(str(out)))
    data = read_generator(options.spec, import_functions=options.import_functions).generate(
        options.rows, start=options.start
    )
    with whole_file(out) as temporary:
        if out.suffix == ".html":
            temporary.write_text(data.to_html(options.variables), encoding="utf-8")
        else:
            data.plot(options.variables).savefig(temporary, dpi=110)
    say(f"wrote {out}")
    return 0
