"""One trainer for every network. Importing this module imports torch."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from paranom_rs.deep import state
from paranom_rs.errors import SpecError, StateError

Criterion = Callable[[Any], tuple[float, float]]
"""From a network to (validation loss, figure that the best epoch minimises)."""


@dataclass(frozen=True)
class Settings:
    """How to train."""

    epochs: int
    batch_size: int
    lr: float
    schedule: str
    clip: float | None
    patience: int | None
    device: str
    precision: str
    threads: int
    seed: int
    verbose: bool | None


@dataclass
class Run:
    """What training left behind; the network holds the best weights."""

    history: dict[str, list[float]]
    best_epoch: int
    interrupted: bool


def device_of(name: str) -> Any:
    """The torch device for "auto" (CUDA, then MPS, then CPU) or for its own name."""
    if name == "auto":
        mps = getattr(torch.backends, "mps", None)
        name = "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        rule = f"must be a device that torch can use here ({str(error).splitlines()[0]})"
        raise SpecError("device", rule, repr(name)) from error
    return device


@contextmanager
def cpu_threads(number: int) -> Iterator[None]:
    """Torch with so many CPU threads; afterwards as before.

    One thread is fastest for networks of this size; more than one also makes sums depend on their number.
    """
    before = torch.get_num_threads()
    if before != number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        if before != number:
            torch.set_num_threads(before)


@contextmanager
def session(threads: int, seed: int) -> Iterator[None]:
    """`cpu_threads`, and torch's generators seeded; afterwards they are as before."""
    with cpu_threads(threads), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def learning_rate(schedule: str, peak: float, step: int, total: int) -> float:
    """The rate at `step` of `total`.

    "onecycle": up from peak / 25 over the first 30 % and down to almost 0, both along a cosine (Smith &
    Topin 2018); "cosine": down from the peak; "constant".
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
    data: Any,
    settings: Settings,
    criterion: Criterion,
    *,
    checkpoint: Path | None = None,
) -> Run:
    """Minimise ``loss(net, batch, share of the epochs gone)``; keep the weights of the best epoch.

    Each epoch has its own seed, so a run resumed from a ``checkpoint`` ends in the same bits as one that was
    never stopped. Ctrl-C ends training after at least one epoch with the best weights so far; earlier it is
    raised.
    """
    device = device_of(settings.device)
    net.to(device)
    data = data.to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=settings.lr, fused=device.type in ("cpu", "cuda"))
    half = _uses_bfloat16(net, loss, data, settings)
    history: dict[str, list[float]] = {k: [] for k in ("train", "validation", "criterion", "lr", "seconds")}
    best, best_epoch, interrupted = _weights(net), -1, False
    if checkpoint is not None and checkpoint.exists():
        history, best, best_epoch = _resume(checkpoint, net, optimizer, settings)
    first = len(history["train"])
    bar = tqdm(
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
            figures = _epoch(net, loss, data, optimizer, settings, criterion, epoch, half=half)
            if not history["criterion"] or figures["criterion"] < min(history["criterion"]):
                best, best_epoch = _weights(net), epoch
            for key, figure in figures.items():
                history[key].append(figure)
            bar.set_postfix(train=f"{figures['train']:.4g}", validation=f"{figures['validation']:.4g}")
            if checkpoint is not None:
                _keep(checkpoint, net, optimizer, settings, history, best, best_epoch)
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
    data: Any,
    optimizer: Any,
    settings: Settings,
    criterion: Criterion,
    epoch: int,
    *,
    half: bool,
) -> dict[str, float]:
    """Train for one epoch; return its figures, as the history has them."""
    started, device = time.perf_counter(), data.device
    torch.manual_seed(_epoch_seed(settings.seed, epoch))
    net.train()
    order = torch.randperm(len(data), device="cpu").to(device)
    total = torch.zeros((), device=device)
    batches, rate = math.ceil(len(data) / settings.batch_size), 0.0
    for k in range(batches):
        rate = learning_rate(settings.schedule, settings.lr, epoch * batches + k, settings.epochs * batches)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = data[order[k * settings.batch_size : (k + 1) * settings.batch_size]]
        with torch.autocast(device.type, torch.bfloat16) if half else nullcontext():
            value = loss(net, batch, epoch / settings.epochs)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        if settings.clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), settings.clip)
        optimizer.step()
        total += value.detach() * len(batch)
    mean = float(total) / len(data)
    net.eval()
    with torch.no_grad():
        validation, figure = criterion(net)
    if not math.isfinite(mean) or math.isnan(figure):
        raise SpecError("lr", f"must be lower: the loss is no longer a number in epoch {epoch}", str(settings.lr))
    seconds = time.perf_counter() - started
    return {"train": mean, "validation": validation, "criterion": figure, "lr": rate, "seconds": seconds}


def _uses_bfloat16(net: Any, loss: Callable[[Any, Any, float], Any], data: Any, settings: Settings) -> bool:
    """Whether batches are computed in bfloat16; SpecError where that was asked for and cannot be."""
    device = data.device
    if settings.precision != "bfloat16":
        return settings.precision == "auto" and device.type == "cuda" and bool(torch.cuda.is_bf16_supported())
    # Not every processor has the kernels: say so before training.
    try:
        with torch.autocast(device.type, torch.bfloat16):
            loss(net, data[:1], 0.0).backward()
    except RuntimeError as error:
        rule = f"must be 'float32' or 'auto' here ({str(error).splitlines()[0]})"
        raise SpecError("precision", rule, "'bfloat16'") from error
    return True


def _weights(net: Any) -> dict[str, Any]:
    return {k: v.clone() for k, v in net.state_dict().items()}


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _recipe(settings: Settings) -> dict[str, Any]:
    """What must be equal for a resumed run to be the same run."""
    kept = ("epochs", "batch_size", "lr", "schedule", "clip", "seed")
    return {k: getattr(settings, k) for k in kept}


def _keep(path: Path, net: Any, optimizer: Any, settings: Settings, history: Any, best: Any, best_epoch: int) -> None:
    arrays = {f"net.{k}": v for k, v in net.state_dict().items()}
    arrays |= {f"best.{k}": v for k, v in best.items()}
    for number, slots in optimizer.state_dict()["state"].items():
        arrays |= {f"adam.{number}.{k}": v for k, v in slots.items()}
    meta = {"history": history, "best_epoch": best_epoch, "recipe": _recipe(settings)}
    state.write(path, "checkpoint", meta, {k: v.detach().cpu().numpy() for k, v in arrays.items()})


def _resume(path: Path, net: Any, optimizer: Any, settings: Settings) -> tuple[Any, Any, int]:
    meta, arrays = state.read(path, "checkpoint")
    if meta.get("recipe") != json.loads(json.dumps(_recipe(settings))):
        raise StateError(f"{path}: is the checkpoint of a run with other settings: {meta.get('recipe')}")
    device = next(net.parameters()).device
    tensors = {k: torch.tensor(v, device=device) for k, v in arrays.items()}

    def part(prefix: str) -> dict[str, Any]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    try:
        net.load_state_dict(part("net."))
        adam = optimizer.state_dict()
        for key, value in part("adam.").items():
            number, slot = key.split(".")
            adam["state"].setdefault(int(number), {})[slot] = value
        optimizer.load_state_dict(adam)
    except (RuntimeError, ValueError) as error:
        raise StateError(f"{path}: does not fit this network: {error}") from error
    return meta["history"], part("best."), meta["best_epoch"]
