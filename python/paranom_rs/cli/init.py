"""``paranom init``: a commented spec to start from."""

from __future__ import annotations

import argparse
from importlib.resources import files
from pathlib import Path
from typing import Any

from paranom_rs._internal.atomic import whole_file
from paranom_rs.cli.options import say

__all__ = ["EXAMPLE", "add"]

EXAMPLE = files("paranom_rs") / "specs" / "plant.toml"


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("init", help="write a commented example spec")
    command.add_argument("path", type=Path, nargs="?", default=Path("plant.toml"), help="default: plant.toml")
    command.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the example."""
    with whole_file(options.path, overwrite=options.overwrite) as temporary:
        temporary.write_bytes(EXAMPLE.read_bytes())
    say(f"wrote {options.path}; look at it with: paranom preview {options.path}")
    return 0
