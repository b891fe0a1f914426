"""Whether rows that copy nothing, or less, are so like the recording that no more copies are needed."""

from __future__ import annotations

from functools import cached_property

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.likeness import WINDOW, channel_likeness, correlation_error, separability
from paranom_rs.generate.generator import Generator

__all__ = ["MOST_JUDGED", "Judge"]

#: Rows pass where errors of quantiles, of autocorrelations and of correlations are at most these.
MOST_QUANTILES, MOST_ERROR = 0.018, 0.045
#: A classifier tells them apart no better than this, or clearly worse than the recording's own halves.
MOST_APART, BELOW_HALVES = 0.6, 0.05
#: Rounds of boosting.
ROUNDS = 30
#: More rows are not judged.
MOST_JUDGED = 1 << 16


class Judge:
    """Says of generators how like a recording they are.

    Parameters
    ----------
    normal
        (n, d), the normal rows of the recording.
    """

    def __init__(self, normal: Floats) -> None:
        self._recorded = normal[: min(len(normal), MOST_JUDGED)]

    def alike(self, generator: Generator) -> bool:
        """Whether quantiles, autocorrelations and correlations of a generator's rows are those of the recording."""
        return self._are_alike(self._made(generator))

    def passes(self, generator: Generator) -> bool:
        """Whether rows of a generator are so like the recording that no copies are needed."""
        made = self._made(generator)
        if not self._are_alike(made):
            return False
        a, b = filled(self._recorded), filled(made)
        moving = a.std(axis=0) > 0.0
        if len(a) < 5 * WINDOW or not moving.any():
            return True
        try:
            apart = separability(a[:, moving], b[:, moving], only_summary=True, rounds=ROUNDS)
            return apart <= MOST_APART or apart <= self._halves - BELOW_HALVES
        except ImportError:
            return False  # nobody can tell: a copy is the safer way

    @cached_property
    def _halves(self) -> float:
        """How well the recording's own halves are told apart."""
        x = filled(self._recorded)
        x = x[:, x.std(axis=0) > 0.0]
        return separability(x[: len(x) // 2], x[len(x) // 2 :], only_summary=True, rounds=ROUNDS)

    def _made(self, generator: Generator) -> Floats:
        made: Floats = generator.generate(len(self._recorded)).X
        return made

    def _are_alike(self, made: Floats) -> bool:
        for j in range(made.shape[1]):
            channel = channel_likeness(self._recorded[:, j], made[:, j])
            if channel.quantiles > MOST_QUANTILES or channel.autocorrelation > MOST_ERROR:
                return False
        return correlation_error(self._recorded, made) <= MOST_ERROR
