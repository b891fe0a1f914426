"""A training run in a file, to be resumed. Importing this module imports torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from paranom_rs.deep import state
from paranom_rs.errors import StateError


def write(
    path: Path, net: Any, optimizer: Any, recipe: dict[str, Any], history: Any, best: Any, best_epoch: int
) -> None:
    """Write a run after an epoch: weights, the best ones so far, the optimiser, and the figures of each epoch."""
    arrays = {f"net.{k}": v for k, v in net.state_dict().items()}
    arrays |= {f"best.{k}": v for k, v in best.items()}
    for number, slots in optimizer.state_dict()["state"].items():
        arrays |= {f"adam.{number}.{k}": v for k, v in slots.items()}
    meta = {"history": history, "best_epoch": best_epoch, "recipe": recipe}
    state.write(path, "checkpoint", meta, {k: v.detach().cpu().numpy() for k, v in arrays.items()})


def read(path: Path, net: Any, optimizer: Any, recipe: dict[str, Any]) -> tuple[Any, Any, int]:
    """Put a run's weights into network and optimiser; return its history, its best weights and their epoch.

    Raises
    ------
    StateError
        For a file that is no checkpoint, of another recipe, or of another network.
    """
    meta, arrays = state.read(path, "checkpoint")
    if meta.get("recipe") != json.loads(json.dumps(recipe)):
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
