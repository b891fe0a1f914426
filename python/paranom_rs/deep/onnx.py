"""A scorer as an ONNX graph, run by onnxruntime."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs._internal.scaling import Scaler
from paranom_rs.errors import InternalError


def graph(scorer: Any, shape: tuple[int, ...], axes: dict[str, dict[int, str]]) -> bytes:
    """Return the graph of a scorer.

    Parameters
    ----------
    scorer
        A torch module from values to scores.
    shape
        The shape of an input to trace it with.
    axes
        The free axes of the input and of the output, by name; the input comes first.
    """
    require("onnx", "onnx", "an ONNX file")
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
            input_names=[next(iter(axes))],
            output_names=["score"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    return file.getvalue()


def session(data: bytes, threads: int) -> Callable[[NDArray[np.float32]], Floats]:
    """Return a function that runs a graph: from values to scores."""
    runtime = require("onnxruntime", "onnx", "an ONNX graph")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    run = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    name = run.get_inputs()[0].name

    def score(values: NDArray[np.float32]) -> Floats:
        return np.asarray(run.run(["score"], {name: values})[0], dtype=np.float64)

    return score


def sample(scaler: Scaler, batch: int, rows: int) -> NDArray[np.float32]:
    """Return values (batch, rows, d) in the units of the data, to try a graph with."""
    noise = np.random.default_rng(0).normal(size=(batch, rows, len(scaler.mean)))
    return (noise * scaler.scale + scaler.mean).astype(np.float32)


def write(path: Path, data: bytes, threads: int, values: NDArray[np.float32], wanted: Floats) -> None:
    """Write a graph, once onnxruntime gives the ``wanted`` scores of ``values``."""
    got = session(data, threads)(values)
    if not np.allclose(got, wanted, rtol=1e-3, atol=1e-4):
        raise InternalError(f"onnxruntime and torch differ by {np.abs(got - wanted).max():g} on {path.name}")
    with whole_file(path) as temporary:
        temporary.write_bytes(data)
