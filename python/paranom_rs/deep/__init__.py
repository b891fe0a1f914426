"""Deep detectors: recurrent autoencoders and LSTM-AD.

They need ``pip install ".[deep]"``: torch, safetensors, scikit-learn and tqdm. torch is imported when a
detector is fitted, not before; scores on the CPU need none.
"""

from __future__ import annotations

from paranom_rs._internal.missing import fill_missing
from paranom_rs.deep.anomaly_net import AnomalyNet
from paranom_rs.deep.autoencoder import RNNAutoencoder
from paranom_rs.deep.lstm_ad import LSTMAD
from paranom_rs.deep.windowing import Windows, WindowSplit, to_rows, windows
from paranom_rs.detect.baselines import Baselines

__all__ = [
    "LSTMAD",
    "AnomalyNet",
    "Baselines",
    "RNNAutoencoder",
    "WindowSplit",
    "Windows",
    "fill_missing",
    "to_rows",
    "windows",
]
