"""Alarms as spans of OpenTelemetry, as a collector gets them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from paranom_rs import SpecError
from paranom_rs.watch import Watch
from support.watched import SETTINGS, stream

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from paranom_rs.watch.spans import Spans


def test_each_alarm_is_a_span_once_it_has_ended(tmp_path: Path) -> None:
    told: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    try:
        with Watch(tmp_path / "a.db", ["flow", "pressure", "speed"], **SETTINGS) as watch:
            spans = Spans(watch, f"http://127.0.0.1:{collector.server_port}/")
            for i, x in enumerate(stream(905)):
                watch.update(x, "ç", t=1.7e9 + i)  # the second alarm has not ended
            spans.close()
            alarm = watch.alarms("ç")[1]
    finally:
        collector.shutdown()
        collector.server_close()
    assert {path for path, _ in told} == {"/v1/traces"}
    found: list[Any] = []
    for _, body in told:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            found += [span for scope in resource.scope_spans for span in scope.spans]
    [span] = found
    values = {each.key: each.value for each in span.attributes}
    assert span.name == "paranom.alarm"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (alarm.t_start * 1e9, alarm.t_stop * 1e9)
    assert values["paranom.key"].string_value == "ç"
    assert values["paranom.channel"].string_value == "pressure"
    assert values["paranom.score"].double_value == alarm.score
    assert values["paranom.start"].int_value == alarm.start == 500


def test_nobody_there_delays_nothing(tmp_path: Path) -> None:
    with Watch(tmp_path / "a.db", ["flow", "pressure", "speed"], **SETTINGS) as watch:
        with pytest.raises(SpecError, match="http or https"):
            Spans(watch, "collector:4318")
        spans = Spans(watch, "http://127.0.0.1:9")
        watch.update_many(stream(1000))
        assert len(watch.alarms()) == 2
        threading.Thread(target=spans.close, daemon=True).start()  # it waits for nobody for some seconds
