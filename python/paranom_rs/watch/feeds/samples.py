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
from paranom_rs.watch.rows import ALARM, ANOMALY, Found

__all__ = ["MOST_ROWS", "SCORED", "Feed", "Reader", "Samples", "seconds"]

#: What the keyed detectors of `paranom_rs.connect` add to a record.
SCORED = ("score", "is_anomaly", "alarm", "time", "channel")
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
    found
        What a detector elsewhere found in them; None: they are to be scored.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch.feeds.samples import Samples
    >>> Samples(np.array([[1.5]]), np.array([0.0]), keys=["pump 1"]).refused
    0
    """

    X: NDArray[np.float64]
    t: NDArray[np.float64]
    keys: list[str] | None = None
    position: str | None = None
    note: str = ""
    refused: int = 0
    behind: float | None = None
    acknowledge: Callable[[], None] | None = None
    found: Found | None = None


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
    scored
        Records hold what a detector elsewhere found: `SCORED`.

    Examples
    --------
    >>> from paranom_rs.watch.feeds.samples import Reader
    >>> reader = Reader(["flow"], key="machine", time="at")
    >>> reader.add({"machine": "a", "at": "1970-01-01T00:01", "flow": "1.5"}, "record 0")
    >>> reader.add({"machine": "a", "flow": "much"}, "record 1")
    >>> samples = reader.take()
    >>> samples.X.tolist(), samples.t.tolist(), samples.note
    ([[1.5]], [60.0], "record 1 has no number in flow: 'much'")
    """

    def __init__(self, channels: Sequence[str], key: str | None, time: str | None, *, scored: bool = False) -> None:
        self.channels, self.key, self.time, self.scored = tuple(channels), key, time, scored
        self._found: list[tuple[float, int, int]] = []
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
            found = self._what_was_found(record) if self.scored else None
        except KeyError:
            self.refuse(place, f"has no {self.key}")
        except ValueError as error:
            self.refuse(place, str(error))
        else:
            if found is not None:
                self._found.append(found)
            self._rows.append(row)
            self._keys.append(key)
            self._times.append(seconds(None if self.time is None else record.get(self.time)))

    def _what_was_found(self, record: Mapping[str, Any]) -> tuple[float, int, int]:
        """Return the score, the flags of `Rows`, and the place of the channel to blame, -1 for none."""
        flags = ANOMALY * _flag(record.get("is_anomaly"), "is_anomaly") | ALARM * _flag(record.get("alarm"), "alarm")
        channel = record.get("channel")
        place = self.channels.index(channel) if channel in self.channels else -1
        return _number(record.get("score"), "score"), flags, place

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
            Found.of(self._found) if self.scored else None,
        )
        self._found = []
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


def _flag(value: Any, name: str) -> int:
    """Return 0 or 1 for a flag, as JSON and CSV write it."""
    if value is None or value in (False, "", "false", "False", "0"):
        return 0
    if value in (True, "true", "True", "1"):
        return 1
    raise ValueError(f"has no true or false in {name}")


def seconds(value: Any) -> float:
    """Return a time in seconds: a number as it is, ISO 8601 since 1970 (UTC where it has no zone); else NaN.

    Examples
    --------
    >>> from paranom_rs.watch.feeds.samples import seconds
    >>> seconds("1970-01-01T01:00+01:00"), seconds("12.5"), seconds("noon")
    (0.0, 12.5, nan)
    """
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
