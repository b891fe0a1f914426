"""Whether rows that copy nothing are so like the recording that no copies are needed."""

from __future__ import annotations

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.likeness import WINDOW, channel_likeness, correlation_error, separability
from paranom_rs.generate.generator import Generator

__all__ = ["MOST_JUDGED", "alike", "passes"]

#: Rows pass where errors of quantiles, of autocorrelations and of correlations are at most these.
MOST_QUANTILES, MOST_ERROR = 0.018, 0.045
#: A classifier tells them apart no better than this, or clearly worse than the recording's own halves.
MOST_APART, BELOW_HALVES = 0.6, 0.05
#: More rows are not judged.
MOST_JUDGED = 1 << 16


def alike(generator: Generator, normal: Floats) -> bool:
    """Whether quantiles, autocorrelations and correlations of a generator's rows are those of a recording (n, d)."""
    recorded, made = _judged(generator, normal)
    for j in range(recorded.shape[1]):
        channel = channel_likeness(recorded[:, j], made[:, j])
        if channel.quantiles > MOST_QUANTILES or channel.autocorrelation > MOST_ERROR:
            return False
    return correlation_error(recorded, made) <= MOST_ERROR


def passes(generator: Generator, normal: Floats) -> bool:
    """Whether rows of a generator are so like the recording (n, d) that no copies are needed."""
    if not alike(generator, normal):
        return False
    a, b = (filled(x) for x in _judged(generator, normal))
    n = len(a)
    moving = a.std(axis=0) > 0.0
    if n < 5 * WINDOW or not moving.any():
        return True
    a, b = a[:, moving], b[:, moving]
    try:
        apart = separability(a, b, only_summary=True)
        if apart <= MOST_APART:
            return True
        return apart <= separability(a[: n // 2], a[n // 2 :], only_summary=True) - BELOW_HALVES
    except ImportError:
        return False  # nobody can tell: a copy is the safer way


def _judged(generator: Generator, normal: Floats) -> tuple[Floats, Floats]:
    n = min(len(normal), MOST_JUDGED)
    return normal[:n], generator.generate(n).X
