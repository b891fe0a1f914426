"""``paranom fit``: a spec that is learnt from a recording."""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

from paranom_rs.cli.options import say, wants_progress
from paranom_rs.errors import AlreadyExistsError
from paranom_rs.generate.generator import Generator

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("fit", help="learn a spec from a recording, and say how like it the rows are")
    command.add_argument("recording", type=Path, help="a CSV, Parquet or Arrow file")
    command.add_argument("--time", help="the column of times (default: the one of dates)")
    command.add_argument("--labels", help="the column of labels: anomalous rows are not learnt from")
    command.add_argument("--method", choices=("auto", "rules", "blocks"), default="auto", help="how (default: auto)")
    command.add_argument("--random-state", type=int, default=0, help="the seed (default: 0)")
    command.add_argument("--anomalies", action="store_true", help="also write a varied set of anomalies into the spec")
    command.add_argument(
        "--out", type=Path, required=True, help="the TOML file to write; recordings lie beside it as Parquet"
    )
    command.add_argument("--report", type=Path, help="also write the report to this file, .html or .json")
    command.add_argument("--overwrite", action="store_true", help="replace files that are there")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the spec, print the report."""
    for path in (options.out, options.report):
        if path is not None and path.exists() and not options.overwrite:
            raise AlreadyExistsError(path, "exists")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the report has them as notes
        fitted = Generator.fit(
            options.recording,
            labels=options.labels,
            time=options.time,
            random_state=options.random_state,
            method=options.method,
            progress=wants_progress(),
        )
    generator = fitted.generator.with_anomalies() if options.anomalies else fitted.generator
    generator.to_toml(options.out)
    say(f"wrote {options.out}")
    print(fitted.report)
    for name, texts in fitted.states.items():
        print(f"states of {name}: {json.dumps(dict(enumerate(texts)), ensure_ascii=False)}")
    if options.report is not None:
        write = fitted.report.to_json if options.report.suffix == ".json" else fitted.report.to_html
        write(options.report)
        say(f"wrote {options.report}")
    return 0
