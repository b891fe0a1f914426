"""Saved state: arrays and a JSON header in one checksummed safetensors file. No pickle."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.optional import require
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.errors import StateError
from paranom_rs.evaluate import thresholds

if TYPE_CHECKING:
    from paranom_rs.deep.base import Detector

FORMAT = "3"

D = TypeVar("D", bound="Detector")


def save(detector: Detector, path: str | os.PathLike[str]) -> None:
    """Write a fitted detector; the file appears whole or not at all."""
    params = detector.get_params(deep=False)
    if params["threshold"] is not None:
        rule = params["threshold"]
        params["threshold"] = {"rule": type(rule).__name__, "arguments": rule.get_params()}
    meta = {"params": params, "fitted": {k: getattr(detector, k) for k in detector._state_keys}}
    write(path, type(detector).__name__, meta, detector._arrays())


def load(cls: type[D], path: str | os.PathLike[str]) -> D:
    """Return the detector that a file holds; StateError where it holds none that fits together."""
    meta, arrays = read(path, cls.__name__)
    try:
        return _restore(cls, meta["params"], meta["fitted"], arrays)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StateError(f"{Path(path)}: does not hold a {cls.__name__}: {error}") from error


def _restore(cls: type[D], params: dict[str, Any], fitted: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> D:
    import torch

    from paranom_rs.deep.nets import load_weights

    if params["threshold"] is not None:
        rule = params["threshold"]["rule"]
        if rule not in thresholds.__all__ or rule == "Threshold":
            raise ValueError(f"threshold: {rule!r} is no rule")
        params["threshold"] = getattr(thresholds, rule)(**params["threshold"]["arguments"])
    detector = cls(**params)
    detector._check_params()
    features = int(fitted["n_features_in_"])
    scaler = Scaler(arrays["scaler.mean"], arrays["scaler.scale"])
    if scaler.mean.shape != (features,) or scaler.scale.shape != (features,):
        raise ValueError("the scaler does not fit the number of features")
    layers = sum("encoder.weight_hh" in k or "lstm.weight_hh" in k for k in arrays)
    if layers != detector.num_layers:
        raise ValueError(f"the file holds {layers} layers, its parameters say {detector.num_layers}")
    with torch.device("meta"):
        net = detector._network(features)
    load_weights(net, arrays)
    for key in detector._state_keys:
        setattr(detector, key, fitted[key])
    detector.n_features_in_, detector.scaler_, detector.net_, detector.gauss_ = features, scaler, net, None
    detector.decision_scores_ = arrays["decision_scores"].astype(np.float64)
    detector.labels_ = (detector.decision_scores_ > detector.threshold_).astype(np.int8)
    if size := detector._gaussian_size():
        detector.gauss_ = Gaussian(arrays["gauss.mean"], arrays["gauss.whiten"])
        if detector.gauss_.mean.shape != (size,) or detector.gauss_.whiten.shape != (size, size):
            raise ValueError("the Gaussian does not fit the vectors that are scored")
    return detector


def write(path: str | os.PathLike[str], kind: str, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays and a header of a kind; the file appears whole or not at all."""
    text = json.dumps(meta, sort_keys=True)
    header = {"paranom_rs": FORMAT, "kind": kind, "meta": text, "sha256": _checksum(kind, text, arrays)}
    safetensors = require("safetensors.numpy", "deep", "saving")
    data = safetensors.save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata=header)
    with whole_file(Path(path)) as temporary:
        temporary.write_bytes(data)


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of a file of this kind; StateError for one cut off, changed or foreign."""
    safetensors = require("safetensors", "deep", "loading")
    Path(path).open("rb").close()  # FileNotFoundError and its like stay what they are
    try:
        with safetensors.safe_open(path, "numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
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


def _checksum(kind: str, meta: str, arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(f"{FORMAT}\0{kind}\0{meta}\0".encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
