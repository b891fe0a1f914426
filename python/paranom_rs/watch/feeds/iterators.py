"""Samples from Python, and from a generator of data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from paranom_rs._internal.checks import positive, whole
from paranom_rs.generate.generator import Generator
from paranom_rs.watch.feeds.samples import MOST_ROWS, Reader, Samples

__all__ = ["Plant", "Records"]


class Records:
    """Records (dicts) that an iterable gives, each taken at once; the iterable may wait between them.

    Parameters
    ----------
    records
        What gives them.
    channels
        The fields that are channels.
    key, time
        The fields that hold the key and the time.

    Examples
    --------
    >>> from threading import Event
    >>> from paranom_rs.watch.feeds.iterators import Records
    >>> feed = Records([{"flow": 1.5}, {"flow": None}], ["flow"])
    >>> [samples.X.tolist() for samples in feed.batches(None, Event())]
    [[[1.5]], [[nan]]]
    """

    def __init__(
        self,
        records: Iterable[Mapping[str, Any]],
        channels: Sequence[str],
        *,
        key: str | None = None,
        time: str | None = None,
        name: str = "records",
    ) -> None:
        self.name, self.channels = name, tuple(channels)
        self._records = records
        self._reader = Reader(channels, key, time)

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give each record, until they end or ``stop`` is set."""
        for number, record in enumerate(self._records):
            if stop.is_set():
                return
            self._reader.add(record, f"record {number}")
            yield self._reader.take()


class Plant:
    """Rows of a generator, as if they came live: a demonstration.

    Parameters
    ----------
    generator
        What makes them.
    rows_per_second
        How fast they come.
    history
        Rows that are there at the beginning.

    Examples
    --------
    >>> from threading import Event
    >>> from paranom_rs import Generator, Sine, Stochastic
    >>> from paranom_rs.watch.feeds.iterators import Plant
    >>> plant = Plant(Generator({"flow": Stochastic(normal=Sine(period=20))}, seed=1), history=100)
    >>> len(next(plant.batches(None, Event())).X)
    101
    """

    def __init__(
        self, generator: Generator, *, rows_per_second: float = 20.0, history: int = 0, name: str = "plant"
    ) -> None:
        positive("rows_per_second", rows_per_second)
        self.history = whole("history", history)
        self.name, self.rows_per_second = name, rows_per_second
        self._generator = generator
        self.channels = tuple(generator.names)

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give rows from a position on, until ``stop`` is set."""
        row = 0 if position is None else int(position)
        begin, first = time.monotonic(), max(row, self.history)
        while not stop.is_set():
            due = first + int((time.monotonic() - begin) * self.rows_per_second) + 1
            n = min(due - row, MOST_ROWS)
            if n > 0:
                data = self._generator.generate(n, start=row)
                row += n
                yield Samples(np.asarray(data.X, dtype=np.float64), _clock(data.t), position=str(row))
            else:
                stop.wait((due - first) / self.rows_per_second - (time.monotonic() - begin))


def _clock(t: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return times in seconds."""
    if t.dtype.kind == "M":
        return t.astype("datetime64[us]").astype(np.int64) / 1e6
    return t.astype(np.float64)
