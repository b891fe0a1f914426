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
    runs = [(int(a), int(b)) for a, b in runs_of_ones(inside)]
    pieces = _pieces(runs, max(least, int(inside.sum()) // MOST_PIECES))
    if networks == 1:
        every = min(max(round(1 / share), 2), len(pieces))
        return [_parted(pieces, every, every - 1)]
    every = min(networks, len(pieces))
    return [_parted(pieces, every, k % every) for k in range(networks)]


def _parted(pieces: Runs, every: int, which: int) -> Holdout:
    held = [piece for k, piece in enumerate(pieces) if k % every == which]
    learnt: Runs = []
    for k, (a, b) in enumerate(pieces):
        if k % every == which:
            continue
        # Pieces that touch are one run.
        if learnt and learnt[-1][1] == a:
            learnt[-1] = (learnt[-1][0], b)
        else:
            learnt.append((a, b))
    return Holdout(learnt, held)


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
