"""Alarms told to others: by HTTP, as JSON of ours or as Prometheus' Alertmanager takes them."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecError
from paranom_rs.watch.engine import Watch
from paranom_rs.watch.records import Alarm

__all__ = ["Webhook"]

_LOG = logging.getLogger("paranom_rs.watch")
#: Alarms that wait to be told, tries of each, seconds before the second try and for an answer.
_MOST_WAITING, _TRIES, _PAUSE, _PATIENCE = 1000, 4, 0.5, 5.0


class Webhook:
    """Posts each alarm that begins or ends, in a thread of its own: a slow receiver delays nothing.

    Parameters
    ----------
    watch
        Whose alarms.
    url
        Where to post. For Alertmanager its address; ``/api/v2/alerts`` is added.
    form
        ``"json"``: one object. ``"alertmanager"``: as that takes alerts.

    Attributes
    ----------
    dropped
        Alarms that were not told: nobody answered, or too many waited.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> from paranom_rs.watch.notify import Webhook
    >>> hook = Webhook(watch, "http://127.0.0.1:8000/alarms")
    >>> hook.close()  # nothing waits to be told
    >>> hook.dropped
    0
    >>> watch.close()
    """

    def __init__(self, watch: Watch, url: str, form: Literal["json", "alertmanager"] = "json") -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise SpecError("webhook", "must be an address with http or https", shown(url))
        self._watch, self._form = watch, form
        self._url = url if form == "json" else f"{url.rstrip('/')}/api/v2/alerts"
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()
        watch.alarm_listeners.append(self._tell)

    def close(self) -> None:
        """Tell what waits, for a few seconds at most, and end."""
        self._watch.alarm_listeners.remove(self._tell)
        self._waiting.put(None)
        self._thread.join(_PATIENCE)

    def _tell(self, key: str, alarm: Alarm) -> None:
        made = self._object(key, alarm) if self._form == "json" else self._alerts(key, alarm)
        try:
            self._waiting.put_nowait(json.dumps(made).encode())
        except queue.Full:
            self.dropped += 1

    def _object(self, key: str, alarm: Alarm) -> dict[str, Any]:
        return {
            "state": "begun" if alarm.is_open else "ended",
            "alarm": alarm.id,
            "key": key,
            "channel": self._watch.channels[alarm.channel],
            "score": alarm.score,
            "threshold": alarm.threshold,
            "uncertainty": alarm.uncertainty,
            "start": alarm.start,
            "stop": alarm.stop,
            "t_start": alarm.t_start,
            "t_stop": alarm.t_stop,
        }

    def _alerts(self, key: str, alarm: Alarm) -> list[dict[str, Any]]:
        # An alert is known by its labels: they stay the same from the alarm's begin to its end.
        now = datetime.now(UTC).isoformat()
        alert: dict[str, Any] = {
            "labels": {"alertname": "ParanomAlarm", "key": key, "alarm": str(alarm.id)},
            "annotations": {
                "channel": self._watch.channels[alarm.channel],
                "score": f"{alarm.score:.6g}",
                "threshold": f"{alarm.threshold:.6g}",
            },
        }
        return [alert | ({"startsAt": now} if alarm.is_open else {"endsAt": now})]

    def _run(self) -> None:
        while (body := self._waiting.get()) is not None:
            if not self._post(body):
                self.dropped += 1

    def _post(self, body: bytes) -> bool:
        pause = _PAUSE
        for _ in range(_TRIES):
            request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                    answer.read(1024)
                return True
            except (OSError, ValueError) as error:
                _LOG.warning("webhook: %s", error)
            time.sleep(pause)
            pause *= 2
        return False
