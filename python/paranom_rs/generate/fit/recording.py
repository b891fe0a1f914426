"""What is learnt from: the rows of a recording, which of them are normal, and when they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.fit.states import coded_states
from paranom_rs.generate.fit.texts import text_columns

__all__ = ["Recording", "read_recording"]

#: Fewer normal rows than this say too little.
LEAST_ROWS = 64
#: Of so many rows, one may be before the row above (and one more): a clock that was set back. Else rows are sorted.
ROWS_PER_STEP_BACK = 100


@dataclass(frozen=True, eq=False)
class Recording:
    """Rows to learn from.

    Attributes
    ----------
    values
        (n, d), float64; what is missing is NaN.
    names
        The channels' names.
    normal
        (n,), bool: the rows that are not labelled as anomalous.
    times
        (n,), datetime64[ns], int64 or float64; or None.
    states
        Of channels that hold texts: the texts, by the numbers that stand for them.
    notes
        What was done about times that go back.
    """

    values: Floats
    names: list[str]
    normal: Flags
    times: NDArray[Any] | None
    states: dict[str, list[str]]
    notes: list[str]

    def __len__(self) -> int:
        return len(self.values)

    def runs(self, breaks: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Return the runs of normal rows without a break before any but the first: ``(start, stop)``."""
        whole = [(int(a), int(b)) for a, b in runs_of_ones(self.normal)]
        cut: list[tuple[int, int]] = []
        for start, stop in whole:
            inside = breaks[(breaks > start) & (breaks < stop)]
            ends = [start, *(int(row) for row in inside), stop]
            cut += list(pairwise(ends))
        return cut


def read_recording(recording: Any, labels: str | ArrayLike | None, time: str | None) -> Recording:
    """Read a recording: an array, a table of pandas, polars or Arrow, or the path of a CSV, Parquet or Arrow file.

    Raises
    ------
    SpecError, SpecTypeError
        For what holds no numbers, too few normal rows, or infinite values.
    """
    states: dict[str, list[str]] = {}
    left_out: list[str] = []
    if isinstance(recording, str | Path):
        from paranom_rs.files.layout import NO_CHANNELS
        from paranom_rs.files.tables import read_table

        frame = read_table(recording, time=time, label=labels if isinstance(labels, str) else None, order="keep")
        known = {*(frame.names or []), frame.time_name or "", labels if isinstance(labels, str) else "", *NO_CHANNELS}
        columns, left_out = text_columns(Path(recording), known)
        for name, (codes, texts) in columns.items():
            if len(codes) == len(frame):
                states[name] = texts
                values = np.concatenate([frame.values, codes[:, None]], axis=1)
                frame = replace(frame, values=values, names=[*(frame.names or []), name])
        labels = None if isinstance(labels, str) else labels
    else:
        recording, states = coded_states(recording, time)
        frame = Frame.of("recording", recording)
        if time is not None:
            frame = _with_time(frame, time)
        if isinstance(labels, str):
            frame, labels = _with_label(frame, labels), None
    frame.finite("recording")
    rows, channels = frame.values.shape
    flags = frame.labels if labels is None else _flags(labels, rows)
    frame, flags, notes = _in_order(frame, flags)
    notes = left_out + notes
    normal = np.ones(rows, bool) if flags is None else ~flags
    if int(normal.sum()) < LEAST_ROWS:
        what = f"{rows} rows" if normal.all() else f"{int(normal.sum())} normal ones of {rows}"
        raise SpecError("recording", f"must have at least {LEAST_ROWS} normal rows", what)
    if np.isnan(frame.values).all():
        raise SpecError("recording", "must have values that are not missing", f"none in {rows} rows")
    names = frame.names or [f"x{j}" for j in range(channels)]
    return Recording(frame.values, names, normal, frame.times, states, notes)


def _in_order(frame: Frame, flags: Flags | None) -> tuple[Frame, Flags | None, list[str]]:
    """Return rows in the order in which they were, and what was done: rows in any order are sorted by time.

    Few steps back are those of a clock that was set back: rows stay as they stand.
    """
    times = frame.times
    if times is None:
        return frame, flags, []
    back = np.flatnonzero(times[1:] < times[:-1]) + 1
    if not len(back):
        return frame, flags, []
    first = int(back[0])
    after, before = frame[first : first + 1].time_texts()[0], frame[first - 1 : first].time_texts()[0]
    what = f"the time goes back in {len(back)} rows, first from {before} to {after} in row {first}"
    if len(back) <= 1 + len(frame) // ROWS_PER_STEP_BACK:
        return frame, flags, [f"{what}: rows stay as they stand"]
    order = np.argsort(times, kind="stable")
    return frame.take(order), None if flags is None else flags[order], [f"{what}: rows were sorted by time"]


def _with_time(frame: Frame, time: str) -> Frame:
    """Take the column of times out of the channels, if it is one of them."""
    if frame.time_name == time:
        return frame
    if frame.names is None or time not in frame.names:
        raise SpecError("time", f"must be a column: {', '.join(frame.names or []) or 'none has a name'}", repr(time))
    place = frame.names.index(time)
    return replace(_without(frame, place), times=frame.values[:, place], time_name=time)


def _with_label(frame: Frame, label: str) -> Frame:
    if frame.names is None or label not in frame.names:
        raise SpecError("labels", f"must be a column: {', '.join(frame.names or []) or 'none has a name'}", repr(label))
    place = frame.names.index(label)
    return replace(_without(frame, place), labels=_flags(frame.values[:, place], len(frame)))


def _without(frame: Frame, place: int) -> Frame:
    names = [name for j, name in enumerate(frame.names or []) if j != place]
    if not names:
        raise SpecError("recording", "must have a channel beside the times and the labels")
    return replace(frame, values=np.ascontiguousarray(np.delete(frame.values, place, axis=1)), names=names)


def _flags(labels: Any, rows: int) -> Flags:
    """Return labels as flags; from 0/1 for each row, or from pairs ``(start, stop)``."""
    try:
        array = np.asarray(labels)
    except ValueError:
        array = np.empty(0, object)
    if array.ndim == 2 and array.shape[1] == 2 and rows != 2:
        flags = np.zeros(rows, bool)
        for i, (start, stop) in enumerate(array.tolist()):
            if not 0 <= start < stop <= rows:
                raise SpecError(f"labels[{i}]", f"must be a run of rows below {rows}", repr((start, stop)))
            flags[int(start) : int(stop)] = True
        return flags
    if array.shape != (rows,):
        raise SpecError("labels", f"must be one 0 or 1 for each of the {rows} rows, or pairs", f"shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise SpecTypeError("labels", "must be 0 or 1", str(array.dtype))
    wrong = np.flatnonzero(~np.isin(array, (0, 1)))
    if len(wrong):
        raise SpecError(f"labels[{wrong[0]}]", "must be 0 or 1", str(array[wrong[0]]))
    return array.astype(bool)
