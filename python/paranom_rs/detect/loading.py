"""One loader for the files of all detectors."""

from __future__ import annotations

import importlib
from os import PathLike

from paranom_rs._internal.checks import file_path
from paranom_rs.detect.base import Detector
from paranom_rs.detect.detector_file import unpack
from paranom_rs.errors import StateError

#: Where each class is that a file can name. Nothing else is imported for a file.
_MODULES = {
    "AnomalyNet": "paranom_rs.deep.anomaly_net",
    "IsolationForest": "paranom_rs.detect.isolation_forest",
    "LSTMAD": "paranom_rs.deep.lstm_ad",
    "LeftMatrixProfile": "paranom_rs.detect.profile_detectors",
    "MatrixProfileDetector": "paranom_rs.detect.profile_detectors",
    "NearestWindows": "paranom_rs.detect.nearest_windows",
    "PCADetector": "paranom_rs.detect.pca",
    "RAMP": "paranom_rs.detect.ramp",
    "RNNAutoencoder": "paranom_rs.deep.autoencoder",
    "ZScore": "paranom_rs.detect.z_score",
}


def load_detector(path: str | PathLike[str]) -> Detector:
    """Return the detector that a file holds, whichever it is. Runs no code from the file.

    Parameters
    ----------
    path
        What ``save`` of a detector wrote.

    Raises
    ------
    StateError
        For a file that is cut off, changed, foreign, or of another version.
    OSError
        For a file that cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import RAMP, load_detector
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
    >>> X[1_300:1_310] += 3.0
    >>> RAMP().fit(X[:1_000]).save("pump.detector")
    >>> detector = load_detector("pump.detector")
    >>> bool(detector.predict(X[1_000:])[305])
    True
    """
    data = file_path(path).read_bytes()
    # A stream of RAMP that was never fitted is saved in the form of the core.
    name = "RAMP" if data.startswith(b"parnRAMP") else unpack(data).detector
    if name not in _MODULES:
        raise StateError(f"the file of a detector that this release does not know: {name!r}")
    found: type[Detector] = getattr(importlib.import_module(_MODULES[name]), name)
    return found.from_bytes(data)
