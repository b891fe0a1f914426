"""A detector whose network learns from generated anomalies how much of a window differs from normal."""

from __future__ import annotations

import itertools
import os
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import dilate
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs._internal.rules import Flag, OrNone, Rule, Text, Whole
from paranom_rs._internal.scaling import LIMIT, Scaler
from paranom_rs.deep.change_net import Material, Weights, context_of, layers_for
from paranom_rs.deep.training_events import KINDS, with_events
from paranom_rs.detect.covering import covering_mean
from paranom_rs.detect.scaled_windows import ScaledWindows, default_window
from paranom_rs.detect.window_features import (
    FEATURES,
    SIGNED,
    START,
    Components,
    WindowFeatures,
    from_log,
    is_joint,
    to_log,
)

#: Parts of the training rows: what each is compared with are the other ones.
PARTS = 4
#: Rows with generated anomalies that are learnt from, about; and series of them.
_ROWS, _FEWEST, _MOST = 8_000, 3, 16
#: Pieces in a step of training, and the largest learning rate.
_BATCH, _RATE = 16, 3e-3


class AnomalyNet(ScaledWindows):
    """A network that estimates how far the last rows are from what they would be without an anomaly.

    The Generator puts anomalies of many kinds, sizes and lengths into the training rows. So the rows without them are
    known, and with them how much each window was changed. A causal convolution network learns to estimate that. What it
    sees of a row are distances to the nearest normal windows, what the principal components of normal windows do not
    explain, steps from row to row and distances from a local mean. It begins as the mean of two of these distances, by
    their logarithms, and learns what to add; half of that counts. While it learns, the normal windows of a row come
    from the other quarters of the training rows.

    A row's causal score is the estimate for the window that ends there. Its other score is a mean over the windows that
    cover it: the fourth-power mean for up to four channels, else the plain one.

    Parameters
    ----------
    window
        Rows that are compared at once. None: 60, or a sixth of the training rows if they are few.
    steps
        Steps of training. 0: the network stays as it begins.
    twin
        Whether a third of the series that are learnt from come from a generator that `Generator.fit` learnt from the
        training rows.
    device
        Where the network is trained: "cpu", "cuda", "auto" or another name of torch. Scores are computed without torch.
    random_state
        What anomalies, weights and batches are drawn from.
    follow_levels
        Whether channels are counted from the median of the 120 rows before: all, none, or (None) those that wander in
        the training rows.
    trim
        The share of training rows that may be anomalous although no label says so: the rows with the highest scores are
        left out, and the rest is learnt again.
    alarm_share
        The share of normal rows that may be under alarm.

    Attributes
    ----------
    window_
        Rows that a causal score depends on: more than are compared at once. There are scores from the first complete
        compared window on.

    Notes
    -----
    `fit` needs torch (``pip install ".[deep]"``); a fitted detector does not. The same ``random_state`` gives
    the same network on a CPU with the same instructions.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import AnomalyNet
    >>> X = np.sin(np.arange(600.0) / 5)[:, None] + 0.05 * np.random.default_rng(0).normal(size=(600, 1))
    >>> detector = AnomalyNet(window=16, steps=5).fit(X)
    >>> detector.decision_function(X).shape
    (600,)
    """

    parameters: ClassVar[dict[str, Rule]] = {
        "window": OrNone(Whole(2, 2**20)),
        "steps": Whole(0, 2**30),
        "twin": Flag(),
        "device": Text(),
        "random_state": Whole(0, 2**63),
        **ScaledWindows.parameters,
    }

    #: Kinds of anomalies that are learnt from.
    _kinds: ClassVar[tuple[str, ...]] = KINDS

    steps: int
    twin: bool
    device: str
    random_state: int
    #: Rows that are compared at once.
    _length: int
    _weights: Weights
    _features: WindowFeatures
    #: Features of the last rows of the stream; None if they are not known yet.
    _known_features: NDArray[np.float32] | None

    def __init__(
        self,
        *,
        window: int | None = None,
        steps: int = 250,
        twin: bool = False,
        device: str = "cpu",
        random_state: int = 0,
        follow_levels: bool | None = None,
        trim: float = 0.0,
        alarm_share: float = 0.01,
    ) -> None:
        self._take(locals())

    def _least_rows(self) -> int:
        return 64 if self.window is None else max(4 * int(self.window), 64)

    # ---- fit

    def _learn(self, rows: Floats) -> None:
        require("torch", "deep", "AnomalyNet.fit")
        from paranom_rs.deep import devices
        from paranom_rs.deep.change_net import module, train, weights_of

        self._length = max(default_window(self._longest), 2) if self.window is None else int(self.window)
        layers = layers_for(self._length)
        self.window_ = context_of(layers) + self._length
        scaler = Scaler.fit(rows)
        self.mean_, self.scale_ = scaler.mean, scaler.scale
        self._learn_again(rows)
        rng = np.random.default_rng(int(self.random_state))
        material = self._material(scaler(rows), rng)
        with devices.session(1, int(rng.integers(2**31))):
            net = module(material.features.shape[1], layers, dict.fromkeys(START, 0.5))
            train(net, material, steps=int(self.steps), batch=_BATCH, rate=_RATE, device=self.device, rng=rng)
            self._weights = weights_of(net)

    def _learn_again(self, rows: Floats) -> None:
        # Units and network are those of all training rows: they are no part of what is compared.
        self._features = WindowFeatures(self._scaled(rows), self._length)

    def _material(self, rows: Floats, rng: np.random.Generator) -> Material:
        """Return series with generated anomalies, and how much of each window was changed."""
        count = len(rows)
        edges = np.linspace(0, count, PARTS + 1).round().astype(int).tolist()
        gap = np.full((1, rows.shape[1]), np.nan)
        others = [
            WindowFeatures(np.concatenate([rows[:start], gap, rows[stop:]]), self._length)
            for start, stop in itertools.pairwise(edges)
        ]
        apart = np.asarray(np.isnan(rows).all(axis=1))
        whole = np.where(dilate(apart, 0, self._length - 1), 0.0, 1.0)
        twin = self._twin(rows)
        features, targets, counts = [], [], []
        for number in range(int(np.clip(_ROWS // count, _FEWEST, _MOST))):
            from_twin = twin is not None and number % 3 == 2
            normal = np.asarray(twin.generate(count, start=number * count).X) if from_twin else rows
            values, change = with_events(normal, int(rng.integers(2**31)), self._kinds)
            if from_twin:
                seen = self._features(values)
            else:
                parts = []
                for compared, (start, stop) in zip(others, itertools.pairwise(edges), strict=True):
                    first = max(start - self._length, 0)
                    parts.append(compared(values[first:stop])[start - first :])
                seen = np.concatenate(parts)
            features.append(seen.T)
            targets.append(_change_of_windows(change, self._length))
            counts.append(np.ones(count) if from_twin else whole)
        return Material(*(np.stack(x).astype(np.float32) for x in (features, targets, counts)))

    def _twin(self, rows: Floats) -> Any:
        """Return a generator learnt from the rows; None without one."""
        if not self.twin:
            return None
        from paranom_rs.generate.generator import Generator

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what cannot be learnt
            return Generator.fit(rows, random_state=int(self.random_state)).generator

    # ---- scores

    def _estimates(self, rows: Floats) -> Floats:
        """Return the estimate for the window that ends at each row; the lowest score where none does."""
        found = from_log(self._weights.outputs(self._features(self._scaled(rows))))
        found[: self._length - 1] = self._floor
        return found

    def _causal(self, rows: Floats) -> Floats:
        return self._estimates(rows)

    def _batch(self, rows: Floats) -> Floats:
        if len(rows) < self._length:
            return np.full(len(rows), self._floor)
        power = 4 if is_joint(rows.shape[1]) else 1
        return covering_mean(self._estimates(rows)[self._length - 1 :], self._length, power)

    def _window_scores(self, rows: Floats) -> Floats:
        return self._estimates(rows)[self.window_ - 1 :]

    def _next_scores(self, rows: Floats) -> Floats:
        # The features of the rows before are those of then: they need not be found again.
        seen, context = self._following(rows), self.window_ - self._length
        if self._known_features is None:
            self._known_features = self._features(self._scaled(self._recent))[-context:]
        recent = np.concatenate([self._recent[max(len(self._recent) - self._length + 1, 0) :], seen])
        latest = self._features(self._scaled(recent))[len(recent) - len(seen) :]
        known = np.concatenate([self._known_features, latest])
        scores = from_log(self._weights.outputs(known)[len(known) - len(seen) :])
        scores[: max(self._length - 1 - self._seen, 0)] = self._floor
        self._remember(rows, seen)
        self._known_features = known[-context:]
        return scores

    def restart(self) -> None:
        """Forget the rows of the stream: the next `update` is the first row of a series."""
        super().restart()
        self._known_features = None

    def features(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return what the network sees of the rows of a series: the input of the ONNX graph.

        Parameters
        ----------
        X
            (n, d) or (n,).

        Returns
        -------
        features
            (n, k) float32.
        """
        rows = self._known("X", X)
        return self._features(self._scaled(self._prepared(rows)))

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the network as an ONNX file, and check it with onnxruntime.

        Input "features" (batch, k, rows) float32, what `features` returns, transposed; output "score" (batch, rows):
        the causal scores from the first complete window on. Needs ``pip install ".[deep,onnx]"``.

        Raises
        ------
        InternalError
            Where the two disagree; no file is left.
        """
        from paranom_rs.deep import onnx
        from paranom_rs.deep.change_net import scorer

        self._check_fitted()
        free = {"features": {0: "batch", 2: "rows"}, "score": {0: "batch", 1: "rows"}}
        count = len(self._weights.low)
        graph = onnx.graph(scorer(self._weights), (2, count, 16), free, onnx.metadata(self))
        tried = np.random.default_rng(0).gamma(1.0, 2.0, (3, count, 200)).astype(np.float32)
        wanted = np.stack([from_log(self._weights.outputs(x.T)) for x in tried])
        onnx.write(Path(path), graph, 1, tried, wanted)

    # ---- why, and files

    def _contributions(self, window: Floats) -> Floats:
        return self._features.by_channel(self._scaled(window[-self._length :]), self._length)[-1]

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        values, arrays = super()._state()
        known, components = self._features, self._features.components
        numbers = {f"net.{name}": x.astype(np.float64) for name, x in self._weights._asdict().items()}
        return {**values, "length": self._length}, {
            **arrays, **numbers, "reference": known.rows, "centre": components.centre,
            "directions": components.directions,
        }  # fmt: skip

    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        super()._restore(values, arrays)
        channels = self.n_features_in_
        self._length = checks.whole("length", values["length"], least=2, most=2**20)
        numbers = (arrays[f"net.{name}"].astype(np.float32) for name in Weights._fields)
        self._weights = Weights(*numbers).checked(len(FEATURES) + (len(SIGNED) if channels == 1 else 0))
        if self.window_ != context_of(len(self._weights.taps)) + self._length:
            raise ValueError("its window is not that of its network")
        reference = arrays["reference"]
        if reference.ndim != 2 or reference.shape[1] != channels or reference.dtype != np.float64:
            raise ValueError("its reference is not of its channels")
        if len(reference) <= self._length or not (np.abs(np.nan_to_num(reference)) <= LIMIT).all():
            raise ValueError("its reference is too short, or too large")
        components = Components(arrays["centre"], arrays["directions"]).checked(channels, self._length)
        self._features = WindowFeatures(reference, self._length, components)
        self._known_features = None


def _change_of_windows(change: Floats, window: int) -> Floats:
    """Return how much the window that ends at each row was changed, by `to_log`: in the units of `WindowFeatures`."""
    joint = is_joint(change.shape[1])
    sizes = np.square(change).mean(axis=1) if joint else np.abs(change).sum(axis=1)
    padded = np.concatenate([np.zeros(window - 1), sizes])
    means = np.lib.stride_tricks.sliding_window_view(padded, window).mean(axis=1)
    return to_log(np.sqrt(means) if joint else means)
