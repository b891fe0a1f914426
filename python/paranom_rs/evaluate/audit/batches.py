"""The rows that an audit holds at once: a batch, and around it the rows that its events need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.audit.statistics import noise
from paranom_rs.evaluate.one_line_detectors import MARGIN
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.events import Events
from paranom_rs.generate.row_source import Interval, RowSource
from paranom_rs.generate.severity import PAGE

#: Rows of a batch.
BATCH = 1 << 18
#: Rows of an event that are looked at beyond those of the batch.
LONGEST = 1 << 20


@dataclass(frozen=True)
class Schema:
    """The variables, and the kinds of events: anomalies and decoys.

    Attributes
    ----------
    variables, kinds
        Their names.
    touches
        Whether events of a kind touch a variable, shape (kinds, variables).
    is_recorded
        Whether a kind stands for the labels of a recording, whose clean copy has the anomalies too.
    decoys
        The positions in ``kinds`` that are decoys, sorted.
    """

    variables: list[str]
    kinds: list[str]
    touches: Flags
    is_recorded: Flags
    decoys: list[int]

    @classmethod
    def of(cls, source: RowSource) -> Self:
        """Return the schema of a source's rows."""
        variables, kinds = source.names, source.kinds
        touches = np.array([[name in touched for name in variables] for _, touched in kinds], bool)
        return cls(
            variables=variables,
            kinds=[name for name, _ in kinds],
            touches=touches.reshape(len(kinds), len(variables)),
            is_recorded=np.array([name == "recorded" for name, _ in kinds], bool),
            decoys=sorted(source.plan.decoys),
        )


class BatchEvents(NamedTuple):
    """Events, or decoys, that no earlier batch has had.

    Attributes
    ----------
    start, stop, kind
        As in `Events`.
    first, last
        Where they start and stop among the rows at hand.
    position
        The share of the audited rows that lies before them.
    is_checked
        Whether they can be compared with the clean copy: all of their rows are at hand, and no recording's labels name
        them.
    """

    start: NDArray[np.uint64]
    stop: NDArray[np.uint64]
    kind: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    position: Floats
    is_checked: Flags


