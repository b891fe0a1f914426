"""Callback variables: values from functions of the user's (Paranom paper, section 2.2)."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.native import is_native, native_address
from paranom_rs.generate.rule import Part, Rule, Transform

__all__ = ["Block", "Callback", "Context"]

#: What a scalar callback is given.
Context = _core.Context
Scalar = Callable[[Context], float]


class BadBlock(Exception):  # noqa: N818 (the text of a CallbackError, never seen outside)
    """What a vectorized callback gave back is no block of values."""


@dataclass(frozen=True)
class Block:
    """What a vectorized callback is given: arrays over the rows of one block.

    Attributes
    ----------
    row
        Row numbers, int64.
    t
        Timestamps, as `Dataset.t` has them.
    event
        The id of each row's event, int64, as in `Dataset.event`; -1 in a normal function.
    offset, duration
        Rows since the event began, and rows it lasts, int64; 0 in a normal function. (There, ``event``, ``offset`` and
        ``duration`` are read-only.)
    attempt
        Which try this is, from 0.

    Examples
    --------
    >>> from paranom_rs import Callback, Generator
    >>> def ramp(block):
    ...     return block.row * 0.5
    >>> Generator({"x": Callback(normal=ramp, vectorized=True)}).generate(4)["x"].tolist()
    [0.0, 0.5, 1.0, 1.5]
    """

    row: NDArray[np.int64]
    t: NDArray[Any]
    event: NDArray[np.int64]
    offset: NDArray[np.int64]
    duration: NDArray[np.int64]
    attempt: int
    _key: tuple[int, int]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def rng(self) -> np.random.Generator:
        """A new NumPy generator, the same for the same variable, class, block and try.

        NumPy may change how its generators make a distribution from their bits; `Context.rng` never changes.
        """
        return np.random.Generator(np.random.Philox(key=self._key[0] | self._key[1] << 64))


Vectorized = Callable[[Block], NDArray[Any]]
Function = Scalar | Vectorized | str


@dataclass(frozen=True, eq=False)
class Callback(Part):
    """A variable whose values come from functions: one for normal rows, one for anomalous rows.

    ``normal(ctx) -> float`` is called once for each normal row, ``anomalous(ctx) -> float`` for each row of an event
    that touches the variable, and neither for any other row. ``ctx`` (see `Context`) says which row it is, and brings
    random numbers that belong to that row: a function that uses only these gives the same values in every slice and
    on any number of threads.

    With ``vectorized=True`` the functions get a `Block` and give an array of its length. ``normal`` is always called
    for whole blocks of 32768 rows, with all their rows, and ``anomalous`` for all its rows of a block; what is not
    wanted is thrown away. So growth holds whatever the functions draw from ``block.rng``.

    With ``sequential=True`` the functions also see ``ctx.previous``, the last values of the variable as a tuple, oldest
    first: ``ctx.previous[-1]`` is that of the row before; at row 0 it is empty, and then it grows to ``previous``
    values. ``normal`` is asked for every row, in order, and sees its own last values, those of the clean copy: an event
    leaves no trace in the rows after it. ``anomalous`` sees the column as it is delivered, earlier rows of its event
    included. One thread walks the variable from row 0 on, also for a slice; batches remember where they are, and the
    other variables stay parallel. With ``warmup``, a function's memory is finite: for every block of 32768 rows it
    begins with an empty ``previous`` that many rows before the block, so slices are quick and blocks run in parallel;
    values that depend on more rows than that differ from those without ``warmup``, but are the same in every slice.

    Either function may be native: compiled code that runs without Python. A numba ``@cfunc``, a ctypes function or a
    `scipy.LowLevelCallable` with the signature of `NativeFunction`; ``vectorized`` says nothing about it.

    The functions run on worker threads, one block at a time each, and may use locks. A ``threading.local`` lasts as
    long as its worker thread: a run at most. With `Uniqueness`, a row may be asked for again, with ``attempt`` above 0;
    but not of a sequential variable: it is part of the datum, and its values stay, since later rows build on them.

    Parameters
    ----------
    normal, anomalous
        Functions, or import paths ``"module:function"``, which a TOML file can hold. ``anomalous`` may also be a rule
        or a transform, or None: then the variable stays normal unless an `Anomaly` brings a rule for it.
    vectorized
        Whether the functions take blocks.
    allow_nan
        Whether NaN is a value (a missing one) and not an error.
    sequential
        Whether the functions see the variable's last values, and so are asked for one row after the other.
    previous
        How many of them, 1 to 65536; 1 by default. With ``sequential`` only.
    warmup
        Rows before a block that the functions need to warm up, up to 2**32; None: all from row 0 on. With
        ``sequential`` only.
    missing
        When values are lost. ``previous`` holds them all the same.

    A generator knows a function by its name only: its fingerprint stays when the function's code changes. A number as
    ``anomalous`` is a constant value, however large: an address must be wrapped in a `NativeFunction`.

    Raises
    ------
    CallbackError
        From `Generator.generate`: a function raised (the error is its ``__cause__``), or gave back what is no value.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Callback, Generator
    >>> valve = Callback(normal=lambda ctx: ctx.row * 2.0, anomalous=lambda ctx: -1.0)
    >>> Generator({"valve": valve}, anomalies=Anomaly(events=[(2, 4)])).generate(5)["valve"].tolist()
    [0.0, 2.0, -1.0, -1.0, 8.0]
    """

    kind: ClassVar[str] = "callback"
    normal: Function
    anomalous: Function | Rule | Transform | float | None = None
    vectorized: bool = False
    allow_nan: bool = False
    sequential: bool = False
    previous: int | None = None
    warmup: int | None = None
    missing: Dropouts | None = None

    def __post_init__(self) -> None:
        for name in ("normal", "anomalous"):
            value = getattr(self, name)
            known = (Rule, Transform, int, float, type(None)) if name == "anomalous" else ()
            if not (callable(value) or is_native(value) or isinstance(value, (str, *known))):
                hint = "; NativeFunction(address) vouches for what is there" if isinstance(value, int) else ""
                raise SpecTypeError(
                    name, 'must be a function or its import path "module:function"', f"{shown(value)}{hint}"
                )


def load_functions(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec whose functions are such as the plan can call; import paths are imported."""
    variables, anomalies = spec.get("variables"), spec.get("anomalies")
    if not isinstance(variables, dict):
        return spec
    flags = {name: _flags(name, variable) for name, variable in variables.items()}
    loaded = spec | {"variables": {name: _variable(name, x, flags[name]) for name, x in variables.items()}}
    if isinstance(anomalies, list):
        loaded["anomalies"] = [_anomaly(i, anomaly, flags) for i, anomaly in enumerate(anomalies)]
    return loaded


