"""The report of a fit: how like the recording what the generator makes is, channel by channel and jointly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs._internal.atomic import write_text
from paranom_rs._internal.checks import Floats, file_path
from paranom_rs._internal.json_text import finite_json
from paranom_rs._internal.optional import install_line
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.likeness import (
    WINDOW,
    ChannelLikeness,
    channel_likeness,
    copied_share,
    correlation_error,
    separability,
)
from paranom_rs.generate.rule import Edge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FitReport", "compare"]

#: More rows are compared in parts, evenly spread.
_MOST_ROWS, _PARTS = 1 << 18, 64


@dataclass(frozen=True)
class FitReport:
    """How like a recording what a generator makes is. ``print`` shows it.

    Attributes
    ----------
    method
        ``"rules"`` or ``"blocks"``.
    rows
        Normal rows that were learnt from.
    separability
        How well a classifier tells 64 rows of the recording from 64 generated ones: the mean AUC of five blocked folds.
        0.5 is not at all, 1 always. Far below 0.5 is no better than 0.5: the test's rows are near-duplicates of rows
        that it was told are generated. None without scikit-learn, and for fewer than 320 rows.
    halves
        The same between the two halves of the recording: what separability would be of more of the same.
    copied
        The share of generated windows that are near-duplicates of recorded ones (within 2 % of the spread).
    copied_at_any_level
        The same where windows are compared without their means: copies that were moved up or down count, too.
    correlation
        The largest difference of two channels' correlation.
    channels
        For each channel, what differs in quantiles and autocorrelation.
    edges
        Which channel refers to which, in rules.
    notes
        What could not be learnt, and what a user should know.
    recorded, made
        The first rows of both, for the picture: (up to 2,000, d).
    """

    method: str
    rows: int
    separability: float | None
    halves: float | None
    copied: float
    copied_at_any_level: float
    correlation: float
    channels: dict[str, ChannelLikeness]
    edges: list[Edge]
    notes: list[str]
    recorded: Floats = field(repr=False, compare=False)
    made: Floats = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, without the rows of the picture."""
        plain = asdict(self)
        del plain["recorded"], plain["made"]
        plain["edges"] = [edge._asdict() for edge in self.edges]
        return plain

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the figures as JSON (null where there is none), and write it to ``path`` if one is given."""
        text = json.dumps(finite_json(self.to_dict()), indent=2, ensure_ascii=False)
        if path is not None:
            write_text(file_path(path), text)
        return text

    def to_html(self, path: str | Path) -> None:
        """Write one page with figures and pictures that needs no other file. Needs matplotlib."""
        from paranom_rs.plotting.fit_report import page

        write_text(file_path(path), page(self))

    def plot(self) -> Figure:
        """Draw the first rows of the recording above generated ones, channel by channel. Needs matplotlib."""
        from paranom_rs.plotting.fit_report import picture

        return picture(self)

    def lines(self) -> list[tuple[str, str]]:
        """Return the figures as texts: name and value."""
        worst = max(self.channels.values(), key=lambda x: x.autocorrelation)
        mean = float(np.mean([x.autocorrelation for x in self.channels.values()]))
        return [
            ("method", self.method),
            ("rows learnt from", f"{self.rows:,}"),
            ("told apart (AUC)", _auc(self.separability)),
            ("its own halves (AUC)", _auc(self.halves)),
            ("near-duplicate windows", f"{self.copied:.0%}"),
            ("the same at any level", f"{self.copied_at_any_level:.0%}"),
            ("so", self.is_new()),
            ("autocorrelation, mean error", f"{mean:.3f} (worst channel {worst.autocorrelation:.3f})"),
            ("quantiles, largest error", f"{max(x.quantiles for x in self.channels.values()):.2%} of the range"),
            ("correlations, largest error", f"{self.correlation:.3f}"),
            *([("edges", ", ".join(f"{a} -> {b} (lag {lag})" for a, b, lag in self.edges))] if self.edges else []),
            *(("note", note) for note in self.notes),
        ]

    def is_new(self) -> str:
        """Say how much of the generated rows is a copy of the recording."""
        share = max(self.copied, self.copied_at_any_level)
        if share < 0.05:
            return "nearly nothing is copied from the recording"
        what = "of the rows are copies of recorded rows"
        if self.copied < 0.5 * share:
            what = "of the rows are shapes that were recorded, at another level"
        return f"about {share:.0%} {what}: do not take them for new measurements"

    def __str__(self) -> str:
        lines = self.lines()
        width = max(len(name) for name, _ in lines)
        table = [f"{name.ljust(width)}  {value}" for name, value in lines]
        wide = max(7, *(len(name) for name in self.channels))
        table += ["", f"{'channel'.ljust(wide)}  quantiles  autocorrelation"]
        table += [
            f"{name.ljust(wide)}  {x.quantiles:9.2%}  {x.autocorrelation:15.3f}" for name, x in self.channels.items()
        ]
        return "\n".join(table)


def compare(
    recorded: Floats, made: Floats, names: list[str], *, method: str, edges: list[Edge], notes: list[str]
) -> FitReport:
    """Compare normal rows of a recording (n, d) with generated ones (m, d)."""
    rows = len(recorded)
    recorded, made = _sample(recorded), _sample(made)
    a, b = filled(recorded), filled(made)
    spread = np.nan_to_num(np.nanstd(np.where(np.isnan(recorded), a, recorded), axis=0))
    apart, halves = None, None
    if len(a) >= 5 * WINDOW and len(b) >= 5 * WINDOW and (spread > 0).any():
        try:
            moving = spread > 0
            apart = separability(a[:, moving], b[:, moving])
            middle = len(a) // 2
            halves = separability(a[:middle, moving], a[middle:, moving]) if middle >= 2 * WINDOW else None
        except ImportError:
            notes = [*notes, f"separability needs scikit-learn: {install_line('metrics')}"]
    channels = {name: channel_likeness(recorded[:, j], made[:, j]) for j, name in enumerate(names)}
    first = min(2000, len(recorded), len(made))
    return FitReport(
        method=method,
        rows=rows,
        separability=apart,
        halves=halves,
        copied=copied_share(a, b, spread),
        copied_at_any_level=copied_share(a, b, spread, at_any_level=True),
        correlation=correlation_error(recorded, made),
        channels=channels,
        edges=edges,
        notes=notes,
        recorded=recorded[:first],
        made=made[:first],
    )


def _sample(x: Floats) -> Floats:
    """Return all rows, or parts that are spread evenly over many."""
    if len(x) <= _MOST_ROWS:
        return x
    size = _MOST_ROWS // _PARTS
    starts = np.linspace(0, len(x) - size, _PARTS).astype(np.int64)
    return np.concatenate([x[start : start + size] for start in starts])


def _auc(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
