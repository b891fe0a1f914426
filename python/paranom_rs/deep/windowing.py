"""Cut a series into windows, split them, and bring their scores back to its rows. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs.errors import SpecError

__all__ = ["WindowSplit", "Windows", "covering", "to_rows", "windows"]


class WindowSplit(NamedTuple):
    """Numbers of windows: three disjoint parts of the normal ones, and all the anomalous ones."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    anomalous: NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The windows of one series.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import windows
    >>> cut = windows(np.arange(10.0), [0, 0, 0, 0, 0, 1, 0, 0, 0, 0], window=4, stride=2)
    >>> cut.data.shape, cut.count.tolist()
    ((4, 4, 1), [0, 1, 1, 0])
    """

    data: Floats
    """(k, window, d), a read-only view of the series; each window is contiguous."""
    start: NDArray[np.int64]
    """(k,) first row of each."""
    count: NDArray[np.int64] | None
    """(k,) anomalous rows in each; None without labels."""

    def __len__(self) -> int:
        return len(self.data)

    @property
    def normal(self) -> NDArray[np.int64]:
        """Numbers of the windows without an anomalous row (all of them without labels)."""
        return np.arange(len(self)) if self.count is None else np.flatnonzero(self.count == 0)

    @property
    def anomalous(self) -> NDArray[np.int64]:
        """Numbers of the windows whose every row is anomalous. The mixed ones belong to neither."""
        return np.arange(0) if self.count is None else np.flatnonzero(self.count == self.data.shape[1])

    def split(self, parts: tuple[float, float, float] = (0.85, 0.05, 0.10), *, seed: int = 0) -> WindowSplit:
        """Split the normal windows at random.

        Windows that overlap share rows, so neighbours may fall into different parts.

        Parameters
        ----------
        parts
            Shares of the normal windows for training, validation and test; they sum to 1.
        seed
            The same seed gives the same split.

        Returns
        -------
        WindowSplit
            Numbers of windows.

        Raises
        ------
        SpecError
            For ``parts`` that are not three shares.
        """
        if len(parts) != 3 or not (min(parts) >= 0 and abs(sum(parts) - 1) <= 1e-9):
            raise SpecError("parts", "must be three shares that sum to 1", str(parts))
        order = np.random.default_rng(seed).permutation(self.normal)
        first, second = np.round(np.cumsum(parts[:2]) * len(order)).astype(int)
        return WindowSplit(order[:first], order[first:second], order[second:], self.anomalous)


def windows(X: ArrayLike, y: ArrayLike | None = None, *, window: int = 60, stride: int = 45) -> Windows:
    """Cut a series into windows.

    Rows behind the last whole window are left out.

    Parameters
    ----------
    X
        A series, shape (n,) or (n, d).
    y
        0/1 labels of its rows, shape (n,).
    window
        Rows of a window.
    stride
        Rows from the start of a window to the start of the next.

    Returns
    -------
    Windows
        ``(n - window) // stride + 1`` windows.

    Raises
    ------
    SpecError
        For a window longer than the series, labels of another length, and what is no series.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import windows
    >>> cut = windows(np.arange(10.0), window=4, stride=2)
    >>> cut.data.shape
    (4, 4, 1)
    """
    values = checks.series("X", X)
    window, stride = checks.whole("window", window, least=1), checks.whole("stride", stride, least=1)
    if window > len(values):
        raise SpecError("window", f"must be at most the {len(values)} rows of X", str(window))
    view = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)[::stride].transpose(0, 2, 1)
    start = np.arange(len(view), dtype=np.int64) * stride
    if y is None:
        return Windows(view, start, None)
    flags = checks.labels("y", y)
    if len(flags) != len(values):
        raise SpecError("y", f"must have the {len(values)} rows of X", str(len(flags)))
    total = np.concatenate([[0], np.cumsum(flags)])
    return Windows(view, start, total[start + window] - total[start])


def covering(rows: int, window: int, stride: int) -> NDArray[np.int64]:
    """Return the starts of windows that together cover every row: one every ``stride`` rows, and one at the end."""
    if window > rows:
        raise SpecError("X", f"must have at least the {window} rows of the detector's window", str(rows))
    start = np.arange(0, rows - window + 1, stride, dtype=np.int64)
    return start if start[-1] == rows - window else np.append(start, rows - window)


def to_rows(scores: Floats, start: NDArray[np.int64], window: int, rows: int) -> Floats:
    """Return for each row the mean score of the windows that cover it.

    Parameters
    ----------
    scores, start
        Scores of the windows and their first rows, shape (k,).
    window, rows
        Rows of a window, and of the series.

    Returns
    -------
    scores
        Shape (rows,).

    Raises
    ------
    SpecError
        For a row that no window covers.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import to_rows
    >>> to_rows(np.array([1.0, 3.0]), np.array([0, 1]), window=2, rows=3)
    array([1., 2., 3.])
    """
    edge = np.zeros((2, rows + 1))
    for line, value in zip(edge, (scores, np.ones(len(scores))), strict=True):
        np.add.at(line, start, value)
        np.subtract.at(line, start + window, value)
    total, number = np.cumsum(edge, axis=1)[:, :-1]
    if not number.all():
        raise SpecError("start", f"must cover row {int(np.argmin(number))} of {rows} with a window")
    return np.asarray(total / number, dtype=np.float64)
