"""Connections to the page: those that only hold a place are closed."""

from __future__ import annotations

import asyncio
from typing import Any

from paranom_rs._internal.optional import needs

with needs("uvicorn", "watch", "paranom watch"):
    from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection"]

#: Seconds that the head of a request may take.
_PATIENCE = 10.0


class Connection(H11Protocol):
    """HTTP as uvicorn speaks it; a connection on which no whole request has come for some seconds is closed.

    Without this some hundred connections with half a request each keep everybody else out.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Expect a request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take bytes; go on waiting unless they end the head of a request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._waiting is None:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._waiting = self.loop.call_later(_PATIENCE, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
