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

    def errors(self, windows: Floats, latent: Floats, loss: str) -> Floats:
        """Return how far scaled windows are from those of latent vectors, (k,); what is missing has no part."""


def gaps(network: WindowNetwork, windows: Floats, latent: Floats, loss: str) -> Floats:
    """Return what each value of scaled windows adds to the errors, (k, window, d)."""
    gap = np.nan_to_num(network.decode(latent, windows.shape[1]) - windows)
    return np.asarray(np.abs(gap) if loss == "l1" else np.square(gap))


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

    def errors(self, windows: Floats, latent: Floats, loss: str) -> Floats:
        """Return how far scaled windows are from those of latent vectors, (k,): sums in the order of the values."""
        data = np.ascontiguousarray(windows), np.ascontiguousarray(latent)
        return self._core.errors(*data, loss, threads=self._threads)

    def latent_stream(self, scaler: Scaler, gauss: Gaussian, window: int) -> recurrent.ScoreStream:
        """Return a stream of rows as they come: the score of the latent vector of the window that ends at each."""
        return self._core.latent_stream((scaler.mean, scaler.scale, LIMIT), (gauss.mean, gauss.map), window)

    def reconstruction_stream(self, scaler: Scaler, loss: str, window: int) -> recurrent.ScoreStream:
        """Return a stream of rows as they come: the reconstruction error of the window that ends at each."""
        return self._core.reconstruction_stream((scaler.mean, scaler.scale, LIMIT), loss, window)


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

    def errors(self, windows: Floats, latent: Floats, loss: str) -> Floats:
        """Return how far scaled windows are from those of latent vectors, (k,)."""
        sizes = gaps(self, windows, latent, loss)
        return np.asarray(sizes.reshape(len(sizes), -1).sum(axis=1))

    def _by_parts(self, data: Floats, what: Callable[[Any], Any]) -> Floats:
        import torch

        parts = []
        for first in range(0, max(len(data), 1), MANY):
            part = torch.tensor(data[first : first + MANY].astype(np.float32), device=self._device)
            with torch.no_grad():
                parts.append(what(part).cpu().numpy())
        return np.concatenate(parts).astype(np.float64)
