"""The scoring of a detector as an ONNX graph, run by onnxruntime."""

from __future__ import annotations

import importlib
import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs.deep.windows import fill_missing
from paranom_rs.errors import InternalError

if TYPE_CHECKING:
    from paranom_rs.deep.autoencoder import RNNAutoencoder
    from paranom_rs.deep.lstm_ad import LSTMAD


def _need(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f'{name} is needed: pip install "paranom_rs[onnx]"') from error


def _graph(scorer: Any, shape: tuple[int, ...], name: str, free: dict[str, dict[int, str]]) -> bytes:
    _need("onnx")
    import torch

    file = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter keeps recurrent layers whole; the newer one unrolls them over time. It says
        # that it is the older one, and that an LSTM's initial state depends on the batch (it is zero for
        # every batch).
        warnings.simplefilter("ignore")
        torch.onnx.export(
            scorer.eval(),
            (torch.zeros(shape),),
            file,
            input_names=[name],
            output_names=["score"],
            dynamic_axes=free,
            opset_version=17,
            dynamo=False,
        )
    return file.getvalue()


def _windows_graph(det: RNNAutoencoder) -> bytes:
    from paranom_rs.deep.scorers import WindowScorer

    scorer = WindowScorer(det.net_, det.scaler_, det.gauss_, det.score, det.loss)
    free = {"windows": {0: "batch"}, "score": {0: "batch"}}
    return _graph(scorer, (2, det.window, det.n_features_in_), "windows", free)


def _series_graph(det: LSTMAD) -> bytes:
    from paranom_rs.deep.scorers import SeriesScorer

    scorer = SeriesScorer(det.net_, det.scaler_, det.gauss_)
    free = {"series": {0: "batch", 1: "time"}, "score": {0: "batch", 1: "time"}}
    return _graph(scorer, (2, 2 * det.horizon + 1, det.n_features_in_), "series", free)


def _runtime(graph: bytes, threads: int) -> Any:
    runtime = _need("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def session(detector: RNNAutoencoder) -> Callable[[Floats], Floats]:
    """A function from windows (k, window, d), NaN allowed, to scores (k,)."""
    _need("onnxruntime")
    run = _runtime(_windows_graph(detector), detector.threads)

    def score(data: Floats) -> Floats:
        with np.errstate(over="ignore"):  # what is out of float32's range is clipped in the graph
            filled = fill_missing(data, detector.nan).astype(np.float32)
        return np.asarray(run.run(["score"], {"windows": filled})[0], dtype=np.float64)

    return score


def export_autoencoder(detector: RNNAutoencoder, path: Path) -> None:
    """Write the graph, once onnxruntime and torch agree on it."""
    data = _sample(detector, 7, detector.window)
    _write(path, _windows_graph(detector), detector.threads, "windows", data, detector.decision_function(data))


def export_lstm_ad(detector: LSTMAD, path: Path) -> None:
    """Write the graph, once onnxruntime and torch agree on it."""
    # Neither the batch nor the length that it was traced with.
    data = _sample(detector, 3, 5 * detector.horizon)
    wanted = np.stack([detector.decision_function(series) for series in data])
    _write(path, _series_graph(detector), detector.threads, "series", data, wanted)


def _sample(detector: RNNAutoencoder | LSTMAD, batch: int, rows: int) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).normal(size=(batch, rows, detector.n_features_in_))
    return (noise * detector.scaler_.scale + detector.scaler_.mean).astype(np.float32)


def _write(path: Path, graph: bytes, threads: int, name: str, data: NDArray[np.float32], wanted: Floats) -> None:
    got = _runtime(graph, threads).run(["score"], {name: data})[0]
    if not np.allclose(got, wanted, rtol=1e-3, atol=1e-4):
        raise InternalError(f"onnxruntime and torch differ by {np.abs(got - wanted).max():g} on {path.name}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(graph)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
