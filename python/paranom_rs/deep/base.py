"""What every deep detector has in common: how it is fitted, its scores and verdicts, thresholds, saving."""

from __future__ import annotations

import copy
import os
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import dilate
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.missing import fill_missing
from paranom_rs._internal.optional import require
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep import state
from paranom_rs.deep.gaussian import Gaussian
from paranom_rs.deep.inject import Inject, shapes
from paranom_rs.deep.parameters import Parameters, check_rule
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.evaluate.thresholds import Threshold
from paranom_rs.plotting import deep as plots


class Material(Protocol):
    """What a detector learns from, split and scaled."""

    features: int
    scaler: Scaler
    train: Any
    """A tensor of examples, the first axis first."""


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
    gauss_: Gaussian | None


@dataclass(kw_only=True, eq=False, repr=False)
class Detector(Learned, Parameters):
    """A deep detector. As in PyOD, higher scores are more anomalous, and scores above ``threshold_`` are anomalies.

    What `fit` learns ends in an underscore.
    """

    _state_keys: ClassVar[tuple[str, ...]] = (
        "threshold_",
        "n_features_in_",
        "history_",
        "best_epoch_",
        "interrupted_",
        "baselines_",
    )

    # ---- fit: one recipe; the classes fill in its steps

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        validation: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        baselines: bool = False,
    ) -> Self:
        """Learn normal data; the class says what it takes.

        Parameters
        ----------
        X, y
            The data, and its 0/1 labels; without labels all of it counts as normal.
        validation
            Held-out data: an ``X``, or a pair ``(X, y)``. By default a ``validation_share`` of the normal data.
        checkpoint
            A file: the run is saved there after each epoch, and resumed from there if the file exists.
        baselines
            Whether to print the figures of `Baselines` beside the detector's, and keep them in ``baselines_``.

        Returns
        -------
        self

        Raises
        ------
        SpecError, SpecTypeError
            For a parameter that breaks its rule, and data that there is nothing to learn from.
        StateError
            For a checkpoint of another run.
        KeyboardInterrupt
            On Ctrl-C before the first epoch has ended. Later, training ends with the best weights so far
            (``interrupted_``) and a RuntimeWarning.
        """
        self._check_params()
        pair = validation if isinstance(validation, tuple) else (validation, None)
        if len(pair) != 2:
            raise SpecError("validation", "must be an X, or a pair (X, y)", f"{len(pair)} parts")
        require("torch", "deep", f"{type(self).__name__}.fit")
        from paranom_rs.deep import devices, training
        from paranom_rs.deep.nets import initialise

        material = self._material(X, y, None if validation is None else pair)
        # A copy learns: a failure leaves this detector as it was.
        learned = copy.copy(self)
        with devices.session(self.threads, int(self.random_state)):
            net = self._network(material.features)
            initialise(net)
            run = training.train(
                net,
                self._loss,
                material.train,
                self._settings(),
                self._criterion(material),
                checkpoint=None if checkpoint is None else Path(checkpoint),
            )
            net.to("cpu")
            learned.net_, learned.gauss_ = net, learned._gaussian(net, material)
            learned.scaler_, learned.n_features_in_ = material.scaler, material.features
            learned.history_, learned.best_epoch_, learned.interrupted_ = run.history, run.best_epoch, run.interrupted
            learned.threshold_, learned.baselines_ = np.nan, None
            learned._fit_threshold(material)
            if baselines:
                learned.baselines_ = learned._compare(material)
        learned.labels_ = (learned.decision_scores_ > learned.threshold_).astype(np.int8)
        self.__dict__.update(learned.__dict__)
        return self

    @abstractmethod
    def _material(self, X: Any, y: Any, validation: tuple[Any, Any] | None) -> Any:
        """Return the `Material`: the data, checked, split and scaled."""

    @abstractmethod
    def _network(self, features: int) -> Any:
        """Return a new network."""

    @abstractmethod
    def _loss(self, net: Any, batch: Any, gone: float) -> Any:
        """Return the loss of a batch, after a share ``gone`` of the epochs."""

    @abstractmethod
    def _criterion(self, material: Any) -> Any:
        """Return a function from a network to (validation loss, figure that the best epoch minimises)."""

    @abstractmethod
    def _gaussian(self, net: Any, material: Any) -> Gaussian | None:
        """Return the distribution of normal vectors, where the score is a distance from it."""

    @abstractmethod
    def _fit_threshold(self, material: Any) -> None:
        """Set ``decision_scores_`` and ``threshold_``."""

    @abstractmethod
    def _compare(self, material: Any) -> dict[str, dict[str, float]]:
        """Return the figures of this detector and of trivial ones."""

    # ---- scores and verdicts

    @abstractmethod
    def decision_function(self, X: ArrayLike) -> Floats:
        """Return anomaly scores; higher is more anomalous."""

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `fit` or `load` has succeeded."""
        return hasattr(self, "threshold_")

    def predict(self, X: ArrayLike) -> NDArray[np.int8]:
        """Return 1 where the score is above ``threshold_``, else 0; in the shape of `decision_function`."""
        return (self.decision_function(X) > self.threshold_).astype(np.int8)

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return ``-decision_function(X)``: as in scikit-learn, higher is more normal."""
        return -self.decision_function(X)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int8]:
        """Call `fit`, and return ``labels_``: 0 or 1 for what was given."""
        return self.fit(X, y).labels_

    # ---- thresholds

    def calibrate(self, X: ArrayLike, y: ArrayLike | None = None, *, threshold: Threshold | None = None) -> Self:
        """Set ``threshold_`` anew.

        Normal rows whose scores depend on an anomalous row, because a window or an error vector reaches there, are
        left out.

        Parameters
        ----------
        X
            Data, as for `decision_function`.
        y
            Its labels, in the shape of the scores.
        threshold
            The rule. By default the largest F0.1 with labels, the ``quantile`` without.

        Returns
        -------
        self

        Raises
        ------
        SpecError, SpecTypeError
            For labels of another length, labels of one class where the rule needs both, and what is no rule.
        """
        check_is_fitted(self)
        check_rule(threshold)
        rule = threshold or self._rule(labelled=y is not None)
        scores = self.decision_function(X)
        if y is not None:
            flags = checks.labels("y", y)
            if len(flags) != len(scores):
                raise SpecError("y", f"must have one label for each of the {len(scores)} scores", str(len(flags)))
            if np.ndim(X) < 3:
                before, after = self._reach()
                clear = flags | ~dilate(flags, before, after)
                scores, y = scores[clear], flags[clear]
        self.threshold_ = rule.fit(scores, y).threshold_
        if hasattr(self, "decision_scores_"):
            self.labels_ = (self.decision_scores_ > self.threshold_).astype(np.int8)
        return self

    def calibrate_generated(
        self,
        X: ArrayLike,
        *,
        frequency: float = 0.02,
        duration: tuple[int, int] | None = None,
        seed: int = 0,
        inject: Inject | None = None,
        threshold: Threshold | None = None,
    ) -> Self:
        """Set ``threshold_`` with anomalies generated into normal data; no real ones are needed.

        Parameters
        ----------
        X
            A normal series, shape (n,) or (n, d).
        frequency
            The share of rows that anomalies cover. They are changes of shape (stuck, shifted, scaled, bumped,
            drifting, noisy), made by `paranom_rs.Generator`.
        duration
            The shortest and the longest anomaly, in rows; by default what the detector is made for.
        seed
            What the anomalies are drawn from.
        inject
            A function ``inject(X, seed) -> (values, labels)`` that puts other anomalies there.
        threshold
            The rule; by default the largest F0.1.

        Returns
        -------
        self

        Raises
        ------
        SpecError, SpecTypeError
            As `calibrate`, and for an ``inject`` that returns something else.
        """
        check_is_fitted(self)
        values = fill_missing(checks.series("X", X, self.n_features_in_)[None], "linear")[0]
        if inject is None:
            changed, y = shapes(values, seed, frequency=frequency, duration=duration or self._event_rows())
        else:
            made = inject(values, seed)
            if not isinstance(made, tuple) or len(made) != 2:
                raise SpecTypeError("inject", "must return a pair (values, labels)", type(made).__name__)
            changed, y = made
        return self.calibrate(changed, y, threshold=threshold)

    @abstractmethod
    def _reach(self) -> tuple[int, int]:
        """Return how many rows before and behind an event have scores that the event enters."""

    @abstractmethod
    def _event_rows(self) -> tuple[int, int]:
        """Return the shortest and longest anomaly that this detector is made for, in rows."""

    # ---- files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights, scaler, threshold and parameters into one safetensors file; whole or not at all."""
        check_is_fitted(self)
        state.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the detector that was saved: same scores. Runs no code from the file.

        Raises
        ------
        StateError
            For a file that is cut off, changed, foreign, or whose arrays do not fit its parameters.
        """
        require("torch", "deep", f"{cls.__name__}.load")
        return state.load(cls, path)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `load` needs beside parameters and ``_state_keys``."""
        arrays = {"scaler.mean": self.scaler_.mean, "scaler.scale": self.scaler_.scale}
        arrays["decision_scores"] = self.decision_scores_
        arrays |= {f"net.{k}": v.detach().cpu().numpy() for k, v in self.net_.state_dict().items()}
        if self.gauss_ is not None:
            arrays |= {"gauss.mean": self.gauss_.mean, "gauss.whiten": self.gauss_.whiten}
        return arrays

    @abstractmethod
    def _gaussian_size(self) -> int:
        """Return the length of the vectors that ``gauss_`` is over; 0 where there is none."""

    # ---- pictures

    def plot_history(self) -> Any:
        """Plot the loss per epoch on training and validation data, with the epoch that was kept; a figure."""
        check_is_fitted(self)
        return plots.history(self.history_, self.best_epoch_)

    def plot_errors(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Plot a histogram of the scores of ``X``, by label where ``y`` is given, with the threshold; a figure."""
        check_is_fitted(self)
        return plots.errors(self.decision_function(X), y, self.threshold_)
