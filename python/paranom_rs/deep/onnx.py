"""The scoring of an autoencoder as an ONNX graph, run by onnxruntime."""

from __future__ import annotations

import importlib
import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paranom_rs._check import Floats
from paranom_rs.deep.windows import fill_missing
from paranom_rs.errors import InternalError

if TYPE_CHECKING:
    from paranom_rs.deep.autoencoder import RNNAutoencoder


def _need(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f'{name} is needed: pip install "paranom_rs[onnx]"') from error


def _graph(detector: RNNAutoencoder) -> bytes:
    _need("onnx")
    import torch
    from torch import nn

    gauss = detector.gauss_

    class Scorer(nn.Module):
        """Windows in the units of the data -> scores."""

        def __init__(self) -> None:
            super().__init__()
            self.net = detector.net_
            for name, array in (
                ("center", detector.scaler_.mean),
                ("scale", detector.scaler_.scale),
                ("mean", None if gauss is None else gauss.mean),
                ("whiten", None if gauss is None else gauss.whiten),
            ):
                self.register_buffer(name, None if array is None else torch.tensor(array, dtype=torch.float32))

        def forward(self, windows: Any) -> Any:
            x = (windows - self.center) / self.scale
            latent = self.net.encode(x)
            if detector.score == "latent":
                vector = latent
            else:
                gap = self.net.decode(latent, detector.window) - x
                error = (gap.abs() if detector.loss == "l1" else gap.square()).sum((1, 2))
                if detector.score == "reconstruction":
                    return error
                vector = torch.cat([latent, torch.log(error + 1e-9)[:, None]], dim=1)
            return ((vector - self.mean) @ self.whiten.T).square().sum(1)

    sample = torch.zeros(2, detector.window, detector.n_features_in_)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter keeps recurrent layers whole; the newer one unrolls them over time. It says
        # that it is the older one, and that an LSTM's initial state depends on the batch (it is zero for
        # every batch).
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Scorer().eval(),
            (sample,),
            file,
            input_names=["windows"],
            output_names=["score"],
            dynamic_axes={"windows": {0: "batch"}, "score": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    return file.getvalue()


def _runtime(graph: bytes, threads: int) -> Any:
    runtime = _need("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def session(detector: RNNAutoencoder) -> Callable[[Floats], Floats]:
    """A function from windows (k, window, d), NaN allowed, to scores (k,)."""
    _need("onnxruntime")
    run = _runtime(_graph(detector), detector.threads)

    def score(data: Floats) -> Floats:
        filled = fill_missing(data, detector.nan).astype(np.float32)
        return np.asarray(run.run(["score"], {"windows": filled})[0], dtype=np.float64)

    return score


def export_autoencoder(detector: RNNAutoencoder, path: Path) -> None:
    """Write the graph, once onnxruntime and torch agree on it."""
    graph = _graph(detector)
    run = _runtime(graph, detector.threads)
    rng = np.random.default_rng(0)
    shape = (7, detector.window, detector.n_features_in_)
    data = rng.normal(size=shape) * detector.scaler_.scale + detector.scaler_.mean
    wanted = detector.decision_function(data)
    got = run.run(["score"], {"windows": data.astype(np.float32)})[0]
    if not np.allclose(got, wanted, rtol=1e-3, atol=1e-4):
        raise InternalError(f"onnxruntime and torch differ by {np.abs(got - wanted).max():g} on {path.name}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(graph)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
