"""Benchmark suites: named, versioned sets of labelled series, generated where they are needed, equal everywhere.

>>> from paranom_rs.suites import load
>>> suite = load("graded-1")
>>> len(suite)
147
>>> series = suite["wave-course-hard"]
>>> series.train.shape, series.test.shape, int(series.y.sum()) > 0
((4000, 1), (12000, 1), True)
"""

from __future__ import annotations

from paranom_rs._internal.checks import one_of
from paranom_rs.suites import graded_1, graded_2
from paranom_rs.suites.suite import Series, Suite

__all__ = ["Series", "Suite", "load", "names"]

_SUITES = {"graded-1": graded_1.series, "graded-2": graded_2.series}


def names() -> list[str]:
    """Return the names of the suites.

    Examples
    --------
    >>> from paranom_rs.suites import names
    >>> "graded-1" in names()
    True
    """
    return list(_SUITES)


def load(name: str) -> Suite:
    """Return a suite. Its series are generated when they are looked at.

    Raises
    ------
    SpecError
        For a name that is not among `names`.

    Examples
    --------
    >>> from paranom_rs.suites import load
    >>> suite = load("graded-1")
    >>> series = suite["wave-course-hard"]
    >>> series.train.shape, series.test.shape, series.y.shape
    ((4000, 1), (12000, 1), (12000,))
    """
    one_of("name", name, tuple(_SUITES))
    return Suite(name, _SUITES[name]())
