"""Connections that only hold a place, and bodies that do not come."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn")

import uvicorn

from paranom_rs.watch import Watch
from paranom_rs.watch.app import make_app
from paranom_rs.watch.auth import Access
from paranom_rs.watch.connection import Connection

TOKEN = "operator-token-0123"


@pytest.fixture
def port(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server whose patience is short."""
    monkeypatch.setattr("paranom_rs.watch.connection._PATIENCE", 0.5)
    monkeypatch.setattr("paranom_rs.watch.auth._PATIENCE", 0.5)
    with (
        Watch(f"{tmp_path}/a.db", ["x"], threshold=1.0) as watch,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        config = uvicorn.Config(
            make_app(watch, access=Access(token=TOKEN)), http=Connection, log_config=None, lifespan="off",
            limit_concurrency=20,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def connect(port: int, text: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(text.encode())
    return connection


def status(port: int) -> int:
    with connect(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") as connection:
        return int(connection.recv(100).split()[1])


def test_half_requests_do_not_keep_others_out(port: int) -> None:
    assert status(port) == 200
    holding = [connect(port, half) for half in ("", "GET / HTTP/1.1\r\nHost: localhost\r\nX-More: ") for _ in range(15)]
    assert status(port) == 503
    deadline = time.monotonic() + 10
    while status(port) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for connection in holding:
        assert connection.recv(10) == b"", "it was closed"
        connection.close()


def test_a_second_request_has_to_come_whole_too(port: int) -> None:
    with connect(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        assert b"200" in connection.recv(1000)
        connection.sendall(b"GET /healthz")
        begin = time.monotonic()
        while connection.recv(1000):
            pass
        assert time.monotonic() - begin < 4


def test_a_body_that_does_not_come(port: int) -> None:
    head = f"POST /api/undo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    with connect(port, f"{head}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{{") as connection:
        assert connection.recv(1000).split()[1] == b"408"
