"""A causal convolution network that estimates how much of a window was changed, and the same network without torch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.deep.weights import of_network

Matrix = NDArray[np.float32]

#: Units of each layer, and the rows that a convolution looks at.
UNITS, TAPS = 16, 3
#: What is learnt counts by half: where the training rows are few, it is right about them and not about others.
_LEARNT = 0.5
#: Inputs are cut off at these quantiles of the training material: beyond them the correction stays as it is there.
_EDGES = 0.005


def layers_for(window: int) -> int:
    """Return how many convolutions there are: layer k looks 2**k and 2 * 2**k rows back."""
    return int(np.log2(max(window, 2))) + 1


def context_of(layers: int) -> int:
    """Return how many rows before a row its output depends on."""
    return int((TAPS - 1) * (2**layers - 1))


class Weights(NamedTuple):
    """All numbers of a network.

    The output is a weighted sum of the inputs (``start``) plus what the layers add to it.
    """

    low: Matrix
    """(features,)."""
    high: Matrix
    entry: Matrix
    """(units, features)."""
    entry_bias: Matrix
    taps: Matrix
    """(layers, units, units, TAPS), the last tap is that of the row itself."""
    tap_bias: Matrix
    """(layers, units)."""
    exit: Matrix
    """(units,)."""
    start: Matrix
    """(features,)."""
    bias: Matrix
    """(1,)."""

    def checked(self, features: int) -> Weights:
        """Return the weights; ValueError where they do not fit each other or are no numbers."""
        layers, units = self.tap_bias.shape
        wanted = [
            (features,), (features,), (units, features), (units,), (layers, units, units, TAPS), (layers, units),
            (units,), (features,), (1,),
        ]  # fmt: skip
        for name, array, shape in zip(self._fields, self, wanted, strict=True):
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} has shape {array.shape}, not {shape}, or holds a value that is no number")
        return self

    def outputs(self, features: Matrix) -> Floats:
        """Return the output of each row (n,): that of the rows up to it. Before the first row all layers are 0.

        Sums are added one by one, so the bits of a row depend on the rows that it looks at alone.
        """
        inputs = np.ascontiguousarray(features.T)
        inside = np.clip(inputs, self.low[:, None], self.high[:, None])
        hidden = np.maximum(_sum(self.entry_bias, ((w, x) for w, x in zip(self.entry.T, inside, strict=True))), 0)
        for layer, (taps, bias) in enumerate(zip(self.taps, self.tap_bias, strict=True)):
            terms = (
                (taps[:, unit, tap], _later(hidden[unit], (TAPS - 1 - tap) << layer))
                for tap in range(TAPS)
                for unit in range(len(hidden))
            )
            hidden = hidden + np.maximum(_sum(bias, terms), 0)
        total = np.full(features.shape[0], self.bias[0])
        for weight, x in [*zip(self.exit, hidden, strict=True), *zip(self.start, inputs, strict=True)]:
            total = total + weight * x
        return total.astype(np.float64)


def _sum(bias: Matrix, terms: Any) -> Matrix:
    """Return bias + sum of outer products, (units, n)."""
    total: Any = bias[:, None]
    for weights, values in terms:
        total = total + weights[:, None] * values
    return np.asarray(total, dtype=np.float32)


def _later(x: Matrix, rows: int) -> Matrix:
    """Return values so many rows later, 0 before."""
    if rows == 0:
        return x
    moved = np.zeros_like(x)
    moved[rows:] = x[:-rows] if rows < len(x) else 0
    return moved


def module(features: int, layers: int, start: dict[int, float]) -> Any:
    """Return a torch module from (batch, features, rows) to (batch, rows). Untrained, it gives about ``start``."""
    import torch
    from torch import nn

    class ChangeNet(nn.Module):
        """Residual dilated convolutions beside a weighted sum of the inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.entry = nn.Conv1d(features, UNITS, 1)
            self.taps = nn.ModuleList([nn.Conv1d(UNITS, UNITS, TAPS, dilation=2**k) for k in range(layers)])
            self.exit = nn.Conv1d(UNITS, 1, 1)
            self.start = nn.Conv1d(features, 1, 1, bias=False)
            self.register_buffer("low", torch.full((features,), -torch.inf))
            self.register_buffer("high", torch.full((features,), torch.inf))
            with torch.no_grad():
                self.exit.weight.mul_(0.05)
                self.exit.bias.zero_()
                self.start.weight.zero_()
                for at, weight in start.items():
                    self.start.weight[0, at] = weight

        def forward(self, x: Any) -> Any:
            inside = torch.minimum(torch.maximum(x, self.low[:, None]), self.high[:, None])
            hidden = torch.relu(self.entry(inside))
            for layer, taps in enumerate(self.taps):
                before = nn.functional.pad(hidden, ((TAPS - 1) << layer, 0))
                hidden = hidden + torch.relu(taps(before))
            return (self.exit(hidden) + self.start(x))[:, 0]

    return ChangeNet()


