"""Scored rows as lines of CSV or JSON, or as a Parquet file; and alarms, a line for each."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.frames import Frame
from paranom_rs._internal.optional import require
from paranom_rs.cli.verdicts import Verdicts
from paranom_rs.errors import SpecError

__all__ = ["Alarms", "Writer", "lines_to", "rows_of", "written_to"]

#: Columns of what is written, beside the time, and their types in Parquet.
_OWN = {
    "row": "int64",
    "process": "string",
    "score": "float64",
    "is_anomaly": "int8",
    "alarm": "int8",
    "channel": "string",
    "label": "int8",
}


class Writer(Protocol):
    """Takes rows of a table: a dict from column to value for each."""

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Write rows."""


class _Csv:
    def __init__(self, file: TextIO) -> None:
        self._lines = csv.writer(file, lineterminator="\n")
        self._columns: list[str] | None = None

    def write(self, rows: list[dict[str, Any]]) -> None:
        if self._columns is None and rows:
            self._columns = list(rows[0])
            self._lines.writerow(self._columns)
        self._lines.writerows(["" if x is None else x for x in row.values()] for row in rows)


class _JsonLines:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, rows: list[dict[str, Any]]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class _Parquet:
    """Rows of one schema: that of the first ones, and text where these hold nothing."""

    def __init__(self, path: Path) -> None:
        self._pa = require("pyarrow", "parquet", "writing Parquet")
        self._path = path
        self._file: Any = None

    def write(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        fields = [(name, self._pa.type_for_alias(_OWN.get(name, "string"))) for name in rows[0]]
        table = self._pa.Table.from_pylist(rows, self._pa.schema(fields))
        if self._file is None:
            self._file = require("pyarrow.parquet", "parquet", "writing Parquet").ParquetWriter(
                self._path, table.schema
            )
        self._file.write_table(table)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def rows_of(frame: Frame, found: Verdicts, channels: list[str], first: int) -> list[dict[str, Any]]:
    """Return scored rows as dicts: number, time, process, score, flags, the channel with the largest share, label."""
    time = None if frame.times is None else _free_name(frame.time_name or "time")
    texts = frame.time_texts()
    most = np.argmax(np.nan_to_num(found.contributions), axis=1).tolist()
    scores, flags, alarms = found.score.tolist(), found.is_anomaly.tolist(), found.alarm.tolist()
    rows = []
    for i, score in enumerate(scores):
        row: dict[str, Any] = {"row": first + i}
        if time is not None:
            row[time] = texts[i]
        if frame.keys is not None:
            row["process"] = frame.keys[i]
        is_scored = score == score
        row |= {"score": score if is_scored else None, "is_anomaly": int(flags[i]), "alarm": int(alarms[i])}
        row["channel"] = channels[most[i]] if is_scored else None
        if frame.labels is not None:
            row["label"] = int(frame.labels[i])
        rows.append(row)
    return rows


def _free_name(name: str) -> str:
    return name if name not in _OWN else f"time_{name}"


class Alarms:
    """Alarms of rows that come part by part; a line for each when it is over."""

    def __init__(self, channels: list[str]) -> None:
        self._channels = channels
        self._open: dict[str | None, dict[str, Any]] = {}
        self.count = 0
        self.rows = 0

    def add(self, frame: Frame, found: Verdicts, first: int) -> list[dict[str, Any]]:
        """Take the next rows; return the alarms that have ended."""
        self.rows += int(found.alarm.sum())
        texts = frame.time_texts() if found.alarm.any() else []
        ended = []
        keys = np.array(frame.keys) if frame.keys is not None else None
        for key in [None] if keys is None else dict.fromkeys(frame.keys or ()):
            at = np.arange(len(frame)) if keys is None else np.flatnonzero(keys == key)
            runs = runs_of_ones(found.alarm[at]).tolist()
            if key in self._open and (not runs or runs[0][0] > 0) and len(at):
                ended.append(self._closed(key))
            for start, stop in runs:
                self._extend(key, at[start:stop], found, texts, first, frame.time_name or "time")
                if stop < len(at):
                    ended.append(self._closed(key))
        return ended

    def end(self) -> list[dict[str, Any]]:
        """Return the alarms that last to the last row."""
        return [self._closed(key) for key in list(self._open)]

    def _extend(self, key: str | None, at: Any, found: Verdicts, texts: list[str], first: int, time: str) -> None:
        alarm = self._open.get(key)
        if alarm is None:
            self.count += 1
            alarm = self._open[key] = {"alarm": self.count, "row": first + int(at[0]), "last": 0}
            if texts:
                alarm |= {"from": texts[at[0]], "to": ""}
            if key is not None:
                alarm["process"] = key
            alarm |= {"score": -np.inf, "share": 0}
        alarm["last"] = first + int(at[-1])
        if texts:
            alarm["to"] = texts[at[-1]]
        alarm["score"] = max(alarm["score"], float(np.nanmax(found.score[at], initial=-np.inf)))
        alarm["share"] = alarm["share"] + np.nansum(found.contributions[at], axis=0)

    def _closed(self, key: str | None) -> dict[str, Any]:
        alarm = self._open.pop(key)
        share = alarm.pop("share")
        alarm["score"] = float(f"{alarm['score']:.6g}")
        share = share / max(share.sum(), 1e-300)
        order = np.argsort(-share, kind="stable")
        # The channels that make up most of it.
        blamed = order[: int(np.searchsorted(np.cumsum(share[order]), 0.8)) + 1][:3]
        alarm["channels"] = " ".join(f"{self._channels[j]}:{share[j]:.0%}" for j in blamed)
        return alarm


def lines_to(file: TextIO, form: str) -> Writer:
    """Return what writes lines of CSV or JSON."""
    return _Csv(file) if form == "csv" else _JsonLines(file)


@contextmanager
def written_to(path: Path) -> Iterator[Writer]:
    """Write a .csv, .jsonl or .parquet file; it appears whole or not at all."""
    if path.suffix not in (".csv", ".jsonl", ".parquet"):
        raise SpecError("out", "must end in .csv, .jsonl or .parquet", repr(str(path)))
    with whole_file(path, overwrite=True) as temporary:
        if path.suffix == ".parquet":
            parquet = _Parquet(temporary)
            yield parquet
            parquet.close()
            return
        with temporary.open("w", encoding="utf-8", newline="") as file:
            yield lines_to(file, path.suffix[1:])
