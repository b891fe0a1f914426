"""How like two recordings are: values, autocorrelation, what goes together, and what a classifier tells apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.period import autocorrelation

__all__ = [
    "LAGS",
    "WINDOW",
    "ChannelLikeness",
    "autocorrelation_error",
    "channel_likeness",
    "copied_share",
    "correlation_error",
    "quantile_error",
    "separability",
]

#: Rows that a classifier sees at once.
WINDOW = 64
#: Lags of the autocorrelation that are compared.
LAGS = 200
_FOLDS, _MOST_WINDOWS = 5, 500
#: Windows are near-duplicates where their root mean square difference is below this share of a channel's spread.
NEAR = 0.02


@dataclass(frozen=True)
class ChannelLikeness:
    """How like a channel is.

    Attributes
    ----------
    quantiles
        The largest difference of the quantiles at 1, 2, … 99 %, as a share of the recording's range.
    autocorrelation
        The mean absolute difference of the autocorrelation at lags 1 to 200.
    """

    quantiles: float
    autocorrelation: float


def channel_likeness(recorded: Floats, made: Floats) -> ChannelLikeness:
    """Compare one channel, (n,) and (m,); missing values are left out of the quantiles."""
    known, other = recorded[~np.isnan(recorded)], made[~np.isnan(made)]
    if not len(known) or not len(other):
        same = len(known) == len(other)
        return ChannelLikeness(0.0 if same else np.inf, 0.0 if same else np.inf)
    quantiles = quantile_error(known[:, None], other[:, None])
    return ChannelLikeness(quantiles, autocorrelation_error(*(filled(x[:, None])[:, 0] for x in (recorded, made))))


def quantile_error(recorded: Floats, made: Floats) -> float:
    """Return the largest difference of quantiles, as a share of a channel's range; (n, d), (m, d), nothing missing."""
    wide = np.ptp(recorded, axis=0)
    off = np.abs(_quantiles(recorded) - _quantiles(made)).max(axis=0)
    share = np.divide(off, wide, out=np.where(off > 0.0, np.inf, 0.0), where=wide > 0.0)
    return float(share.max())


def _quantiles(x: Floats) -> Floats:
    """Return the quantiles at 1, 2, … 99 % of (n, d): (99, d)."""
    ordered = np.sort(x, axis=0)
    at = np.arange(1, 100) / 100.0 * (len(x) - 1)
    low = at.astype(np.int64)
    below, above = ordered[low], ordered[np.minimum(low + 1, len(x) - 1)]
    found: Floats = below + (at - low)[:, None] * (above - below)
    return found


