"""The file of a detector: one header in JSON, arrays as they lie in memory, a checksum. Reading it runs no code.

::

    8 bytes   b"PARANOMD"
    4 bytes   version, little-endian
    8 bytes   length of the header, little-endian
    header    JSON in UTF-8: detector (name of the class), parameters, values, arrays [[name, dtype, shape], ...]
    arrays    one behind the other, C order, little-endian
    32 bytes  SHA-256 of all before
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecTypeError, StateError

MAGIC = b"PARANOMD"
VERSION = 1
_HEAD = len(MAGIC) + 4 + 8
_TAIL = 32
_DTYPES = ("<f8", "<i8", "<i4", "|i1", "|u1", "|b1")


class DetectorState(NamedTuple):
    """What a file holds."""

    detector: str
    """The name of the class."""
    parameters: dict[str, Any]
    values: dict[str, Any]
    """Numbers, texts and lists of them."""
    arrays: dict[str, NDArray[Any]]


def pack(state: DetectorState) -> bytes:
    """Return the bytes of a file."""
    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    kinds = [[name, array.dtype.newbyteorder("<").str, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps(
        {"detector": state.detector, "parameters": state.parameters, "values": state.values, "arrays": kinds}
    ).encode()
    parts = [MAGIC, VERSION.to_bytes(4, "little"), len(header).to_bytes(8, "little"), header]
    parts += [array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes() for array in arrays.values()]
    body = b"".join(parts)
    return body + hashlib.sha256(body).digest()


def unpack_of(data: bytes, name: str) -> DetectorState:
    """Return what the bytes of a file of this class hold; raises as `unpack`, and for another class.

    Raises
    ------
    SpecTypeError
        For what is no bytes.
    StateError
        As `unpack`; and for another class.
    """
    if not isinstance(data, bytes):
        raise SpecTypeError("data", "must be bytes", type(data).__name__)
    state = unpack(data)
    if state.detector != name:
        raise StateError(f"the file of another detector: {state.detector}, not {name}")
    return state


def unpack(data: bytes) -> DetectorState:
    """Return what the bytes of a file hold.

    Raises
    ------
    StateError
        For bytes that are cut off, changed, foreign, or of another version.
    """
    if len(data) < _HEAD + _TAIL or not data.startswith(MAGIC):
        raise StateError("not the file of a detector: it does not begin like one")
    version = int.from_bytes(data[8:12], "little")
    if version != VERSION:
        raise StateError(f"a detector's file of version {version}: this release reads version {VERSION}")
    body, digest = data[:-_TAIL], data[-_TAIL:]
    if hashlib.sha256(body).digest() != digest:
        raise StateError("a damaged file of a detector: the checksum differs")
    end = _HEAD + int.from_bytes(data[12:_HEAD], "little")
    try:
        header = json.loads(body[_HEAD:end].decode())
        kinds = [(str(name), str(dtype), tuple(map(int, shape))) for name, dtype, shape in header["arrays"]]
        found = DetectorState(str(header["detector"]), dict(header["parameters"]), dict(header["values"]), {})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StateError(f"a damaged file of a detector: its header cannot be read ({error})") from None
    for name, dtype, shape in kinds:
        if dtype not in _DTYPES or not all(0 <= side <= len(body) for side in shape):
            raise StateError(f"a damaged file of a detector: array {name!r} of {dtype} and shape {shape}")
        count = math.prod(shape)
        size = count * np.dtype(dtype).itemsize
        if end + size > len(body):
            raise StateError("a damaged file of a detector: it is cut off")
        array = np.frombuffer(body, dtype, count, end).reshape(shape)
        found.arrays[name] = array.astype(np.dtype(dtype).newbyteorder("="), copy=True)
        end += size
    if end != len(body):
        raise StateError("a damaged file of a detector: bytes are left over")
    return found
