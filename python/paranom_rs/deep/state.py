"""Saved state: arrays and a JSON header in one checksummed safetensors file. No pickle."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import StateError

FORMAT = "1"


def _safetensors() -> Any:
    try:
        return importlib.import_module("safetensors"), importlib.import_module("safetensors.numpy")
    except ImportError as error:
        raise ImportError('safetensors is needed: pip install "paranom_rs[deep]"') from error


def _checksum(kind: str, meta: str, arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(f"{FORMAT}\0{kind}\0{meta}\0".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write(path: str | os.PathLike[str], kind: str, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write the file whole or not at all."""
    _, numpy_part = _safetensors()
    text = json.dumps(meta, sort_keys=True)
    header = {"paranom_rs": FORMAT, "kind": kind, "meta": text, "sha256": _checksum(kind, text, arrays)}
    data = numpy_part.save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata=header)
    target = Path(path)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of a file of this `kind`; StateError for one cut off, changed or foreign."""
    package, _ = _safetensors()
    Path(path).open("rb").close()  # FileNotFoundError and its like stay what they are
    try:
        with package.safe_open(path, "numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (package.SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise StateError(f"{path}: is no whole safetensors file: {error}") from error
    if "paranom_rs" not in header:
        raise StateError(f"{path}: was not written by paranom_rs")
    if header["paranom_rs"] != FORMAT:
        raise StateError(f"{path}: has format {header['paranom_rs']}, this version reads {FORMAT}")
    if header.get("kind") != kind:
        raise StateError(f"{path}: holds a {header.get('kind')}, not a {kind}")
    if header.get("sha256") != _checksum(kind, header.get("meta", ""), arrays):
        raise StateError(f"{path}: the checksum differs: the file was changed or damaged")
    try:
        meta = json.loads(header["meta"])
    except (ValueError, RecursionError) as error:
        raise StateError(f"{path}: its header is no JSON: {error}") from error
    if not isinstance(meta, dict):
        raise StateError(f"{path}: its header is no JSON object")
    return meta, arrays
