"""What several commands share: options, and how they are shown."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.generator import Generator

__all__ = ["Parser", "add_rows", "add_spec", "count", "read_generator", "say", "wants_progress"]


class Parser(argparse.ArgumentParser):
    """A parser that keeps what its options are called: ``shown`` in the parsed options, by the argument they set."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self._shown: dict[str, str] = {}
        super().__init__(*args, **keywords)
        self.set_defaults(shown=self._shown)

    def parse_known_args(self, *args: Any, **keywords: Any) -> Any:
        """Parse; by now all options are there, those of groups too."""
        self._shown |= {a.dest: a.option_strings[-1] for a in self._actions if a.option_strings}
        return super().parse_known_args(*args, **keywords)


def count(text: str) -> int:
    """Read a number of rows: 1000000, 1_000_000 or 1e6."""
    try:
        number = float(text) if set(text) & set("eE.") else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None
    if number != number or number in (float("inf"), float("-inf")) or number != int(number) or number < 0:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 0, got {text!r}")
    return int(number)


def add_rows(command: argparse.ArgumentParser, default: int | None) -> None:
    """Add --rows and --start."""
    shown = "" if default is None else f" (default: {default})"
    command.add_argument(
        "--rows", type=count, default=default, required=default is None, help=f"how many, as 1000000 or 1e6{shown}"
    )
    command.add_argument("--start", type=count, default=0, help="the first row (default: 0)")


def add_spec(command: argparse.ArgumentParser) -> None:
    """Add the file that holds the spec."""
    command.add_argument(
        "spec", type=Path, help="a TOML file (paranom init writes one), or a generated file, for the spec in it"
    )
    command.add_argument(
        "--import-functions",
        action="store_true",
        help="import the functions that the spec names, which runs code: only for specs from people you trust",
    )


def read_generator(path: Path, *, import_functions: bool = False) -> Generator:
    """Read a spec from a TOML file, or from a generated file that carries it; errors name the file."""
    if path.suffix in (".yaml", ".yml", ".json"):
        rule = "must be a spec in TOML, or a file that carries one; Generator.from_gutentag reads those of GutenTAG"
        raise SpecError(path, rule)
    read = Generator.from_toml if path.suffix == ".toml" else Generator.from_parquet
    try:
        return read(path, import_functions=import_functions)
    except (SpecError, SpecTypeError) as error:
        if error.path == "import_functions" or error.path.startswith(str(path)):
            raise
        raise error.within(path) from None


def wants_progress() -> bool:
    """Whether to show a bar: people watch, and there is what draws it."""
    return sys.stderr.isatty() and find_spec("tqdm") is not None


def say(text: str) -> None:
    """Print what is not the command's output, where it does not get into it."""
    print(text, file=sys.stderr)
