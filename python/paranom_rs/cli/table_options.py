"""Options of commands that read a table of the user's."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from paranom_rs._internal.csv_text import csv_errors, open_csv
from paranom_rs._internal.times import UNITS
from paranom_rs.cli.follow import following
from paranom_rs.cli.options import say
from paranom_rs.errors import SpecError
from paranom_rs.files.layout import Wanted
from paranom_rs.files.order import Order
from paranom_rs.files.parts import Table
from paranom_rs.files.tables import open_lines, open_table

__all__ = ["add_table_options", "opened", "wanted"]


def add_table_options(command: argparse.ArgumentParser) -> None:
    """Add what says how a table is to be read; all of it is found out where it is not given."""
    table = command.add_argument_group("how the table is read (found out, and said)")
    table.add_argument("--time", metavar="COLUMN", help="the column of times")
    table.add_argument("--label", metavar="COLUMN", help="the column of labels: 1, true or a word but normal")
    table.add_argument("--delimiter", metavar="C", help="of CSV: a character, tab or space")
    table.add_argument("--time-unit", choices=list(UNITS), help="of times that are numbers since 1970")
    table.add_argument("--time-format", metavar="F", help="of dates that have not the year first: %%d.%%m.%%Y %%H:%%M")
    table.add_argument(
        "--order",
        choices=get_args(Order),
        default="auto",
        help="where the time goes back: refuse, sort, or keep the rows; auto keeps a few, and says so",
    )


def wanted(options: argparse.Namespace) -> Wanted:
    """Return what the options say of the columns."""
    columns = getattr(options, "columns", None)
    process = getattr(options, "process", None)
    return Wanted(options.time, columns, options.label, process, options.time_unit)


@contextmanager
def opened(file: str, options: argparse.Namespace, *, follow: bool = False) -> Iterator[Table]:
    """Open a file or a folder; "-" is standard input, and a file that grows can be followed."""
    how = {"delimiter": options.delimiter, "time_format": options.time_format, "order": options.order, "tell": say}
    live = file == "-" or follow
    if live and options.order == "sort":
        raise SpecError("order", "must not be sort for a live feed, whose next rows are not there yet")
    if file == "-":
        # Tests and other programs put texts in its place.
        raw = getattr(sys.stdin, "buffer", None)
        text = sys.stdin if raw is None else io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        with csv_errors("standard input"):
            yield open_lines(text, "standard input", wanted(options), sample=1, **how)
    elif follow:
        with open_csv(Path(file)) as text:
            yield open_lines(following(text, Path(file)), file, wanted(options), sample=1, **how)
    else:
        with open_table(file, wanted(options), **how) as table:
            yield table
