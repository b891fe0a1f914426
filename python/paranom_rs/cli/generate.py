"""``paranom generate``: rows of a spec into a file."""

from __future__ import annotations

import argparse
import time
from typing import Any

from paranom_rs.cli.options import add_rows, add_spec, count, read_generator, say, wants_progress

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("generate", help="write rows of a spec into a file")
    add_spec(command)
    add_rows(command, None)
    command.add_argument(
        "--out",
        dest="path",
        metavar="OUT",
        required=True,
        help=".parquet, .arrow, .csv or .jsonl (the last two also with .gz or .zst), or a URL; with parts a folder",
    )
    command.add_argument("--shards", type=count, help="write so many part files; a run that was stopped goes on")
    command.add_argument(
        "--part-rows", type=count, metavar="ROWS", help="part files of so many rows, which may grow later"
    )
    command.add_argument(
        "--partition-by", choices=["year", "month", "day", "hour"], help="a folder for each, as Hive names them"
    )
    command.add_argument("--part", type=count, help="of the parts, this one alone: for jobs on several machines")
    command.add_argument("--clean", action="store_true", help="leave the anomalies out")
    command.add_argument("--event-names", action="store_true", help="add a column with the name of each row's event")
    command.add_argument("--labels", action="store_true", help="add the labels of each variable")
    command.add_argument("--events", action="store_true", help="write a table of the events, too")
    command.add_argument("--compression", choices=["zstd"], help="for Parquet (noise does not compress)")
    command.add_argument("--dtype", choices=["float64", "float32"], default="float64", help="default: float64")
    command.add_argument("--threads", type=count, help="default: one per processor")
    command.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the rows."""
    generator = read_generator(options.spec, import_functions=options.import_functions)
    began = time.perf_counter()
    generator.write(
        options.path,
        options.rows,
        start=options.start,
        clean=options.clean,
        event_names=options.event_names,
        labels=options.labels,
        events=options.events,
        shards=options.shards,
        part_rows=options.part_rows,
        partition_by=options.partition_by,
        part=options.part,
        compression=options.compression,
        dtype=options.dtype,
        threads=options.threads,
        overwrite=options.overwrite,
        progress=wants_progress(),
    )
    seconds = max(time.perf_counter() - began, 1e-9)
    if options.shards is None and options.part_rows is None and options.partition_by is None:
        rate = options.rows / seconds / 1e6
        say(f"wrote {options.path}: {options.rows:,} rows in {seconds:.1f} s, {rate:.1f} M rows/s")
    else:
        # Parts that were there cost nothing: a rate would mean nothing.
        say(f"wrote {options.path} in {seconds:.1f} s")
    return 0
