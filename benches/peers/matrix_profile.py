"""The matrix profile beside STUMPY and SCAMP, in one process: CPU-seconds of each, and their ratio.

    pip install stumpy cmake setuptools setuptools_scm vcs_versioning wheel
    FORCE_NO_CUDA=1 pip install --no-build-isolation pyscamp
    python benches/peers/matrix_profile.py [join17w64] [lp13] [multi14] [stream] [cold]   # all: 20 minutes

One thread each. STUMPY is compiled and warm before it is timed, except for the cold start: import and first
result of a fresh process.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from functools import partial

os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["PARANOM_NUM_THREADS"] = "1"

import numpy as np
import stumpy

from paranom_rs import StreamingMatrixProfile, build_info, matrix_profile, matrix_profile_multidimensional

try:
    import pyscamp
except ImportError:
    pyscamp = None

ROWS = ["join15", "join16", "join17", "lp13", "lp15", "multi12", "multi14", "stream", "cold"]
COLD = "import numpy as np; from {} import {} as f; f(np.random.rand(1000), 50)"
RNG = np.random.default_rng(0)


def race(what, ours, peers, rounds=3):
    """Prints the CPU-seconds of ``ours`` and of each peer: in turn, the best of each."""
    best = dict.fromkeys(["", *peers], np.inf)
    for _ in range(rounds):
        for name, work in [("", ours), *peers.items()]:
            start = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - start)
    for name in peers:
        row(what, best[""], name, best[name])


def row(what, ours, peer, theirs):
    print(f"| {what:40s} | {ours:10.3g} | {peer:17s} | {theirs:10.3g} | {theirs / ours:7.1f} |", flush=True)


def join(exponent, only=None):
    x = RNG.normal(size=1 << exponent).cumsum()
    stumpy.stump(x[:300], 20)
    for window in (only,) if only else (64, 256):
        peers = {"stumpy.stump": partial(stumpy.stump, x, window)}
        if pyscamp:
            peers["pyscamp.selfjoin"] = partial(pyscamp.selfjoin, x, window, threads=1)
        what = f"z-normalised self-join, n = 2^{exponent}, window {window}"
        race(what, partial(matrix_profile, x, window), peers, 3 if exponent < 16 else 1)


def lp(exponent):
    x = RNG.normal(size=1 << exponent).cumsum()
    stumpy.aamp(x[:300], 20, p=1.0)
    for window in (64, 256):
        ours = partial(matrix_profile, x, window, distance="l1")
        peers = {"stumpy.aamp(p=1)": partial(stumpy.aamp, x, window, p=1.0)}
        race(f"L1 self-join, n = 2^{exponent}, window {window}", ours, peers, 2)


def multi(exponent):
    for d in (3, 8):
        X = RNG.normal(size=(1 << exponent, d)).cumsum(axis=0)
        stumpy.mstump(X[:300].T, 20)
        ours = partial(matrix_profile_multidimensional, X, 64)
        peers = {"stumpy.mstump": partial(stumpy.mstump, X.T, 64)}
        race(f"{d} dimensions, n = 2^{exponent}, window 64", ours, peers, 3 if exponent < 14 else 1)


def updates(stream, x):
    for value in x:
        stream.update(value)


def stream(_):
    for history in (1024, 4096, 16384):
        x = RNG.normal(size=history + 2200).cumsum()
        ours, theirs = StreamingMatrixProfile(64, history), stumpy.stumpi(x[:history], 64, egress=True)
        took = []
        ours.update_many(x[: history + 20])
        updates(theirs, x[history : history + 20])
        for which, count in ((ours, 2000), (theirs, 200)):
            start = time.process_time()
            updates(which, x[history + 20 : history + 20 + count])
            took.append((time.process_time() - start) / count)
        row(f"streaming update, history {history}, window 64", took[0], "stumpy.stumpi", took[1])


def cold(_):
    took = []
    for package, name in (("paranom_rs", "matrix_profile"), ("stumpy", "stump")):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-W", "ignore", "-c", COLD.format(package, name)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    row("import and first result", took[0], "stumpy", took[1])


if __name__ == "__main__":
    print(f"paranom_rs {build_info()['version']} ({build_info()['simd']}), stumpy {stumpy.__version__}")
    print("| what | paranom_rs, CPU-s | peer | its CPU-s | ratio |\n| --- | --- | --- | --- | --- |")
    for wanted in sys.argv[1:] or ROWS:
        name, exponent, only = re.fullmatch(r"([a-z]+?)(\d*)(?:w(\d+))?", wanted).groups()
        work = {"join": join, "lp": lp, "multi": multi, "stream": stream, "cold": cold}[name]
        work(*(int(number) for number in (exponent or 0, only) if number is not None))
