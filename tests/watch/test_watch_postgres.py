"""The store in a real PostgreSQL server, which the test starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paranom_rs import RAMP, SpecError
from paranom_rs.watch import Watch
from support.watched import SETTINGS, feed, stream

pytest.importorskip("psycopg")


def program(name: str) -> str | None:
    found = shutil.which(name) or next(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), None)
    # Beside a script of the same name lies the server itself.
    return None if found is None else os.path.realpath(found)


if program("initdb") is None or program("pg_ctl") is None:
    pytest.skip("needs PostgreSQL's server", allow_module_level=True)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own; return a URL without the database."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a short path: names of sockets are short
    # The server refuses to run as root.
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        prefix = ["runuser", "-u", "nobody", "--"]

    def call(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, capture_output=True, cwd=folder)

    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    assert initdb is not None
    assert pg_ctl is not None
    data = str(folder / "data")
    try:
        call(initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        call(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            call(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_everything_as_with_sqlite(server: str) -> None:
    X, channels = stream(), ["flow", "druck ü", "speed"]
    given = SETTINGS | {"keep": 4096}
    with Watch(server, channels, **given) as watch:
        feed(watch, X[:920], key="ключ")
        with pytest.raises(SpecError, match="must not be open in another process"):
            Watch(server, channels, **given)
        second, first = watch.alarms("ключ")
        one = watch.feedback(second.id, real=False, who="Ada")
        assert one.muted == [second.id]
        watch.feedback(first.id, real=True)
        watch.set_threshold(1.5, "ключ")
    with Watch(server, channels, **given) as watch:
        feed(watch, X[920:], first=920, key="ключ")
        for action in watch.actions(only_held=True):
            watch.undo(action.id)
        expected = RAMP(3, window=5, reference=200, threshold=1.0)
        expected.score(X)
        assert watch.detector("ключ").to_bytes() == expected.to_bytes()
        feed(watch, stream(6000, seed=2)[:3000], first=3000, key="ключ")
        assert watch.buckets("ключ", 0, 6000, 64).width == 256
        assert watch.is_ready()
        with pytest.raises(SpecError, match="must have"):
            watch.update_many(X[:1, :2])
    with pytest.raises(OSError, match="cannot be opened"):
        Watch("postgresql://postgres@/postgres?host=/nonexistent", channels)
