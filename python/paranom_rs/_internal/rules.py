"""Rules for parameters, as data: each checks a value, and names values that it refuses, from which tests are made."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from paranom_rs._internal import checks
from paranom_rs.errors import SpecError, SpecTypeError


class Rule(ABC):
    """What a parameter must be."""

    @abstractmethod
    def check(self, path: str, value: Any) -> None:
        """Raise SpecError or SpecTypeError for a value that breaks the rule."""

    @property
    @abstractmethod
    def refused(self) -> tuple[Any, ...]:
        """Values that break the rule."""


@dataclass(frozen=True)
class Whole(Rule):
    """A whole number from ``least`` to ``most``."""

    least: int = 0
    most: int | None = None

    def check(self, path: str, value: Any) -> None:
        checks.whole(path, value, least=self.least, most=self.most)

    @property
    def refused(self) -> tuple[Any, ...]:
        beyond = () if self.most is None else (self.most + 1,)
        return (self.least - 1, 1.5, "3", True, None, *beyond)


@dataclass(frozen=True)
class Positive(Rule):
    """A finite number above 0, ``most`` at most."""

    most: float = math.inf

    def check(self, path: str, value: Any) -> None:
        checks.positive(path, value)
        checks.at_most(path, value, self.most)

    @property
    def refused(self) -> tuple[Any, ...]:
        beyond = () if self.most == math.inf else (2 * self.most,)
        return (0, -1.0, math.nan, math.inf, "1", True, None, *beyond)


@dataclass(frozen=True)
class Share(Rule):
    """A number above 0 and below 1; with ``ends`` also 0 and 1, with ``from_0`` also 0."""

    ends: bool = False
    from_0: bool = False

    def check(self, path: str, value: Any) -> None:
        if self.from_0:
            checks.at_least_0(path, value, below=1)
            return
        if not self.ends:
            checks.share(path, value)
            return
        checks.at_least_0(path, value)
        checks.at_most(path, value, 1.0)

    @property
    def refused(self) -> tuple[Any, ...]:
        bounds = () if self.ends else (1,) if self.from_0 else (0, 1)
        return (-0.5, 1.5, math.nan, "0.5", None, *bounds)


@dataclass(frozen=True)
class AtLeast0(Rule):
    """A finite number, 0 or more."""

    def check(self, path: str, value: Any) -> None:
        checks.at_least_0(path, value)

    @property
    def refused(self) -> tuple[Any, ...]:
        return (-1.0, math.nan, math.inf, "1", True, None)


@dataclass(frozen=True)
class Trim(Rule):
    """A share from 0 to less than a half."""

    def check(self, path: str, value: Any) -> None:
        checks.at_least_0(path, value, below=0.5)

    @property
    def refused(self) -> tuple[Any, ...]:
        return (-0.1, 0.5, math.nan, "0.1", None)


@dataclass(frozen=True)
class OneOf(Rule):
    """One of some words."""

    words: tuple[str, ...]

    def check(self, path: str, value: Any) -> None:
        checks.one_of(path, value, self.words)

    @property
    def refused(self) -> tuple[Any, ...]:
        return ("no such word", 1, None)


@dataclass(frozen=True)
class Text(Rule):
    """A text that is not empty."""

    def check(self, path: str, value: Any) -> None:
        if not isinstance(value, str):
            raise SpecTypeError(path, "must be a text", type(value).__name__)
        if not value:
            raise SpecError(path, "must not be empty", checks.shown(value))

    @property
    def refused(self) -> tuple[Any, ...]:
        return ("", 1, None)


@dataclass(frozen=True)
class Flag(Rule):
    """True or False."""

    def check(self, path: str, value: Any) -> None:
        checks.flag(path, value)

    @property
    def refused(self) -> tuple[Any, ...]:
        return (1, "yes", None)


@dataclass(frozen=True)
class OrNone(Rule):
    """What another rule says, or None: the data decide."""

    rule: Rule

    def check(self, path: str, value: Any) -> None:
        if value is not None:
            self.rule.check(path, value)

    @property
    def refused(self) -> tuple[Any, ...]:
        return tuple(value for value in self.rule.refused if value is not None)
