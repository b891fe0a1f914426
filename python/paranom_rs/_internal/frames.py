"""What users hand in as data, read once: values, names of channels, times; and results given back in its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import columns
from paranom_rs._internal.checks import Flags, Floats, finite, numbers
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs._internal.optional import require
from paranom_rs._internal.times import first_step_back, time_texts
from paranom_rs.errors import SpecError

__all__ = ["Frame"]


@dataclass(frozen=True, eq=False)
class Frame(KnownKeywords):
    """Rows of channels, whatever they were handed in as.

    Attributes
    ----------
    values
        (n, d), float64, C-contiguous. What is missing is NaN; infinities are as given.
    names
        The channels' names; None where they have none.
    times
        (n,), the time of each row: datetime64[ns] (in UTC if there is a ``zone``), int64 or float64; or None.
    zone
        The time zone: "UTC", an offset like "+02:00", a name like "Europe/Berlin"; or None.
    time_name
        The name of the column of times; None for an index without a name.
    labels
        (n,), bool, True where the row is anomalous; or None.
    keys
        The process of each row, or None.
    library
        The library whose table it was: "pandas", "polars", "pyarrow"; or None.
    index
        The index of pandas, or None.

    Examples
    --------
    >>> import pandas as pd
    >>> from paranom_rs import read_table
    >>> times = ["2026-01-01 00:00", "2026-01-01 00:01"]
    >>> pd.DataFrame({"time": times, "flow": [1.5, 2.5]}).to_csv("pump.csv", index=False)
    >>> frame = read_table("pump.csv")
    >>> frame.names, frame.values.tolist(), frame.time_texts()[1]
    (['flow'], [[1.5], [2.5]], '2026-01-01 00:01:00')
    """

    values: Floats
    names: list[str] | None = None
    times: NDArray[Any] | None = None
    zone: str | None = None
    time_name: str | None = None
    labels: Flags | None = None
    keys: list[str] | None = None
    library: str | None = None
    index: Any = None

    @classmethod
    def of(cls, path: str, X: Any) -> Self:
        """Read an array, a list, a table or a column of pandas, polars or Arrow, or whatever exports Arrow.

        The index of pandas is kept; an index of dates gives the times. Without one, a column of dates does: the only
        one. All other columns are channels.

        Parameters
        ----------
        path
            What errors call it.
        X
            (n,) or (n, d). A `Dataset` of the generator gives its labels, too.

        Raises
        ------
        SpecError, SpecTypeError
            For another shape, two columns of one name or of dates, or what holds no numbers.
        """
        if isinstance(X, cls):
            return X
        if hasattr(X, "__paranom_frame__"):
            frame: Self = X.__paranom_frame__()
            return frame
        library = columns.library(X)
        if library is None and hasattr(X, "__arrow_c_stream__"):
            X, library = require("pyarrow", "parquet", "reading Arrow").table(X), "pyarrow"
        if library is None:
            return cls(matrix(path, X))
        index = X.index if library == "pandas" else None
        found = None if index is None else columns.pandas_datetimes(index)
        name = None if index is None or index.name is None else str(index.name)
        if not columns.is_table(X):
            label = getattr(X, "name", None)
            own = [str(label)] if label not in (None, "") else None
            times, zone = found or (None, None)
            return cls(matrix(path, X), own, times, zone, name, library=library, index=index)
        given = columns.channels(path, X)
        kept = {label for label, _ in given}
        for label, column in columns.columns(X):
            if label not in kept:
                name, found = str(label), columns.datetimes(column)
        names = columns.table_names(path, [label for label, _ in given])
        values = np.empty((len(X), len(given)))
        for j, (label, column) in enumerate(given):
            values[:, j] = columns.floats(f"{path}[{str(label)!r}]", column)
        if not given:
            raise SpecError(path, "must have a column of numbers", f"{X.shape[1]} columns")
        times, zone = found or (None, None)
        return cls(values, names, times, zone, name, library=library, index=index)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> Frame:
        """Return rows, as a view."""

        return self._part(rows, lambda x: x[rows])

    def take(self, rows: NDArray[np.int64]) -> Frame:
        """Return the rows at some positions, in their order."""

        return self._part(rows, lambda x: [x[i] for i in rows] if isinstance(x, list) else x[rows])

    def _part(self, rows: Any, pick: Callable[[Any], Any]) -> Frame:
        beside = ("times", "labels", "keys", "index")
        picked = {name: None if (x := getattr(self, name)) is None else pick(x) for name in beside}
        return replace(self, values=self.values[rows], **picked)

    def finite(self, path: str, features: int | None = None) -> Floats:
        """Return the values, or SpecError where one is infinite, or where there are not ``features`` channels."""
        return finite(path, self.values, features)

    def time_texts(self) -> list[str]:
        """Return the time of each row as text; no texts without times."""
        return [] if self.times is None else time_texts(self.times, self.zone)

    def check_order(self, path: str) -> None:
        """Raise SpecError where time goes back from one row to the next; equal times pass."""
        back = None if self.times is None else first_step_back(self.times)
        if back is not None:
            after, before = self[back : back + 1].time_texts()[0], self[back - 1 : back].time_texts()[0]
            raise SpecError(f"{path}[{back}]", f"must not be before the row above it, {before}", after)

    def wrap(
        self, values: ArrayLike, name: str = "score", *, names: Sequence[str] | None = None, rows: Any = None
    ) -> Any:
        """Give results back as the rows came: with the index of pandas, as a Series of polars, as an Arrow array.

        Parameters
        ----------
        values
            (n,), a result for each row; or (n, k).
        name
            What (n,) is called.
        names
            What the columns of (n, k) are called; by default as the channels are, if k is d.
        rows
            Which rows of the frame the results are for: a slice or positions. By default all.

        Returns
        -------
        pandas.Series, pandas.DataFrame, polars.Series, polars.DataFrame, pyarrow.Array, pyarrow.Table, numpy.ndarray
            An array where arrays, lists or files came in.
        """
        array = np.asarray(values)
        if self.library is None:
            return array
        if array.ndim == 2 and names is None:
            same = self.names is not None and len(self.names) == array.shape[1]
            names = self.names if same else [str(j) for j in range(array.shape[1])]
        if self.library == "pandas":
            return self._wrap_pandas(array, name, names, rows)
        lib = require(self.library, "parquet", "giving results back")
        if self.library == "polars":
            return lib.Series(name, array) if array.ndim == 1 else lib.DataFrame(array, schema=list(names or ()))
        if array.ndim == 1:
            return lib.array(array)
        return lib.table([lib.array(np.ascontiguousarray(x)) for x in array.T], names=list(names or ()))

    def _wrap_pandas(self, array: NDArray[Any], name: str, names: Sequence[str] | None, rows: Any) -> Any:
        import pandas as pd

        index = self.index if rows is None else self.index[rows]
        if len(index) != len(array):
            raise SpecError("values", f"must have a result for each of {len(index)} rows", str(len(array)))
        if array.ndim == 1:
            return pd.Series(array, index=index, name=name)
        return pd.DataFrame(array, index=index, columns=list(names or ()))


def give_back(X: Any, values: NDArray[Any], name: str) -> Any:
    """Return results for the rows of ``X`` as `Frame.wrap` does, without reading ``X`` again."""
    library = columns.library(X)
    if library is None:
        return values
    return Frame(values, library=library, index=X.index if library == "pandas" else None).wrap(values, name)


def matrix(path: str, X: Any) -> Floats:
    """Return numbers as C-contiguous float64 (n, d); (n,) becomes (n, 1). What is masked or missing is NaN."""
    array = np.ascontiguousarray(numbers(path, X), dtype=np.float64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.shape[1]:
        raise SpecError(path, "must have shape (n,) or (n, d)", f"shape {array.shape}")
    return array
