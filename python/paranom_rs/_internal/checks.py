"""What people hand us, checked once and for all: arguments and arrays. The core checks the spec."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs.errors import SpecError, SpecTypeError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def whole(path: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number in a range; a float without a fraction will do."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SpecTypeError(path, "must be a whole number", repr(value)) from None
    if number < least:
        raise SpecError(path, f"must be >= {least}", str(number))
    if most is not None and number > most:
        raise SpecError(path, f"must be a whole number from {least} to {most}", str(number))
    return number


def file_path(value: object) -> Path:
    """Return the path of a file."""
    if not isinstance(value, str | os.PathLike):
        raise SpecTypeError("path", "must be a text or a path", repr(value))
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise SpecError("path", "must be valid Unicode", repr(value)) from None
    return Path(value)


def flag(path: str, value: object) -> bool:
    """Return True or False; no other value will do, for a text is always true."""
    if not isinstance(value, bool | np.bool_):
        raise SpecTypeError(path, "must be True or False", repr(value))
    return bool(value)


def real(name: str, value: object) -> float:
    """Return a number, maybe infinite or NaN; a text or a flag is none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise SpecTypeError(name, "must be a number", repr(value))
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def positive(name: str, value: float) -> None:
    """SpecError unless `value` is a finite number above 0."""
    if not 0 < real(name, value) < math.inf:
        raise SpecError(name, f"{value}; a number above 0 is wanted")


def at_least_0(name: str, value: float, *, below: float = math.inf) -> None:
    """SpecError unless 0 <= `value` < `below`."""
    if not 0 <= real(name, value) < below:
        rule = "must be a finite number >= 0" if below == math.inf else f"must be >= 0 and < {below:g}"
        raise SpecError(name, rule, str(value))


def share(name: str, value: float) -> None:
    """SpecError unless 0 < `value` < 1."""
    positive(name, value)
    if value >= 1:
        raise SpecError(name, f"{value}; a share lies strictly between 0 and 1")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """SpecError unless `value` is one of the `allowed` words."""
    if value not in allowed:
        raise SpecError(name, f"{value!r}; it is one of {', '.join(map(repr, allowed))}")


def numbers(path: str, value: ArrayLike) -> NDArray[Any]:
    """Return an array of real numbers; what is masked is NaN."""
    try:
        array = np.asanyarray(value)
    except ValueError as error:
        raise SpecError(path, f"must be an array of numbers ({error})") from None
    if array.dtype.kind not in "buif":
        raise SpecTypeError(path, "must hold real numbers", f"dtype {array.dtype}")
    if np.ma.is_masked(array):
        return np.asarray(array.astype(np.float64).filled(np.nan))  # type: ignore[attr-defined]  # a masked array
    return np.asarray(array)


def labels(name: str, value: ArrayLike) -> Flags:
    """0/1 per row as a boolean array of one dimension.

    Raises SpecError for another shape or another value, SpecTypeError for what is not numeric.
    """
    array = numbers(name, value)
    if array.ndim != 1:
        raise SpecError(name, f"shape {array.shape}; one label per row is wanted, shape (n,)")
    wrong = ~((array == 0) | (array == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SpecError(f"{name}[{row}]", f"{array[row]}; a label is 0 or 1")
    return array.astype(bool)


def both_classes(name: str, y: Flags) -> Flags:
    """`y`, or SpecError when it holds only one class (or nothing)."""
    if y.all() or not y.any():
        held = "nothing" if not len(y) else f"only class {int(y[0])}"
        raise SpecError(name, f"holds {held}; normal (0) and anomalous (1) rows are both needed")
    return y


def scores(name: str, value: ArrayLike, rows: int | None = None) -> Floats:
    """One score per row as float64 of one dimension; infinities are fine, NaN is not."""
    array = numbers(name, value).astype(np.float64)
    if array.ndim != 1:
        raise SpecError(name, f"shape {array.shape}; one score per row is wanted, shape (n,)")
    if rows is not None and len(array) != rows:
        raise SpecError(name, f"{len(array)} rows, but the labels have {rows}")
    if not len(array):
        raise SpecError(name, "is empty")
    missing = np.isnan(array)
    if missing.any():
        raise SpecError(f"{name}[{int(np.argmax(missing))}]", "is NaN; a score must be a number")
    return array


def series(name: str, value: ArrayLike, features: int | None = None) -> Floats:
    """A series as C-contiguous float64 (n, d); (n,) becomes (n, 1). NaN is missing; infinity is refused."""
    array = np.ascontiguousarray(numbers(name, value), dtype=np.float64)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.shape[1]:
        raise SpecError(name, f"shape {array.shape}; a series has shape (n,) or (n, d)")
    return finite(name, array, features)


def finite(name: str, array: Floats, features: int | None = None) -> Floats:
    """`array`, or SpecError when it holds an infinity or another number of features (its last axis)."""
    if features is not None and array.shape[-1] != features:
        raise SpecError(name, f"{array.shape[-1]} features, but the detector was fitted on {features}")
    infinite = np.isinf(array)
    if infinite.any():
        where = ", ".join(str(int(i)) for i in np.argwhere(infinite)[0])
        raise SpecError(f"{name}[{where}]", "is infinite; a value is a finite number, or NaN where it is missing")
    return array


def matrix(name: str, value: ArrayLike) -> Floats:
    """Return real numbers as C-contiguous float64 (n, d); what is masked is NaN."""
    array = numbers(name, value).astype(np.float64, copy=False)
    if array.ndim != 2:
        raise SpecError(f"{name}.ndim", "must be 2", str(array.ndim))
    return np.ascontiguousarray(array)


def each(name: str, values: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    """Return values with their positions, or SpecTypeError where there is no sequence."""
    try:
        return enumerate(values)
    except TypeError:
        raise SpecTypeError(name, "must be a sequence", type(values).__name__) from None
