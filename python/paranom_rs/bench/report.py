"""The report of a bench: what the page and the terminal show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paranom_rs.bench.published import with_published
from paranom_rs.bench.ranking import Comparison, compare
from paranom_rs.bench.result import BenchResult
from paranom_rs.plotting.bench_report import bench_page, section, shown
from paranom_rs.plotting.critical_difference import plot_critical_difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A colour that the page replaces by its own.
_INK = "#000001"


def as_html(result: BenchResult, signature: str, data: Path | None = None) -> str:
    """Return a page with all tables and diagrams. Needs matplotlib and scipy."""
    published = {} if data is None else with_published(result, data)
    sections = []
    for table in result.tables:
        compared = comparison(result, table)
        note = "" if compared is None else sentence(compared)
        sections.append(section(_title(table), result.table(table), note, diagram(compared)))
        sections.append(section(f"VUS-PR by group: {table}", result.by_group(table)))
        if table in published:
            sections.append(section(f"VUS-PR beside published figures: {table}", published[table]))
    facts = {
        "seed": str(result.seed),
        "suite": result.suite,
        "seconds": f"{result.limits['seconds']:g}",
        "memory": f"{result.limits['memory']:g}",
        "command": command(result),
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        "signature": signature,
    }
    failures = [(x.detector, x.series, x.status, x.message) for x in result.failures()]
    return bench_page(facts, sections, failures)


def _title(table: str) -> str:
    return table[0].upper() + table[1:] if table == "suite" else f"Public series: {table}"


def comparison(result: BenchResult, table: str) -> Comparison | None:
    """Return the comparison of VUS-PR, where there are two detectors and two series."""
    figures = result.figures(table)
    return compare(result.detectors, figures) if min(figures.shape) > 1 else None


def diagram(compared: Comparison | None) -> Figure | None:
    """Return the critical-difference diagram."""
    if compared is None:
        return None
    return plot_critical_difference(compared.names, compared.mean_ranks, compared.groups, color=_INK)


def sentence(compared: Comparison) -> str:
    """Return what the diagram says, in words."""
    friedman = "" if compared.friedman != compared.friedman else f" Friedman's test: p = {compared.friedman:.2g}."
    return (
        f"Mean ranks by VUS-PR over {compared.series} series; 1 is the best. A bar joins detectors of which no pair "
        f"differs (Wilcoxon's signed-rank test, Holm's correction, 5 %).{friedman}"
    )


def command(result: BenchResult) -> str:
    """Return the command that repeats the result."""
    names = " ".join(f"'{name}'" if "(" in name else name for name in result.detectors)
    data = " --data FOLDER" if any(table != "suite" for table in result.tables) else ""
    return f"paranom bench {names} --seed {result.seed}{data}"


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of a table as aligned text."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[j]) for line in cells) for j in range(len(columns))]
    return "\n".join(
        "  ".join(
            x.ljust(w) if j == 0 or columns[j] == "from" else x.rjust(w)
            for j, (x, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)
