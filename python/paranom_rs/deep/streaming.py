"""A stream, scored sample by sample by a fitted deep detector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.deep.autoencoder import RNNAutoencoder
from paranom_rs.deep.base import Detector
from paranom_rs.deep.lstm_ad import LSTMAD
from paranom_rs.errors import SpecError, SpecTypeError


class StreamingDetector(KnownKeywords):
    """Score a stream sample by sample, with the numbers that the fitted detector gives in a batch.

    Memory does not grow.

    Parameters
    ----------
    detector
        A fitted `RNNAutoencoder` or `LSTMAD`.

    Attributes
    ----------
    threshold_
        The detector's threshold.
    is_anomaly
        The verdict on the last sample; None while there is no score.

    Notes
    -----
    For an autoencoder the score is that of the window that ends at the sample. The network runs over the whole window
    each time: by onnxruntime where that is installed, which takes a fifth of torch's time for one window and gives the
    same to 1e-4. For LSTM-AD the state is carried along, and one step costs the same however long the stream. There a
    missing value (NaN) takes the last value seen, or the mean of the training data before there was one: the future
    that interpolation needs is not there yet.
    """

    is_anomaly: bool | None

    def __init__(self, detector: Detector) -> None:
        if not isinstance(detector, (RNNAutoencoder, LSTMAD)):
            raise SpecTypeError("detector", "must be a fitted RNNAutoencoder or LSTMAD", repr(detector))
        check_is_fitted(detector)
        self.threshold_ = detector.threshold_
        self.is_anomaly = None
        self.n_features = detector.n_features_in_
        self._step: Any = _WindowStep(detector) if isinstance(detector, RNNAutoencoder) else _ForecastStep(detector)

    def update(self, x: ArrayLike) -> float | None:
        """Take one sample, shape (d,), or a number if d = 1.

        Returns
        -------
        score
            Higher is more anomalous; None for the first ``window - 1`` samples of an autoencoder and the first
            ``warm_up_`` of LSTM-AD.

        Raises
        ------
        SpecError, SpecTypeError
            For a sample of another length, infinities, and what is not numeric; the stream stays as it was.
        """
        sample = np.atleast_1d(np.asarray(x))
        if sample.dtype.kind not in "buif":
            raise SpecTypeError("x", "must hold numbers", f"dtype {sample.dtype}")
        sample = sample.astype(np.float64)
        if sample.shape != (self.n_features,):
            raise SpecError("x", f"must be a sample of {self.n_features} features", f"shape {sample.shape}")
        if np.isinf(sample).any():
            raise SpecError(f"x[{int(np.argmax(np.isinf(sample)))}]", "must be finite, or NaN where it is missing")
        score: float | None = self._step(sample)
        self.is_anomaly = None if score is None else score > self.threshold_
        return score


class _WindowStep:
    """A ring of the last rows, written twice so that the window is always one contiguous piece."""

    def __init__(self, detector: RNNAutoencoder) -> None:
        self._detector = detector
        self._size = detector.window
        self._ring = np.full((2 * self._size, detector.n_features_in_), np.nan)
        self._seen = 0
        self._score: Callable[[Floats], Floats] = detector._stream_scorer()

    def __call__(self, sample: Floats) -> float | None:
        at = self._seen % self._size
        self._ring[at] = self._ring[at + self._size] = sample
        self._seen += 1
        if self._seen < self._size:
            return None
        window = self._ring[at + 1 : at + 1 + self._size]
        return float(self._score(window[None])[0])


class _ForecastStep:
    """LSTM steps in NumPy: for one row and a few dozen units a call into torch costs more than the sums."""

    def __init__(self, detector: LSTMAD) -> None:
        self._detector = detector
        self._gauss: Any = detector.gauss_
        weights = {k: v.detach().numpy() for k, v in detector.net_.state_dict().items()}
        self._layers = []
        for k in range(detector.num_layers):
            w_ih, w_hh = weights[f"lstm.weight_ih_l{k}"], weights[f"lstm.weight_hh_l{k}"]
            joined = np.ascontiguousarray(np.concatenate([w_ih, w_hh], axis=1))
            self._layers.append((joined, weights[f"lstm.bias_ih_l{k}"] + weights[f"lstm.bias_hh_l{k}"]))
        self._output, self._bias = weights["output.weight"], weights["output.bias"]
        self._hidden, self._cell = list(weights["start_hidden"]), list(weights["start_cell"])
        # Row k of what is pending was predicted k + 1 rows ago.
        self._pending = np.zeros((detector.horizon, detector.horizon, detector.n_features_in_), dtype=np.float32)
        self._last = detector.scaler_.mean.copy()
        self._seen = 0

    def __call__(self, sample: Floats) -> float | None:
        det = self._detector
        self._last = np.where(np.isnan(sample), self._last, sample)
        x = det.scaler_(self._last).astype(np.float32)
        score = None
        if self._seen >= det.warm_up_:
            diagonal = np.arange(det.horizon)
            error = x - self._pending[diagonal, diagonal]
            score = float(-self._gauss.log_density(error.reshape(1, -1))[0])
        self._pending[1:] = self._pending[:-1].copy()
        self._pending[0] = self._advance(x).reshape(det.horizon, -1)
        self._seen += 1
        return score

    def _advance(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        h = self._detector.hidden_size
        for k, (weight, bias) in enumerate(self._layers):
            gates = weight @ np.concatenate([x, self._hidden[k]]) + bias
            # The logistic function through tanh does not overflow.
            gates[: 2 * h] = np.tanh(gates[: 2 * h] / 2) / 2 + 0.5
            gates[3 * h :] = np.tanh(gates[3 * h :] / 2) / 2 + 0.5
            cell = gates[h : 2 * h] * self._cell[k] + gates[:h] * np.tanh(gates[2 * h : 3 * h])
            x = gates[3 * h :] * np.tanh(cell)
            self._cell[k], self._hidden[k] = cell, x
        return np.asarray(self._output @ x + self._bias)
