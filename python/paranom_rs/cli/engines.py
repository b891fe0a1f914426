"""The detector of ``paranom detect``: made from the first rows, or loaded."""

from __future__ import annotations

import argparse
from pathlib import Path

from paranom_rs._internal.frames import Frame
from paranom_rs.cli.detector_engine import FITTED, fit_detector, loaded_detector
from paranom_rs.cli.engine import Engine
from paranom_rs.cli.file_ramp_engine import FileRampEngine
from paranom_rs.cli.ramp_engine import RampEngine, loaded_ramp, make_ramp
from paranom_rs.detect.detector_file import MAGIC
from paranom_rs.detect.loading import load_detector
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError

__all__ = ["NAMES", "load_engine", "make_engine"]

#: What ``--detector`` may be; auto is RAMP, whose reference slides with the data.
NAMES = ("auto", "ramp", *FITTED)


def make_engine(options: argparse.Namespace, rows: Frame | None, channels: list[str], *, finished: bool) -> Engine:
    """Make a detector from ordinary rows; RAMP with a threshold needs none. See `make_ramp` and `fit_detector`.

    ``finished`` says that the rows are those of a file that does not go on: then RAMP may look at the rows behind.
    """
    if options.detector in ("auto", "ramp"):
        return make_ramp(options, rows, channels, FileRampEngine if finished else RampEngine)
    assert rows is not None
    return fit_detector(options.detector, options, rows, channels)


def load_engine(path: Path, options: argparse.Namespace, channels: list[str], file: str) -> Engine:
    """Load a detector that goes on. See `loaded_ramp` and `loaded_detector`."""
    is_fitted = path.read_bytes()[: len(MAGIC)] == MAGIC
    detector = load_detector(path) if is_fitted else RAMP.load(path)
    kinds = {name: kind for name, (_, kind) in FITTED.items()} | {"ramp": "RAMP"}
    if kinds.get(options.detector, type(detector).__name__) != type(detector).__name__:
        raise SpecError("detector", f"must be that of {path}, {type(detector).__name__}", repr(options.detector))
    if isinstance(detector, RAMP):
        return loaded_ramp(detector, path, options, channels, file)
    return loaded_detector(detector, path, options, channels, file)
