"""Generated rows as a Ray dataset: each read task makes a slice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from paranom_rs._internal.optional import needs

with needs("Ray", "ray", "paranom_rs.connect.ray"):
    import ray.data
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

import pyarrow as pa
from numpy.typing import ArrayLike

from paranom_rs.connect.slices import Slice, cut
from paranom_rs.detect import tiles
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.generate.generator import Generator

__all__ = ["GeneratorDatasource", "tiled_matrix_profile", "to_ray"]

_BYTES_PER_VALUE = 8
_TILES_AT_ONCE = 64


class GeneratorDatasource(Datasource):
    """Rows ``start .. start + rows - 1`` of a generator, for `ray.data.read_datasource`."""

    def __init__(self, generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> None:
        super().__init__()
        self.slices = cut(generator, rows, start=start, blocks=blocks)

    def get_name(self) -> str:
        """Return the name that Ray shows."""
        return "paranom"

    def estimate_inmemory_data_size(self) -> int:
        """Return the bytes of all rows."""
        return sum(map(_size, self.slices))

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[Any]:
        """Return one task for each slice: how the rows are cut does not depend on the cluster."""
        return [
            ReadTask(
                partial(_tables, part),
                BlockMetadata(num_rows=part.rows, size_bytes=_size(part), input_files=None, exec_stats=None),
                per_task_row_limit=per_task_row_limit,
            )
            for part in self.slices
        ]


def to_ray(generator: Generator, rows: int, *, start: int = 0, blocks: int | None = None) -> Any:
    """Return rows ``start .. start + rows - 1`` as a ray.data.Dataset of ``blocks`` blocks (one a million rows).

    The columns are t, the variables, is_anomaly, event. Ray may hand blocks on in any order: sort by ``t``, or set
    ``ray.data.DataContext.get_current().execution_options.preserve_order = True``.

    Raises
    ------
    SpecError
        For a spec with a `Uniqueness`: its rows cannot be made apart from each other.
    """
    source = GeneratorDatasource(generator, rows, start=start, blocks=blocks)
    return ray.data.read_datasource(source, override_num_blocks=len(source.slices))


def _tables(part: Slice) -> list[pa.Table]:
    return [pa.table(part.dataset())]


def _size(part: Slice) -> int:
    return part.rows * (len(part.generator.names) + 3) * _BYTES_PER_VALUE


def tiled_matrix_profile(x: ArrayLike, window: int, **settings: Any) -> MatrixProfile:
    """Compute a matrix profile in tiles on Ray's workers; arguments as `paranom_rs.tiled_matrix_profile`.

    A worker that is lost changes nothing: Ray computes its tiles again. With a ``folder`` that all workers share, tiles
    that are done are kept. Each tile takes one thread, unless ``threads`` says otherwise.
    """
    return tiles.tiled_matrix_profile(x, window, **{"threads": 1, **settings}, run=_run_tiles)


def _run_tiles(wanted: list[tiles.Tile]) -> Iterator[Any]:
    compute = ray.remote(_compute).options(max_retries=-1)
    waiting: list[Any] = []
    for tile in wanted:
        if len(waiting) == _TILES_AT_ONCE:  # the results wait here until they are merged
            yield ray.get(waiting.pop(0))
        waiting.append(compute.remote(tile))
    while waiting:
        yield ray.get(waiting.pop(0))


def _compute(tile: tiles.Tile) -> Any:
    return tile.compute()