#: The flags of functions in variables that are no callback variables, where a text is no import path.
_FLAGS = {"vectorized": False, "allow_nan": False}


def _flags(name: str, variable: Any) -> dict[str, bool]:
    if not isinstance(variable, dict) or variable.get("kind") != "callback":
        return _FLAGS
    flags = {flag: variable.get(flag, default) for flag, default in _FLAGS.items()}
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise SpecTypeError(f"variables.{name}.{flag}", "must be true or false", shown(value))
    return flags


def _variable(name: str, variable: Any, flags: dict[str, bool]) -> Any:
    if not isinstance(variable, dict):
        return variable
    return {
        key: _function(f"variables.{name}.{key}", value, flags) if key in ("normal", "anomalous") else value
        for key, value in variable.items()
    }


def _anomaly(number: int, anomaly: Any, flags: dict[str, dict[str, bool]]) -> Any:
    if not isinstance(anomaly, dict) or not isinstance(anomaly.get("values"), dict):
        return anomaly
    rules = {
        name: _function(f"anomalies[{number}].values.{name}", rule, flags.get(name, _FLAGS))
        for name, rule in anomaly["values"].items()
    }
    return anomaly | {"values": rules}


def _function(path: str, value: Any, flags: dict[str, bool]) -> Any:
    function, name = value, None
    if isinstance(value, str) and flags is not _FLAGS:
        function, name = _imported(path, value), value
    if is_native(function):
        address = native_address(path, function)
        return _core.Function.native(function, address, name or _name(function), allow_nan=flags["allow_nan"])
    return _core.Function(function, name or _name(function), **flags) if callable(function) else value


