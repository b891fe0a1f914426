"""Recurrent autoencoders and LSTM-AD: fit in one line, save safely, judge by figures that are trusted.

``pip install "paranom_rs[deep]"`` brings torch, safetensors, scikit-learn and tqdm. torch is imported when
a model is fitted or loaded, not before.
"""

from __future__ import annotations

try:
    import sklearn as _sklearn
except ImportError as _error:
    raise ImportError('scikit-learn is needed: pip install "paranom_rs[deep]"') from _error

from paranom_rs._internal.missing import fill_missing
from paranom_rs.deep.autoencoder import RNNAutoencoder
from paranom_rs.deep.lstm_ad import LSTMAD
from paranom_rs.deep.streaming import StreamingDetector
from paranom_rs.deep.windows import Windows, WindowSplit, to_rows, windows
from paranom_rs.detect.baselines import Baselines

del _sklearn

__all__ = [
    "LSTMAD",
    "Baselines",
    "RNNAutoencoder",
    "StreamingDetector",
    "WindowSplit",
    "Windows",
    "fill_missing",
    "to_rows",
    "windows",
]
