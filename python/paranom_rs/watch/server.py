"""A watch, its feed and its page, in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from paranom_rs._internal.checks import shown
from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError
from paranom_rs.watch.app import make_app
from paranom_rs.watch.auth import LOCAL, Access
from paranom_rs.watch.connection import Connection
from paranom_rs.watch.engine import Watch
from paranom_rs.watch.feeds.pump import Pump
from paranom_rs.watch.feeds.samples import Feed

with needs("uvicorn", "watch", "paranom watch"):
    import uvicorn

__all__ = ["serve"]

#: Connections at once, and seconds that open ones are given at the end.
_MOST_CONNECTIONS, _GRACE = 400, 3
#: Seconds that a thread may keep Python to itself while others wait: a request has several turns, each behind the feed.
_TURN = 0.001


class _Server(uvicorn.Server):
    """A server that ends the live streams when it is told to stop: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)


def serve(
    watch: Watch,
    feed: Feed,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    access: Access | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Read the feed and serve the page until SIGINT or SIGTERM; then store what is under way, and return.

    Parameters
    ----------
    watch, feed
        What is watched, and what with.
    host, port
        Where the page is. Port 0: a free one.
    access
        Who gets in. Another host than this machine's own names needs a token or a proxy's header.
    ready
        Called with the address once the page can be opened.

    Raises
    ------
    SpecError
        A host that others can reach, and nothing that keeps them out.
    OSError
        The port is not free.
    """
    access = Access() if access is None else access
    if access.is_open and host not in LOCAL:
        rule = "must be 127.0.0.1 or localhost where there is no token and no header of a proxy"
        raise SpecError("host", rule, shown(host))
    pump = Pump(watch, feed)
    app = make_app(watch, access=access, feed=pump.status)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        http=Connection,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=30,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        address = f"[{host}]" if ":" in host else host
        pump.start()
        try:
            server = _Server(config, app.state.stop)
            if ready is not None:
                ready(f"http://{address}:{listening.getsockname()[1]}/")
            with _quiet_signals(), _short_turns():
                asyncio.run(server.serve([listening]))
        finally:
            pump.stop()


@contextlib.contextmanager
def _short_turns() -> Any:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def _quiet_signals() -> Any:
    """Let the server's end by a signal be an end like others: uvicorn raises the signal again afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sig: signal.signal(sig, lambda *_: None) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
