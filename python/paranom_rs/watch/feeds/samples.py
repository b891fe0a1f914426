"""What a feed gives, and what every feed is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError

__all__ = ["MOST_ROWS", "Feed", "Reader", "Samples", "seconds"]

#: Samples that a feed gives at once.
MOST_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples in a row.

    Attributes
    ----------
    X
        (n, d) float64, NaN where a value is missing.
    t
        (n,) float64, seconds; NaN: the time of arrival.
    keys
        (n,), or None where the feed has one key.
    position
        Where the feed goes on after them; None where it cannot.
    note
        What is odd about them; it shows on the page.
    refused
        Lines or messages that hold no sample.
    behind
        Seconds since the last one was made, where the feed knows.
    acknowledge
        Called once they are stored.
    """

    X: NDArray[np.float64]
    t: NDArray[np.float64]
    keys: list[str] | None = None
    position: str | None = None
    note: str = ""
    refused: int = 0
    behind: float | None = None
    acknowledge: Callable[[], None] | None = None


class Feed(Protocol):
    """Where samples come from."""

    name: str
    channels: tuple[str, ...]

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give samples from a position on, until the feed ends or ``stop`` is set."""


class Reader:
    """Makes samples of records: dicts of fields.

    Parameters
    ----------
    channels
        The fields that are channels. An absent one, or None, or an empty text, is a missing value.
    key, time
        The fields that hold the key and the time; None for none.
    """

    def __init__(self, channels: Sequence[str], key: str | None, time: str | None) -> None:
        self.channels, self.key, self.time = tuple(channels), key, time
        self._rows: list[list[float]] = []
        self._times: list[float] = []
        self._keys: list[str] = []
        self._note, self._refused = "", 0

    def __len__(self) -> int:
        return len(self._rows) + self._refused

    def add(self, record: Mapping[str, Any], place: str) -> None:
        """Take a record; ``place`` says where it stands, should it be refused."""
        try:
            row = [_number(record.get(name), name) for name in self.channels]
            key = "" if self.key is None else str(record[self.key])
        except KeyError:
            self.refuse(place, f"has no {self.key}")
        except ValueError as error:
            self.refuse(place, str(error))
        else:
            self._rows.append(row)
            self._keys.append(key)
            self._times.append(seconds(None if self.time is None else record.get(self.time)))

    def refuse(self, place: str, why: str) -> None:
        """Count what is no sample."""
        self._refused += 1
        self._note = f"{place} {why}"

    def note(self, text: str) -> None:
        """Say what is odd."""
        self._note = text

    def take(self, position: str | None = None, acknowledge: Callable[[], None] | None = None) -> Samples:
        """Return the samples so far, and begin anew."""
        samples = Samples(
            np.array(self._rows, dtype=np.float64).reshape(len(self._rows), len(self.channels)),
            np.array(self._times, dtype=np.float64),
            None if self.key is None else self._keys,
            position,
            self._note,
            self._refused,
            None,
            acknowledge,
        )
        self._rows, self._times, self._keys, self._note, self._refused = [], [], [], "", 0
        return samples


def _number(value: Any, name: str) -> float:
    if value is None or value == "":
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"has no number in {name}")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"has no number in {name}: {value[:40]!r}" if isinstance(value, str) else name) from None


def seconds(value: Any) -> float:
    """Return a time in seconds: a number as it is, ISO 8601 since 1970 (UTC where it has no zone); else NaN."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return float("nan")
    try:
        return float(value)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return float("nan")
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


def named_channels(columns: Sequence[str] | None, what: str) -> tuple[str, ...]:
    """Return the channels that were named; SpecError where none were."""
    if not columns:
        raise SpecError("columns", f"must be given for {what}: they are the channels")
    return tuple(columns)
