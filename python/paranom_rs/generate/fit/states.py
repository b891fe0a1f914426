"""Channels that hold texts, as states: each text gets a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from paranom_rs._internal import columns
from paranom_rs.errors import SpecTypeError

__all__ = ["coded_states"]

#: A channel with more different texts has no states.
MOST_STATES = 64


def coded_states(table: Any, time: str | None) -> tuple[Any, dict[str, list[str]]]:
    """Return a table of pandas or polars in which numbers stand for texts, and the texts by number; else what came.

    The column of times becomes datetimes, if it holds texts.

    Raises
    ------
    SpecTypeError
        For a channel with more than 64 different texts.
    """
    library = columns.library(table)
    if library not in ("pandas", "polars") or not columns.is_table(table):
        return table, {}
    states: dict[str, list[str]] = {}
    for label, column in columns.columns(table):
        if not _holds_texts(library, column):
            continue
        if str(label) == time:
            table = _dated(library, table, label)
            continue
        codes, texts = _codes(column.to_list())
        if len(texts) > MOST_STATES:
            rule = f"must be numbers, or one of at most {MOST_STATES} texts"
            raise SpecTypeError(f"recording[{str(label)!r}]", rule, f"{len(texts)} different ones")
        states[str(label)] = texts
        if library == "pandas":
            table = table.assign(**{label: codes})
        else:
            table = table.with_columns(type(column)(label, codes))
    return table, states


def _holds_texts(library: str, column: Any) -> bool:
    if library == "polars":
        return str(column.dtype) in ("String", "Categorical", "Utf8") or str(column.dtype).startswith("Enum")
    kind = getattr(column.dtype, "kind", "O")
    if str(column.dtype) in ("category", "string", "str"):
        return any(isinstance(x, str) for x in column.head(1000).tolist())
    return kind == "O" and any(isinstance(x, str) for x in column.tolist())


def _codes(values: list[Any]) -> tuple[np.ndarray[Any, np.dtype[np.float64]], list[str]]:
    texts = sorted({x for x in values if isinstance(x, str)})
    number = {text: float(i) for i, text in enumerate(texts)}
    return np.array([number.get(x, np.nan) if isinstance(x, str) else np.nan for x in values]), texts


def _dated(library: str, table: Any, label: Any) -> Any:
    if library == "pandas":
        import pandas as pd

        return table.assign(**{label: pd.to_datetime(table[label])})
    import polars as pl

    return table.with_columns(pl.col(label).str.to_datetime())
