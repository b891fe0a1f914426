"""``paranom detect``: scores and alarms for a file, or for a live feed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import numpy as np

from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.cli.engine import Engine
from paranom_rs.cli.engines import NAMES, load_engine, make_engine
from paranom_rs.cli.options import count, say
from paranom_rs.cli.score_rows import Alarms, Writer, lines_to, rows_of, written_to
from paranom_rs.cli.table_options import add_table_options, opened, wanted
from paranom_rs.cli.verdicts import Verdicts
from paranom_rs.detect.ramp import Refresh, Scale
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.metrics import evaluate
from paranom_rs.files.parts import ROWS, Table
from paranom_rs.files.tables import joined, open_table

__all__ = ["add"]

#: Rows that a new detector is calibrated on by default; half of a shorter file.
CALIBRATE, CALIBRATE_LIVE = 5000, 1000
#: Half of a file is learnt from only if that is so many rows.
FEWEST = 200
_PICTURES = (".png", ".svg", ".pdf", ".html")
_DESCRIPTION = """Learn what is ordinary from the first rows, and print the alarms in all of them, a line for each: its
first and last row and time, its highest score, and the channels to blame. Time, channels and the threshold are found
out, and said. A live feed (-, or --follow) is answered line by line."""


def _first_rows(text: str) -> int | Path:
    """Read a number of rows, or the path of a file of ordinary rows."""
    try:
        return count(text)
    except argparse.ArgumentTypeError:
        return Path(text)


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("detect", help="find anomalies in a file or a live feed", description=_DESCRIPTION)
    command.add_argument("file", help=".csv (.gz), .parquet, .arrow, a folder of them, or - for CSV on standard input")
    command.add_argument("--detector", choices=NAMES, default="auto", help="default: auto, which is ramp")
    command.add_argument(
        "--columns", type=lambda text: text.split(","), help="the channels: a,b,c (default: the numbers)"
    )
    command.add_argument("--process", metavar="COLUMN", help="the column that says which process a row belongs to")
    command.add_argument(
        "--calibrate",
        type=_first_rows,
        metavar="ROWS|FILE",
        help=f"the first rows that are ordinary, or a file of them (default: {CALIBRATE}, or half a shorter file)",
    )
    add_table_options(command)
    shown = command.add_argument_group("what is written")
    what = shown.add_mutually_exclusive_group()
    what.add_argument("--rows", action="store_true", help="print a line for each row (default for a live feed)")
    what.add_argument("--alarms", action="store_true", help="print alarms only (default for a file)")
    shown.add_argument("--format", choices=["csv", "jsonl"], default="csv", help="of what is printed (default: csv)")
    shown.add_argument("--out", type=Path, help="write each row to this .csv, .jsonl or .parquet file")
    shown.add_argument("--plot", type=Path, help="draw series, score and alarms: .png, .svg, .pdf, or .html to zoom in")
    shown.add_argument("--follow", action="store_true", help="go on with the lines that are added to the CSV file")
    shown.add_argument("--state", type=Path, help="go on from this file if it is there, and save the detector into it")
    setting = command.add_argument_group("settings (chosen from the first rows)")
    setting.add_argument("--window", type=count, help="rows that are compared at once")
    setting.add_argument("--reference", type=count, help="of ramp: rows that are remembered")
    how = setting.add_mutually_exclusive_group()
    how.add_argument("--threshold", type=float, help="scores above it are anomalies")
    how.add_argument("--quantile", type=float, help="of ramp: of the scores of ordinary rows, that is the threshold")
    setting.add_argument("--scale", choices=get_args(Scale), help="of ramp: the unit of a channel")
    setting.add_argument("--refresh", choices=get_args(Refresh), help="of ramp: whether the reference moves on")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Score the rows."""
    if options.plot is not None and options.plot.suffix not in _PICTURES:
        raise SpecError("plot", f"must end in {', '.join(_PICTURES)}", repr(str(options.plot)))
    live = options.file == "-" or options.follow
    with ExitStack() as stack:
        table = stack.enter_context(opened(options.file, options, follow=options.follow))
        out = None if options.out is None else stack.enter_context(written_to(options.out))
        for note in table.notes:
            say(note)
        session = _Session(options, table, out, live=live)
        try:
            session.score(table.frames(1 if live else ROWS))
        except BaseException:
            # A feed ends by Ctrl-C as often as by its end, and what was printed is out: the state goes with it.
            if options.out is None:
                session.save()
            raise
        session.save()
        session.end()
    return 0


