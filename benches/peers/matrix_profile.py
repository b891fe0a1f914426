"""The matrix profile beside STUMPY and SCAMP, in one process: CPU-seconds of each, and their ratio.

    pip install stumpy cmake setuptools setuptools_scm vcs_versioning wheel
    FORCE_NO_CUDA=1 pip install --no-build-isolation pyscamp
    pip install quickmp; pip install --no-deps aeon Deprecated wrapt  # aeon asks for an older numba, but runs
    python benches/peers/matrix_profile.py [join17w64] [lp13] [multi14] [stream] [cold]   # all: 20 minutes
    python benches/peers/matrix_profile.py tools   # what else STUMPY has, with the largest difference: 3 minutes
    python benches/peers/matrix_profile.py left leftmulti lengths pan   # what it has not

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
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import stumpy

from paranom_rs import (
    FLOSS,
    StreamingMatrixProfile,
    all_chains,
    anchored_chain,
    build_info,
    consensus_motif,
    distance_profile,
    fluss,
    left_discords,
    match,
    matrix_profile,
    matrix_profile_multidimensional,
    mpdist,
    multidimensional_motifs,
    pan_profile,
    snippets,
)

try:
    import pyscamp
except ImportError:
    pyscamp = None
try:
    import quickmp

    quickmp.initialize()
except ImportError:
    quickmp = None
try:
    from aeon.anomaly_detection.series.distance_based import MERLIN
    from aeon.similarity_search.subsequence import MASS
except ImportError:
    MASS = None

ROWS = ["join15", "join16", "join17", "lp13", "lp15", "multi12", "multi14", "stream", "cold"]
COLD_AEON = "import numpy as np; from aeon.similarity_search.subsequence import MASS; "
COLD_AEON += "x = np.random.rand(1000); MASS(50).fit(x.reshape(1, 1, -1)).predict(x[:50].reshape(1, -1))"
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
        if quickmp:
            peers["quickmp.selfjoin"] = partial(quickmp.selfjoin, x, window)
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


def lengths(_):
    """Several lengths of windows in one stream, beside one: the best of three."""
    x = RNG.normal(size=22_000).cumsum()
    for history in (512, 1024, 4096, 16384):
        took = {}
        for windows in (64, (48, 64, 96), (32, 48, 64, 96, 128)):
            best = np.inf
            for _ in range(3):
                stream = StreamingMatrixProfile(windows, history)
                stream.update_many(x[: history + 20])
                start = time.process_time()
                updates(stream, x[history + 20 : history + 2020])
                best = min(best, (time.process_time() - start) / 2000)
            took[windows] = best
        one, *several = took.values()
        ratios = ", ".join(f"{each * 1e6:.3g} µs ({each / one:.1f})" for each in several)
        print(f"| history {history}, one length {one * 1e6:.3g} µs; three and five lengths: {ratios} |", flush=True)


def timed(work):
    """Returns the CPU-seconds of the second run, and its result; both runs are the work of one process."""
    work()
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def tool(what, name, ours, theirs, difference):
    """Prints both times, their ratio, and the largest difference of the results."""
    (mine, found), (other, expected) = timed(ours), timed(theirs)
    print(
        f"| {what} | {mine:.3g} s | stumpy.{name} | {other:.3g} s | {other / mine:.1f} | "
        f"{difference(found, expected):.1e} |",
        flush=True,
    )


def largest(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    known = np.isfinite(a) & np.isfinite(b)
    return np.abs(a[known] - b[known]).max(initial=0)


def tools(_):
    print("| what | paranom_rs | peer | its time | ratio | largest difference |\n| --- | --- | --- | --- | --- | --- |")
    x = RNG.normal(size=1 << 17).cumsum()
    for m in (100, 1000):
        query = x[5000 : 5000 + m].copy()
        one = partial(distance_profile, query, x, threads=1)
        tool(f"distance profile, n = 2^17, window {m}", "mass", one, partial(stumpy.mass, query, x), largest)
    ours, theirs = partial(match, query, x, 10), partial(stumpy.match, query, x, max_matches=10, max_distance=np.inf)
    nearest = lambda a, b: abs(a[1].distance - sorted(b[:, 0])[1])  # noqa: E731
    tool("ten matches, n = 2^17, window 1000", "match", ours, theirs, nearest)
    x = x[:8000]
    m = 100
    profile, theirs = matrix_profile(x, m), stumpy.stump(x, m)
    tool(
        "MPdist of 4,000 and 4,000, window 100",
        "mpdist",
        partial(mpdist, x[:4000], x[4000:], m),
        partial(stumpy.mpdist, x[:4000], x[4000:], m),
        lambda a, b: abs(a - b),
    )
    for window, share in ((100, 1.0), (50, 0.5)):
        tool(
            f"three snippets, n = 8,000, windows {window}",
            "snippets",
            partial(snippets, x, 100, 3, window=window),
            partial(stumpy.snippets, x, 100, 3, percentage=share),
            lambda a, b: np.abs(np.array([s.start for s in a]) - b[1]).max(),
        )
    several = [RNG.normal(size=2000).cumsum() for _ in range(8)]
    tool(
        "consensus motif of 8 series of 2,000",
        "ostinato",
        partial(consensus_motif, several, m),
        partial(stumpy.ostinato, several, m),
        lambda a, b: abs(a.radius - b[0]),
    )
    tool(
        "all chains, n = 8,000",
        "allc",
        partial(all_chains, profile),
        partial(stumpy.allc, theirs[:, 2], theirs[:, 3]),
        lambda a, b: abs(len(a[0]) - len(b[1])),
    )
    start = int(all_chains(profile)[0][0])
    tool(
        "a chain, n = 8,000",
        "atsc",
        partial(anchored_chain, profile, start),
        partial(stumpy.atsc, theirs[:, 2], theirs[:, 3], start),
        lambda a, b: abs(len(a) - len(b)),
    )
    tool(
        "segmentation, n = 8,000",
        "fluss",
        partial(fluss, profile, 3),
        partial(stumpy.fluss, theirs[:, 1], m, 3, 5),
        lambda a, b: largest(a.curve[1:], b[0][1:]),
    )
    tool(
        "motifs, n = 8,000",
        "motifs",
        partial(profile.motifs, 3),
        partial(stumpy.motifs, x, theirs[:, 0], max_motifs=3),
        lambda a, b: abs(a[0].distance - theirs[:, 0].min()),
    )
    X = RNG.normal(size=(3000, 3)).cumsum(axis=0)
    ours = matrix_profile_multidimensional(X, 50)
    profiles, indices = stumpy.mstump(X.T, 50)
    best = profiles.argmin(axis=1)
    tool(
        "a motif of 3 series and its columns (MDL)",
        "mdl",
        partial(multidimensional_motifs, ours),
        partial(stumpy.mdl, X.T, 50, best, indices[np.arange(3), best]),
        lambda a, b: largest(a[0].bits, b[0]),
    )
    floss(x)


def floss(x):
    ours, theirs = FLOSS(100, 4000, exclusion=100), stumpy.floss(stumpy.stump(x[:4000], 100), x[:4000], 100, 1)
    ours.update_many(x[:4000])
    took = []
    for stream in (ours, theirs):
        start = time.process_time()
        for value in x[4000:4100]:
            stream.update(value)
        took.append((time.process_time() - start) / 100)
    difference = largest(ours.curve, theirs.cac_1d_)
    print(
        f"| a sample of streaming segmentation, history 4,000 | {took[0]:.3g} s | stumpy.floss | {took[1]:.3g} s | "
        f"{took[1] / took[0]:.1f} | {difference:.1e} |"
    )


def heartbeats(n):
    """Returns beats of varying length with noise and drift."""
    length = RNG.normal(100, 3, size=n // 60).clip(70, 130)
    at = np.concatenate([[0], np.cumsum(length)])
    phase = np.interp(np.arange(n), at, np.arange(len(at))) % 1
    bumps = ((0.15, 0.2, 0.025), (-0.1, 0.38, 0.01), (1, 0.4, 0.012), (-0.2, 0.42, 0.01), (0.3, 0.65, 0.04))
    beat = sum(size * np.exp(-((phase - where) ** 2) / (2 * width**2)) for size, where, width in bumps)
    return beat + 0.02 * RNG.normal(size=n) + 0.1 * np.sin(np.arange(n) / 900)


def left(_):
    for name, x in (("heartbeats", heartbeats(8_000_000)), ("random walk", RNG.normal(size=8_000_000).cumsum())):
        for k in (1, 10):
            start = time.process_time()
            left_discords(x, 94, k, start=2500, threads=1)
            took = time.process_time() - start
            print(f"| {k} left discords of 8,000,000 rows, {name}, window 94 | {took:.3g} s |", flush=True)


def leftmulti(_):
    """Left discords of three series, beside the whole profile that they are read off."""
    for n, peers in ((1 << 14, True), (1 << 17, False), (1 << 20, None)):
        X = np.stack([heartbeats(n) for _ in range(3)], axis=1)
        works = {"": partial(left_discords, X, 94, start=2500, threads=1)}
        if peers is not None:
            works["matrix_profile_multidimensional"] = partial(matrix_profile_multidimensional, X, 94, threads=1)
        if peers:
            stumpy.mstump(X[:300].T, 20)
            works["stumpy.mstump"] = partial(stumpy.mstump, X.T, 94)
        took = {}
        for name, work in works.items():
            start = time.process_time()
            work()
            took[name] = time.process_time() - start
        for name in list(works)[1:] or ["-"]:
            row(f"left discord of 3 series of {n:,} rows, window 94", took[""], name, took.get(name, np.nan))


def pan(_):
    for name, x in (("heartbeats", heartbeats(250_000)), ("random walk", RNG.normal(size=250_000).cumsum())):
        start = time.process_time()
        pan_profile(x, range(100, 2001), fraction=0.01, threads=1)
        took = time.process_time() - start
        print(f"| pan profile of 250,000 rows, lengths 100 to 2,000, 1 %, {name} | {took:.3g} s |", flush=True)


def cold(_):
    took = []
    packages = [("paranom_rs", "matrix_profile"), ("stumpy", "stump")]
    if quickmp:
        packages.append(("quickmp", "selfjoin"))
    for package, name in packages:
        begin = "import quickmp; quickmp.initialize(); " if package == "quickmp" else ""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-W", "ignore", "-c", begin + COLD.format(package, name)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    if MASS:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-W", "ignore", "-c", COLD_AEON], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        packages.append(("aeon MASS", ""))
    for (package, _), theirs in list(zip(packages, took, strict=True))[1:]:
        row("import and first result", took[0], package, theirs)


def aeon(_):
    """What aeon has of its own: the window that is nearest to one, and the discord of each length (MERLIN).

    Its STOMP and LeftSTAMPi are STUMPY's.
    """
    x = RNG.normal(size=1 << 14).cumsum()
    mass = MASS(length=100, normalize=True).fit(x.reshape(1, 1, -1))
    query = x[5000:5100].copy()
    peers = {"aeon MASS": partial(mass.predict, query.reshape(1, -1), k=1)}
    mass.predict(query.reshape(1, -1), k=1)
    race("nearest window, n = 2^14, window 100", partial(match, query, x, 1, threads=1), peers)
    x = x[:2000].copy()
    MERLIN(min_length=20, max_length=21).fit_predict(x[:200])
    peers = {"aeon MERLIN": partial(MERLIN(min_length=50, max_length=60).fit_predict, x)}
    race("discord of each length, 50 to 60, n = 2,000", partial(pan_profile, x, range(50, 61), threads=1), peers, 1)


if __name__ == "__main__":
    print(f"paranom_rs {build_info()['version']} ({build_info()['simd']}), stumpy {stumpy.__version__}")
    print("| what | paranom_rs, CPU-s | peer | its CPU-s | ratio |\n| --- | --- | --- | --- | --- |")
    kinds = {"join": join, "lp": lp, "multi": multi, "stream": stream, "cold": cold}
    kinds |= {"aeon": aeon, "lengths": lengths, "tools": tools, "left": left, "leftmulti": leftmulti, "pan": pan}
    for wanted in sys.argv[1:] or ROWS:
        name, exponent, only = re.fullmatch(r"([a-z]+?)(\d*)(?:w(\d+))?", wanted).groups()
        work = kinds[name]
        work(*(int(number) for number in (exponent or 0, only) if number is not None))
