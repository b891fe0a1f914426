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
    """The base of every exception that this package raises on purpose.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, ParanomError, Stochastic
    >>> try:
    ...     Generator({"x": Stochastic(Normal(0, -1))})
    ... except ParanomError as error:
    ...     type(error).__name__
    'SpecError'
    """


class _ArgumentError(ParanomError):
    """What `SpecError` and `SpecTypeError` share: an argument, the rule that it breaks, and what was given.

    Parameters
    ----------
    path
        The argument: ``"window"``, ``"variables.pressure.normal.std"``, or the path of a file.
    rule
        What must hold: ``"must be > 0"``.
    value
        What was given, as text, of which the message shows the beginning; None where it says nothing.
    """

    def __init__(self, path: str | PathLike[str], rule: str, value: str | None = None) -> None:
        self.path, self.rule, self.value = str(path), rule, _cut(value)
        super().__init__(self.path, rule, self.value)

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


def _cut(value: str | None) -> str | None:
    """Return a value as a message shows it: 500 characters of it at most."""
    return value if value is None or len(value) <= 500 else f"{value[:496]}..."


class SpecError(_ArgumentError, ValueError):
    """An argument or a spec breaks a rule.

    Attributes
    ----------
    path, rule, value
        The argument, what must hold, and what was given (text, or None). The message says all three.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, SpecError, Stochastic
    >>> try:
    ...     Generator({"x": Stochastic(Normal(0, -1))})
    ... except SpecError as error:
    ...     error.path, error.rule, error.value
    ('variables.x.normal.std', 'must be >= 0', '-1')
    """


class SpecTypeError(_ArgumentError, TypeError):
    """An argument has the wrong type.

    Attributes
    ----------
    path, rule, value
        The argument, what must hold, and what was given (text, or None). The message says all three.

    Examples
    --------
    >>> from paranom_rs import Normal, SpecTypeError
    >>> try:
    ...     Normal(loc=1)
    ... except SpecTypeError as error:
    ...     print(error)
    Normal.loc: must be one of mean, std, low, high; did you mean "mean"?
    """


class StreamVersionError(ParanomError, ValueError):
    """A spec or a file was made for a stream that this version does not know.

    Examples
    --------
    >>> from paranom_rs import Generator, StreamVersionError
    >>> try:
    ...     Generator.from_spec({"stream": 99, "variables": {"x": {"kind": "stochastic", "normal": 1.0}}})
    ... except StreamVersionError as error:
    ...     type(error).__name__
    'StreamVersionError'
    """


class NotFittedError(ParanomError, ValueError, AttributeError):
    """A detector was asked for scores before `fit`. Its bases are those of scikit-learn's error of that name.

    Examples
    --------
    >>> from paranom_rs import NotFittedError, ZScore
    >>> try:
    ...     ZScore().predict([[1.0]])
    ... except NotFittedError as error:
    ...     print(error)
    ZScore: call fit first
    """


class StateError(ParanomError, ValueError):
    """Bytes that should hold saved state are cut off, changed, foreign or of another version.

    Examples
    --------
    >>> from paranom_rs import RAMP, StateError
    >>> try:
    ...     RAMP.from_bytes(b"rubbish")
    ... except StateError as error:
    ...     type(error).__name__
    'StateError'
    """


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

    Examples
    --------
    >>> from paranom_rs import Generator, Hard, Integers, Stochastic, Uniqueness, UniquenessError
    >>> gen = Generator({"x": Stochastic(Integers(0, 2))}, uniqueness=Uniqueness(normal=Hard(tries=5)), seed=1)
    >>> try:
    ...     gen.generate(3)
    ... except UniquenessError as error:
    ...     error.row
    2
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

    Examples
    --------
    >>> from paranom_rs import Callback, CallbackError, Generator
    >>> try:
    ...     Generator({"x": Callback(normal=lambda ctx: 1 / 0)}).generate(3)
    ... except CallbackError as error:
    ...     error.variable, error.row
    ('x', 0)
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

    Examples
    --------
    >>> from paranom_rs import Generator, MismatchError, Normal, Stochastic, verify
    >>> _ = Generator({"x": Stochastic(Normal())}, seed=1).write("x.csv", rows=10)
    >>> try:
    ...     verify("x.csv", Generator({"x": Stochastic(Normal())}, seed=2))
    ... except MismatchError as error:
    ...     error.row, error.column
    (0, 'x')
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

    Examples
    --------
    >>> from paranom_rs import AlreadyExistsError, Generator, Normal, Stochastic
    >>> gen = Generator({"x": Stochastic(Normal())})
    >>> _ = gen.write("x.csv", rows=10)
    >>> try:
    ...     gen.write("x.csv", rows=10)
    ... except AlreadyExistsError as error:
    ...     "overwrite" in str(error)
    True
    """

    def __init__(self, path: str | PathLike[str], found: str) -> None:
        self.path, self.found = str(path), found
        super().__init__(f"{path} {found}; overwrite=True replaces it")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.found)


class UnknownKeyError(ParanomError, KeyError):
    """A process, a detection time or a name that is not there.

    Examples
    --------
    >>> from paranom_rs import Generator, Normal, Stochastic, UnknownKeyError
    >>> try:
    ...     Generator({"x": Stochastic(Normal())}).generate(3)["y"]
    ... except UnknownKeyError as error:
    ...     print(error)
    'y' is no variable; there are x
    """

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return str(self.args[0]) if self.args else ""


class OutOfMemoryError(ParanomError, MemoryError):
    """The memory for a result cannot be had; nothing was computed.

    Examples
    --------
    >>> from paranom_rs import OutOfMemoryError, ParanomError
    >>> issubclass(OutOfMemoryError, (ParanomError, MemoryError))
    True
    """


class InternalError(ParanomError, RuntimeError):
    """A bug in paranom_rs. Please report it with what you did.

    Examples
    --------
    >>> from paranom_rs import InternalError, ParanomError
    >>> issubclass(InternalError, (ParanomError, RuntimeError))
    True
    """


class DetectorWarning(UserWarning):
    """A detector is out of its depth: it says in which channel, and what helps.

    Examples
    --------
    >>> import numpy as np
    >>> import warnings
    >>> from paranom_rs import ZScore
    >>> with warnings.catch_warnings(record=True) as heard:
    ...     warnings.simplefilter("always")
    ...     _ = ZScore().fit(np.zeros((100, 1)))
    >>> heard[0].category.__name__
    'DetectorWarning'
    """
