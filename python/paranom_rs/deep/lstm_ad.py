"""LSTM-AD (Malhotra et al.: Long Short Term Memory Networks for Anomaly Detection, ESANN 2015)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.rules import Rule, Whole
from paranom_rs.deep.base import DeepDetector
from paranom_rs.deep.cold_start import deviations, settling_rows, some_pieces
from paranom_rs.deep.forecast_stream import CHUNK, ForecastNetwork, ForecastStream, distances, filled
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.holdout import Holdout, Runs, joined
from paranom_rs.deep.loaders import LoaderBatches
from paranom_rs.deep.weights import Weights, of_network
from paranom_rs.detect import recurrent
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from paranom_rs.deep.steps import CoreTraining

#: No error is expected to be smaller than this share of its channel's normal spread.
LEAST_SPREAD = 0.01
#: Pieces start more often than every half window until there are so many to train on.
WANTED_PIECES = 128


class LSTMAD(DeepDetector):
    """Predict the next rows, and score how far they come otherwise (as published).

    A stacked LSTM predicts, after each row, the next ``horizon`` rows of all d channels. Each row has thus been
    predicted ``horizon`` times; the errors form its error vector, of horizon * d numbers (section 2.1 of the paper). A
    multivariate Gaussian, full covariance with Ledoit-Wolf shrinkage, is fitted to the error vectors of normal rows
    that were *not* trained on; no channel counts there as more exactly predictable than it was on the rows trained on,
    where a sensor may not have been stuck yet. The score of a row is half the squared Mahalanobis distance of its error
    vector: the negative log-density, counted from that of a perfect prediction. It looks at no later row, so causal
    scores and others are the same.

    The first half of each held-out piece (vN1 in the paper) chooses the epoch and fits the Gaussian; the second half
    (vN2) sets the threshold. ``calibrate(X, y, threshold=FBeta(0.1))`` sets it by labels, as the paper does.

    A series begins in the mean of the states behind the pieces trained on. How many rows pass until the errors from
    there are as small as later is measured on these pieces: the first ``warm_up_`` rows of a series have the lowest
    score of a training row, and ``window_`` is one row more.

    Parameters
    ----------
    horizon
        How many rows ahead are predicted.
    window
        Rows that the network sees in a piece of training data; pieces start every half window, or more often where
        there are few. Scoring runs it over the whole series.
    num_layers, hidden_size
        Layers and their units.
    epochs, batch_size, lr, schedule
        How to train: Adam, gradients clipped at 5, with the ``schedule`` ``"onecycle"``, ``"cosine"`` or
        ``"constant"``. None: as many epochs as make 600 steps (10 to 200); batches of 16; 5e-3; one cycle.
    dropout, patience, validation_share, n_networks, warm_start, precision, threads, random_state, verbose
        As for `RNNAutoencoder`.
    device
        Where to train: ``"auto"`` is CUDA, then MPS, then the CPU. Rows are scored one after the other, which the core
        does on the CPU faster than a GPU.
    follow_levels, trim, alarm_share
        As for `RNNAutoencoder`.

    Attributes
    ----------
    warm_up_
        Rows at the beginning of a series that have no score of their own.

    Notes
    -----
    A missing value takes the last one before it, or the mean where there was none; its own errors count as those of a
    perfect prediction. `explain` looks at ``window_`` rows alone, so its score can differ a little from that of the
    stream, whose state remembers more.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import LSTMAD
    >>> X = np.sin(np.arange(400.0) / 5)[:, None]
    >>> detector = LSTMAD(horizon=3, window=20, num_layers=1, hidden_size=8, epochs=2, device="cpu").fit(X)
    >>> X[200] += 5
    >>> int(detector.decision_function(X, causal=True).argmax())
    200
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "horizon": Whole(1, 10_000),
        "window": Whole(1, 2**20),
        **DeepDetector.parameters,
    }

    horizon: int
    window: int
    warm_up_: int
    _gausses: list[Gaussian]
    _forecasts: list[ForecastNetwork]
    _live: list[ForecastStream]

    def __init__(
        self,
        *,
        horizon: int = 10,
        window: int = 150,
        num_layers: int = 2,
        hidden_size: int = 35,
        dropout: float = 0.0,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        schedule: str | None = None,
        patience: int | None = None,
        validation_share: float = 0.25,
        n_networks: int = 1,
        warm_start: bool = False,
        device: str = "auto",
        precision: str = "auto",
        threads: int = 1,
        random_state: int = 0,
        verbose: bool | None = None,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        self._take(locals())

    # ---- fit

    def _least_rows(self) -> int:
        return max(8 * int(self.horizon), 24)

    def _least_series(self) -> int:
        return 2 * int(self.horizon) + 1

    def _piece(self) -> int:
        return max(6 * int(self.horizon), 2 * int(self.window))

    def _event_rows(self) -> tuple[int, int]:
        return 2 * int(self.horizon), 10 * int(self.horizon)

    def _recipe(self) -> dict[str, Any]:
        return {**super()._recipe(), "batch_size": 16, "lr": 5e-3}

    def _net(self) -> Any:
        from paranom_rs.deep.nets import Forecaster

        return Forecaster(self.n_features_in_, self.hidden_size, self.num_layers, self.horizon, self.dropout)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        d, h, layers = self.n_features_in_, int(self.hidden_size), int(self.num_layers)
        found = recurrent.shapes("lstm", "lstm", d, h, layers)
        found |= {"output.weight": (int(self.horizon) * d, h), "output.bias": (int(self.horizon) * d,)}
        return found | {"start_hidden": (layers, h), "start_cell": (layers, h)}

    def _learn(self, rows: Floats) -> None:
        self._gausses, self._forecasts, self.warm_up_ = [], [], 0
        super()._learn(rows)
        self.window_ = self.warm_up_ + 1

    def _train(self, rows: Floats, parts: list[Holdout]) -> None:
        import torch

        from paranom_rs.deep.batches import InMemory

        scaled, loader = self._scaled(rows), self._source.loader
        for part in parts:
            context = self._context(part)
            first = [(a, (a + b) // 2) for a, b in part.held if b - a > 1]
            if loader is None:
                learnt = [_filled(scaled[a:b]) for a, b in part.learnt]
                pieces = torch.tensor(_pieces(learnt, int(self.window), int(self.horizon)))
                batches: Any = InMemory(pieces, self._chosen("batch_size"))
            else:
                learnt = [_filled(scaled[a:b]) for a, b in part.held]
                pieces = torch.tensor(np.stack(learnt))
                batches = LoaderBatches(loader, lambda x: np.stack([_filled(one) for one in self._scaled(x)]))

            def criterion(net: Any, _: Any, context: Runs = context, first: Runs = first) -> tuple[float, float]:
                errors = self._errors_of(self._forecast(of_network(net)), scaled, context, first)
                loss = float(np.nanmean(np.square(errors)))
                return loss, loss

            net = self._trained(batches, self._loss, criterion)
            some = some_pieces(pieces)
            net.begin_behind(some[:, : -self.horizon])
            self._networks[-1] = of_network(net)
            forecast = self._forecast(self._networks[-1])
            self._forecasts.append(forecast)
            known = [ForecastStream(forecast).take(x.astype(np.float64))[0] for x in learnt]
            least = np.maximum(deviations(e.reshape(len(e), -1) for e in known), LEAST_SPREAD)
            errors = self._errors_of(forecast, scaled, context, first)
            flat = errors.reshape(len(errors), -1)
            gauss = Gaussian.fit(np.where(np.isnan(flat), _means(flat), flat), least)
            self._gausses.append(gauss)
            cold = [ForecastStream(forecast).take(x.numpy().astype(np.float64))[0] for x in some]
            settled = settling_rows(np.stack([distances(gauss, e[self.horizon :]) for e in cold]))
            self.warm_up_ = max(self.warm_up_, int(self.horizon) + settled)

    def _level(self, scores: Floats) -> float:
        # Half the length of an error vector is the mean score of normal rows, if the Gaussian is right. Where all is
        # predicted better than `LEAST_SPREAD`, scores are lower, and their differences say nothing.
        return max(super()._level(scores), int(self.horizon) * self.n_features_in_ / 2)

    def _context(self, part: Holdout) -> Runs:
        """Return the runs that a network is run over: held-out pieces with the rows before them."""
        return joined(part.learnt + part.held)

    def _errors_of(self, forecast: ForecastNetwork, scaled: Floats, context: Runs, wanted: Runs) -> Floats:
        """Return the error vectors of the wanted rows, each predicted in its context."""
        found = [self._along(forecast, scaled, context, a, b) for a, b in wanted]
        errors = np.concatenate([np.zeros((0, int(self.horizon), scaled.shape[1])), *found])
        if not len(errors):
            raise SpecError("X", "must have more rows to hold out: give more, or a larger validation_share")
        return errors

    def _along(self, forecast: ForecastNetwork, scaled: Floats, context: Runs, a: int, b: int) -> Floats:
        start = next(first for first, stop in context if first <= a and b <= stop)
        # Rows long before have no say any more.
        start = max(start, a - max(4 * int(self.window), CHUNK // 4))
        errors, _ = ForecastStream(forecast).take(scaled[start:b])
        return errors[max(a - start, int(self.horizon)) :]

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        rows = batch.shape[1] - self.horizon
        wanted = batch[:, 1:].unfold(1, self.horizon, 1).transpose(2, 3)
        return (net(batch[:, :rows])[0].float() - wanted).square().mean()

    def _core_training(self, net: Any) -> CoreTraining:
        from paranom_rs.deep.steps import CoreTraining

        d, h, layers, horizon = self.n_features_in_, int(self.hidden_size), int(self.num_layers), int(self.horizon)
        starts = (net.start_hidden.numpy().ravel(), net.start_cell.numpy().ravel())
        return CoreTraining(
            lambda state: recurrent.RecurrentTrainer.forecaster(d, h, layers, horizon, starts, state),
            int(self.threads),
        )

    def _forecast(self, weights: Weights) -> ForecastNetwork:
        return ForecastNetwork(weights, int(self.num_layers), int(self.horizon), self.n_features_in_)

    def _held_out(self, rows: Floats) -> tuple[Floats, Floats]:
        scaled, causal = self._scaled(rows), np.full(len(rows), np.nan)
        parts = zip(self._holdouts(), self._forecasts, self._gausses, strict=True)
        for part, forecast, gauss in parts:
            context = self._context(part)
            for a, b in part.held:
                start = next(first for first, stop in context if first <= a and b <= stop)
                begin = max((a + b) // 2, start + self.warm_up_)
                if begin < b:
                    errors = self._along(forecast, scaled, context, begin, b)
                    causal[b - len(errors) : b] = distances(gauss, errors) / 2
        if np.isnan(causal).all():
            rule = f"must have more rows: held-out ones are fewer than the warm_up_ of {self.warm_up_}"
            raise SpecError("X", rule, str(len(rows)))
        return causal, causal.copy()

    # ---- scores

    def _causal(self, rows: Floats) -> Floats:
        streams = self._streams()
        out = np.concatenate([self._scores(streams, rows[k : k + CHUNK]) for k in range(0, len(rows), CHUNK)])
        out[: self.warm_up_] = self._floor
        return out

    def _batch(self, rows: Floats) -> Floats:
        return self._causal(rows)

    def _window_scores(self, rows: Floats) -> Floats:
        return self._causal(rows)[self.window_ - 1 :]

    def _streams(self) -> list[ForecastStream]:
        return [ForecastStream(forecast) for forecast in self._forecasts]

    def _scores(self, streams: list[ForecastStream], rows: Floats) -> Floats:
        """Return the scores of the next rows, the mean over the networks."""
        scaled = self._scaled(rows)
        scores = [
            distances(gauss, stream.take(scaled)[0]) / 2 for gauss, stream in zip(self._gausses, streams, strict=True)
        ]
        return np.asarray(scores[0] if len(scores) == 1 else np.mean(scores, axis=0))

    def _next_scores(self, rows: Floats) -> Floats:
        seen = self._following(rows)
        parts = [self._scores(self._live, seen[at : at + CHUNK]) for at in range(0, len(seen), CHUNK)]
        scores = np.concatenate(parts)
        scores[: max(self.warm_up_ - self._seen, 0)] = self._floor
        self._remember(rows, seen)
        return scores

    def restart(self) -> None:
        """Forget the rows of the stream: the next `update` is the first row of a series."""
        super().restart()
        self._live = self._streams()

    # ---- why

    def _contributions(self, window: Floats) -> Floats:
        """Return the squared errors of the last row in units of their normal spread, by channel."""
        parts = []
        for gauss, stream in zip(self._gausses, self._streams(), strict=True):
            error = stream.take(self._scaled(window))[0][-1].reshape(-1)
            units = np.square(np.nan_to_num(error - gauss.mean)) / gauss.variances
            parts.append(units.reshape(int(self.horizon), -1).sum(axis=0))
        return np.asarray(np.mean(parts, axis=0))

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        expected = np.mean([stream.take(self._scaled(window))[1] for stream in self._streams()], axis=0)
        return None, self._scaler.inverse(expected)

    # ---- files

    def __copy__(self) -> LSTMAD:
        made = super().__copy__()
        if hasattr(self, "_live"):
            made._live = self._streams()
            for stream, own in zip(made._live, self._live, strict=True):
                stream.restore({name: array.copy() for name, array in own.arrays().items()})
        return made

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        for k, (gauss, stream) in enumerate(zip(self._gausses, self._live, strict=True)):
            arrays |= gauss.arrays(f"gauss.{k}")
            arrays |= {f"live.{k}.{name}": array for name, array in stream.arrays().items()}
        return values, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        self.warm_up_ = self.window_ - 1
        if self.warm_up_ < self.horizon:
            raise ValueError("its warm-up is shorter than its horizon")
        size = int(self.horizon) * self.n_features_in_
        self._gausses = [Gaussian.of_arrays(arrays, f"gauss.{k}", size) for k in range(int(self.n_networks))]
        self._forecasts = [self._forecast(weights) for weights in self._networks]
        self._live = self._streams()
        for k, stream in enumerate(self._live):
            stream.restore({name: arrays[f"live.{k}.{name}"] for name in ("state", "made", "last", "seen")})

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of series as an ONNX file, and check it with onnxruntime against the core.

        Input "series" (batch, time, d) float32 without NaN, in the units of the data, more rows than the horizon;
        output "score" (batch, time), where the first ``warm_up_`` rows have 0. Batch and time are free. Names of
        channels, threshold, scale and window are in the file's metadata. Needs ``pip install ".[onnx]"``.

        Raises
        ------
        SpecError
            For a detector that follows levels.
        InternalError
            Where the two disagree; no file is left.
        """
        from paranom_rs.deep import onnx
        from paranom_rs.deep.scorers import SeriesScorer

        self._check_fitted()
        onnx.refuse_levels(self)
        nets = [self._torch(weights) for weights in self._networks]
        scorer = SeriesScorer(nets, self._scaler, self._gausses, self.warm_up_)
        free = {"series": {0: "batch", 1: "time"}, "score": {0: "batch", 1: "time"}}
        shape = (2, 2 * int(self.horizon) + 1, self.n_features_in_)
        graph = onnx.graph(scorer, shape, free, onnx.metadata(self))
        # Neither the batch nor the length that it was traced with.
        data = onnx.sample(scorer.scaler, 3, self.warm_up_ + 5 * int(self.horizon))
        wanted = np.stack([self._causal(series.astype(np.float64)) for series in data])
        wanted[:, : self.warm_up_] = 0
        onnx.write(Path(path), graph, self.threads, data, wanted)


def _filled(rows: Floats) -> NDArray[np.float32]:
    """Return scaled rows with the last value before it in the place of each missing one, or 0 (the mean)."""
    return filled(rows, np.zeros(rows.shape[1])).astype(np.float32)


def _pieces(runs: list[NDArray[np.float32]], window: int, horizon: int) -> NDArray[np.float32]:
    """Cut runs into pieces (k, window + horizon, d), shorter where no run is so long; see `WANTED_PIECES`."""
    longest = max((len(run) for run in runs), default=0)
    rows = min(window, longest - horizon)
    if rows < 1:
        rule = f"must be less than the longest run of normal rows to learn from, {longest}"
        raise SpecError("horizon", rule, str(horizon))
    size = rows + horizon
    starts = sum(len(run) - size + 1 for run in runs if len(run) >= size)
    stride = int(np.clip(starts // WANTED_PIECES, 1, max(rows // 2, 1)))
    parts = [
        np.lib.stride_tricks.sliding_window_view(run, size, axis=0)[::stride].transpose(0, 2, 1)
        for run in runs
        if len(run) >= size
    ]
    return np.ascontiguousarray(np.concatenate(parts))


def _means(errors: Floats) -> Floats:
    """Return the mean of each column (n, k), NaN left out; 0 where there is nothing."""
    count = (~np.isnan(errors)).sum(axis=0)
    return np.asarray(np.nansum(errors, axis=0) / np.maximum(count, 1))
