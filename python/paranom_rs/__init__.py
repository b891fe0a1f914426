"""paranom_rs: labelled time-series anomalies, generated at any size, and detectors that catch them."""

from __future__ import annotations

import warnings

from paranom_rs import errors
from paranom_rs._core import build_info
from paranom_rs.errors import *  # noqa: F403 (its __all__ is the public exception tree)

__version__: str = build_info()["version"]

if build_info()["debug"]:
    warnings.warn("paranom_rs is a debug build: 10 to 100 times slower", RuntimeWarning, stacklevel=2)

__all__ = ["__version__", "build_info", *errors.__all__]
