"""Tables as Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Cell = str | float | int | None


def table(rows: Sequence[Mapping[str, Cell]], digits: int = 3) -> str:
    """A Markdown table; floats with so many digits, nothing where there is no value."""
    columns = list(dict.fromkeys(key for row in rows for key in row))

    def text(value: Cell) -> str:
        if value is None:
            return ""
        return f"{value:.{digits}f}" if isinstance(value, float) else str(value)

    lines = [columns, ["---"] * len(columns), *([text(row.get(c)) for c in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def over_seeds(values: Sequence[float]) -> str:
    """The mean of each seed's figure, ± their standard deviation where there are several."""
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def write(folder: Path, name: str, title: str, notes: Sequence[str], parts: Mapping[str, str]) -> Path:
    """Write ``name.md`` into the folder, and print it; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"# {title}", *notes, f"Python {platform.python_version()} on {platform.machine()}."]
    for heading, body in parts.items():
        text += [f"## {heading}", body]
    path = folder / f"{name}.md"
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))
    return path
