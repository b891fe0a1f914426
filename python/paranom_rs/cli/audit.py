"""``paranom audit``: what is wrong with a dataset."""

from __future__ import annotations

import argparse
import json
from typing import Any

from paranom_rs.cli.options import add_rows, add_spec, read_generator

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("audit", help="check rows of a spec for the known flaws of benchmarks")
    add_spec(command)
    add_rows(command, 100_000)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the audit; the status is 1 if labels are wrong."""
    audit = (
        read_generator(options.spec, import_functions=options.import_functions)
        .generate(options.rows, start=options.start)
        .audit()
    )
    print(json.dumps(audit.to_dict(), indent=2) if options.json else audit)
    return int(audit.changed_unlabelled > 0)
