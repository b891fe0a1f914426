"""What an autoencoder learns from: normal, held-out and anomalous windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs._internal.missing import fill_missing
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep.windowing import windows
from paranom_rs.errors import SpecError


@dataclass
class WindowMaterial:
    """Windows (k, window, d), and tensors of them: scaled, and filled where values were missing."""

    X: Any
    """What `fit` was given."""
    labels: Any
    """0/1 in the shape of the scores of ``X``, or None."""
    validation: tuple[Any, Any] | None
    normal: Floats
    held_out: Floats
    anomalous: Floats
    features: int
    scaler: Scaler
    train: Any
    valid: Any


@dataclass(frozen=True)
class Cutter:
    """How data become windows."""

    window: int
    stride: int
    nan_policy: str

    def material(
        self, X: Any, y: Any, validation: tuple[Any, Any] | None, *, share: float, seed: int
    ) -> WindowMaterial:
        """Cut, split and scale the data; without ``validation`` a ``share`` of the normal windows is held out."""
        data, count, features = self.cut("X", X, y)
        normal, anomalous = self._parts("X", data, count)
        if validation is None:
            if len(normal) < 2:
                raise SpecError("X", "must give two normal windows, one of them to validate on", str(len(normal)))
            order = np.random.default_rng([seed, 1]).permutation(len(normal))
            held = max(1, round(share * len(normal)))
            normal, held_out = normal[np.sort(order[held:])], normal[np.sort(order[:held])]
        else:
            other, other_count, _ = self.cut("validation", *validation, features=features)
            held_out, more = self._parts("validation", other, other_count)
            anomalous = np.concatenate([anomalous, more])
        scaler = Scaler.fit(normal.reshape(-1, features))
        # Windows have a label each, rows have theirs.
        labels = y if y is None or np.ndim(X) < 3 else np.asarray(count) > 0
        return WindowMaterial(
            X=X,
            labels=labels,
            validation=validation,
            normal=normal,
            held_out=held_out,
            anomalous=anomalous,
            features=features,
            scaler=scaler,
            train=self.tensor(scaler, normal),
            valid=self.tensor(scaler, held_out),
        )

    def cut(
        self, name: str, X: ArrayLike, y: ArrayLike | None, features: int | None = None
    ) -> tuple[Floats, NDArray[np.int64] | None, int]:
        """Return windows, the number of anomalous rows in each (None without labels), and the number of features."""
        values = np.asarray(X)
        if values.ndim != 3:
            series = checks.series(name, X, features)
            if self.window > len(series):
                raise SpecError("window", f"must be at most the {len(series)} rows of {name}", str(self.window))
            found = windows(series, y, window=self.window, stride=self.stride)
            return found.data, found.count, series.shape[1]
        checked = self.check(name, values, features)
        if y is None:
            return checked, None, checked.shape[2]
        flags = checks.labels("y", y)
        if len(flags) != len(checked):
            raise SpecError(
                "y", f"must have one label for each of the {len(checked)} windows of {name}", str(len(flags))
            )
        return checked, np.where(flags, self.window, 0), checked.shape[2]

    def check(self, name: str, values: NDArray[Any], features: int | None) -> Floats:
        """Return windows (k, window, d) as float64; SpecError for another shape, or infinities."""
        right = values.ndim == 3 and values.shape[1] == self.window and values.shape[2] > 0
        if values.dtype.kind not in "buif" or not right:
            rule = f"must be windows of shape (k, {self.window}, d)"
            raise SpecError(name, rule, f"shape {values.shape}, {values.dtype}")
        return checks.finite(name, values.astype(np.float64, copy=False), features)

    def _parts(self, name: str, data: Floats, count: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
        """Return the wholly normal and the wholly anomalous windows."""
        if count is None:
            count = np.zeros(len(data), dtype=np.int64)
        normal = data[count == 0]
        if not len(normal):
            raise SpecError(name, f"must hold a wholly normal window of {self.window} rows to learn from")
        return normal, data[count == self.window]

    def tensor(self, scaler: Scaler, data: Floats) -> Any:
        """Return windows as a float32 tensor, scaled and filled."""
        import torch

        # A copy in torch's own memory: how a product is rounded can depend on where its factors lie.
        return torch.tensor(fill_missing(scaler(data), self.nan_policy).astype(np.float32))
