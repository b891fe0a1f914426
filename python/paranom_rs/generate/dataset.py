"""What the generator gives: values, labels, events, and the same rows without anomalies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs._internal.checks import file_path, whole
from paranom_rs.errors import SpecTypeError, UnknownKeyError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from paranom_rs.evaluate.audit import Audit
    from paranom_rs.generate.generator import Generator

__all__ = ["Dataset", "Duplicates", "Event", "Events", "Split"]


class Event(NamedTuple):
    """A stretch of anomalous rows: ``start``, ``stop`` (not included), ``name``, struck ``variables``, ``id``.

    ``broken``: the dependences (source, target) that it cuts, by `Decouple` or by a rule in place of one with a `Ref`.
    Variables that only refer to those it strikes are not among ``variables``: it is the cause; `Dataset.labels` has its
    consequences as well.
    """

    start: int
    stop: int
    name: str
    variables: tuple[str, ...]
    id: int
    broken: tuple[tuple[str, str], ...] = ()


class Duplicates(NamedTuple):
    """Rows that `Soft` uniqueness let through with the datum of a lower row of their class."""

    normal: int
    anomalous: int


class Events:
    """The events of a dataset, in row order; an event that reaches beyond the dataset is listed whole.

    Attributes ``start``, ``stop`` (uint64 row numbers, stop not included), ``kind`` (int64, a position in ``names``)
    and ``id`` (int64, the same in every slice) are arrays; iterating gives `Event`.
    """

    def __init__(
        self,
        kinds: list[tuple[str, list[str]]],
        arrays: tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]],
        broken: list[tuple[tuple[str, str], ...]],
    ) -> None:
        self._kinds = [(name, tuple(variables)) for name, variables in kinds]
        self._broken = broken
        self.start, self.stop, self.kind, ids = arrays
        self.id = ids.view(np.int64)

    @property
    def names(self) -> list[str]:
        """The anomalies' names; ``kind`` counts from the first."""
        return [name for name, _ in self._kinds]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: int) -> Event:
        kind = self.kind[index]
        name, variables = self._kinds[kind]
        start, stop, number = int(self.start[index]), int(self.stop[index]), int(self.id[index])
        return Event(start, stop, name, variables, number, self._broken[kind])

    def __iter__(self) -> Iterator[Event]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Events({len(self)}: {', '.join(self.names) or 'none'})"

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame of start, stop, name, variables, id, broken. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(list(self), columns=list(Event._fields))


def _later(rows: NDArray[np.uint64], lag: int) -> NDArray[np.uint64]:
    """Return the rows ``lag`` later, none beyond the last there is."""
    later: NDArray[np.uint64] = rows + np.minimum(np.uint64(lag), np.uint64(2**64 - 1) - rows)
    return later


