"""Messages of a Kafka topic, read with Quix Streams: JSON objects, one a sample."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from paranom_rs._internal.checks import shown
from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError
from paranom_rs.watch.feeds.samples import MOST_ROWS, Reader, Samples, named_channels

with needs("Quix Streams", "quix", "a feed of Kafka"):
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition
    from quixstreams import Application

__all__ = ["Kafka"]


class Kafka:
    """A topic from its beginning. Offsets are stored with the samples: after a kill none is missed, or read twice.

    Parameters
    ----------
    url
        ``kafka://host:port/topic``.
    columns
        The fields that are channels.
    key
        The field that holds the key; by default the key of the message.
    time
        The field that holds the time; by default the time of the message.
    scored
        The messages are what `paranom_rs.connect.quix.detect` gave.
    """

    def __init__(
        self,
        url: str,
        columns: Sequence[str] | None,
        *,
        key: str | None = None,
        time: str | None = None,
        scored: bool = False,
    ) -> None:
        parts = urlsplit(url)
        self.topic = parts.path[1:]
        if not self.topic or not parts.netloc:
            raise SpecError("file", "must be kafka://host:port/topic", shown(url))
        self.channels = named_channels(columns, "Kafka")
        self.name = f"kafka://{parts.netloc}/{self.topic}"
        self._key, self._time = key, time
        self._reader = Reader(self.channels, key or "key", time or "time", scored=scored)
        self._application = Application(
            broker_address=parts.netloc if parts.port else f"{parts.netloc}:9092",
            consumer_group="paranom-watch",
            auto_offset_reset="earliest",
            auto_create_topics=False,
            loglevel=None,
        )

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give samples from a position on, until ``stop`` is set."""
        offsets: dict[str, int] = {} if position is None else json.loads(position)
        consumer = self._application.get_consumer(auto_commit_enable=False)
        try:
            found = consumer.list_topics(self.topic, timeout=10).topics[self.topic]
            if found.error is not None or not found.partitions:
                raise OSError(f"the broker has no topic {self.topic}")
            consumer.assign(
                [
                    TopicPartition(self.topic, number, offsets.get(str(number), OFFSET_BEGINNING))
                    for number in found.partitions
                ]
            )
            while not stop.is_set():
                message = consumer.poll(0.1)
                behind = None
                while message is not None:
                    if message.error() is not None:
                        self._reader.note(str(message.error()))
                    else:
                        behind = time.time() - message.timestamp()[1] / 1000
                        offsets[str(message.partition())] = message.offset() + 1
                        self._add(message)
                    message = consumer.poll(0.0) if len(self._reader) < MOST_ROWS else None
                if behind is not None:
                    samples = self._reader.take(json.dumps(offsets))
                    yield replace(samples, behind=behind)
        finally:
            consumer.close()

    def _add(self, message: Any) -> None:
        place = f"offset {message.offset()}"
        try:
            record = json.loads(message.value() or b"")
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            self._reader.refuse(place, "holds no JSON object")
            return
        own = {"key": (message.key() or b"").decode("utf-8", "replace"), "time": message.timestamp()[1] / 1000}
        given = {} if self._key is not None else {"key": own["key"]}
        self._reader.add(record | given | ({} if self._time is not None else {"time": own["time"]}), place)
