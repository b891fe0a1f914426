"""The runs of a bench on disk while it goes on: a line of JSON for each, so that it can go on after an interruption."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from paranom_rs.bench.result import Run
from paranom_rs.errors import SpecError

NAME = "runs.jsonl"


class Store:
    """Runs in memory, and in a folder if there is one."""

    def __init__(self, folder: Path | None, head: dict[str, Any]) -> None:
        self.runs: list[Run] = []
        self._lock = threading.Lock()
        self._path = None if folder is None else folder / NAME
        if folder is None or self._path is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            self._go_on(self._path, head)
        else:
            self._path.write_text(json.dumps(head) + "\n", encoding="utf-8")

    def _go_on(self, path: Path, head: dict[str, Any]) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        # A bench that was killed may have left half a line.
        whole = [line for line in lines if line.endswith("\n")]
        known = json.loads(whole[0]) if whole else {}
        for name, value in head.items():
            if known.get(name) != value:
                rule = f"must hold runs of the same {name}, or be another folder"
                raise SpecError("out", rule, f"{path.parent}: {str(known.get(name))[:60]}")
        self.runs += [Run(**json.loads(line)) for line in whole[1:]]
        if len(whole) < len(lines):
            path.write_text("".join(whole), encoding="utf-8")

    def add(self, run: Run) -> None:
        """Keep a run."""
        with self._lock:
            self.runs.append(run)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(run)) + "\n")


def seed_of(folder: Path | None) -> int | None:
    """Return the seed of the bench in a folder, if there is one."""
    path = None if folder is None else folder / NAME
    if path is None or not path.exists():
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return int(json.loads(file.readline())["seed"])
    except (ValueError, KeyError, TypeError):
        raise SpecError("out", f"must be a folder of a bench; its {NAME} cannot be read", str(folder)) from None
