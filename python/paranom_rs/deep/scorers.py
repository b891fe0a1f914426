"""From raw values to scores in one network, as ONNX wants it. Importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from paranom_rs._internal.scaling import LIMIT, Scaler
from paranom_rs.deep.gaussian import Gaussian


class _Scorer(nn.Module):
    """Scaling before the network and the Gaussian behind it, both in float64 as in NumPy."""

    def __init__(self, net: Any, scaler: Scaler, gauss: Gaussian | None) -> None:
        super().__init__()
        self.net = net
        arrays = {"center": scaler.mean, "scale": scaler.scale}
        if gauss is not None:
            arrays |= {"mean": gauss.mean, "whiten": gauss.whiten}
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array))

    def scaled(self, values: Any) -> Any:
        return ((values.double() - self.center) / self.scale).clamp(-LIMIT, LIMIT).float()

    def distance2(self, vectors: Any) -> Any:
        return ((vectors.double() - self.mean) @ self.whiten.T).square().sum(-1)


class WindowScorer(_Scorer):
    """Windows (batch, window, d) -> scores (batch,) of an autoencoder."""

    def __init__(self, net: Any, scaler: Scaler, gauss: Gaussian | None, scoring_mode: str, loss: str) -> None:
        super().__init__(net, scaler, gauss)
        self.scoring_mode = scoring_mode
        self.loss = loss

    def forward(self, windows: Any) -> Any:
        """Scores, float32."""
        x = self.scaled(windows)
        vector = self.net.encode(x)
        if self.scoring_mode != "latent":
            gap = self.net.decode(vector, x.shape[1]) - x
            error = (gap.abs() if self.loss == "l1" else gap.square()).sum((1, 2))
            if self.scoring_mode == "reconstruction":
                return error
            vector = torch.cat([vector, torch.log(error + 1e-9)[:, None]], dim=1)
        return self.distance2(vector).float()


class SeriesScorer(_Scorer):
    """Series (batch, time, d), longer than the horizon -> scores (batch, time) of LSTM-AD."""

    def __init__(self, net: Any, scaler: Scaler, gauss: Gaussian, warm_up: int) -> None:
        super().__init__(net, scaler, gauss)
        self.horizon = net.shape[0]
        self.warm_up = warm_up
        self.log_peak = gauss.log_peak

    def forward(self, series: Any) -> Any:
        """Scores, float32."""
        x = self.scaled(series)
        made, _ = self.net(x)
        h = self.horizon
        # Row t was predicted k + 1 rows earlier.
        errors = torch.stack([x[:, h:] - made[:, h - 1 - k : -1 - k, k] for k in range(h)], dim=2)
        scores = self.distance2(errors.flatten(2)) / 2 - self.log_peak
        # A series may be shorter than the warm-up.
        known = scores[:, self.warm_up - h :]
        whole = nn.functional.pad(known, (self.warm_up, 0), value=-self.log_peak)
        return whole[:, : x.shape[1]].float()
