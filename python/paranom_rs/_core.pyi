# Mirrors rust/paranom-py/src, file by file; checked by stubtest.
from typing import Any

__all__ = [
    "build_info",
]

# info.rs
def build_info() -> dict[str, Any]: ...
