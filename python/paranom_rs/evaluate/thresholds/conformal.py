"""Conformal thresholds: a false-alarm rate that is guaranteed for a finite number of normal scores."""

from __future__ import annotations

from paranom_rs._internal import checks, conformal
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.errors import SpecError
from paranom_rs.evaluate.thresholds.base import Threshold


class Conformal(Threshold):
    """The threshold that a further normal score exceeds with probability ``alarm_share`` at most.

    It is the score of rank ceil((n + 1) (1 - alarm_share)) among n normal ones. The guarantee holds for every
    distribution, and for each n that is large enough, if the further score is exchangeable with the others (Vovk,
    Gammerman & Shafer, 2005). Scores of neighbouring rows are not: with ``block`` the guarantee is for whole blocks of
    rows, whose largest scores are nearly exchangeable if a block is long against what rows have in common.

    Parameters
    ----------
    alarm_share
        Above 0 and below 1.
    block
        Rows of a block: a further block holds an alarm with probability ``alarm_share`` at most. A few windows of the
        detector are a good choice. None: each row by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.evaluate.thresholds import Conformal
    >>> rule = Conformal(0.1).fit(np.arange(100.0))
    >>> rule.predict([50.0, 99.5]).tolist()
    [0, 1]
    """

    def __init__(self, alarm_share: float = 0.01, *, block: int | None = None) -> None:
        checks.share("alarm_share", alarm_share)
        self.alarm_share = alarm_share
        self.block = None if block is None else checks.whole("block", block, least=1)

    def _find(self, s: Floats, y: Flags | None) -> float:
        units = s if self.block is None else conformal.block_maxima(s, self.block)
        if conformal.rank(len(units), self.alarm_share) > len(units):
            what = "scores" if self.block is None else f"blocks of {self.block} scores"
            rule = f"must hold 1 / alarm_share - 1 = {1 / self.alarm_share - 1:.6g} {what} at least"
            raise SpecError("scores", rule, str(len(units)))
        return conformal.level(units, self.alarm_share)
