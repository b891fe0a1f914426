"""``paranom demo``: generate the shipped example, show it, write it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from paranom_rs.cli.init import EXAMPLE
from paranom_rs.cli.options import count, read_generator

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("demo", help="generate the shipped example, print and audit it, write and draw it")
    command.add_argument("--rows", type=count, default=20_000, help="rows to generate (default: 20000)")
    command.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print rows and audit, write the rows, draw them."""
    generator = read_generator(Path(str(EXAMPLE)))
    data = generator.generate(options.rows)
    print(generator, data.head(), data.audit(), sep="\n\n", end="\n\n")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("plant.parquet", "plant.csv"):
        try:
            data.write(options.out / name, overwrite=True)
        except ImportError as error:
            print(f"skipped {name}: {error}")
            continue
        print(f"wrote {options.out / name}")
        break
    try:
        data.plot().savefig(options.out / "plant.png", dpi=110)
        print(f"wrote {options.out / 'plant.png'}")
    except ImportError as error:
        print(f"skipped plant.png: {error}")
    return 0
