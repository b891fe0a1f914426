"""LSTM-AD (Malhotra et al.: Long Short Term Memory Networks for Anomaly Detection, ESANN 2015)."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.deep.base import Detector, Scaler, load_weights, need_torch, spread
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.inject import shapes
from paranom_rs.deep.windows import NAN_POLICIES, fill_missing
from paranom_rs.detect.baselines import Baselines
from paranom_rs.errors import SpecError

CHUNK = 4096
"""Rows predicted at a time: the state is carried across, so it bounds memory and changes nothing else."""


@dataclass(kw_only=True, eq=False, repr=False)
class LSTMAD(Detector):
    """Predicts the next rows and is surprised by what comes, as published.

    A stacked LSTM (`num_layers` of `hidden_size` units) predicts, after each row, the next `horizon` rows
    of all d channels. Each row has thus been predicted `horizon` times; the errors form its error vector,
    of horizon * d numbers (section 2.1 of the paper). A multivariate Gaussian, full covariance with
    Ledoit-Wolf shrinkage, is fitted to the error vectors of normal data that was *not* trained on. The
    score of a row is the negative log-density of its error vector, higher is more anomalous. The first
    `horizon` rows have no whole error vector and get the score of a perfect prediction.

    The threshold is the one with the largest F0.1 on labelled data that was not trained on either (section
    2.2); without labels, the `quantile` of normal scores. `threshold` takes any rule of
    :mod:`paranom_rs.evaluate.thresholds`.

    Training takes batches of `batch_size` stretches of `seq_len` rows, starting every half of that; scoring
    runs the network over the whole series. NaN is filled over the whole series by `nan`. Other parameters
    are those of :class:`RNNAutoencoder`.
    """

    horizon: int = 10
    seq_len: int = 150
    num_layers: int = 2
    hidden_size: int = 35
    quantile: float = 0.99
    nan: str = "linear"
    epochs: int = 50
    batch_size: int = 16
    lr: float = 5e-3
    validation_share: float = 0.25

    def _check_params(self) -> None:
        self._check_common()
        checks.one_of("nan", self.nan, NAN_POLICIES)
        checks.whole("horizon", self.horizon, least=1)
        checks.whole("seq_len", self.seq_len, least=1)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        validation: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        baselines: bool = False,
    ) -> Self:
        """Learn normal rows.

        ``X`` is a series (n,) or (n, d), or a list of series that do not continue each other; ``y`` holds
        0/1 per row, in the same form. Only runs of normal rows are learned from; without ``y`` all rows are
        taken for normal. ``validation``, an ``X`` or a pair ``(X, y)``, gives the held-out data; without it
        the last `validation_share` of the normal rows is held out. The first half of the held-out normal
        rows (vN1 in the paper) chooses the epoch and fits the Gaussian, the second half (vN2) and all
        anomalous rows (vA) set the threshold.

        ``checkpoint`` and Ctrl-C as in :meth:`RNNAutoencoder.fit`, and `baselines` too: they see the
        ``horizon + 1`` rows that an error vector spans, and all are judged on rows of the held-out data or,
        where none is labelled, on held-out data with generated anomalies in it.

        Raises SpecError where there are too few normal rows in one run, and for any parameter out of its
        range.
        """
        self._check_params()
        need_torch()
        import torch

        from paranom_rs.deep import training
        from paranom_rs.deep.autoencoder import _start_well
        from paranom_rs.deep.nets import Forecaster

        series, flags = self._given("X", X, y)
        features = series[0].shape[1]
        if validation is None:
            held = _last(flags, self.validation_share)
            learn = [~f & ~h for f, h in zip(flags, held, strict=True)]
            held_series, held_flags = series, flags
            first, second = _halves([h & ~self._seen(f) for f, h in zip(flags, held, strict=True)])
        else:
            pair = validation if isinstance(validation, tuple) else (validation, None)
            if len(pair) != 2:
                raise SpecError("validation", "an X, or a pair (X, y), is wanted")
            learn = [~f for f in flags]
            held_series, held_flags = self._given("validation", *pair, features=features)
            first, second = _halves([~self._seen(f) for f in held_flags])
        scaler = Scaler.fit(np.concatenate([s[m] for s, m in zip(series, learn, strict=True)]))
        scaled = [self._scaled(scaler, s) for s in series]
        runs = [s[a:b] for s, m in zip(scaled, learn, strict=True) for a, b in _runs(m)]
        train = torch.tensor(self._stretches(runs))
        held_scaled = scaled if validation is None else [self._scaled(scaler, s) for s in held_series]

        def judge(net: Any) -> tuple[float, float]:
            errors = self._held_out(net, held_scaled, first)
            loss = float(np.mean(np.square(errors)))
            return loss, loss

        with training.session(self.threads, int(self.rng)):
            net = Forecaster(features, self.hidden_size, self.num_layers, self.horizon, self.dropout)
            _start_well(net)
            run = training.train(
                net,
                self._loss,
                train,
                self._settings(),
                judge,
                checkpoint=None if checkpoint is None else Path(checkpoint),
            )
            net.to("cpu")
            gauss = Gaussian.fit(self._held_out(net, held_scaled, first))
            anomalous = [f.copy() for f in held_flags]
            rule = self._rule(labelled=any(f.any() for f in anomalous))
            normal_scores = -gauss.log_density(self._held_out(net, held_scaled, second))
            if rule.needs_labels:
                if not any(f.any() for f in anomalous):
                    raise SpecError(
                        "y", f"no anomalous row; {rule!r} learns from labels: give some, or another threshold"
                    )
                wrong = -gauss.log_density(self._held_out(net, held_scaled, anomalous))
                rule.fit(
                    np.concatenate([normal_scores, wrong]),
                    np.repeat([0, 1], [len(normal_scores), len(wrong)]),
                )
            else:
                rule.fit(normal_scores)
            table = None
            if baselines:
                clear = [a | b for a, b in zip(first, second, strict=True)]
                table = self._beside(net, gauss, scaler, runs, held_series, held_flags, clear)

        fitted = {
            "net_": net,
            "gauss_": gauss,
            "scaler_": scaler,
            "n_features_in_": features,
            "history_": run.history,
            "best_epoch_": run.best_epoch,
            "interrupted_": run.interrupted,
            "baselines_": table,
            "threshold_": rule.threshold_,
        }
        learned = copy.copy(self)
        learned._set(fitted)
        self._set({**fitted, "decision_scores_": np.concatenate([learned.decision_function(s) for s in series])})
        self._judge_again()
        return self

    def _given(self, name: str, X: Any, y: Any, features: int | None = None) -> tuple[list[Floats], list[Flags]]:
        many = isinstance(X, (list, tuple)) and len(X) > 0 and np.ndim(X[0]) > 0
        series = (
            [checks.series(f"{name}[{k}]", s, features) for k, s in enumerate(X)]
            if many
            else [checks.series(name, X, features)]
        )
        if len({s.shape[1] for s in series}) > 1:
            raise SpecError(name, f"its series have {[s.shape[1] for s in series]} features; one number is wanted")
        if not any(len(s) for s in series):
            raise SpecError(name, "has no rows")
        if y is None:
            return series, [np.zeros(len(s), dtype=bool) for s in series]
        flags = [checks.labels(f"y[{k}]", f) for k, f in enumerate(y)] if many else [checks.labels("y", y)]
        if [len(f) for f in flags] != [len(s) for s in series]:
            raise SpecError("y", f"{[len(f) for f in flags]} rows, but {name} has {[len(s) for s in series]}")
        return series, flags

    def _seen(self, flags: Flags) -> Flags:
        """Anomalous rows, and normal ones whose error vectors hold predictions made from them."""
        return spread(flags, *self._reach())

    def _stretches(self, runs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """(k, rows + horizon, d): what the network learns from."""
        longest = max((len(r) for r in runs), default=0)
        rows = min(self.seq_len, longest - self.horizon)
        if rows < 1:
            raise SpecError(
                "horizon",
                f"{self.horizon}; the longest run of normal rows to learn from has {longest} rows, and more than the horizon is needed",
            )
        size = rows + self.horizon
        parts = [
            np.lib.stride_tricks.sliding_window_view(r, size, axis=0)[:: max(rows // 2, 1)].transpose(0, 2, 1)
            for r in runs
            if len(r) >= size
        ]
        return np.concatenate(parts)

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        rows = batch.shape[1] - self.horizon
        wanted = batch[:, 1:].unfold(1, self.horizon, 1).transpose(2, 3)
        return (net(batch[:, :rows])[0].float() - wanted).square().mean()

    def _scaled(self, scaler: Scaler, series: Floats) -> NDArray[np.float32]:
        return scaler(fill_missing(series[None], self.nan)[0]).astype(np.float32)

    def _errors(self, net: Any, x: NDArray[np.float32]) -> Iterator[Floats]:
        """Error vectors (n, horizon * d) of a scaled series, `CHUNK` rows at a time; NaN in the first `horizon` rows.

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

    def _held_out(self, net: Any, scaled: list[NDArray[np.float32]], masks: list[Flags]) -> Floats:
        """Error vectors of the rows in the masks, each predicted in its context."""
        parts = []
        for x, mask in zip(scaled, masks, strict=True):
            if mask.any():
                known = mask & (np.arange(len(x)) >= self.horizon)
                chunks = np.split(known, range(CHUNK, len(x), CHUNK))
                parts += [e[m] for e, m in zip(self._errors(net, x), chunks, strict=True)]
        errors = np.concatenate([np.zeros((0, self.horizon * scaled[0].shape[1])), *parts])
        if not len(errors):
            raise SpecError("validation", "too few held-out rows; give more data, or a larger validation_share")
        return errors

    def decision_function(self, X: ArrayLike) -> Floats:
        """Scores (n,) of the rows of a series (n,) or (n, d).

        Raises NotFittedError before `fit`, and SpecError for another number of features than `fit` saw,
        infinity, or a channel that is all NaN.
        """
        check_is_fitted(self)
        from paranom_rs.deep.training import cpu_threads

        series = checks.series("X", X, self.n_features_in_)
        if not len(series):
            return np.zeros(0)
        with cpu_threads(self.threads):
            x = self._scaled(self.scaler_, series)
            scores = np.concatenate([-self.gauss_.log_density(e) for e in self._errors(self.net_, x)])
        scores[: self.horizon] = -self.gauss_.log_peak
        return scores

    def _beside(
        self,
        net: Any,
        gauss: Gaussian,
        scaler: Scaler,
        runs: list[NDArray[np.float32]],
        series: list[Floats],
        flags: list[Flags],
        clear: list[Flags],
    ) -> dict[str, dict[str, float]]:
        """The figures of the detector and of trivial ones, on the rows that are anomalous or `clear` of anomalies."""
        size = self.horizon + 1

        def spans(x: NDArray[Any]) -> NDArray[Any]:
            return np.lib.stride_tricks.sliding_window_view(x, size, axis=0).transpose(0, 2, 1)

        normal = np.concatenate([spans(r) for r in runs if len(r) >= size])
        scores, windows, marks = [], [], []
        labelled = any(f.any() for f in flags)
        for k, (values, y, normal_rows) in enumerate(zip(series, flags, clear, strict=True)):
            if not (y | normal_rows).any() or len(values) < size:
                continue
            filled, tested = fill_missing(values[None], self.nan)[0], y | normal_rows
            if not labelled:
                filled, drawn = shapes(filled, int(self.rng) + k, frequency=0.1, duration=self._event_rows())
                y = drawn.astype(bool)
                tested = normal_rows & (y | ~self._seen(y))
            x = self._scaled(scaler, filled)
            tested = tested[self.horizon :]
            own = np.concatenate([-gauss.log_density(e) for e in self._errors(net, x)])
            scores.append(own[self.horizon :][tested])
            windows.append(spans(x)[tested])
            marks.append(y[self.horizon :][tested])
        y = np.concatenate([np.zeros(0, bool), *marks])
        if y.all() or not y.any():
            raise SpecError(
                "validation",
                f"{int(y.sum())} of {len(y)} rows to judge by are anomalous, and both kinds are needed: give more validation data",
            )
        trivial = Baselines(rng=int(self.rng)).fit(normal)
        return trivial.beside(type(self).__name__, np.concatenate(scores), np.concatenate(windows), y)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of series as an ONNX file, and check it with onnxruntime against torch.

        Input "series" (batch, time, d) float32 without NaN, in the units of the data, more rows than the
        `horizon`; output "score" (batch, time). Batch and time are free. Needs ``pip install
        "paranom_rs[onnx]"``; raises InternalError, and leaves no file, where the two disagree.
        """
        from paranom_rs.deep.onnx import export_lstm_ad

        check_is_fitted(self)
        export_lstm_ad(self, Path(path))

    def _reach(self) -> tuple[int, int]:
        # An error vector holds what was predicted from the horizon rows before it.
        return 0, self.horizon

    def _event_rows(self) -> tuple[int, int]:
        return 2 * self.horizon, 10 * self.horizon

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {f"net.{k}": v.detach().cpu().numpy() for k, v in self.net_.state_dict().items()}
        return arrays | {"gauss.mean": self.gauss_.mean, "gauss.whiten": self.gauss_.whiten}

    def _restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        import torch

        from paranom_rs.deep.nets import Forecaster

        layers = sum(k.startswith("net.lstm.weight_hh") for k in arrays)
        if layers != self.num_layers:
            raise ValueError(f"the file holds {layers} layers, its parameters say {self.num_layers}")
        with torch.device("meta"):
            net = Forecaster(self.n_features_in_, self.hidden_size, self.num_layers, self.horizon, self.dropout)
        load_weights(net, arrays)
        self.net_ = net
        k = self.horizon * self.n_features_in_
        self.gauss_ = Gaussian(arrays["gauss.mean"], arrays["gauss.whiten"])
        if self.gauss_.mean.shape != (k,) or self.gauss_.whiten.shape != (k, k):
            raise ValueError("the Gaussian does not fit the error vectors")


def _runs(mask: Flags) -> NDArray[np.int64]:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2)


def _last(flags: list[Flags], share: float) -> list[Flags]:
    """The last `share` of the normal rows, over all series."""
    normal = np.cumsum(np.concatenate([~f for f in flags]))
    late = normal > (1 - share) * normal[-1]
    return np.split(late, np.cumsum([len(f) for f in flags])[:-1])


def _halves(masks: list[Flags]) -> tuple[list[Flags], list[Flags]]:
    """The rows in the masks, parted into an earlier and a later half."""
    joined = np.concatenate(masks)
    early = np.cumsum(joined) <= joined.sum() / 2
    cuts = np.cumsum([len(m) for m in masks])[:-1]
    return np.split(joined & early, cuts), np.split(joined & ~early, cuts)
