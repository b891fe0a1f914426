"""Files of rows against those of others: bytes and rows per second, memory, what more rows and threads cost.

    pip install polars duckdb pyarrow tpchgen-cli      # each optional
    python benches/peers/files.py FOLDER               # a few GB, removed again
    python benches/peers/files.py FOLDER --large       # 10^9 rows too: 9 GB

Everyone makes and writes four columns of random doubles without compression (tpchgen-cli: its line items, as many
bytes). Seconds are CPU seconds of the process and its children, the best of several turns; wall seconds stand beside.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from paranom_rs import Anomaly, Generator, Normal, Sine, Stochastic, Uniform, _core

COLUMNS = 4
ROWS = {".parquet": 10_000_000, ".csv": 1_500_000}


def cpu() -> float:
    """Return the CPU seconds of this process and its children so far."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(work: Callable[[], object], path: Path) -> tuple[float, float, int]:
    """Return CPU seconds, wall seconds and bytes of one run; what it wrote is removed."""
    began, spent = time.perf_counter(), cpu()
    work()
    spent, wall = cpu() - spent, time.perf_counter() - began
    files = [path] if path.is_file() else list(path.rglob("*")) if path.is_dir() else []
    size = sum(file.stat().st_size for file in files)
    for file in files:
        file.unlink()
    return spent, wall, size


def doubles(threads: int | None = None) -> Callable[[Path, int], object]:
    """Return how we write random doubles."""
    generator = Generator({f"x{i}": Stochastic(Uniform(0.0, 1.0)) for i in range(COLUMNS)})
    return lambda path, rows: generator.write(path, rows, threads=threads)


def peers() -> dict[str, Callable[[Path, int], object]]:
    """Return how the others that are installed write random doubles."""
    rng = np.random.default_rng(1)
    found: dict[str, Callable[[Path, int], object]] = {}
    if find_spec("polars"):
        import polars as pl

        def polars(path: Path, rows: int) -> None:
            frame = pl.LazyFrame({f"x{i}": rng.random(rows) for i in range(COLUMNS)})
            if path.suffix == ".parquet":
                frame.sink_parquet(path, compression="uncompressed")
            else:
                frame.sink_csv(path)

        found[f"polars {pl.__version__} sink"] = polars
    if find_spec("duckdb"):
        import duckdb

        def duck(path: Path, rows: int) -> None:
            options = "format parquet, compression uncompressed" if path.suffix == ".parquet" else "format csv"
            columns = ", ".join(f"random() x{i}" for i in range(COLUMNS))
            duckdb.sql(f"copy (select {columns} from range({rows})) to '{path}' ({options})")

        found[f"DuckDB {duckdb.__version__} COPY"] = duck
    if find_spec("pyarrow"):
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet as pq

        def arrow(path: Path, rows: int) -> None:
            table = pa.table({f"x{i}": rng.random(rows) for i in range(COLUMNS)})
            if path.suffix == ".parquet":
                pq.write_table(table, path, compression="none", use_dictionary=False)
            else:
                pa.csv.write_csv(table, path)

        found[f"pyarrow {pa.__version__} write_table"] = arrow
    return found


def tpchgen(folder: Path, suffix: str, size: int) -> Callable[[], object] | None:
    """Return work that writes some ``size`` bytes of line items, if tpchgen-cli is there."""
    program = shutil.which("tpchgen-cli", path=f"{Path(sys.executable).parent}")
    if program is None:
        return None
    # Bytes of line items at scale factor 1.
    scale = size / {".parquet": 318e6, ".csv": 742e6}[suffix]
    plain = ["--compression", "UNCOMPRESSED"] if suffix == ".parquet" else []
    command = [program, suffix[1:], "-s", f"{scale:.3f}", "--tables", "lineitem", "--output-dir", str(folder), *plain]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def line(name: str, runs: list[tuple[float, float, int]], rows: int | None) -> None:
    """Print the best of several runs."""
    spent, wall, size = min(runs)
    wall = min(run[1] for run in runs)
    per_row = "" if rows is None else f"{rows / spent / 1e6:8.1f}"
    print(
        f"  {name:32} {size / spent / 1e9:8.2f} {per_row:>8} {size / wall / 1e9:10.2f} {size / 1e6:10.0f}", flush=True
    )


