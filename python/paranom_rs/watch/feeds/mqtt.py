"""Messages of an MQTT broker: JSON objects, one a sample."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from paranom_rs._internal.checks import shown
from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError
from paranom_rs.watch.feeds.samples import MOST_ROWS, Reader, Samples, named_channels

with needs("Paho MQTT", "mqtt", "a feed of MQTT"):
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["Mqtt"]

#: Messages that wait to be stored; then the broker waits.
_MOST_WAITING = 20_000


class Mqtt:
    """What is published on a topic, at least once (quality of service 1).

    A message is acknowledged once it is stored, and the session is kept by the broker: after a kill it sends again what
    was not. A sample that was stored just before the kill may then come twice.

    Parameters
    ----------
    url
        ``mqtt://user:password@host:port/topic``; the topic may hold wildcards. ``mqtts`` for TLS.
    columns
        The fields that are channels.
    key, time
        The fields that hold the key and the time.
    client
        The name of the session at the broker.

    Raises
    ------
    OSError
        The broker cannot be reached.
    """

    def __init__(
        self,
        url: str,
        columns: Sequence[str] | None,
        *,
        key: str | None = None,
        time: str | None = None,
        client: str = "paranom-watch",
    ) -> None:
        parts = urlsplit(url)
        self.topic = unquote(parts.path[1:])
        if not self.topic or not parts.hostname:
            raise SpecError("file", "must be mqtt://host/topic", shown(parts.path))
        self.channels = named_channels(columns, "MQTT")
        self.name = f"mqtt://{parts.hostname}/{self.topic}"
        self._reader = Reader(self.channels, key, time)
        self._messages: queue.Queue[MQTTMessage | str] = queue.Queue(_MOST_WAITING)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client, clean_session=False, manual_ack=True)
        if parts.username is not None:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._client.tls_set()
        self._client.on_connect = self._subscribe
        self._client.on_message = lambda client, data, message: self._messages.put(message)
        self._client.on_disconnect = lambda *_: self._messages.put("the broker is gone; trying again")
        self._client.connect(parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883))

    def _subscribe(self, client: Any, *_: Any) -> None:
        client.subscribe(self.topic, qos=1)

    def batches(self, position: str | None, stop: threading.Event) -> Iterator[Samples]:
        """Give samples as they come, until ``stop`` is set."""
        self._client.loop_start()
        try:
            while not stop.is_set():
                taken = self._take()
                for item in taken:
                    if isinstance(item, str):
                        self._reader.note(item)
                    else:
                        _add(self._reader, item.payload, item.topic)
                if taken:
                    messages = [item for item in taken if not isinstance(item, str)]
                    yield self._reader.take(acknowledge=self._acknowledger(messages))
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def _take(self) -> list[MQTTMessage | str]:
        """Wait a little for a message, and return it with all that are there."""
        found: list[MQTTMessage | str] = []
        try:
            found.append(self._messages.get(timeout=0.1))
            while len(found) < MOST_ROWS:
                found.append(self._messages.get_nowait())
        except queue.Empty:
            pass
        return found

    def _acknowledger(self, messages: list[MQTTMessage]) -> Callable[[], None]:
        def acknowledge() -> None:
            for message in messages:
                self._client.ack(message.mid, message.qos)

        return acknowledge


def _add(reader: Reader, payload: bytes | bytearray, place: str) -> None:
    """Give a message, a JSON object, to a reader."""
    try:
        record = json.loads(payload)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict):
        reader.add(record, place)
    else:
        reader.refuse(place, "holds no JSON object")
