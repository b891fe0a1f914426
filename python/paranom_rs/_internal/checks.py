"""What people hand us, checked once and for all: arguments and arrays. The core checks the spec."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.ma
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.columns import as_array, is_table, library, object_floats
from paranom_rs.errors import SpecError, SpecTypeError

_T = TypeVar("_T")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def shown(value: object) -> str:
    """Return a value as an error shows it: its repr, even where Python prints no such number. Errors cut it short."""
    try:
        return repr(value.item() if isinstance(value, np.generic) else value)
    except ValueError:  # a whole number of more digits than Python prints
        return "a number of thousands of digits"


def whole(path: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number in a range; a float without a fraction will do."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SpecTypeError(path, "must be a whole number", shown(value)) from None
    if number < least:
        raise SpecError(path, f"must be >= {least}", shown(number))
    if most is not None and number > most:
        raise SpecError(path, f"must be a whole number from {least} to {most}", shown(number))
    return number


def row_range(start: object, rows: int, *, path: str = "start", end: int = 2**64) -> int:
    """Return the first of ``rows`` rows, which must lie below ``end``, a power of two."""
    first = whole("start", start)
    limit = f"2**{end.bit_length() - 1}"
    if first >= end:
        raise SpecError(path, f"must be a row below {limit}", shown(first))
    if rows >= end:
        raise SpecError("rows", f"must be below {limit}", shown(rows))
    if first + rows > end:
        raise SpecError(path, f"must leave room for {shown(rows)} rows below {limit}", shown(first))
    return first


def threads(value: object) -> int | None:
    """Return a number of threads, or None: as many as there are processors."""
    return None if value is None else whole("threads", value, least=1, most=1024)


def float_dtype(value: object) -> np.dtype[Any]:
    """Return float64 or float32."""
    try:
        dtype = np.dtype(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise SpecTypeError("dtype", "must be float64 or float32", shown(value)) from None
    if dtype not in (np.float64, np.float32):
        raise SpecError("dtype", "must be float64 or float32", str(dtype))
    return dtype  # type: ignore[no-any-return]


def file_path(value: object) -> Path:
    """Return the path of a file."""
    if not isinstance(value, str | os.PathLike):
        raise SpecTypeError("path", "must be a text or a path", shown(value))
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise SpecError("path", "must be valid Unicode", shown(value)) from None
    return Path(value)


def flag(path: str, value: object) -> bool:
    """Return True or False; no other value will do, for a text is always true."""
    if not isinstance(value, bool | np.bool_):
        raise SpecTypeError(path, "must be True or False", shown(value))
    return bool(value)


def real(path: str, value: object) -> float:
    """Return a number, maybe infinite or NaN; a text or a flag is none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise SpecTypeError(path, "must be a number", shown(value))
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def positive(path: str, value: float) -> None:
    """SpecError unless ``value`` is a finite number above 0."""
    if not 0 < real(path, value) < math.inf:
        raise SpecError(path, "must be a finite number > 0", shown(value))


def at_least_0(path: str, value: float, *, below: float = math.inf) -> None:
    """SpecError unless 0 <= ``value`` < ``below``."""
    if not 0 <= real(path, value) < below:
        rule = "must be a finite number >= 0" if below == math.inf else f"must be >= 0 and < {below:g}"
        raise SpecError(path, rule, shown(value))


def at_most(path: str, value: float, most: float) -> None:
    """SpecError unless ``value`` is ``most`` at most."""
    if not value <= most:
        raise SpecError(path, f"must be at most {most:g}", shown(value))


def share(path: str, value: float) -> None:
    """SpecError unless 0 < ``value`` < 1."""
    if not 0 < real(path, value) < 1:
        raise SpecError(path, "must be > 0 and < 1", shown(value))


def one_of(path: str, value: object, allowed: tuple[str, ...]) -> None:
    """SpecError unless ``value`` is one of the ``allowed`` words."""
    if not isinstance(value, str) or value not in allowed:
        raise SpecError(path, f"must be one of {', '.join(map(repr, allowed))}", shown(value))


def numbers(path: str, value: ArrayLike) -> NDArray[Any]:
    """Return an aligned array of real numbers, maybe of a table or a column; what is masked is NaN."""
    try:
        array = np.asanyarray(as_array(path, value))
    except ValueError as error:
        raise SpecError(path, f"must be an array of numbers ({error})") from None
    if array.dtype.kind == "O" and array.size:
        array = _objects(path, array)
    if array.dtype.kind not in "buif":
        raise SpecTypeError(path, "must hold real numbers", f"dtype {array.dtype}")
    if np.ma.is_masked(array):
        return np.asarray(array.astype(np.float64).filled(np.nan))
    # np.require would compare sets: at that a free-threaded Python 3.14 waits for milliseconds where it is not alone.
    array = np.asarray(array)
    return array if array.flags.aligned else array.copy("A")


