"""What a detector learns from: one series or several, as one array with a row of NaN between two."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.columns import column_names, library
from paranom_rs.errors import SpecError, SpecTypeError


def is_several(X: Any) -> bool:
    """Return whether ``X`` is a list of series: tables, columns, arrays (n, d). A list of numbers is one series."""
    if not isinstance(X, list | tuple) or not X:
        return False
    return all(library(x) is not None or (isinstance(x, np.ndarray) and x.ndim == 2) for x in X)


def several(path: str, X: Any, y: Any = None) -> list[tuple[str, Any, Any]]:
    """Return each series with what errors call it, and its labels (None without)."""
    if not is_several(X):
        return [(path, X, y)]
    if y is None:
        return [(f"{path}[{k}]", x, None) for k, x in enumerate(X)]
    if not isinstance(y, list | tuple):
        raise SpecTypeError("y", f"must be a list of labels, one for each series of {path}", type(y).__name__)
    if len(y) != len(X):
        raise SpecError("y", f"must have labels for each of the {len(X)} series of {path}", str(len(y)))
    return [(f"{path}[{k}]", x, labels) for k, (x, labels) in enumerate(zip(X, y, strict=True))]


def normal_rows(path: str, y: ArrayLike | None, count: int) -> Flags:
    """Return which rows are normal; without labels all are."""
    if y is None:
        return np.ones(count, dtype=bool)
    labels = checks.labels(path, y)
    if len(labels) != count:
        raise SpecError(path, f"must have {count} rows, as X has", str(len(labels)))
    return ~labels


class TrainingRows(NamedTuple):
    """Rows to learn from.

    Attributes
    ----------
    rows
        (n, d), all series one behind the other, with a row of NaN between two. Anomalous rows are NaN, too.
    spans
        The first row of each series, and the row behind its last.
    outside
        (n,), the rows that are not to be learnt: those between two series, and anomalous ones.
    names
        The names of the channels, or None.
    """

    rows: Floats
    spans: list[tuple[int, int]]
    outside: Flags
    names: list[str] | None

    @classmethod
    def read(cls, X: Any, y: Any) -> TrainingRows:
        """Read a series and its labels, or lists of both.

        Raises
        ------
        SpecError, SpecTypeError
            For what is no series, labels that do not fit, no normal row, and series of other channels than the first.
        """
        parts: list[Floats] = []
        masks: list[Flags] = []
        spans, at = [], 0
        names: list[str] | None = None
        given = several("X", X, y)
        for k, (path, series, labels) in enumerate(given):
            own = column_names(path, series)
            if k and own != names:
                rule = "must be those of the first series" if names is None else f"must be {', '.join(names)}"
                raise SpecError(f"{path}.columns", rule, "none" if own is None else ", ".join(own))
            names = own
            rows = checks.series(path, series)
            if parts and rows.shape[1] != parts[0].shape[1]:
                raise SpecError(path, f"must have the {parts[0].shape[1]} channels of X[0]", str(rows.shape[1]))
            normal = normal_rows("y" if len(given) == 1 else path.replace("X", "y"), labels, len(rows))
            if k:
                parts.append(np.full((1, rows.shape[1]), np.nan))
                masks.append(np.ones(1, dtype=bool))
                at += 1
            parts.append(np.where(normal[:, None], rows, np.nan) if not normal.all() else rows)
            masks.append(~normal)
            spans.append((at, at + len(rows)))
            at += len(rows)
        outside = np.concatenate(masks)
        if len(outside) and outside.all():
            raise SpecError("y", "must hold a normal row (0)")
        return cls(parts[0] if len(parts) == 1 else np.concatenate(parts), spans, outside, names)

    @property
    def longest(self) -> int:
        """Rows of the longest series."""
        return max(stop - start for start, stop in self.spans)
