"""``paranom watch``: feeds, restarts, kills, refusals."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import RAMP
from paranom_rs.cli import main
from paranom_rs.watch import Watch
from support.watched import stream
from support.watching import Watching


def settings(path: Path, channels: list[str], **more: object) -> Watch:
    """The store of a command with its defaults."""
    given = {"window": 20, "reference": 500, "scale": "mad", "refresh": "sliding", "min_gap": 20, "threshold": None}
    return Watch(path, channels, **given | more)  # type: ignore[arg-type]


def test_a_plant_is_watched(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "plant.toml")]) == 0
    with Watching(tmp_path, "plant.toml", "--rate", "3000") as watching:
        status = watching.wait(lambda status: status["samples"] > 6000)  # of which 6,000 are its history
        assert watching.get("api/alarms?all=1")["alarms"]
        assert status["feed"]["state"] == "running"
        assert watching.get("api/me")["channels"] == ["pressure", "temperature", "valve", "controller"]
        with urllib.request.urlopen(watching.url) as page:
            assert b"paranom watch" in page.read()
        assert watching.stop() == 0
        assert "channels: pressure, temperature, valve, controller" in watching.log[0]
    with settings(tmp_path / "plant.toml.watch.db", ["pressure", "temperature", "valve", "controller"]) as watch:
        assert watch.key("").position == int(watch.feed_position or "")
        assert watch.threshold() is not None


def test_a_growing_file_loses_nothing_by_kills(tmp_path: Path) -> None:
    X, chance = stream(3000), random.Random(1)
    path = tmp_path / "feed.csv"
    path.write_text("t,a,b,c\n")
    written = 0

    def write(n: int) -> None:
        nonlocal written
        with path.open("a") as file:
            for i in range(written, written + n):
                file.write(",".join(map(repr, [float(i), *X[i].tolist()])) + "\n")
        written += n

    write(1)
    command = ("feed.csv", "--follow", "--threshold", "1", "--reference", "200")
    for _ in range(8):
        with Watching(tmp_path, *command) as watching:
            for _ in range(5):
                write(chance.randrange(1, 70))
                time.sleep(chance.random() * 0.05)
            watching.stop(signal.SIGKILL)
    with Watching(tmp_path, *command) as watching:
        watching.wait(lambda status: watching.get("api/keys")["keys"][0]["position"] == written)
        assert watching.stop(signal.SIGINT) == 0
    with settings(tmp_path / "feed.csv.watch.db", ["a", "b", "c"], threshold=1.0, reference=200) as watch:
        rows = watch.rows()
        np.testing.assert_array_equal(rows.t, np.arange(written))
        np.testing.assert_array_equal(rows.X, X[:written])
        expected = RAMP(3, threshold=1.0, window=20, reference=200, scale="mad", refresh="sliding", min_gap=20)
        np.testing.assert_array_equal(rows.score, expected.score(X[:written]).score)


def test_standard_input_and_hooks(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    told: list[tuple[str, object]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(503 if len(told) == 1 else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{receiver.server_port}"
    reading, writing = os.pipe()
    os.write(writing, b"t,flow,<b>\n0,0,0\n")
    hooks = ("--webhook", f"{address}/hook", "--alertmanager", address, "--log", "json")
    try:
        with Watching(tmp_path, "-", "--threshold", "1", *hooks, stdin=reading) as watching:
            X = stream(600)
            lines = "".join(f"{i},{x!r},{y!r}\n" for i, (x, y) in enumerate(X[:, :2].tolist(), 1))
            os.write(writing, lines.encode())
            os.close(writing)
            watching.wait(lambda status: status["feed"]["state"] == "ended")
            assert watching.stop() == 0
            events = [json.loads(line) for line in watching.log[2:]]
    finally:
        os.close(reading)
        receiver.shutdown()
        receiver.server_close()
    began = [event for event in events if "began" in event["message"]]
    assert began[-1]["channel"] == "<b>"
    plain = [body for path, body in told if path == "/hook"]
    alerts = [body for path, body in told if path == "/api/v2/alerts"]
    assert len({json.dumps(body) for body in plain}) == len({json.dumps(body) for body in alerts}) >= len(began)
    assert isinstance(plain[-1], dict)
    assert plain[-1]["state"] == "ended"
    assert isinstance(alerts[-1], list)
    assert alerts[-1][0]["labels"] == alerts[-2][0]["labels"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["feed.csv", "--host", "0.0.0.0"], 2, "--host: must be 127.0.0.1 or localhost"),
        (["feed.txt"], 2, "file: must end in .csv"),
        (["nothing.csv"], 3, "nothing.csv"),
        (["feed.csv", "--window", "1"], 2, "window"),
        (["feed.csv", "--port", "70000"], 2, "--port: must be at most"),
        (["feed.csv", "--webhook", "ftp://x"], 2, "webhook"),
        (["feed.csv", "--store", "mysql://x/y"], 2, "--store: must be a file, or a URL"),
        (["mqtt://127.0.0.1"], 2, "mqtt://host/topic"),
        (["kafka://127.0.0.1/topic"], 2, "--columns: must be given"),
    ],
)
def test_refusals_are_one_line(tmp_path: Path, arguments: list[str], status: int, message: str) -> None:
    (tmp_path / "feed.csv").write_text("t,x\n0,1\n")
    if arguments[0].startswith("mqtt"):
        pytest.importorskip("paho.mqtt")
    if arguments[0].startswith("kafka"):
        pytest.importorskip("quixstreams")
    command = [sys.executable, "-m", "paranom_rs", "watch", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, message in done.stderr, done.stderr.count("\n")) == (status, True, 1), done.stderr


def test_other_addresses_need_a_token(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("t,x\n0,1\n")
    token = "a-long-enough-token"
    with Watching(tmp_path, "feed.csv", "--host", "0.0.0.0", PARANOM_WATCH_TOKEN=token) as watching:
        address = watching.url.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address)
        request = urllib.request.Request(address + "api/me", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["role"] == "operator"
        assert not [line for line in watching.log if token in line]
        taken = Path(address.rstrip("/")).name.rpartition(":")[2]
        busy = [sys.executable, "-m", "paranom_rs", "watch", "feed.csv", "--store", "other.db", "--port", taken]
        done = subprocess.run(busy, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 3
        assert "in use" in done.stderr
        assert watching.stop() == 0


def test_it_stops_while_a_page_is_open(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "plant.toml")]) == 0
    with Watching(tmp_path, "plant.toml") as watching:
        watching.wait(lambda status: status["samples"] > 0)
        with urllib.request.urlopen(watching.url + "api/stream?key=") as page:
            assert page.readline().startswith(b"data: ")
            begin = time.monotonic()
            assert watching.stop() == 0
            assert time.monotonic() - begin < 15, "it waited for the page to go away"
