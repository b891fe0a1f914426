"""Alarms told to a collector of OpenTelemetry: each that has ended is a span."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from paranom_rs._internal.checks import shown
from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError
from paranom_rs.watch.engine import Watch
from paranom_rs.watch.records import Alarm

with needs("OpenTelemetry", "otlp", "--otlp"):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

__all__ = ["Spans"]

#: Times below are a feed's own clock, not seconds since 1970.
_CLOCK = 1e8
#: Seconds for an answer.
_PATIENCE = 5


class Spans:
    """Sends each alarm that has ended as a span ``paranom.alarm`` by OTLP over HTTP, in a thread of its own.

    It begins and ends with the alarm's samples; where these have a clock of their own, it ends now. Its attributes are
    ``paranom.key``, ``channel``, ``score``, ``threshold``, ``uncertainty``, ``alarm``, ``start`` and ``stop``.

    Parameters
    ----------
    watch
        Whose alarms.
    url
        The collector, ``http://host:4318``; ``/v1/traces`` is added.

    Raises
    ------
    SpecError
        No address with http or https.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> from paranom_rs.watch.spans import Spans
    >>> Spans(watch, "http://127.0.0.1:4318").close()  # nothing waits to be sent
    >>> watch.close()
    """

    def __init__(self, watch: Watch, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise SpecError("otlp", "must be an address with http or https", shown(url))
        self._watch = watch
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "paranom watch"}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=_PATIENCE)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("paranom_rs.watch")
        watch.alarm_listeners.append(self._tell)

    def close(self) -> None:
        """Send what waits, and end."""
        self._watch.alarm_listeners.remove(self._tell)
        self._provider.shutdown()

    def _tell(self, key: str, alarm: Alarm) -> None:
        if alarm.is_open:
            return
        now, lasted = time.time(), max(alarm.t_stop - alarm.t_start, 0.0)
        end = alarm.t_stop if alarm.t_stop > _CLOCK else now
        values: dict[str, str | float] = {
            "key": key,
            "channel": self._watch.channels[alarm.channel],
            "score": alarm.score,
            "threshold": alarm.threshold,
            "uncertainty": alarm.uncertainty,
            "alarm": alarm.id,
            "start": alarm.start,
            "stop": alarm.stop,
        }
        attributes = {f"paranom.{name}": value for name, value in values.items()}
        span = self._tracer.start_span("paranom.alarm", start_time=int((end - lasted) * 1e9), attributes=attributes)
        span.end(end_time=int(end * 1e9))
