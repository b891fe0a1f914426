"""What a network learns from, batch by batch. Importing this module imports torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import torch


class Batches(Protocol):
    """What a network learns from."""

    count: int
    """Batches in an epoch."""

    def of(self, epoch: int, device: Any) -> Iterator[Any]:
        """Yield the batches of an epoch, tensors (k, ...) on the device."""


class InMemory:
    """Batches of a tensor (n, ...), in another order in each epoch."""

    def __init__(self, data: Any, size: int) -> None:
        self.data, self.size = data, size
        self.count = math.ceil(len(data) / size)

    def order(self) -> Any:
        """Return the order of an epoch, (n,) int64 on the CPU: that of torch's generator."""
        return torch.randperm(len(self.data), device="cpu")

    def of(self, epoch: int, device: Any) -> Iterator[Any]:
        """Yield the batches of an epoch."""
        if self.data.device != device:
            self.data = self.data.to(device)
        order = self.order().to(device)
        for k in range(self.count):
            yield self.data[order[k * self.size : (k + 1) * self.size]]
