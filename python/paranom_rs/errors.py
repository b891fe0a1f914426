"""Every exception of the package.

::

    ParanomError
    ├── SpecError            (ValueError)   an argument or a spec breaks a rule
    ├── SpecTypeError        (TypeError)    an argument has the wrong type
    ├── StreamVersionError   (ValueError)   a spec or file made for another stream
    ├── StateError           (ValueError)   saved state that is cut off, changed or foreign
    ├── UnknownKeyError      (KeyError)     a process, a time or a name that is not there
    ├── OutOfMemoryError     (MemoryError)  the memory for a result cannot be had
    └── InternalError        (RuntimeError) a bug of ours: please report it
"""

from __future__ import annotations

__all__ = [
    "InternalError",
    "OutOfMemoryError",
    "ParanomError",
    "SpecError",
    "SpecTypeError",
    "StateError",
    "StreamVersionError",
    "UnknownKeyError",
]


class ParanomError(Exception):
    """The base of every exception that this package raises on purpose."""


class SpecError(ParanomError, ValueError):
    """An argument or a spec breaks a rule; the message names its path, the value and the rule."""


class SpecTypeError(ParanomError, TypeError):
    """An argument has the wrong type; the message names its path, the type and what is wanted."""


class StreamVersionError(ParanomError, ValueError):
    """A spec or a file was made for a stream that this version does not know."""


class StateError(ParanomError, ValueError):
    """Bytes that should hold saved state are cut off, changed, foreign or of another version."""


class UnknownKeyError(ParanomError, KeyError):
    """A process, a detection time or a name that is not there."""

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return str(self.args[0]) if self.args else ""


class OutOfMemoryError(ParanomError, MemoryError):
    """The memory for a result cannot be had; nothing was computed."""


class InternalError(ParanomError, RuntimeError):
    """A bug in paranom_rs. Please report it with what you did."""
