"""The layout that TimeEval reads: a file to train on, one to test on, and an index of both."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.atomic import whole_file, write_text
from paranom_rs._internal.checks import file_path, flag, one_of, row_range, shown, whole
from paranom_rs._internal.progress import Progress
from paranom_rs._internal.text_files import read_text
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.files.format import Extras, FilePlan, find_format
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.row_source import RowSource

__all__ = ["write_timeeval"]

INDEX = "datasets.csv"
#: The columns of the index (Wenig, Schmidl, Papenbrock, "TimeEval: A Benchmarking Toolkit for Time Series Anomaly
#: Detection Algorithms", 2022).
_COLUMNS = [
    *("collection_name", "dataset_name", "train_path", "test_path", "dataset_type", "datetime_index", "split_at"),
    *("train_type", "train_is_normal", "input_type", "length", "dimensions", "contamination", "num_anomalies"),
    *("min_anomaly_length", "median_anomaly_length", "max_anomaly_length", "mean", "stddev", "trend", "stationarity"),
    "period_size",
]
_NAME = re.compile(r"[\w.-]+")
#: Rows whose mean and deviation are added up at once.
_ROWS = 1 << 18


def write_timeeval(
    source: RowSource,
    folder: str | Path,
    name: str,
    *,
    train: int,
    test: int,
    collection: str,
    learning: str,
    start: int,
    threads: int | None,
    overwrite: bool,
    progress: bool,
) -> None:
    """Write the files of a series, and its line of the index; see `Generator.write_timeeval`."""
    home = file_path(folder)
    one_of("learning", learning, ("semi-supervised", "supervised", "unsupervised"))
    for path, text in (("name", name), ("collection", collection)):
        if not isinstance(text, str):
            raise SpecTypeError(path, "must be a text", shown(text))
        if not _NAME.fullmatch(text) or text.strip(".") == "":
            raise SpecError(path, "must be letters, digits, _, - and points", shown(text))
    train, test = whole("train", train), whole("test", test, least=1)
    if (learning == "unsupervised") != (train == 0):
        rule = "must be 0 for unsupervised learning, which has no file to train on, and more for the others"
        raise SpecError("train", rule, str(train))
    first = row_range(start, train + test)
    source.check_rows(first, train + test)
    overwrite = flag("overwrite", overwrite)
    entries = _read_index(home / INDEX)
    rows = {"train": (first, train), "test": (first + train, test)}
    (home / collection).mkdir(parents=True, exist_ok=True)
    paths = {part: f"{collection}/{name}.{part}.csv" for part, (_, size) in rows.items() if size}
    for part, path in paths.items():
        extras = Extras(clean=part == "train" and learning == "semi-supervised")
        begin, size = rows[part]
        plan = FilePlan.of(
            find_format(path), size, start=begin, batch_rows=None, dtype=np.float64, compression=None,
            threads=threads, extras=extras,
        )  # fmt: skip
        with whole_file(home / path, overwrite=overwrite) as temporary, Progress(size, shown=progress) as step:
            plan.write(source, temporary, step, timeeval=True)
    entry = {
        "collection_name": collection,
        "dataset_name": name,
        **{f"{part}_path": path for part, path in paths.items()},
        "dataset_type": "synthetic",
        "datetime_index": source.has_dates,
        "train_type": learning,
        "train_is_normal": learning == "semi-supervised",
        "input_type": "univariate" if len(source.names) == 1 else "multivariate",
        **_facts(source, *rows["test"]),
    }
    entries[collection, name] = {column: str(entry.get(column, "")) for column in _COLUMNS}
    index = io.StringIO()
    writer = csv.DictWriter(index, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(entries.values())
    write_text(home / INDEX, index.getvalue())


def _read_index(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return the lines of an index by collection and name; none where there is no index."""
    if not path.exists():
        return {}
    reader = csv.DictReader(io.StringIO(read_text(path)))
    lines = list(reader)
    if reader.fieldnames != _COLUMNS or any(None in line or None in line.values() for line in lines):
        raise SpecError(path, f"must be an index with the columns {','.join(_COLUMNS)}")
    return {(line["collection_name"], line["dataset_name"]): line for line in lines}


def _facts(source: RowSource, start: int, rows: int) -> dict[str, Any]:
    """Return what an index says of the rows to test on."""
    starts, stops, _ = source.plan.anomalous(start, rows)
    low, high = np.maximum(starts, np.uint64(start)), np.minimum(stops, np.uint64(start + rows))
    lengths = (high - low).astype(np.int64)
    mean, deviation = _moments(source, start, rows)
    return {
        "length": rows,
        "dimensions": len(source.names),
        "contamination": float(lengths.sum()) / rows,
        "num_anomalies": len(lengths),
        "min_anomaly_length": lengths.min(initial=rows) if len(lengths) else 0,
        "median_anomaly_length": int(np.median(lengths)) if len(lengths) else 0,
        "max_anomaly_length": lengths.max(initial=0),
        "mean": float(mean.mean()),
        "stddev": float(deviation.mean()),
    }


def _moments(source: RowSource, start: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the standard deviation of each variable; infinite and missing values are left out."""
    count, total, squares = np.zeros((3, len(source.names)))
    for done in range(0, rows, _ROWS):
        size = min(_ROWS, rows - done)
        data = Dataset.filled(source, [(start + done, size)], source.allocate(size, np.float64))
        x = np.where(np.isfinite(data.X), data.X, np.nan)
        held = np.isfinite(x).sum(axis=0)
        here = np.where(held > 0, np.nansum(x, axis=0) / np.maximum(held, 1), 0.0)
        # The sums of parts are put together so that large means do not cancel (Chan, Golub, LeVeque, 1983).
        whole_count = np.maximum(count + held, 1)
        before = np.where(count > 0, total / np.maximum(count, 1), 0.0)
        squares += np.nansum((x - here) ** 2, axis=0) + (here - before) ** 2 * count * held / whole_count
        total += np.nansum(x, axis=0)
        count += held
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean, np.where(count > 0, np.sqrt(squares / np.maximum(count, 1)), np.nan)
