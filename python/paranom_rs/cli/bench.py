"""``paranom bench``: how good a detector is, on series that nobody has seen and on public ones."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from paranom_rs._internal.atomic import whole_file
from paranom_rs.bench import BenchResult, Limits, run_bench
from paranom_rs.bench.detectors import ours
from paranom_rs.bench.published import with_published
from paranom_rs.bench.report import as_html, as_text
from paranom_rs.bench.runner import fresh_seed
from paranom_rs.bench.series import TABLES
from paranom_rs.cli.options import count, say, wants_progress
from paranom_rs.errors import SpecError
from paranom_rs.suites import names

__all__ = ["add"]

_DESCRIPTION = """Measure detectors on the suite under a seed that is drawn now, and on public series. A detector is a
name of ours; sklearn:, pyod:, river: or aeon: and a name, or stumpy; or my_module:Detector or my_file.py:Detector,
with fit(X) and decision_function(X). Keywords go in parentheses: "NearestWindows(window=30)". Without names, all of
ours are measured that need no torch."""


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("bench", help="measure any detector on unseen and on public series")
    command.description = _DESCRIPTION
    command.add_argument("detectors", nargs="*", metavar="DETECTOR")
    command.add_argument("--seed", type=count, help="of the suite's rows (default: drawn now)")
    command.add_argument("--suite", choices=names(), default="graded-1", help="default: graded-1")
    command.add_argument("--series", type=lambda text: text.split(","), help="only these series of the suite: a,b,c")
    command.add_argument("--data", type=Path, metavar="FOLDER", help="public series: uni/*.npz, multi/*.npz")
    command.add_argument("--table", choices=TABLES, help="only this one (default: the suite, and tsb-ad with --data)")
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where results go; what was interrupted goes on (default: bench-SEED)",
    )
    command.add_argument("--jobs", type=count, help="processes at once (default: one for each core)")
    command.add_argument("--timeout", type=float, default=Limits.seconds, help="seconds for a series (default: 300)")
    command.add_argument("--memory", type=count, default=Limits.memory, help="MiB for a series (default: 4096)")
    command.add_argument("--json", action="store_true", help="print the tables as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, write ``result.json`` and ``report.html``, and print the tables."""
    if options.table == "tsb-ad" and options.data is None:
        raise SpecError("data", "must be the folder of the public series")
    if options.out is None and options.seed is None:
        options.seed = fresh_seed()
    folder = Path(f"bench-{options.seed}") if options.out is None else options.out
    result = run_bench(
        options.detectors or ours(),
        seed=options.seed,
        suite=options.suite,
        data=options.data,
        tables=None if options.table is None else [options.table],
        series=options.series,
        out=folder,
        jobs=options.jobs,
        limits=Limits(options.timeout, options.memory),
        progress=wants_progress(),
    )
    signature = result.save(folder / "result.json")
    tables = _tables(result, options.data)
    if options.json:
        print(json.dumps({"seed": result.seed, "sha256": signature, "tables": tables}))
    else:
        for title, rows in tables.items():
            print(f"{title}\n{as_text(rows)}\n")
    for failed in result.failures()[:20]:
        say(f"{failed.status}: {failed.detector} on {failed.series}: {failed.message}")
    say(f"seed {result.seed}; {folder / 'result.json'}, sha256 {signature}")
    _write_report(result, signature, options.data, folder / "report.html")
    return 0


def _tables(result: BenchResult, data: Path | None) -> dict[str, list[dict[str, Any]]]:
    found = {table: result.table(table) for table in result.tables}
    if data is not None:
        found |= {f"{table}: VUS-PR by source": rows for table, rows in with_published(result, data).items()}
    return found


def _write_report(result: BenchResult, signature: str, data: Path | None, path: Path) -> None:
    try:
        page = as_html(result, signature, data)
    except ImportError as error:
        say(f"no report: {error}")
        return
    with whole_file(path) as place:
        place.write_text(page, encoding="utf-8")
    say(f"report: {path}")
