"""What every deep detector has in common: senses, checks, thresholds, saving. NumPy and scikit-learn only."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.deep import state
from paranom_rs.deep.inject import Inject, shapes
from paranom_rs.deep.windows import fill_missing
from paranom_rs.errors import SpecError, SpecTypeError, StateError
from paranom_rs.evaluate import thresholds
from paranom_rs.evaluate.thresholds import Threshold
from paranom_rs.plotting import deep as plots


def need_torch() -> None:
    """Raise ImportError with the pip line where torch is absent."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise ImportError('torch is needed: pip install "paranom_rs[deep]"') from error


MOST_THREADS = 1024
"""More can end the process: OpenMP asks for all their stacks at once, and for no leave."""

LIMIT = 1e9
"""Scaled values end here: their squares can be summed in float32, and nothing is more anomalous."""


class Scaler:
    """Mean and standard deviation of normal data, per channel; a constant channel is only centred."""

    def __init__(self, mean: Floats, scale: Floats) -> None:
        self.mean = mean
        self.scale = scale

    @classmethod
    def fit(cls, rows: Floats) -> Scaler:
        """From rows (n, d), NaN left out; SpecError for a channel without any value, or too large to be squared."""
        empty = np.isnan(rows).all(axis=0)
        if empty.any():
            raise SpecError("X", f"channel {int(np.argmax(empty))} holds no value at all in the normal data")
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        large = ~np.isfinite(mean + scale)
        if large.any():
            raise SpecError("X", f"channel {int(np.argmax(large))} has values too large for a standard deviation")
        # A constant channel can show a spread of rounding errors.
        return cls(mean, np.where(scale > 1e-12 * np.maximum(np.abs(mean), 1e-300), scale, 1.0))

    def __call__(self, values: Floats) -> Floats:
        """Values (..., d) in units of the normal spread, at most `LIMIT`; NaN stays."""
        with np.errstate(over="ignore"):
            return np.clip((values - self.mean) / self.scale, -LIMIT, LIMIT)


class Learned:
    """What `fit` finds out. Set only once all of it is there."""

    threshold_: float
    decision_scores_: Floats
    """Scores of the data that `fit` was given."""
    labels_: NDArray[np.int8]
    """1 where ``decision_scores_ > threshold_``."""
    n_features_in_: int
    history_: dict[str, list[float]]
    """Per epoch: train, validation, criterion, lr, seconds."""
    best_epoch_: int
    interrupted_: bool
    baselines_: dict[str, dict[str, float]] | None
    """ROC AUC and average precision of the detector and of trivial ones, by name, if `fit` was asked for them."""
    scaler_: Scaler
    net_: Any
    gauss_: Any


