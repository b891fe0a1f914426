"""Where the recordings of a spec stand when it is written as TOML: in it, in the files they came from, or beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError
from paranom_rs.generate.recordings import Table, map_recordings

__all__ = ["StoredRecordings"]

#: Recordings of more values are not written into TOML.
_MOST_EMBEDDED = 20_000
#: Values of a recording that people may want to see in a text.
_MOST_IN_TEXT = 100

Columns = dict[str, NDArray[np.float64]]


class StoredRecordings:
    """Puts each recording of a spec where it belongs.

    Parameters
    ----------
    resolved
        The spec with the values of all recordings.
    beside
        What the names of files begin with that may be written beside the TOML; None for no files.

    Attributes
    ----------
    files
        The columns of each of these files, by its name: ``{beside}.parquet``, ``{beside}-2.parquet``, and so on. The
        columns of a file are equally long.
    """

    def __init__(self, resolved: Table, beside: str | None) -> None:
        self._beside = beside
        self.files: dict[str, Columns] = {}
        self._values: dict[str, Table] = {}
        map_recordings(resolved, self._note)

    def _note(self, path: str, table: Table) -> Table:
        self._values[path] = table
        return table

    def embed(self, path: str, table: Table) -> Table:
        """Return the table of a recording as the TOML holds it."""
        resolved = self._values[path]
        values = resolved["values"]
        if not isinstance(values, np.ndarray):
            return resolved
        is_long = len(values) > _MOST_EMBEDDED
        if "file" in table and is_long:
            return table
        rest = {key: x for key, x in resolved.items() if key != "values"}
        if isinstance(rest.get("labels"), np.ndarray):
            rest["labels"] = rest["labels"].tolist()
        if self._beside is not None and len(values) > _MOST_IN_TEXT:
            file, column = self._store(path, values)
            return rest | {"file": file, "column": column}
        if is_long:
            raise SpecError(
                f"{path}.values",
                f"must have at most {_MOST_EMBEDDED} values to be written as TOML; write it to a file, "
                "to_toml(path), and the values lie beside it",
                f"{len(values)} values",
            )
        return rest | {"values": values.tolist()}

    def _store(self, path: str, values: NDArray[Any]) -> tuple[str, str]:
        """Note values for a file; give the names of the file and the column."""
        name = path.removeprefix("variables.").removesuffix(".normal")
        numbers = range(1, len(self.files) + 2)
        for file in (f"{self._beside}{f'-{number}' if number > 1 else ''}.parquet" for number in numbers):
            columns = self.files.setdefault(file, {})
            if not columns or len(next(iter(columns.values()))) == len(values):
                break
        columns[name] = values
        return file, name
