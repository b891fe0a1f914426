"""``paranom detect``: scores and alarms for a file, or for a live feed on standard input."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO, get_args

import numpy as np

from paranom_rs._internal.atomic import whole_file
from paranom_rs.cli.options import count, say
from paranom_rs.detect.ramp import RAMP, Refresh, Scale
from paranom_rs.errors import SpecError
from paranom_rs.files.read import Batch, Records, open_records

__all__ = ["add"]

#: Of a new detector; one that goes on from a file has its own.
_DEFAULTS: dict[str, Any] = {"window": 5, "reference": 60, "scale": "std", "refresh": "never"}
_DESCRIPTION = """Give a sample per row to RAMP, and print a row for each: its number, its t if it has one, score,
is_anomaly, alarm, and the channel with the largest contribution. Rows of a file are scored in batches, those of
standard input one at a time as they come."""


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("detect", help="score a file or a live feed")
    detectors = command.add_subparsers(dest="detector", required=True, metavar="detector")
    ramp = detectors.add_parser("ramp", help="real-time detection in several channels", description=_DESCRIPTION)
    ramp.add_argument("file", help=".csv or .parquet, or - for CSV on standard input; the first line names the columns")
    ramp.add_argument("--columns", type=lambda text: text.split(","), help="the channels: a,b,c (default: the numbers)")
    ramp.add_argument("--process", metavar="COLUMN", help="the column that says which process a row belongs to")
    ramp.add_argument("--window", type=count, help="samples that are compared at once (default: 5)")
    ramp.add_argument("--reference", type=count, help="samples that are remembered (default: 60)")
    how = ramp.add_mutually_exclusive_group()
    how.add_argument("--threshold", type=float, help="scores above it are anomalies (default: 1.0)")
    how.add_argument("--quantile", type=float, help="of the scores of the --calibrate rows: that is the threshold")
    ramp.add_argument("--calibrate", type=count, default=1000, help="the first rows are ordinary (default: 1000)")
    ramp.add_argument("--scale", choices=get_args(Scale), help="default: std")
    ramp.add_argument("--refresh", choices=get_args(Refresh), help="default: never")
    ramp.add_argument("--state", type=Path, help="go on from this file if it is there, and save the detector into it")
    ramp.add_argument("--alarms", action="store_true", help="print only the rows with an alarm")
    ramp.add_argument("--out", type=Path, help="a .csv file (default: standard output)")
    ramp.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score the rows."""
    live = options.file == "-"
    with open_records(options.file, options.columns, options.process, rows_at_once=1 if live else 4096) as source:
        batches, ramp = _detector(options, source)
        say(f"channels: {', '.join(source.channels)}; threshold {ramp.threshold:.6g}")
        try:
            with _output(options.out) as file:
                _score(ramp, source, _in_order(ramp, source, batches), file, only_alarms=options.alarms, live=live)
        except BaseException:
            # A feed ends by Ctrl-C as often as by its end, and what was printed is out: the state goes with it.
            if options.out is None and options.state is not None:
                ramp.save(options.state)
            raise
        if options.state is not None:
            ramp.save(options.state)
    return 0


def _score(
    ramp: RAMP, source: Records, batches: Iterator[Batch], file: TextIO, *, only_alarms: bool, live: bool
) -> None:
    channels = list(ramp.feature_names_in_)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["row", *(["t"] if source.has_t else []), "score", "is_anomaly", "alarm", "channel"])
    for batch in batches:
        found = ramp.score(batch.X) if source.process is None else ramp.update_many(batch.X, batch.keys)
        most = found.contributions.argmax(axis=1)
        for i in range(len(found)):
            if only_alarms and not found.alarm[i]:
                continue
            t = [batch.t[i]] if source.has_t else []
            score = repr(float(found.score[i])) if found.time[i] >= 0 else ""
            flags = [int(found.is_anomaly[i]), int(found.alarm[i])]
            channel = channels[most[i]] if found.is_anomaly[i] else ""
            writer.writerow([batch.first + i, *t, score, *flags, channel])
        if live:
            file.flush()


def _detector(options: argparse.Namespace, source: Records) -> tuple[Iterator[Batch], RAMP]:
    """Return the detector, and the batches it has to score: those it was calibrated with come first, too."""
    batches = iter(source)
    given = {name: getattr(options, name) for name in _DEFAULTS}
    settings = {name: value for name, value in given.items() if value is not None}
    if options.state is not None and options.state.exists():
        ramp = RAMP.load(options.state)
        names = list(getattr(ramp, "feature_names_in_", source.channels))
        if sorted(names) != sorted(source.channels):
            raise SpecError("state", f"must be of the channels {', '.join(source.channels)}", ", ".join(names))
        if ramp.n_features != len(source.channels):
            raise SpecError("state", f"must be of a detector of {len(source.channels)} channels", str(ramp.n_features))
        for name, given in settings.items():
            if given != ramp.settings[name]:
                raise SpecError(name, f"must be {ramp.settings[name]!r}, as in {options.state}", repr(given))
        if options.quantile is not None:
            raise SpecError("quantile", f"must not be given: {options.state} has a threshold; --threshold sets another")
        if options.threshold is not None:
            ramp.threshold = options.threshold
        ramp.name_features(names)
        return batches, ramp
    threshold = 1.0 if options.threshold is None else options.threshold
    ramp = RAMP(len(source.channels), threshold=threshold, **_DEFAULTS | settings)
    ramp.name_features(source.channels)
    if options.quantile is None:
        return batches, ramp
    ahead = []
    for batch in batches:
        ahead.append(batch)
        if batch.first + len(batch.X) >= options.calibrate:
            break
    X = np.concatenate([batch.X for batch in ahead]) if ahead else np.empty((0, len(source.channels)))
    ramp.calibrate(X[: options.calibrate], quantile=options.quantile)
    return chain(ahead, batches), ramp


def _in_order(ramp: RAMP, source: Records, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Give the batches with their channels in the detector's order."""
    order = [list(source.channels).index(name) for name in ramp.feature_names_in_]
    for batch in batches:
        yield batch._replace(X=batch.X[:, order])


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    if path.suffix != ".csv":
        raise SpecError("out", "must end in .csv", repr(str(path)))
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        yield file
