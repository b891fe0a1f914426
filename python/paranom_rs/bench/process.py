"""A detector's process, seen from outside: asked for a series, watched, and ended when it breaks its limits."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paranom_rs.bench.worker import resident

#: How often the limits are looked at, in seconds.
LOOK = 0.05
#: Seconds that a process may take to start, and to generate a series, at least.
PATIENCE = 120.0
_COMMAND = "from paranom_rs.bench.worker import serve; serve()"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What a detector may use for one series.

    Attributes
    ----------
    seconds
        Time by the clock, for fitting and scoring.
    memory
        Mebibytes of its process. They are watched on Linux.

    Examples
    --------
    >>> from paranom_rs.bench import Limits
    >>> Limits(seconds=10.0).memory
    4096
    """

    seconds: float = 300.0
    memory: int = 4096


class Ended(Exception):  # noqa: N818 - it is an outcome, not an error of ours
    """The process is no more: why, as a status, and what happened."""

    def __init__(self, status: str, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


class Process:
    """A process with one detector in it."""

    def __init__(self, detector: str, seed: int, limits: Limits, threads: int) -> None:
        self.detector, self._limits = detector, limits
        environment = os.environ | {name: str(threads) for name in _THREADS}
        environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
        self._child = subprocess.Popen(
            [sys.executable, "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._first = {"detector": detector, "seed": seed, "memory": limits.memory, "folder": str(Path.cwd())}

    def start(self) -> dict[str, Any]:
        """Make the detector once; return ``ready``, or ``error`` and its ``kind``."""
        return self.ask(self._first)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a line, and return the answer; `Ended` where there is none."""
        with suppress(BrokenPipeError, ValueError):
            assert self._child.stdin is not None
            self._child.stdin.write(json.dumps(message) + "\n")
            self._child.stdin.flush()
        # Before the detector has the series, time is ours.
        until = time.monotonic() + max(self._limits.seconds, PATIENCE)
        while True:
            try:
                line = self._lines.get(timeout=LOOK)
            except queue.Empty:
                self._check(until)
                continue
            if not line:
                raise self._crash()
            answer: dict[str, Any] = json.loads(line)
            if "started" not in answer:
                return answer
            until = time.monotonic() + self._limits.seconds

    def _check(self, until: float) -> None:
        used = resident(self._child.pid)
        if used is not None and used > self._limits.memory:
            self.end()
            raise Ended("memory", f"used more than {self._limits.memory} MiB")
        if time.monotonic() > until:
            self.end()
            raise Ended("timeout", f"took more than {self._limits.seconds:g} s")

    def _crash(self) -> Ended:
        code = self._child.wait()
        self.end()
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"exit status {code}"
        return Ended("crashed", f"its process ended: {name}")

    def _read(self) -> None:
        assert self._child.stdout is not None
        with suppress(ValueError, OSError):
            for line in self._child.stdout:
                self._lines.put(line)
        self._lines.put("")

    def end(self) -> None:
        """End the process, and those that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._child.pid, signal.SIGKILL)
            else:
                self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()
