"""Running a bench: each detector in processes of its own, several at once."""

from __future__ import annotations

import os
import queue
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from paranom_rs._internal import checks
from paranom_rs._internal.progress import Progress
from paranom_rs.bench.detectors import make, ours, parse
from paranom_rs.bench.process import Ended, Limits, Process
from paranom_rs.bench.result import BenchResult, Run, versions
from paranom_rs.bench.series import TABLES, Entry, of_folder, of_suite
from paranom_rs.bench.store import Store, seed_of
from paranom_rs.errors import SpecError, SpecTypeError

#: After so many series in a row on which a detector broke a limit or crashed, the rest is not tried.
PATIENCE = 3


def run_bench(
    detectors: Sequence[str | type],
    *,
    seed: int | None = None,
    suite: str = "graded-1",
    data: str | os.PathLike[str] | None = None,
    tables: Sequence[str] | None = None,
    series: Sequence[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    progress: bool = False,
) -> BenchResult:
    """Measure detectors on the suite under a fresh seed, and on public series.

    Each detector learns from a series' training rows and scores the others; on public series it scores all rows. It
    runs in processes of its own. One that raises, hangs, crashes or takes too much memory is reported, and the bench
    goes on.

    Parameters
    ----------
    detectors
        Names: ``"RAMP"``, ``"NearestWindows(window=30)"``, ``"pyod:IForest(window=60)"``, ``"river:HalfSpaceTrees"``,
        ``"aeon:KMeansAD"``, ``"stumpy"``, ``"my_module:Detector"``, ``"my_file.py:Detector"``; or classes that can be
        imported. A detector has ``fit(X)`` and ``decision_function(X)``, as PyOD's. Its alarms are scores above its
        ``threshold_``, or above the 99 % quantile of its training scores.
    seed
        Of the suite's rows. By default it is drawn now, so that nobody has seen them.
    suite
        The suite.
    data
        A folder of public series as `paranom_rs.bench.series.of_folder` describes it.
    tables
        Which to run: ``"suite"``, ``"tsb-ad"``. By default the suite, and public series where ``data`` is given.
    series
        Only these series of the suite.
    out
        A folder. A bench that was interrupted goes on from there.
    jobs
        Processes at once; by default as many as there are cores.
    limits
        Of time and memory, for a series.
    progress
        Whether to show a bar.

    Returns
    -------
    result
        Runs in the order of detectors and series.

    Raises
    ------
    SpecError, SpecTypeError
        For a detector that cannot be made, names that are not there, a folder with other runs.
    ImportError
        For a library that is not installed.

    Examples
    --------
    >>> from paranom_rs.bench import run_bench
    >>> result = run_bench(["ZScore"], seed=7, series=["wave-value-easy"])
    >>> len(result.runs), result.seed
    (1, 7)
    """
    names = [_name(x) for x in checks.each("detectors", detectors) for x in x[1:]]
    if not names:
        raise SpecError("detectors", "must name a detector")
    limits = _limits(limits)
    folder = None if out is None else checks.file_path(out)
    wanted = _tables(tables, data)
    seed = _seed(seed, folder)
    entries = of_suite(suite, seed, series) if "suite" in wanted else []
    entries += of_folder(checks.file_path(data)) if "tsb-ad" in wanted and data is not None else []
    cores = os.cpu_count() or 1
    count = cores if jobs is None else checks.whole("jobs", jobs, least=1, most=1024)
    plan = _Plan(names, entries, seed, suite, limits, count, max(cores // count, 1))
    ready: dict[str, Process] = {}
    try:
        for name in names:
            process = _probed(name, plan)
            # So many are used at once; of the others none waits.
            if process is not None and (len(ready) >= count or name in ready):
                process.end()
            elif process is not None:
                ready[name] = process
        return _run(plan, ready, folder, progress)
    finally:
        for process in ready.values():
            process.end()


class _Plan(NamedTuple):
    """What is measured, and how."""

    names: list[str]
    entries: list[Entry]
    seed: int
    suite: str
    limits: Limits
    jobs: int
    #: of each process
    threads: int

    def process(self, name: str) -> Process:
        """Start a process for a detector."""
        return Process(name, self.seed, self.limits, self.threads)

    @property
    def hashes(self) -> dict[str, str]:
        return {f"{x.table}/{x.name}": x.sha256 for x in self.entries}

    @property
    def order(self) -> list[tuple[str, str, str]]:
        """Detector, table and series of each run."""
        return [(name, x.table, x.name) for name in self.names for x in self.entries]


def _run(plan: _Plan, ready: dict[str, Process], folder: Path | None, progress: bool) -> BenchResult:
    """Measure what the folder does not hold yet, and return all."""
    head: dict[str, Any] = {
        "seed": plan.seed, "suite": plan.suite, "limits": asdict(plan.limits), "versions": versions(),
        "series": plan.hashes,
    }  # fmt: skip
    store = Store(folder, head)
    done = {(run.detector, run.table, run.series) for run in store.runs}
    todo = [(name, x) for name in plan.names for x in plan.entries if (name, x.table, x.name) not in done]
    with Progress(len(todo), shown=progress, unit=" series") as shown:
        _Pool(plan, todo, store, ready, shown).work()
    place = {key: i for i, key in enumerate(plan.order)}
    held = [run for run in store.runs if (run.detector, run.table, run.series) in place]
    held.sort(key=lambda run: place[run.detector, run.table, run.series])
    return BenchResult(**head, runs=held)


def _name(detector: Any) -> str:
    if isinstance(detector, str):
        parse(detector)
        return detector
    if not isinstance(detector, type):
        raise SpecTypeError("detectors", "must be names or classes", checks.shown(detector))
    if detector.__module__ == "__main__" or "<" in detector.__qualname__:
        rule = "must be a class that another process can import, or module:Class"
        raise SpecError("detectors", rule, detector.__qualname__)
    return f"{detector.__module__}:{detector.__qualname__}"


def _limits(limits: Limits | None) -> Limits:
    given = limits or Limits()
    checks.positive("limits.seconds", given.seconds)
    checks.whole("limits.memory", given.memory, least=1, most=2**30)
    return given


def _tables(tables: Sequence[str] | None, data: object) -> Sequence[str]:
    if tables is None:
        return TABLES if data is not None else TABLES[:1]
    for name in tables:
        checks.one_of("tables", name, TABLES)
    if "tsb-ad" in tables and data is None:
        raise SpecError("data", "must be a folder of public series for the table tsb-ad")
    return tables


def _seed(seed: int | None, folder: Path | None) -> int:
    known = seed_of(folder)
    if seed is not None:
        return checks.whole("seed", seed, most=2**63 - 1)
    return fresh_seed() if known is None else known


def fresh_seed() -> int:
    """Return a seed that nobody has seen."""
    return secrets.randbits(63)


def _probed(name: str, plan: _Plan) -> Process | None:
    """Make a detector once, and raise what it was refused with; return the process of a foreign one."""
    if parse(name)[0] in ours():
        make(name, plan.seed)
        return None
    process = plan.process(name)
    try:
        answer = process.start()
        if answer.get("kind") == "library":
            raise ImportError(f"{name}: {answer['error']}")
        if "error" in answer:
            raise SpecError("detectors", "must be a detector that can be made", f"{name!r}: {answer['error']}")
    except Ended as ended:
        raise SpecError("detectors", "must be a detector that can be made", f"{name!r}: {ended.message}") from None
    except BaseException:
        process.end()
        raise
    return process


class _Pool:
    """Threads that each hold one process."""

    def __init__(
        self,
        plan: _Plan,
        todo: list[tuple[str, Entry]],
        store: Store,
        ready: dict[str, Process],
        shown: Callable[[int], None] | None,
    ) -> None:
        self._todo: queue.SimpleQueue[tuple[str, Entry]] = queue.SimpleQueue()
        for work in todo:
            self._todo.put(work)
        self._plan, self._store, self._shown = plan, store, shown
        self._ready, self._lock, self._count = ready, threading.Lock(), 0
        self._in_a_row: dict[str, int] = {}
        self._stop = threading.Event()
        self._processes: set[Process] = set()
        self._failure: list[BaseException] = []

    def work(self) -> None:
        """Do all; an interruption ends all processes."""
        workers = [threading.Thread(target=self._guarded, daemon=True) for _ in range(self._plan.jobs)]
        try:
            for worker in workers:
                worker.start()
            while any(worker.is_alive() for worker in workers):
                for worker in workers:
                    worker.join(0.1)
                if self._shown is not None:
                    self._shown(self._count)
        finally:
            self._stop.set()
            for process in list(self._processes):
                process.end()
        if self._failure:
            raise self._failure[0]

    def _guarded(self) -> None:
        try:
            self._loop()
        except BaseException as error:
            if not self._stop.is_set():
                self._failure.append(error)

    def _loop(self) -> None:
        process: Process | None = None
        while not self._stop.is_set():
            try:
                name, entry = self._todo.get_nowait()
            except queue.Empty:
                break
            if process is not None and process.detector != name:
                self._ended(process)
                process = None
            if self._in_a_row.get(name, 0) >= PATIENCE:
                self._keep(name, entry, {"status": "given up", "message": f"after {PATIENCE} in a row"})
                continue
            try:
                if process is None:
                    process = self._started(name)
                answer = process.ask(entry._asdict())
            except Ended as ended:
                if process is not None:
                    self._ended(process)
                process = None
                if self._stop.is_set():
                    break
                self._keep(name, entry, {"status": ended.status, "message": ended.message})
                continue
            self._keep(name, entry, _outcome(answer))
        if process is not None:
            self._ended(process)

    def _started(self, name: str) -> Process:
        with self._lock:
            process = self._ready.pop(name, None)
        if process is not None:
            self._processes.add(process)
            return process
        process = self._plan.process(name)
        self._processes.add(process)
        process.start()
        return process

    def _ended(self, process: Process) -> None:
        process.end()
        self._processes.discard(process)

    def _keep(self, name: str, entry: Entry, outcome: dict[str, Any]) -> None:
        self._store.add(Run(entry.table, entry.group, entry.name, name, **outcome))
        with self._lock:
            self._count += 1
            broke = outcome["status"] in ("timeout", "memory", "crashed", "given up")
            self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if broke else 0


def _outcome(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        status = "memory" if answer["kind"] == "memory" else "failed"
        return {"status": status, "message": answer["error"]}
    return {"status": "ok", **answer}
