"""Generated rows as Dask collections: partitions are slices, made where they are needed."""

from __future__ import annotations

from typing import Any

from paranom_rs._internal.optional import needs

with needs("Dask", "dask", "paranom_rs.connect.dask"):
    import dask.array
    import dask.dataframe

import pandas as pd

from paranom_rs.connect.slices import Slice, cut
from paranom_rs.generate.generator import Generator

__all__ = ["to_dask", "to_dask_array"]


def to_dask(generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> Any:
    """Return rows ``start .. start + rows - 1`` as a dask.dataframe with known divisions.

    Parameters
    ----------
    generator
        Pickled to the workers: functions of callbacks must be importable there, or picklable by cloudpickle.
    rows, start
        As in `Generator.generate`.
    blocks
        The number of partitions; by default one for each million rows.

    Returns
    -------
    dask.dataframe.DataFrame
        The columns of `Dataset.table` (t, the variables, is_anomaly, event); the index is the row number, so
        ``frame.loc[a:b]`` makes only the partitions that hold these rows.

    Raises
    ------
    SpecError
        For a spec with a `Uniqueness`: its rows cannot be made apart from each other.
    """
    slices = cut(generator, rows, start=start, blocks=blocks)
    divisions = (*(part.start for part in slices), max(slices[-1].start + slices[-1].rows - 1, slices[-1].start))
    meta = _frame(Slice(generator, slices[0].start, 0))
    return dask.dataframe.from_map(_frame, slices, meta=meta, divisions=divisions, label="paranom")


def to_dask_array(generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> Any:
    """Return the values of the rows as a dask.array of shape (rows, d) with known chunks; arguments as `to_dask`."""
    slices = cut(generator, rows, start=start, blocks=blocks)
    frame = to_dask(generator, rows, start=start, blocks=blocks)
    return frame[generator.names].to_dask_array(lengths=[part.rows for part in slices])


def _frame(part: Slice) -> pd.DataFrame:
    frame = pd.DataFrame(part.dataset().table())
    frame.index = pd.RangeIndex(part.start, part.start + part.rows, name="row")
    return frame
