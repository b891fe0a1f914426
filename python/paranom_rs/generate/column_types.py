"""Columns that are not floats: states, whole numbers, true and false. Inside the generator all values are floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["ColumnType"]

Floats = NDArray[Any]


class ColumnType(NamedTuple):
    """The type of a variable's column.

    Attributes
    ----------
    kind
        ``"float"``, ``"int64"``, ``"bool"`` or ``"states"``.
    states
        The names of the states: as floats, they are their places in this list.
    """

    kind: str
    states: list[str]

    def to_numpy(self, values: Floats) -> NDArray[Any]:
        """Return a column as NumPy has it: texts ("" for a missing state), int64, bool; floats where one is missing."""
        if self.kind == "float":
            return values
        missing = np.isnan(values)
        if self.kind == "states":
            return np.array([*self.states, ""])[self._places(values, missing)]
        if missing.any():
            return values
        return values.astype(np.int64 if self.kind == "int64" else bool)

    def to_core(self, values: Floats) -> object:
        """Return a column as the core makes an Arrow array of it."""
        return np.ascontiguousarray(values) if self.kind == "float" else (np.ascontiguousarray(values), *self)

    def to_pandas(self, values: Floats, *, nullable: bool = False) -> Any:
        """Return a column as pandas has it: categories, integers, flags; nullable where one is missing, or always."""
        import pandas as pd

        if self.kind == "float":
            return values
        missing = np.isnan(values)
        if self.kind == "states":
            places = self._places(values, missing)
            return pd.Categorical.from_codes(np.where(missing, -1, places), categories=self.states)
        if not nullable and not missing.any():
            return self.to_numpy(values)
        whole: pd.Series[Any] = pd.Series(np.where(missing, 0, values).astype(np.int64), dtype="Int64")
        return whole.mask(missing).astype("Int64" if self.kind == "int64" else "boolean").array

    def to_polars(self, name: str, values: Floats) -> pl.Series:
        """Return a column as polars has it: an enumeration, whole numbers and flags; null where one is missing."""
        import polars as pl

        if self.kind == "float":
            return pl.Series(name, values)
        missing = np.isnan(values)
        if self.kind == "states":
            texts = pl.Series(self.states, dtype=pl.Enum(self.states))
            places = pl.Series(self._places(values, missing).astype(np.uint32)).set(pl.Series(missing), None)
            return texts.gather(places).alias(name)
        kind = pl.Int64 if self.kind == "int64" else pl.Boolean
        return pl.Series(name, np.where(missing, 0, values)).set(pl.Series(missing), None).cast(kind)

    def _places(self, values: Floats, missing: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the place of each state in the list, one beyond the end for a missing one."""
        return np.where(missing, len(self.states), values).astype(np.intp)
