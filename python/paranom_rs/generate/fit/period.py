"""The period of a recording."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paranom_rs._internal.checks import Floats

__all__ = ["Period", "autocorrelation", "period_of"]

#: A period is where the autocorrelation has a peak this high, this much above the lowest value before it.
LEAST_PEAK, LEAST_RISE = 0.3, 0.2
#: A longer period counts only where its peak is this much higher.
CLEARLY_HIGHER = 0.05
#: A period keeps time where the autocorrelation up to so many periods later is at least this share of its peak.
MANY, KEPT = 12, 0.75
_MOST_ROWS = 1 << 17


def autocorrelation(x: Floats, most: int) -> Floats:
    """Return the autocorrelation of a series (n,) at lags 0 to ``most``, as sums over n rows; 0 of a constant one."""
    z = x - x.mean()
    n = len(z)
    most = min(most, n - 1)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(z, size)
    covariance = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: most + 1]
    return covariance / covariance[0] if covariance[0] > 0.0 else np.zeros(most + 1)


class Period(NamedTuple):
    """A period: its rows, and whether it keeps time, as a clock does and a heart does not."""

    rows: int
    keeps_time: bool


def period_of(z: Floats) -> Period | None:
    """Return the period of standardized channels (n, d); None where there is none.

    It is a peak of the channels' mean autocorrelation, corrected for the rows that each lag lacks. It keeps time if the
    autocorrelation is nearly as high many periods later.
    """
    z = z[:_MOST_ROWS]
    n = len(z)
    most = n // 2
    if most < 16 or z.shape[1] == 0:
        return None
    r = np.mean([autocorrelation(z[:, j], most) for j in range(z.shape[1])], axis=0)
    r = r / (1.0 - np.arange(most + 1) / n)
    lowest = np.minimum.accumulate(r)
    peaks = np.flatnonzero((r[1:-1] >= r[:-2]) & (r[1:-1] > r[2:])) + 1
    peaks = peaks[
        (peaks >= 4) & (peaks <= n // 3) & (r[peaks] >= LEAST_PEAK) & (r[peaks] - lowest[peaks] >= LEAST_RISE)
    ]
    if not len(peaks):
        return None
    highest = r[peaks].max()
    rows = int(peaks[r[peaks] >= highest - CLEARLY_HIGHER][0])
    later = r[rows : most + 1 : rows][1:MANY]
    return Period(rows, len(later) > 2 and bool(later.min() >= KEPT * r[rows]))
