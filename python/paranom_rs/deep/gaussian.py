"""A multivariate Gaussian fitted with shrinkage, and the distance of vectors from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from paranom_rs._internal.checks import Floats


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

    def distance2(self, vectors: NDArray[np.floating]) -> Floats:
        """Return the squared Mahalanobis distance of each row of (n, k)."""
        z = (np.asarray(vectors, dtype=np.float64) - self.mean) @ self.whiten.T
        return np.asarray(np.einsum("ij,ij->i", z, z))

    @property
    def log_peak(self) -> float:
        """The log-density at the mean, the largest there is."""
        _, logdet = np.linalg.slogdet(self.whiten)
        return float(logdet - len(self.mean) / 2 * np.log(2 * np.pi))

    def log_density(self, vectors: NDArray[np.floating]) -> Floats:
        """Return the log-density at each row of (n, k)."""
        return self.log_peak - self.distance2(vectors) / 2
