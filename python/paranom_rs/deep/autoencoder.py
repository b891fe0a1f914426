"""RNN, GRU and LSTM autoencoders, plain and variational."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs.deep.base import Detector, Scaler, load_weights, need_torch
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.inject import shapes_in_windows
from paranom_rs.deep.windows import NAN_POLICIES, covering, fill_missing, to_rows, windows
from paranom_rs.detect.baselines import Baselines
from paranom_rs.errors import SpecError
from paranom_rs.plotting import deep as plots

CHUNK = 1024
"""Windows scored at a time: what bounds the memory of scoring a long series."""


@dataclass(kw_only=True, eq=False, repr=False)
class RNNAutoencoder(Detector):
    """Detects windows that do not look like the normal ones it was trained on.

    A window of `window` rows is squeezed by a recurrent encoder into `hidden_size` numbers and drawn again
    by a decoder of twice that size. `cell` "rnn", "gru" or "lstm"; `num_layers` 1 (light), 2 (deep) or
    more; `variational` adds a Gaussian latent vector and the KL term, weighed by `beta` and brought in
    linearly over the first `kl_warmup` share of the epochs.

    The score of a window (`score`):

    * "latent": squared Mahalanobis distance of the latent vector from those of normal windows (a Gaussian
      with shrunk
      covariance, fitted on the validation windows, and on the training windows too where those are fewer
      than ten per dimension). The best in our measurements, and it needs no decoder.
    * "reconstruction": sum over the window of the absolute (``loss="l1"``) or squared ("l2") error.
    * "both": the distance of the latent vector and the log reconstruction error taken as one vector.

    **Per window and per row.** Given windows (k, window, d), `decision_function` returns one score per
    window, (k,). Given a series (n,) or (n, d), it returns one score per row, (n,): the mean of the scores
    of the windows (one every `stride` rows, and one at the end) that cover the row.

    **Training.** `stop` says by what the best epoch is chosen: "loss" on the validation windows;
    "detection", the ROC AUC between the validation windows and the same windows with anomalies generated
    into them, because a lower loss can make detection worse; or "spread", the coefficient of variation of
    the validation scores. `patience` ends training that many epochs after the best. NaN is filled within
    each window by `nan` ("median", "linear", "kernel") or refused ("raise"). The data are scaled to unit
    variance of the normal training windows, per channel.

    `threshold` is a rule of :mod:`paranom_rs.evaluate.thresholds`; None means the `quantile` of the normal training
    scores, per window or per row as the data were given: ``threshold_`` serves scores of the form that
    `fit` saw. `device` "auto" takes CUDA, then MPS, then the CPU; `precision` "auto" uses bfloat16 on CUDA
    where it is supported. On the CPU a fit gives the same bits for the same `rng`, data and `threads`.
    """

    cell: str = "lstm"
    variational: bool = False
    beta: float = 1.0
    kl_warmup: float = 0.25
    window: int = 60
    stride: int = 45
    loss: str = "l1"
    score: str = "latent"
    stop: str = "loss"

    def _check_params(self) -> None:
        self._check_common()
        checks.one_of("cell", self.cell, ("rnn", "gru", "lstm"))
        checks.one_of("loss", self.loss, ("l1", "l2"))
        checks.one_of("score", self.score, ("latent", "reconstruction", "both"))
        checks.one_of("stop", self.stop, ("loss", "detection", "spread"))
        checks.one_of("nan", self.nan, NAN_POLICIES)
        checks.flag("variational", self.variational)
        checks.whole("window", self.window, least=1)
        checks.whole("stride", self.stride, least=1)
        if self.stride > self.window:
            raise SpecError("stride", f"{self.stride}; above the window of {self.window}, rows would be left out")
        for name, value in (("beta", self.beta), ("kl_warmup", self.kl_warmup)):
            if not 0 <= value < np.inf:
                raise SpecError(name, f"{value}; a number of 0 or more is wanted")

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        validation: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        baselines: bool = False,
    ) -> Self:
        """Learn normal windows.

        ``X`` is a series (n,) or (n, d), or windows (k, window, d); ``y`` holds 0/1 per row, or per window.
        Only wholly normal windows are learned from; without ``y`` all are taken for normal. ``validation``
        is an ``X`` or a pair ``(X, y)`` of its own; without it a `validation_share` of the normal windows,
        drawn at random, is set aside. A `threshold` rule that needs labels gets the validation windows and
        the wholly anomalous ones of both.

        With a ``checkpoint`` path the run is saved there after each epoch, and resumed from there if the
        file exists. Ctrl-C ends training with the best weights so far (``interrupted_``), with a
        RuntimeWarning.

        With `baselines` the figures of :class:`Baselines` are printed beside the detector's, and kept in
        ``baselines_``: on the validation windows and the wholly anomalous ones, or, where none is labelled,
        on validation windows with generated anomalies in them.

        Raises SpecError where there is no normal window, a window is longer than the data, a channel of a
        window has no value, and for any parameter out of its range.
        """
        self._check_params()
        need_torch()
        from paranom_rs.deep import training
        from paranom_rs.deep.nets import Autoencoder

        data, flags, features = self._windows("X", X, y)
        normal, anomalous = self._parts("X", data, flags)
        if validation is None:
            if len(normal) < 2:
                raise SpecError("X", f"{len(normal)} normal window; two are needed, one of them to validate on")
            order = np.random.default_rng([int(self.rng), 1]).permutation(len(normal))
            held = max(1, round(self.validation_share * len(normal)))
            normal, held_out = normal[np.sort(order[held:])], normal[np.sort(order[:held])]
        else:
            pair = validation if isinstance(validation, tuple) else (validation, None)
            if len(pair) != 2:
                raise SpecError("validation", "an X, or a pair (X, y), is wanted")
            other, other_flags, _ = self._windows("validation", *pair, features=features)
            held_out, more = self._parts("validation", other, other_flags)
            anomalous = np.concatenate([anomalous, more])

        scaler = Scaler.fit(normal.reshape(-1, features))
        train = self._tensor(scaler, normal)
        valid = self._tensor(scaler, held_out)
        with training.session(self.threads, int(self.rng)):
            net = Autoencoder(self.cell, features, self.hidden_size, self.num_layers, self.dropout, self.variational)
            _start_well(net)
            run = training.train(
                net,
                self._loss,
                train,
                self._settings(),
                self._judge(scaler, train, valid, held_out),
                checkpoint=None if checkpoint is None else Path(checkpoint),
            )
            net.to("cpu")
            gauss = self._gauss(net, train, valid)
            rule = self._rule(labelled=False)
            if rule.needs_labels and (validation is None or pair[1] is None):
                if not len(anomalous):
                    raise SpecError("y", f"no wholly anomalous window; {rule!r} learns from labels: give some")
                wrong = self._score(net, gauss, self._tensor(scaler, anomalous))
                right = self._score(net, gauss, valid)
                rule.fit(np.concatenate([right, wrong]), np.repeat([0, 1], [len(right), len(wrong)]))

            table = None
            if baselines:
                tested, marks = self._tested(held_out, anomalous)
                scores = self._score(net, gauss, self._tensor(scaler, tested))
                table = Baselines(rng=int(self.rng)).fit(normal).beside(type(self).__name__, scores, tested, marks)

        # Learned in a copy, so that a failure from here on leaves this detector as it was.
        learned = copy.copy(self)
        fitted = {
            "net_": net,
            "gauss_": gauss,
            "scaler_": scaler,
            "n_features_in_": features,
            "history_": run.history,
            "best_epoch_": run.best_epoch,
            "interrupted_": run.interrupted,
            "baselines_": table,
            "threshold_": np.nan,
        }
        learned._set(fitted)
        scores = learned.decision_function(X)
        if not rule.needs_labels:
            # Per window `flags` counts anomalous rows, per row the labels are what was given.
            given = y if y is None or np.ndim(X) < 3 else np.asarray(flags) > 0
            rule.fit(scores, given)
        elif validation is not None and pair[1] is not None:
            rule.fit(learned.decision_function(pair[0]), pair[1])
        self._set({**fitted, "threshold_": rule.threshold_, "decision_scores_": scores})
        self._judge_again()
        return self

    def _windows(
        self, name: str, X: ArrayLike, y: ArrayLike | None, features: int | None = None
    ) -> tuple[Floats, NDArray[np.int64] | None, int]:
        """Windows, the number of anomalous rows in each (or None), and the number of features."""
        values = np.asarray(X)
        if values.ndim != 3:
            series = checks.series(name, X, features)
            if self.window > len(series):
                raise SpecError("window", f"{self.window}; {name} has only {len(series)} rows")
            cut = windows(series, y, size=self.window, stride=self.stride)
            return cut.data, cut.count, series.shape[1]
        checked = self._three(name, values, features)
        if y is None:
            return checked, None, checked.shape[2]
        flags = checks.labels("y", y)
        if len(flags) != len(checked):
            raise SpecError("y", f"{len(flags)} labels, but {name} has {len(checked)} windows")
        return checked, np.where(flags, self.window, 0), checked.shape[2]

    def _three(self, name: str, values: NDArray[Any], features: int | None) -> Floats:
        right = values.ndim == 3 and values.shape[1] == self.window and values.shape[2] > 0
        if values.dtype.kind not in "buif" or not right:
            raise SpecError(name, f"shape {values.shape}, {values.dtype}; windows have shape (k, {self.window}, d)")
        return checks.finite(name, values.astype(np.float64, copy=False), features)

    def _parts(self, name: str, data: Floats, count: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
        if count is None:
            count = np.zeros(len(data), dtype=np.int64)
        normal = data[count == 0]
        if not len(normal):
            raise SpecError(name, f"no window of {self.window} rows is wholly normal; there is nothing to learn from")
        return normal, data[count == self.window]

    def _tensor(self, scaler: Scaler, data: Floats) -> Any:
        import torch

        # A copy in torch's own memory: how a product is rounded can depend on where its factors lie.
        return torch.tensor(fill_missing(scaler(data), self.nan).astype(np.float32))

    def _error(self, restored: Any, x: Any) -> Any:
        gap = restored - x
        return (gap.abs() if self.loss == "l1" else gap.square()).sum((1, 2))

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        restored, divergence = net(batch)
        weight = self.beta * (min(gone / self.kl_warmup, 1.0) if self.kl_warmup else 1.0)
        return (self._error(restored.float(), batch) + weight * divergence.float()).mean()

    def _judge(self, scaler: Scaler, train: Any, valid: Any, held_out: Floats) -> Callable[[Any], tuple[float, float]]:
        """By what an epoch is judged: (validation loss, figure to minimise)."""
        spoiled, marks = None, None
        if self.stop == "detection":
            changed, marks = self._spoiled(held_out)
            spoiled = self._tensor(scaler, changed)

        def judge(net: Any) -> tuple[float, float]:
            device = next(net.parameters()).device
            parts = [self._loss(net, x.to(device), 1.0) * len(x) for x in valid.split(CHUNK)]
            loss = float(sum(parts)) / len(valid)
            if self.stop == "loss":
                return loss, loss
            gauss = self._gauss(net, train, valid)
            if spoiled is None:
                scores = self._score(net, gauss, valid)
                return loss, float(scores.std() / max(scores.mean(), 1e-300))
            return loss, 1 - float(roc_auc_score(marks, self._score(net, gauss, spoiled)))

        return judge

    def _tested(self, held_out: Floats, anomalous: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Windows that a score can be judged on, and which of them are anomalous."""
        if not len(anomalous):
            return self._spoiled(held_out)
        return np.concatenate([held_out, anomalous]), np.repeat([False, True], [len(held_out), len(anomalous)])

    def _spoiled(self, held_out: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        changed, marks = shapes_in_windows(fill_missing(held_out, self.nan), int(self.rng))
        if marks.all() or not marks.any():
            raise SpecError(
                "validation",
                f"{len(held_out)} windows; generated anomalies spoiled {int(marks.sum())} of {len(marks)}, and both kinds are needed: give more validation data",
            )
        return changed, marks

    def _vectors(self, net: Any, data: Any, *, error: bool) -> tuple[Floats, Floats]:
        """Latent vectors (k, hidden) and, if asked for, reconstruction errors (k,)."""
        import torch

        device = next(net.parameters()).device
        latents, errors = [], []
        with torch.no_grad():
            for x in data.split(CHUNK):
                x = x.to(device)
                latent = net.encode(x)
                latents.append(latent.cpu().numpy())
                if error:
                    errors.append(self._error(net.decode(latent, x.shape[1]), x).cpu().numpy())
        none = np.zeros((0, self.hidden_size))
        return (
            np.concatenate([none, *latents]).astype(np.float64),
            np.concatenate([none[:, 0], *errors]).astype(np.float64),
        )

    def _joint(self, net: Any, data: Any) -> Floats:
        latent, error = self._vectors(net, data, error=self.score == "both")
        if self.score == "both":
            return np.column_stack([latent, np.log(error + 1e-9)])
        return latent

    def _gauss(self, net: Any, train: Any, valid: Any) -> Gaussian | None:
        if self.score == "reconstruction":
            return None
        vectors = self._joint(net, valid)
        if len(vectors) < 10 * vectors.shape[1]:
            vectors = np.concatenate([vectors, self._joint(net, train)])
        return Gaussian.fit(vectors)

    def _score(self, net: Any, gauss: Gaussian | None, data: Any) -> Floats:
        if self.score == "reconstruction" or gauss is None:
            return self._vectors(net, data, error=True)[1]
        return gauss.distance2(self._joint(net, data))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Scores of windows (k, window, d) as (k,), or of the rows of a series (n,) or (n, d) as (n,).

        Raises NotFittedError before `fit`, and SpecError for another number of features than `fit` saw, a
        series shorter than the window, infinity, or a window with a channel that is all NaN.
        """
        check_is_fitted(self)
        values = np.asarray(X)
        if values.ndim == 3:
            return self._score_windows(self._three("X", values, self.n_features_in_))
        series = checks.series("X", X, self.n_features_in_)
        start = covering(len(series), self.window, self.stride)
        view = np.lib.stride_tricks.sliding_window_view(series, self.window, axis=0).transpose(0, 2, 1)
        parts = [self._score_windows(view[start[k : k + CHUNK]]) for k in range(0, len(start), CHUNK)]
        return to_rows(np.concatenate(parts), start, self.window, len(series))

    def _reach(self) -> tuple[int, int]:
        return self.window - 1, self.window - 1

    def _event_rows(self) -> tuple[int, int]:
        return max(self.window // 2, 1), 2 * self.window

    def _score_windows(self, data: Floats) -> Floats:
        from paranom_rs.deep.training import cpu_threads

        with cpu_threads(self.threads):
            parts = [
                self._score(self.net_, self.gauss_, self._tensor(self.scaler_, data[k : k + CHUNK]))
                for k in range(0, len(data), CHUNK)
            ]
        return np.concatenate([np.zeros(0), *parts])

    def encode(self, X: ArrayLike) -> Floats:
        """Latent vectors (k, hidden_size) of windows (k, window, d)."""
        check_is_fitted(self)
        data = self._three("X", np.asarray(X, dtype=np.float64), self.n_features_in_)
        return self._vectors(self.net_, self._tensor(self.scaler_, data), error=False)[0]

    def reconstruct(self, X: ArrayLike) -> Floats:
        """What the autoencoder makes of windows (k, window, d), in the units of the data; same shape."""
        import torch

        check_is_fitted(self)
        data = self._three("X", np.asarray(X, dtype=np.float64), self.n_features_in_)
        with torch.no_grad():
            parts = [self.net_(x)[0].numpy() for x in self._tensor(self.scaler_, data).split(CHUNK)]
        restored = np.concatenate([np.zeros((0, *data.shape[1:])), *parts])
        return np.asarray(restored * self.scaler_.scale + self.scaler_.mean)

    def plot_reconstruction(self, X: ArrayLike) -> Any:
        """Up to six windows of `X` (k, window, d) and their reconstructions; returns the figure."""
        data = np.asarray(X, dtype=np.float64)[:6]
        return plots.reconstruction(data, self.reconstruct(data), self.decision_function(data), self.threshold_)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of windows as an ONNX file, and check it with onnxruntime against torch.

        Input "windows" (batch, window, d) float32 without NaN, in the units of the data; output "score"
        (batch,). The batch is free, the window fixed. Needs ``pip install "paranom_rs[onnx]"``; raises
        InternalError, and leaves no file, where the two disagree.
        """
        from paranom_rs.deep.onnx import export_autoencoder

        check_is_fitted(self)
        export_autoencoder(self, Path(path))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {f"net.{k}": v.detach().cpu().numpy() for k, v in self.net_.state_dict().items()}
        if self.gauss_ is not None:
            arrays |= {"gauss.mean": self.gauss_.mean, "gauss.whiten": self.gauss_.whiten}
        return arrays

    def _restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        import torch

        from paranom_rs.deep.nets import Autoencoder

        layers = sum(k.startswith("net.encoder.weight_hh") for k in arrays)
        if layers != self.num_layers:
            raise ValueError(f"the file holds {layers} layers, its parameters say {self.num_layers}")
        with torch.device("meta"):
            net = Autoencoder(
                self.cell,
                self.n_features_in_,
                self.hidden_size,
                self.num_layers,
                self.dropout,
                self.variational,
            )
        load_weights(net, arrays)
        self.net_ = net
        self.gauss_ = None
        if self.score != "reconstruction":
            k = self.hidden_size + (self.score == "both")
            self.gauss_ = Gaussian(arrays["gauss.mean"], arrays["gauss.whiten"])
            if self.gauss_.mean.shape != (k,) or self.gauss_.whiten.shape != (k, k):
                raise ValueError("the Gaussian does not fit the latent vector")


def _start_well(net: Any) -> None:
    """Orthogonal recurrent weights, and forget gates that begin open (Jozefowicz et al. 2015).

    Reaches a given loss in about half the epochs of torch's default start.
    """
    import torch

    with torch.no_grad():
        for rnn in (m for m in net.modules() if isinstance(m, torch.nn.RNNBase)):
            h = rnn.hidden_size
            for name, weight in rnn.named_parameters():
                if name.startswith("weight_hh"):
                    for gate in weight.split(h):
                        torch.nn.init.orthogonal_(gate)
                elif name.startswith("bias_") and isinstance(rnn, torch.nn.LSTM):
                    weight[h : 2 * h] = 1.0 if name.startswith("bias_ih") else 0.0
