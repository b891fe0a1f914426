"""Time series chains: windows that change step by step, each the nearest to the next.

Source: Zhu, Imamura, Nikovski & Keogh, "Matrix Profile VII: Time Series Chains" (ICDM 2017). A window is linked to a
later one if that is its nearest later neighbour, and it is the nearest earlier neighbour of that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paranom_rs._internal.checks import instance, shown, whole
from paranom_rs.detect.matrix_profile import MatrixProfile
from paranom_rs.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["all_chains", "anchored_chain"]


def anchored_chain(found: MatrixProfile, start: int) -> NDArray[np.int64]:
    """Follow the chain that begins at a window.

    Parameters
    ----------
    found
        The matrix profile of one series.
    start
        The first row of the window.

    Returns
    -------
    NDArray[np.int64]
        The first rows of its windows, rising; ``start`` alone if it is linked to no later window.

    Raises
    ------
    SpecError, SpecTypeError
        An argument breaks a rule.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import anchored_chain, matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> chain = anchored_chain(matrix_profile(x, window=50), 100)
    >>> chain.dtype, int(chain[0])
    (dtype('int64'), 100)
    """
    left, right = _links(found)
    at = whole("start", start, most=len(found) - 1)
    chain = [at]
    # Number by number: a chain is short, and the series is long.
    while (later := int(right[at])) >= 0 and left[later] == at:
        chain.append(later)
        at = later
    return np.array(chain, dtype=np.int64)


def all_chains(found: MatrixProfile) -> list[NDArray[np.int64]]:
    """Find all chains of two windows or more.

    Parameters
    ----------
    found
        The matrix profile of one series.

    Returns
    -------
    list of NDArray[np.int64]
        The first rows of the windows of each chain. The longest chain comes first (the *unanchored* chain), of equally
        long ones the earliest. No window is in two chains.

    Raises
    ------
    SpecError
        The profile is not that of one series.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs import all_chains, matrix_profile
    >>> x = np.sin(np.arange(1_000) / 5) + 0.1 * np.random.default_rng(0).normal(size=1_000)
    >>> x[600:620] = 0.0
    >>> chains = all_chains(matrix_profile(x, window=50))
    >>> len(chains) > 0, chains[0].dtype
    (True, dtype('int64'))
    """
    following = _following(found)
    linked = np.flatnonzero(following >= 0)
    first = np.arange(len(following))
    first[following[linked]] = linked
    place = (first != np.arange(len(first))).astype(np.int64)
    # Twice as far towards the first window in each round.
    while (first[first] != first).any():
        place += place[first]
        first = first[first]
    members = np.flatnonzero((place > 0) | (following >= 0))
    order = members[np.lexsort((place[members], first[members]))]
    chains = np.split(order, np.flatnonzero(place[order] == 0)[1:]) if len(order) else []
    return sorted(chains, key=len, reverse=True)


def _following(found: MatrixProfile) -> NDArray[np.int64]:
    """Return the window that each window is linked to; -1 if it is linked to none."""
    left, right = _links(found)
    linked = (right >= 0) & (left[right] == np.arange(len(found)))
    return np.where(linked, right, -1)


def _links(found: MatrixProfile) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nearest earlier window of each window, and the nearest later one."""
    instance("found", found, MatrixProfile)
    if found.left_indices is None or found.right_indices is None or found.x.ndim != 1:
        raise SpecError("found", "must be the matrix profile of one series", shown(found))
    if found.left_indices.ndim == 1:
        return found.left_indices, found.right_indices
    return found.left_indices[:, 0], found.right_indices[:, 0]
