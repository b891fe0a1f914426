"""The rule for the processes that a detector is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paranom_rs._internal.checks import shown
from paranom_rs._internal.rules import Rule
from paranom_rs.errors import SpecError, SpecTypeError


class KnownProcesses(Rule):
    """``"infer"``, a sequence of keys, or None."""

    def check(self, path: str, value: Any) -> None:
        """Raise SpecError or SpecTypeError for what is none of these."""
        if isinstance(value, str) and value != "infer":
            raise SpecError(path, "must be one of 'infer'", shown(value))
        if value is not None and not isinstance(value, Sequence):
            raise SpecTypeError(path, "must be a sequence of names", type(value).__name__)

    @property
    def refused(self) -> tuple[Any, ...]:
        """Values that break the rule."""
        return ("no such word", 3)
