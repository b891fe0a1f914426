"""RNN, GRU and LSTM autoencoders, plain and variational."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.missing import fill_missing
from paranom_rs.deep.base import Detector
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.inject import shapes_in_windows
from paranom_rs.deep.window_material import Cutter, WindowMaterial
from paranom_rs.deep.windowing import covering, to_rows
from paranom_rs.detect.baselines import Baselines
from paranom_rs.errors import SpecError
from paranom_rs.plotting import deep as plots

CHUNK = 1024
"""Windows scored at a time: what bounds the memory of scoring a long series."""


@dataclass(kw_only=True, eq=False, repr=False)
class RNNAutoencoder(Detector):
    """Detect windows that do not look like the normal ones it was trained on.

    A recurrent encoder turns a window of ``window`` rows into ``hidden_size`` numbers, its latent vector; a decoder of
    twice that size turns the vector into a window again.

    Given windows (k, window, d), `decision_function` returns one score per window, (k,). Given a series (n,) or (n, d),
    it returns one score per row, (n,): the mean of the scores of the windows that cover the row.

    Parameters
    ----------
    cell
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    num_layers, hidden_size
        Layers (1 is light, 2 or more deep) and their units.
    variational, beta, kl_warmup
        Whether the latent vector is drawn from a Gaussian; the weight of the KL term, and the share of the epochs over
        which it grows linearly from 0.
    window, stride
        Rows of a window, and from one to the next (at most ``window``). A series gets one more window at its end.
    scoring_mode
        ``"latent"``: the squared Mahalanobis distance of the latent vector from those of normal windows (a Gaussian
        with shrunk covariance, fitted on the validation windows, and on the training windows too where those are fewer
        than ten per dimension). The best in our measurements, and it needs no decoder. ``"reconstruction"``: the sum
        over the window of the absolute (``loss="l1"``) or squared (``"l2"``) error. ``"both"``: the latent vector and
        the log reconstruction error taken as one vector.
    stop
        By what the best epoch is chosen. ``"loss"``: on the validation windows. ``"detection"``: the ROC AUC between
        the validation windows and the same windows with generated anomalies, since a lower loss can make detection
        worse. ``"spread"``: the coefficient of variation of the validation scores.
    patience
        Training ends that many epochs after the best.
    nan_policy
        How a missing value of a window is filled: ``"median"``, ``"linear"``, ``"kernel"``; or ``"raise"``.
    threshold, quantile
        A rule of `paranom_rs.evaluate.thresholds`; None means the ``quantile`` of the normal training scores. A rule
        that needs labels gets the validation windows and all wholly anomalous ones.
    validation_share
        The share of the normal windows, drawn at random, that is held out where `fit` is given no ``validation``.
    epochs, batch_size, lr, schedule, clip, dropout
        How to train: Adam, with the ``schedule`` ``"onecycle"``, ``"cosine"`` or ``"constant"``.
    device, precision
        ``"auto"``: CUDA, then MPS, then the CPU; bfloat16 on CUDA where it is supported.
    threads, random_state
        CPU threads and seed: the same data, seed and threads give the same bits where torch uses the same instructions.
        With AVX2 it rounds otherwise than with AVX-512, and training makes a small difference large.
    verbose
        Whether to show progress; None shows it on a terminal.

    Notes
    -----
    Data are scaled to unit variance of the normal training windows, per channel. ``threshold_`` is for scores of the
    form that `fit` saw: of windows or of rows.
    """

    cell: str = "lstm"
    variational: bool = False
    beta: float = 1.0
    kl_warmup: float = 0.25
    window: int = 60
    stride: int = 45
    loss: str = "l1"
    scoring_mode: str = "latent"
    stop: str = "loss"

    def _check_params(self) -> None:
        super()._check_params()
        checks.one_of("cell", self.cell, ("rnn", "gru", "lstm"))
        checks.one_of("loss", self.loss, ("l1", "l2"))
        checks.one_of("scoring_mode", self.scoring_mode, ("latent", "reconstruction", "both"))
        checks.one_of("stop", self.stop, ("loss", "detection", "spread"))
        checks.flag("variational", self.variational)
        checks.whole("window", self.window, least=1)
        checks.whole("stride", self.stride, least=1)
        if self.stride > self.window:
            rule = f"must be at most the window of {self.window} rows, so that no row is left out"
            raise SpecError("stride", rule, str(self.stride))
        checks.at_least_0("beta", self.beta)
        checks.at_least_0("kl_warmup", self.kl_warmup)

    # ---- the steps of `fit`

    @property
    def _cutter(self) -> Cutter:
        return Cutter(self.window, self.stride, self.nan_policy)

    def _material(self, X: Any, y: Any, validation: tuple[Any, Any] | None) -> WindowMaterial:
        return self._cutter.material(X, y, validation, share=self.validation_share, seed=int(self.random_state))

    def _network(self, features: int) -> Any:
        from paranom_rs.deep.nets import Autoencoder

        return Autoencoder(self.cell, features, self.hidden_size, self.num_layers, self.dropout, self.variational)

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        restored, divergence = net(batch)
        weight = self.beta * (min(gone / self.kl_warmup, 1.0) if self.kl_warmup else 1.0)
        return (self._error(restored.float(), batch) + weight * divergence.float()).mean()

    def _error(self, restored: Any, x: Any) -> Any:
        gap = restored - x
        return (gap.abs() if self.loss == "l1" else gap.square()).sum((1, 2))

    def _criterion(self, material: WindowMaterial) -> Callable[[Any], tuple[float, float]]:
        valid, changed, marks = material.valid, None, None
        if self.stop == "detection":
            tested, marks = self._with_anomalies(material.held_out)
            changed = self._cutter.tensor(material.scaler, tested)

        def criterion(net: Any) -> tuple[float, float]:
            device = next(net.parameters()).device
            parts = [self._loss(net, x.to(device), 1.0) * len(x) for x in valid.split(CHUNK)]
            loss = float(sum(parts)) / len(valid)
            if self.stop == "loss":
                return loss, loss
            gauss = self._gaussian(net, material)
            if changed is None:
                scores = self._score(net, gauss, valid)
                return loss, float(scores.std() / max(scores.mean(), 1e-300))
            return loss, 1 - float(roc_auc_score(marks, self._score(net, gauss, changed)))

        return criterion

    def _gaussian(self, net: Any, material: WindowMaterial) -> Gaussian | None:
        if self.scoring_mode == "reconstruction":
            return None
        vectors = self._joint(net, material.valid)
        if len(vectors) < 10 * vectors.shape[1]:
            vectors = np.concatenate([vectors, self._joint(net, material.train)])
        return Gaussian.fit(vectors)

    def _gaussian_size(self) -> int:
        return 0 if self.scoring_mode == "reconstruction" else self.hidden_size + (self.scoring_mode == "both")

    def _fit_threshold(self, material: WindowMaterial) -> None:
        rule, validation = self._rule(labelled=False), material.validation
        labelled = validation is not None and validation[1] is not None
        if rule.needs_labels and not labelled and not len(material.anomalous):
            raise SpecError("y", f"must mark a wholly anomalous window, since {rule!r} learns from labels")
        self.decision_scores_ = self.decision_function(material.X)
        if not rule.needs_labels:
            rule.fit(self.decision_scores_, material.labels)
        elif validation is not None and labelled:
            rule.fit(self.decision_function(validation[0]), validation[1])
        else:
            wrong = self._score(self.net_, self.gauss_, self._cutter.tensor(self.scaler_, material.anomalous))
            right = self._score(self.net_, self.gauss_, material.valid)
            rule.fit(np.concatenate([right, wrong]), np.repeat([0, 1], [len(right), len(wrong)]))
        self.threshold_ = rule.threshold_

    def _compare(self, material: WindowMaterial) -> dict[str, dict[str, float]]:
        held_out, anomalous = material.held_out, material.anomalous
        if len(anomalous):
            tested = np.concatenate([held_out, anomalous])
            marks = np.repeat([False, True], [len(held_out), len(anomalous)])
        else:
            tested, marks = self._with_anomalies(held_out)
        scores = self._score(self.net_, self.gauss_, self._cutter.tensor(self.scaler_, tested))
        trivial = Baselines(random_state=int(self.random_state)).fit(material.normal)
        return trivial.compare(type(self).__name__, scores, tested, marks)

    def _with_anomalies(self, held_out: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return held-out windows with generated anomalies in some, and in which."""
        changed, marks = shapes_in_windows(fill_missing(held_out, self.nan_policy), int(self.random_state))
        if marks.all() or not marks.any():
            rule = "must have enough windows that generated anomalies reach some and not all of them"
            raise SpecError("validation", rule, f"{len(held_out)} windows, {int(marks.sum())} of {len(marks)} reached")
        return changed, marks

    # ---- scores

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return anomaly scores; higher is more anomalous.

        Parameters
        ----------
        X
            Windows, shape (k, window, d), or a series, shape (n,) or (n, d).

        Returns
        -------
        scores
            Of the windows, shape (k,), or of the rows, shape (n,).

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError
            For another number of features than `fit` saw, a series shorter than the window, infinity, or a window
            with a channel that is all NaN.
        """
        check_is_fitted(self)
        values = np.asarray(X)
        if values.ndim == 3:
            return self._score_windows(self._cutter.check("X", values, self.n_features_in_))
        series = checks.series("X", X, self.n_features_in_)
        start = covering(len(series), self.window, self.stride)
        view = np.lib.stride_tricks.sliding_window_view(series, self.window, axis=0).transpose(0, 2, 1)
        parts = [self._score_windows(view[start[k : k + CHUNK]]) for k in range(0, len(start), CHUNK)]
        return to_rows(np.concatenate(parts), start, self.window, len(series))

    def _score_windows(self, data: Floats) -> Floats:
        from paranom_rs.deep.devices import cpu_threads

        with cpu_threads(self.threads):
            parts = [
                self._score(self.net_, self.gauss_, self._cutter.tensor(self.scaler_, data[k : k + CHUNK]))
                for k in range(0, len(data), CHUNK)
            ]
        return np.concatenate([np.zeros(0), *parts])

    def _score(self, net: Any, gauss: Gaussian | None, data: Any) -> Floats:
        if gauss is None:
            return self._vectors(net, data, error=True)[1]
        return gauss.distance2(self._joint(net, data))

    def _joint(self, net: Any, data: Any) -> Floats:
        """Return the vectors that the Gaussian is over."""
        latent, error = self._vectors(net, data, error=self.scoring_mode == "both")
        return np.column_stack([latent, np.log(error + 1e-9)]) if self.scoring_mode == "both" else latent

    def _vectors(self, net: Any, data: Any, *, error: bool) -> tuple[Floats, Floats]:
        """Return latent vectors (k, hidden) and, if asked for, reconstruction errors (k,)."""
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

    def _reach(self) -> tuple[int, int]:
        return self.window - 1, self.window - 1

    def _event_rows(self) -> tuple[int, int]:
        return max(self.window // 2, 1), 2 * self.window

    # ---- what the network makes of windows

    def encode(self, X: ArrayLike) -> Floats:
        """Return latent vectors (k, hidden_size) of windows (k, window, d)."""
        check_is_fitted(self)
        data = self._cutter.check("X", np.asarray(X, dtype=np.float64), self.n_features_in_)
        return self._vectors(self.net_, self._cutter.tensor(self.scaler_, data), error=False)[0]

    def reconstruct(self, X: ArrayLike) -> Floats:
        """Return what the autoencoder makes of windows (k, window, d), in the units of the data; same shape."""
        import torch

        check_is_fitted(self)
        data = self._cutter.check("X", np.asarray(X, dtype=np.float64), self.n_features_in_)
        with torch.no_grad():
            parts = [self.net_(x)[0].numpy() for x in self._cutter.tensor(self.scaler_, data).split(CHUNK)]
        restored = np.concatenate([np.zeros((0, *data.shape[1:])), *parts])
        return np.asarray(restored * self.scaler_.scale + self.scaler_.mean)

    def plot_reconstruction(self, X: ArrayLike) -> Any:
        """Plot up to six windows of ``X`` (k, window, d) and their reconstructions; return the figure."""
        data = np.asarray(X, dtype=np.float64)[:6]
        return plots.reconstruction(data, self.reconstruct(data), self.decision_function(data), self.threshold_)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of windows as an ONNX file, and check it with onnxruntime against torch.

        Input "windows" (batch, window, d) float32 without NaN, in the units of the data; output "score" (batch,). The
        batch is free, the window fixed. Needs ``pip install ".[onnx]"``.

        Raises
        ------
        InternalError
            Where the two disagree; no file is left.
        """
        from paranom_rs.deep import onnx

        check_is_fitted(self)
        # Another batch than the one that the graph was traced with.
        data = onnx.sample(self.scaler_, 7, self.window)
        onnx.write(Path(path), self._graph(), self.threads, data, self.decision_function(data))

    def _graph(self) -> bytes:
        from paranom_rs.deep import onnx
        from paranom_rs.deep.scorers import WindowScorer

        scorer = WindowScorer(self.net_, self.scaler_, self.gauss_, self.scoring_mode, self.loss)
        free = {"windows": {0: "batch"}, "score": {0: "batch"}}
        return onnx.graph(scorer, (2, self.window, self.n_features_in_), free)

    def _stream_scorer(self) -> Callable[[Floats], Floats]:
        """Return what scores windows (k, window, d) fastest: onnxruntime where it is installed, else torch."""
        try:
            from paranom_rs.deep import onnx

            score = onnx.session(self._graph(), self.threads)
        except ImportError:
            return self._score_windows

        def filled(data: Floats) -> Floats:
            with np.errstate(over="ignore"):  # what is out of float32's range is clipped in the graph
                return score(fill_missing(data, self.nan_policy).astype(np.float32))

        return filled
