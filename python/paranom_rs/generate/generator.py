"""The generator: labelled anomaly data for any rows, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from paranom_rs import _core
from paranom_rs._internal import html
from paranom_rs._internal.atomic import whole_file, write_text
from paranom_rs._internal.checks import file_path, flag, float_dtype, one_of, row_range, shown, whole
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs._internal.text_files import parse_toml, read_text
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.anomalies import Anomaly
from paranom_rs.generate.callback import refuse_imports
from paranom_rs.generate.class_counts import first_of_each_class
from paranom_rs.generate.dataset import Dataset, Split
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.recordings import load_recordings
from paranom_rs.generate.row_source import STREAM, RowSource
from paranom_rs.generate.rule import Edge, Part, Rule, Transform, plain
from paranom_rs.generate.source_table import recordings_of
from paranom_rs.generate.time_index import TimeIndex, for_people, in_nanoseconds
from paranom_rs.generate.uniqueness import Uniqueness
from paranom_rs.generate.varied_anomalies import varied_anomalies

if TYPE_CHECKING:
    from paranom_rs.connect.gutentag import Imported
    from paranom_rs.evaluate.audit import Audit
    from paranom_rs.generate.fit.fitted import Fitted

__all__ = ["Generator"]

_MOST_ROWS = 2**63


class Generator(KnownKeywords):
    """A generator of labelled anomaly data (Gottschlich, "Paranom: A Parallel Anomaly Dataset Generator", 2018).

    Every value is a function of the spec, the seed and the row alone: any slice, any number of threads, any machine
    gives the same bytes, and a longer dataset begins with the shorter one.

    Parameters
    ----------
    variables
        Name -> `Stochastic`, `Callback` or `Recorded`, in column order. A variable's values depend on its name, not
        on the others.
    anomalies
        An `Anomaly`, several, or None for normal data only.
    uniqueness
        Whether rows may repeat what a lower row of their class holds; by default they may.
    seed
        What the data are drawn from, 0 <= seed < 2**64.
    time
        Timestamps of rows; by default the row numbers.
    missing
        When values are lost, of each variable for itself that does not say so itself; by default none are.
    allow_infinite
        Whether values may overflow: become infinite, or NaN (which else only missing values are), in the dtype that is
        asked for. By default a row that would is refused.

    Raises
    ------
    SpecError, SpecTypeError
        Naming the path in the spec, the value and the rule.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(frequency=0.05, duration=(5, 20)), seed=1)
    >>> data = gen.generate(1_000)
    >>> data.X.shape, int(data.y.sum()), len(data.events)
    ((1000, 1), 53, 4)
    >>> bool((gen.generate(10, start=500).X == data.X[500:510]).all())
    True
    """

    def __init__(
        self,
        variables: Mapping[str, Part],
        *,
        anomalies: Anomaly | Sequence[Anomaly] | None = None,
        uniqueness: Uniqueness | None = None,
        seed: int = 0,
        time: TimeIndex | None = None,
        missing: Dropouts | None = None,
        allow_infinite: bool = False,
    ) -> None:
        if not isinstance(variables, Mapping):
            raise SpecTypeError("variables", "must be a dict of variables", type(variables).__name__)
        spec: dict[str, Any] = {"stream": STREAM, "seed": whole("seed", seed)}
        if time is not None:
            spec["time"] = _part("time", time, TimeIndex)
        if missing is not None:
            spec["missing"] = _part("missing", missing, Dropouts)
        spec["variables"] = {name: _part(f"variables.{name}", variable, Part) for name, variable in variables.items()}
        if anomalies is not None:
            spec["anomalies"] = _listed_anomalies(anomalies)
        if uniqueness is not None:
            spec["uniqueness"] = _part("uniqueness", uniqueness, Uniqueness)
        if flag("allow_infinite", allow_infinite):
            spec["allow_infinite"] = True
        self.source = RowSource(spec, spec)

    @classmethod
    def from_source(cls, source: RowSource) -> Generator:
        """Make a generator of what another one, or a dataset, takes its rows from."""
        self = cls.__new__(cls)
        self.source = source
        return self

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], *, folder: str | Path = ".", import_functions: bool = False
    ) -> Generator:
        """Make a generator from plain values, as `to_spec` gives them.

        Parameters
        ----------
        spec
            The spec.
        folder
            Where recordings are whose files the spec names.
        import_functions
            Whether to import the functions that the spec names by import path (``"module:function"``). That runs code:
            allow it only for a spec from someone whose code you would run.

        Raises
        ------
        SpecError, SpecTypeError
            Naming the path in the spec, the value and the rule; for a spec that names functions, without
            ``import_functions``.
        StreamVersionError
            For a spec of a newer stream.
        """
        if not isinstance(spec, Mapping):
            raise SpecTypeError("spec", "must be a dict", type(spec).__name__)
        time = spec.get("time")
        if isinstance(time, Mapping) and _is_date(time):
            spec = dict(spec) | {"time": _plain("time", lambda: in_nanoseconds(dict(time)))}
        plain_spec = _plain("spec", lambda: plain(spec))
        if not flag("import_functions", import_functions):
            refuse_imports(plain_spec)
        return cls.from_source(RowSource(*load_recordings(plain_spec, file_path(folder))))

    @classmethod
    def from_toml(cls, path: str | Path, *, import_functions: bool = False) -> Generator:
        """Make a generator from a TOML file.

        Parameters
        ----------
        path
            The file; recordings name files relative to it.
        import_functions
            As in `from_spec`.

        Raises
        ------
        SpecError, SpecTypeError, StreamVersionError
            As in `from_spec`; SpecError for a file that is not TOML.
        """
        path = file_path(path)
        spec = parse_toml(read_text(path), path)
        return cls.from_spec(spec, folder=path.parent, import_functions=import_functions)

    @classmethod
    def from_parquet(cls, path: str | Path, *, import_functions: bool = False) -> Generator:
        """Make the generator that wrote a Parquet or Arrow file, or a folder of parts, from the spec that it carries.

        Parameters
        ----------
        path
            The file or the folder.
        import_functions
            As in `from_spec`.

        Raises
        ------
        SpecError
            For a file that carries no spec, or whose recording has changed.
        """
        from paranom_rs.files.read import read_spec

        path = file_path(path)
        text, fingerprint = read_spec(path)
        if not isinstance(text, str):
            raise SpecError(
                path,
                "must carry its spec; there is none where something else wrote the file, a recording was too long, or "
                "the spec holds functions",
            )
        self = cls.from_spec(parse_toml(text, path), import_functions=import_functions)
        if fingerprint and fingerprint != self.fingerprint:
            raise SpecError(
                path, "must hold the rows that its spec gives (a recording that the spec names has changed)"
            )
        return self

    @classmethod
    def from_frame(
        cls,
        X: Any,
        *,
        labels: Any = None,
        anomalous: Rule | Transform | float | Mapping[str, Rule | Transform | float] | None = None,
        anomalies: Anomaly | Sequence[Anomaly] | None = None,
        seed: int = 0,
        repeat: bool = True,
        missing: Dropouts | None = None,
    ) -> Generator:
        """Make a generator of recordings: the columns of a table, into which anomalies are injected.

        `Dataset.to_pandas` gives the table's index (with its time zone) and dtypes back. Evenly spaced times are the
        generator's `TimeIndex`, in UTC where they have a zone.

        Parameters
        ----------
        X
            A table of pandas, polars or Arrow, an array (n, d), or what `read_table` gives.
        labels
            Rows that are anomalous already: the name of a column, 0/1 for each row, or ``[(start, stop), …]``.
        anomalous
            The rule or transform for anomalous rows, of all columns, or of columns by name.
        anomalies, seed
            As in `Generator`.
        repeat, missing
            As in `Recorded`.

        Raises
        ------
        SpecError, SpecTypeError
            For columns that hold no numbers, and as in `Generator`.
        """
        variables, clock, table = recordings_of(X, labels, anomalous, repeat=repeat, missing=missing)
        self = cls(variables, anomalies=anomalies, seed=seed, time=clock)
        self.source = RowSource(self.source.spec, self.source.resolved, table)
        return self

    @classmethod
    def from_gutentag(cls, path: str | Path, *, seed: int = 0) -> list[Imported]:
        """Make a generator of each series of a GutenTAG configuration. Needs PyYAML.

        The values are not GutenTAG's: same signals and anomalies, other random numbers. A ``custom-input`` reads the
        file that the configuration names, from the working directory.

        Parameters
        ----------
        path
            A YAML or JSON file.
        seed
            What the data are drawn from.

        Returns
        -------
        list of Imported
            Each has a ``name``, its ``rows``, a ``generator`` (None where nothing here is like it) and ``notes`` on
            what could not be mapped, or differs.

        Raises
        ------
        SpecError
            For a file that is no configuration.
        """
        from paranom_rs.connect.gutentag import read_config

        return read_config(path, seed=seed)

    @classmethod
    def fit(
        cls,
        recording: Any,
        *,
        labels: str | ArrayLike | None = None,
        time: str | None = None,
        random_state: int = 0,
        method: Literal["auto", "rules", "blocks"] = "auto",
        anomalies: Literal["ignore", "learn"] = "ignore",
        progress: bool = False,
    ) -> Fitted:
        """Learn a generator from a recording: it makes any number of rows like it, any slice alone.

        Parameters
        ----------
        recording
            (n, d): an array, a table of pandas, polars or Arrow, or the path of a CSV, Parquet or Arrow file. 64 normal
            rows at least. NaN is a missing value; columns of texts become states, numbered in alphabetical order.
        labels
            Rows that are anomalous, which are not learnt from: the name of a column, 0/1 for each row, or runs
            ``[(start, stop), …]``.
        time
            The column of times; by default the one of dates, or the index of pandas. Where they go back in more than
            one row of 100, rows are sorted; else they stay as they stand. A note says so.
        random_state
            The seed of the generator, and of what the fit draws.
        method
            ``"blocks"``: blocks of the recording, strung together where they look alike. ``"rules"``: levels, periods,
            noise, states and what goes together, as rules with parameters. ``"auto"``: rules where a classifier can
            hardly tell them from the recording, else blocks.
        anomalies
            ``"learn"``: the generator has the labelled anomalies, too: with their durations, shares and shapes.
        progress
            Whether a bar is shown (with tqdm).

        Returns
        -------
        Fitted
            With the ``generator``, and a ``report`` of how like the recording its rows are.

        Raises
        ------
        SpecError, SpecTypeError
            For a recording that nothing can be learnt from, or labels that leave nothing.

        Warns
        -----
        UserWarning
            Names what could not be learnt: see `Fitted.notes`.
        """
        from paranom_rs.generate.fit.learn import fit

        return fit(
            recording,
            labels=labels,
            time=time,
            random_state=random_state,
            method=method,
            anomalies=anomalies,
            progress=progress,
        )

    def with_anomalies(self, anomalies: Anomaly | Sequence[Anomaly] | None = None) -> Generator:
        """Return a generator of the same normal rows, with these anomalies instead of its own.

        Parameters
        ----------
        anomalies
            An `Anomaly`, or several. By default a varied set: spikes, shifts, drifts, noise, stuck values and others,
            for each variable three kinds at least (48 anomalies at most), in sizes from hardly more than its noise to
            far beyond its usual values; 2 % of the rows.

        Raises
        ------
        SpecError, SpecTypeError
            As by the constructor.
        """
        listed = varied_anomalies(self.source) if anomalies is None else anomalies
        spec = _listed_anomalies(listed)
        return Generator.from_source(
            RowSource(self.source.spec | {"anomalies": spec}, self.source.resolved | {"anomalies": spec})
        )

    def to_spec(self) -> dict[str, Any]:
        """Return the spec as plain values: dicts, lists, texts, numbers, and arrays of recordings."""
        spec: dict[str, Any] = plain(self.source.spec)
        return spec

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the spec as TOML, as people write it: times as dates, lengths of time with their unit.

        Parameters
        ----------
        path
            A file to write the TOML to, too. Recordings of more than 100 values go into a Parquet file beside it
            (``plant.recordings.parquet`` beside ``plant.toml``), which the TOML names. Without a path they are
            embedded. A long one that came from a file stays there.

        Raises
        ------
        SpecError
            Without a path, for a long recording from an array; for a function (give its import path instead).
        """
        if path is None:
            return self.source.for_people(None)[0]
        path = file_path(path)
        text, files = self.source.for_people(f"{path.stem}.recordings")
        for name, columns in files.items():
            with whole_file(path.parent / name) as temporary:
                _core.write_table(
                    list(columns.items()), [], temporary, format="parquet", packing=None, zstd=False, metadata=[]
                )
        write_text(path, text)
        return text

    @property
    def names(self) -> list[str]:
        """The variables' names, in column order; hidden ones are not delivered, and not here."""
        return list(self.source.names)

    @property
    def states(self) -> dict[str, list[str]]:
        """The states of each variable that has some, those that only anomalies give at the end."""
        return self.source.states

    @property
    def kinds(self) -> list[tuple[str, list[str]]]:
        """The anomalies: their names, and the variables they touch."""
        return [(name, list(variables)) for name, variables in self.source.kinds]

    @property
    def graph(self) -> list[Edge]:
        """How variables depend on each other: the `Ref` of their normal rules, in column order."""
        names = self.source.plan.all_names
        return [Edge(names[source], names[target], lag) for source, target, lag in self.source.plan.graph]

    @property
    def seed(self) -> int:
        """What the data are drawn from."""
        return int(self.source.spec.get("seed", 0))

    @property
    def stream(self) -> int:
        """The stream that the values belong to: recorded in every spec, and unknown ones are refused."""
        return int(self.source.plan.stream)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the spec means: equal for specs that give the same data under the same names."""
        return self.source.fingerprint

    def generate(
        self,
        rows: int | None = None,
        *,
        start: int = 0,
        normal: int | None = None,
        anomalous: int | None = None,
        out: Mapping[str, NDArray[Any]] | None = None,
        dtype: DTypeLike = np.float64,
        threads: int | None = None,
        progress: bool = False,
    ) -> Dataset:
        """Generate rows ``start .. start + rows - 1``, or absolute counts of normal and anomalous rows.

        Parameters
        ----------
        rows, start
            How many rows, and the first one. Slices equal the same rows of any longer run.
        normal, anomalous
            Instead of ``rows``: the first ``normal`` normal rows and the first ``anomalous`` anomalous rows from
            ``start`` on, in row order, with their own row numbers; so the counts can grow too.
        out
            Arrays to fill, one for each variable: 1-D, contiguous, writable, ``rows`` long, of one dtype.
        dtype
            float64, or float32 (the float64 values, rounded). Whole numbers need float64; states are delivered as texts
            either way (`Dataset`).
        threads
            1 to 1024; by default ``PARANOM_NUM_THREADS``, else one per processor. The bytes do not depend on it.
        progress
            Whether to show a bar (needs tqdm).

        Returns
        -------
        Dataset
            Values, labels and events of the rows.

        Raises
        ------
        SpecError, SpecTypeError
            For arguments that break a rule.
        OutOfMemoryError
            Before any work, for a size that cannot be had.
        UniquenessError
            When rows cannot be unique as `Hard` asks. With a `Uniqueness`, all rows below ``start`` are replayed.
        CallbackError
            When a callback raises, or gives back what is no value.
        """
        if rows is not None and (normal is not None or anomalous is not None):
            raise SpecError("rows", "must be None where normal or anomalous rows are counted", shown(rows))
        if rows is not None:
            counts = [whole("rows", rows)]
        elif normal is not None or anomalous is not None:
            counts = [
                0 if count is None else whole(path, count)
                for path, count in (("normal", normal), ("anomalous", anomalous))
            ]
        else:
            raise SpecError("rows", "must be given, or normal or anomalous")
        total = sum(counts)
        if total > _MOST_ROWS:
            raise SpecError("rows", "must be at most 2**63", shown(total))
        start = row_range(start, total)
        if rows is not None:
            self.source.check_rows(start, total)
        # The memory comes first: without it, nothing need be counted.
        columns = self.source.allocate(total, dtype) if out is None else _checked(out, self.names, total)
        self.source.check_whole(next(iter(columns.values())).dtype)
        intervals = [(start, total)] if total else []
        if rows is None:
            intervals = first_of_each_class(self.source.plan, start, *counts)
        return Dataset.filled(self.source, intervals, columns, threads=threads, progress=progress)

    def split(
        self,
        *,
        train: int,
        test: int,
        validation: int = 0,
        learning: Literal["semi-supervised", "supervised", "unsupervised"] = "semi-supervised",
        start: int = 0,
        dtype: DTypeLike = np.float64,
        threads: int | None = None,
    ) -> Split:
        """Generate rows to train on, to validate on and to test on, one part after the other: no row is in two of them.

        A longer ``test`` begins with the shorter one; a longer ``train`` moves the parts behind it.

        Parameters
        ----------
        train, validation, test
            How many rows; 0 gives an empty part.
        learning
            ``"semi-supervised"``: ``train`` and ``validation``, all that a detector is fitted on, are clean copies,
            without anomalies; ``test`` has them. ``"supervised"``: all three have anomalies, and labels to learn from.
            ``"unsupervised"``: the same rows; but the labels of the first two are not for the detector to see.
        start
            The first row of ``train``.
        dtype, threads
            As in `generate`.

        Returns
        -------
        Split
            The datasets ``train``, ``validation``, ``test``.

        Raises
        ------
        SpecError, SpecTypeError, OutOfMemoryError, UniquenessError, CallbackError
            As in `generate`.
        """
        one_of("learning", learning, ("semi-supervised", "supervised", "unsupervised"))
        first = whole("start", start)
        # All arguments before any work.
        places: list[tuple[int, int]] = []
        for name, rows in {"train": train, "validation": validation, "test": test}.items():
            size = whole(name, rows)
            places.append((row_range(first, size, path=name), size))
            self.source.check_rows(first, size)
            first += size
        columns = [self.source.allocate(size, dtype) for _, size in places]
        is_clean = learning == "semi-supervised"
        parts = [
            Dataset.filled(self.source, [place] if place[1] else [], filled, clean=clean, threads=threads)
            for place, filled, clean in zip(places, columns, (is_clean, is_clean, False), strict=True)
        ]
        return Split(*parts)

    def batches(
        self,
        rows: int,
        *,
        batch_rows: int = 1 << 20,
        start: int = 0,
        clean: bool = False,
        dtype: DTypeLike = np.float64,
        threads: int | None = None,
    ) -> Iterator[Dataset]:
        """Generate the rows of `generate` in batches: the memory of one batch at a time.

        Parameters
        ----------
        rows, start
            How many rows, and the first one.
        batch_rows
            Rows of a batch.
        clean
            Whether to leave the anomalies out, as `Dataset.clean` does.
        dtype, threads
            As in `generate`.

        Yields
        ------
        Dataset
            The next ``batch_rows`` rows; the last batch may have fewer.

        Raises
        ------
        SpecError, SpecTypeError
            At once, for arguments that break a rule.
        OutOfMemoryError, UniquenessError, CallbackError
            As in `generate`.
        """
        rows, size, clean = whole("rows", rows), whole("batch_rows", batch_rows, least=1), flag("clean", clean)
        start, dtype = row_range(start, rows), float_dtype(dtype)
        self.source.check_rows(start, rows)
        # What batches know of lower rows: uniqueness holds over the whole stream, and nothing is replayed.
        state = _core.FillState()
        places = ((start + done, min(size, rows - done)) for done in range(0, rows, size))
        return (
            Dataset.filled(
                self.source,
                [(first, length)],
                self.source.allocate(length, dtype),
                clean=clean,
                threads=threads,
                state=state,
            )
            for first, length in places
        )

    def write(
        self,
        path: str | Path,
        rows: int,
        *,
        start: int = 0,
        clean: bool = False,
        event_names: bool = False,
        labels: bool = False,
        events: bool = False,
        shards: int | None = None,
        part_rows: int | None = None,
        partition_by: Literal["year", "month", "day", "hour"] | None = None,
        part: int | None = None,
        batch_rows: int | None = None,
        dtype: DTypeLike = np.float64,
        compression: Literal["zstd"] | None = None,
        threads: int | None = None,
        overwrite: bool = False,
        progress: bool = False,
    ) -> None:
        """Generate rows into a .parquet, .arrow, .csv or .jsonl file, or a folder of them; each is whole or absent.

        Columns are ``t`` (row numbers, numbers, or timestamps in nanoseconds; ISO 8601 in text), the variables,
        ``is_anomaly`` (0 or 1) and ``event`` (-1 for none). Missing values are NaN, an empty field in CSV and null in
        JSON, which has no infinite numbers either. Parquet and Arrow files carry the spec (`from_parquet`). The bytes
        do not depend on ``threads``.

        Parameters
        ----------
        path
            The suffix says the format; text may be packed (``.csv.gz``, ``.jsonl.zst``). A URL like
            ``s3://bucket/plant.parquet`` is written through fsspec: a file is made on this machine and goes there when
            it is whole, so that others see the old object or the new one.
        rows, start
            How many rows, and the first one.
        clean
            Whether to leave the anomalies out, as `Dataset.clean` does.
        event_names
            Whether to add a column ``event_name``: a dictionary in Parquet and Arrow, nothing where there is no event.
        labels
            Whether to add the labels of each variable, as ``pressure_is_anomaly``: 1 where an event made the value, or
            a value that it refers to.
        events
            Whether to write a table of the events, too: ``plant.events.parquet`` beside ``plant.parquet``,
            ``_events.parquet`` in a folder. See `Dataset.event_table`. Severities are NaN where rows cannot be made
            again at will: those of functions, and of a `Uniqueness`.
        shards
            Into how many part files of nearly equal size: ``path`` is a folder then, of Parquet files unless its suffix
            says otherwise. A run that was killed goes on with the parts that are missing when it is asked again, and
            ends with the same bytes; `verify` checks them.
        part_rows
            Into part files of so many rows. Such a folder grows: asked for more rows, it keeps the parts that it has
            (but for the last one, if it is not full), and ends with the same bytes as one that is written at once.
        partition_by
            Into a folder for each year, month, day or hour (UTC), as Hive names them: ``year=2026/month=01``,
            ``date=2026-01-31/hour=08``. Needs times that are dates. Such a folder grows, too.
        part
            Only this one of the parts (from 0 on), for jobs on several machines; whoever finds all parts
            there writes the manifest.
        batch_rows
            Most rows of a row group (Parquet) or batch (Arrow), which end at multiples of it; by default as many as
            two million values. Memory: two of them for each thread, and two more.
        dtype
            Of the variables: float64, or float32 (the float64 values, rounded).
        compression
            "zstd" for Parquet. Noise hardly shrinks; ``t`` and labels take next to nothing anyway.
        threads
            1 to 1024; by default ``PARANOM_NUM_THREADS``, else one per processor.
        overwrite
            Whether to replace a file that is there, or all parts (not with ``part``).
        progress
            Whether to show a bar (needs tqdm).

        Raises
        ------
        SpecError, SpecTypeError
            For arguments that break a rule; with parts, for rows that depend on all lower ones (`Uniqueness`).
        AlreadyExistsError
            For a file that is there, or a folder of other rows, without ``overwrite``.
        FileExistsError
            For a folder of files that this package did not write.
        OSError
            For no room, no permission and the like; nothing is left behind.
        UniquenessError, CallbackError
            As in `generate`. With a `Uniqueness`, all rows below ``start`` are replayed.
        """
        from paranom_rs.files.format import Extras
        from paranom_rs.files.write import write_rows

        write_rows(
            self.source,
            path,
            rows,
            start=start,
            extras=Extras(clean=clean, event_names=event_names, labels=labels, events=events),
            shards=shards,
            part_rows=part_rows,
            partition_by=partition_by,
            part=part,
            batch_rows=batch_rows,
            dtype=dtype,
            compression=compression,
            threads=threads,
            overwrite=overwrite,
            progress=progress,
        )

    def write_timeeval(
        self,
        folder: str | Path,
        name: str,
        *,
        test: int,
        train: int = 0,
        collection: str = "paranom",
        learning: Literal["semi-supervised", "supervised", "unsupervised"] = "semi-supervised",
        start: int = 0,
        threads: int | None = None,
        overwrite: bool = False,
        progress: bool = False,
    ) -> None:
        """Generate rows into the layout that TimeEval and readers like it take: train and test files, and their index.

        The files ``{collection}/{name}.train.csv`` and ``.test.csv`` have the columns ``timestamp``, the variables and
        ``is_anomaly``. ``datasets.csv`` gets a line for the series; the lines of others stay.

        Parameters
        ----------
        folder
            The folder of all collections.
        name, collection
            What the series is called: letters, digits, ``_``, ``-`` and points.
        train, test
            How many rows; ``test`` follows on ``train``.
        learning
            As in `split`: for ``"semi-supervised"`` the training rows are without anomalies. ``"unsupervised"`` has no
            file to train on.
        start
            The first row.
        threads, overwrite, progress
            As in `write`.

        Raises
        ------
        SpecError, SpecTypeError
            For arguments that break a rule, or an index that is none.
        AlreadyExistsError
            For files that are there, without ``overwrite``.
        UniquenessError, CallbackError
            As in `generate`.
        """
        from paranom_rs.files.timeeval import write_timeeval

        write_timeeval(
            self.source,
            folder,
            name,
            train=train,
            test=test,
            collection=collection,
            learning=learning,
            start=start,
            threads=threads,
            overwrite=overwrite,
            progress=progress,
        )

    def audit(self, rows: int, *, start: int = 0, batch_rows: int = 1 << 18) -> Audit:
        """Audit rows as `Dataset.audit` does, in the memory of a batch.

        Parameters
        ----------
        rows, start
            How many rows, and the first one.
        batch_rows
            Rows that are looked at together.

        Returns
        -------
        Audit
            What was found.
        """
        from paranom_rs.evaluate.audit import audit_rows

        return audit_rows(self.source, rows, start=start, batch_rows=batch_rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Generator) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Generator.from_source, (self.source,))

    def _repr_html_(self) -> str:
        """Return what notebooks show: each variable with its rule and 1,000 rows of it, and the anomalies."""
        touched: dict[str, list[str]] = {name: [] for name in self.source.plan.all_names}
        for kind, variables in self.kinds:
            for name in variables:
                touched[name].append(kind)
        data = self._shown_rows()
        rows = []
        for name, variable in self.source.spec["variables"].items():
            drawn = (
                ""
                if data is None or name not in data
                else html.line(data.floats(name), data.labels[:, self.names.index(name)])
            )
            rows.append([name, drawn, _rule_text(variable), ", ".join(touched[name])])
        time = self.source.spec.get("time")
        clock = "" if time is None else f"time: {_clock_text(time)}; "
        note = f"{clock}seed {self.seed}, stream {self.stream}"
        return html.table(repr(self), ["variable", "", "rule", "anomalies"], rows, note)

    def _shown_rows(self) -> Dataset | None:
        """Return the first rows; None where that would call a function of the user's, or fail."""
        if not self.source.has_independent_rows:
            return None
        try:
            return self.generate(1000)
        except (SpecError, SpecTypeError):  # a recording that is shorter, and does not repeat
            return None

    def __repr__(self) -> str:
        kinds = ", ".join(name for name, _ in self.kinds)
        return f"Generator({', '.join(self.names)}; anomalies: {kinds or 'none'}; seed {self.seed})"


