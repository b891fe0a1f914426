"""A training run in a safetensors file, to be resumed. Nothing in a file is trusted. Importing this imports torch."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.optional import require
from paranom_rs.errors import StateError

FORMAT = "4"

Arrays = dict[str, NDArray[Any]]
_FIGURES = ("train", "validation", "criterion", "lr", "seconds")
_SLOTS = ("step", "exp_avg", "exp_avg_sq")


def write(
    path: Path, net: Any, optimizer: Any, recipe: dict[str, Any], history: Any, best: Any, best_epoch: int
) -> None:
    """Write a run after an epoch: weights, the best ones so far, the optimiser, and the figures of each epoch."""
    tensors = {f"net.{k}": v for k, v in net.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in best.items()}
    for number, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{k}": v for k, v in slots.items()}
    meta = json.dumps({"history": history, "best_epoch": best_epoch, "recipe": recipe}, sort_keys=True)
    arrays = {k: np.asarray(v.detach().cpu().numpy(), order="C") for k, v in tensors.items()}
    header = {"paranom_rs": FORMAT, "kind": "checkpoint", "meta": meta, "sha256": _checksum(meta, arrays)}
    data = require("safetensors.numpy", "deep", "a checkpoint").save(arrays, metadata=header)
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def read(path: Path, net: Any, optimizer: Any, recipe: dict[str, Any]) -> tuple[dict[str, list[float]], Any, int]:
    """Put a run's weights into network and optimiser; return its history, its best weights and their epoch.

    Raises
    ------
    StateError
        For a file that is no checkpoint, damaged, of another recipe, or of another network.
    """
    meta, arrays = _whole(path)
    if meta.get("recipe") != json.loads(json.dumps(recipe)):
        raise StateError(f"{path}: is the checkpoint of a run with other settings: {str(meta.get('recipe'))[:200]}")
    try:
        history, best_epoch = _figures(meta, recipe["epochs"])
        wanted = dict(net.state_dict())
        own, best = _part(arrays, "net.", wanted), _part(arrays, "best.", wanted)
        slots = {f"{number}.{slot}": _slot(p, slot) for number, p in enumerate(net.parameters()) for slot in _SLOTS}
        adam = _part(arrays, "adam.", slots)
        if len(arrays) != len(own) + len(best) + len(adam):
            raise ValueError("it holds arrays of something else")
    except (LookupError, TypeError, ValueError) as error:
        raise StateError(f"{path}: does not fit this network: {error}") from None
    net.load_state_dict(own)
    state = optimizer.state_dict()
    for key, value in adam.items():
        number, slot = key.split(".")
        state["state"].setdefault(int(number), {})[slot] = value
    optimizer.load_state_dict(state)
    return history, best, best_epoch


def _slot(parameter: Any, slot: str) -> Any:
    return torch.zeros((), dtype=torch.float32) if slot == "step" else parameter


def _figures(meta: dict[str, Any], epochs: int) -> tuple[dict[str, list[float]], int]:
    """Return the figures of each epoch, and which was the best; ValueError where they can be none."""
    history = {name: list(meta["history"][name]) for name in _FIGURES}
    count, best = len(history["train"]), meta["best_epoch"]
    if not 0 < count <= epochs or any(len(figures) != count for figures in history.values()):
        raise ValueError("its figures are not those of epochs")
    if not all(isinstance(x, float | int) and math.isfinite(x) for figures in history.values() for x in figures):
        raise ValueError("its figures are no numbers")
    if type(best) is not int or not 0 <= best < count:
        raise ValueError("its best epoch is none")
    return history, best


def _part(arrays: Arrays, prefix: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the tensors under a prefix; ValueError where names, shapes or types are not the wanted ones."""
    found = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    if set(found) != set(wanted):
        raise ValueError(f"weights {sorted(set(found) ^ set(wanted))[:3]} are missing or too many")
    tensors = {}
    for name, array in found.items():
        model = wanted[name]
        if array.dtype != np.float32 or array.shape != tuple(model.shape):
            raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}, not {tuple(model.shape)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds a value that is no number")
        tensors[name] = torch.tensor(array, device="cpu" if name.endswith(".step") else model.device)
    return tensors


def _whole(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Return header and arrays of a checkpoint; StateError for a file cut off, changed or foreign."""
    safetensors = require("safetensors", "deep", "a checkpoint")
    path.open("rb").close()  # FileNotFoundError and its like stay what they are
    if not path.is_file():
        raise StateError(f"{path}: is no regular file")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            header = file.metadata() or {}
            # The file is as long as its arrays are: no more than that is read.
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise StateError(f"{path}: is no whole safetensors file: {error}") from error
    if "paranom_rs" not in header:
        raise StateError(f"{path}: was not written by paranom_rs")
    if header["paranom_rs"] != FORMAT:
        raise StateError(f"{path}: has format {header['paranom_rs'][:40]}, this version reads {FORMAT}")
    if header.get("kind") != "checkpoint":
        raise StateError(f"{path}: holds a {str(header.get('kind'))[:40]}, not a checkpoint")
    text = header.get("meta", "")
    if header.get("sha256") != _checksum(text, arrays):
        raise StateError(f"{path}: the checksum differs: the file was changed or damaged")
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StateError(f"{path}: its header is no JSON: {error}") from error
    if not isinstance(meta, dict):
        raise StateError(f"{path}: its header is no JSON object")
    return meta, arrays


def _checksum(meta: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(f"{FORMAT}\0{meta}\0".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
