"""RNN, GRU and LSTM autoencoders, plain and variational."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.missing import NAN_POLICIES, fill_missing
from paranom_rs._internal.optional import require
from paranom_rs._internal.rules import AtLeast0, Flag, OneOf, OrNone, Rule, Share, Whole
from paranom_rs.deep.base import DeepDetector, Source
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.holdout import Holdout
from paranom_rs.deep.inject import shapes_in_windows
from paranom_rs.deep.loaders import LoaderBatches
from paranom_rs.deep.weights import Weights, of_network
from paranom_rs.deep.window_network import CoreNetwork, TorchNetwork, WindowNetwork, gaps
from paranom_rs.deep.windowing import covering
from paranom_rs.detect import recurrent
from paranom_rs.detect.covering import covering_mean
from paranom_rs.detect.scaled_windows import default_window
from paranom_rs.detect.training_rows import TrainingRows
from paranom_rs.errors import SpecError
from paranom_rs.plotting import deep as plots

if TYPE_CHECKING:
    from paranom_rs.deep.steps import CoreTraining
    from paranom_rs.deep.training import Criterion, MeanLoss

CHUNK = 1024
"""Windows scored at a time: what bounds the memory of scoring a long series."""
MOST_WINDOWS = 2000
"""Windows that a Gaussian is fitted on, and that choose the epoch, at most."""
WANTED_WINDOWS = 1000
"""Windows begin more often than ``stride`` would have it by default, until there are so many to train on."""
_MODES = OneOf(("latent", "reconstruction", "both"))
MOST_LIVE = 1024
"""Rows of a window up to which the core goes on with all windows of a stream side by side."""
_FLOATS = (float, np.float64)
_PIECE = 3
"""Windows that fit a piece of rows that is learnt or held out."""


class RNNAutoencoder(DeepDetector):
    """Detect windows that do not look like the normal ones it was trained on.

    A recurrent encoder turns a window of ``window`` rows into ``hidden_size`` numbers, its latent vector; a decoder of
    twice that size turns the vector into a window again. A row's causal score is that of the window which ends there;
    its other score is the mean of the scores of the windows that cover it.

    Windows (k, window, d) that are cut already are taken in place of a series: `fit`, `decision_function`, `predict`
    and `calibrate` then have a label and a score for each, (k,).

    Parameters
    ----------
    cell
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    num_layers, hidden_size
        Layers (1 is light, 2 or more deep) and their units.
    variational, beta, kl_warmup
        Whether the latent vector is drawn from a Gaussian; the weight of the KL term, and the share of the epochs over
        which it grows linearly from 0.
    window
        Rows of a window. None: 60, or a sixth of the training rows if they are few.
    stride
        Rows from one training window to the next. None: three quarters of a window, or less where rows are few.
    loss
        ``"l1"`` or ``"l2"``: the sum over the window of the absolute or squared differences.
    scoring_mode
        ``"latent"``: the squared Mahalanobis distance of the latent vector from those of normal windows (a Gaussian
        with shrunk covariance). It needs no decoder, but says little of values that are far out: the latent units end
        at 1. ``"reconstruction"``: the ``loss``. ``"both"``: the latent vector and the log reconstruction error taken
        as one vector. None: what the ``recipe`` says.
    stop
        By what the best epoch is chosen. ``"loss"``: on held-out windows. ``"detection"``: the ROC AUC between held-out
        windows and the same windows with generated anomalies, since a lower loss can make detection worse.
        ``"spread"``: the coefficient of variation of the held-out scores.
    recipe
        How to train and score where a parameter does not say it. ``"fast"``: batches of 64, Adam at 4e-3 along one
        cycle, gradients clipped at 5, orthogonal recurrent weights and open forget gates at first, as many epochs as
        make 600 steps (10 to 200), the latent score. ``"article"``: one window a step, Adam at a constant 1e-3 (the
        article's text says 3e-4: ``lr=3e-4``), torch's own initial weights, no clipping, 50 epochs, the reconstruction
        score.
    nan_policy
        How a missing value of a window is filled: ``"median"``, ``"linear"``, ``"kernel"``, from the window's values of
        the channel; or ``"raise"``. A channel without a value in the window is filled with its mean. A missing value
        has no part in losses and reconstruction errors.
    dropout
        Between layers.
    epochs, batch_size, lr, schedule
        How to train: Adam, with the ``schedule`` ``"onecycle"``, ``"cosine"`` or ``"constant"``. None: see ``recipe``.
    patience
        Training ends that many epochs after the best.
    validation_share
        The share of the training rows that is held out, in up to 20 pieces.
    n_networks
        Networks whose scores are averaged. Each holds other rows out, so that all rows are learnt, and all held out.
    warm_start
        Whether `fit` goes on from the weights, scale and window of the fit before, as fine-tuning needs it.
    device
        Where to train and to calibrate, and where scores that are not causal are computed. ``"auto"``: CUDA, then MPS,
        then the CPU. Causal scores and streams are always computed on the CPU, and have the same bits everywhere.
    precision
        ``"auto"``: training in bfloat16 on CUDA where it is supported; ``"float32"``, ``"bfloat16"``.
    threads, random_state
        CPU threads and seed. On the CPU the core trains: from given first weights it comes to the same bits on every
        processor and with any threads. The first weights are torch's. torch trains on other devices, with dropout
        between layers, in bfloat16, and with more than 128 units: the same data, seed and threads give the same
        weights then where torch uses the same instructions.
        The scores of given weights are the same to the bit on every processor.
    verbose
        Whether to show progress; None shows it on a terminal.
    follow_levels
        Whether channels are counted from the median of the 120 rows before: all, none, or (None) those that wander in
        the training rows. Windows have no rows before.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import RNNAutoencoder
    >>> X = np.sin(np.arange(400.0) / 5)[:, None]
    >>> detector = RNNAutoencoder(window=20, hidden_size=4, epochs=2, device="cpu").fit(X)
    >>> X[200] += 20
    >>> abs(int(detector.decision_function(X).argmax()) - 200) < 20
    True
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "cell": OneOf(("rnn", "gru", "lstm")),
        "variational": Flag(),
        "beta": AtLeast0(),
        "kl_warmup": Share(ends=True),
        "window": OrNone(Whole(1, 2**20)),
        "stride": OrNone(Whole(1, 2**20)),
        "loss": OneOf(("l1", "l2")),
        "scoring_mode": OrNone(_MODES),
        "stop": OneOf(("loss", "detection", "spread")),
        "recipe": OneOf(("fast", "article")),
        "nan_policy": OneOf(NAN_POLICIES),
        **DeepDetector.parameters,
    }

    cell: str
    variational: bool
    beta: float
    kl_warmup: float
    window: int | None
    stride: int | None
    loss: str
    scoring_mode: str | None
    stop: str
    recipe: str
    nan_policy: str
    #: How it scores since `fit`.
    scoring_mode_: str
    # That of the last fit, as `scoring_mode_`.
    _scored_loss: str
    _gausses: list[Gaussian]
    _evaluated: list[CoreNetwork]
    _on_device: list[WindowNetwork]
    #: The rows of the stream, or the core's stream that holds them.
    _rows: Floats
    _live: recurrent.ScoreStream | None = None
    _is_plain: bool

    def __init__(
        self,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        hidden_size: int = 20,
        variational: bool = False,
        beta: float = 1.0,
        kl_warmup: float = 0.25,
        window: int | None = None,
        stride: int | None = None,
        loss: str = "l1",
        scoring_mode: str | None = None,
        stop: str = "loss",
        recipe: str = "fast",
        nan_policy: str = "median",
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
        return 12 if self.window is None else max(2 * int(self.window), 12)

    def _piece(self) -> int:
        return _PIECE * self.window_

    def _event_rows(self) -> tuple[int, int]:
        return max(self.window_ // 2, 1), 2 * self.window_

    def _recipe(self) -> dict[str, Any]:
        if self.recipe == "article":
            return {
                "batch_size": 1, "lr": 1e-3, "schedule": "constant", "clip": None, "epochs": 50,
                "scoring_mode": "reconstruction",
            }  # fmt: skip
        return {**super()._recipe(), "scoring_mode": "latent"}

    def _orthogonal(self) -> bool:
        return self.recipe != "article"

    def _read(self, X: Any, y: Any, validation: Any) -> tuple[TrainingRows, Source]:
        if not _is_windows(X):
            return super()._read(X, y, validation)
        learnt = self._windows("X", X)
        held = learnt[:0] if validation is None else self._windows("validation", validation)
        labels = _labels(y, len(learnt))
        rows = [np.full(learnt.shape[1], label) for label in labels] + [np.zeros(learnt.shape[1])] * len(held)
        given = TrainingRows.read([*learnt, *held], rows)
        first = None if validation is None else given.spans[len(learnt)][0] if len(held) else len(given.rows)
        return given, Source(held_from=first, windows=True)

    def _windows(self, path: str, X: ArrayLike, channels: int | None = None) -> Floats:
        """Return windows (k, window, d) as float64; SpecError for another shape, or infinities."""
        size = getattr(self, "window_", self.window) if channels is not None else self.window
        given = np.asarray(X)
        fits = given.ndim == 3 and given.shape[1] > 0 and given.shape[2] > 0 and size in (None, given.shape[1])
        if given.dtype.kind not in "buif" or not fits:
            rule = f"must be windows of shape (k, {'window' if size is None else size}, d)"
            raise SpecError(path, rule, f"shape {given.shape}, {given.dtype}")
        return checks.finite(path, given.astype(np.float64, copy=False), channels)

    def _least_series(self) -> int:
        return 1 if self.window is None else int(self.window)

    def _fit(self, given: TrainingRows) -> None:
        super()._fit(given)
        if self._source.is_cut:
            # A window has one score: that of its last row.
            self.decision_scores_ = self.decision_scores_[self.window_ - 1 :: self.window_]
            self._label()

    def _learn(self, rows: Floats) -> None:
        if self._begun is None:
            chosen = self._longest if self._source.is_cut else default_window(self._longest)
            self.window_ = chosen if self.window is None else int(self.window)
        self._gausses, self._evaluated = [], []
        vars(self).pop("_on_device", None)
        self.scoring_mode_ = self._chosen("scoring_mode")
        self._scored_loss = self.loss
        super()._learn(rows)

    def _net(self) -> Any:
        from paranom_rs.deep.nets import Autoencoder

        return Autoencoder(
            self.cell, self.n_features_in_, self.hidden_size, self.num_layers, self.dropout, self.variational
        )

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        d, h, layers = self.n_features_in_, int(self.hidden_size), int(self.num_layers)
        found = recurrent.shapes("encoder", self.cell, d, h, layers)
        found |= recurrent.shapes("decoder", self.cell, h, 2 * h, layers)
        found |= {"output.weight": (d, 2 * h), "output.bias": (d,)}
        for name in ("mean", "log_variance") if self.variational else ():
            found |= {f"{name}.weight": (h, h), f"{name}.bias": (h,)}
        return found

    def _train(self, rows: Floats, parts: list[Holdout]) -> None:
        import torch

        from paranom_rs.deep.batches import InMemory

        loader = self._source.loader
        for part in parts:
            stride = self._stride(sum(b - a for a, b in part.learnt))
            held = _spread(_starts(part.held, self.window_, stride), MOST_WINDOWS)
            if not len(held):
                rule = f"must hold a run of {self.window_} normal rows that can be held out"
                raise SpecError("X", rule)
            valid = self._cut(rows, held)
            if loader is None:
                starts = _starts(part.learnt, self.window_, stride)
                if not len(starts):
                    raise SpecError("X", f"must hold a wholly normal window of {self.window_} rows to learn from")
                batches: Any = InMemory(
                    torch.tensor(self._example(self._cut(rows, starts))), self._chosen("batch_size")
                )
                known = self._cut(rows, _spread(_starts(part.learnt, self.window_, 1), MOST_WINDOWS))
            else:
                batches = LoaderBatches(loader, lambda x: self._example(self._scaled(x)))
                known = valid
            self._trained(batches, self._loss, self._criterion(valid, known))
            network = self._network(self._networks[-1])
            self._evaluated.append(network)
            if self.scoring_mode_ != "reconstruction":
                self._gausses.append(Gaussian.fit(self._joint(network, known)))

    def _stride(self, rows: int) -> int:
        if self.stride is not None:
            return int(self.stride)
        return int(np.clip(rows // WANTED_WINDOWS, 1, max(3 * self.window_ // 4, 1)))

    def _cut(self, rows: Floats, starts: NDArray[np.int64]) -> Floats:
        """Return scaled windows, what is missing as NaN."""
        views = np.lib.stride_tricks.sliding_window_view(rows, self.window_, axis=0).transpose(0, 2, 1)
        return self._scaled(views[starts])

    def _example(self, windows: Floats) -> NDArray[np.float32]:
        """Return windows as a network learns them; where values are missing, which are there stands beside them."""
        filled = self._filled(windows).astype(np.float32)
        gone = np.isnan(windows)
        return np.concatenate([filled, (~gone).astype(np.float32)], axis=2) if gone.any() else filled

    def _filled(self, windows: Floats) -> Floats:
        """Return scaled windows without missing values; by the policy, and 0 (the mean) where there is nothing."""
        gone = np.isnan(windows)
        if not gone.any():
            return windows
        if self.nan_policy == "raise":
            return fill_missing(windows, "raise")
        return fill_missing(np.where(gone.all(axis=1, keepdims=True), 0.0, windows), self.nan_policy)

    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        d = self.n_features_in_
        x = batch[..., :d]
        restored, divergence = net(x)
        gap = restored.float() - x
        size = gap.abs() if self.loss == "l1" else gap.square()
        if batch.shape[-1] > d:
            size = size * batch[..., d:]
        return (size.sum((1, 2)) + self._divergence_weight(gone) * divergence.float()).mean()

    def _divergence_weight(self, gone: float) -> float:
        return self.beta * (min(gone / self.kl_warmup, 1.0) if self.kl_warmup else 1.0)

    def _core_training(self, net: Any) -> CoreTraining:
        from paranom_rs.deep.steps import CoreTraining

        d, h, layers, varied = self.n_features_in_, int(self.hidden_size), int(self.num_layers), bool(self.variational)

        def make(state: recurrent.TrainingState) -> recurrent.RecurrentTrainer:
            return recurrent.RecurrentTrainer.autoencoder(self.cell, d, h, layers, varied, self.loss, state)

        return CoreTraining(make, int(self.threads), self._divergence_weight, h if varied else 0)

    def _criterion(self, valid: Floats, known: Floats) -> Criterion:
        example = self._example(valid)
        changed, marks = None, np.zeros(0, bool)
        if self.stop == "detection":
            changed, marks = self._with_anomalies(valid)

        def criterion(net: Any, mean_loss: MeanLoss) -> tuple[float, float]:
            loss = mean_loss(example)
            if self.stop == "loss":
                return loss, loss
            scored = self._scored_by(of_network(net), known)
            if changed is None:
                scores = scored(valid)
                return loss, float(scores.std() / max(scores.mean(), 1e-300))
            metrics = require("sklearn.metrics", "deep", 'stop="detection"')
            return loss, 1 - float(metrics.roc_auc_score(marks, scored(changed)))

        return criterion

    def _scored_by(self, weights: Weights, known: Floats) -> Callable[[Floats], Floats]:
        """Return a function that gives the scores of scaled windows by a network that is being trained."""
        network = self._network(weights)
        if self.scoring_mode_ == "reconstruction":
            return lambda x: self._errors(network, x, network.encode(self._filled(x)))
        gauss = Gaussian.fit(self._joint(network, known))
        return lambda x: gauss.distance2(self._vectors(network, x))

    def _with_anomalies(self, windows: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Return held-out windows with generated anomalies in some, and in which."""
        changed, marks = shapes_in_windows(self._filled(windows), int(self.random_state))
        if marks.all() or not marks.any():
            rule = "must leave enough windows that generated anomalies reach some and not all of them"
            reached = f"{len(windows)} windows, {int(marks.sum())} of {len(marks)} reached"
            raise SpecError("validation_share", rule, reached)
        return changed, marks

    def _held_out(self, rows: Floats) -> tuple[Floats, Floats]:
        found, causal = np.full((2, len(rows)), np.nan)
        for number, part in enumerate(self._holdouts()):
            for a, b in part.held:
                if b - a < self.window_:
                    continue
                causal[a + self.window_ - 1 : b] = self._scores(rows[a:b], [number])
                found[a:b] = covering_mean(self._scores(rows[a:b], [number], fast=True), self.window_)
        return found, causal

    # ---- scores

    def _network(self, weights: Weights) -> CoreNetwork:
        """Return a network that scores on the CPU."""
        return CoreNetwork(weights, self.cell, int(self.num_layers), int(self.threads))

    def _fast(self) -> list[WindowNetwork]:
        """Return the networks on ``device``: for scores of many windows that need not have the bits of a stream."""
        made: list[WindowNetwork] | None = vars(self).get("_on_device")
        if made is None:
            device = self._other_device()
            made = list(self._evaluated)
            if device is not None:
                made = [TorchNetwork(self._torch(weights), device) for weights in self._networks]
            self._on_device = made
        return made

    def _other_device(self) -> Any:
        """Return the device that ``device`` names; None for the CPU. Without torch there is no other one."""
        if self.device == "cpu":
            return None
        try:
            from paranom_rs.deep import devices
        except ImportError:
            return None
        device = devices.device_of(self.device)
        return None if device.type == "cpu" else device

    def _window_scores(self, rows: Floats) -> Floats:
        return self._scores(rows, range(len(self._evaluated)))

    def _batch(self, rows: Floats) -> Floats:
        if len(rows) < self.window_:
            return np.full(len(rows), self._floor)
        return covering_mean(self._scores(rows, range(len(self._evaluated)), fast=True), self.window_)

    def _scores(self, rows: Floats, networks: Any, *, fast: bool = False) -> Floats:
        """Return the score of each window of rows, the mean over the networks, some windows at a time."""
        count = len(rows) - self.window_ + 1
        parts = [
            self._mean_score(self._cut(rows, np.arange(first, min(first + CHUNK, count))), networks, fast=fast)
            for first in range(0, count, CHUNK)
        ]
        return np.concatenate([np.zeros(0), *parts])

    def _mean_score(self, windows: Floats, networks: Any, *, fast: bool = False) -> Floats:
        evaluated = self._fast() if fast else self._evaluated
        scores = [self._score(evaluated[number], number, windows) for number in networks]
        return np.asarray(scores[0] if len(scores) == 1 else np.mean(scores, axis=0))

    def _score(self, network: WindowNetwork, number: int, windows: Floats) -> Floats:
        """Return the scores of scaled windows by one network."""
        if self.scoring_mode_ == "reconstruction":
            return self._errors(network, windows, network.encode(self._filled(windows)))
        return self._gausses[number].distance2(self._vectors(network, windows))

    def _joint(self, network: WindowNetwork, windows: Floats) -> Floats:
        parts = [self._vectors(network, windows[k : k + CHUNK]) for k in range(0, len(windows), CHUNK)]
        return np.concatenate(parts)

    def _vectors(self, network: WindowNetwork, windows: Floats) -> Floats:
        """Return the vectors that the Gaussian is over."""
        latent = network.encode(self._filled(windows))
        if self.scoring_mode_ == "latent":
            return latent
        return np.column_stack([latent, np.log(self._errors(network, windows, latent) + 1e-9)])

    def _errors(self, network: WindowNetwork, windows: Floats, latent: Floats) -> Floats:
        """Return the reconstruction errors of scaled windows, (k,); what is missing has no part."""
        return network.errors(windows, latent, self._scored_loss)

    def _row_scores(self, path: str, X: ArrayLike, causal: bool) -> Floats:
        if not _is_windows(X):
            return super()._row_scores(path, X, causal)
        checks.flag("causal", causal)
        return self._scores_of(path, X, fast=not causal)

    def _scores_of(self, path: str, X: ArrayLike, *, fast: bool = False) -> Floats:
        """Return the scores of windows (k, window, d)."""
        self._check_fitted()
        given = self._scaled(self._windows(path, X, self.n_features_in_))
        every = range(len(self._evaluated))
        parts = [self._mean_score(given[k : k + CHUNK], every, fast=fast) for k in range(0, len(given), CHUNK)]
        return np.concatenate([np.zeros(0), *parts])

    def _flags(self, path: str, X: ArrayLike, causal: bool) -> NDArray[np.int8]:
        if not _is_windows(X):
            return super()._flags(path, X, causal)
        level = self.causal_threshold_ if causal else self.threshold_
        return (self._row_scores(path, X, causal) > level).astype(np.int8)

    def _to_calibrate(self, path: str, X: Any, y: Any) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        if not _is_windows(X):
            return super()._to_calibrate(path, X, y)
        scores, causal = self._scores_of(path, X, fast=True), self._scores_of(path, X)
        return scores, causal, ~_labels(y, len(scores))

    # ---- streams

    @property
    def _recent(self) -> Floats:
        """The last rows of the stream, ``window_`` at most."""
        return self._rows if self._live is None else self._live.recent()

    @_recent.setter
    def _recent(self, rows: Floats) -> None:
        self._rows, self._live = rows, None

    def update(self, x: ArrayLike) -> float:
        """Score the next row of a stream; see `Detector.update`."""
        live = self._begun_live() if self._live is None else self._live
        if live is None:
            return float(super().update(x))
        if self._is_plain and type(x) in _FLOATS and -math.inf < x < math.inf:  # type: ignore[operator]
            score = live.take_one(x)  # type: ignore[arg-type]
        else:
            row = self._row("x", x)
            if self.nan_policy == "raise" and np.isnan(row).any():
                return float(super().update(x))
            score = live.take(self._following(row[None])[0])
            self._keep_level(row[None])
        self._seen += 1
        if self._seen < self.window_:
            return self._floor
        return float(self._window_scores(live.recent())[0]) if score is None else score

    def _begun_live(self) -> recurrent.ScoreStream | None:
        """Return the core's stream behind the last rows; None where it does not compute these scores."""
        self._check_fitted()
        if self.scoring_mode_ == "both" or len(self._evaluated) > 1 or self.window_ > MOST_LIVE:
            return None
        rows, network = self._recent, self._evaluated[0]
        if self.scoring_mode_ == "latent":
            live = network.latent_stream(self._scaler, self._gausses[0], self.window_)
        else:
            live = network.reconstruction_stream(self._scaler, self._scored_loss, self.window_)
        for row in rows:
            live.take(row)
        # One channel that is seen as it comes.
        self._is_plain = self.n_features_in_ == 1 and not self._wandering.any()
        self._live = live
        return live

    def __copy__(self) -> RNNAutoencoder:
        made = super().__copy__()
        if hasattr(self, "threshold_"):
            vars(made).update(_rows=self._recent, _live=None)
        return made

    # ---- why

    def _contributions(self, window: Floats) -> Floats:
        scaled = self._scaled(window[None])
        latent = [n.encode(self._filled(scaled)) for n in self._evaluated]
        parts = [
            gaps(network, scaled, vectors, self._scored_loss)[0].sum(axis=0)
            for network, vectors in zip(self._evaluated, latent, strict=True)
        ]
        return np.asarray(np.mean(parts, axis=0))

    def _nearest(self, window: Floats) -> tuple[int | None, Floats | None]:
        return None, self._restored(window[None])[0]

    # ---- what the networks make of windows

    def encode(self, X: ArrayLike) -> Floats:
        """Return the latent vectors (k, n_networks * hidden_size) of windows (k, window, d)."""
        self._check_fitted()
        scaled = self._scaled(self._windows("X", np.asarray(X), self.n_features_in_))
        return np.concatenate([n.encode(self._filled(scaled)) for n in self._evaluated], axis=1)

    def reconstruct(self, X: ArrayLike) -> Floats:
        """Return what the autoencoder makes of windows (k, window, d), in the units of the data; same shape."""
        self._check_fitted()
        return self._restored(self._windows("X", np.asarray(X), self.n_features_in_))

    def _restored(self, windows: Floats) -> Floats:
        filled = self._filled(self._scaled(windows))
        restored = np.mean([n.decode(n.encode(filled), filled.shape[1]) for n in self._evaluated], axis=0)
        return self._scaler.inverse(restored)

    def plot_reconstruction(self, X: ArrayLike) -> Any:
        """Plot windows (k, window, d) and their reconstructions, first channel; a figure."""
        data = np.asarray(X, dtype=np.float64)
        return plots.reconstruction(data, self.reconstruct(data), self._scores_of("X", data), self.causal_threshold_)

    # ---- files

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        if self.window not in (None, self.window_):
            raise SpecError("window", f"must be {self.window_}, as in `fit`, or fit again", repr(self.window))
        values |= {"scoring_mode_": self.scoring_mode_, "loss": self._scored_loss}
        for k, gauss in enumerate(self._gausses):
            arrays |= gauss.arrays(f"gauss.{k}")
        return values, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        self.scoring_mode_, self._scored_loss = values["scoring_mode_"], values["loss"]
        _MODES.check("scoring_mode_", self.scoring_mode_)
        self.parameters["loss"].check("loss", self._scored_loss)
        size = int(self.hidden_size) + (self.scoring_mode_ == "both")
        count = 0 if self.scoring_mode_ == "reconstruction" else int(self.n_networks)
        self._gausses = [Gaussian.of_arrays(arrays, f"gauss.{k}", size) for k in range(count)]
        if self.window not in (None, self.window_):
            raise ValueError("its window is not that of its parameters")
        self._evaluated = [self._network(weights) for weights in self._networks]

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the scoring of windows as an ONNX file, and check it with onnxruntime against torch.

        Input "windows" (batch, window, d) float32 without NaN, in the units of the data; output "score" (batch,), the
        causal score. The batch is free. Names of channels, threshold, scale and window are in the file's metadata.
        Needs ``pip install ".[onnx]"``.

        Raises
        ------
        SpecError
            For a detector that follows levels: a window alone does not tell them.
        InternalError
            Where the two disagree; no file is left.
        """
        from paranom_rs.deep import onnx
        from paranom_rs.deep.scorers import WindowScorer

        self._check_fitted()
        onnx.refuse_levels(self)
        gausses: list[Gaussian | None] = [*self._gausses] or [None] * len(self._networks)
        nets = [self._torch(weights) for weights in self._networks]
        scorer = WindowScorer(nets, self._scaler, gausses, self.scoring_mode_, self._scored_loss)
        free = {"windows": {0: "batch"}, "score": {0: "batch"}}
        graph = onnx.graph(scorer, (2, self.window_, self.n_features_in_), free, onnx.metadata(self))
        # Another batch than the one that the graph was traced with.
        data = onnx.sample(scorer.scaler, 7, self.window_)
        onnx.write(Path(path), graph, self.threads, data, self._scores_of("X", data))


def _is_windows(X: Any) -> bool:
    """Return whether ``X`` holds windows (k, window, d) that are cut already."""
    return isinstance(X, np.ndarray) and X.ndim == 3


def _labels(y: ArrayLike | None, count: int) -> NDArray[np.bool_]:
    """Return a label for each of so many windows; all are normal without ``y``."""
    labels = np.zeros(count, bool) if y is None else checks.labels("y", y)
    if len(labels) != count:
        raise SpecError("y", f"must have one label for each of the {count} windows of X", str(len(labels)))
    return labels


def _starts(runs: list[tuple[int, int]], window: int, stride: int) -> NDArray[np.int64]:
    """Return where windows begin that lie in the runs: one every ``stride`` rows, and one at the end of each run."""
    starts = [a + covering(b - a, window, stride) for a, b in runs if b - a >= window]
    return np.concatenate([np.zeros(0, np.int64), *starts])


def _spread(starts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(starts) <= most:
        return starts
    return starts[np.linspace(0, len(starts) - 1, most).round().astype(np.int64)]
