"""What the generator gives: values, labels, events, and the same rows without anomalies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs._internal import html
from paranom_rs._internal.checks import flag, shown, whole
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.optional import require
from paranom_rs._internal.times import time_texts
from paranom_rs.errors import SpecError, SpecTypeError, UnknownKeyError
from paranom_rs.generate.events import Change, Events
from paranom_rs.generate.row_source import Interval, RowSource

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from matplotlib.figure import Figure

    from paranom_rs.evaluate.audit import Audit
    from paranom_rs.generate.generator import Generator

__all__ = ["Dataset", "Duplicates", "Split"]


class Duplicates(NamedTuple):
    """Rows that `Soft` uniqueness let through with the datum of a lower row of their class."""

    normal: int
    anomalous: int


def _later(rows: NDArray[np.uint64], lag: int) -> NDArray[np.uint64]:
    """Return the rows ``lag`` later, none beyond the last there is."""
    later: NDArray[np.uint64] = rows + np.minimum(np.uint64(lag), np.uint64(2**64 - 1) - rows)
    return later


class Dataset:
    """Rows of a generator: values, labels and events. Made by `Generator.generate`.

    ``data["pressure"]`` is a column (float64 or float32, no copy), ``data[5]`` a row, ``data[0:5]`` a dataset of
    rows. A column of states is an array of texts ("" for a missing one), whole numbers are int64, true and false bool
    (floats where a value of these rows is missing); `floats` has what all these are made from. Iterating gives rows:
    named tuples of what `table` has. ``np.asarray(data)`` is ``data.X``. ``pl.DataFrame(data)``,
    ``pd.DataFrame.from_arrow(data)``, ``pa.table(data)`` and DuckDB take the dataset through Arrow, without copies of
    floats; ``pd.DataFrame(data)`` takes it row by row.

    Attributes
    ----------
    source
        What made the rows.
    intervals
        Which rows these are: (first row, number of rows) of each run of neighbours, in row order.
    is_clean
        Whether anomalies were left out.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> data = gen.generate(400)
    >>> data["x"].shape, data.X.shape, data.labels.shape
    ((400,), (400, 1), (400, 1))
    >>> data.y[298:302].tolist()
    [0, 0, 1, 1]
    >>> int((data.X != data.clean.X).sum())
    10
    """

    def __init__(
        self,
        source: RowSource,
        intervals: list[Interval],
        columns: dict[str, NDArray[Any]],
        y: NDArray[np.int8],
        *,
        clean: bool,
        duplicates: tuple[int, int] | None,
    ) -> None:
        self.source = source
        self.intervals = intervals
        self.is_clean = clean
        self._columns = columns
        self._converted: dict[str, NDArray[Any]] = {}
        self._y = y
        self._duplicates = duplicates

    @classmethod
    def filled(
        cls,
        source: RowSource,
        intervals: list[Interval],
        columns: dict[str, NDArray[Any]],
        *,
        clean: bool = False,
        threads: int | None = None,
        progress: bool = False,
        state: _core.FillState | None = None,
    ) -> Dataset:
        """Fill columns with rows of a source; arguments as in `RowSource.fill`."""
        y, duplicates = source.fill(intervals, columns, clean=clean, threads=threads, progress=progress, state=state)
        return cls(source, intervals, columns, y, clean=clean, duplicates=duplicates)

    def __len__(self) -> int:
        return len(self._y)

    @overload
    def __getitem__(self, name: str) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, name: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, name: slice) -> Dataset: ...

    def __getitem__(self, name: str | int | slice) -> NDArray[Any] | tuple[Any, ...] | Dataset:
        if isinstance(name, slice):
            return self._rows(name)
        if isinstance(name, int | np.integer) and not isinstance(name, bool):
            if not -len(self) <= name < len(self):
                raise IndexError(f"row {name} of {len(self)}")
            at = int(name) % len(self)
            return next(iter(self._rows(slice(at, at + 1))))
        name = self._known(name)
        if name not in self._converted:
            self._converted[name] = self.source.types[name].to_numpy(self._columns[name])
        return self._converted[name]

    def _known(self, name: object) -> str:
        """Return the name of a variable, or raise UnknownKeyError."""
        if not isinstance(name, str) or name not in self._columns:
            raise UnknownKeyError(f"{name!r} is no variable; there are {', '.join(self._columns)}")
        return name

    def floats(self, name: str) -> NDArray[Any]:
        """Return a column of `X`, without a copy: a state is its place in `states`, true is 1, missing is NaN.

        Raises
        ------
        UnknownKeyError
            For what is no variable.
        """
        return self._columns[self._known(name)]

    @property
    def states(self) -> dict[str, list[str]]:
        """The states of each variable that has some, those that only anomalies give at the end."""
        return self.source.states

    def _rows(self, rows: slice) -> Dataset:
        """Return neighbouring rows, whose columns are views of these."""
        first, stop, step = rows.indices(len(self))
        if step != 1:
            raise SpecError("step", "must be 1: rows of a dataset follow each other", str(step))
        stop = max(first, stop)
        intervals, before = [], 0
        for start, length in self.intervals:
            low, high = max(first - before, 0), min(stop - before, length)
            if low < high:
                intervals.append((start + low, high - low))
            before += length
        columns = {name: column[first:stop] for name, column in self._columns.items()}
        whole_length = stop - first == len(self)
        duplicates = self._duplicates if whole_length else None
        return Dataset(self.source, intervals, columns, self._y[first:stop], clean=self.is_clean, duplicates=duplicates)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        table = self.table()
        fields = {"_fields": tuple(table), "__slots__": ()}
        row = type("Row", (tuple,), fields)
        return map(row, zip(*(list(column) for column in table.values()), strict=True))

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """What NumPy makes an array of: `X`. (With ``__array__``, pandas would take the values without their names.)"""
        interface: dict[str, Any] = self.X.__array_interface__
        return interface

    def __paranom_frame__(self) -> Frame:
        """Return the rows for a detector: values, names, times and labels."""
        times = self.t if "time" in self.source.spec else None
        values = np.ascontiguousarray(self.X, np.float64)
        zone, name = (None, None) if times is None else (self.source.zone, "t")
        return Frame(values, self.names, times, zone, name, self._y.astype(bool))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        """The variables' names, in column order."""
        return self.source.names

    @property
    def generator(self) -> Generator:
        """The generator that made these rows."""
        from paranom_rs.generate.generator import Generator

        return Generator.from_source(self.source)

    @cached_property
    def X(self) -> NDArray[Any]:  # noqa: N802 (the field's name for it)
        """Values as floats, shape (n, d): a view where the dataset allocated its columns, else a copy."""
        columns = [self._columns[name] for name in self.names]
        base = columns[0].base
        if isinstance(base, np.ndarray) and base.shape == (len(columns), len(self)):
            # Arrays of a caller's own may be the rows of a block in another order.
            places = [(x.__array_interface__["data"], x.dtype) for x in columns]
            if places == [(x.__array_interface__["data"], x.dtype) for x in base]:
                return base.T
        return np.stack(columns, axis=1)

    @property
    def y(self) -> NDArray[np.int8]:
        """1 where an anomalous rule produced a value of the row, else 0; shape (n,), int8."""
        return self._y

    @property
    def duplicates(self) -> Duplicates:
        """The rows that `Soft` let through with the datum of a lower row of their class: (normal, anomalous)."""
        if self._duplicates is None:  # of some rows of another dataset: they are counted when it is asked for
            scratch = self.source.allocate(len(self), np.float64)
            _, self._duplicates = self.source.fill(self.intervals, scratch, clean=self.is_clean)
        return Duplicates(*self._duplicates)

    @cached_property
    def row(self) -> NDArray[np.uint64]:
        """Row numbers in the infinite stream, shape (n,), uint64."""
        parts = [np.uint64(start) + np.arange(length, dtype=np.uint64) for start, length in self.intervals]
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)

    @cached_property
    def t(self) -> NDArray[Any]:
        """Timestamps, shape (n,): row numbers, numbers (float64, int64) or datetimes (datetime64[ns], in UTC)."""
        times = self.source.times(self.intervals)
        if times is not None:
            return times
        return self.row.astype(np.int64) if not len(self) or self.row[-1] < 2**63 else self.row

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where values are lost by `Dropouts`, shape (n, d): the same in the clean copy. Labels know nothing of it."""
        return np.stack(list(self.source.missing(self.intervals))).T

    @cached_property
    def events(self) -> Events:
        """The events that touch these rows."""
        # Labels of recordings are part of the recording.
        return self.source.events(self.intervals, only="recorded" if self.is_clean else None)

    @cached_property
    def decoys(self) -> Events:
        """The decoys that touch these rows: rare events that are normal (`Decoys`)."""
        return self.source.events(self.intervals, "decoys")

    @cached_property
    def changes(self) -> list[Change]:
        """The rows of these at which what is normal changes (`Concepts`), in order: change points, concept drift."""
        return self.source.changes(self.intervals)

    @cached_property
    def root_causes(self) -> NDArray[np.int8]:
        """1 where an event itself made the value; 0 also where it only reached it, through a `Ref`; (n, d), int8."""
        touched = np.zeros((len(self.row), len(self.names)), np.int8)
        for event in self.events:
            first, last = np.searchsorted(self.row, np.array([event.start, event.stop], np.uint64))
            touched[first:last, [self.names.index(name) for name in event.variables if name in self]] = 1
        return touched

    @cached_property
    def left_out(self) -> Events:
        """The events missing from these rows, where they were drawn first: a one-liner found every draw of them."""
        return self.source.events(self.intervals, "left_out")

    @cached_property
    def _within(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the rows that events are going on in, and of each its event's position in `events`."""
        events, rows = self.events, self.row
        first, last = np.searchsorted(rows, events.start), np.searchsorted(rows, events.stop)
        lengths = last - first
        ends = np.cumsum(lengths)
        places = np.arange(lengths.sum()) + np.repeat(first - (ends - lengths), lengths)
        return places, np.repeat(np.arange(len(events)), lengths)

    @cached_property
    def _overlapping(self) -> NDArray[np.bool_]:
        """Whether each event is still going on when the next one begins."""
        start, stop = self.events.start, self.events.stop
        return np.append(stop[:-1] > start[1:], False) if len(start) else np.empty(0, bool)

    @cached_property
    def event(self) -> NDArray[np.int64]:
        """The ``id`` of the event that is going on in each row, or -1; shape (n,), int64. Of several, that of the last
        one to begin.

        Other ids may be negative, too: test for ``!= -1``.
        A row that an event only goes on to, through a `Ref`, has -1 unless another is going on.
        """
        return self._of_events(self.events.id)

    def _of_events(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return, row by row, the number of the event that is going on, or -1."""
        found = np.full(len(self), -1, numbers.dtype)
        places, events = self._within
        found[places] = numbers[events]
        return found

    @cached_property
    def labels(self) -> NDArray[np.int8]:
        """1 where an anomalous rule made the variable's value, or a value that it refers to; else 0; (n, d), int8."""
        hidden = len(self.source.plan.all_names) > len(self.names)
        if self.source.plan.graph or hidden or self._overlapping.any():
            return self._labels_along_references()
        touched = np.zeros((len(self.source.kinds), len(self.names)), np.int8)
        for i, (_, variables) in enumerate(self.source.kinds):
            touched[i, [self.names.index(name) for name in variables if name in self]] = 1
        labels = np.zeros((len(self), len(self.names)), np.int8)
        places, events = self._within
        labels[places] = touched[self.events.kind[events]]
        return labels

    def _labels_along_references(self) -> NDArray[np.int8]:
        plan, rows, kinds = self.source.plan, self.row, self.source.kinds
        place = {i: self.names.index(name) for i, name in enumerate(plan.all_names) if name in self}
        # What begins counts up, what ends counts down; row by row, the sum is the number of events in effect.
        changes = np.zeros((len(rows) + 1, len(self.names)), np.int32)
        lags = sorted({lag for reached in plan.reach for _, lag in reached})
        for (first, length), delay in itertools.product(self.intervals, lags):
            # Row 0 stands for the rows before it.
            earliest, latest = max(first - delay, 0), max(first + length - 1 - delay, 0)
            start, stop, kind, _ = plan.events(earliest, latest - earliest + 1)
            begins, ends = np.where(start == 0, start, _later(start, delay)), _later(stop, delay)
            lo, hi = np.searchsorted(rows, np.array([first, first + length - 1], np.uint64))
            here = rows[lo : hi + 1]
            for i, (name, _) in enumerate(kinds):
                if self.is_clean and name != "recorded":
                    continue
                for variable, lag in plan.reach[i]:
                    if lag == delay and variable in place:
                        np.add.at(changes[:, place[variable]], lo + np.searchsorted(here, begins[kind == i]), 1)
                        np.add.at(changes[:, place[variable]], lo + np.searchsorted(here, ends[kind == i]), -1)
        return (np.cumsum(changes[:-1], axis=0) > 0).astype(np.int8)

    @cached_property
    def clean(self) -> Dataset:
        """The same rows without anomalies (those that a recording is labelled with stay: they are in the data)."""
        dtype = self._columns[self.names[0]].dtype
        return Dataset.filled(self.source, self.intervals, self.source.allocate(len(self), dtype), clean=True)

    def audit(self) -> Audit:
        """Check the dataset against the known flaws of synthetic benchmarks; print the result to read it."""
        from paranom_rs.evaluate.audit import audit_dataset

        return audit_dataset(self)

    @cached_property
    def severity(self) -> NDArray[np.float64]:
        """How severe each event is in each variable, shape (events, d): its largest change in units of the noise.

        The noise is a robust standard deviation of the clean copy's second differences, over 4,096 rows. NaN where an
        event does not touch the variable or comes from a recording, infinite where there is no noise.
        """
        return self.audit().table["by_variable"]

    def plot(self, variables: list[str] | None = None, *, most_points: int = 4000) -> Figure:
        """Plot the series, a panel for each variable, events shaded. Needs matplotlib.

        Hatched is what is labelled as a consequence: the variable refers to one that an event changes.

        Parameters
        ----------
        variables
            Which ones; all by default.
        most_points
            Points of a line; a longer series is thinned to the lowest and the highest values along it.

        Raises
        ------
        SpecTypeError, UnknownKeyError
            For what is no list, or no variable.
        """
        from paranom_rs.plotting.dataset import plot_dataset

        return plot_dataset(self, self._chosen(variables), most_points)

    def to_html(self, variables: list[str] | None = None, *, most_points: int = 20_000) -> str:
        """Return a page of its own to look at in a browser: the panels of `plot`, to zoom in. Needs bokeh.

        Parameters and errors are those of `plot`.
        """
        from paranom_rs.plotting.html import dataset_page

        return dataset_page(self, self._chosen(variables), most_points)

    def _chosen(self, variables: list[str] | None) -> list[str]:
        """Return the variables to plot."""
        if variables is not None and not isinstance(variables, list | tuple):
            raise SpecTypeError("variables", "must be a list of names", shown(variables))
        return list(variables or self.names)

    def table(self, *, event_names: bool = False, labels: bool = False) -> dict[str, NDArray[Any]]:
        """Return the columns of every export by name: t, the variables, is_anomaly, event.

        Parameters
        ----------
        event_names
            Whether to add ``event_name``, texts: the name of the event that is going on in each row, or None.
        labels
            Whether to add the labels of each variable, int8, as ``pressure_is_anomaly``.

        Raises
        ------
        SpecError
            For a variable that has the name of another column.
        """
        columns = {"t": self.t, **{name: self[name] for name in self.names}, "is_anomaly": self.y, "event": self.event}
        more: dict[str, NDArray[Any]] = {}
        if flag("event_names", event_names):
            more["event_name"] = np.array([*self.events.names, None], dtype=object)[self._event_kind]
        if flag("labels", labels):
            more |= {f"{name}_is_anomaly": x for name, x in zip(self.names, self.labels.T, strict=True)}
        twice = next((name for name in more if name in columns), None)
        if twice is not None:
            raise SpecError(f"variables.{twice}", "must not have the name of another column")
        return columns | more

    @property
    def _event_kind(self) -> NDArray[np.int32]:
        """Which of the events' names each row has, or -1."""
        return self._of_events(self.events.kind.astype(np.int32))

    def event_table(self) -> pd.DataFrame:
        """Return a DataFrame of the events. Needs pandas.

        Columns: id, name, start, stop (not included), variables; ``severity``, the largest of any variable (NaN where
        there is none, see `severity`); ``parameters``, the rule of each variable as JSON, with what the event has
        drawn. `write` puts the same table beside a file.
        """
        import pandas as pd

        from paranom_rs.generate.event_table import event_table

        columns = event_table(self.source, self.intervals, clean=self.is_clean)
        places, names = columns["name"]
        return pd.DataFrame(columns | {"name": [names[place] for place in places]})

    def to_arrow(self, *, event_names: bool = False, labels: bool = False) -> pa.Table:
        """Return the columns of `table` as a table of pyarrow; names of events are a dictionary. Needs pyarrow."""
        pa = require("pyarrow", "parquet", "a table of pyarrow")
        return pa.table(_Stream(self.arrow_columns(event_names=event_names, labels=labels)))

    def arrow_columns(
        self, *, event_names: bool, labels: bool
    ) -> tuple[list[tuple[str, Any]], list[tuple[str, str | None]]]:
        """Return the columns of `table` as the core takes them, and which of them are times, with their zone."""
        table: dict[str, Any] = self.table(event_names=event_names, labels=labels)
        times = {"t": self.source.zone} if self.source.has_dates else {}
        columns: dict[str, Any] = {
            name: np.ascontiguousarray(x.view(np.int64) if name in times else x) for name, x in table.items()
        }
        columns |= {name: kind.to_core(self._columns[name]) for name, kind in self.source.types.items()}
        if event_names:
            columns["event_name"] = (self._event_kind, self.events.names)
        return list(columns.items()), list(times.items())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows as an Arrow stream: t, the variables, is_anomaly (int8), event (int64, -1 for none).

        States are dictionaries of texts; they, whole numbers and flags are null where they are missing.
        """
        return _core.arrow_stream(*self.arrow_columns(event_names=False, labels=False))

    def to_pandas(self, *, labels: bool = False) -> pd.DataFrame:
        """Return a DataFrame indexed by time. Needs pandas.

        The index is ``t``: row numbers, numbers or datetimes; rows of a generator `from_frame` have the index of that
        frame. The columns are the variables, is_anomaly, event (the id, -1 for none) and event_name. States are
        categories; whole numbers and flags are nullable where a value of these rows is missing.

        Parameters
        ----------
        labels
            Whether to add the labels of each variable, int8, as ``pressure_is_anomaly``.

        Raises
        ------
        SpecError
            For a variable that has the name of another column.
        """
        import pandas as pd

        kinds = self.source.types
        columns = self._columns_of_frames(labels)
        columns |= {name: kind.to_pandas(self._columns[name]) for name, kind in kinds.items()}
        table = self.source.table
        index = pd.Index(self.t, name="t")
        zone = self.source.zone
        if zone is not None:
            index = pd.DatetimeIndex(index).tz_localize("UTC").tz_convert(zone)
        if table is not None:
            columns |= {name: table.restored(name, columns[name]) for name in self.names}
            index = table.index_of(self.row, index)
        return pd.DataFrame(columns, index=index)

    def to_polars(self, *, labels: bool = False) -> pl.DataFrame:
        """Return a DataFrame of polars: t, and the columns of `to_pandas`. Needs polars."""
        import polars as pl

        columns = self._columns_of_frames(labels)
        columns |= {name: kind.to_polars(name, self._columns[name]) for name, kind in self.source.types.items()}
        frame = pl.DataFrame({"t": self.t, **columns})
        zone = self.source.zone
        if zone is None:
            return frame
        named = "UTC" if zone[0] in "+-" else zone  # polars knows no offsets
        return frame.with_columns(pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone(named))

    def _columns_of_frames(self, labels: bool) -> dict[str, Any]:
        """Return the columns that frames have beside the time."""
        columns = self.table(event_names=True, labels=labels)
        del columns["t"]
        return columns

    def write(
        self,
        path: str | Path,
        *,
        event_names: bool = False,
        labels: bool = False,
        events: bool = False,
        compression: Literal["zstd"] | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write the rows as .parquet, .arrow, .csv, .jsonl or .npz; the file appears whole or not at all.

        Columns and formats are those of `Generator.write`. Parquet and Arrow files carry the spec, so that
        `Generator.from_parquet` gives the generator back.

        Parameters
        ----------
        path
            The suffix says the format.
        event_names, labels, events
            As in `Generator.write`.
        compression
            "zstd" for Parquet.
        overwrite
            Whether to replace a file that is there.

        Raises
        ------
        SpecError
            For another suffix or compression.
        AlreadyExistsError
            For a file that is there, without ``overwrite``.
        OSError
            For no room, no permission and the like; nothing is left behind.
        """
        from paranom_rs.files.format import Extras
        from paranom_rs.files.write import write_dataset

        extras = Extras(event_names=event_names, labels=labels, events=events)
        write_dataset(self, path, extras=extras, compression=compression, overwrite=overwrite)

    def __repr__(self) -> str:
        share = f"{self._y.mean():.2%} anomalous" if len(self) else "empty"
        return f"Dataset({len(self)} rows of {', '.join(self.names)}; {share})"

    def _repr_html_(self) -> str:
        """Return what notebooks show: each variable as a line, anomalies marked, and its range."""
        rows = []
        for name, marked in zip(self.names, self.labels.T, strict=True):
            x = self.floats(name).astype(np.float64)
            held = x[np.isfinite(x)]
            low, high = (f"{held.min():.4g}", f"{held.max():.4g}") if len(held) else ("", "")
            missing = f"{np.isnan(x).mean():.1%}" if np.isnan(x).any() else ""
            share = f"{marked.mean():.2%}" if len(x) else ""
            rows.append([name, html.line(x, marked), low, high, missing, share])
        when = "; t from {} to {}".format(*time_texts(self.t[[0, -1]], self.source.zone)) if len(self) else ""
        head = ["variable", "", "lowest", "highest", "missing", "anomalous"]
        return html.table(repr(self), head, rows, f"{len(self.events):,} events{when}")

    def head(self, rows: int = 5) -> str:
        """Return the first rows as text, to print."""
        n = min(whole("rows", rows), len(self))
        names = ["t", *self.names, "is_anomaly"]
        zone = self.source.zone
        times = [str(t) for t in self.t[:n]] if zone is None else time_texts(self.t[:n], zone)
        body = [[times[i], *(_shown(self[name][i]) for name in self.names), str(self._y[i])] for i in range(n)]
        widths = [max(len(line[j]) for line in [names, *body]) for j in range(len(names))]
        return "\n".join("  ".join(x.rjust(w) for x, w in zip(line, widths, strict=True)) for line in [names, *body])


def _shown(value: Any) -> str:
    """Return a value as text."""
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


class _Stream:
    """Columns for whoever takes an Arrow stream."""

    def __init__(self, columns: tuple[list[tuple[str, Any]], list[tuple[str, str | None]]]) -> None:
        self._columns = columns

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return _core.arrow_stream(*self._columns)


class Split(NamedTuple):
    """Datasets to train on, to validate on and to test on. Made by `Generator.split`.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> parts = gen.split(train=200, validation=50, test=150)
    >>> len(parts.train), len(parts.validation), len(parts.test), int(parts.train.y.sum())
    (200, 50, 150, 0)
    """

    train: Dataset
    validation: Dataset
    test: Dataset
