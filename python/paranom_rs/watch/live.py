"""The live stream to a browser: server-sent events, thinned for whoever reads slowly."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.optional import needs
from paranom_rs.watch.buckets import Buckets
from paranom_rs.watch.engine import Watch

with needs("Starlette", "watch", "paranom_rs.watch.app"):
    from anyio.to_thread import run_sync

__all__ = ["News", "events", "picture", "plain"]

#: Seconds from one event to the next: as many as the first one took to make, within these bounds.
_SHORTEST, _LONGEST = 0.01, 0.03
#: Seconds from one sign of life to the next.
_ALIVE = 5.0
#: Buckets in one event; what is more is left out, the oldest first: the page asks for history where it wants it.
_MOST = 2000


class News:
    """Wakes the streams when a watch has something new. `tell` may be called from any thread.

    Examples
    --------
    >>> import asyncio
    >>> from paranom_rs.watch.live import News
    >>> async def wait(news):
    ...     with news.bell() as bell:
    ...         news.tell()
    ...         return await asyncio.wait_for(bell.wait(), 1.0)
    >>> asyncio.run(wait(News()))
    True
    """

    def __init__(self) -> None:
        self._bells: list[_Bell] = []

    def tell(self) -> None:
        """Wake every stream that waits."""
        for bell in self._bells.copy():
            bell.ring()

    def bell(self) -> _Bell:
        """Return what a stream waits with, inside ``with``."""
        return _Bell(self._bells)


class _Bell(asyncio.Event):
    def __init__(self, bells: list[_Bell]) -> None:
        super().__init__()
        self._bells, self._home = bells, asyncio.get_running_loop()

    def ring(self) -> None:
        if not self.is_set() and not self._home.is_closed():
            self._home.call_soon_threadsafe(self.set)

    def __enter__(self) -> _Bell:
        self._bells.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._bells.remove(self)


async def events(
    watch: Watch,
    key: str,
    *,
    start: int,
    width: int,
    news: News,
    is_over: Callable[[], bool],
    revision: Callable[[], int],
) -> AsyncIterator[str]:
    """Give events: buckets from sample ``start`` on, as they come, and whatever changed.

    The place that a browser has reached is all that is kept of it. While it does not read, nothing is sent and nothing
    piles up: what it gets next covers more samples in as many buckets.
    """
    reached, seen = start // width * width, None
    with news.bell() as bell:
        while not is_over():
            bell.clear()
            state = watch.key(key)
            now = (state.position, state.threshold, state.alarm, revision())
            if now == seen:
                try:
                    await asyncio.wait_for(bell.wait(), _ALIVE)
                except TimeoutError:
                    yield "event: alive\ndata:\n\n"
                continue
            begin, seen = time.monotonic(), now
            reached = max(reached, (state.position // width - _MOST) * width)
            data: dict[str, Any] = {
                "position": state.position,
                "threshold": state.threshold,
                "alarm": state.alarm,
                "revision": now[-1],
            }
            if state.position > reached:
                data["buckets"] = picture(await run_sync(watch.buckets, key, reached, state.position, width))
                # The last bucket is sent again until it is full.
                reached = state.position // width * width
            text = f"data: {json.dumps(data)}\n\n"
            took = time.monotonic() - begin
            yield text
            await asyncio.sleep(min(max(_SHORTEST, took), _LONGEST))


def picture(buckets: Buckets) -> dict[str, Any]:
    """Return buckets for JSON: channels first, numbers as `packed` gives them, NaN for what is missing.

    Buckets of one sample each have no ``high``: it is ``low``.
    """
    return {
        "width": buckets.width,
        "number": packed(buckets.number),
        "t": packed(buckets.t),
        "low": packed(buckets.low.T),
        "high": None if buckets.width == 1 else packed(buckets.high.T),
        "score": packed(buckets.score),
        "contributions": packed(buckets.contributions.T),
    }


def packed(values: NDArray[Any]) -> str:
    """Return numbers as the base64 of their float64: all their bits, in a tenth of the time that decimals take."""
    return base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()


def plain(values: NDArray[Any]) -> list[Any]:
    """Return numbers as lists, None for what is not finite."""
    return np.where(np.isfinite(values), values, None).tolist()  # type: ignore[no-any-return, call-overload]
