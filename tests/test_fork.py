"""A process that forks at any moment, while its threads work: the child works too, or says why it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

#: A fresh process: threads begin the work for the first time, and meanwhile the process forks again and again.
PROCESS = """
import os, random, sys, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import paranom_rs as p
x = np.random.default_rng(0).normal(size=(400, 2))
plain = p.Generator({"x": p.Stochastic(p.Sine(50) + p.Normal(0, 0.1), p.Shift(3.0))},
                    anomalies=p.Anomaly(frequency=0.02, duration=(2, 5)), seed=3)
unique = p.Generator({"x": p.Stochastic(p.Normal())}, uniqueness=p.Uniqueness(normal=p.Soft()))
called = p.Generator({"x": p.Callback(lambda block: np.ones(len(block.row)), vectorized=True)})
ramp = p.RAMP(2, window=8, reference=64, threshold=9.0)
stream = p.StreamingMatrixProfile(8, 64)
def place(): return os.path.join(sys.argv[2], f"{os.getpid()}.parquet")

def generate(rows=300_000): plain.generate(rows, threads=2)
def write(rows=100_000): plain.write(place(), rows, threads=2, overwrite=True)
def uniqueness(rows=40_000): unique.generate(rows, threads=2)
def callback(rows=40_000): called.generate(rows, threads=2)
def profile(rows=400): p.matrix_profile(np.resize(x[:, 0], 5 * rows), 16, threads=2)
def score(rows=400): ramp.score(np.resize(x, (20 * rows, 2)))
def many(rows=400): ramp_many.update_many(np.resize(x, (20 * rows, 2)), np.arange(20 * rows) % 7, threads=2)
def streaming(rows=400): stream.update_many(np.resize(x[:, :1], (20 * rows, 1)))

ramp_many = p.RAMP(2, window=8, reference=64, threshold=9.0, processes=list(range(7)))
work = {"generate": generate, "write": write, "uniqueness": uniqueness, "callback": callback, "profile": profile,
        "score": score, "many": many, "streaming": streaming}[sys.argv[1]]
shared = sys.argv[1] in ("score", "many", "streaming")
ends = threading.Event()

def repeat():
    while not ends.is_set():
        work()

threading.Thread(target=repeat, daemon=True).start()
hung = forks = refused = 0
random.seed(os.getpid())
until = time.monotonic() + 0.8
while time.monotonic() < until:
    child = os.fork()
    if child == 0:
        code = 0
        try:
            work(50)
        except p.SpecError as error:
            # What another thread of the parent was using when it forked is of no use here; new ones are.
            code = 2 if shared and "forks" in str(error) else 3
        except BaseException:
            code = 4
        os._exit(code)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.0005)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
        hung += 1
        break
    code = os.waitstatus_to_exitcode(status)
    refused += code == 2
    if code not in (0, 2):
        print("a child ended with", code)
        hung += 1
    forks += 1
    time.sleep(random.random() * 0.004)
print(forks, "forks", refused, "refused")
sys.stdout.flush()
os._exit(1 if hung or not forks else 0)
"""


@pytest.mark.parametrize(
    "work", ["generate", "write", "uniqueness", "callback", "profile", "score", "many", "streaming"]
)
def test_children_of_a_busy_process_do_not_hang(work: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, work, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