def _objects(path: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of Python objects as floats, None as NaN."""
    try:
        return object_floats(path, np.ma.filled(array.astype(object), None) if np.ma.is_masked(array) else array)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SpecTypeError):
            raise
        raise SpecTypeError(path, "must hold real numbers", f"dtype {array.dtype}") from None


def _column(path: str, value: ArrayLike) -> NDArray[Any]:
    array = numbers(path, value)
    return array[:, 0] if is_table(value) and array.ndim == 2 and array.shape[1] == 1 else array


def same_order(path: str, value: Any, other: Any) -> None:
    """SpecError where two objects of pandas have the same index in another order: rows would be mixed up."""
    if library(value) != "pandas" or library(other) != "pandas" or len(value) != len(other):
        return
    index, wanted = value.index, other.index
    if not index.equals(wanted) and index.isin(wanted).all() and wanted.isin(index).all():
        raise SpecError(path, "must be in the order of the other's index; reindex puts it there")


def labels(path: str, value: ArrayLike) -> Flags:
    """Return 0/1 per row as a boolean array of one dimension; a table of one column is a column.

    Raises SpecError for another shape or another value, SpecTypeError for what is not numeric.
    """
    array = _column(path, value)
    if array.ndim != 1:
        raise SpecError(path, "must have one label for each row, shape (n,)", f"shape {array.shape}")
    wrong = ~((array == 0) | (array == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SpecError(f"{path}[{row}]", "must be 0 or 1", str(array[row]))
    return array.astype(bool)


def both_classes(path: str, y: Flags) -> Flags:
    """Return ``y``, or SpecError when it holds only one class (or nothing)."""
    if y.all() or not y.any():
        held = f"only class {int(y[0])}" if len(y) else "nothing"
        raise SpecError(path, "must hold normal (0) and anomalous (1) rows", held)
    return y


def scores(path: str, value: ArrayLike, rows: int | None = None) -> Floats:
    """Return one score per row as float64 of one dimension; infinities are fine, NaN is not.

    A table of one column is a column.
    """
    array = _column(path, value).astype(np.float64)
    if array.ndim != 1:
        raise SpecError(path, "must have one score for each row, shape (n,)", f"shape {array.shape}")
    if rows is not None and len(array) != rows:
        raise SpecError(path, f"must have as many rows as the labels, {rows}", str(len(array)))
    if not len(array):
        raise SpecError(path, "must not be empty")
    missing = np.isnan(array)
    if missing.any():
        raise SpecError(f"{path}[{int(np.argmax(missing))}]", "must be a number", "NaN")
    return array


def series(path: str, value: ArrayLike, features: int | None = None) -> Floats:
    """Return a series as C-contiguous float64 (n, d); (n,) becomes (n, 1). NaN is missing; infinity is refused."""
    array = np.ascontiguousarray(numbers(path, value), dtype=np.float64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.shape[1]:
        raise SpecError(path, "must have shape (n,) or (n, d)", f"shape {array.shape}")
    return finite(path, array, features)


def finite(path: str, array: Floats, features: int | None = None) -> Floats:
    """Return ``array``, or SpecError when it holds an infinity or another number of features (its last axis)."""
    if features is not None and array.shape[-1] != features:
        raise SpecError(
            path, f"must have the {features} features that the detector was fitted on", str(array.shape[-1])
        )
    infinite = np.isinf(array)
    if infinite.any():
        where = tuple(np.argwhere(infinite)[0].tolist())
        place = ", ".join(map(str, where))
        raise SpecError(f"{path}[{place}]", "must be a finite number, or NaN where it is missing", str(array[where]))
    return array


def matrix(name: str, value: ArrayLike) -> Floats:
    """Return real numbers as C-contiguous float64 (n, d); what is masked is NaN."""
    array = numbers(name, value).astype(np.float64, copy=False)
    if array.ndim != 2:
        raise SpecError(f"{name}.ndim", "must be 2", str(array.ndim))
    return np.ascontiguousarray(array)


def instance(path: str, value: object, kind: type[_T]) -> _T:
    """Return a value of a class of ours."""
    if not isinstance(value, kind):
        raise SpecTypeError(path, f"must be a {kind.__name__}", shown(value))
    return value


def each(name: str, values: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    """Return values with their positions, or SpecTypeError where there is no sequence."""
    try:
        return enumerate(values)
    except TypeError:
        raise SpecTypeError(name, "must be a sequence", type(values).__name__) from None
