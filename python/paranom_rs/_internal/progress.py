"""The bar that long work shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paranom_rs._internal.checks import flag


class Progress:
    """A bar over units of work, if it is wanted: ``with`` gives what is to be told how many are done, else None."""

    def __init__(self, total: int, *, shown: bool, unit: str = "rows", what: str | None = None) -> None:
        self._bar: Any = None
        if flag("progress", shown):
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError('progress needs tqdm: pip install "paranom_rs[progress]"') from error
            self._bar = tqdm(total=total, unit=unit, unit_scale=True, desc=what)

    def __enter__(self) -> Callable[[int], None] | None:
        return None if self._bar is None else self._show

    def _show(self, done: int) -> None:
        self._bar.update(min(done, self._bar.total) - self._bar.n)

    def __exit__(self, kind: object, *_: object) -> None:
        if self._bar is not None:
            if kind is None:
                self._show(self._bar.total)
            self._bar.close()
