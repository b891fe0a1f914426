"""Which rows a network learns, and which are held out to choose its epoch and to set thresholds."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Flags

#: Rows are cut into so many pieces at most, each of which is learnt or held out as a whole.
MOST_PIECES = 20

Runs = list[tuple[int, int]]


class Holdout(NamedTuple):
    """Runs of rows, each by its first row and the row behind its last."""

    learnt: Runs
    held: Runs


def runs_of(mask: Flags) -> Runs:
    """Return the runs of set flags (n,)."""
    return [(int(a), int(b)) for a, b in runs_of_ones(mask)]


def joined(runs: Runs) -> Runs:
    """Return runs in order, those that touch as one."""
    found: Runs = []
    for a, b in sorted(runs):
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def holdouts(inside: Flags, least: int, networks: int, share: float) -> list[Holdout]:
    """Return what each network learns, and what is held out of it.

    Parameters
    ----------
    inside
        (n,), the rows that there are to learn from.
    least
        Rows of a piece, at least, where runs are as long.
    networks
        How many networks there are. One holds a ``share`` of the pieces out, evenly spread; several hold every piece
        out in turn.
    """
    pieces = _pieces(runs_of(inside), max(least, int(inside.sum()) // MOST_PIECES))
    if networks == 1:
        every = min(max(round(1 / share), 2), len(pieces))
        return [_parted(pieces, every, every - 1)]
    every = min(networks, len(pieces))
    return [_parted(pieces, every, k % every) for k in range(networks)]


def _parted(pieces: Runs, every: int, which: int) -> Holdout:
    held = [piece for k, piece in enumerate(pieces) if k % every == which]
    return Holdout(joined([piece for k, piece in enumerate(pieces) if k % every != which]), held)


def _pieces(runs: Runs, size: int) -> Runs:
    pieces: Runs = []
    for a, b in runs:
        edges = np.linspace(a, b, max((b - a) // size, 1) + 1).round().astype(int).tolist()
        pieces += list(itertools.pairwise(edges))
    if len(pieces) == 1:
        a, b = pieces[0]
        middle = (a + b + 1) // 2
        return [(a, middle), (middle, b)]
    return pieces
