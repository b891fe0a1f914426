"""The published figures of TSB-AD on the public series."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs.bench.result import BenchResult
from paranom_rs.bench.series import PARTS, home_of


def with_published(result: BenchResult, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return VUS-PR by source, our detectors and the published ones together, the best mean first, for each table.

    The published ones are read from ``published_uni_VUS-PR.csv`` and ``published_multi_VUS-PR.csv`` in the folder, on
    the series of the result; those behind the column ``ts_len`` are no detectors. Each mean is over the series of a
    source, then over sources.
    """
    found = {}
    for part, title in PARTS.items():
        table = f"tsb-ad, {title}"
        if table not in result.tables:
            continue
        groups = {run.series: run.group for run in result.of(table)}
        rows = [{**row, "from": "this run"} for row in result.by_group(table)]
        rows += published_figures(folder, part, groups)
        found[table] = sorted(rows, key=lambda row: -(row["mean"] or 0.0))
    return found


def published_figures(folder: Path, part: str, groups: dict[str, str]) -> list[dict[str, Any]]:
    """Return a row for each published detector, VUS-PR by source and over sources; none without the file.

    Parameters
    ----------
    folder
        As `paranom_rs.bench.series.of_folder` takes it.
    part
        ``"uni"`` or ``"multi"``.
    groups
        The source of each series that counts, by name.
    """
    path = home_of(folder) / f"published_{part}_VUS-PR.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    head = lines[0]
    stop = head.index("ts_len") if "ts_len" in head else len(head)
    held = {line[0].removesuffix(".csv"): line for line in lines[1:]}
    rows = []
    for j, name in enumerate(head[1:stop], 1):
        means = {
            group: float(np.mean([float(held[s][j]) for s, g in groups.items() if g == group and s in held]))
            for group in dict.fromkeys(groups[s] for s in groups if s in held)
        }
        mean = float(np.mean(list(means.values()))) if means else None
        rows.append({"detector": name, **means, "mean": mean, "from": "published"})
    return rows
