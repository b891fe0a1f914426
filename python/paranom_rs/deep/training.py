"""One trainer for every network. Importing this module imports torch."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from paranom_rs._internal.progress import bar_class
from paranom_rs.deep import checkpoint as checkpoints
from paranom_rs.deep.batches import Batches
from paranom_rs.deep.devices import device_of, uses_bfloat16
from paranom_rs.deep.steps import CoreSteps, CoreTraining, Loss, Steps, TorchSteps
from paranom_rs.errors import SpecError

MeanLoss = Callable[[Any], float]
"""From examples to their mean loss by the network as it is."""
Criterion = Callable[[Any, MeanLoss], tuple[float, float]]
"""From a network to (validation loss, figure that the best epoch minimises)."""


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
    loss: Loss,
    batches: Batches,
    settings: Settings,
    criterion: Criterion,
    *,
    core: CoreTraining | None = None,
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
    core
        How the core trains this network, if it can: it does so on the CPU, but for bfloat16.
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
    steps: Steps
    if core is not None and device.type == "cpu" and not half:
        steps = CoreSteps(core, net, optimizer, settings.clip)
    else:
        steps = TorchSteps(net, loss, optimizer, settings.clip, half=half)
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
            figures = _epoch(net, steps, batches, settings, criterion, epoch)
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
    net: Any, steps: Steps, batches: Batches, settings: Settings, criterion: Criterion, epoch: int
) -> dict[str, float]:
    """Train for one epoch; return its figures, as the history has them."""
    started = time.perf_counter()
    torch.manual_seed(_epoch_seed(settings.seed, epoch))

    def rate(batch: int) -> float:
        step = epoch * batches.count + batch
        return learning_rate(settings.schedule, settings.lr, step, settings.epochs * batches.count)

    total, examples = steps.take(batches, epoch, rate, epoch / settings.epochs)
    mean = total / max(examples, 1)
    net.eval()
    with torch.no_grad():
        validation, figure = criterion(net, steps.mean_loss)
    if not math.isfinite(mean) or math.isnan(figure):
        raise SpecError("lr", f"must be lower: the loss is no longer a number in epoch {epoch}", str(settings.lr))
    seconds = time.perf_counter() - started
    return {
        "train": mean,
        "validation": validation,
        "criterion": figure,
        "lr": rate(batches.count - 1),
        "seconds": seconds,
    }


def _weights(net: Any) -> dict[str, Any]:
    return {k: v.clone() for k, v in net.state_dict().items()}


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
