"""Native functions as callbacks: compiled code that runs on the worker threads as it is."""

from __future__ import annotations

import ctypes
from typing import Any

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecTypeError

__all__ = ["NativeFunction"]

_WHOLE = ("row", "n", "event", "offset", "duration", "attempt")

#: What a native function must be, as a ctypes prototype: in C
#:
#:     void f(int64_t row, int64_t n, int64_t event, int64_t offset, int64_t duration, int64_t attempt,
#:            const uint64_t *random, double *out);
#:
#: ``NativeFunction(address)`` makes one of an address, ``NativeFunction(("name", library))`` of a loaded library's
#: function. ctypes cannot look into compiled code: what is there must have this signature, or the process crashes.
NativeFunction = ctypes.CFUNCTYPE(
    None, *[ctypes.c_int64] * len(_WHOLE), ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(ctypes.c_double)
)

#: The class of all functions that ctypes knows.
_Foreign: type[Any] = NativeFunction.__mro__[1]
_TYPES = list(NativeFunction._argtypes_)
_C = f"void ({', '.join(['int64_t'] * len(_WHOLE))}, uint64_t *, double *)"
_SPELLINGS = {
    "int64_t": "int64_t",
    "long long": "int64_t",
    "longlong": "int64_t",
    "uint64_t *": "uint64_t *",
    "unsigned long long *": "uint64_t *",
    "ulonglong *": "uint64_t *",
    "double *": "double *",
}
if ctypes.sizeof(ctypes.c_long) == 8:
    _SPELLINGS |= {"long": "int64_t", "unsigned long *": "uint64_t *", "ulong *": "uint64_t *"}


def is_native(value: Any) -> bool:
    """Whether a value is a ctypes function, a numba ``@cfunc`` or a `scipy.LowLevelCallable`."""
    return isinstance(value, _Foreign) or _is_numba(value) or _is_scipy(value)


def _is_numba(value: Any) -> bool:
    return type(value).__module__.startswith("numba.") and hasattr(value, "ctypes") and hasattr(value, "address")


def _is_scipy(value: Any) -> bool:
    return type(value).__name__ == "LowLevelCallable" and type(value).__module__.startswith("scipy.")


def native_address(path: str, value: Any) -> int:
    """Return where a native function's code is; its declared signature must be that of `NativeFunction`.

    Raises
    ------
    SpecTypeError
        For another signature, none, user data, or a null pointer.
    """
    if _is_numba(value):
        try:
            return native_address(path, value.ctypes)
        except TypeError as error:
            raise _wrong(path, value, str(error)) from None
    if _is_scipy(value):
        if value.user_data is not None:
            raise SpecTypeError(path, "must be a LowLevelCallable without user_data", shown(value))
        if isinstance(value.function, _Foreign):
            return native_address(path, value.function)
        if _spelled(value.signature) != _C:
            raise _wrong(path, value, value.signature)
        address = _pointer(tuple.__getitem__(value, 0), value.signature)
    else:
        if value.argtypes is None:
            raise _wrong(path, value, "none; set its argtypes and restype, or make it a NativeFunction")
        if list(value.argtypes) != _TYPES or value.restype is not None:
            result = getattr(value.restype, "__name__", value.restype)
            given = ", ".join(getattr(kind, "__name__", str(kind)) for kind in value.argtypes)
            raise _wrong(path, value, f"{result} ({given})")
        address = ctypes.cast(value, ctypes.c_void_p).value or 0
    if not address:
        raise SpecTypeError(path, "must be a native function", f"{value!r}, a null pointer")
    return address


def _wrong(path: str, value: Any, found: str) -> SpecTypeError:
    return SpecTypeError(path, f"must be a native function with the signature {_C}", f"{value!r} with {found}")


def _spelled(signature: str) -> str:
    """Return a C signature as `_C` spells it; unknown types stay as they are."""
    result, _, rest = signature.partition("(")
    arguments = []
    for text in rest.rstrip(") ").split(","):
        words = text.replace("*", " * ").split()
        kind = " ".join(word for word in words if word != "const")
        arguments.append(_SPELLINGS.get(kind, kind))
    return f"{result.strip()} ({', '.join(arguments)})"


def _pointer(capsule: Any, name: str) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    return prototype(ctypes.cast(get, ctypes.c_void_p).value or 0)(capsule, name.encode()) or 0
