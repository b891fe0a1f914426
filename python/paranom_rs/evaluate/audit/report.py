"""What an audit found: figures, text, a page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import html
from paranom_rs._internal.atomic import write_text
from paranom_rs._internal.checks import file_path
from paranom_rs._internal.json_text import finite_json
from paranom_rs.evaluate.audit.statistics import Association


@dataclass(frozen=True)
class Audit:
    """What an audit found. Print it to read it.

    Attributes
    ----------
    rows, share
        Rows, and the share of anomalous ones.
    events, kinds
        Events, and how many of each name.
    lengths, gaps
        Shortest, median and longest event, in rows; the same of the normal rows between events.
    position_bias, position_p
        Kolmogorov-Smirnov distance of the events' positions from an even spread, and its p-value.
    last_tenth
        Share of the events in the last tenth of the rows.
    changed_unlabelled
        Rows where a variable differs from its clean copy without a label of its own: must be 0.
    labelled_unchanged
        Labelled rows that equal the clean copy (a transform that did nothing, a value drawn twice).
    one_liners
        Share of the events that each one-liner finds.
    triviality, found_by_any
        Share that the best one-liner finds, and that any of them does.
    triviality_of, triviality_in
        Share that any of them finds, by name of event and by variable.
    left_out, decoys
        Events that were left out, for a one-liner found every draw; and decoys.
    decoy_alarms, decoys_alarmed_on
        Share of the decoys that each one-liner finds, and that any does: these are false alarms.
    effect
        Median severity in each variable. Severity is the largest change in an event, in units of the noise around it.
    events_below_noise
        Events with a severity below 1 in every variable they touch.
    events_undetectable
        Events whose changes add up to less than 3 noise levels (root of the sum of squares).
    associations
        For each pair of kind, length, severity and position: Cramer's V with a kind, else Spearman's rho; and p-values.
    duplicate_normal, duplicate_anomalous
        Rows whose values equal those of an earlier row of their class (of the first 4,194,304).
    duplicate_events, near_duplicate_events
        Events that equal another one in every value, and that nearly do (0.1 noise levels between their shapes).
    drift
        For each variable, the Kolmogorov-Smirnov distance between the clean values of the first and the last third.
    missing
        Missing values, of all rows.
    table
        For each event: start, stop, kind, position, severity, energy, found (by any one-liner), and the severity in
        each variable.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic
    >>> gen = Generator({"x": Stochastic(Normal())}, anomalies=Anomaly(events=[(500, 510)], values={"x": Shift(9.0)}))
    >>> audit = gen.generate(1_000).audit()
    >>> audit.triviality_of
    {'anomaly': 1.0}
    """

    rows: int
    share: float
    events: int
    kinds: dict[str, int]
    lengths: tuple[float, float, float]
    gaps: tuple[float, float, float]
    position_bias: float
    position_p: float
    last_tenth: float
    changed_unlabelled: int
    labelled_unchanged: int
    one_liners: dict[str, float] = field(default_factory=dict)
    triviality: float = 0.0
    found_by_any: float = 0.0
    triviality_of: dict[str, float] = field(default_factory=dict)
    triviality_in: dict[str, float] = field(default_factory=dict)
    left_out: int = 0
    decoys: int = 0
    decoy_alarms: dict[str, float] = field(default_factory=dict)
    decoys_alarmed_on: float = 0.0
    effect: dict[str, float] = field(default_factory=dict)
    events_below_noise: int = 0
    events_undetectable: int = 0
    associations: dict[str, Association] = field(default_factory=dict)
    duplicate_normal: int = 0
    duplicate_anomalous: int = 0
    duplicate_events: int = 0
    near_duplicate_events: int = 0
    drift: dict[str, float] = field(default_factory=dict)
    missing: int = 0
    table: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, without the table of events."""
        plain = asdict(self)
        del plain["table"]
        plain["associations"] = {pair: found._asdict() for pair, found in self.associations.items()}
        return plain

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the figures as JSON (null where there is none), and write it to ``path`` if one is given.

        The file appears whole or not at all.
        """
        text = json.dumps(finite_json(self.to_dict()), indent=2)
        if path is not None:
            write_text(file_path(path), text)
        return text

    def _repr_html_(self) -> str:
        """Return what notebooks show: the figures; what is bad ends in an arrow."""
        return html.table(f"Audit of {self.rows:,} rows", [], self.lines())

    def to_html(self, path: str | Path) -> None:
        """Write one page with figures and plots that needs no other file. Needs matplotlib.

        The file appears whole or not at all.
        """
        from paranom_rs.plotting.audit_report import page

        write_text(file_path(path), page(self))

    def lines(self) -> list[tuple[str, str]]:
        """Return the figures as texts: name and value."""
        kinds = ", ".join(f"{name} {n}" for name, n in self.kinds.items()) or "none"
        spread = "even" if self.position_p > 0.01 else "NOT even"
        best = _largest(self.one_liners) or "-"
        alarms = f", which alarms on {self.decoy_alarms[best]:.1%} of the decoys" if best in self.decoy_alarms else ""
        tied = [f"{pair} {x.measure:.2f} (p = {x.p:.1g})" for pair, x in self.associations.items() if x.p < 0.01]
        return [
            ("rows", f"{self.rows:,}"),
            ("anomalous rows", f"{self.share:.3%}"),
            ("events", f"{self.events:,} ({kinds})"),
            *([("events left out", f"{self.left_out:,} (a one-liner found every draw)")] if self.left_out else []),
            *([("decoys", f"{self.decoys:,}{self._on_decoys()}")] if self.decoys else []),
            ("event lengths", _range(self.lengths)),
            ("gaps between events", _range(self.gaps)),
            (
                "positions",
                f"{spread} (distance {self.position_bias:.3f}, p = {self.position_p:.2f}); "
                f"{self.last_tenth:.0%} in the last tenth",
            ),
            ("changed, not labelled", f"{self.changed_unlabelled:,} rows" + _flag(self.changed_unlabelled)),
            ("labelled, not changed", f"{self.labelled_unchanged:,} rows"),
            ("found by the best one-liner", f"{self.triviality:.1%} of the events (largest {best}{alarms})"),
            ("found by any of them", f"{self.found_by_any:.1%}" + _each(self.triviality_of)),
            *((f"severity in {name}", f"{x:.1f} x noise (median event)") for name, x in self.effect.items()),
            ("events below the noise", f"{self.events_below_noise:,}"),
            ("events no test can tell", f"{self.events_undetectable:,}"),
            ("what goes together", ", ".join(tied) or "nothing (kind, length, severity, position)"),
            ("duplicate rows", f"{self.duplicate_normal:,} normal, {self.duplicate_anomalous:,} anomalous"),
            ("duplicate events", f"{self.duplicate_events:,}, and {self.near_duplicate_events:,} nearly"),
            ("drift of normal values", ", ".join(f"{name} {x:.2f}" for name, x in self.drift.items()) or "-"),
            ("missing values", f"{self.missing:,}"),
        ]

    def _on_decoys(self) -> str:
        worst = _largest(self.decoy_alarms)
        if worst is None:
            return ""
        return f"; one-liners alarm on {self.decoys_alarmed_on:.1%} (largest {worst}: {self.decoy_alarms[worst]:.1%})"

    def __str__(self) -> str:
        lines = self.lines()
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def _largest(shares: dict[str, float]) -> str | None:
    return max(shares, key=lambda name: shares[name]) if shares else None


def _range(numbers: tuple[float, float, float]) -> str:
    if np.isnan(numbers[1]):
        return "-"
    low, middle, high = numbers
    return f"{low:,.0f} to {high:,.0f} rows, median {middle:,.0f}"


def _flag(count: int) -> str:
    return "  <- the labels are wrong" if count else ""


def _each(shares: dict[str, float]) -> str:
    return f" ({', '.join(f'{name} {x:.0%}' for name, x in shares.items())})" if len(shares) > 1 else ""
