"""The bar that long work shows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from paranom_rs._internal.checks import flag
from paranom_rs._internal.optional import require


def bar_class() -> Any:
    """Return tqdm's bar. That a notebook has no widgets is not worth a warning: the bar is text then."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        return require("tqdm.auto", "progress", "progress").tqdm


class Progress:
    """A bar over units of work: ``with`` gives a function to call with the units done so far, or None if not shown."""

    def __init__(self, total: int, *, shown: bool, unit: str = "rows", what: str | None = None) -> None:
        self._bar: Any = None
        if flag("progress", shown):
            self._bar = bar_class()(total=total, unit=unit, unit_scale=True, desc=what)

    def __enter__(self) -> Callable[[int], None] | None:
        return None if self._bar is None else self._show

    def _show(self, done: int) -> None:
        self._bar.update(min(done, self._bar.total) - self._bar.n)

    def __exit__(self, kind: object, *_: object) -> None:
        if self._bar is not None:
            if kind is None:
                self._show(self._bar.total)
            self._bar.close()
