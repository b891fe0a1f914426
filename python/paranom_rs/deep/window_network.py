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
        variational = "mean.weight" in weights
        self._encoder = recurrent.network(weights, "encoder", cell, layers)
        self._decoder = recurrent.network(weights, "decoder", cell, layers, "output")
        self._mean = recurrent.affine(weights, "mean") if variational else None
        self._hidden, self._threads = weights["encoder.weight_hh_l0"].shape[1], threads
        self._latent: tuple[Gaussian, recurrent.LatentScore] | None = None
        # The last layer's output stands before its cell.
        self._at = (layers - 1) * self._encoder.state // layers

    def encode(self, windows: Floats) -> Floats:
        """Return the latent vectors (k, hidden) of scaled windows (k, window, d)."""
        begun = np.zeros((len(windows), self._encoder.state))
        _, states = self._encoder.run(np.ascontiguousarray(windows), begun, outputs=False, threads=self._threads)
        latent = np.ascontiguousarray(states[:, self._at : self._at + self._hidden])
        return latent if self._mean is None else self._mean.apply(latent)

    def distance2(self, window: Floats, scaler: Scaler, gauss: Gaussian) -> float | None:
        """Return the score of the latent vector of one window (window, d) as it came; None where a value is missing."""
        if self._latent is None or self._latent[0] is not gauss:
            scale = (scaler.mean, scaler.scale, LIMIT)
            score = recurrent.LatentScore(scale, self._encoder, self._mean, (gauss.mean, gauss.map))
            self._latent = (gauss, score)
        return self._latent[1].score(window)

    def decode(self, latent: Floats, steps: int) -> Floats:
        """Return windows (k, steps, d) of latent vectors."""
        begun = np.zeros((len(latent), self._decoder.state))
        return self._decoder.run(latent[:, None], begun, repeat=steps, threads=self._threads)[0]


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
