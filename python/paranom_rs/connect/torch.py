"""Windows of generated rows for torch: made on the fly, the same batches in the same order for any workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from paranom_rs._internal.optional import needs

with needs("torch", "deep", "paranom_rs.connect.torch"):
    import torch
    from torch.utils.data import IterableDataset, get_worker_info

from paranom_rs._internal.checks import whole
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.uniqueness import refuse_parts

__all__ = ["GeneratedDataset"]


class GeneratedDataset(KnownKeywords, IterableDataset):  # type: ignore[misc]  # torch counts as untyped
    """Batches of windows of a generator's rows, never stored.

    Give it to ``torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=…)``: it makes whole batches. Worker
    i of n makes every n-th one, so the loader delivers the same batches in the same order for any number of workers,
    forked or spawned (spawned ones need a generator that can be pickled).

    An epoch is an interval of the infinite stream: epoch e has the rows behind those of epoch e - 1, so no row comes
    twice unless ``set_epoch`` says so. To go on where a run stopped: ``set_epoch(epoch, batch=batches_done)``.

    Parameters
    ----------
    generator
        What makes the rows; one without `Uniqueness`.
    window
        Rows of a window.
    batches
        Batches in an epoch.
    batch_size
        Windows in a batch.
    stride
        Rows from the start of a window to that of the next; by default ``window``: windows share no rows.
    start
        The first row of epoch 0.

    Yields
    ------
    (x, y)
        float32 tensors (batch_size, window, d) of `Dataset.X` (states as their places), and int8 tensors
        (batch_size, window) of labels.

    Raises
    ------
    SpecError, SpecTypeError
        For arguments that break a rule; for rows beyond 2**63, or a `Uniqueness`.

    Examples
    --------
    >>> from paranom_rs import Generator, Sine, Stochastic
    >>> from paranom_rs.connect.torch import GeneratedDataset
    >>> generator = Generator({"x": Stochastic(normal=Sine(period=20))}, seed=1)
    >>> x, y = next(iter(GeneratedDataset(generator, window=16, batches=2, batch_size=4)))
    >>> x.shape, y.shape
    (torch.Size([4, 16, 1]), torch.Size([4, 16]))
    """

    def __init__(
        self,
        generator: Generator,
        *,
        window: int,
        batches: int,
        batch_size: int = 64,
        stride: int | None = None,
        start: int = 0,
    ) -> None:
        if not isinstance(generator, Generator):
            raise SpecTypeError("generator", "must be a Generator", type(generator).__name__)
        refuse_parts(generator.to_spec())
        self._generator = generator
        # Whole numbers are made as float64.
        has_whole = any(kind.kind == "int64" for kind in generator.source.types.values())
        self._dtype = np.float64 if has_whole else np.float32
        self._window = whole("window", window, least=1)
        self._batches = whole("batches", batches, least=1)
        self._batch_size = whole("batch_size", batch_size, least=1)
        self._stride = self._window if stride is None else whole("stride", stride, least=1)
        self._start = whole("start", start)
        self.set_epoch(0)

    def set_epoch(self, epoch: int, *, batch: int = 0) -> None:
        """Say which epoch comes next, and which of its batches first. Call it before the loader begins an epoch.

        A loader with ``persistent_workers=True`` does not take notice.
        """
        epoch, batch = whole("epoch", epoch), whole("batch", batch, most=self._batches)
        last = self._first_row((epoch + 1) * self._batches - 1) + (self._batch_size - 1) * self._stride + self._window
        if last > 2**63:
            raise SpecError("epoch", "must have rows below 2**63 only", str(epoch))
        self._epoch, self._batch = epoch, batch

    def __len__(self) -> int:
        """The batches that are left of the epoch."""
        return self._batches - self._batch

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        worker = get_worker_info()
        mine, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        first = self._epoch * self._batches
        for number in range(first + self._batch + mine, first + self._batches, workers):
            yield self._make(number)

    def _first_row(self, number: int) -> int:
        return self._start + number * self._batch_size * self._stride

    def _make(self, number: int) -> tuple[Any, Any]:
        rows = (self._batch_size - 1) * self._stride + self._window
        data = self._generator.generate(rows, start=self._first_row(number), dtype=self._dtype, threads=1)
        # (d, k, window) -> (k, window, d)
        x = sliding_window_view(data.X.T, self._window, axis=1)[:, :: self._stride].transpose(1, 2, 0)
        y = sliding_window_view(data.y, self._window)[:: self._stride]
        # Copies: windows that overlap share memory, which may not be written to.
        return torch.from_numpy(np.array(x, np.float32, order="C")), torch.from_numpy(np.array(y, order="C"))