def weights_of(net: Any) -> Weights:
    """Return the numbers of a torch module."""
    arrays = of_network(net)
    layers = range(len(net.taps))
    return Weights(
        arrays["low"],
        arrays["high"],
        arrays["entry.weight"][:, :, 0],
        arrays["entry.bias"],
        np.stack([arrays[f"taps.{k}.weight"] for k in layers]),
        np.stack([arrays[f"taps.{k}.bias"] for k in layers]),
        arrays["exit.weight"][0, :, 0],
        arrays["start.weight"][0, :, 0],
        arrays["exit.bias"],
    )


def scorer(weights: Weights) -> Any:
    """Return a torch module from features (batch, features, rows) to scores (batch, rows), for a graph."""
    import torch
    from torch import nn

    from paranom_rs.detect.window_features import SMALL

    net = module(len(weights.low), len(weights.taps), {})
    named = {
        "low": weights.low, "high": weights.high, "entry.weight": weights.entry[:, :, None],
        "entry.bias": weights.entry_bias, "exit.weight": weights.exit[None, :, None], "exit.bias": weights.bias,
        "start.weight": weights.start[None, :, None],
    }  # fmt: skip
    for layer, (taps, bias) in enumerate(zip(weights.taps, weights.tap_bias, strict=True)):
        named |= {f"taps.{layer}.weight": taps, f"taps.{layer}.bias": bias}
    net.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(x)) for name, x in named.items()})

    class Scorer(nn.Module):
        """The network, and its outputs as distances."""

        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: Any) -> Any:
            return SMALL * (torch.exp(self.net(x).clamp(0.0, 60.0)) - 1.0)

    return Scorer()


class Material(NamedTuple):
    """What a network learns from: series of equal lengths."""

    features: Matrix
    """(series, features, rows)."""
    targets: Matrix
    """(series, rows): how much of each row's window was changed, by its logarithm."""
    counts: Matrix
    """(series, rows): 1 where a row counts."""


def train(
    net: Any,
    material: Material,
    *,
    steps: int,
    batch: int,
    rate: float,
    device: str,
    rng: np.random.Generator,
) -> None:
    """Train a network to give the targets (Huber loss, Adam, a rate that falls along a cosine).

    Its weights are in the end the exponential mean of those of the last steps, and what it learnt counts by half. Half
    of the pieces of a batch hold a row that was changed.

    Parameters
    ----------
    net, material
        What learns, and from what.
    steps, batch, rate
        Steps of training, pieces of 256 rows in each, and the largest rate.
    device
        Where to compute.
    rng
        What pieces are drawn from.
    """
    import torch

    from paranom_rs.deep.devices import device_of

    features, targets, counts = material
    series, _, rows = features.shape
    length = min(256, rows)
    place = device_of(device)
    with torch.no_grad():
        flat = features.transpose(1, 0, 2).reshape(features.shape[1], -1)
        net.low.copy_(torch.from_numpy(np.quantile(flat, _EDGES, axis=1).astype(np.float32)))
        net.high.copy_(torch.from_numpy(np.quantile(flat, 1 - _EDGES, axis=1).astype(np.float32)))
    net.to(place)
    start = net.start.weight.detach().clone()
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    changed = np.argwhere((targets > 0.5) & (counts > 0))
    # The first rows of a piece do not see all that they look at.
    sees = np.ones((batch, length), np.float32)
    sees[:, : min(64, length // 4)] = 0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 20) * (1 + np.cos(np.pi * step / steps)) / 2
        which, first = rng.integers(series, size=batch), rng.integers(rows - length + 1, size=batch)
        if len(changed):
            half = batch // 2
            held = changed[rng.integers(len(changed), size=half)]
            which[:half] = held[:, 0]
            first[:half] = np.clip(held[:, 1] - rng.integers(length, size=half), 0, rows - length)
        at = first[:, None] + np.arange(length)
        x = torch.from_numpy(features[which[:, None], :, at].transpose(0, 2, 1)).to(place)
        y = torch.from_numpy(targets[which[:, None], at]).to(place)
        weight = torch.from_numpy(counts[which[:, None], at] * sees).to(place)
        loss = (torch.nn.functional.smooth_l1_loss(net(x), y, reduction="none") * weight).sum() / weight.sum().clamp(
            min=1.0
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        for name, value in net.state_dict().items():
            mean[name].lerp_(value, max(0.03, 1 / (step + 2)))
    net.load_state_dict(mean)
    with torch.no_grad():
        net.exit.weight.mul_(_LEARNT)
        net.exit.bias.mul_(_LEARNT)
        net.start.weight.copy_(start + _LEARNT * (net.start.weight - start))
    net.to("cpu").eval()
