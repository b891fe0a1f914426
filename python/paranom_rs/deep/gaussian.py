"""A multivariate Gaussian fitted with shrinkage, and the distance of vectors from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs.detect.recurrent import Affine


@dataclass(frozen=True)
class Gaussian:
    """A multivariate normal distribution, kept as its mean and a whitening matrix."""

    mean: Floats
    """(k,)"""
    whiten: Floats
    """(k, k): its product with x - mean has independent entries of variance 1."""

    @classmethod
    def fit(cls, vectors: NDArray[np.floating], least: Floats | None = None) -> Gaussian:
        """Fit the mean, and a covariance with Ledoit-Wolf shrinkage, which is never singular.

        Coordinates are scaled to unit variance first, so that shrinkage towards the identity treats all alike. One
        that never changes gets the standard deviation 1e-6: any change in it counts.

        Parameters
        ----------
        vectors
            Shape (n, k); n may be less than k.
        least
            (k,): no coordinate gets a smaller standard deviation than this one.
        """
        ledoit_wolf = require("sklearn.covariance", "deep", "a deep detector").ledoit_wolf
        x = np.asarray(vectors, dtype=np.float64)
        mean = x.mean(axis=0)
        scale = np.maximum(x.std(axis=0), 1e-6 if least is None else np.maximum(least, 1e-6))
        if len(x) > 1:
            covariance, _ = ledoit_wolf((x - mean) / scale, assume_centered=True)
        else:
            covariance = np.eye(x.shape[1])
        # Where `least` counts, the variance so far is under 1.
        covariance += np.diag(np.maximum(1 - np.diag(covariance), 0)) if least is not None else 0
        values, axes = np.linalg.eigh(covariance)
        values = np.maximum(values, 1e-6 * max(values[-1], 1e-12))
        # One layout in memory, so that a saved and loaded one gives the same bits.
        return cls(mean, np.ascontiguousarray((axes / np.sqrt(values)).T / scale))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], name: str, size: int) -> Gaussian:
        """Return the Gaussian of a file; ValueError where its arrays are not of that size, or not finite."""
        mean, whiten = arrays[f"{name}.mean"], arrays[f"{name}.whiten"]
        for array, shape in ((mean, (size,)), (whiten, (size, size))):
            if array.shape != shape or array.dtype != np.float64 or not np.isfinite(array).all():
                raise ValueError("its Gaussian does not fit the vectors that are scored")
        found = cls(mean, whiten)
        with np.errstate(over="ignore"):
            if not (np.isfinite(found.variances) & (found.variances > 0)).all() or np.abs(whiten).max() > 1e100:
                raise ValueError("its Gaussian has no spread")
        return found

    def arrays(self, name: str) -> dict[str, Floats]:
        """Return what `of_arrays` reads from a file."""
        return {f"{name}.mean": self.mean, f"{name}.whiten": self.whiten}

    def distance2(self, vectors: NDArray[np.floating]) -> Floats:
        """Return the squared Mahalanobis distance of each row of (n, k): that of a row depends on it alone."""
        return self.length2(np.asarray(vectors, dtype=np.float64) - self.mean)

    def length2(self, differences: Floats) -> Floats:
        """Return the squared Mahalanobis length of differences from the mean, (n, k)."""
        return self.map.squared_lengths(np.ascontiguousarray(differences))

    @cached_property
    def map(self) -> Affine:
        """The product with the whitening matrix."""
        return Affine(self.whiten, np.zeros(len(self.whiten)))

    @cached_property
    def variances(self) -> Floats:
        """The variance of each coordinate, (k,)."""
        unwhiten = np.linalg.inv(self.whiten)
        return np.asarray(np.square(unwhiten).sum(axis=1))
