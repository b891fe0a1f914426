"""What the adapters share."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecError


def library(name: str) -> Any:
    """Import another library, or part of one; the error says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != top:
            raise
        raise ImportError(f"{top} is not installed: pip install {top}", name=top) from error


def unknown(name: str, library: str, known: Iterable[str]) -> SpecError:
    """Return the error for a name that the library does not have."""
    return SpecError("detector", f"must be one of {library}'s: {', '.join(sorted(known))}", shown(name))
