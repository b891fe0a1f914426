"""Rows cut into slices that any worker can make alone: what the adapters of the engines are made of."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from paranom_rs._internal.checks import row_range, whole
from paranom_rs.errors import SpecTypeError
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.uniqueness import refuse_parts

__all__ = ["Slice", "cut"]

_ROWS_PER_BLOCK = 1 << 20
_MOST_BLOCKS = 1_000_000


class Slice(NamedTuple):
    """Rows ``start .. start + rows - 1`` of a generator; picklable, and the same data wherever it is made.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> from paranom_rs.connect.slices import cut
    >>> gen = Generator({"x": Stochastic(Normal())}, seed=1)
    >>> parts = cut(gen, 1_000, blocks=4)
    >>> len(parts), len(parts[0].dataset())
    (4, 250)
    """

    generator: Generator
    start: int
    rows: int

    def dataset(self) -> Dataset:
        """Generate the rows, on one thread: the engine's workers are the parallel part."""
        return self.generator.generate(self.rows, start=self.start, threads=1)


def cut(
    generator: Generator,
    rows: int,
    *,
    start: int = 0,
    blocks: int | None = None,
    rows_per_block: int = _ROWS_PER_BLOCK,
) -> list[Slice]:
    """Return slices of nearly equal size, at least one.

    Parameters
    ----------
    generator
        What makes the rows.
    rows, start
        How many rows, and the first one.
    blocks
        How many slices; by default one for each ``rows_per_block`` rows.
    rows_per_block
        By default about a million.

    Raises
    ------
    SpecError
        For a spec whose rows depend on all lower ones (a `Uniqueness`, a sequential callback without a warmup), and for
        rows beyond 2**63.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic
    >>> from paranom_rs.connect.slices import cut
    >>> gen = Generator({"x": Stochastic(Normal())}, seed=1)
    >>> parts = cut(gen, 1_000, blocks=4)
    >>> len(parts), len(parts[0].dataset())
    (4, 250)
    """
    if not isinstance(generator, Generator):
        raise SpecTypeError("generator", "must be a Generator", type(generator).__name__)
    rows = whole("rows", rows)
    start = row_range(start, rows, end=2**63)
    refuse_parts(generator.to_spec())
    most = min(max(rows, 1), _MOST_BLOCKS)
    count = -(-rows // rows_per_block) if blocks is None else whole("blocks", blocks, least=1)
    count = min(max(count, 1), most)
    edges = [start + rows * i // count for i in range(count + 1)]
    return [Slice(generator, a, b - a) for a, b in pairwise(edges)]
