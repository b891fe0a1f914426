"""Watches on stores in the test's own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paranom_rs.watch import Watch
from support.watched import SETTINGS


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Watch]]:
    """Make watches: on the same store each time, unless another is named. The last one is closed first."""
    made: list[Watch] = []

    def new(name: str = "watch.db", **settings: Any) -> Watch:
        if made:
            made[-1].close()
        made.append(Watch(tmp_path / name, ["flow", "pressure", "speed"], **SETTINGS | settings))
        return made[-1]

    yield new
    for watch in made:
        watch.close()
