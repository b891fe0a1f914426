"""``paranom evaluate``: how good scores and alarms are, beside labels."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from paranom_rs.cli.options import say
from paranom_rs.cli.table_options import add_table_options, opened
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics import evaluate
from paranom_rs.files.tables import joined

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("evaluate", help="compare scores with labels: what paranom detect --out wrote")
    command.add_argument("file", help="a table with a column of scores and one of labels")
    command.add_argument(
        "--score", default="score", metavar="COLUMN", help="default: score; rows without one are left out"
    )
    command.add_argument(
        "--threshold", type=float, help="scores above it are anomalies (default: is_anomaly, if there)"
    )
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_table_options(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the figures."""
    if options.label is None:
        raise SpecError("label", "must name the column of labels")
    if options.file == "-":
        raise SpecError("file", "must be a file, which is read twice")
    options.order, options.columns = "keep", None
    with opened(options.file, options) as table:
        has_flags = "is_anomaly" in table.header and options.threshold is None
    options.columns = [options.score, *(["is_anomaly"] if has_flags else [])]
    with opened(options.file, options) as table:
        frame = joined(list(table.frames()), table)
    scored = ~np.isnan(frame.values[:, 0])
    if not scored.all():
        say(f"left out: {int((~scored).sum())} rows without a score")
    assert frame.labels is not None
    rows, y = frame.values[scored], frame.labels[scored]
    found = evaluate(y, scores=rows[:, 0], y_pred=rows[:, 1] if has_flags else None, threshold=options.threshold)
    print(json.dumps(found.to_dict()) if options.json else found)
    return 0
