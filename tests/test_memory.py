"""Memory that cannot be had is `OutOfMemoryError`; the process goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are another thing elsewhere")

HEAD = """
import os, resource, sys
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["PARANOM_NUM_THREADS"] = "1"
import numpy as np
import paranom_rs as p
resource.setrlimit(resource.RLIMIT_AS, (1200 << 20, 1200 << 20))
path = sys.argv[1]
plain = p.Generator({"x": p.Stochastic(p.Normal())})
try:
    exec(sys.argv[2])
except p.OutOfMemoryError:
    assert len(plain.generate(10)["x"]) == 10
    print("refused")
"""

CASES = {
    "parquet groups": "plain.write(path + '/a.parquet', 2 * 10**8, batch_rows=2**40)",
    "arrow batches": "plain.write(path + '/a.arrow', 2 * 10**8, batch_rows=2**40)",
    "csv": "plain.write(path + '/a.csv', 2 * 10**8, batch_rows=2**40)",
    "jsonl": "plain.write(path + '/a.jsonl', 2 * 10**8, batch_rows=2**40)",
    "sequential": "p.Generator({'x': p.Stochastic(p.Normal())}, uniqueness=p.Uniqueness(normal=p.Soft()))"
    ".write(path + '/a.arrow', 2 * 10**8, batch_rows=2**40)",
    "uniqueness": "for _ in p.Generator({'x': p.Stochastic(p.Normal())}, "
    "uniqueness=p.Uniqueness(normal=p.Soft())).batches(10**8, batch_rows=10**6): pass",
    "generate": "plain.generate(2**40)",
    "events": "p.Generator({'x': p.Stochastic(p.Normal(), p.Shift(1.0))}, "
    "anomalies=p.Anomaly(frequency=0.4)).source.plan.events(0, 2**40)",
    "stream": "p.StreamingMatrixProfile(8, 2**30)",
    "profile": "x = np.zeros(3 * 10**7); p.matrix_profile(x, 16, k=16)",
}


@pytest.mark.parametrize("case", CASES)
def test_memory_that_cannot_be_had(case: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD, str(tmp_path), CASES[case]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stdout + done.stderr
    assert not list(tmp_path.glob("a.*"))


#: Limits of a shell (ulimit) under which a command runs: memory, open files, the size of a file.
LIMITED = """
import os, resource, sys
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["PARANOM_NUM_THREADS"] = "1"
from paranom_rs import Generator, Normal, Stochastic
from paranom_rs.cli import main
Generator({f"x{i}": Stochastic(Normal()) for i in range(300)}).to_toml("plant.toml")
assert main(["generate", "plant.toml", "--rows", "10", "--out", "first.parquet"]) == 0  # all is loaded
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + (32 << 20) if sys.argv[1] == "RLIMIT_AS" else int(sys.argv[2])
resource.setrlimit(getattr(resource, sys.argv[1]), (limit, limit))
sys.exit(main(["generate", "plant.toml", "--rows", "100000", "--out", "x.parquet"]))
"""


@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [
        ("RLIMIT_AS", 0, "cannot allocate"),
        ("RLIMIT_FSIZE", 1 << 17, "File too large"),
        ("RLIMIT_NOFILE", 3, "Too many open files"),
    ],
)
def test_a_command_under_limits_says_what_it_lacks(limit: str, most: int, says: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, limit, str(most)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert says in done.stderr.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"plant.toml", "first.parquet"}
