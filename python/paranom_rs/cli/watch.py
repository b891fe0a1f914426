"""``paranom watch``: the page where people watch a feed, and correct the detector."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, get_args

from paranom_rs.cli.options import count, read_generator, say
from paranom_rs.detect.live_settings import LIVE_SETTINGS
from paranom_rs.detect.ramp import Refresh, Scale
from paranom_rs.errors import SpecError

__all__ = ["add"]

#: Rows of a demonstration that are there at once: a threshold is learnt from them, and some alarm.
_HISTORY = 6000
_DESCRIPTION = """Score a feed with RAMP and serve a page to watch and correct it. Samples, scores, alarms and
verdicts are kept in a store; started again, it goes on where it stopped. The page is for this machine alone, unless the
environment has a token in PARANOM_WATCH_TOKEN (at least 16 characters; PARANOM_WATCH_VIEWER_TOKEN for those who may
only look)."""


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("watch", help="a page to watch a live feed, and to correct the detector",
                                  description=_DESCRIPTION)  # fmt: skip
    command.add_argument(
        "file",
        help="a .csv or .jsonl file, - for CSV on standard input, a .toml spec for a demonstration, mqtt:// or kafka://",
    )
    command.add_argument("--follow", action="store_true", help="wait for more lines at the end of the file")
    command.add_argument(
        "--columns", type=lambda text: text.split(","), help="the channels: a,b,c (default: the numbers)"
    )
    command.add_argument("--key", metavar="COLUMN", help="the column that says which process a row belongs to")
    command.add_argument("--time", metavar="COLUMN", help="the column with the time (default: t, time, timestamp)")
    command.add_argument(
        "--scored", action="store_true", help="records hold score, is_anomaly, alarm, channel of detectors on an engine"
    )
    command.add_argument("--rate", type=float, default=20.0, help="rows a second of a demonstration (default: 20)")
    command.add_argument("--store", help="a file, or postgresql://... (default: the feed's name with .watch.db)")
    window = LIVE_SETTINGS["window"]
    command.add_argument(
        "--window", type=count, default=window, help=f"samples that are compared at once (default: {window})"
    )
    command.add_argument("--reference", type=count, default=500, help="samples that are remembered (default: 500)")
    for name, choices in (("scale", get_args(Scale)), ("refresh", get_args(Refresh))):
        default = LIVE_SETTINGS[name]
        command.add_argument(f"--{name}", choices=choices, default=default, help=f"default: {default}")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--threshold", type=float, help="scores above it are anomalies (default: learnt for each process)")
    how.add_argument("--quantile", type=float, help="of the first scores: the threshold (default: 2 x that of 0.95)")
    command.add_argument("--calibrate", type=count, help="rows to learn it from (default: 1000, or 2 x the reference)")
    command.add_argument("--keep", type=count, default=100_000, help="samples kept per process (default: 100000)")
    command.add_argument("--max-keys", type=count, default=10_000, help="processes at most (default: 10000)")
    command.add_argument("--host", default="127.0.0.1", help="address of the page (default: 127.0.0.1)")
    command.add_argument("--port", type=count, default=8765, help="port of the page, 0 for a free one (default: 8765)")
    command.add_argument("--user-header", help="a header in which a reverse proxy names the person")
    command.add_argument("--webhook", help="an address that each alarm is posted to")
    command.add_argument("--alertmanager", help="the address of a Prometheus Alertmanager")
    command.add_argument("--otlp", help="the address of an OpenTelemetry collector: each alarm is a span")
    command.add_argument("--log", choices=("text", "json"), default="text", help="form of the log (default: text)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Watch until told to stop."""
    with _no_garbage():
        from paranom_rs.watch import Watch
        from paranom_rs.watch.auth import Access
        from paranom_rs.watch.logs import log_alarms, set_up
        from paranom_rs.watch.server import serve

    if options.port > 65_535:
        raise SpecError("port", "must be at most 65535", str(options.port))
    access = Access(
        token=os.environ.get("PARANOM_WATCH_TOKEN") or None,
        viewer_token=os.environ.get("PARANOM_WATCH_VIEWER_TOKEN") or None,
        user_header=options.user_header,
    )
    feed = _feed(options)
    settings = {name: getattr(options, name) for name in ("window", "reference", "scale", "refresh", "threshold")}
    settings |= {name: getattr(options, name) for name in ("calibrate", "quantile", "keep", "max_keys")}
    settings |= {"min_gap": options.window, "scored": options.scored}
    with ExitStack() as stack:
        watch = stack.enter_context(Watch(options.store or _store(options.file), feed.channels, **settings))
        set_up(options.log)
        log_alarms(watch)
        _tell_alarms(watch, options, stack)

        def ready(address: str) -> None:
            hint = "" if access.token is None else " (open it with ?token=... once)"
            say(f"channels: {', '.join(feed.channels)}\nwatch {feed.name} at {address}{hint}; Ctrl-C ends")

        serve(watch, feed, host=options.host, port=options.port, access=access, ready=ready)
    return 0


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Do not look for garbage inside ``with``: imports make many objects and none of it. A fifth of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _tell_alarms(watch: Any, options: argparse.Namespace, stack: ExitStack) -> None:
    """Tell alarms to whom the options name."""
    if options.webhook is not None or options.alertmanager is not None:
        from paranom_rs.watch.notify import Webhook

        if options.webhook is not None:
            stack.callback(Webhook(watch, options.webhook).close)
        if options.alertmanager is not None:
            stack.callback(Webhook(watch, options.alertmanager, "alertmanager").close)
    if options.otlp is not None:
        from paranom_rs.watch.spans import Spans

        stack.callback(Spans(watch, options.otlp).close)


def _store(name: str) -> Path:
    """Return where samples go by default: beside the working folder's other files."""
    if name == "-":
        return Path("stdin.watch.db")
    plain = name.partition("://")[2] if "://" in name else Path(name).name
    return Path("".join(c if c.isalnum() or c in "-_." else "_" for c in plain.rpartition("@")[2]) + ".watch.db")


def _feed(options: argparse.Namespace) -> Any:
    from paranom_rs.watch.feeds.files import CsvFile, CsvPipe, JsonFile
    from paranom_rs.watch.feeds.iterators import Plant

    name, fields = options.file, {"key": options.key, "time": options.time, "scored": options.scored}
    if name == "-":
        return CsvPipe(sys.stdin.buffer, options.columns, **fields)
    if name.startswith(("mqtt://", "mqtts://")):
        from paranom_rs.watch.feeds.mqtt import Mqtt

        if options.scored:
            raise SpecError("scored", "must not be given with mqtt://")
        return Mqtt(name, options.columns, key=options.key, time=options.time)
    if name.startswith("kafka://"):
        from paranom_rs.watch.feeds.kafka import Kafka

        return Kafka(name, options.columns, **fields)
    suffix = Path(name).suffix
    if suffix == ".toml":
        if options.scored:
            raise SpecError("scored", "must not be given with a spec")
        plant = read_generator(Path(name))
        return Plant(plant, rows_per_second=options.rate, history=_HISTORY, name=name)
    if suffix == ".csv":
        return CsvFile(name, options.columns, follow=options.follow, **fields)
    if suffix in (".jsonl", ".ndjson"):
        return JsonFile(name, options.columns, follow=options.follow, **fields)
    raise SpecError("file", "must end in .csv, .jsonl or .toml, be -, or begin with mqtt:// or kafka://", repr(name))
