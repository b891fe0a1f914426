"""From raw values to scores in one network, as ONNX wants it. Importing this module imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from paranom_rs._internal.scaling import LIMIT, Scaler
from paranom_rs.deep.gaussian import Gaussian


class _Scorer(nn.Module):
    """Scaling before the networks and a Gaussian behind each, both in float64 as in NumPy; the mean of their scores."""

    def __init__(self, nets: list[Any], scaler: Scaler, gausses: Sequence[Gaussian | None]) -> None:
        super().__init__()
        self.scaler = scaler
        self.nets = nn.ModuleList(nets)
        arrays = {"center": scaler.mean, "scale": scaler.scale}
        for k, gauss in enumerate(gausses):
            if gauss is not None:
                arrays |= {f"mean_{k}": gauss.mean, f"whiten_{k}": gauss.whiten}
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array))

    def scaled(self, values: Any) -> Any:
        return ((values.double() - self.center) / self.scale).clamp(-LIMIT, LIMIT).float()

    def distance2(self, k: int, vectors: Any) -> Any:
        mean, whiten = getattr(self, f"mean_{k}"), getattr(self, f"whiten_{k}")
        return ((vectors.double() - mean) @ whiten.T).square().sum(-1)

    def forward(self, values: Any) -> Any:
        """Scores, float32."""
        x = self.scaled(values)
        scores = [self.score(k, net, x).double() for k, net in enumerate(self.nets)]
        return torch.stack(scores).mean(0).float()

    def score(self, k: int, net: Any, x: Any) -> Any:
        """Scores of scaled values by one network."""
        raise NotImplementedError


class WindowScorer(_Scorer):
    """Windows (batch, window, d) -> scores (batch,) of an autoencoder."""

    def __init__(
        self, nets: list[Any], scaler: Scaler, gausses: Sequence[Gaussian | None], scoring_mode: str, loss: str
    ) -> None:
        super().__init__(nets, scaler, gausses)
        self.scoring_mode = scoring_mode
        self.loss = loss

    def score(self, k: int, net: Any, x: Any) -> Any:
        """Scores of scaled windows by one network."""
        vector = net.encode(x)
        if self.scoring_mode != "latent":
            gap = net.decode(vector, x.shape[1]) - x
            error = (gap.abs() if self.loss == "l1" else gap.square()).sum((1, 2))
            if self.scoring_mode == "reconstruction":
                return error
            vector = torch.cat([vector, torch.log(error + 1e-9)[:, None]], dim=1)
        return self.distance2(k, vector)


class SeriesScorer(_Scorer):
    """Series (batch, time, d), longer than the horizon -> scores (batch, time) of LSTM-AD."""

    def __init__(self, nets: list[Any], scaler: Scaler, gausses: Sequence[Gaussian], warm_up: int) -> None:
        super().__init__(nets, scaler, gausses)
        self.horizon = nets[0].shape[0]
        self.warm_up = warm_up

    def score(self, k: int, net: Any, x: Any) -> Any:
        """Scores of a scaled series by one network."""
        made, _ = net(x)
        h = self.horizon
        # Row t was predicted k + 1 rows earlier.
        errors = torch.stack([x[:, h:] - made[:, h - 1 - i : -1 - i, i] for i in range(h)], dim=2)
        scores = self.distance2(k, errors.flatten(2)) / 2
        # A series may be shorter than the warm-up.
        known = scores[:, self.warm_up - h :]
        return nn.functional.pad(known, (self.warm_up, 0))[:, : x.shape[1]]
