"""The scale of normal data, channel by channel."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.errors import SpecError

LIMIT = 1e9
"""Scaled values end here: their squares can be summed in float32, and nothing is more anomalous."""


class Scaler:
    """Mean and standard deviation of normal data, per channel; a constant channel is only centred."""

    def __init__(self, mean: Floats, scale: Floats) -> None:
        self.mean = mean
        self.scale = scale

    @classmethod
    def fit(cls, rows: Floats) -> Scaler:
        """Learn the scale of rows (n, d); NaN is left out.

        Raises
        ------
        SpecError
            For a channel without any value, or with values too large to be squared.
        """
        empty = np.isnan(rows).all(axis=0)
        if empty.any():
            raise SpecError("X", f"must hold normal values of channel {int(np.argmax(empty))}", "NaN only")
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        large = ~np.isfinite(mean + scale)
        if large.any():
            rule = f"must have a standard deviation in channel {int(np.argmax(large))}"
            raise SpecError("X", rule, "values whose squares are infinite")
        # A constant channel can show a spread of rounding errors.
        return cls(mean, np.where(scale > 1e-12 * np.maximum(np.abs(mean), 1e-300), scale, 1.0))

    def __call__(self, values: Floats) -> Floats:
        """Return values (..., d) in units of the normal spread, at most `LIMIT`; NaN stays."""
        with np.errstate(over="ignore"):
            return np.clip((values - self.mean) / self.scale, -LIMIT, LIMIT)

    def inverse(self, values: Floats) -> Floats:
        """Return values (..., d) in units of the normal spread as they were."""
        return values * self.scale + self.mean