def compare(folder: Path, suffix: str) -> None:
    """Print everybody's speed with one format, turn and turn about."""
    rows, path = ROWS[suffix], folder / f"x{suffix}"
    work: dict[str, Callable[[], object]] = {"paranom_rs": lambda: doubles()(path, rows)}
    for name, write in peers().items():
        work[name] = lambda write=write: write(path, rows)  # type: ignore[misc]
    runs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in work}
    for _ in range(3):
        for name, run in work.items():
            runs[name].append(measure(run, path))
    print(f"\n{suffix}: {rows:,} rows of {COLUMNS} random doubles")
    print(f"  {'':32} {'GB/CPU s':>8} {'M rows':>8} {'GB/wall s':>10} {'MB':>10}")
    for name, times in runs.items():
        line(name, times, rows)
    items = tpchgen(folder / "tpch", suffix, runs["paranom_rs"][0][2])
    if items is not None:
        line("tpchgen-cli, line items", [measure(items, folder / "tpch") for _ in range(3)], None)


def disk(folder: Path) -> None:
    """Print what `dd` writes."""
    path = folder / "zeros"
    command = ["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=640", "conv=fsync"]
    runs = [measure(lambda: subprocess.run(command, check=True, capture_output=True), path) for _ in range(3)]
    print("\nthe disk")
    line("dd, conv=fsync", runs, None)


def plant() -> Generator:
    """Return sine + noise with 1 % anomalies."""
    variable = Stochastic(Sine(300) + Normal(0.0, 0.1), Uniform(2.0, 5.0))
    return Generator({"x": variable}, anomalies=Anomaly(frequency=0.01, duration=(50, 150)), seed=1)


def nowhere(rows: int, form: str, threads: int = 1) -> float:
    """Return the seconds of writing to /dev/null: CPU for one thread, wall for more."""
    clock = time.process_time if threads == 1 else time.perf_counter
    began = clock()
    _core.write_generated(
        plant().source.plan,
        "/dev/null",
        0,
        rows,
        whole_last=0,
        clean=False,
        event_names=False,
        labels=False,
        timeeval=False,
        packing=None,
        format=form,
        single=False,
        group_rows=None,
        zstd=False,
        metadata=[],
        threads=threads,
        progress=None,
    )
    return clock() - began


def costs(large: bool) -> None:
    """Print what a row costs for more and more rows, each in a process of its own, and the memory it took."""
    print("\nsine + noise + 1 % anomalies + labels to /dev/null, one thread: ns a row, peak MB of the process")
    for form in ("parquet", "arrow", "csv", "jsonl"):
        for power in (6, 7, 8, 9) if large and form == "parquet" else (6, 7):
            code = f"import files; print(files.nowhere(10**{power}, {form!r}), files.peak())"
            told = subprocess.run(
                [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True, capture_output=True, text=True
            )
            spent, peak = map(float, told.stdout.split())
            print(f"  {form:8} 10^{power} rows {spent / 10**power * 1e9:8.1f} ns {peak:8.0f} MB", flush=True)


def peak() -> float:
    """Return the most memory this process has had, in MB (Linux; getrusage would count its parent's, too)."""
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


def billion(folder: Path) -> None:
    """Write 10^9 rows to the disk, in a process of its own."""
    path = folder / "billion.parquet"
    code = f"import files, time\nb = time.perf_counter()\nfiles.plant().write({str(path)!r}, 10**9)\n"
    code += "print(time.perf_counter() - b, files.peak())"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True, capture_output=True, text=True
    )
    wall, most = map(float, told.stdout.split())
    size = path.stat().st_size
    path.unlink()
    print(
        f"\n10^9 rows to the disk: {wall:.0f} s, {size / wall / 1e9:.2f} GB/s, {size / 1e9:.2f} GB, peak {most:.0f} MB"
    )


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        for suffix in ROWS:
            compare(folder, suffix)
        disk(folder)
        one, two = (min(nowhere(10**7, "parquet", threads) for _ in range(5)) for threads in (1, 2))
        print(f"\ntwo threads against one (one: CPU, two: wall): {one / two:.2f}x")
        costs(given.large)
        if given.large:
            billion(folder)


if __name__ == "__main__":
    main()
