"""``paranom audit``: what is wrong with a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from paranom_rs.cli.options import add_rows, add_spec, read_generator, say

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("audit", help="check rows of a spec for the known flaws of benchmarks")
    add_spec(command)
    add_rows(command, 100_000)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.add_argument("--html", type=Path, help="also write a page with plots to this file")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the audit; the status is 1 if labels are wrong."""
    generator = read_generator(options.spec, import_functions=options.import_functions)
    audit = generator.audit(options.rows, start=options.start)
    print(audit.to_json() if options.json else audit)
    if options.html is not None:
        audit.to_html(options.html)
        say(f"wrote {options.html}")
    return int(audit.changed_unlabelled > 0)
