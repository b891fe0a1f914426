"""The table that recordings came in: its index, time zone and dtypes, for frames that are given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import checks, columns
from paranom_rs._internal.frames import Frame
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.recordings import Recorded
from paranom_rs.generate.rule import Part
from paranom_rs.generate.time_index import TimeIndex

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SourceTable", "recordings_of"]


@dataclass(frozen=True, eq=False)
class SourceTable:
    """What a table of recordings had beside its values.

    Attributes
    ----------
    rows
        How many.
    index
        The index of pandas, or None.
    times, zone, time_name
        As in `Frame`.
    dtypes
        The columns' dtypes of pandas by name; none for other tables.
    """

    rows: int
    index: Any
    times: NDArray[Any] | None
    zone: str | None
    time_name: str | None
    dtypes: dict[str, Any]

    def restored(self, name: str, values: NDArray[Any]) -> Any:
        """Return values in the column's own dtype, where that changes none of them."""
        import pandas as pd

        dtype = self.dtypes.get(name)
        if dtype is None or getattr(dtype, "kind", "O") not in "biuf":
            return values
        try:
            with np.errstate(invalid="ignore"):
                own = pd.Series(values).astype(dtype)
            same = np.array_equal(own.to_numpy(np.float64, na_value=np.nan), values, equal_nan=True)
        except (TypeError, ValueError):
            return values
        return own.array if same else values

    def index_of(self, row: NDArray[np.uint64], default: pd.Index) -> pd.Index:
        """Return the index of rows: the table's own; the generator's times, in its zone, where the table has ended."""
        import pandas as pd

        is_inside = not len(row) or int(row.max()) < self.rows
        if is_inside and self.index is not None:
            return self.index[row.astype(np.int64)]
        found: Any = default
        if is_inside and self.times is not None:
            found = pd.Index(self.times[row.astype(np.int64)])
        if self.zone is not None and found.dtype.kind == "M":
            found = found.tz_localize("UTC").tz_convert(self.zone)
        return found.rename(self.time_name)


def recordings_of(
    X: Any, labels: Any, anomalous: Any, *, repeat: bool, missing: Dropouts | None
) -> tuple[dict[str, Part], TimeIndex | None, SourceTable]:
    """Return a recording for each column of a frame, its clock if the times are evenly spaced, and what else it had."""
    X, flags = _without_labels(X, labels)
    frame = Frame.of("X", X)
    if flags is None and frame.labels is not None and frame.labels.any():
        flags = frame.labels
    names = frame.names or [f"channel_{j}" for j in range(frame.values.shape[1])]
    rules = anomalous if isinstance(anomalous, Mapping) else dict.fromkeys(names, anomalous)
    unknown = next((name for name in rules if name not in names), None)
    if unknown is not None:
        raise SpecError("anomalous", f"must be of columns among {', '.join(names)}", checks.shown(unknown))
    variables: dict[str, Part] = {
        name: Recorded(frame.values[:, j], rules.get(name), labels=flags, repeat=repeat, missing=missing)
        for j, name in enumerate(names)
    }
    clock = None
    if frame.times is not None:
        try:
            clock = TimeIndex(frame.times)
        except SpecError:
            clock = None  # uneven: the index is given back all the same, for the recording's own rows
    dtypes = {}
    if frame.library == "pandas" and columns.is_table(X):
        dtypes = {str(name): X.dtypes.iloc[j] for j, name in enumerate(X.columns)}
    return variables, clock, SourceTable(len(frame), frame.index, frame.times, frame.zone, frame.time_name, dtypes)


def _without_labels(X: Any, labels: Any) -> tuple[Any, Any]:
    """Return the table without its column of labels, and the labels."""
    if not isinstance(labels, str):
        is_pairs = isinstance(labels, Sequence) and bool(labels) and np.ndim(labels[0]) == 1
        return X, labels if labels is None or is_pairs else checks.labels("labels", labels)
    library = columns.library(X)
    if library is None or not columns.is_table(X):
        raise SpecTypeError("labels", "must be labels, or a column of a table", checks.shown(labels))
    given = {str(name): column for name, column in columns.columns(X)}
    if labels not in given:
        raise SpecError("labels", f"must be one of {', '.join(given)}", checks.shown(labels))
    flags = checks.labels(f"X[{labels!r}]", given[labels])
    if library == "pandas":
        return X.drop(columns=labels), flags
    return X.select([name for name in given if name != labels]), flags
