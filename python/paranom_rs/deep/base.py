"""What every deep detector has in common: parameters, training of one network or several, held-out rows, files."""

from __future__ import annotations

import math
import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks, missing
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.optional import require
from paranom_rs._internal.rules import Flag, OneOf, OrNone, Positive, Rule, Share, Text, Whole
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep import weights
from paranom_rs.deep.holdout import Holdout, holdouts, runs_of
from paranom_rs.deep.inject import Inject, shapes
from paranom_rs.deep.loaders import Loader, is_loader
from paranom_rs.deep.weights import Weights
from paranom_rs.detect.base import Detector, ThresholdRule
from paranom_rs.detect.recurrent import LARGEST
from paranom_rs.detect.scaled_windows import checked_scale
from paranom_rs.detect.training_rows import TrainingRows, is_several
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.evaluate.thresholds import FBeta
from paranom_rs.plotting import deep as plots

if TYPE_CHECKING:
    from paranom_rs.deep.steps import CoreTraining
    from paranom_rs.deep.training import Criterion

#: More threads can end the process: OpenMP asks for all their stacks at once.
MOST_THREADS = 1024
#: Epochs are as many as make so many steps, within these bounds.
STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 600, 10, 200


class Source(NamedTuple):
    """What else `fit` was given."""

    loader: Loader | None = None
    """Batches of windows that the networks learn; the rows are held out then."""
    held_from: int | None = None
    """The row at which the validation series begin."""
    checkpoint: Path | None = None
    windows: bool = False
    """Whether the data came as an array of windows."""

    @property
    def is_cut(self) -> bool:
        """Whether there are windows, which have a score each, and no series."""
        return self.windows or self.loader is not None


