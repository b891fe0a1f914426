# Mirrors rust/paranom-py/src, file by file; checked by stubtest.
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Plan",
    "arrow_stream",
    "build_info",
]

# arrow.rs
def arrow_stream(columns: Sequence[tuple[str, Any]], times: Sequence[str]) -> object: ...

# info.rs
def build_info() -> dict[str, Any]: ...

# plan.rs
@final
class Plan:
    def __new__(cls, spec: dict[str, Any]) -> Plan: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def kinds(self) -> list[tuple[str, list[int]]]: ...
    @property
    def record(self) -> str: ...
    @property
    def series(self) -> list[NDArray[np.float64]]: ...
    @property
    def most_rows(self) -> int | None: ...
    def events(
        self, start: int, rows: int, /
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]: ...
    def fill(
        self,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[NDArray[Any]],
        labels: NDArray[np.int8],
        /,
        *,
        clean: bool,
        threads: int | None,
        progress: Callable[[int], None] | None,
    ) -> None: ...
