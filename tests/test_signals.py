"""Ctrl-C and SIGTERM at work: calls end, files are whole or absent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")

CALLBACK = """
import time, sys
import paranom_rs as p
def sleep(row): time.sleep(100)
def loop(row):
    while True: pass
def block(block): time.sleep(100)
function = {"sleep": sleep, "loop": loop, "block": block}[sys.argv[1]]
g = p.Generator({"x": p.Callback(function, vectorized=sys.argv[1] == "block")})
print("ready", flush=True)
try:
    if sys.argv[2] == "generate": g.generate(100)
    else: g.write(sys.argv[3], 100)
except KeyboardInterrupt:
    # The package works on.
    assert len(p.Generator({"x": p.Stochastic(p.Normal())}).generate(10)["x"]) == 10
    print("interrupted", flush=True)
"""

WRITE = """
import sys
import paranom_rs as p
g = p.Generator({"x": p.Stochastic(p.Normal(), p.Shift(1.0))}, anomalies=p.Anomaly(frequency=0.1))
print("ready", flush=True)
g.write(sys.argv[1], 10**9) if len(sys.argv) > 1 else g.generate(2 * 10**8)
"""


def after_signal(number: signal.Signals, code: str, *arguments: str) -> tuple[int, str]:
    """Return how a process ends that is sent a signal at work, and what it says after it."""
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        child.send_signal(number)
        try:
            said, _ = child.communicate(timeout=20)
        finally:
            child.kill()
        return child.returncode, said


@pytest.mark.parametrize("function", ["sleep", "loop", "block"])
@pytest.mark.parametrize("call", ["generate", "write"])
def test_ctrl_c_does_not_wait_for_a_function_that_hangs(function: str, call: str, tmp_path: Path) -> None:
    ended = after_signal(signal.SIGINT, CALLBACK, function, call, str(tmp_path / "a.csv"))
    assert ended == (0, "interrupted\n")
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.csv", "a.jsonl", None])
def test_sigterm_ends_the_process_and_leaves_no_half_file(name: str | None, tmp_path: Path) -> None:
    ended = after_signal(signal.SIGTERM, WRITE, *([] if name is None else [str(tmp_path / name)]))
    assert ended == (-signal.SIGTERM, "")
    assert name is None or not (tmp_path / name).exists()


@pytest.mark.parametrize(
    "call",
    [
        "g.source.plan.events(0, 2**60)",
        "g.source.plan.anomalous(0, 2**60)",
        "p.Generator({'x': p.Stochastic(p.Choice([1.0, 2.0]), p.Choice([1.0, 2.0]))},"
        " anomalies=p.Anomaly(events=[(2**50, 2**50 + 9)]),"
        " uniqueness=p.Uniqueness(anomalous=p.Hard())).generate(1, start=2**50 + 8)",
    ],
)
def test_ctrl_c_ends_long_searches_for_events(call: str) -> None:
    code = f"""
import paranom_rs as p
g = p.Generator({{"x": p.Stochastic(p.Normal(), p.Shift(1.0))}}, anomalies=p.Anomaly(frequency=1e-6))
print("ready", flush=True)
try: {call}
except KeyboardInterrupt: print("interrupted", flush=True)
"""
    assert after_signal(signal.SIGINT, code) == (0, "interrupted\n")
