"""The networks of an autoencoder, evaluated: by the core on the CPU, by torch on another device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.scaling import LIMIT, Scaler
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.weights import Weights
from paranom_rs.detect import recurrent

#: Windows that another device computes at once.
MANY = 4096


class WindowNetwork(Protocol):
    """From windows to latent vectors, and back."""

    def encode(self, windows: Floats) -> Floats:
        """Return the latent vectors (k, hidden) of scaled windows (k, window, d)."""

    def decode(self, latent: Floats, steps: int) -> Floats:
        """Return windows (k, steps, d) of latent vectors."""


class CoreNetwork:
    """On the CPU: a window's numbers depend on nothing but the window."""

    def __init__(self, weights: Weights, cell: str, layers: int, threads: int) -> None:
        self._core, self._threads = recurrent.window_network(weights, cell, layers), threads

    def encode(self, windows: Floats) -> Floats:
        """Return the latent vectors (k, hidden) of scaled windows (k, window, d)."""
        return self._core.encode(np.ascontiguousarray(windows), threads=self._threads)

    def decode(self, latent: Floats, steps: int) -> Floats:
        """Return windows (k, steps, d) of latent vectors."""
        return self._core.decode(np.ascontiguousarray(latent), steps, threads=self._threads)

    def stream(self, scaler: Scaler, gauss: Gaussian, window: int) -> recurrent.LatentStream:
        """Return a stream of rows as they come: the score of the latent vector of the window that ends at each."""
        return self._core.stream((scaler.mean, scaler.scale, LIMIT), (gauss.mean, gauss.map), window)


class TorchNetwork:
    """On a GPU. How a window is rounded there depends on its place among others."""

    def __init__(self, net: Any, device: Any) -> None:
        self._net, self._device = net.to(device).eval(), device

    def encode(self, windows: Floats) -> Floats:
        """Return the latent vectors (k, hidden) of scaled windows (k, window, d)."""
        return self._by_parts(windows, self._net.encode)

    def decode(self, latent: Floats, steps: int) -> Floats:
        """Return windows (k, steps, d) of latent vectors."""
        return self._by_parts(latent, lambda x: self._net.decode(x, steps))

    def _by_parts(self, data: Floats, what: Callable[[Any], Any]) -> Floats:
        import torch

        parts = []
        for first in range(0, max(len(data), 1), MANY):
            part = torch.tensor(data[first : first + MANY].astype(np.float32), device=self._device)
            with torch.no_grad():
                parts.append(what(part).cpu().numpy())
        return np.concatenate(parts).astype(np.float64)
