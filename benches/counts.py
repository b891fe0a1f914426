"""Instructions of the kernels that matter, beside the baseline in benches/counts.json: what became slower is seen.

    python3 benches/counts.py              compare; exit code 1 if a kernel takes 5 % more instructions than before
    python3 benches/counts.py --update     write the baseline anew, after a change that is meant

Each is a benchmark of `cargo bench` that valgrind runs once; what its program takes without any benchmark is
subtracted. Counts do not depend on how busy the machine is. They do depend on the instruction set, so it is AVX2, and
on the compiler and its settings: with others than the baseline's, counts are shown and nothing fails. Needs valgrind on
x86-64; without it nothing is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
BASELINE = HERE / "counts.json"
#: More instructions than this share of the baseline are a regression; more than the second are worth a line.
MOST, NOTABLE = 1.05, 0.005
#: Programs, and their benchmarks. RAMP is not among them: the counts of its program differ by 10 % from run to run.
KERNELS = {
    "generate": [
        "generate/avx2/uniform",
        "generate/avx2/normal",
        "generate/avx2/gamma",
        "generate/avx2/poisson of 100",
        "generate/avx2/random walk",
        "generate/avx2/ar1",
        "generate/avx2/steps of 50",
        "generate/avx2/sine + noise + 1 % anomalies",
        "transform/avx2/smooth over 11 rows",
        "transform/avx2/time warp",
        "reference/avx2/swap",
    ],
    "files": ["files/parquet", "files/csv"],
    "matrix_profile": ["matrix_profile/ZNormalized window=64", "matrix_profile_stream/history=4096 d=1"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the baseline anew")
    update = parser.parse_args().update
    if shutil.which("valgrind") is None or platform.machine() not in ("x86_64", "AMD64"):
        print("skipped: there is no valgrind, or this is no x86-64")
        return 0
    built_by = compiler()
    counts = measure(programs())
    if update:
        BASELINE.write_text(json.dumps({"built_by": built_by, "counts": counts}, indent=2) + "\n", encoding="utf-8")
    if not BASELINE.exists():
        print(f"there is no {BASELINE.name} yet: --update writes it")
        return 0
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    slower = compare(counts, baseline["counts"])
    if baseline["built_by"] != built_by:
        print(f"the baseline was built by {baseline['built_by']}, this by {built_by}: nothing fails")
        return 0
    for name in slower:
        print(f"slower: {name}")
    return 1 if slower else 0


def compiler() -> str:
    """Return the compiler, and what the environment sets of the profile."""
    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    settings = sorted(f"{key}={value}" for key, value in os.environ.items() if key.startswith("CARGO_PROFILE_RELEASE"))
    return ", ".join([rustc, *settings])


def programs() -> dict[str, str]:
    """Build the benchmarks as the tests are built, and return where each program is."""
    command = ["cargo", "bench", "--profile", "release", "-p", "paranom-benches", "--no-run"]
    built = subprocess.run(
        [*command, "--message-format", "json"], cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return {x["target"]["name"]: x["executable"] for x in messages if x.get("executable")}


def measure(found: dict[str, str]) -> dict[str, int]:
    """Return the instructions of each kernel."""
    runs = [(program, name) for program, names in KERNELS.items() for name in (None, *names)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        totals = dict(zip(runs, pool.map(lambda run: instructions(found[run[0]], run[1]), runs), strict=True))
    return {name: count - totals[program, None] for (program, name), count in totals.items() if name is not None}


def instructions(program: str, name: str | None) -> int:
    """Return the instructions of a program that runs one benchmark once, or none."""
    pattern = f"^{re.escape(name)}" if name is not None else "^none$"
    ran = subprocess.run(
        [
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
            *(program, "--bench", "--test", pattern),
        ],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PARANOM_SIMD": "avx2"},
    )
    if name is not None and name not in ran.stdout:
        raise SystemExit(f"there is no benchmark {name!r}")
    # Of the program and of those that it asks things of, the largest.
    return max(int(count.replace(",", "")) for count in re.findall(r"I\s+refs:\s+([\d,]+)", ran.stderr))


def compare(counts: dict[str, int], before: dict[str, int]) -> list[str]:
    """Print what moved, and return what became slower."""
    slower = []
    for name, count in counts.items():
        ratio = count / before[name] if name in before else None
        if ratio is None:
            print(f"{name:45} {count:>15,}  new")
        elif abs(ratio - 1) > NOTABLE:
            print(f"{name:45} {count:>15,}  {ratio - 1:+.1%}")
        if ratio is not None and ratio > MOST:
            slower.append(name)
    print(f"{len(counts)} kernels counted, {len(slower)} slower by more than {MOST - 1:.0%}")
    return slower


if __name__ == "__main__":
    sys.exit(main())
