"""Batches of windows from a loader: what is held out, the scale, and what a network learns, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.scaling import Scaler
from paranom_rs.errors import SpecError

#: Held-out windows that are kept, at most: the first normal ones.
MOST_HELD = 2000


def is_loader(X: Any) -> bool:
    """Return whether ``X`` gives batches of windows, other ones in each epoch."""
    return hasattr(getattr(X, "dataset", X), "set_epoch") and hasattr(X, "__iter__")


class Loader:
    """Batches (x, y) of a `GeneratedDataset`, or of a DataLoader of one; y holds labels, (k,) or (k, window).

    Epoch 0 is read at once: its normal windows give the scale, and the first of them are held out.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._dataset = getattr(loader, "dataset", loader)
        kept: list[Floats] = []
        total = squares = np.zeros(0)
        rows, held, batches = np.zeros(0), 0, 0
        for x in self._epoch(0):
            batches += 1
            if not len(x):
                continue
            flat = x.reshape(-1, x.shape[2])
            if not len(total):
                shift = np.nan_to_num(np.nanmean(flat, axis=0))
                total, squares, rows = (np.zeros(x.shape[2]) for _ in range(3))
            away = flat - shift
            rows = rows + (~np.isnan(away)).sum(axis=0)
            total, squares = total + np.nansum(away, axis=0), squares + np.nansum(np.square(away), axis=0)
            if held < MOST_HELD:
                kept.append(x[: MOST_HELD - held])
                held += len(kept[-1])
        if not held:
            raise SpecError("X", "must have a normal window in its first epoch", f"{batches} batches")
        self.count = batches
        self._held = np.concatenate(kept)
        mean = total / np.maximum(rows, 1)
        scale = np.sqrt(np.maximum(squares / np.maximum(rows, 1) - np.square(mean), 0))
        mean = mean + shift
        constant = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
        self.scaler = Scaler(mean, np.where(constant, 1.0, scale))

    def held_out(self) -> Floats:
        """Return the windows that are held out, (k, window, d)."""
        return self._held

    def epoch(self, number: int) -> Iterator[Floats]:
        """Yield the normal windows of each batch of an epoch to learn, (k, window, d); 0 is the first."""
        for x in self._epoch(number + 1):
            if len(x):
                yield x

    def _epoch(self, number: int) -> Iterator[Floats]:
        self._dataset.set_epoch(number)
        for batch in self._loader:
            if not isinstance(batch, list | tuple) or len(batch) != 2:
                raise SpecError("X", "must give batches (x, y)", type(batch).__name__)
            x, y = (np.asarray(part) for part in batch)
            if x.ndim != 3 or len(y) != len(x):
                raise SpecError("X", "must give windows (k, window, d) and a label for each", f"shape {x.shape}")
            normal = ~y.reshape(len(y), -1).any(axis=1)
            yield x[normal].astype(np.float64)


class LoaderBatches:
    """The batches of a loader as a network learns them; see `paranom_rs.deep.training.Batches`."""

    def __init__(self, loader: Loader, example: Callable[[Floats], NDArray[np.float32]]) -> None:
        self._loader, self._example, self.count = loader, example, loader.count

    def of(self, epoch: int, device: Any) -> Iterator[Any]:
        """Yield the batches of an epoch, tensors on the device."""
        import torch

        for windows in self._loader.epoch(epoch):
            yield torch.tensor(self._example(windows), device=device)
