"""Of generators that are like a recording, the one that copies least."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.generate.fit.channel import filled
from paranom_rs.generate.fit.likeness import copied_share
from paranom_rs.generate.fit.passing import Judge
from paranom_rs.generate.generator import Generator

__all__ = ["least_copied"]

#: More values are not compared.
MOST_VALUES = 1 << 17

Made = tuple[Generator, list[str]]


def least_copied(families: Iterable[Iterable[Made]], normal: Floats, judge: Judge) -> Made | None:
    """Take of each family the first generator that is like the recording, and of those the one that copies least.

    Parameters
    ----------
    families
        Generators with their notes; in each family those that copy less come first.
    normal
        (n, d), the recording.
    judge
        Of this recording.
    """
    found = [made for family in families if (made := next((x for x in family if judge.passes(x[0])), None))]
    if len(found) < 2:
        return found[0] if found else None
    rows = max(1, min(len(normal), MOST_VALUES // normal.shape[1]))
    recorded = filled(normal[:rows])
    spread = recorded.std(axis=0)

    def copied(made: Made) -> float:
        return copied_share(recorded, filled(made[0].generate(rows).X), spread, at_any_level=True)

    return found[int(np.argmin([copied(made) for made in found]))]
