"""Noise of a channel: its distribution as quantiles, its autocovariance as a moving average and a slow part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.period import autocorrelation

__all__ = ["Noise", "innovations_of", "noise_of", "quantile_table"]

#: Weights of the moving average, at most; what they leave out of the variance, at most.
MOST_WEIGHTS, LEFT_OUT = 256, 1e-3
#: There is a slow part where values half as far apart as all weights reach are still so much alike.
SLOW = 0.2
_SIZE = 1 << 13
#: So many quantiles; more where the first or the last is so many standard deviations from the next one: rare values.
_QUANTILES, _MORE, FAR = 257, 2049, 1.0


@dataclass(frozen=True)
class Noise:
    """Standard normal noise with an autocorrelation.

    Attributes
    ----------
    weights
        Of a moving average.
    slow, phi
        The standard deviation of a first-order autoregression that is added, and its correlation from row to row.
    innovations
        (n,): what the moving average would have been made of.
    """

    weights: Floats
    slow: float
    phi: float
    innovations: Floats


def quantile_table(x: Floats) -> list[float]:
    """Return the quantiles of values at evenly spaced probabilities."""
    table = np.quantile(x, np.linspace(0.0, 1.0, _QUANTILES))
    ends = np.diff(table)[[0, -1]]
    if (ends > FAR * x.std()).any():
        # Between two quantiles all values are equally likely: a single high one would come again far too often.
        table = np.quantile(x, np.linspace(0.0, 1.0, _MORE))
    return [float(q) for q in table]


def noise_of(x: Floats, rng: np.random.Generator) -> Noise:
    """Learn the noise whose values, replaced by quantiles, are like ``x`` (n,), nothing missing."""
    z = _normal_scores(x, rng)
    most = min(2 * MOST_WEIGHTS, len(z) // 4)
    r = autocorrelation(z, most) / (1.0 - np.arange(most + 1) / len(z))
    slow, phi = _slow_part(r)
    rest = r - slow**2 * phi ** np.arange(most + 1)
    rest[0] = max(rest[0], 1e-3)
    # Beyond what weights reach, the autocovariance goes smoothly to 0.
    reach = min(MOST_WEIGHTS, most)
    taper = np.zeros(most + 1)
    taper[: reach + 1] = 0.5 * (1.0 + np.cos(np.pi * np.arange(reach + 1) / (reach + 1)))
    response = _minimum_phase(rest * np.sqrt(taper))
    weights = np.fft.irfft(response, _SIZE)[:MOST_WEIGHTS]
    energy = np.cumsum(weights**2)
    weights = weights[: int(np.searchsorted(energy, (1.0 - LEFT_OUT) * energy[-1])) + 1]
    weights = weights * np.sqrt((1.0 - slow**2) / (weights @ weights))
    return Noise(weights, slow, phi, innovations_of(z, weights))


def innovations_of(x: Floats, weights: Floats) -> Floats:
    """Return what a moving average of these weights would have made values (n,) of."""
    size = 1 << (2 * len(x) - 1).bit_length()
    found: Floats = np.fft.irfft(np.fft.rfft(x, size) / np.fft.rfft(weights, size), size)[: len(x)]
    return found


@cache
def _scores() -> tuple[Floats, Floats]:
    p = np.concatenate([np.geomspace(1e-9, 1e-3, 200), np.linspace(0.001, 0.999, 4001)[1:-1]])
    p = np.concatenate([p, 1.0 - p[:200][::-1]])
    return p, np.array([NormalDist().inv_cdf(float(x)) for x in p])


def _normal_scores(x: Floats, rng: np.random.Generator) -> Floats:
    """Return standard normal values in the same order; equal values in a random one."""
    order = np.lexsort((rng.random(len(x)), x))
    ranks = np.empty(len(x))
    ranks[order] = (np.arange(len(x)) + 0.5) / len(x)
    scores: Floats = np.interp(ranks, *_scores())
    return scores


def _slow_part(r: Floats) -> tuple[float, float]:
    """Return the standard deviation and the correlation of an autoregression that explains the far autocorrelation."""
    far = np.arange(len(r) // 4, len(r))
    if len(far) < 16 or r[far].min() <= 0.02 or r[len(r) // 2] < SLOW:
        return 0.0, 0.0
    slope, height = np.polyfit(far, np.log(r[far]), 1)
    if slope >= 0.0:
        return 0.0, 0.0
    return float(np.sqrt(min(np.exp(height), 0.98))), float(min(np.exp(slope), 1.0 - 1e-7))


def _minimum_phase(covariance: Floats) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """Return the response of the causal filter whose output has an autocovariance: by the cepstrum of its spectrum."""
    most = len(covariance) - 1
    both = np.zeros(_SIZE)
    both[: most + 1] = covariance
    both[-most:] = covariance[:0:-1]
    spectrum = np.fft.rfft(both).real
    spectrum = np.maximum(spectrum, 1e-4 * covariance[0])
    cepstrum = np.fft.irfft(0.5 * np.log(spectrum), _SIZE)
    cepstrum[1 : _SIZE // 2] *= 2.0
    cepstrum[_SIZE // 2 + 1 :] = 0.0
    response: np.ndarray[tuple[int], np.dtype[np.complex128]] = np.exp(np.fft.rfft(cepstrum))
    return response
