"""The live stream to a browser: server-sent events, thinned for whoever reads slowly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from paranom_rs._internal.optional import needs
from paranom_rs.watch.buckets import Buckets
from paranom_rs.watch.engine import Watch

with needs("Starlette", "watch", "paranom_rs.watch.app"):
    from anyio.to_thread import run_sync

__all__ = ["events", "picture"]

#: Seconds from one look for news to the next, and from one sign of life to the next.
_LOOK, _ALIVE = 0.04, 5.0
#: Buckets in one event; what is more is left out, the oldest first: the page asks for history where it wants it.
_MOST = 2000


async def events(
    watch: Watch, key: str, *, start: int, width: int, is_over: Callable[[], bool], revision: Callable[[], int]
) -> AsyncIterator[str]:
    """Give events: buckets from sample ``start`` on, as they come, and whatever changed.

    The place that a browser has reached is all that is kept of it. While it does not read, nothing is sent and nothing
    piles up: what it gets next covers more samples in as many buckets.
    """
    reached, seen, quiet = start // width * width, None, 0.0
    while not is_over():
        state = watch.key(key)
        news = (state.position, state.threshold, state.alarm, revision())
        if news == seen:
            quiet += _LOOK
            if quiet >= _ALIVE:
                quiet = 0.0
                yield "event: alive\ndata:\n\n"
            await asyncio.sleep(_LOOK)
            continue
        seen, quiet = news, 0.0
        reached = max(reached, (state.position // width - _MOST) * width)
        data: dict[str, Any] = {
            "position": state.position,
            "threshold": state.threshold,
            "alarm": state.alarm,
            "revision": news[-1],
        }
        if state.position > reached:
            data["buckets"] = picture(await run_sync(watch.buckets, key, reached, state.position, width))
            # The last bucket is sent again until it is full.
            reached = state.position // width * width
        yield f"data: {json.dumps(data)}\n\n"
        await asyncio.sleep(_LOOK)


def picture(buckets: Buckets) -> dict[str, Any]:
    """Return buckets as JSON: channels first; null for what is missing."""
    return {
        "width": buckets.width,
        "number": buckets.number.tolist(),
        "t": plain(buckets.t),
        "low": plain(buckets.low.T),
        "high": plain(buckets.high.T),
        "score": plain(buckets.score),
        "contributions": plain(buckets.contributions.T.astype(np.float64).round(3)),
        "flags": buckets.flags.tolist(),
    }


def plain(values: np.ndarray[Any, np.dtype[Any]]) -> list[Any]:
    """Return numbers as lists, None for what is not finite."""
    return np.where(np.isfinite(values), values, None).tolist()  # type: ignore[no-any-return, call-overload]
