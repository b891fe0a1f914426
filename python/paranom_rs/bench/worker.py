"""The process that a detector runs in: it reads a line of JSON for each series, and answers with one."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from paranom_rs.bench.detectors import make, threshold_of
from paranom_rs.bench.figures import checked_scores, measure
from paranom_rs.bench.series import Entry, Task
from paranom_rs.errors import ParanomError

#: What `serve` refuses a detector with, by the kind of the error.
KINDS: dict[str, type[Exception]] = {"library": ImportError, "argument": ParanomError}


def serve() -> None:
    """Answer the parent's lines until they end. The detector's own output goes nowhere."""
    lines, answers = _private(0, "r"), _private(1, "w")
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    warnings.simplefilter("ignore")
    asked = json.loads(lines.readline())
    _limit_memory(asked["memory"])
    sys.path.insert(0, asked["folder"])
    _answer(answers, _tried(lambda: {"ready": bool(make(asked["detector"], asked["seed"]))}))
    for line in lines:
        entry = Entry(**json.loads(line))
        source = entry.source
        entry = entry._replace(source=source if isinstance(source, str) else (source[0], source[1]))
        task = entry.load()
        # From now on the time counts.
        _answer(answers, {"started": True})
        _answer(answers, _tried(lambda task=task: _run(asked["detector"], asked["seed"], task)))  # type: ignore[misc]


def _run(detector: str, seed: int, task: Task) -> dict[str, Any]:
    """Fit a new detector and score; return figures, CPU seconds and mebibytes."""
    before = _start_of_memory()
    started = time.process_time()
    made = make(detector, seed)
    made.fit(task.train)
    scores = checked_scores(made.decision_function(task.scored), len(task.scored))
    threshold = threshold_of(made, task.train)
    seconds, memory = time.process_time() - started, _memory_since(before)
    return {
        "figures": measure(task.y, scores, threshold, task.buffer),
        "seconds": round(seconds, 4),
        "memory": memory,
    }


def _tried(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except MemoryError:
        return {"error": "asked for more memory than it may have", "kind": "memory"}
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        kind = next((name for name, cls in KINDS.items() if isinstance(error, cls)), "other")
        text = str(error) if kind != "other" else f"{type(error).__name__}: {error}"
        return {"error": text.strip()[:400], "kind": kind}


def _answer(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _private(number: int, mode: str) -> IO[str]:
    """Return standard input or output for us alone; whoever else uses it gets nothing."""
    kept = os.fdopen(os.dup(number), mode, encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)
    return kept


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _limit_memory(mebibytes: int) -> None:
    """Refuse what would go far beyond the limit at once; the parent watches the limit itself."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):
        limit = (2 * mebibytes + 1024) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _start_of_memory() -> float | None:
    """Forget the peak so far; return the mebibytes that are in use."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _memory_since(before: float | None) -> float | None:
    """Return the mebibytes that were used at the peak beyond those of the start; None where no system tells."""
    peak = _status("VmHWM")
    return None if peak is None or before is None else round(max(peak - before, 0.0), 1)


def _status(field: str) -> float | None:
    return resident(os.getpid(), field)


def resident(process: int, field: str = "VmRSS") -> float | None:
    """Return the mebibytes of memory of a process; None where the system has no /proc."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
    return None
