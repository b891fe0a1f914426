"""``paranom generate``: rows of a spec into a file."""

from __future__ import annotations

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from paranom_rs.cli.options import add_rows, add_spec, read_generator, say

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("generate", help="write rows of a spec into a file")
    add_spec(command)
    add_rows(command, None)
    command.add_argument("--out", type=Path, required=True, help="the suffix says the format")
    command.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the rows."""
    generator = read_generator(options.spec, import_functions=options.import_functions)
    began = time.perf_counter()
    generator.write(
        options.out,
        options.rows,
        start=options.start,
        overwrite=options.overwrite,
        # A bar is for people who watch.
        progress=sys.stderr.isatty() and find_spec("tqdm") is not None,
    )
    seconds = max(time.perf_counter() - began, 1e-9)
    say(f"wrote {options.out}: {options.rows:,} rows in {seconds:.1f} s, {options.rows / seconds / 1e6:.1f} M rows/s")
    return 0
