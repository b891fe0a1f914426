"""``paranom watch`` in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Watching:
    """A running ``paranom watch``; ``url`` is where its page is."""

    def __init__(
        self, folder: Path, *arguments: str, port: str = "0", stdin: Any = subprocess.DEVNULL, **environment: str
    ) -> None:
        command = [sys.executable, "-m", "paranom_rs", "watch", *arguments, "--port", port]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=stdin, stderr=subprocess.PIPE, text=True, env=os.environ | environment
        )
        self.log: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"at (http://\S+/)", line):
                self.url = found[1]
                break
        else:
            raise AssertionError(f"it ended: {self.log}")
        self._reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def wait(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a status of the page."""
        deadline = time.monotonic() + 30
        while True:
            status: dict[str, Any] = self.get("api/status")
            if until(status):
                return status
            assert time.monotonic() < deadline, (status, self.log)
            time.sleep(0.05)

    def stop(self, sig: int = signal.SIGTERM) -> int:
        self.process.send_signal(sig)
        status = self.process.wait(20)
        self._reader.join(5)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