class DeepDetector(Detector):
    """A detector with networks of torch. Scores need no torch, but on a GPU.

    A share of the training rows is held out: the network does not learn it. It chooses the epoch, and its scores set
    the thresholds. Of several networks (``n_networks``) each holds other rows out, and the score is the mean of theirs.

    Attributes
    ----------
    mean_, scale_
        (d,) float64, of the training rows; the scale of a constant channel is 1.
    history_
        For each network, by name, a figure for each epoch: ``train``, ``validation``, ``criterion``, ``lr``,
        ``seconds``.
    best_epoch_
        For each network the epoch, from 0, whose weights were kept.
    interrupted_
        Whether Ctrl-C ended the training.
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "num_layers": Whole(1, 64),
        "hidden_size": Whole(1, 4096),
        "dropout": Share(from_0=True),
        "epochs": OrNone(Whole(1, 2**31)),
        "batch_size": OrNone(Whole(1, 2**31)),
        "lr": OrNone(Positive()),
        "schedule": OrNone(OneOf(("onecycle", "cosine", "constant"))),
        "patience": OrNone(Whole(1, 2**31)),
        "validation_share": Share(),
        "n_networks": Whole(1, 1000),
        "warm_start": Flag(),
        "device": Text(),
        "precision": OneOf(("auto", "float32", "bfloat16")),
        "threads": Whole(1, MOST_THREADS),
        "random_state": Whole(0, 2**63 - 1),
        "verbose": OrNone(Flag()),
        "follow_levels": OrNone(Flag()),
        **Detector.parameters,
    }
    _scores_own_rows = True

    num_layers: int
    hidden_size: int
    dropout: float
    epochs: int | None
    batch_size: int | None
    lr: float | None
    schedule: str | None
    patience: int | None
    validation_share: float
    n_networks: int
    warm_start: bool
    device: str
    precision: str
    threads: int
    random_state: int
    verbose: bool | None
    mean_: Floats
    scale_: Floats
    history_: list[dict[str, list[float]]]
    best_epoch_: list[int]
    interrupted_: bool
    _networks: list[Weights]
    #: While `fit` runs.
    _source: Source
    _begun: list[Weights] | None

    # ---- what a class fills in

    @abstractmethod
    def _net(self) -> Any:
        """Return a new torch network for ``n_features_in_`` channels."""

    @abstractmethod
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a network's weights, by torch's names."""

    @abstractmethod
    def _train(self, rows: Floats, parts: list[Holdout]) -> None:
        """Train a network for each of the parts of the rows, with `_trained`, and learn what scores need."""

    @abstractmethod
    def _piece(self) -> int:
        """Return how many rows are learnt or held out together, at least."""

    @abstractmethod
    def _event_rows(self) -> tuple[int, int]:
        """Return the shortest and longest anomaly that this detector is made for, in rows."""

    @abstractmethod
    def _core_training(self, net: Any) -> CoreTraining:
        """Return how the core trains a network."""

    # ---- fit

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        validation: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Learn normal rows, and the thresholds from the scores of rows that were held out.

        Parameters
        ----------
        X
            (n, d) or (n,), rows in the order of time: an array or a table; or a list of them. Or a
            `paranom_rs.connect.torch.GeneratedDataset`, or a DataLoader of one: batches of windows, of which no more
            than one is held at a time. Its first epoch is held out, the networks learn the later ones.
        y
            (n,) labels 0/1; a list of them for a list. Anomalous rows are left out. Without labels all rows are normal.
        validation
            Normal rows to hold out, in any form that ``X`` can have. By default a ``validation_share`` of ``X``.
        checkpoint
            A file: the run is saved there after each epoch, and resumed from there if the file exists. Further
            networks have files of their own beside it, with their numbers at the end.

        Returns
        -------
        self

        Raises
        ------
        SpecError, SpecTypeError
            For data that there is nothing to learn from.
        StateError
            For a checkpoint of another run.
        KeyboardInterrupt
            On Ctrl-C before the first epoch has ended. Later, training ends with the best weights so far
            (``interrupted_``) and a RuntimeWarning.
        """
        require("torch", "deep", f"{type(self).__name__}.fit")
        given, source = self._read(X, y, validation)
        self._check_given(given)
        learned = self._successor()
        learned._begin_from(self, given.rows.shape[1])
        learned._source = source._replace(checkpoint=None if checkpoint is None else checks.file_path(checkpoint))
        learned._fit(given)
        del learned._source, learned._begun
        self._become(learned)
        return self

    def _read(self, X: Any, y: Any, validation: Any) -> tuple[TrainingRows, Source]:
        """Return the rows that `fit` is given, with those to validate on behind them."""
        if is_loader(X):
            for name, other in (("y", y), ("validation", validation)):
                if other is not None:
                    raise SpecError(name, "must not be given beside a loader, which has labels and is without end")
            loader = Loader(X)
            windows = loader.held_out()
            return TrainingRows.read(list(windows), None), Source(loader, 0)
        if validation is None:
            return TrainingRows.read(X, y), Source()
        learnt, held = ([*x] if is_several(x) else [x] for x in (X, validation))
        labels = None
        if y is not None:
            labels = [*(y if is_several(X) else [y]), *(np.zeros(len(x)) for x in held)]
        given = TrainingRows.read(self._alike(learnt + held), labels)
        return given, Source(held_from=given.spans[len(learnt)][0])

    @staticmethod
    def _alike(series: list[Any]) -> list[Any]:
        """Return series of which those that are columns of numbers are arrays (n, 1)."""
        return [x if is_several([x]) else checks.series("X", x) for x in series]

    def _fit(self, given: TrainingRows) -> None:
        super()._fit(given)
        first = self._source.held_from
        if first is not None and self._source.loader is None:
            # Rows to validate on are no training rows.
            own = sum(b - a for a, b in given.spans if a < first)
            self.decision_scores_ = self.decision_scores_[:own]
            self._label()

    def _followed(self, rows: Floats) -> Flags:
        if self._source.is_cut:
            # There are no rows before a window that a level could come from.
            return np.zeros(rows.shape[1], dtype=bool)
        return super()._followed(rows)

    def _begin_from(self, before: Self, channels: int) -> None:
        """Take the weights and the scale of an earlier `fit`, where that is asked for and there is one."""
        self._begun = None
        if not self.warm_start or not hasattr(before, "threshold_"):
            return
        if channels != before.n_features_in_:
            rule = f"must have the {before.n_features_in_} channels of the fit before, with warm_start"
            raise SpecError("X", rule, str(channels))
        self.n_features_in_ = channels
        self.window_, self.mean_, self.scale_ = before.window_, before.mean_, before.scale_
        if not self._are_of_parameters(before._networks):
            raise SpecError("warm_start", "must not be set where networks of other sizes were learnt before", "True")
        self._begun = before._networks

    def _are_of_parameters(self, networks: list[Weights]) -> bool:
        """Whether networks have the number and the sizes that the parameters say."""
        shapes = {name: array.shape for name, array in networks[0].items()}
        return shapes == self._shapes() and len(networks) == self.n_networks

    @property
    def _scaler(self) -> Scaler:
        return Scaler(self.mean_, self.scale_)

    def _scaled(self, rows: Floats) -> Floats:
        """Return rows or windows (..., d) in units of the normal spread."""
        return self._scaler(rows)

    def _learn(self, rows: Floats) -> None:
        if self._begun is None:
            scaler = Scaler.fit(rows) if self._source.loader is None else self._source.loader.scaler
            self.mean_, self.scale_ = scaler.mean, scaler.scale
        self._networks, self.history_, self.best_epoch_, self.interrupted_ = [], [], [], False
        self._train(rows, self._holdouts())

    def _holdouts(self) -> list[Holdout]:
        """Return what each network learns, and what is held out of it."""
        inside, networks, first = ~self._outside, int(self.n_networks), self._source.held_from
        if first is None:
            return holdouts(inside, self._piece(), networks, self.validation_share)
        at = np.arange(len(inside))
        learnt, held = (runs_of(inside & mask) for mask in (at < first, at >= first))
        return [Holdout(learnt, held)] * networks

    def _trained(self, batches: Any, loss: Callable[..., Any], criterion: Criterion) -> Any:
        """Train the next network; return it, on the CPU."""
        from paranom_rs.deep import devices, training
        from paranom_rs.deep.nets import initialise

        number = len(self._networks)
        seed = (int(self.random_state) + number) % 2**63
        settings = self._settings(batches.count, seed)
        path = self._source.checkpoint
        if path is not None and number:
            path = path.with_name(f"{path.name}.{number}")
        with devices.session(self.threads, seed):
            net = self._net()
            if self._begun is not None:
                net.load_state_dict(_tensors(self._begun[number]))
            elif self._orthogonal():
                initialise(net)
            core = self._core_training(net) if self._is_for_core() else None
            run = training.train(net, loss, batches, settings, criterion, core=core, checkpoint=path)
        net.to("cpu")
        self._networks.append(weights.of_network(net))
        self.history_.append(run.history)
        self.best_epoch_.append(run.best_epoch)
        self.interrupted_ = self.interrupted_ or run.interrupted
        return net

    def _is_for_core(self) -> bool:
        """Whether the core trains such networks: not with dropout, in bfloat16, or where torch is faster."""
        drops = self.dropout > 0 and self.num_layers > 1
        return not drops and self.precision != "bfloat16" and self.hidden_size <= LARGEST

    def _torch(self, weights: Weights) -> Any:
        """Return a network of torch with these weights."""
        net = self._net()
        net.load_state_dict(_tensors(weights))
        return net.eval()

    def _orthogonal(self) -> bool:
        return True

    def _recipe(self) -> dict[str, Any]:
        """Return how to train where the parameters do not say it: batch_size, lr, schedule, clip."""
        return {"batch_size": 64, "lr": 4e-3, "schedule": "onecycle", "clip": 5.0, "epochs": None}

    def _chosen(self, name: str) -> Any:
        """Return a parameter, or what the recipe says."""
        given = getattr(self, name)
        return self._recipe()[name] if given is None else given

    def _settings(self, batches: int, seed: int) -> Any:
        from paranom_rs.deep.training import Settings

        epochs = self._chosen("epochs")
        if epochs is None:
            epochs = int(np.clip(math.ceil(STEPS / max(batches, 1)), FEWEST_EPOCHS, MOST_EPOCHS))
        return Settings(
            epochs=epochs,
            lr=self._chosen("lr"),
            schedule=self._chosen("schedule"),
            clip=self._recipe()["clip"],
            patience=self.patience,
            device=self.device,
            precision=self.precision,
            seed=seed,
            verbose=self.verbose,
        )

    # ---- thresholds

    def calibrate_generated(
        self,
        X: ArrayLike,
        *,
        frequency: float = 0.02,
        duration: tuple[int, int] | None = None,
        seed: int = 0,
        inject: Inject | None = None,
        threshold: ThresholdRule | None = None,
    ) -> Self:
        """Set the thresholds with anomalies generated into normal data; no real ones are needed.

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
        values = self._known("X", X)
        values = np.where(np.isnan(values).all(axis=0), self.mean_, values)
        values = missing.fill_missing(values[None], "linear")[0]
        if inject is None:
            changed, y = shapes(values, seed, frequency=frequency, duration=duration or self._event_rows())
        else:
            made = inject(values, seed)
            if not isinstance(made, tuple) or len(made) != 2:
                raise SpecTypeError("inject", "must return a pair (values, labels)", type(made).__name__)
            changed, y = made
        return self.calibrate(changed, y, threshold=FBeta(0.1) if threshold is None else threshold)

    # ---- files

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if not self._are_of_parameters(self._networks):
            rule = "must be saved with the parameters of its networks"
            raise SpecError(type(self).__name__, rule, "others since `fit`: fit again")
        values = {"history_": self.history_, "best_epoch_": self.best_epoch_, "interrupted_": self.interrupted_}
        return values, {"mean_": self.mean_, "scale_": self.scale_, "weights": weights.pack(self._networks)}

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        self.mean_, self.scale_ = checked_scale(arrays, self.n_features_in_)
        self._networks = weights.unpack(arrays["weights"], self._shapes(), int(self.n_networks))
        self.history_ = [
            {str(name): [checks.real(name, x) for x in figures] for name, figures in history.items()}
            for history in values["history_"]
        ]
        self.best_epoch_ = [checks.whole("best_epoch_", x) for x in values["best_epoch_"]]
        self.interrupted_ = checks.flag("interrupted_", values["interrupted_"])
        if not len(self.history_) == len(self.best_epoch_) == self.n_networks:
            raise ValueError("its histories are not those of its networks")

    # ---- pictures

    def plot_history(self, network: int = 0) -> Any:
        """Plot a network's loss per epoch on training and held-out data, with the epoch that was kept; a figure."""
        self._check_fitted()
        at = checks.whole("network", network, most=len(self.history_) - 1)
        return plots.history(self.history_[at], self.best_epoch_[at])

    def plot_errors(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Plot a histogram of the scores of ``X``, by label where ``y`` is given, with the threshold; a figure."""
        return plots.errors(np.asarray(self.decision_function(X)), y, self.threshold_)


def _tensors(arrays: Weights) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(array) for name, array in arrays.items()}