# The fields are the parameters of `__init__`, from which scikit-learn reads them.
@dataclass(kw_only=True, eq=False, repr=False)
class Detector(Learned, BaseEstimator):
    """PyOD's senses: higher scores are more anomalous, `predict` gives 0 or 1, ``threshold_`` parts them.

    scikit-learn's manners: parameters are kept as given, checked in `fit`; ``get_params``, ``set_params`` and
    ``clone`` work; what `fit` learns ends in an underscore.
    """

    num_layers: int = 1
    hidden_size: int = 20
    dropout: float = 0.0
    quantile: float = 0.9
    threshold: Any = None
    nan: str = "median"
    epochs: int = 10
    batch_size: int = 64
    lr: float = 4e-3
    schedule: str = "onecycle"
    clip: float | None = 5.0
    patience: int | None = None
    validation_share: float = 0.1
    device: str = "auto"
    precision: str = "auto"
    threads: int = 1
    rng: int = 0
    verbose: bool | None = None

    _state_keys: ClassVar[tuple[str, ...]] = (
        "threshold_",
        "n_features_in_",
        "history_",
        "best_epoch_",
        "interrupted_",
        "baselines_",
    )

    @abstractmethod
    def fit(
        self, X: Any, y: Any = None, *, validation: Any = None, checkpoint: Any = None, baselines: bool = False
    ) -> Self:
        """Learn normal data."""

    @abstractmethod
    def decision_function(self, X: ArrayLike) -> Floats:
        """Anomaly scores, higher is more anomalous."""

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def _restore(self, arrays: dict[str, NDArray[Any]]) -> None: ...

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` or `load` has succeeded."""
        return hasattr(self, "threshold_")

    def predict(self, X: ArrayLike) -> NDArray[np.int8]:
        """1 where the score is above ``threshold_``, else 0; in the shape of `decision_function`."""
        return (self.decision_function(X) > self.threshold_).astype(np.int8)

    def score_samples(self, X: ArrayLike) -> Floats:
        """scikit-learn's sense: higher is more normal, ``-decision_function(X)``."""
        return -self.decision_function(X)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int8]:
        """`fit`, then ``labels_``: 0 or 1 for what was given."""
        return self.fit(X, y).labels_

    def calibrate(self, X: ArrayLike, y: ArrayLike | None = None, *, threshold: Threshold | None = None) -> Self:
        """Set ``threshold_`` anew from the scores of `X` (and labels `y`, in the shape of the scores).

        With labels and no `threshold` it is the one with the largest F0.1, without labels the `quantile`.
        Normal rows whose scores have seen an anomalous row, because a window or an error vector reaches
        there, are left out: they are neither.
        """
        check_is_fitted(self)
        _check_rule(threshold)
        rule = threshold or self._rule(labelled=y is not None)
        scores = self.decision_function(X)
        if y is not None:
            flags = checks.labels("y", y)
            if len(flags) != len(scores):
                raise SpecError("y", f"{len(flags)} rows, but there are {len(scores)} scores")
            if np.ndim(X) < 3:
                before, after = self._reach()
                clear = flags | ~spread(flags, before, after)
                scores, y = scores[clear], flags[clear]
        self.threshold_ = rule.fit(scores, y).threshold_
        self._judge_again()
        return self

    def calibrate_generated(
        self,
        X: ArrayLike,
        *,
        frequency: float = 0.02,
        duration: tuple[int, int] | None = None,
        rng: int = 0,
        inject: Inject | None = None,
        threshold: Threshold | None = None,
    ) -> Self:
        """Set ``threshold_`` with anomalies generated into the normal series `X` (n, d).

        No real ones are needed. Changes of shape (stuck, shifted, scaled, bumped, drifting, noisy), made by
        :class:`paranom_rs.Generator`, cover a share `frequency` of the rows, `duration` (shortest, longest)
        rows each; the default fits the detector. ``inject(X, rng)`` -> (values, labels) puts others there.
        The threshold has the largest F0.1 on them, unless `threshold` names another rule.
        """
        check_is_fitted(self)
        values = fill_missing(checks.series("X", X, self.n_features_in_)[None], "linear")[0]
        if inject is None:
            changed, y = shapes(values, rng, frequency=frequency, duration=duration or self._event_rows())
        else:
            made = inject(values, rng)
            if not isinstance(made, tuple) or len(made) != 2:
                raise SpecTypeError("inject", f"gave {type(made).__name__}; a pair (values, labels) is wanted")
            changed, y = made
        return self.calibrate(changed, y, threshold=threshold)

    @abstractmethod
    def _reach(self) -> tuple[int, int]:
        """How many rows before and behind an event have scores that the event enters."""

    @abstractmethod
    def _event_rows(self) -> tuple[int, int]:
        """Shortest and longest anomaly that this detector is made for, in rows."""

    def _set(self, fitted: dict[str, Any]) -> None:
        for name, value in fitted.items():
            setattr(self, name, value)

    def _judge_again(self) -> None:
        if hasattr(self, "decision_scores_"):
            self.labels_ = (self.decision_scores_ > self.threshold_).astype(np.int8)

    def _rule(self, *, labelled: bool) -> Threshold:
        given = self.get_params()["threshold"]
        if given is not None:
            # A fresh one: a fitted detector must not share state with its own parameter.
            return type(given)(**given.get_params())
        return thresholds.FBeta(0.1) if labelled else thresholds.Quantile(self.get_params()["quantile"])

    def _check_common(self) -> None:
        """SpecError or SpecTypeError for a parameter that every detector has and that breaks its rule."""
        p = self.get_params()
        for name in ("num_layers", "hidden_size", "epochs", "batch_size", "threads"):
            checks.whole(name, p[name], least=1)
        checks.positive("lr", p["lr"])
        if p["clip"] is not None:
            checks.positive("clip", p["clip"])
        if p["patience"] is not None:
            checks.whole("patience", p["patience"], least=1)
        checks.share("quantile", p["quantile"])
        checks.share("validation_share", p["validation_share"])
        checks.one_of("schedule", p["schedule"], ("onecycle", "cosine", "constant"))
        checks.one_of("precision", p["precision"], ("auto", "float32", "bfloat16"))
        if p["threads"] > MOST_THREADS:
            raise SpecError("threads", f"{p['threads']}; at most {MOST_THREADS} are possible")
        if isinstance(p["dropout"], bool) or not isinstance(p["dropout"], (int, float, np.integer, np.floating)):
            raise SpecTypeError("dropout", f"{p['dropout']!r}; a share from 0 to below 1 is wanted")
        if not 0 <= p["dropout"] < 1:
            raise SpecError("dropout", f"{p['dropout']}; a share from 0 to below 1 is wanted")
        if not isinstance(p["rng"], (int, np.integer)) or isinstance(p["rng"], bool) or p["rng"] < 0:
            raise SpecTypeError("rng", f"{p['rng']!r}; a whole number, 0 or more, is wanted")
        if p["rng"] >= 2**63:
            raise SpecError("rng", f"{p['rng']}; a seed is below 2**63")
        _check_rule(p["threshold"])

    def _settings(self) -> Any:
        from paranom_rs.deep.training import Settings

        kept = ("epochs", "batch_size", "lr", "schedule", "clip", "patience", "device", "precision")
        p = self.get_params()
        return Settings(seed=int(p["rng"]), threads=p["threads"], verbose=p["verbose"], **{k: p[k] for k in kept})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights, scaler, threshold and parameters into one safetensors file; whole or not at all."""
        check_is_fitted(self)
        params = self.get_params(deep=False)
        if params["threshold"] is not None:
            rule = params["threshold"]
            params["threshold"] = {"rule": type(rule).__name__, "arguments": rule.get_params()}
        meta = {"params": params, "fitted": {k: getattr(self, k) for k in self._state_keys}}
        arrays = {"scaler.mean": self.scaler_.mean, "scaler.scale": self.scaler_.scale, **self._arrays()}
        state.write(path, type(self).__name__, meta, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The detector that was saved: same scores. Runs no code from the file.

        Raises StateError for a file that is cut off, changed, foreign, or whose arrays do not fit its
        parameters.
        """
        need_torch()
        meta, arrays = state.read(path, cls.__name__)
        try:
            params, fitted = meta["params"], meta["fitted"]
            if params["threshold"] is not None:
                rule = params["threshold"]["rule"]
                if rule not in thresholds.__all__ or rule == "Threshold":
                    raise ValueError(f"threshold: {rule!r} is no rule")
                params["threshold"] = getattr(thresholds, rule)(**params["threshold"]["arguments"])
            det = cls(**params)
            det._check_params()
            det.n_features_in_ = int(fitted["n_features_in_"])
            det.scaler_ = Scaler(arrays.pop("scaler.mean"), arrays.pop("scaler.scale"))
            if det.scaler_.mean.shape != (det.n_features_in_,) or det.scaler_.scale.shape != (det.n_features_in_,):
                raise ValueError("the scaler does not fit the number of features")
            det._restore(arrays)
            for key in det._state_keys:
                setattr(det, key, fitted[key])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StateError(f"{Path(path)}: does not hold a {cls.__name__}: {error}") from error
        return det

    @abstractmethod
    def _check_params(self) -> None: ...

    def plot_history(self) -> Any:
        """Loss per epoch on training and validation data, with the epoch that was kept; a figure."""
        check_is_fitted(self)
        return plots.history(self.history_, self.best_epoch_)

    def plot_errors(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Histogram of the scores of `X`, by label where `y` is given, with the threshold; a figure."""
        check_is_fitted(self)
        return plots.errors(self.decision_function(X), y, self.threshold_)


def _check_rule(rule: object) -> None:
    if rule is not None and not isinstance(rule, Threshold):
        raise SpecTypeError("threshold", f"{rule!r}; an object of paranom_rs.thresholds is wanted")


def spread(flags: Flags, before: int, after: int) -> Flags:
    """The flags, and so many rows before and behind each flagged one."""
    counts = np.concatenate([[0], np.cumsum(flags)])
    row = np.arange(len(flags))
    return np.asarray(counts[np.minimum(row + before + 1, len(flags))] > counts[np.maximum(row - after, 0)])


def load_weights(net: Any, arrays: dict[str, NDArray[Any]], prefix: str = "net.") -> None:
    """Put saved arrays into a network built on the meta device; ValueError where they do not fit."""
    import torch

    weights = {k.removeprefix(prefix): torch.tensor(v) for k, v in arrays.items() if k.startswith(prefix)}
    wanted = net.state_dict()
    if set(weights) != set(wanted):
        raise ValueError(f"weights {sorted(set(weights) ^ set(wanted))[:3]} are missing or too many")
    for name, value in weights.items():
        if value.shape != wanted[name].shape or value.dtype != wanted[name].dtype:
            raise ValueError(f"{name} has shape {tuple(value.shape)}, not {tuple(wanted[name].shape)}")
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} holds a value that is no number")
    net.load_state_dict(weights, assign=True)
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    net.eval()