def _held(values: Floats) -> Floats:
    """Return the values that are there; one 0 if there is none."""
    held = values[np.isfinite(values)]
    return held if len(held) else np.zeros(1)


class _Session:
    """One run: the detector once it is there, and where its answers go."""

    def __init__(self, options: argparse.Namespace, table: Table, out: Writer | None, *, live: bool) -> None:
        self.options, self.table, self.live = options, table, live
        # No detector goes on with what follows; and the rows behind a row are its own process's.
        self.finished = not live and options.state is None and options.process is None
        self.out = out
        self.lines = lines_to(sys.stdout, options.format)
        self.engine: Engine | None = None
        self.alarms = Alarms([])
        self.done = 0
        self.learnt = 0
        self.kept: list[tuple[Frame, Verdicts]] = []

    def score(self, frames: Iterator[Frame]) -> None:
        """Score all rows."""
        options = self.options
        if options.state is not None and options.state.exists():
            self._use(load_engine(options.state, options, self.table.channels, self.table.name))
        elif options.threshold is not None and options.detector in ("auto", "ramp"):
            self._use(make_engine(options, None, self.table.channels, finished=self.finished))
        elif isinstance(options.calibrate, Path):
            with open_table(options.calibrate, replace(wanted(options), label=None), order="keep") as ordinary:
                self._calibrate(joined(list(ordinary.frames()), ordinary))
        elif self.live:
            self._learn_live(frames, options.calibrate or CALIBRATE_LIVE)
        else:
            frames = self._learn_first(frames, options.calibrate)
        if self.engine is not None:
            for frame, found in self.engine.answers(frames):
                self._answer(frame, found)

    def _learn_first(self, frames: Iterator[Frame], rows: int | None) -> Iterator[Frame]:
        """Calibrate on the first rows of a file; return all of them again."""
        ahead, seen = [], 0
        for frame in frames:
            ahead.append(frame)
            seen += len(frame)
            if seen >= (rows or 2 * CALIBRATE):
                break
        # Of a short file, all rows.
        self.learnt = rows or min(CALIBRATE, seen // 2 if seen >= 2 * FEWEST else seen)
        self._calibrate(joined(ahead, self.table)[: self.learnt])
        return chain(ahead, frames)

    def _learn_live(self, frames: Iterator[Frame], rows: int) -> None:
        """Calibrate on the first rows of a feed, which are answered without a score."""
        say(f"the first {rows} rows are learnt from, and have no score")
        seen: list[Frame] = []
        for frame in frames:
            seen.append(frame)
            nothing = np.zeros(len(frame), bool)
            score = np.full(len(frame), np.nan)
            self._answer(frame, Verdicts(score, nothing, nothing, np.zeros((len(frame), len(self.table.channels)))))
            self.learnt += len(frame)
            if self.learnt >= rows:
                break
        else:
            return
        learnt = joined(seen, self.table)
        self._calibrate(learnt)
        assert self.engine is not None
        self.engine.score(learnt)

    def _calibrate(self, rows: Frame) -> None:
        """Make a detector of the channels that hold values in these rows."""
        names = rows.names or []
        lacking = [name for name in self.table.channels if name not in names]
        if lacking:
            raise SpecError("calibrate", f"must have the channels of {self.table.name}", f"none called {lacking[0]}")
        held = {name: bool(np.isfinite(rows.values[:, names.index(name)]).any()) for name in self.table.channels}
        channels = [name for name in self.table.channels if held[name] or not len(rows)]
        if len(channels) < len(held):
            say(f"left out: {', '.join(name for name in held if not held[name])} (no value in the first rows)")
        if not channels:
            raise SpecError(self.table.name, "must have a channel with values in the first rows", "none")
        constant = [name for name in channels if np.ptp(_held(rows.values[:, names.index(name)])) == 0]
        if constant and len(rows) > 1:
            say(f"constant in the first rows: {', '.join(constant)} (any change of them counts)")
        self._use(make_engine(self.options, rows, channels, finished=self.finished))

    def _use(self, engine: Engine) -> None:
        self.engine = engine
        self.alarms = Alarms(engine.channels)
        say(f"channels: {', '.join(engine.channels)}")
        learnt = f", from {self.learnt} rows" if self.learnt else ""
        say(f"detector: {engine.describe()}; threshold {engine.threshold:.6g}{learnt}")

    def _answer(self, frame: Frame, found: Verdicts) -> None:
        """Write what was found in the next rows."""
        options = self.options
        channels = self.engine.channels if self.engine is not None else self.table.channels
        ended = self.alarms.add(frame, found, self.done) if self.engine is not None else []
        by_row = options.rows or self.live
        if by_row or self.out is not None:
            rows = rows_of(frame, found, channels, self.done)
            if self.out is not None:
                self.out.write(rows)
            if by_row:
                self.lines.write([row for row in rows if row["alarm"]] if options.alarms else rows)
        if not by_row:
            self.lines.write(ended)
        if self.live:
            sys.stdout.flush()
        if options.plot is not None or options.label is not None:
            self.kept.append((frame, found))
        self.done += len(frame)

    def save(self) -> None:
        """Save the detector, where that was asked for."""
        if self.options.state is not None and self.engine is not None:
            self.engine.save(self.options.state)

    def end(self) -> None:
        """Finish: the last alarm, the figures, the picture."""
        options = self.options
        if self.engine is None:
            return
        ended = self.alarms.end()
        if not (options.rows or self.live):
            self.lines.write(ended)
        share = self.alarms.rows / self.done if self.done else 0.0
        say(f"{self.done:,} rows: {self.alarms.count:,} alarms, {share:.2%} of the rows")
        if share > 0.2:
            say("more than a fifth of the rows: another detector, --calibrate or --refresh may suit these data better")
        if not self.kept:
            return
        frame = joined([frame for frame, _ in self.kept], self.table)
        found = Verdicts(*(np.concatenate(parts) for parts in zip(*(found for _, found in self.kept), strict=True)))
        if options.label is not None:
            self._evaluate(frame, found)
        if options.plot is not None:
            self._plot(frame, found)

    def _evaluate(self, frame: Frame, found: Verdicts) -> None:
        """Say how good the alarms are, in rows that nothing was learnt from."""
        assert frame.labels is not None
        rows = np.flatnonzero(~np.isnan(found.score))
        rows = rows[rows >= self.learnt]
        y = frame.labels[rows]
        if y.all() or not y.any():
            say(f"label: {self.options.label} has one class only in the {len(rows)} rows behind the first")
            return
        say(f"label: {self.options.label}, in {len(rows)} rows behind those that were learnt from")
        say(str(evaluate(y, scores=found.score[rows], y_pred=found.is_anomaly[rows])))

    def _plot(self, frame: Frame, found: Verdicts) -> None:
        assert self.engine is not None
        path, threshold = self.options.plot, self.engine.threshold
        with whole_file(path) as temporary:
            if path.suffix == ".html":
                from paranom_rs.plotting.alarms_html import alarms_page

                page = alarms_page(frame, found.score, threshold, found.alarm, title=Path(self.table.name).name)
                temporary.write_text(page, encoding="utf-8")
            else:
                from paranom_rs.plotting.alarms import plot_alarms

                figure = plot_alarms(frame, found.score, threshold, found.alarm, title=Path(self.table.name).name)
                figure.savefig(temporary, dpi=110, format=path.suffix[1:])
        say(f"wrote {path}")