def _rule_text(variable: Mapping[str, Any]) -> str:
    """Return in a few words what a variable's normal rows are: ``sine + normal``, ``recorded``."""
    kind = str(variable.get("kind"))
    normal = variable.get("normal")
    if kind != "stochastic" or normal is None:
        return kind
    if not isinstance(normal, Mapping):
        return str(normal)
    between = {"sum": " + ", "product": " * "}.get(str(normal.get("kind")))
    if between is None:
        return str(normal.get("kind"))
    return between.join(str(x["kind"]) if isinstance(x, Mapping) else f"{x:g}" for x in normal["of"])


def _is_date(time: Mapping[str, Any]) -> bool:
    """Whether a spec's clock is written with dates, as people do."""
    return isinstance(time.get("start"), str | date | np.datetime64) and time.get("kind", "datetime") == "datetime"


def _clock_text(time: dict[str, Any]) -> str:
    """Return in a few words which times rows have."""
    written = for_people(time)
    return f"from {written['start']}, every {written['step']}"


def _part(path: str, value: Any, kind: type[Any]) -> dict[str, Any]:
    if not isinstance(value, kind):
        names = {
            Anomaly: "an Anomaly",
            Dropouts: "Dropouts",
            TimeIndex: "a TimeIndex",
            Uniqueness: "a Uniqueness",
        }
        wanted = names.get(kind, "a variable (Stochastic, Callback, Recorded)")
        raise SpecTypeError(path, f"must be {wanted}", shown(value))
    return _plain(path, value.to_spec)


