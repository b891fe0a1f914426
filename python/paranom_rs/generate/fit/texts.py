"""The columns of a file that hold texts, which no table of numbers has: states such as idle and run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.csv_text import MISSING, CsvRows, open_csv
from paranom_rs._internal.parquet import parquet
from paranom_rs.generate.fit.states import MOST_STATES

__all__ = ["text_columns"]

#: Rows of a CSV file that are read at once.
_ROWS = 1 << 13


def text_columns(path: Path, known: set[str]) -> tuple[dict[str, tuple[Floats, list[str]]], list[str]]:
    """Read columns of texts of one file, and number the texts in alphabetical order; NaN where one is missing.

    Parameters
    ----------
    path
        A CSV or Parquet file; a folder has none.
    known
        Columns that are read already.

    Returns
    -------
    columns
        By name: codes (n,), and the texts.
    notes
        Columns with more than 64 different texts, which are left out.
    """
    if path.is_dir() or path.suffix in (".arrow", ".feather"):
        return {}, []
    read = _of_parquet(path, known) if path.suffix == ".parquet" else _of_csv(path, known)
    columns: dict[str, tuple[Floats, list[str]]] = {}
    notes = []
    for name, values in read.items():
        if values is None:
            notes.append(f"{name}: more than {MOST_STATES} different texts, so it is left out")
            continue
        texts = sorted({text for text in values if text is not None})
        code = {text: float(i) for i, text in enumerate(texts)}
        if texts:
            columns[name] = (np.array([np.nan if x is None else code[x] for x in values]), texts)
    return columns, notes


def _of_parquet(path: Path, known: set[str]) -> dict[str, list[str | None] | None]:
    with parquet(path) as pq:
        names = [
            field.name
            for field in pq.read_schema(path)
            if field.name not in known and any(kind in str(field.type) for kind in ("string", "utf8"))
        ]
        table = pq.read_table(path, columns=names)
    found: dict[str, list[str | None] | None] = {}
    for name in names:
        values = table[name].to_pylist()
        found[name] = None if len(set(values)) > MOST_STATES + 1 else values
    return found


def _of_csv(path: Path, known: set[str]) -> dict[str, list[str | None] | None]:
    found: dict[str, list[str | None] | None] = {}
    seen: dict[str, set[str | None]] = {}
    with open_csv(path) as text:
        rows = CsvRows(text, path)
        places = {name: i for i, name in enumerate(rows.header) if name not in known and rows.header.count(name) == 1}
        places = {name: i for name, i in places.items() if i not in rows.nameless and not _is_numeric(rows, i)}
        if not places:
            return {}
        found = {name: [] for name in places}
        seen = {name: set() for name in places}
        for lines in rows.parts(_ROWS):
            for name, place in places.items():
                values = found[name]
                if values is None:
                    continue
                part = [None if x.strip().lower() in MISSING else x.strip() for x in lines.texts(place)]
                values += part
                seen[name].update(part)
                if len(seen[name]) > MOST_STATES + 1:
                    found[name] = None
    return found


def _is_numeric(rows: CsvRows, column: int) -> bool:
    """Whether a column holds numbers: it was left out for another reason."""
    return all(rows.is_number(row[column]) for row in rows.sample)
