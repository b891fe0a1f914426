"""The networks. Importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

CELLS: dict[str, Any] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def last_hidden(state: Any) -> Any:
    """The top layer's hidden state (batch, hidden) of what an RNN, GRU or LSTM returns beside its output."""
    return (state[0] if isinstance(state, tuple) else state)[-1]


class Autoencoder(nn.Module):
    """Turn windows (batch, time, features) into latent vectors, and those into windows again.

    The decoder sees the latent vector at each time step, has twice the hidden size, and ends in a linear layer. The
    variational form draws the latent vector from N(mean, exp(log_variance)) in training, and takes the mean otherwise.
    """

    def __init__(self, cell: str, features: int, hidden: int, layers: int, dropout: float, variational: bool) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.encoder = CELLS[cell](features, hidden, layers, batch_first=True, dropout=between)
        self.decoder = CELLS[cell](hidden, 2 * hidden, layers, batch_first=True, dropout=between)
        self.output = nn.Linear(2 * hidden, features)
        self.mean = nn.Linear(hidden, hidden) if variational else None
        self.log_variance = nn.Linear(hidden, hidden) if variational else None

    def encode(self, x: Any) -> Any:
        """The latent vector (batch, hidden); the mean of its distribution in the variational form."""
        latent = last_hidden(self.encoder(x)[1])
        return latent if self.mean is None else self.mean(latent)

    def decode(self, latent: Any, steps: int) -> Any:
        """A window of `steps` from the latent vector."""
        return self.output(self.decoder(latent[:, None].expand(-1, steps, -1))[0])

    def forward(self, x: Any) -> tuple[Any, Any]:
        """The reconstruction and, in the variational form, the KL divergence of each window (else 0)."""
        latent = last_hidden(self.encoder(x)[1])
        if self.mean is None or self.log_variance is None:
            return self.decode(latent, x.shape[1]), latent.new_zeros(len(x))
        mean, log_variance = self.mean(latent), self.log_variance(latent)
        drawn = mean + torch.randn_like(mean) * torch.exp(log_variance / 2) if self.training else mean
        return self.decode(drawn, x.shape[1]), divergence(mean, log_variance)


def divergence(mean: Any, log_variance: Any) -> Any:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each row, summed over the latent dimensions."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


class Forecaster(nn.Module):
    """Stacked LSTM that predicts, after each row, the next `horizon` rows of every channel.

    A series begins in the state ``start_hidden``, ``start_cell``: zeros while the network is trained, and then the mean
    of the states that it is in behind normal rows.
    """

    def __init__(self, features: int, hidden: int, layers: int, horizon: int, dropout: float) -> None:
        super().__init__()
        self.shape = (horizon, features)
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.output = nn.Linear(hidden, horizon * features)
        self.register_buffer("start_hidden", torch.zeros(layers, hidden))
        self.register_buffer("start_cell", torch.zeros(layers, hidden))

    def begin_behind(self, pieces: Any) -> None:
        """Begin each series in the mean of the states behind pieces (k, time, features)."""
        with torch.no_grad():
            hidden, cell = self(pieces)[1]
            self.start_hidden, self.start_cell = hidden.mean(dim=1), cell.mean(dim=1)

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """Predictions (batch, time, horizon, features) and the state to carry on with."""
        if state is None:
            starts = (self.start_hidden, self.start_cell)
            state = tuple(start[:, None].expand(-1, x.shape[0], -1).contiguous() for start in starts)
        out, state = self.lstm(x, state)
        return self.output(out).unflatten(-1, self.shape), state


def initialise(net: Any) -> None:
    """Give recurrent layers orthogonal weights, and LSTMs forget gates that begin open (Jozefowicz et al. 2015).

    Reaches a given loss in about half the epochs of torch's default start.
    """
    with torch.no_grad():
        for rnn in (m for m in net.modules() if isinstance(m, torch.nn.RNNBase)):
            h = rnn.hidden_size
            for name, weight in rnn.named_parameters():
                if name.startswith("weight_hh"):
                    for gate in weight.split(h):
                        torch.nn.init.orthogonal_(gate)
                elif name.startswith("bias_") and isinstance(rnn, torch.nn.LSTM):
                    weight[h : 2 * h] = 1.0 if name.startswith("bias_ih") else 0.0