def _plain(path: str, make: Callable[[], Any]) -> dict[str, Any]:
    try:
        spec: dict[str, Any] = make()
    except (SpecError, SpecTypeError) as error:
        raise error.under(path) from None
    except RecursionError:
        raise SpecError(path, "must not be nested so deep") from None
    return spec


def _checked(out: Mapping[str, NDArray[Any]], names: list[str], rows: int) -> dict[str, NDArray[Any]]:
    """Refuse arrays that cannot be filled."""
    if not isinstance(out, Mapping):
        raise SpecTypeError("out", "must be a dict of arrays", type(out).__name__)
    if set(out) != set(names):
        raise SpecError("out", f"must hold one array for each of {', '.join(names)}", ", ".join(map(str, out)))
    dtypes = set()
    for name, array in out.items():
        path = f"out[{name!r}]"
        if not isinstance(array, np.ndarray):
            raise SpecTypeError(path, "must be an array", type(array).__name__)
        if array.dtype not in (np.float64, np.float32):
            raise SpecTypeError(path, "must be float64 or float32", str(array.dtype))
        if array.shape != (rows,):
            raise SpecError(path, f"must have shape ({rows},)", str(array.shape))
        if not array.flags.c_contiguous:
            raise SpecError(path, "must be contiguous", f"strides {array.strides}")
        if not array.flags.aligned:
            raise SpecError(path, "must be aligned in memory")
        if not array.flags.writeable:
            raise SpecError(path, "must be writable")
        dtypes.add(array.dtype)
    if len(dtypes) > 1:
        raise SpecError("out", "must hold arrays of one dtype", ", ".join(sorted(map(str, dtypes))))
    arrays = [out[name] for name in names]
    for i, array in enumerate(arrays):
        if any(np.shares_memory(array, other) for other in arrays[:i]):
            raise SpecError(f"out[{names[i]!r}]", "must not share memory with another array")
    return {name: out[name] for name in names}


def _listed_anomalies(anomalies: Anomaly | Sequence[Anomaly]) -> list[dict[str, Any]]:
    """Return anomalies as plain values."""
    listed = [anomalies] if isinstance(anomalies, Anomaly) else anomalies
    if not isinstance(listed, Sequence):
        raise SpecTypeError("anomalies", "must be an Anomaly or a list of them", shown(anomalies))
    return [_part(f"anomalies[{i}]", x, Anomaly) for i, x in enumerate(listed)]
