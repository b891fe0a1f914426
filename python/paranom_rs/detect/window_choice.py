"""Which length of a window? One that fits the rhythm of the series, and at which its discord stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from paranom_rs.detect.pan_profile import PanProfile, pan_profile
from paranom_rs.detect.series import as_floats
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["WindowChoice", "choose_window"]

# Pairs of windows that are compared at most, over all lengths.
_PAIRS = 4e9
# Lengths that are tried.
_LENGTHS = 16
# Without a rhythm: the shortest length, and the longest as a share of the series and at most.
_SHORTEST, _SHARE, _LONGEST = 16, 20, 1000
# A rhythm is one if the series is so much like itself one period later.
_LIKE = 0.2


class WindowChoice(NamedTuple):
    """The length of a window, and why.

    Attributes
    ----------
    window
        The length.
    reason
        Why this one, as a sentence.
    period
        The main period of the series in rows; None if it has none.
    pan
        The pan profile of the lengths that were compared.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import choose_window
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> choice = choose_window(x)
    >>> choice.window, choice.period
    (22, 31)
    """

    window: int
    reason: str
    period: int | None
    pan: PanProfile


def choose_window(x: ArrayLike, *, threads: int | None = None) -> WindowChoice:
    """Choose the length of a window for the matrix profile of a series.

    The spectrum and the autocorrelation say whether the series has a rhythm. If so, lengths from half a period to two
    periods are compared; else lengths from 16 to a twentieth of the series, at most 1,000. Of these the one is chosen
    at which the discord stands out most: its score minus the typical score (see :class:`PanProfile`).

    Parameters
    ----------
    x
        The series, shape (n,), n >= 32. Missing values are replaced by their neighbours to find the rhythm.
    threads
        As in :func:`matrix_profile`.

    Returns
    -------
    WindowChoice
        The length, and why.

    Raises
    ------
    SpecError, SpecTypeError, OutOfMemoryError, KeyboardInterrupt
        As :func:`matrix_profile`.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import choose_window
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> choice = choose_window(x)
    >>> choice.window, choice.period
    (22, 31)
    """
    series = as_floats("x", x, 1)
    n = len(series)
    if n < 2 * _SHORTEST:
        raise SpecError("x", f"must have at least {2 * _SHORTEST} values to choose a window for", str(n))
    period, likeness = main_period(series)
    low, high = (period / 2, period * 2) if period else (_SHORTEST, min(n / _SHARE, _LONGEST))
    lengths = _lengths(low, min(high, n / 4))
    pairs = len(lengths) * n**2 / 2
    pan = pan_profile(series, lengths, fraction=min(1.0, _PAIRS / pairs), threads=threads)
    stands_out = pan.discord_scores - pan.typical_scores
    if np.isnan(stands_out).all():
        at, found = len(lengths) // 2, "No window has a neighbour, so the middle one is taken."
    else:
        at = int(np.nanargmax(stands_out))
        found = (
            f"At {lengths[at]} the discord stands out most: its score is {pan.discord_scores[at]:.2f}, "
            f"that of the median window {pan.typical_scores[at]:.2f}."
        )
    rhythm = (
        f"The main period is {period} rows (the autocorrelation there is {likeness:.2f})"
        if period
        else "The series has no main period"
    )
    reason = f"{rhythm}, so lengths from {lengths[0]} to {lengths[-1]} were compared. {found}"
    return WindowChoice(lengths[at], reason, period, pan)


def _lengths(low: float, high: float) -> list[int]:
    """Return some lengths, each so many times the one before."""
    low = max(low, 4)
    spaced = np.geomspace(low, max(high, low), _LENGTHS).round().astype(int)
    return [int(length) for length in np.unique(spaced)]


def main_period(x: NDArray[np.float64]) -> tuple[int | None, float]:
    """Return the main period, and the autocorrelation one period later; None if that is low.

    The autocorrelation comes from the spectrum. Its peaks count from where it first falls below 0.
    """
    x = _detrended(_filled(x))
    n = len(x)
    spectrum = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[: n // 4 + 1]
    if not correlation[0] > 0:
        return None, 0.0
    correlation /= correlation[0]
    lags = np.arange(len(correlation))
    inside = correlation[1:-1]
    peaks = lags[1:-1][(inside > correlation[:-2]) & (inside >= correlation[2:]) & (lags[1:-1] >= 8)]
    below = np.flatnonzero(correlation < 0)
    peaks = peaks[peaks > (below[0] if len(below) else n)]
    if not len(peaks) or correlation[peaks].max() < _LIKE:
        return None, 0.0
    # The first peak that is nearly the highest: multiples of a period are peaks, too.
    near = peaks[correlation[peaks] >= 0.9 * correlation[peaks].max()]
    period = int(near[0])
    return period, float(correlation[period])


def _filled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the series with missing values interpolated, scaled so that no square overflows."""
    known = np.isfinite(x)
    if not known.any():
        return np.zeros(len(x))
    x = np.interp(np.arange(len(x)), np.flatnonzero(known), x[known])
    return x / max(float(np.abs(x).max()), 1e-300)


def _detrended(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the series without its trend."""
    t = np.arange(len(x)) - (len(x) - 1) / 2
    x = x - x.mean()
    return np.asarray(x - t * (t @ x) / (t @ t))
