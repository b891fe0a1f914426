"""Generated rows as Dask collections: partitions are slices, made where they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paranom_rs._internal.optional import needs

with needs("Dask", "dask", "paranom_rs.connect.dask"):
    import dask
    import dask.array
    import dask.dataframe

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from paranom_rs.connect.slices import Slice, cut
from paranom_rs.detect import tiles
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.generate.generator import Generator

__all__ = ["tiled_matrix_profile", "to_dask", "to_dask_array"]

_TILES_AT_ONCE = 64


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
        ``frame.loc[a:b]`` makes only the partitions that hold these rows. States are categories, whole numbers Int64,
        flags boolean.

    Raises
    ------
    SpecError
        For a spec with a `Uniqueness`: its rows cannot be made apart from each other.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> from paranom_rs.connect.dask import to_dask
    >>> gen = Generator({"x": Stochastic(Normal())}, seed=1)
    >>> frame = to_dask(gen, 1_000, blocks=4)
    >>> frame.npartitions, len(frame.loc[10:19].compute())
    (4, 10)
    """
    slices = cut(generator, rows, start=start, blocks=blocks)
    divisions = (*(part.start for part in slices), max(slices[-1].start + slices[-1].rows - 1, slices[-1].start))
    meta = _frame(Slice(generator, slices[0].start, 0))
    return dask.dataframe.from_map(_frame, slices, meta=meta, divisions=divisions, label="paranom")


def to_dask_array(generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> Any:
    """Return `Dataset.X` of the rows as a dask.array of shape (rows, d) with known chunks; arguments as `to_dask`.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> from paranom_rs.connect.dask import to_dask_array
    >>> gen = Generator({"x": Stochastic(Normal())}, seed=1)
    >>> to_dask_array(gen, 1_000, blocks=4).shape
    (1000, 1)
    """
    slices = cut(generator, rows, start=start, blocks=blocks)
    width = len(generator.names)
    parts = [
        dask.array.from_delayed(dask.delayed(_values)(part), (part.rows, width), dtype=np.float64) for part in slices
    ]
    return dask.array.concatenate(parts)


def _values(part: Slice) -> NDArray[Any]:
    return part.dataset().X


def _frame(part: Slice) -> pd.DataFrame:
    data = part.dataset()
    # Nullable in each partition: what is missing in one must not change its types.
    columns = {name: kind.to_pandas(data.floats(name), nullable=True) for name, kind in data.source.types.items()}
    frame = pd.DataFrame(data.table() | columns)
    frame.index = pd.RangeIndex(part.start, part.start + part.rows, name="row")
    return frame


def tiled_matrix_profile(x: ArrayLike, window: int, **settings: Any) -> MatrixProfile:
    """Compute a matrix profile in tiles on Dask's workers; arguments as `paranom_rs.tiled_matrix_profile`.

    A worker that is lost changes nothing: Dask computes its tiles again. With a ``folder`` that all workers share,
    tiles that are done are kept. Each tile takes one thread, unless ``threads`` says otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.connect.dask import tiled_matrix_profile
    >>> x = np.random.default_rng(0).normal(size=2_000).cumsum()
    >>> len(tiled_matrix_profile(x, 50, pieces=4))
    1951
    """
    return tiles.tiled_matrix_profile(x, window, **{"threads": 1, **settings}, run=_run_tiles)


def _run_tiles(wanted: list[tiles.Tile]) -> Iterator[Any]:
    # Not all at once: the results wait here until they are merged.
    for start in range(0, len(wanted), _TILES_AT_ONCE):
        batch = [dask.delayed(_compute)(tile) for tile in wanted[start : start + _TILES_AT_ONCE]]
        yield from dask.compute(*batch)


def _compute(tile: tiles.Tile) -> Any:
    return tile.compute()
