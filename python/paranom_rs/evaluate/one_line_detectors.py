"""One-liners: detectors of one line of code (Wu & Keogh 2021), and the events that they find in a labelled series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs import _core
from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import labels, series
from paranom_rs.errors import SpecError

__all__ = ["one_liners", "triviality"]

#: Rows on each side that an event's neighbourhood may reach: 100, rounded out to 64, 80 times 64, and the windows.
MARGIN = 100 + 64 + 80 * 64 + 65


def one_liners() -> list[str]:
    """Return the names of the one-liners. Each name says what is computed for a row: ``mean(x, 8)``, ``|dx|``.

    Examples
    --------
    >>> from paranom_rs import one_liners
    >>> len(one_liners()), one_liners()[:2]
    (48, ['x', '-x'])
    """
    return _core.one_liners()


def triviality(
    X: ArrayLike,
    y: ArrayLike,
    *,
    clean: ArrayLike | None = None,
    per_variable: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Return which one-liners find which events of a labelled series.

    A one-liner finds an event when its largest number lies in the event or within 100 rows of it, and nowhere else in
    some 10,000 rows around (the rule of the UCR archive, for each event alone). Of several variables, one is enough.

    Parameters
    ----------
    X
        Values, shape (n,) or (n, d).
    y
        Labels, shape (n,): a run of ones is an event.
    clean
        The same rows without anomalies, shape as ``X``: each event is then looked for alone in them. Without it, rows
        of other events count as missing.
    per_variable
        Which variables an event touches, shape (n, d). One-liners look only at these; by default at all.

    Returns
    -------
    found
        bool, shape (events, one-liners): ``triviality(X, y).mean(axis=0)`` is the share of events that each finds.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic, triviality
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> data = gen.generate(12_000)
    >>> found = triviality(data.X, data.y)
    >>> found.shape, bool(found.any())
    ((1, 48), True)
    """
    x, bad = series("X", X), labels("y", y)
    base = None if clean is None else series("clean", clean)
    if len(bad) != len(x):
        raise SpecError("y", f"must have {len(x)} rows, as X has", str(len(bad)))
    if base is not None and base.shape != x.shape:
        raise SpecError("clean", f"must have the shape of X, {x.shape}", str(base.shape))
    events = runs_of_ones(bad)
    touches = np.ones(x.shape, bool) if per_variable is None else np.asarray(per_variable).astype(bool)
    if touches.shape != x.shape:
        raise SpecError("per_variable", f"must have the shape of X, {x.shape}", str(touches.shape))
    found = np.zeros((len(events), len(one_liners())), bool)
    for j in range(x.shape[1]):
        values = np.ascontiguousarray(x[:, j], np.float64)
        normal = np.where(bad, np.nan, values) if base is None else np.ascontiguousarray(base[:, j], np.float64)
        mine = [i for i, (start, _) in enumerate(events) if touches[start, j]]
        found[mine] |= found_in(0, normal, values, events[mine])
    return found


def found_in(
    start: int, normal: NDArray[np.float64], values: NDArray[np.float64], events: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return which one-liners find each event in one variable.

    Parameters
    ----------
    start
        The number of the first row of both series.
    normal, values
        A variable without events, and with them.
    events
        Row numbers [start, stop), shape (events, 2).
    """
    # No event holds row 2**64 - 1, and what comes after it is no row number.
    n = min(len(normal), 2**64 - 1 - start)
    return _core.found_by_one_liners(start, normal[:n], values[:n], [(int(a), int(b)) for a, b in events])
