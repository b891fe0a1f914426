"""Tables of pandas, polars and Arrow: the names of their columns, and their values as floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError, SpecTypeError


def column_names(path: str, X: Any) -> list[str] | None:
    """Return the names of a table's columns; None if it is no table, or numbers its columns from 0 on."""
    library = _library(X)
    if library is None or not _is_table(X):
        return None
    labels = list(X.columns) if library != "pyarrow" else list(X.schema.names)
    if labels == list(range(len(labels))):
        return None
    names = [str(label) for label in labels]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise SpecError(f"{path}.columns", "must be different names", repr(twice))
    return names


def as_array(path: str, X: Any) -> Any:
    """Return the float64 values of a table or a column, what is missing as NaN; anything else as it is."""
    library = _library(X)
    if library is None:
        return X
    values = {"pandas": _pandas_values, "polars": _polars_values, "pyarrow": _arrow_values}[library]
    if not _is_table(X):
        return values(path, X)
    columns = [(str(name), column) for name, column in _columns(X, library)]
    out = np.empty(X.shape)
    for j, (name, column) in enumerate(columns):
        out[:, j] = values(f"{path}[{name!r}]", column)
    return out


def _library(X: Any) -> str | None:
    """Return the library whose table or column it is."""
    kind = type(X)
    for base in kind.__mro__:
        library = base.__module__.partition(".")[0]
        if library in ("pandas", "polars", "pyarrow") and base.__name__ in _KINDS:
            return library
    return None


_TABLES = {"DataFrame", "Table", "RecordBatch"}
_KINDS = _TABLES | {"Series", "Array", "ChunkedArray"}


def _is_table(X: Any) -> bool:
    return any(base.__name__ in _TABLES for base in type(X).__mro__)


def _columns(X: Any, library: str) -> list[tuple[Any, Any]]:
    if library == "pandas":
        return [(name, X.iloc[:, j]) for j, name in enumerate(X.columns)]
    if library == "polars":
        return list(zip(X.columns, X.get_columns(), strict=True))
    return list(zip(X.schema.names, X.columns, strict=True))


def _refused(path: str, dtype: Any) -> SpecTypeError:
    return SpecTypeError(path, "must hold real numbers", f"dtype {dtype}")


def _pandas_values(path: str, column: Any) -> NDArray[np.float64]:
    if getattr(column.dtype, "kind", "O") not in "biuf":
        raise _refused(path, column.dtype)
    values: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _polars_values(path: str, column: Any) -> NDArray[np.float64]:
    import polars

    if not column.dtype.is_numeric() and column.dtype != polars.Boolean:
        raise _refused(path, column.dtype)
    values: NDArray[np.float64] = column.cast(polars.Float64).to_numpy()
    return values


def _arrow_values(path: str, column: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise _refused(path, kind)
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [chunk.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate([np.empty(0), *parts])
