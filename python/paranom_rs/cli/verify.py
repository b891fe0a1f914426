"""``paranom verify``: whether a file holds the rows that its spec gives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from paranom_rs.cli.options import count, read_generator, say
from paranom_rs.errors import MismatchError
from paranom_rs.files.verify import verify

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("verify", help="make a sample of a file's rows again and compare them")
    command.add_argument("file", type=Path, help="a file or a folder of parts that paranom generate wrote")
    command.add_argument(
        "--spec",
        dest="generator",
        metavar="SPEC",
        type=Path,
        help="the TOML file, for .csv and .jsonl, which do not carry it",
    )
    command.add_argument("--start", type=count, help="the first row, where the file does not say (default: 0)")
    command.add_argument(
        "--dtype", choices=["float64", "float32"], default="float64", help="of the numbers of .csv and .jsonl"
    )
    command.add_argument("--blocks", type=count, default=16, help="how many blocks of 32768 rows (default: 16)")
    command.add_argument(
        "--import-functions", action="store_true", help="import the functions that the spec names: see generate"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare; the status is 1 if a row differs."""
    generator = options.generator and read_generator(options.generator, import_functions=options.import_functions)
    try:
        found = verify(
            options.file,
            generator,
            blocks=options.blocks,
            start=options.start,
            dtype=options.dtype,
            import_functions=options.import_functions,
        )
    except MismatchError as error:
        say(f"paranom: {error}")
        return 1
    files = "" if found.files == 1 else f" in {found.files} files"
    print(f"{options.file}: {found.rows:,} rows{files}, {found.compared:,} of them made again: the same")
    return 0
