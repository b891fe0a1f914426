"""What the functions of the matrix profile take: series, and the names of distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from paranom_rs._internal.checks import numbers, one_of, shown, whole
from paranom_rs.errors import OutOfMemoryError, SpecError, SpecTypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Distance = Literal["znormalized", "l1", "l2", "relative"]
_DISTANCES = ("znormalized", "l1", "l2", "relative")

# Larger sizes do not fit the core's numbers. The core refuses what does not fit the memory.
MOST = 2**62


def as_floats(path: str, x: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    """Return the values as contiguous float64 of so many dimensions, not empty."""
    try:
        values = numbers(path, x)
        if values.ndim != dimensions:
            rule = "one-dimensional" if dimensions == 1 else "two-dimensional, rows are samples"
            raise SpecError(path, f"must be {rule}", f"shape {values.shape}")
        if values.size == 0:
            raise SpecError(path, "must not be empty", f"shape {values.shape}")
        return np.ascontiguousarray(values, dtype=np.float64)
    except MemoryError as error:
        raise OutOfMemoryError(f"{path}: {error}") from error


def included(include: object) -> list[int]:
    """Return the numbers of the columns that always take part; the core knows which there are."""
    if not isinstance(include, Sequence | np.ndarray) or isinstance(include, str) or getattr(include, "ndim", 1) != 1:
        raise SpecTypeError("include", "must be a sequence of column numbers", shown(include))
    return [whole(f"include[{at}]", number) for at, number in enumerate(include)]


def distance_name(distance: object) -> str:
    """Return the name of a distance."""
    if not isinstance(distance, str):
        raise SpecTypeError("distance", "must be a text", shown(distance))
    one_of("distance", distance, _DISTANCES)
    return distance
