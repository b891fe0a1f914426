"""RAMP as ``paranom detect`` drives it through a finished file: a score also looks at the rows behind its row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.cli.ramp_engine import RampEngine
from paranom_rs.cli.verdicts import Verdicts
from paranom_rs.detect.covering import covering_mean_of_ends

__all__ = ["FileRampEngine"]


class FileRampEngine(RampEngine):
    """A calibrated RAMP whose score of a row is the mean over the windows that cover it.

    Which windows these are is known a window later; so a part of a file is answered once the rows behind it were read.
    """

    #: A finished file is scored as if nothing had been learnt since the first rows.
    settings: ClassVar[dict[str, Any]] = {"p_limit": 0.0}

    @staticmethod
    def of_rows(scores: Floats, window: int) -> Floats:
        """Return the scores of rows, from those of the windows that end at them."""
        return covering_mean_of_ends(scores, window)

    def describe(self) -> str:
        """Return its settings in a few words."""
        return f"{super().describe()}; a row's score is the mean over the windows that cover it"

    def answers(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Verdicts]]:
        """Score the parts of a file."""
        behind = int(self.ramp.settings["window"]) - 1
        waiting: deque[Frame] = deque()
        scores, shares = np.empty(0), np.empty((0, len(self.channels)))
        for frame in frames:
            found = self.score(frame)
            scores = np.concatenate([scores, found.score])
            shares = np.concatenate([shares, found.contributions])
            waiting.append(frame)
            while waiting and len(waiting[0]) + behind <= len(scores):
                count = len(waiting[0])
                yield waiting.popleft(), self._verdicts(scores[: count + behind], shares[: count + behind], count)
                scores, shares = scores[count:], shares[count:]
        for frame in waiting:
            yield frame, self._verdicts(scores[: len(frame) + behind], shares[: len(frame) + behind], len(frame))
            scores, shares = scores[len(frame) :], shares[len(frame) :]

    def _verdicts(self, scores: Floats, shares: Floats, count: int) -> Verdicts:
        """Return what is said of the first rows, from the scores of the windows that end at them and behind them."""
        window = int(self.ramp.settings["window"])
        means = self.of_rows(scores, window)[:count]
        flags = np.nan_to_num(means) > self.threshold
        found = np.zeros((count, shares.shape[1]))
        sizes = np.nan_to_num(scores[:, None] * shares)
        for row in np.flatnonzero(flags).tolist():
            # A channel's share in the mean: that in the sum of the scores.
            sums = sizes[row : row + window].sum(axis=0)
            found[row] = sums / sums.sum()
        return Verdicts(means, flags, flags, found)
