"""The steps of a training: by torch on any device, by the core on the CPU. Importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from paranom_rs.deep.batches import Batches, InMemory
from paranom_rs.detect.recurrent import RecurrentTrainer, TrainingState

#: Examples whose loss is computed at once.
CHUNK = 1024

Loss = Callable[[Any, Any, float], Any]
"""From a network, a batch and the share of the epochs gone to a loss."""
Rate = Callable[[int], float]
"""From the number of a batch in its epoch to the learning rate."""
Matrix = NDArray[np.float32]


class Steps(Protocol):
    """Who makes the steps of a training. The network has the weights that the last epoch ended in."""

    def take(self, batches: Batches, epoch: int, rate: Rate, gone: float) -> tuple[float, int]:
        """Make a step for each batch of an epoch; return the sum of the losses of its examples, and how many."""

    def mean_loss(self, examples: Matrix) -> float:
        """Return the mean loss of examples as at the end of the training."""


class TorchSteps:
    """Steps by torch, on the device of the network."""

    def __init__(self, net: Any, loss: Loss, optimizer: Any, clip: float | None, *, half: bool) -> None:
        self._net, self._loss, self._optimizer, self._clip, self._half = net, loss, optimizer, clip, half
        self._device = next(net.parameters()).device

    def take(self, batches: Batches, epoch: int, rate: Rate, gone: float) -> tuple[float, int]:
        """Make a step for each batch; see `Steps`."""
        total, examples = torch.zeros((), device=self._device), 0
        self._net.train()
        for k, batch in enumerate(batches.of(epoch, self._device)):
            for group in self._optimizer.param_groups:
                group["lr"] = rate(k)
            with torch.autocast(self._device.type, torch.bfloat16) if self._half else nullcontext():
                value = self._loss(self._net, batch, gone)
            self._optimizer.zero_grad(set_to_none=True)
            value.backward()
            if self._clip is not None:
                nn.utils.clip_grad_norm_(self._net.parameters(), self._clip)
            self._optimizer.step()
            total += value.detach() * len(batch)
            examples += len(batch)
        self._net.eval()
        return float(total), examples

    def mean_loss(self, examples: Matrix) -> float:
        """Return the mean loss; see `Steps`."""
        parts = torch.tensor(examples).split(CHUNK)
        with torch.no_grad():
            losses = [self._loss(self._net, x.to(self._device), 1.0) * len(x) for x in parts]
        return float(sum(losses)) / len(examples)


@dataclass(frozen=True)
class CoreTraining:
    """A network that the core can train."""

    make: Callable[[TrainingState], RecurrentTrainer]
    """From weights and optimiser to the trainer."""
    threads: int
    weight: Callable[[float], float] = lambda gone: 0.0
    """From the share of the epochs gone to the weight of the loss's part that is not the error."""
    drawn: int = 0
    """Normal numbers that are drawn for each example."""


class CoreSteps:
    """Steps by the core: the same as torch's up to rounding, and the same bits on every processor and any threads."""

    def __init__(self, training: CoreTraining, net: Any, optimizer: Any, clip: float | None) -> None:
        self._training, self._clip = training, clip
        self._net, self._optimizer = net, optimizer
        self._trainer = training.make(self._state())

    def take(self, batches: Batches, epoch: int, rate: Rate, gone: float) -> tuple[float, int]:
        """Make a step for each batch; see `Steps`."""
        weight, total, examples = self._training.weight(gone), 0.0, 0
        if isinstance(batches, InMemory):
            order = batches.order()
            rates = np.array([rate(k) for k in range(batches.count)])
            noise = [self._noise(len(part)) for part in order.split(batches.size)]
            total = self._learn(batches.data.numpy(), order.numpy(), batches.size, rates, weight, noise)
            examples = len(order)
        else:
            for k, batch in enumerate(batches.of(epoch, torch.device("cpu"))):
                order, rates = np.arange(len(batch)), np.array([rate(k)])
                noise = [self._noise(len(batch))]
                total += self._learn(batch.numpy(), order, len(batch), rates, weight, noise)
                examples += len(batch)
        self._hand_back()
        return total, examples

    def mean_loss(self, examples: Matrix) -> float:
        """Return the mean loss; see `Steps`."""
        losses = self._trainer.losses(examples, weight=self._training.weight(1.0), threads=self._training.threads)
        return float(np.mean(losses))

    def _learn(
        self,
        data: Matrix,
        order: NDArray[np.int64],
        size: int,
        rates: NDArray[np.float64],
        weight: float,
        noise: list[Any],
    ) -> float:
        drawn = torch.cat(noise).numpy() if self._training.drawn else None
        return self._trainer.epoch(
            data, order, size, rates, clip=self._clip, weight=weight, noise=drawn, threads=self._training.threads
        )

    def _noise(self, examples: int) -> Any:
        """Return what torch would draw for a batch."""
        drawn = self._training.drawn
        return torch.randn(examples, drawn).reshape(-1) if drawn else None

    def _state(self) -> TrainingState:
        """Return weights and optimiser as the core takes them."""
        parameters = list(self._net.parameters())
        states = [self._optimizer.state.get(p) or {} for p in parameters]
        means = [
            _flat([state.get(name, torch.zeros_like(p)) for p, state in zip(parameters, states, strict=True)])
            for name in ("exp_avg", "exp_avg_sq")
        ]
        return _flat(parameters), means[0], means[1], int(states[0].get("step", 0))

    def _hand_back(self) -> None:
        """Put the core's weights into the network, and its means into the optimiser."""
        *arrays, steps = self._trainer.state()
        weights, first, second = (torch.from_numpy(array) for array in arrays)
        at = 0
        with torch.no_grad():
            for p in self._net.parameters():
                own = slice(at, at + p.numel())
                p.copy_(weights[own].view_as(p))
                state = self._optimizer.state[p]
                state["step"] = torch.tensor(float(steps))
                state["exp_avg"], state["exp_avg_sq"] = first[own].view_as(p), second[own].view_as(p)
                at += p.numel()


def _flat(tensors: list[Any]) -> Matrix:
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).numpy()
    return np.asarray(flat, dtype=np.float32)
