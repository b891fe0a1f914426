"""Every exception of the package.

::

    ParanomError
    ├── SpecError            (ValueError)   an argument or a spec breaks a rule
    ├── SpecTypeError        (TypeError)    an argument has the wrong type
    ├── StreamVersionError   (ValueError)   a spec or file made for another stream
    ├── NotFittedError       (ValueError, AttributeError)  a detector that has not learnt yet
    ├── StateError           (ValueError)   saved state that is cut off, changed or foreign
    ├── UniquenessError      (ValueError)   a row for which no unique datum is left
    ├── CallbackError        (RuntimeError) a callback that raised, or gave back what is no value
    ├── MismatchError        (ValueError)   a file that does not hold the rows its spec gives
    ├── AlreadyExistsError   (FileExistsError)  a file or folder that would be replaced
    ├── UnknownKeyError      (KeyError)     a process, a time or a name that is not there
    ├── OutOfMemoryError     (MemoryError)  the memory for a result cannot be had
    └── InternalError        (RuntimeError) a bug of ours: please report it

    DetectorWarning          (UserWarning)  a detector that is out of its depth
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Self

__all__ = [
    "AlreadyExistsError",
    "CallbackError",
    "DetectorWarning",
    "InternalError",
    "MismatchError",
    "NotFittedError",
    "OutOfMemoryError",
    "ParanomError",
    "SpecError",
    "SpecTypeError",
    "StateError",
    "StreamVersionError",
    "UniquenessError",
    "UnknownKeyError",
]


class ParanomError(Exception):
    """The base of every exception that this package raises on purpose."""


class _ArgumentError(ParanomError):
    """What `SpecError` and `SpecTypeError` share: an argument, the rule that it breaks, and what was given.

    Parameters
    ----------
    path
        The argument: ``"window"``, ``"variables.pressure.normal.std"``, or the path of a file.
    rule
        What must hold: ``"must be > 0"``.
    value
        What was given, as text; None where it says nothing.
    """

    def __init__(self, path: str | PathLike[str], rule: str, value: str | None = None) -> None:
        self.path, self.rule, self.value = str(path), rule, value
        super().__init__(self.path, rule, value)

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.rule}" + ("" if self.value is None else f", got {self.value}")

    def under(self, prefix: str) -> Self:
        """Return the same error for an argument that lies in ``prefix``: its path is ``prefix.path``."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        return type(self)(f"{prefix}{separator}{self.path}", self.rule, self.value)

    def within(self, file: str | PathLike[str]) -> Self:
        """Return the same error for a spec that lies in a file: its path is ``file: path``."""
        return type(self)(f"{file}: {self.path}" if self.path else str(file), self.rule, self.value)


class SpecError(_ArgumentError, ValueError):
    """An argument or a spec breaks a rule.

    Attributes
    ----------
    path, rule, value
        The argument, what must hold, and what was given (text, or None). The message says all three.
    """


class SpecTypeError(_ArgumentError, TypeError):
    """An argument has the wrong type.

    Attributes
    ----------
    path, rule, value
        The argument, what must hold, and what was given (text, or None). The message says all three.
    """


class StreamVersionError(ParanomError, ValueError):
    """A spec or a file was made for a stream that this version does not know."""


class NotFittedError(ParanomError, ValueError, AttributeError):
    """A detector was asked for scores before `fit`. Its bases are those of scikit-learn's error of that name."""


class StateError(ParanomError, ValueError):
    """Bytes that should hold saved state are cut off, changed, foreign or of another version."""


class UniquenessError(ParanomError, ValueError):
    """Hard uniqueness that cannot be met; nothing is delivered.

    Attributes
    ----------
    class_
        "normal" or "anomalous".
    row
        The row for which no unique datum is left.
    tries, datum
        How often it was drawn, and the last values by name. None where the distributions have too few values, which is
        found before anything is drawn.
    """

    def __init__(
        self,
        message: str,
        class_: str = "",
        row: int | None = None,
        tries: int | None = None,
        datum: dict[str, float] | None = None,
    ) -> None:
        super().__init__(message, class_, row, tries, datum)
        self.class_, self.row, self.tries, self.datum = class_, row, tries, datum

    def __str__(self) -> str:
        return str(self.args[0])


class CallbackError(ParanomError, RuntimeError):
    """A callback that raised (see ``__cause__``), or gave back what is no value; nothing is delivered.

    Attributes
    ----------
    variable
        The variable's name.
    class_
        "normal" or "anomalous".
    row
        The row it was called for, or the first one of its block.
    """

    def __init__(self, message: str, variable: str = "", class_: str = "", row: int | None = None) -> None:
        super().__init__(message, variable, class_, row)
        self.variable, self.class_, self.row = variable, class_, row

    def __str__(self) -> str:
        return str(self.args[0])


class MismatchError(ParanomError, ValueError):
    """A file that does not hold the rows its spec gives: it was changed, or made by something else.

    Attributes
    ----------
    path
        The file.
    row, column
        Where they differ first: a row number, and a name. None where the file as a whole differs.
    expected, found
        The two values, as text; None where the file as a whole differs.
    """

    def __init__(
        self,
        message: str,
        path: Path | None = None,
        row: int | None = None,
        column: str | None = None,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        super().__init__(message, path, row, column, expected, found)
        self.path, self.row, self.column, self.expected, self.found = path, row, column, expected, found

    def __str__(self) -> str:
        return str(self.args[0])


class AlreadyExistsError(ParanomError, FileExistsError):
    """A file or a folder is there, and ``overwrite`` is not set.

    Attributes
    ----------
    path, found
        The file or folder, and what is there: ``"exists"``.
    """

    def __init__(self, path: str | PathLike[str], found: str) -> None:
        self.path, self.found = str(path), found
        super().__init__(f"{path} {found}; overwrite=True replaces it")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.found)


class UnknownKeyError(ParanomError, KeyError):
    """A process, a detection time or a name that is not there."""

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return str(self.args[0]) if self.args else ""


class OutOfMemoryError(ParanomError, MemoryError):
    """The memory for a result cannot be had; nothing was computed."""


class InternalError(ParanomError, RuntimeError):
    """A bug in paranom_rs. Please report it with what you did."""


class DetectorWarning(UserWarning):
    """A detector is out of its depth: it says in which channel, and what helps."""
