"""Wrong keywords, answered with the right one."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, Self, TypeVar

from paranom_rs.errors import SpecTypeError

P = ParamSpec("P")
R = TypeVar("R")

#: What other libraries call an argument, and what it may be called here.
_SYNONYMS = {
    "anomaly": ("anomalous", "anomalies"),
    "freq": ("step", "period", "frequency"),
    "frequency": ("period", "rate"),
    "interval": ("step", "period"),
    "length": ("duration", "window"),
    "loc": ("mean",),
    "max": ("high",),
    "maximum": ("high",),
    "min": ("low",),
    "minimum": ("low",),
    "mu": ("mean",),
    "nan": ("nan_policy",),
    "prob": ("p", "frequency"),
    "probability": ("p", "frequency"),
    "random_state": ("seed",),
    "rate": ("frequency",),
    "rng": ("seed", "random_state"),
    "scale": ("std", "sigma"),
    "score": ("scoring_mode",),
    "sd": ("std", "sigma"),
    "seed": ("random_state",),
    "seq_len": ("window",),
    "share": ("frequency",),
    "sigma": ("std",),
    "size": ("window", "rows"),
    "std": ("sigma", "scale"),
    "stddev": ("std", "sigma"),
    "step": ("stride",),
    "subsequence_length": ("window",),
}


class _SignatureOfInit:
    """What `inspect.signature` and `help` show: the arguments of ``__init__``, not those of ``__new__``."""

    def __get__(self, instance: object, owner: type[Any]) -> inspect.Signature:
        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class KnownKeywords:
    """A base class: a keyword that ``__init__`` does not take is a SpecTypeError that names the nearest one.

    >>> class Point(KnownKeywords):
    ...     def __init__(self, mean=0.0): ...
    >>> Point(loc=1.0)
    Traceback (most recent call last):
    paranom_rs.errors.SpecTypeError: Point.loc: must be one of mean; did you mean "mean"?
    """

    __slots__ = ()
    __signature__ = _SignatureOfInit()

    def __new__(cls, *args: Any, **keywords: Any) -> Self:
        if keywords:
            _check(cls.__name__, cls.__init__, keywords)
        return super().__new__(cls)


def known_keywords(make: Callable[P, R]) -> Callable[P, R]:
    """Check the keywords of a class that has a ``__new__`` or ``__slots__`` of its own; decorates what takes them."""

    @functools.wraps(make)
    def checked(*args: P.args, **keywords: P.kwargs) -> R:
        if keywords:
            _check(make.__qualname__.split(".")[-2], make, keywords)
        return make(*args, **keywords)

    return checked


def _check(name: str, make: Callable[..., Any], keywords: dict[str, Any]) -> None:
    """Raise SpecTypeError for the first keyword that the ``__init__`` or ``__new__`` of a class does not take."""
    names = list(inspect.signature(make).parameters)[1:]
    for keyword in keywords:
        if keyword not in names:
            hint = _nearest(keyword, names)
            meant = f'; did you mean "{hint}"?' if hint else ""
            rule = f"must be one of {', '.join(names)}{meant}" if names else "must not be given"
            raise SpecTypeError(f"{name}.{keyword}", rule)


def _nearest(name: str, names: list[str]) -> str | None:
    """Return the name that was meant, if one is near."""
    known = [other for other in _SYNONYMS.get(name.lower(), ()) if other in names]
    return next(iter([*known, *difflib.get_close_matches(name, names, 1)]), None)