def _name(function: Any) -> str:
    if is_native(function):
        return f"native function {getattr(function, '__name__', repr(function))}"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    return f"{module}.{name}()" if module and name else repr(function)


def _imported(path: str, text: str) -> Any:
    """Return what an import path names. Importing runs the module, as any import does; nothing else is run."""
    module, colon, name = text.partition(":")
    if not (colon and module and name):
        raise SpecError(path, 'must be an import path "module:function"', shown(text))
    try:
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    except (ImportError, AttributeError) as error:
        raise SpecError(path, f"must be what can be imported ({error})", shown(text)) from error
    if not (callable(function) or is_native(function)):
        raise SpecTypeError(path, "must be a function", f"{text!r}, which is {type(function).__name__}")
    return function


def refuse_imports(spec: dict[str, Any]) -> None:
    """Refuse a spec that names functions by import path."""
    variables = spec.get("variables")
    if not isinstance(variables, dict):
        return
    callbacks = {n: x for n, x in variables.items() if isinstance(x, dict) and x.get("kind") == "callback"}
    named = [(f"variables.{n}.{key}", x.get(key)) for n, x in callbacks.items() for key in ("normal", "anomalous")]
    anomalies = spec.get("anomalies")
    for i, anomaly in enumerate(anomalies if isinstance(anomalies, list) else []):
        values = anomaly.get("values") if isinstance(anomaly, dict) else None
        if isinstance(values, dict):
            named += [(f"anomalies[{i}].values.{n}", x) for n, x in values.items() if n in callbacks]
    for path, value in named:
        if isinstance(value, str):
            raise SpecError(
                "import_functions",
                f"must be set to import the function {value!r}, which {path} names; importing runs code: set it "
                "only for a spec that you trust",
            )


def find_function(spec: dict[str, Any]) -> str | None:
    """Return the path of a function in a spec that stands there as itself, not as an import path."""
    variables = [(f"variables.{name}", x) for name, x in spec["variables"].items()]
    values = [(f"anomalies[{i}].values", x.get("values", {})) for i, x in enumerate(spec.get("anomalies", []))]
    for path, table in [*variables, *values]:
        for key, value in table.items():
            if callable(value) or is_native(value):
                return f"{path}.{key}"
    return None


@functools.lru_cache(maxsize=8)
def _constant(value: int, length: int) -> NDArray[np.int64]:
    """Return a read-only array of one value."""
    return np.broadcast_to(np.int64(value), length)


def run_block(
    function: Vectorized,
    row: NDArray[np.int64],
    t: NDArray[Any] | None,
    events: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None,
    attempt: int,
    key: tuple[int, int],
) -> NDArray[np.float64]:
    """Call a vectorized function and check what it gives back. ``events``: ids, offsets, durations."""
    if t is None:
        t = row
    if events is None:
        nothing = _constant(0, len(row))
        events = _constant(-1, len(row)), nothing, nothing
    values = function(Block(row, t, *events, attempt, key))
    if not isinstance(values, np.ndarray):
        raise BadBlock(f"must give an array, got {type(values).__name__}")
    if values.shape != row.shape:
        raise BadBlock(f"must give shape {row.shape}, got {values.shape}")
    if values.dtype.kind not in "fiub":
        raise BadBlock(f"must give real numbers, got dtype {values.dtype}")
    return np.ascontiguousarray(values, dtype=np.float64)
