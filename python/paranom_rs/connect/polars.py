"""Generated rows as a lazy frame of polars: blocks are made where a query needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.optional import needs

with needs("polars", "polars", "paranom_rs.connect.polars"):
    import polars as pl
    from polars.io.plugins import register_io_source

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs.connect.slices import Slice, cut
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.row_source import Interval

__all__ = ["scan_paranom"]

#: Rows of a block: few enough that a query for a few rows is answered at once.
_ROWS_PER_BLOCK = 1 << 17
#: Columns that are known without the values.
_WITHOUT_VALUES = ("t", "is_anomaly", "event")
#: A run of rows that is made by itself costs as much as so many rows of a block.
_RUN = 1 << 13


def scan_paranom(generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> pl.LazyFrame:
    """Return rows ``start .. start + rows - 1`` as a lazy frame, of which a query makes the blocks that it needs.

    A filter on ``t``, ``is_anomaly`` and ``event`` says which rows have their values made: those of a block that it
    leaves empty are not. A query for these three columns makes no values at all. ``head`` ends the work early; behind a
    filter it does with ``collect(engine="streaming")`` (polars' other engine asks for all blocks first).

    Parameters
    ----------
    generator
        What makes the rows.
    rows, start
        As in `Generator.generate`.
    blocks
        The number of blocks; by default one for each 131,072 rows.

    Returns
    -------
    polars.LazyFrame
        The columns of `Dataset.table`: t, the variables, is_anomaly, event.

    Raises
    ------
    SpecError
        For a spec with a `Uniqueness`: its rows cannot be made apart from each other.

    Examples
    --------
    >>> from paranom_rs import Generator, Sine, Stochastic
    >>> from paranom_rs.connect.polars import scan_paranom
    >>> frame = scan_paranom(Generator({"x": Stochastic(normal=Sine(period=20))}, seed=1), 10**9)
    >>> frame.head(3).collect().shape
    (3, 4)
    """
    slices = cut(generator, rows, start=start, blocks=blocks, rows_per_block=_ROWS_PER_BLOCK)

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows if n_rows is None else n_rows
        for part in slices:
            if left <= 0:
                return
            part = part._replace(rows=min(part.rows, left))
            left -= part.rows
            frame = _block(part, with_columns, predicate)
            if frame is not None:
                yield frame

    schema = pl.DataFrame(Slice(generator, slices[0].start, 0).dataset().table()).schema
    return register_io_source(source, schema=schema, is_pure=True)


def _block(part: Slice, columns: list[str] | None, predicate: pl.Expr | None) -> pl.DataFrame | None:
    """Return the rows of a part that a predicate is true for, and of them these columns (all by default); or None."""
    names = ["t", *part.generator.names, "is_anomaly", "event"] if columns is None else columns
    asked = set(names) if predicate is None else set(predicate.meta.root_names())
    if predicate is None or not asked.issubset(_WITHOUT_VALUES):
        frame = _frame(part, None, names if predicate is None else [*names, *asked])
        return (frame if predicate is None else frame.filter(predicate)).select(names)
    known = _frame(part, None, [name for name in _WITHOUT_VALUES if name in asked])
    chosen = np.asarray(known.select(predicate.fill_null(False).alias("chosen"))["chosen"].to_numpy(), bool)
    chosen = np.broadcast_to(chosen, part.rows)  # of a predicate that asks for no column
    if not chosen.any():
        return None
    runs = runs_of_ones(chosen)
    if chosen.sum() + _RUN * len(runs) <= part.rows and part.generator.source.has_independent_rows:
        return _frame(part, [(part.start + int(a), int(b - a)) for a, b in runs], names)
    return _frame(part, None, names).filter(pl.Series(chosen))


def _frame(part: Slice, intervals: list[Interval] | None, names: list[str]) -> pl.DataFrame:
    """Return columns of rows of a part, all by default; values are made only if one of the columns is a variable."""
    source = part.generator.source
    intervals = [(part.start, part.rows)] if intervals is None else intervals
    if set(names).issubset(_WITHOUT_VALUES):
        data = _without_values(part, intervals)
    elif source.has_independent_rows:
        columns = source.allocate(sum(length for _, length in intervals), np.float64)
        data = Dataset.filled(source, intervals, columns, threads=1)
    else:
        data = part.dataset()
    others: dict[str, Callable[[], NDArray[Any]]] = {
        "t": lambda: data.t,
        "is_anomaly": lambda: data.y,
        "event": lambda: data.event,
    }
    return pl.DataFrame({name: others[name]() if name in others else data[name] for name in dict.fromkeys(names)})


def _without_values(part: Slice, intervals: list[Interval]) -> Dataset:
    """Return rows of a part with their times, labels and events only."""
    source, labels = part.generator.source, []
    for start, rows in intervals:
        here = np.zeros(rows, np.int8)
        if rows:
            firsts, stops, _ = source.plan.anomalous(start, rows)
            for first, stop in zip(_places(firsts, start, rows), _places(stops, start, rows), strict=True):
                here[first:stop] = 1
        labels.append(here)
    return Dataset(source, intervals, {}, np.concatenate(labels), clean=False, duplicates=None)


def _places(numbers: NDArray[np.uint64], start: int, rows: int) -> list[int]:
    """Return row numbers as places among the ``rows`` rows from ``start`` on."""
    inside: list[int] = (np.clip(numbers, start, start + rows) - np.uint64(start)).tolist()
    return inside
