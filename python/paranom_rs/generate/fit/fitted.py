"""What a fit gives: a generator, and a report of how like the recording its rows are."""

from __future__ import annotations

from functools import cached_property

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.report import FitReport, compare
from paranom_rs.generate.generator import Generator

__all__ = ["Fitted"]

#: Rows that a report compares at least.
_LEAST_ROWS = 2_000


class Fitted:
    """A generator that was learnt from a recording.

    Attributes
    ----------
    generator
        Makes any number of rows like the recording. Its spec can be read, changed, and written: `Generator.to_toml`.
    method
        ``"rules"`` or ``"blocks"``.
    notes
        What could not be learnt, and what a user should know.
    states
        Of channels that held texts: the texts. Rules give the texts, blocks the numbers of their places in this list.
    recorded
        (n, d), the normal rows of the recording, NaN where missing.
    """

    def __init__(
        self,
        generator: Generator,
        recorded: Floats,
        names: list[str],
        *,
        method: str,
        notes: list[str],
        states: dict[str, list[str]],
    ) -> None:
        self.generator = generator
        self.method = method
        self.notes = notes
        self.states = states
        self.recorded = recorded
        self._names = names

    @cached_property
    def report(self) -> FitReport:
        """How like the recording the generator's rows are; computed when it is first asked for, in some seconds."""
        # Of a short recording, some times as many rows: whole rounds have its values.
        rows = len(self.recorded) * -(-_LEAST_ROWS // len(self.recorded))
        normal = Generator.from_source(self.generator.source.without_anomalies())
        made = normal.generate(rows)
        return compare(
            self.recorded, made.X, self._names, method=self.method, edges=normal.graph, notes=list(self.notes)
        )

    def __repr__(self) -> str:
        rows, channels = self.recorded.shape
        return f"<Fitted by {self.method} to {rows:,} rows of {channels} channels>"
