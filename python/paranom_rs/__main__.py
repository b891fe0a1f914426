"""``python -m paranom_rs demo``: generate a dataset from a shipped spec, show it, write it."""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from paranom_rs import Generator, ParanomError


def demo(rows: int, out: Path) -> None:
    """Generate the shipped plant: print rows and audit, write the rows, draw them."""
    spec = Path(str(files("paranom_rs") / "specs" / "plant.toml"))
    generator = Generator.from_toml(spec)
    data = generator.generate(rows)
    print(generator)
    print()
    print(data.head())
    print()
    print(data.audit())
    print()
    out.mkdir(parents=True, exist_ok=True)
    for name in ("plant.parquet", "plant.csv"):
        try:
            data.write(out / name)
        except ImportError as error:
            print(f"skipped {name}: {error}")
            continue
        print(f"wrote {out / name}")
        break
    try:
        data.plot().savefig(out / "plant.png", dpi=110)
        print(f"wrote {out / 'plant.png'}")
    except ImportError as error:
        print(f"skipped plant.png: {error}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m paranom_rs", description="Labelled time-series anomalies.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("demo", help="generate the shipped example, print and audit it, write and draw it")
    command.add_argument("--rows", type=int, default=20_000, help="rows to generate (default: 20000)")
    command.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    options = parser.parse_args(arguments)
    try:
        demo(options.rows, options.out)
    except (ParanomError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
