"""One trainer for every network. Importing this module imports torch."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from paranom_rs._internal.progress import bar_class
from paranom_rs.deep import checkpoint as checkpoints
from paranom_rs.deep.devices import device_of, uses_bfloat16
from paranom_rs.errors import SpecError

Criterion = Callable[[Any], tuple[float, float]]
"""From a network to (validation loss, figure that the best epoch minimises)."""


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

    def of(self, epoch: int, device: Any) -> Iterator[Any]:
        """Yield the batches of an epoch; the order is that of torch's generator."""
        if self.data.device != device:
            self.data = self.data.to(device)
        order = torch.randperm(len(self.data), device="cpu").to(device)
        for k in range(self.count):
            yield self.data[order[k * self.size : (k + 1) * self.size]]


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int
    lr: float
    schedule: str
    clip: float | None
    patience: int | None
    device: str
    precision: str
    seed: int
    verbose: bool | None

    @property
    def recipe(self) -> dict[str, Any]:
        """What must be equal for a resumed run to be the same run."""
        kept = ("epochs", "lr", "schedule", "clip", "seed")
        return {k: getattr(self, k) for k in kept}


@dataclass
class Run:
    """What training left behind; the network holds the best weights."""

    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool


def learning_rate(schedule: str, peak: float, step: int, total: int) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    schedule
        ``"onecycle"``: up from peak / 25 over the first 30 % and down to almost 0, both along a cosine (Smith & Topin
        2018). ``"cosine"``: down from the peak. ``"constant"``: the peak.
    peak
        The largest rate.
    step, total
        The number of the step, and of all steps.
    """
    if schedule == "constant":
        return peak
    warm = 0.3 * total if schedule == "onecycle" else 0.0
    if step < warm:
        return peak / 25 + (peak - peak / 25) * (1 - math.cos(math.pi * step / warm)) / 2
    return peak * max((1 + math.cos(math.pi * (step - warm) / max(total - 1 - warm, 1))) / 2, 1e-4)


def train(
    net: Any,
    loss: Callable[[Any, Any, float], Any],
    batches: Batches,
    settings: Settings,
    criterion: Criterion,
    *,
    checkpoint: Path | None = None,
) -> Run:
    """Train a network and give it the weights of its best epoch.

    Each epoch has its own seed, so a resumed run ends in the same bits as one that was never stopped.

    Parameters
    ----------
    net
        The network; it is moved to the device of the settings.
    loss
        A function of the network, a batch, and the share of the epochs gone.
    batches
        What it learns from.
    settings
        How to train.
    criterion
        By what an epoch is judged.
    checkpoint
        A file: the run is saved there after each epoch, and resumed from there if the file exists.

    Returns
    -------
    Run

    Raises
    ------
    SpecError
        For a device or precision that cannot be used here, and a loss that is no longer a number.
    StateError
        For a checkpoint of another run.
    KeyboardInterrupt
        On Ctrl-C before the first epoch has ended; later, training ends with a RuntimeWarning.
    """
    device = device_of(settings.device)
    net.to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.lr, fused=device.type in ("cpu", "cuda"))
    half = uses_bfloat16(settings.precision, device, lambda: loss(net, next(batches.of(0, device))[:1], 0.0).backward())
    history: dict[str, list[float]] = {k: [] for k in ("train", "validation", "criterion", "lr", "seconds")}
    best, best_epoch, interrupted = _weights(net), -1, False
    if checkpoint is not None and checkpoint.exists():
        history, best, best_epoch = checkpoints.read(checkpoint, net, optimizer, settings.recipe)
    first = len(history["train"])
    bar = bar_class()(
        range(first, settings.epochs),
        initial=first,
        total=settings.epochs,
        unit="epoch",
        disable=None if settings.verbose is None else not settings.verbose,
    )
    try:
        for epoch in bar:
            if settings.patience is not None and epoch - 1 - best_epoch >= settings.patience:
                break
            figures = _epoch(net, loss, batches, optimizer, settings, criterion, epoch, half=half)
            if not history["criterion"] or figures["criterion"] < min(history["criterion"]):
                best, best_epoch = _weights(net), epoch
            for key, figure in figures.items():
                history[key].append(figure)
            bar.set_postfix(train=f"{figures['train']:.4g}", validation=f"{figures['validation']:.4g}")
            if checkpoint is not None:
                checkpoints.write(checkpoint, net, optimizer, settings.recipe, history, best, best_epoch)
    except KeyboardInterrupt:
        if best_epoch < 0:
            raise
        interrupted = True
        warnings.warn(
            f"stopped by Ctrl-C after {len(history['train'])} epochs; the best weights so far are kept",
            RuntimeWarning,
            stacklevel=3,
        )
    finally:
        bar.close()
    net.load_state_dict(best)
    net.eval()
    return Run(history, best_epoch, interrupted)


def _epoch(
    net: Any,
    loss: Callable[[Any, Any, float], Any],
    batches: Batches,
    optimizer: Any,
    settings: Settings,
    criterion: Criterion,
    epoch: int,
    *,
    half: bool,
) -> dict[str, float]:
    """Train for one epoch; return its figures, as the history has them."""
    started, device = time.perf_counter(), next(net.parameters()).device
    torch.manual_seed(_epoch_seed(settings.seed, epoch))
    net.train()
    total, examples, rate = torch.zeros((), device=device), 0, 0.0
    for k, batch in enumerate(batches.of(epoch, device)):
        step = epoch * batches.count + k
        rate = learning_rate(settings.schedule, settings.lr, step, settings.epochs * batches.count)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(device.type, torch.bfloat16) if half else nullcontext():
            value = loss(net, batch, epoch / settings.epochs)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        if settings.clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), settings.clip)
        optimizer.step()
        total += value.detach() * len(batch)
        examples += len(batch)
    mean = float(total) / max(examples, 1)
    net.eval()
    with torch.no_grad():
        validation, figure = criterion(net)
    if not math.isfinite(mean) or math.isnan(figure):
        raise SpecError("lr", f"must be lower: the loss is no longer a number in epoch {epoch}", str(settings.lr))
    seconds = time.perf_counter() - started
    return {"train": mean, "validation": validation, "criterion": figure, "lr": rate, "seconds": seconds}


def _weights(net: Any) -> dict[str, Any]:
    return {k: v.clone() for k, v in net.state_dict().items()}


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
