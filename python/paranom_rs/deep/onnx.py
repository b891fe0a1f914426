"""A scorer as an ONNX graph, run by onnxruntime."""

from __future__ import annotations

import io
import json
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
from paranom_rs.detect.base import Detector
from paranom_rs.errors import InternalError, SpecError


def metadata(detector: Detector) -> dict[str, str]:
    """Return what an ONNX file says of its detector: names, threshold, scale and window, as texts of JSON."""
    names = getattr(detector, "feature_names_in_", None)
    values = {
        "detector": type(detector).__name__,
        "feature_names": None if names is None else [str(name) for name in names],
        "n_features": detector.n_features_in_,
        "threshold": detector.causal_threshold_,
        "window": detector.window_,
        "mean": vars(detector)["mean_"].tolist(),
        "scale": vars(detector)["scale_"].tolist(),
        "alarm_share": detector.alarm_share,
    }
    return {f"paranom_rs.{name}": json.dumps(value) for name, value in values.items()}


def refuse_levels(detector: Detector) -> None:
    """Raise SpecError for a detector that follows levels, which a graph does not."""
    if vars(detector)["_wandering"].any():
        raise SpecError(
            "follow_levels", "must be False for an ONNX file: a graph does not know the rows before", "True"
        )


def graph(scorer: Any, shape: tuple[int, ...], axes: dict[str, dict[int, str]], notes: dict[str, str]) -> bytes:
    """Return the graph of a scorer.

    Parameters
    ----------
    scorer
        A torch module from values to scores.
    shape
        The shape of an input to trace it with.
    axes
        The free axes of the input and of the output, by name; the input comes first.
    notes
        What the file says of itself.
    """
    onnx = require("onnx", "onnx", "an ONNX file")
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
    model = onnx.load_model_from_string(file.getvalue())
    onnx.helper.set_model_props(model, notes)
    return bytes(model.SerializeToString())


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