@dataclass(frozen=True)
class Batch:
    """Rows that are audited, between others that are only looked at.

    Attributes
    ----------
    low
        The number of the first row.
    done
        How many rows earlier batches have audited.
    data, normal
        The rows, and the same without anomalies and decoys.
    audited
        Which of these rows are audited now.
    events, decoys
        Those that no earlier batch has had.
    """

    low: int
    done: int
    data: Dataset
    normal: Dataset
    audited: Flags
    events: BatchEvents
    decoys: BatchEvents
    _noise: dict[str, Floats] = field(default_factory=dict)

    def values(self, name: str) -> Floats:
        """Return the values of a variable."""
        return np.asarray(self.data.floats(name), np.float64)

    def clean_values(self, name: str) -> Floats:
        """Return the values of a variable without anomalies."""
        return np.asarray(self.data.clean.floats(name), np.float64)

    def normal_values(self, name: str) -> Floats:
        """Return the values of a variable without anomalies and decoys."""
        return np.asarray(self.normal.floats(name), np.float64)

    @cached_property
    def changed(self) -> dict[str, Flags]:
        """Where each variable differs from its clean copy."""
        pairs = {name: (self.values(name), self.clean_values(name)) for name in self.data.names}
        return {name: ~((x == clean) | (np.isnan(x) & np.isnan(clean))) for name, (x, clean) in pairs.items()}

    def prepare(self) -> None:
        """Make what several accumulators ask for, before they ask at the same time."""
        _ = self.data.labels, self.changed
        for name in self.data.names:
            self.noise(name)

    def noise(self, name: str) -> Floats:
        """Return the noise of a variable around the start of each event."""
        if name not in self._noise:
            self._noise[name] = noise(self.clean_values(name), self.events.first // PAGE)
        return self._noise[name]


class _Rows(NamedTuple):
    """The rows at hand, and how many of those before each one are audited: in earlier batches, in this one."""

    low: int
    high: int
    done: int
    counted: NDArray[np.int64]


class Batches:
    """Goes through rows of a source, batch by batch.

    Parameters
    ----------
    source
        What makes the rows.
    intervals
        Which rows, in row order.
    data
        These rows, where they are at hand; by default they are made.
    batch_rows
        Audited rows in a batch.
    """

    def __init__(
        self, source: RowSource, intervals: list[Interval], data: Dataset | None = None, *, batch_rows: int = BATCH
    ) -> None:
        self.source = source
        self.rows = sum(length for _, length in intervals)
        self.schema = Schema.of(source)
        self._normal = source.without_anomalies() if self.schema.decoys else None
        self._intervals = intervals
        self._data = data
        self._batch_rows = batch_rows
        # Events, and decoys, that start before these rows have been in a batch.
        self._next = {"anomalies": np.uint64(0), "decoys": np.uint64(0)}

    def __iter__(self) -> Iterator[Batch]:
        done = 0
        for intervals in self._groups():
            yield self._batch(intervals, done)
            done += sum(length for _, length in intervals)

    def _groups(self) -> Iterator[list[Interval]]:
        """Give the intervals of each batch: near each other, and not many rows."""
        if not self.source.has_independent_rows:
            yield from ([interval] for interval in self._intervals)
            return
        size = self._batch_rows
        group: list[Interval] = []
        for start, length in self._intervals:
            for first in range(start, start + length, size):
                part = (first, min(size, start + length - first))
                if group and sum(part) - group[0][0] > 2 * size:
                    yield group
                    group = []
                group.append(part)
        if group:
            yield group

    def _bounds(self, intervals: list[Interval]) -> Interval:
        """Return which rows to hold: those of the batch, whole events and what lies around them, from a page on."""
        low, high = intervals[0][0], sum(intervals[-1])
        if not self.source.has_independent_rows:
            return low, high
        plan = self.source.plan
        first, last = low, high
        for of in self._next:
            starts, stops, _, _ = plan.events(low, high - low, of=of)
            first, last = min([first, *starts[:1].tolist()]), max([last, *stops[-1:].tolist()])
        # Some events have no end.
        low = max(first, low - LONGEST)
        low -= min(low, MARGIN)
        low -= low % PAGE
        high = min(last, high + LONGEST)
        return low, min(high + MARGIN, 2**64 if plan.most_rows is None else plan.most_rows)

    def _batch(self, intervals: list[Interval], done: int) -> Batch:
        low, high = self._bounds(intervals)
        dtype = np.float64 if self._data is None else self._data.floats(self.source.names[0]).dtype
        data = _made(self.source, low, high, dtype)
        normal = data.clean if self._normal is None else _made(self._normal, low, high, dtype)
        audited = np.zeros(high - low, bool)
        at = done
        for start, length in intervals:
            here = slice(start - low, start - low + length)
            audited[here] = True
            if self._data is not None:
                for name in self.source.names:
                    data.floats(name)[here] = self._data.floats(name)[at : at + length]
                at += length
        rows = _Rows(low, high, done, np.concatenate([[0], np.cumsum(audited)]))
        return Batch(
            low=low,
            done=done,
            data=data,
            normal=normal,
            audited=audited,
            events=self._new("anomalies", data.events, rows),
            decoys=self._new("decoys", data.decoys, rows),
        )

    def _new(self, of: str, events: Events, rows: _Rows) -> BatchEvents:
        """Return the events that have audited rows, and that no earlier batch has had."""
        low, high, done, counted = rows
        first, last = places(events.start, low, high - low), places(events.stop, low, high - low)
        chosen = (counted[last] > counted[first]) & (events.start >= self._next[of])
        start, stop, kind = events.start[chosen], events.stop[chosen], events.kind[chosen]
        if len(stop):
            self._next[of] = stop[-1]
        is_whole = (start >= np.uint64(low)) & (stop <= np.uint64(min(high, 2**64 - 1)))
        first, last = first[chosen], last[chosen]
        position = (done + counted[first]) / max(self.rows, 1)
        return BatchEvents(start, stop, kind, first, last, position, is_whole & ~self.schema.is_recorded[kind])


def _made(source: RowSource, low: int, high: int, dtype: np.dtype[np.generic] | type) -> Dataset:
    return Dataset.filled(source, [(low, high - low)], source.allocate(high - low, dtype))


def places(rows: NDArray[np.uint64], low: int, length: int) -> NDArray[np.int64]:
    """Return row numbers as places among the ``length`` rows from ``low`` on."""
    at = np.maximum(rows, np.uint64(low)) - np.uint64(low)
    return np.minimum(at, np.uint64(length)).astype(np.int64)
