"""Columns of pandas, polars and Arrow tables: their names, their values as floats, their times."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.zones import name_of
from paranom_rs.errors import SpecError, SpecTypeError


def column_names(path: str, X: Any) -> list[str] | None:
    """Return the names of a table's channels; None if it is no table, or numbers its columns from 0 on."""
    kind = library(X)
    if kind is None or not is_table(X):
        return None
    return table_names(path, [name for name, _ in channels(path, X)])


def table_names(path: str, labels: list[Any]) -> list[str] | None:
    """Return the labels of a table's columns as different names; None where they number the columns from 0 on."""
    if labels == list(range(len(labels))):
        return None
    names = [str(label) for label in labels]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise SpecError(f"{path}.columns", "must be different names", repr(twice))
    return names


def as_array(path: str, X: Any) -> Any:
    """Return the float64 values of a column, or of a table's channels, what is missing as NaN; else what was given."""
    if library(X) is None:
        return X
    if not is_table(X):
        return floats(path, X)
    given = channels(path, X)
    out = np.empty((len(X), len(given)))
    for j, (name, column) in enumerate(given):
        out[:, j] = floats(f"{path}[{str(name)!r}]", column)
    return out


def channels(path: str, X: Any) -> list[tuple[Any, Any]]:
    """Return the labels and columns of a table, but for its column of dates: the only one, beside no index of dates."""
    given = columns(X)
    dated = [label for label, column in given if datetimes(column) is not None]
    if not dated:
        return given
    if len(dated) > 1 or (library(X) == "pandas" and pandas_datetimes(X.index) is not None):
        rule = "must be numbers; one column of dates can be the time, and an index of dates can"
        raise SpecTypeError(f"{path}.columns", rule, ", ".join(repr(str(label)) for label in dated))
    return [(label, column) for label, column in given if label != dated[0]]


def library(X: Any) -> str | None:
    """Return the library whose table or column it is: pandas, polars or pyarrow."""
    for base in type(X).__mro__:
        name = base.__module__.partition(".")[0]
        if name in ("pandas", "polars", "pyarrow") and base.__name__ in _KINDS:
            return name
    return None


_TABLES = {"DataFrame", "Table", "RecordBatch"}
_KINDS = _TABLES | {"Series", "Array", "ChunkedArray"}


def is_table(X: Any) -> bool:
    """Return whether a library's object has columns; what has none is one."""
    return any(base.__name__ in _TABLES for base in type(X).__mro__)


def columns(X: Any) -> list[tuple[Any, Any]]:
    """Return the labels and the columns of a table."""
    kind = library(X)
    if kind == "pandas":
        return [(name, X.iloc[:, j]) for j, name in enumerate(X.columns)]
    if kind == "polars":
        return list(zip(X.columns, X.get_columns(), strict=True))
    return list(zip(X.schema.names, X.columns, strict=True))


def floats(path: str, column: Any) -> NDArray[np.float64]:
    """Return the values of a library's column as float64, what is missing as NaN."""
    read = {"pandas": _pandas_floats, "polars": _polars_floats, "pyarrow": _arrow_floats}[str(library(column))]
    return read(path, column)


def object_floats(path: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return an array of Python objects as float64: numbers and flags, None and what pandas calls missing as NaN."""
    flat = [np.nan if _is_missing(x) else x for x in values.ravel().tolist()]
    wrong = next((x for x in flat if isinstance(x, str | bytes | complex) or not hasattr(x, "__float__")), None)
    if wrong is not None:
        raise SpecTypeError(path, "must hold real numbers", f"{type(wrong).__name__} {str(wrong)[:60]!r}")
    return np.array([float(x) for x in flat], np.float64).reshape(values.shape)


def _is_missing(x: Any) -> bool:
    return x is None or type(x).__name__ in ("NAType", "NaTType")


def datetimes(column: Any) -> tuple[NDArray[np.datetime64], str | None] | None:
    """Return a column of dates and times as datetime64[ns], in UTC where it has a time zone, and the zone.

    None where the column holds something else. What is missing is NaT.
    """
    kind = library(column)
    if kind == "pandas":
        return pandas_datetimes(column)
    if kind == "polars":
        import polars as pl

        if column.dtype.base_type() not in (pl.Date, pl.Datetime):
            return None
        zone = getattr(column.dtype, "time_zone", None)
        return column.cast(pl.Datetime("ns")).to_numpy().astype("datetime64[ns]"), zone
    if kind == "pyarrow":
        import pyarrow as pa

        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            return None
        zone = getattr(column.type, "tz", None)
        whole = column.cast(pa.timestamp("ns", zone))
        return whole.to_numpy(zero_copy_only=False).astype("datetime64[ns]"), zone
    return None


def pandas_datetimes(column: Any) -> tuple[NDArray[np.datetime64], str | None] | None:
    """Return the times of a Series or of an index, as `datetimes` does."""
    dtype = column.dtype
    if type(dtype).__name__ == "PeriodDtype":
        start = column.dt.start_time if is_series(column) else column.start_time
        return start.to_numpy("datetime64[ns]"), None
    if getattr(dtype, "kind", "") != "M":
        return None
    if type(dtype).__name__ == "ArrowDtype":
        import pyarrow as pa

        return datetimes(pa.array(column.array))
    zone = getattr(dtype, "tz", None)
    if zone is not None:
        column = (column.dt if is_series(column) else column).tz_convert("UTC")
        column = (column.dt if is_series(column) else column).tz_localize(None)
    return column.to_numpy("datetime64[ns]"), None if zone is None else _zone_text(zone)


def _zone_text(zone: tzinfo) -> str:
    """Return the name of a zone of pandas, or its offset; pandas calls the latter UTC+02:00."""
    return str(zone) if zone.utcoffset(None) is None else name_of(zone)


def is_series(column: Any) -> bool:
    """Return whether it is a Series of pandas, not an index."""
    return any(base.__name__ == "Series" for base in type(column).__mro__)


def _refused(path: str, dtype: Any) -> SpecTypeError:
    return SpecTypeError(path, "must hold real numbers", f"dtype {dtype}")


def _pandas_floats(path: str, column: Any) -> NDArray[np.float64]:
    kind = getattr(column.dtype, "kind", "O")
    if kind in "biuf":
        values: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values
    if kind != "O" or type(column.dtype).__name__ == "StringDtype":
        raise _refused(path, column.dtype)
    try:
        return object_floats(path, column.to_numpy(dtype=object))
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SpecTypeError):
            raise
        raise _refused(path, column.dtype) from None


def _polars_floats(path: str, column: Any) -> NDArray[np.float64]:
    import polars

    if not column.dtype.is_numeric() and column.dtype not in (polars.Boolean, polars.Null):
        raise _refused(path, column.dtype)
    values: NDArray[np.float64] = column.cast(polars.Float64).to_numpy()
    return values


def _arrow_floats(path: str, column: Any) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_run_end_encoded(kind):
        column, kind = pa.compute.run_end_decode(column), kind.value_type
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    if not any(test(kind) for test in numeric):
        raise _refused(path, kind)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [chunk.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate([np.empty(0), *parts])
