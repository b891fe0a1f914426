"""LSTM-AD (Malhotra et al.: Long Short Term Memory Networks for Anomaly Detection, ESANN 2015)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import dilate
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.missing import fill_missing
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep.base import Detector
from paranom_rs.deep.cold_start import deviations, settling_rows, some_pieces
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.inject import shapes
from paranom_rs.deep.series_material import (
    SeriesMaterial,
    halves,
    last_normal,
    normal_runs,
    pieces,
    read_series,
    scaled,
)
from paranom_rs.detect.baselines import Baselines
from paranom_rs.errors import SpecError

CHUNK = 4096
"""Rows predicted at a time: the state is carried across, so it bounds memory and changes nothing else."""


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMAD(Detector):
    """Predict the next rows, and score how far they come otherwise (as published).

    A stacked LSTM predicts, after each row, the next ``horizon`` rows of all d channels. Each row has thus been
    predicted ``horizon`` times; the errors form its error vector, of horizon * d numbers (section 2.1 of the paper). A
    multivariate Gaussian, full covariance with Ledoit-Wolf shrinkage, is fitted to the error vectors of normal data
    that was *not* trained on; no channel counts there as more exactly predictable than it was on the rows trained on,
    where a sensor may not have been stuck yet. The score of a row is the negative log-density of its error vector.

    `fit` takes a series (n,) or (n, d), or a list of series that do not continue each other, and labels in the same
    form. It learns from runs of normal rows only. The first half of the held-out normal rows (vN1 in the paper) chooses
    the epoch and fits the Gaussian; the second half (vN2) and all anomalous rows (vA) set the threshold. A threshold
    without labels keeps what its rule promises on the rows trained on, too.

    A series begins in the mean of the states behind the pieces trained on. How many rows pass until the errors from
    there are as small as later is measured on these pieces: the first ``warm_up_`` rows of a series have the score of a
    perfect prediction.

    Parameters
    ----------
    horizon
        How many rows ahead are predicted. The first ``horizon`` rows of a series have no whole error vector, and are
        part of the warm-up.
    window
        Rows that the network sees in a piece of training data; pieces start every half window. Scoring runs it over
        the whole series.
    num_layers, hidden_size
        Layers and their units.
    nan_policy
        How missing values are filled, over the whole series: ``"linear"``, ``"median"``, ``"kernel"``, or ``"raise"``.
    threshold, quantile
        A rule of `paranom_rs.evaluate.thresholds`. None means the largest F0.1 on labelled held-out data (section 2.2),
        or the ``quantile`` of normal scores without labels.
    validation_share
        The last share of the normal rows, which is held out where `fit` is given no ``validation``.

    Notes
    -----
    Other parameters are those of `RNNAutoencoder`. ``fit(baselines=True)`` compares with `Baselines` on the
    ``horizon + 1`` rows that an error vector spans: on rows of the held-out data or, where none is labelled, on
    held-out data with generated anomalies.
    """

    _state_keys: ClassVar[tuple[str, ...]] = (*Detector._state_keys, "warm_up_")

    horizon: int = 10
    window: int = 150
    num_layers: int = 2
    hidden_size: int = 35
    quantile: float = 0.99
    nan_policy: str = "linear"
    epochs: int = 50
    batch_size: int = 16
    lr: float = 5e-3
    validation_share: float = 0.25

    def _check_params(self) -> None:
        super()._check_params()
        checks.whole("horizon", self.horizon, least=1)
        checks.whole("window", self.window, least=1)

    # ---- the steps of `fit`

    def _material(self, X: Any, y: Any, validation: tuple[Any, Any] | None) -> SeriesMaterial:
        import torch

        series, flags = read_series("X", X, y)
        features = series[0].shape[1]
        if validation is None:
            held = last_normal(flags, self.validation_share)
            learn = [~f & ~h for f, h in zip(flags, held, strict=True)]
            held_series, held_flags = series, flags
            first, second = halves([h & ~self._seen(f) for f, h in zip(flags, held, strict=True)])
        else:
            learn = [~f for f in flags]
            held_series, held_flags = read_series("validation", *validation, features=features)
            first, second = halves([~self._seen(f) for f in held_flags])
        scaler = Scaler.fit(np.concatenate([s[m] for s, m in zip(series, learn, strict=True)]))
        own = [self._scaled(scaler, s) for s in series]
        runs = normal_runs(own, learn)
        return SeriesMaterial(
            series=series,
            runs=runs,
            held_series=held_series,
            held_scaled=own if validation is None else [self._scaled(scaler, s) for s in held_series],
            anomalous=[f.copy() for f in held_flags],
            first=first,
            second=second,
            features=features,
            scaler=scaler,
            train=torch.tensor(pieces(runs, self.window, self.horizon)),
        )

    def _scaled(self, scaler: Scaler, series: Floats) -> NDArray[np.float32]:
        return scaled(scaler, series, self.nan_policy)

    def _seen(self, flags: Flags) -> Flags:
        """Return anomalous rows, and normal ones whose error vectors hold predictions made from them."""
        return dilate(flags, *self._reach())

    def _network(self, features: int) -> Any:
        from paranom_rs.deep.nets import Forecaster

        return Forecaster(features, self.hidden_size, self.num_layers, self.horizon, self.dropout)

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        rows = batch.shape[1] - self.horizon
        wanted = batch[:, 1:].unfold(1, self.horizon, 1).transpose(2, 3)
        return (net(batch[:, :rows])[0].float() - wanted).square().mean()

    def _criterion(self, material: SeriesMaterial) -> Callable[[Any], tuple[float, float]]:
        def criterion(net: Any) -> tuple[float, float]:
            errors = self._held_out(net, material.held_scaled, material.first)
            loss = float(np.mean(np.square(errors)))
            return loss, loss

        return criterion

    def _gaussian(self, net: Any, material: SeriesMaterial) -> Gaussian:
        pieces = some_pieces(material.train)
        net.begin_behind(pieces[:, : -self.horizon])
        least = deviations(e for run in material.runs for e in self._errors(net, run))
        gauss = Gaussian.fit(self._held_out(net, material.held_scaled, material.first), least)
        cold = [-gauss.log_density(e)[self.horizon :] for piece in pieces for e in self._errors(net, piece.numpy())]
        self.warm_up_ = self.horizon + settling_rows(np.stack(cold))
        return gauss

    def _gaussian_size(self) -> int:
        return self.horizon * self.n_features_in_

    def _fit_threshold(self, material: SeriesMaterial) -> None:
        net, gauss = self.net_, self._fitted_gaussian()
        rule = self._rule(labelled=any(f.any() for f in material.anomalous))
        right = -gauss.log_density(self._held_out(net, material.held_scaled, material.second))
        if rule.needs_labels:
            if not any(f.any() for f in material.anomalous):
                raise SpecError("y", f"must mark an anomalous row, since {rule!r} learns from labels")
            wrong = -gauss.log_density(self._held_out(net, material.held_scaled, material.anomalous))
            rule.fit(np.concatenate([right, wrong]), np.repeat([0, 1], [len(right), len(wrong)]))
            self.threshold_ = rule.threshold_
        else:
            learnt = [-gauss.log_density(e) for run in material.runs for e in self._warm_errors(net, run)]
            both = [right, np.concatenate([np.zeros(0), *learnt])]
            self.threshold_ = max(rule.fit(scores).threshold_ for scores in both if len(scores))
        self.decision_scores_ = np.concatenate([self.decision_function(s) for s in material.series])

    def _fitted_gaussian(self) -> Gaussian:
        assert self.gauss_ is not None, "LSTM-AD always has a Gaussian"
        return self.gauss_

    def _compare(self, material: SeriesMaterial) -> dict[str, dict[str, float]]:
        """Return the figures of this detector and of trivial ones, on rows that are anomalous or clear of anomalies."""
        size, gauss = self.horizon + 1, self._fitted_gaussian()

        def spans(x: NDArray[Any]) -> NDArray[Any]:
            return np.lib.stride_tricks.sliding_window_view(x, size, axis=0).transpose(0, 2, 1)

        normal = np.concatenate([spans(r) for r in material.runs if len(r) >= size])
        scores, windows, marks = [], [], []
        labelled = any(f.any() for f in material.anomalous)
        held = zip(material.held_series, material.anomalous, material.first, material.second, strict=True)
        for k, (values, y, earlier, later) in enumerate(held):
            clear = earlier | later
            if not (y | clear).any() or len(values) <= max(self.warm_up_, size):
                continue
            filled, tested = fill_missing(values[None], self.nan_policy)[0], y | clear
            if not labelled:
                seed = int(self.random_state) + k
                filled, drawn = shapes(filled, seed, frequency=0.1, duration=self._event_rows())
                y = drawn.astype(bool)
                tested = clear & (y | ~self._seen(y))
            x = self._scaled(self.scaler_, filled)
            warm = self.warm_up_
            tested = tested[warm:]
            own = np.concatenate([-gauss.log_density(e) for e in self._errors(self.net_, x)])
            scores.append(own[warm:][tested])
            windows.append(spans(x)[warm - self.horizon :][tested])
            marks.append(y[warm:][tested])
        y = np.concatenate([np.zeros(0, bool), *marks])
        if y.all() or not y.any():
            rule = "must have enough rows that some tested ones are normal and some anomalous"
            raise SpecError("validation", rule, f"{int(y.sum())} anomalous of {len(y)}")
        trivial = Baselines(random_state=int(self.random_state)).fit(normal)
        return trivial.compare(type(self).__name__, np.concatenate(scores), np.concatenate(windows), y)

    # ---- scores

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return anomaly scores; higher is more anomalous.

        Parameters
        ----------
        X
            A series, shape (n,) or (n, d).

        Returns
        -------
        scores
            Of the rows, shape (n,).

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError
            For another number of features than `fit` saw, infinity, or a channel that is all NaN.
        """
        check_is_fitted(self)
        from paranom_rs.deep.devices import cpu_threads

        series, gauss = checks.series("X", X, self.n_features_in_), self._fitted_gaussian()
        if not len(series):
            return np.zeros(0)
        with cpu_threads(self.threads):
            x = self._scaled(self.scaler_, series)
            scores = np.concatenate([-gauss.log_density(e) for e in self._errors(self.net_, x)])
        scores[: self.warm_up_] = -gauss.log_peak
        return scores

    def _errors(self, net: Any, x: NDArray[np.float32]) -> Iterator[Floats]:
        """Yield error vectors (n, horizon * d) of a scaled series, `CHUNK` rows at a time; NaN in the first rows.

        Entry k of a row's vector is the row minus what was predicted for it k + 1 rows earlier.
        """
        import torch

        horizon, features = self.horizon, x.shape[1]
        state, device = None, next(net.parameters()).device
        late = np.full((horizon, horizon, features), np.nan, dtype=np.float32)
        for a in range(0, len(x), CHUNK):
            rows = x[a : a + CHUNK]
            with torch.no_grad():
                out, state = net(torch.tensor(rows[None], device=device), state)
            # Predictions made from `horizon` rows before the chunk on.
            made = np.concatenate([late, out[0].cpu().numpy()])
            late = made[-horizon:]
            first = range(horizon - 1, -1, -1)
            errors = np.stack([rows - made[i : i + len(rows), k] for k, i in enumerate(first)], axis=1)
            yield errors.reshape(len(rows), -1).astype(np.float64)

    def _warm_errors(self, net: Any, run: NDArray[np.float32]) -> Iterator[Floats]:
        """Yield the error vectors behind the warm-up."""
        for number, errors in enumerate(self._errors(net, run)):
            yield errors[max(self.warm_up_ - number * CHUNK, 0) :]

    def _held_out(self, net: Any, scaled: list[NDArray[np.float32]], masks: list[Flags]) -> Floats:
        """Return error vectors of the rows in the masks, each predicted in its context."""
        parts = []
        for x, mask in zip(scaled, masks, strict=True):
            if mask.any():
                known = mask & (np.arange(len(x)) >= self.horizon)
                chunks = np.split(known, range(CHUNK, len(x), CHUNK))
                parts += [e[m] for e, m in zip(self._errors(net, x), chunks, strict=True)]
        errors = np.concatenate([np.zeros((0, self.horizon * scaled[0].shape[1])), *parts])
        if not len(errors):
            raise SpecError("validation", "must have more held-out rows: give more data, or a larger validation_share")
        return errors

    def _reach(self) -> tuple[int, int]:
        # An error vector holds what was predicted from the horizon rows before it.
        return 0, self.horizon

    def _event_rows(self) -> tuple[int, int]:
        return 2 * self.horizon, 10 * self.horizon

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of series as an ONNX file, and check it with onnxruntime against torch.

        Input "series" (batch, time, d) float32 without NaN, in the units of the data, more rows than the horizon;
        output "score" (batch, time). Batch and time are free. Needs ``pip install ".[onnx]"``.

        Raises
        ------
        InternalError
            Where the two disagree; no file is left.
        """
        from paranom_rs.deep import onnx
        from paranom_rs.deep.scorers import SeriesScorer

        check_is_fitted(self)
        scorer = SeriesScorer(self.net_, self.scaler_, self._fitted_gaussian(), self.warm_up_)
        free = {"series": {0: "batch", 1: "time"}, "score": {0: "batch", 1: "time"}}
        graph = onnx.graph(scorer, (2, 2 * self.horizon + 1, self.n_features_in_), free)
        # Neither the batch nor the length that it was traced with.
        data = onnx.sample(self.scaler_, 3, 5 * self.horizon)
        onnx.write(Path(path), graph, self.threads, data, np.stack([self.decision_function(s) for s in data]))
