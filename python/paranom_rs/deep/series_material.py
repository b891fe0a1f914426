"""What LSTM-AD learns from: series, with normal, held-out and anomalous rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.missing import fill_missing
from paranom_rs._internal.scaling import Scaler
from paranom_rs.errors import SpecError


@dataclass
class SeriesMaterial:
    """Series (n, d), a mask of rows for each, and a tensor of pieces to train on."""

    series: list[Floats]
    """What `fit` was given."""
    runs: list[NDArray[np.float32]]
    """Scaled runs of normal rows to learn from."""
    held_series: list[Floats]
    held_scaled: list[NDArray[np.float32]]
    anomalous: list[Flags]
    """Of the held-out series: anomalous rows, vA in the paper."""
    first: list[Flags]
    """The earlier held-out normal rows, vN1: they choose the epoch and fit the Gaussian."""
    second: list[Flags]
    """The later ones, vN2: they set the threshold."""
    features: int
    scaler: Scaler
    train: Any


def read_series(name: str, X: Any, y: Any, features: int | None = None) -> tuple[list[Floats], list[Flags]]:
    """Return series (n, d) and labels (n,) of one series or of a list; without ``y`` all rows are normal."""
    many = isinstance(X, (list, tuple)) and len(X) > 0 and np.ndim(X[0]) > 0
    series = (
        [checks.series(f"{name}[{k}]", s, features) for k, s in enumerate(X)]
        if many
        else [checks.series(name, X, features)]
    )
    if len({s.shape[1] for s in series}) > 1:
        raise SpecError(name, "must be series of one number of features", str([s.shape[1] for s in series]))
    if not any(len(s) for s in series):
        raise SpecError(name, "must have rows", "0")
    if y is None:
        return series, [np.zeros(len(s), dtype=bool) for s in series]
    flags = [checks.labels(f"y[{k}]", f) for k, f in enumerate(y)] if many else [checks.labels("y", y)]
    if [len(f) for f in flags] != [len(s) for s in series]:
        raise SpecError("y", f"must have the rows of {name}, {[len(s) for s in series]}", str([len(f) for f in flags]))
    return series, flags


def scaled(scaler: Scaler, series: Floats, nan_policy: str) -> NDArray[np.float32]:
    """Return a series filled and scaled, as the network takes it."""
    return scaler(fill_missing(series[None], nan_policy)[0]).astype(np.float32)


def normal_runs(series: list[NDArray[np.float32]], masks: list[Flags]) -> list[NDArray[np.float32]]:
    """Return the runs of rows that the masks mark."""
    return [s[a:b] for s, mask in zip(series, masks, strict=True) for a, b in runs_of_ones(mask)]


def pieces(runs: list[NDArray[np.float32]], window: int, horizon: int) -> NDArray[np.float32]:
    """Cut runs into pieces (k, window + horizon, d), starting every half window; shorter where no run is so long."""
    longest = max((len(r) for r in runs), default=0)
    rows = min(window, longest - horizon)
    if rows < 1:
        rule = f"must be less than the longest run of normal rows to learn from, {longest}"
        raise SpecError("horizon", rule, str(horizon))
    size = rows + horizon
    parts = [
        np.lib.stride_tricks.sliding_window_view(r, size, axis=0)[:: max(rows // 2, 1)].transpose(0, 2, 1)
        for r in runs
        if len(r) >= size
    ]
    return np.concatenate(parts)


def last_normal(flags: list[Flags], share: float) -> list[Flags]:
    """Return the last ``share`` of the normal rows, over all series."""
    normal = np.cumsum(np.concatenate([~f for f in flags]))
    late = normal > (1 - share) * normal[-1]
    return np.split(late, np.cumsum([len(f) for f in flags])[:-1])


def halves(masks: list[Flags]) -> tuple[list[Flags], list[Flags]]:
    """Split the rows in the masks into an earlier and a later half."""
    joined = np.concatenate(masks)
    early = np.cumsum(joined) <= joined.sum() / 2
    cuts = np.cumsum([len(m) for m in masks])[:-1]
    return np.split(joined & early, cuts), np.split(joined & ~early, cuts)