def autocorrelation_error(recorded: Floats, made: Floats) -> float:
    """Return the mean absolute difference of the autocorrelations at lags 1 to 200; (n,), (m,), nothing missing."""
    most = min(LAGS, len(recorded) // 2, len(made) // 2)
    # Corrected for the rows that each lag lacks: they may have different numbers of rows.
    a, b = (autocorrelation(x, most)[1:] / (1.0 - np.arange(1, most + 1) / len(x)) for x in (recorded, made))
    return float(np.abs(a - b).mean()) if most else 0.0


def correlation_error(recorded: Floats, made: Floats) -> float:
    """Return the largest difference of the correlations of channels, (n, d) and (m, d); 0 for one channel."""
    a, b = filled(recorded), filled(made)
    moving = (a.std(axis=0) > 0.0) & (b.std(axis=0) > 0.0)
    if int(moving.sum()) < 2:
        return 0.0
    difference = np.corrcoef(a[:, moving].T) - np.corrcoef(b[:, moving].T)
    return float(np.abs(difference).max())


def windows_of(x: Floats, most: int = _MOST_WINDOWS) -> Floats:
    """Return up to ``most`` windows of (n, d), evenly spaced: (windows, d, 64)."""
    count = len(x) - WINDOW + 1
    at = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
    return np.ascontiguousarray(sliding_window_view(x, WINDOW, axis=0)[at])


def features_of(windows: Floats) -> Floats:
    """Return what the classifier is told of windows: values, differences, and nine summary statistics a channel."""
    change = np.diff(windows, axis=2)
    bend = np.diff(change, axis=2)
    summary = [
        windows.mean(axis=2), windows.std(axis=2), windows.min(axis=2), windows.max(axis=2),
        change.std(axis=2), np.abs(change).mean(axis=2), np.abs(change).max(axis=2),
        windows[..., -1] - windows[..., 0], np.abs(bend).mean(axis=2),
    ]  # fmt: skip
    told: Floats = np.concatenate([part.reshape(len(windows), -1) for part in (windows, change, *summary)], axis=1)
    return told


def separability(a: Floats, b: Floats, *, only_summary: bool = False, rounds: int = 60) -> float:
    """Return how well a classifier tells windows of two recordings apart: the mean AUC of five folds.

    Gradient boosting is told windows of 64 rows. Each recording is cut into five blocks of time; in each fold one block
    of both is kept for the test. 0.5: it cannot tell them apart; 1: it always can. Needs scikit-learn.

    Parameters
    ----------
    a, b
        (n, d) and (m, d), 64 rows at least.
    only_summary
        Whether to tell it summary statistics only: quicker, and a little blind.
    rounds
        Of boosting.
    """
    ensemble = require("sklearn.ensemble", "metrics", "the classifier of a report")
    auc = require("sklearn.metrics", "metrics", "the classifier of a report").roc_auc_score
    told = [features_of(windows_of(x)) for x in (a, b)]
    if only_summary:
        told = [x[:, -9 * a.shape[1] :] for x in told]
    folds = [np.arange(len(x)) * _FOLDS // len(x) for x in told]
    X, fold = np.concatenate(told), np.concatenate(folds)
    y = np.repeat([0, 1], [len(x) for x in told])
    found = []
    # On one thread: on a busy machine, the threads of so small a task wait for each other for most of the time.
    with require("threadpoolctl", "metrics", "the classifier of a report").threadpool_limits(1):
        for k in range(_FOLDS):
            test = fold == k
            # More bins take three times as long, and tell no more apart.
            model = ensemble.HistGradientBoostingClassifier(
                max_iter=rounds, max_leaf_nodes=15, max_bins=32, random_state=0
            )
            model.fit(X[~test], y[~test])
            found.append(auc(y[test], model.predict_proba(X[test])[:, 1]))
    return float(np.mean(found))


def copied_share(recorded: Floats, made: Floats, spread: Floats, *, at_any_level: bool = False) -> float:
    """Return the share of generated windows that are near-duplicates of recorded ones: nobody should take them for new.

    Parameters
    ----------
    recorded, made
        (n, d) and (m, d), nothing missing.
    spread
        (d,), the channels' standard deviations; channels without any are left out.
    at_any_level
        Whether windows are compared without their means: a copy that was moved up or down is one, too.
    """
    moving = spread > 0.0
    if not moving.any():
        return 1.0
    a, b = (x[:, moving] / spread[moving] for x in (recorded, made))
    asked = windows_of(b, 200)
    if at_any_level:
        asked = asked - asked.mean(axis=2, keepdims=True)
    asked = asked.reshape(-1, b.shape[1] * WINDOW)
    return float((_nearest(a, asked, at_any_level) <= NEAR**2 * asked.shape[1]).mean())


def _nearest(a: Floats, asked: Floats, at_any_level: bool) -> Floats:
    """Return the squared distance of each asked window from the nearest one of ``a``, which is shifted row by row."""
    d = a.shape[1]
    best = np.full(len(asked), np.inf)
    norms = (asked**2).sum(axis=1)
    count = len(a) - WINDOW + 1
    size = max(1, (1 << 21) // (d * WINDOW))
    view = sliding_window_view(a, WINDOW, axis=0)
    for first in range(0, count, size):
        part = view[first : first + size]
        if at_any_level:
            part = part - part.mean(axis=2, keepdims=True)
        part = part.reshape(-1, d * WINDOW)
        distance = (part**2).sum(axis=1)[None, :] - 2.0 * (asked @ part.T)
        best = np.minimum(best, distance.min(axis=1) + norms)
    squared: Floats = np.maximum(best, 0.0)
    return squared
