"""Of generators that are like a recording, the one that copies least."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

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


def least_copied(families: Iterable[Sequence[Callable[[], Made]]], normal: Floats, judge: Judge) -> Made | None:
    """Take of each family the first generator that is like the recording, and of those the one that copies least.

    Parameters
    ----------
    families
        What makes generators with their notes; in each family those come first that copy less, and are less like it.
    normal
        (n, d), the recording.
    judge
        Of this recording.
    """
    found = [made for family in families if (made := _first_that_passes(family, judge)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    rows = max(1, min(len(normal), MOST_VALUES // normal.shape[1]))
    recorded = filled(normal[:rows])
    spread = recorded.std(axis=0)

    def copied(made: Made) -> float:
        return copied_share(recorded, filled(made[0].generate(rows).X), spread, at_any_level=True)

    return found[int(np.argmin([copied(made) for made in found]))]


def _first_that_passes(family: Sequence[Callable[[], Made]], judge: Judge) -> Made | None:
    """Return the first that is like the recording, if all that come later are: by halving, as each takes a while."""
    found: Made | None = None
    low, high = 0, len(family)
    while low < high:
        middle = (low + high) // 2
        made = family[middle]()
        if judge.passes(made[0]):
            found, high = made, middle
        else:
            low = middle + 1
    return found
