"""Checks of arguments that never reach the core; the core checks the spec."""

from __future__ import annotations

import operator
import os
from pathlib import Path

from paranom_rs.errors import SpecError, SpecTypeError

__all__ = ["file_path", "whole"]


def whole(path: str, value: object, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number in a range; a float without a fraction will do."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise SpecTypeError(f"{path}: must be a whole number, got {value!r}") from None
    if number < least:
        raise SpecError(f"{path}: must be >= {least}, got {number}")
    if most is not None and number > most:
        raise SpecError(f"{path}: must be a whole number from {least} to {most}, got {number}")
    return number


def file_path(value: object) -> Path:
    """Return the path of a file."""
    if not isinstance(value, str | os.PathLike):
        raise SpecTypeError(f"path: must be a text or a path, got {value!r}")
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise SpecError(f"path: must be valid Unicode, got {value!r}") from None
    return Path(value)
