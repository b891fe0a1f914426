"""Detectors with `fit` as ``paranom detect`` drives them: fitted on the first rows, and fed part by part."""

from __future__ import annotations

import argparse
import importlib
import warnings
from pathlib import Path

import numpy as np

from paranom_rs._internal import levels
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.cli.engine import Engine
from paranom_rs.cli.options import say
from paranom_rs.cli.verdicts import Verdicts, check_channels, columns_of
from paranom_rs.detect.base import Detector
from paranom_rs.errors import SpecError

__all__ = ["FITTED", "DetectorEngine", "fit_detector", "loaded_detector"]

#: What ``--detector`` calls them, and where they are.
FITTED = {
    "anomaly-net": ("paranom_rs.deep.anomaly_net", "AnomalyNet"),
    "autoencoder": ("paranom_rs.deep.autoencoder", "RNNAutoencoder"),
    "isolation-forest": ("paranom_rs.detect.isolation_forest", "IsolationForest"),
    "left-matrix-profile": ("paranom_rs.detect.profile_detectors", "LeftMatrixProfile"),
    "lstm-ad": ("paranom_rs.deep.lstm_ad", "LSTMAD"),
    "matrix-profile": ("paranom_rs.detect.profile_detectors", "MatrixProfileDetector"),
    "nearest-windows": ("paranom_rs.detect.nearest_windows", "NearestWindows"),
    "pca": ("paranom_rs.detect.pca", "PCADetector"),
    "z-score": ("paranom_rs.detect.z_score", "ZScore"),
}
#: Options that only RAMP has.
_OF_RAMP = ("reference", "scale", "refresh", "quantile", "process")


class DetectorEngine(Engine):
    """A fitted detector, and its channels by name, in its order.

    Its scores are the causal ones: those that are known when the row is. Every anomaly is an alarm, so that no more
    ordinary rows are under alarm than ``alarm_share`` allows.
    """

    def __init__(self, detector: Detector, channels: list[str]) -> None:
        self.detector = detector
        self.channels = channels
        self._last = np.empty((0, len(channels)))

    @property
    def threshold(self) -> float:
        """Scores above it are anomalies."""
        return self.detector.causal_threshold_

    def describe(self) -> str:
        """Return its settings in a few words."""
        return f"{type(self.detector).__name__} (window {self.detector.window_})"

    def score(self, frame: Frame) -> Verdicts:
        """Score the next rows."""
        rows = columns_of(frame, self.channels)
        score = self.detector.update_many(rows)
        flags = score > self.threshold
        return Verdicts(score, flags, flags, self._shares(rows, flags))

    def save(self, path: Path) -> None:
        """Save the detector, as it is."""
        self.detector.save(path)

    def _shares(self, rows: Floats, flags: Flags) -> Floats:
        """Return each channel's share in the scores: for each run of flagged rows that of its first row."""
        shares = np.zeros(rows.shape)
        # The rows of a window, and those that its level comes from.
        most = self.detector.window_ + levels.ROWS
        known = np.concatenate([self._last, rows])
        for start, stop in runs_of_ones(flags).tolist():
            end = len(known) - len(rows) + start + 1
            if len(rows) == 1:
                shares[0] = self._parts(None)
            elif end >= self.detector.window_:
                shares[start:stop] = self._parts(known[max(end - most, 0) : end])
        self._last = known[-most:]
        return shares

    def _parts(self, rows: Floats | None) -> list[float]:
        """Return each channel's share in the score of the last row; None: of the stream."""
        parts = self.detector.explain(rows).contributions
        names = getattr(self.detector, "feature_names_in_", range(self.detector.n_features_in_))
        return [parts[str(name)] for name in names]


def fit_detector(name: str, options: argparse.Namespace, rows: Frame, channels: list[str]) -> DetectorEngine:
    """Fit a detector on ordinary rows, with settings taken from them.

    Raises
    ------
    SpecError
        For too few rows, and for options that only RAMP has.
    """
    for option in _OF_RAMP:
        if getattr(options, option) is not None:
            raise SpecError(option, f"must not be given with --detector {name}")
    module, kind = FITTED[name]
    settings = {} if options.window is None else {"window": options.window}
    detector: Detector = getattr(importlib.import_module(module), kind)(**settings)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            detector.fit(columns_of(rows, channels))
        except SpecError as error:
            if error.path != "X":
                raise
            raise SpecError("calibrate", error.rule, error.value) from None
    for warning in raised:
        say(str(warning.message))
    detector.feature_names_in_ = np.array(channels, dtype=object)
    if options.threshold is not None:
        detector.causal_threshold_ = options.threshold
    return DetectorEngine(detector, channels)


def loaded_detector(
    detector: Detector, path: Path, options: argparse.Namespace, channels: list[str], file: str
) -> DetectorEngine:
    """Return a detector that goes on; its channels must be in the file.

    Raises
    ------
    SpecError
        For channels that are missing, and options that contradict what was saved.
    """
    names = [str(name) for name in getattr(detector, "feature_names_in_", channels)]
    check_channels(names, detector.n_features_in_, channels, file)
    for option in _OF_RAMP:
        if getattr(options, option) is not None:
            raise SpecError(option, f"must not be given: {path} holds a {type(detector).__name__}")
    window = detector.get_params().get("window") or detector.window_
    if options.window is not None and options.window != window:
        raise SpecError("window", f"must be {window}, as in {path}", str(options.window))
    if options.threshold is not None:
        detector.causal_threshold_ = options.threshold
    return DetectorEngine(detector, names)
