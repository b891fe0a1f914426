"""What makes rows: a spec that has been read, and the core's plan of it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w
from numpy.typing import DTypeLike, NDArray

from paranom_rs import _core
from paranom_rs._internal import checks
from paranom_rs._internal.progress import Progress
from paranom_rs.errors import OutOfMemoryError, SpecError
from paranom_rs.generate.callback import find_function, load_functions
from paranom_rs.generate.column_types import ColumnType
from paranom_rs.generate.events import Change, Events
from paranom_rs.generate.recordings import map_recordings
from paranom_rs.generate.stored_recordings import Columns, StoredRecordings
from paranom_rs.generate.time_index import for_people, with_offsets

if TYPE_CHECKING:
    from paranom_rs.generate.source_table import SourceTable

__all__ = ["CLEAN", "FINGERPRINT", "SPEC", "START", "STREAM", "Interval", "RowSource"]

#: The stream of values that new specs mean. A change of any bit is a new stream; specs of old ones keep their values.
STREAM = 2
#: What Parquet and Arrow files say of themselves: the spec as TOML, what it means, and which rows they hold.
SPEC, FINGERPRINT, START = "paranom_rs.spec", "paranom_rs.fingerprint", "paranom_rs.start"
#: And that anomalies were left out of them, where they were.
CLEAN = "paranom_rs.clean"
#: Rows that follow each other: the first one, and how many there are.
Interval = tuple[int, int]


class RowSource:
    """What generators, datasets, files and audits take rows from.

    Parameters
    ----------
    spec
        The spec in plain values; a recording may name a file.
    resolved
        The same spec with the values of these recordings.
    table
        What the recordings came in, for frames that are given back; or None.

    Attributes
    ----------
    spec, resolved, table
        As given. Not to be changed.
    plan
        The core's plan of the spec.
    """

    def __init__(self, spec: dict[str, Any], resolved: dict[str, Any], table: SourceTable | None = None) -> None:
        self.spec = spec
        self.resolved = resolved
        self.table = table
        self.plan = _core.Plan(load_functions(with_offsets(resolved)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (RowSource, (self.spec, self.resolved, self.table))

    @cached_property
    def names(self) -> list[str]:
        """The names of the variables that are delivered, in column order."""
        return self.plan.names

    @cached_property
    def types(self) -> dict[str, ColumnType]:
        """The types of their columns."""
        return {name: ColumnType(*kind) for name, kind in zip(self.names, self.plan.columns, strict=True)}

    @property
    def states(self) -> dict[str, list[str]]:
        """The states of each variable that has some, those that only anomalies give at the end."""
        return {name: list(kind.states) for name, kind in self.types.items() if kind.kind == "states"}

    @cached_property
    def kinds(self) -> list[tuple[str, list[str]]]:
        """The anomalies and decoys: their names, and the variables they touch."""
        names = self.plan.all_names
        return [(name, [names[i] for i in touched]) for name, touched in self.plan.kinds]

    @property
    def has_independent_rows(self) -> bool:
        """Whether rows can be asked for at will: no function of the user's is called, and no row must be unique."""
        variables = self.spec["variables"].values()
        return "uniqueness" not in self.spec and not any(x.get("kind") == "callback" for x in variables)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the spec means: equal for specs that give the same data under the same names."""
        digest = hashlib.sha256(self.plan.canonical.encode())
        for series in self.plan.series:
            digest.update(series.astype("<f8", copy=False).tobytes())
        return digest.hexdigest()

    def without_anomalies(self) -> RowSource:
        """Return a source of the same rows without anomalies and decoys."""
        spec, resolved = (
            {key: value for key, value in x.items() if key != "anomalies"} for x in (self.spec, self.resolved)
        )
        return RowSource(spec, resolved, self.table)

    def check_rows(self, start: int, rows: int) -> None:
        """Raise SpecError for rows that are not there: beyond a recording's end, or the last timestamp."""
        if rows:
            self.plan.check_rows(start, rows)

    def check_whole(self, kind: np.dtype[Any]) -> None:
        """Raise SpecError for float32 where a variable has whole numbers: beyond 2**24, it has not all of them."""
        whole = next((name for name, column in self.types.items() if column.kind == "int64"), None)
        if whole is not None and kind != np.float64:
            raise SpecError("dtype", f"must be float64, since {whole!r} has whole numbers", str(kind))

    def allocate(self, rows: int, dtype: DTypeLike) -> dict[str, NDArray[Any]]:
        """Return arrays to fill, one for each variable.

        Raises
        ------
        SpecError, SpecTypeError
            For another dtype than float64 and float32.
        OutOfMemoryError
            For a size that cannot be had.
        """
        kind = checks.float_dtype(dtype)
        self.check_whole(kind)
        try:
            # One block, a row of it for each variable: columns are contiguous, and X is its transpose.
            block = np.empty((len(self.names), rows), dtype=kind)
        except (MemoryError, ValueError) as error:
            size = len(self.names) * rows * kind.itemsize
            raise OutOfMemoryError(f"rows: {rows} rows need {size} bytes, which cannot be had") from error
        return dict(zip(self.names, block, strict=True))

    def fill(
        self,
        intervals: list[Interval],
        columns: dict[str, NDArray[Any]],
        *,
        clean: bool,
        threads: int | None = None,
        progress: bool = False,
        state: _core.FillState | None = None,
    ) -> tuple[NDArray[np.int8], tuple[int, int]]:
        """Fill columns with the rows of intervals.

        Parameters
        ----------
        intervals
            Which rows, in row order.
        columns
            Arrays to fill, one for each variable, of one dtype.
        clean
            Whether to leave the anomalies out.
        threads
            1 to 1024, or None.
        progress
            Whether to show a bar.
        state
            What batches that follow each other know of the rows before them.

        Returns
        -------
        labels
            1 for each anomalous row, else 0; int8.
        duplicates
            The normal and the anomalous rows that `Soft` let through with the datum of a lower row.
        """
        total = sum(length for _, length in intervals)
        threads = checks.threads(threads)
        try:
            labels = np.empty(total, dtype=np.int8)
        except MemoryError as error:
            raise OutOfMemoryError(f"rows: the labels of {total} rows need {total} bytes") from error
        arrays = [columns[name] for name in self.names]
        duplicates = (0, 0)
        with Progress(total, shown=progress) as step:
            if total:
                duplicates = self.plan.fill(
                    intervals, arrays, labels, clean=clean, threads=threads, progress=step, state=state
                )
        return labels, duplicates

    @property
    def zone(self) -> str | None:
        """The time zone of the timestamps, or None."""
        zone: str | None = self.resolved.get("time", {}).get("zone")
        return zone

    @property
    def has_dates(self) -> bool:
        """Whether timestamps are datetimes."""
        return bool(self.resolved.get("time", {}).get("kind") == "datetime")

    def times(self, intervals: list[Interval]) -> NDArray[Any] | None:
        """Return the timestamps of rows: float64, int64 or datetime64[ns] (in UTC); None where they are row numbers."""
        if "time" not in self.resolved:
            return None
        # Of no rows the plan gives an empty array, which has the type.
        t = np.concatenate([self.plan.times(0, 0), *(self.plan.times(*interval) for interval in intervals)])
        return t.view("datetime64[ns]") if self.has_dates else t

    def changes(self, intervals: list[Interval]) -> list[Change]:
        """Return the changes of normal rules that touch rows, each once, in order."""
        found = set()
        place = {name: i for i, name in enumerate(self.plan.all_names)}
        for (start, rows), name in itertools.product(intervals, self.names):
            firsts, stops = self.plan.changes(place[name], start, rows)
            found |= {Change(*ends, name) for ends in zip(firsts.tolist(), stops.tolist(), strict=True)}
        return sorted(found)

    def missing(self, intervals: list[Interval]) -> Iterator[NDArray[np.bool_]]:
        """Give, for each variable, which of these rows have lost their value."""
        for i in range(len(self.names)):
            parts = [self.plan.missing(i, *interval) for interval in intervals]
            yield np.concatenate([np.empty(0, bool), *parts])

    def events(self, intervals: list[Interval], of: str = "anomalies", *, only: str | None = None) -> Events:
        """Return the events that touch rows.

        Parameters
        ----------
        intervals
            Which rows, in row order.
        of
            ``"anomalies"``, ``"decoys"``, or ``"left_out"``: the events that were drawn and then left out.
        only
            The name of the events that are wanted; all by default.
        """
        empty = (
            np.empty(0, np.uint64),
            np.empty(0, np.uint64),
            np.empty(0, np.int64),
            np.empty(0, np.uint64),
        )
        parts = [self.plan.events(*interval, of=of) for interval in intervals]
        start, stop, kind, ids = (np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True))
        keep = np.ones(len(start), bool)
        if only is not None:
            keep &= np.array([name == only for name, _ in self.kinds], bool)[kind]
        if len(parts) > 1:
            # An event cut in two by the choice of rows is listed once.
            keep[1:] &= start[1:] != start[:-1]
        names = self.plan.all_names
        broken = [tuple((names[a], names[b]) for a, b in pairs) for pairs in self.plan.broken]
        return Events(self.kinds, (start[keep], stop[keep], kind[keep], ids[keep]), broken)

    def to_toml(self) -> str:
        """Return the spec as TOML, recordings embedded; see `Generator.to_toml`.

        Raises
        ------
        SpecError
            For a function, and for a long recording that is in no file.
        """
        return tomli_w.dumps(self._stored(StoredRecordings(self.resolved, None)))

    def for_people(self, beside: str | None) -> tuple[str, dict[str, Columns]]:
        """Return the spec as people write it, with dates, and with recordings in files.

        Parameters
        ----------
        beside
            What the names of such files begin with; None embeds recordings.

        Returns
        -------
        text, files
            TOML, and the recordings of each file it names: those of one file are equally long.
        """
        stored = StoredRecordings(self.resolved, beside)
        spec = self._stored(stored)
        if "time" in spec:
            spec["time"] = for_people(spec["time"])
        return tomli_w.dumps(spec), stored.files

    def _stored(self, stored: StoredRecordings) -> dict[str, Any]:
        """Return the spec with its recordings where they are stored."""
        function = find_function(self.spec)
        if function is not None:
            raise SpecError(function, 'must be an import path "module:function" to be written as TOML, not a function')
        return map_recordings(self.spec, stored.embed)

    def metadata(self, start: int | None) -> list[tuple[str, str]]:
        """Return what a file of rows says of itself; ``start`` is its first row, if its rows are neighbours."""
        facts = [
            (FINGERPRINT, self.fingerprint),
            ("paranom_rs.stream", str(self.plan.stream)),
            ("paranom_rs.version", _core.build_info()["version"]),
        ]
        # A long recording does not fit; the fingerprint still tells which spec it was.
        with suppress(SpecError):
            facts.append((SPEC, self.to_toml()))
        if start is not None:
            facts.append((START, str(start)))
        return facts
