"""The column of a file that a custom-input names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import shown
from paranom_rs._internal.csv_text import CsvRows, open_csv
from paranom_rs.connect.gutentag.table import Refused, Table
from paranom_rs.errors import ParanomError
from paranom_rs.generate.recordings import read_columns


def read_recording(table: Table, rows: int) -> NDArray[np.float64]:
    """Return the values of a custom-input, from the file of its test part.

    A column is a name, or a number: column 0 has the times. Refused where the file cannot be read, or has fewer rows
    than the series.
    """
    path = Path(table.text("input-timeseries-path-test"))
    given = table.get("use-column-test")
    if given is None:
        given = (table.items("usecols") or [1])[0]
    try:
        name = given if isinstance(given, str) else _names(path)[Table(table.path, {"column": given}).whole("column")]
        values = read_columns(path, [name])[name]
    except (ParanomError, OSError, ValueError, ImportError) as error:
        raise Refused(f"{table.at('input-timeseries-path-test')}: must be a file that can be read ({error})") from None
    except IndexError:
        raise Refused(f"{table.at('use-column-test')}: must be a column of {path}, got {shown(given)}") from None
    if len(values) < rows:
        rule = f"must have the {rows} rows of the series at least"
        raise Refused(f"{table.at('input-timeseries-path-test')}: {rule}, got {len(values)}")
    return values


def _names(path: Path) -> list[str]:
    with open_csv(path) as text:
        return CsvRows(text, path).header