class Dataset:
    """Rows of a generator: values, labels and events. Made by `Generator.generate`.

    ``data["pressure"]`` is a column (float64 or float32, no copy); ``pl.DataFrame(data)``,
    ``pd.DataFrame.from_arrow(data)``, ``pa.table(data)`` and DuckDB take the dataset through Arrow, without copies.
    """

    def __init__(
        self,
        generator: Generator,
        stretches: list[tuple[int, int]],
        columns: dict[str, NDArray[Any]],
        y: NDArray[np.int8],
        *,
        clean: bool,
        duplicates: tuple[int, int] = (0, 0),
    ) -> None:
        self._generator = generator
        self._stretches = stretches
        self._columns = columns
        self._is_clean = clean
        self._y = y
        self._duplicates = Duplicates(*duplicates)

    def __len__(self) -> int:
        return len(self._y)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if not isinstance(name, str) or name not in self._columns:
            raise UnknownKeyError(f"{name!r} is no variable; there are {', '.join(self._columns)}")
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        """The variables' names, in column order."""
        return self._generator.names

    @property
    def generator(self) -> Generator:
        """The generator that made these rows."""
        return self._generator

    @cached_property
    def X(self) -> NDArray[Any]:  # noqa: N802 (the field's name for it)
        """Values, shape (n, d): a view where the dataset allocated its columns, else a copy."""
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
        return self._duplicates

    @cached_property
    def row(self) -> NDArray[np.uint64]:
        """Row numbers in the infinite stream, shape (n,), uint64."""
        parts = [np.uint64(start) + np.arange(length, dtype=np.uint64) for start, length in self._stretches]
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)

    @cached_property
    def t(self) -> NDArray[Any]:
        """Timestamps, shape (n,): row numbers (int64), numbers (float64) or datetimes (datetime64[ns])."""
        time = self._generator._resolved.get("time")
        if time is None:
            return self.row.astype(np.int64) if not len(self) or self.row[-1] < 2**63 else self.row
        parts = [self._generator._plan.times(start, length) for start, length in self._stretches]
        kind = np.float64 if time["kind"] == "number" else np.int64
        t = np.concatenate([np.empty(0, kind), *parts])
        return t if kind is np.float64 else t.view("datetime64[ns]")

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where values are lost by `Dropouts`, shape (n, d): the same in the clean twin. Labels know nothing of it."""
        plan = self._generator._plan
        mask = np.zeros((len(self.names), len(self)), bool)
        for i in range(len(self.names)):
            parts = [plan.missing(i, start, length) for start, length in self._stretches]
            mask[i] = np.concatenate([np.empty(0, bool), *parts])
        return mask.T

    @cached_property
    def events(self) -> Events:
        """The events that touch these rows."""
        # Labels of recordings are part of the recording.
        return self._events_of("anomalies", only="recorded" if self._is_clean else None)

    @cached_property
    def decoys(self) -> Events:
        """The decoys that touch these rows: rare events that are normal (`Decoys`)."""
        return self._events_of("decoys")

    @cached_property
    def left_out(self) -> Events:
        """The events missing from these rows, where they were drawn first: a one-liner found every draw of them."""
        return self._events_of("left_out")

    def _events_of(self, which: str, only: str | None = None) -> Events:
        plan, kinds = self._generator._plan, self._generator.kinds
        parts = [plan.events(start, length, of=which) for start, length in self._stretches]
        empty = (
            np.empty(0, np.uint64),
            np.empty(0, np.uint64),
            np.empty(0, np.int64),
            np.empty(0, np.uint64),
        )
        start, stop, kind, ids = (np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True))
        keep = np.ones(len(start), bool)
        if only is not None:
            keep &= np.array([name == only for name, _ in kinds], bool)[kind]
        if len(parts) > 1:
            # An event cut in two by the choice of rows is listed once.
            keep[1:] &= start[1:] != start[:-1]
        names = self.names
        broken = [tuple((names[a], names[b]) for a, b in pairs) for pairs in plan.broken]
        return Events(kinds, (start[keep], stop[keep], kind[keep], ids[keep]), broken)

    @cached_property
    def _where(self) -> NDArray[np.int64]:
        """The position in `events` of each row's event, or -1."""
        events, rows = self.events, self.row
        at = np.searchsorted(events.start, rows, side="right").astype(np.int64) - 1
        inside = at >= 0
        inside[inside] = rows[inside] < events.stop[at[inside]]
        return np.where(inside, at, -1)

    @cached_property
    def event(self) -> NDArray[np.int64]:
        """The ``id`` of the event that is going on in each row, or -1; shape (n,), int64.

        Other ids may be negative, too: test for ``!= -1``.
        A row that an event only goes on to, through a `Ref`, has -1 unless another is going on.
        """
        where = self._where
        return np.where(where >= 0, self.events.id[where], -1) if len(self.events) else where

    @cached_property
    def labels(self) -> NDArray[np.int8]:
        """1 where an anomalous rule made the variable's value, or a value that it refers to; else 0; (n, d), int8."""
        if self._generator._plan.graph:
            return self._labels_along_references()
        touched = np.zeros((len(self._generator.kinds) + 1, len(self.names)), np.int8)
        for i, (_, variables) in enumerate(self._generator.kinds):
            touched[i, [self.names.index(name) for name in variables]] = 1
        where = self._where
        kind = np.where(where >= 0, self.events.kind[where], -1) if len(self.events) else where
        return touched[kind]

    def _labels_along_references(self) -> NDArray[np.int8]:
        plan, rows, kinds = self._generator._plan, self.row, self._generator.kinds
        # What begins counts up, what ends counts down; row by row, the sum is the number of events in effect.
        changes = np.zeros((len(rows) + 1, len(self.names)), np.int32)
        lags = sorted({lag for reached in plan.reach for _, lag in reached})
        for (first, length), delay in itertools.product(self._stretches, lags):
            # Row 0 stands for the rows before it.
            earliest, latest = max(first - delay, 0), max(first + length - 1 - delay, 0)
            start, stop, kind, _ = plan.events(earliest, latest - earliest + 1)
            begins, ends = np.where(start == 0, start, _later(start, delay)), _later(stop, delay)
            lo, hi = np.searchsorted(rows, np.array([first, first + length - 1], np.uint64))
            here = rows[lo : hi + 1]
            for i, (name, _) in enumerate(kinds):
                if self._is_clean and name != "recorded":
                    continue
                for variable, lag in plan.reach[i]:
                    if lag == delay:
                        np.add.at(changes[:, variable], lo + np.searchsorted(here, begins[kind == i]), 1)
                        np.add.at(changes[:, variable], lo + np.searchsorted(here, ends[kind == i]), -1)
        return (np.cumsum(changes[:-1], axis=0) > 0).astype(np.int8)

    @cached_property
    def clean(self) -> Dataset:
        """The same rows without anomalies (those that a recording is labelled with stay: they are in the data)."""
        dtype = self._columns[self.names[0]].dtype
        columns = self._generator._columns(len(self), dtype)
        return self._generator._fill(self._stretches, columns, clean=True)

    def audit(self) -> Audit:
        """Check the dataset against the known flaws of synthetic benchmarks; print the result to read it."""
        from paranom_rs.evaluate.audit import audit

        return audit(self)

    @cached_property
    def severity(self) -> NDArray[np.float64]:
        """How severe each event is in each variable, shape (events, d): its largest change in units of the noise.

        The noise is a robust standard deviation of the clean twin's second differences, over 4,096 rows. NaN where an
        event does not touch the variable or comes from a recording, infinite where there is no noise.
        """
        return self.audit().table["by_variable"]

    def plot(self, variables: list[str] | None = None, *, most_points: int = 4000) -> Figure:
        """Plot the series, a panel for each variable, events shaded; thinned for length. Needs matplotlib."""
        from paranom_rs.plotting.dataset import plot_dataset

        if variables is not None and not isinstance(variables, list | tuple):
            raise SpecTypeError("variables", "must be a list of names", repr(variables))
        return plot_dataset(self, list(variables or self.names), most_points)

    def to_html(self, variables: list[str] | None = None, *, most_points: int = 20_000) -> str:
        """Return a page of its own to look at in a browser: the panels of `plot`, to zoom in. Needs bokeh."""
        from paranom_rs.plotting.html import dataset_page

        if variables is not None and not isinstance(variables, list | tuple):
            raise SpecTypeError("variables", "must be a list of names", repr(variables))
        return dataset_page(self, list(variables or self.names), most_points)

    def _table(self) -> dict[str, NDArray[Any] | list[str]]:
        """The columns of every export: t, the variables, is_anomaly, event."""
        t = self.t.view(np.int64) if self.t.dtype.kind == "M" else self.t
        columns: dict[str, Any] = {"t": t, **{name: self._columns[name] for name in self.names}}
        return columns | {"is_anomaly": self._y, "event": self.event}

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows as an Arrow stream: t, the variables, is_anomaly (int8), event (int64, -1 for none)."""
        return _core.arrow_stream(*self._arrow_columns())

    def _arrow_columns(self) -> tuple[list[tuple[str, Any]], list[str]]:
        """The columns as the core takes them, and which of them are times."""
        columns = [(name, np.ascontiguousarray(x)) for name, x in self._table().items()]
        return columns, ["t"] if self.t.dtype.kind == "M" else []

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with columns t, the variables, is_anomaly, event. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(self._table() | {"t": self.t})

    def write(self, path: str | Path, *, compression: Literal["zstd"] | None = None, overwrite: bool = False) -> None:
        """Write the rows as .parquet, .arrow, .csv, .jsonl or .npz; the file appears whole or not at all.

        Columns and formats are those of `Generator.write`. Parquet and Arrow files carry the spec, so that
        `Generator.from_parquet` gives the generator back. Raises `FileExistsError` unless ``overwrite``.
        """
        from paranom_rs.files.write import write_dataset

        write_dataset(self, file_path(path), compression=compression, overwrite=overwrite)

    def __repr__(self) -> str:
        share = f"{self._y.mean():.2%} anomalous" if len(self) else "empty"
        return f"Dataset({len(self)} rows of {', '.join(self.names)}; {share})"

    def head(self, rows: int = 5) -> str:
        """Return the first rows as text, to print."""
        n = min(whole("rows", rows), len(self))
        names = ["t", *self.names, "is_anomaly"]
        body = [
            [str(self.t[i]), *(f"{self._columns[name][i]:.6g}" for name in self.names), str(self._y[i])]
            for i in range(n)
        ]
        widths = [max(len(line[j]) for line in [names, *body]) for j in range(len(names))]
        return "\n".join("  ".join(x.rjust(w) for x, w in zip(line, widths, strict=True)) for line in [names, *body])


class Split(NamedTuple):
    """Datasets to train on, to validate on and to test on. Made by `Generator.split`."""

    train: Dataset
    validation: Dataset
    test: Dataset
