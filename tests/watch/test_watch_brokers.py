"""Feeds of messages: Debian's mosquitto, and the broker that librdkafka brings."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import SpecError
from paranom_rs.watch import Watch
from paranom_rs.watch.feeds.pump import Pump
from support.watched import stream

pytestmark = pytest.mark.filterwarnings("default")  # the clients warn about themselves


def records(n: int) -> list[dict[str, Any]]:
    X = stream(n)
    return [{"machine": f"m{i % 2}", "at": i, "x": float(X[i, 0]), "y": float(X[i, 1])} for i in range(n)]


def wait(watch: Watch, samples: int, pump: Pump) -> None:
    deadline = time.monotonic() + 30
    while watch.samples < samples:
        assert time.monotonic() < deadline, (watch.samples, pump.status)
        time.sleep(0.02)


def assert_whole(watch: Watch, n: int) -> None:
    """Each key has its samples, each once, in order."""
    X = stream(n)
    for key in range(2):
        rows = watch.rows(f"m{key}")
        np.testing.assert_array_equal(rows.t, np.arange(key, n, 2))
        np.testing.assert_array_equal(rows.X, X[key::2, :2])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    pytest.importorskip("paho.mqtt.client")
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("needs mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    process = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_mqtt(broker: int, tmp_path: Path) -> None:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    from paranom_rs.watch.feeds.mqtt import Mqtt

    sender = Client(CallbackAPIVersion.VERSION2)
    sender.connect("127.0.0.1", broker)
    sender.loop_start()

    def publish(some: list[Any]) -> None:
        sent = [sender.publish("plant/line 1/pump", json.dumps(one), qos=1) for one in some]
        for one in sent:
            one.wait_for_publish(10)

    def feed() -> Mqtt:
        url = f"mqtt://127.0.0.1:{broker}/plant/%2B/pump"
        return Mqtt(url, ["x", "y"], key="machine", time="at")

    everything, arguments = records(300), {"threshold": 1.0}
    with Watch(tmp_path / "a.db", ["x", "y"], **arguments) as watch:  # type: ignore[arg-type]
        pump = Pump(watch, feed())
        pump.start()
        time.sleep(0.5)  # until it has subscribed
        publish(everything[:100])
        sender.publish("plant/line 1/pump", "no JSON", qos=1).wait_for_publish(10)
        publish([{"machine": "m0", "x": "no number"}])
        wait(watch, 100, pump)
        deadline = time.monotonic() + 10
        while pump.status.refused < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert pump.status.state == "running"
        pump.stop()
    # The broker keeps for the session what comes while nobody is there.
    publish(everything[100:200])
    with Watch(tmp_path / "a.db", ["x", "y"], **arguments) as watch:  # type: ignore[arg-type]
        pump = Pump(watch, feed())
        pump.start()
        publish(everything[200:])
        wait(watch, 200, pump)
        pump.stop()
        assert_whole(watch, 300)
    sender.disconnect()
    sender.loop_stop()


def test_kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("quixstreams")
    from confluent_kafka import Producer

    from paranom_rs.watch.feeds.kafka import Kafka

    producer = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    everything = records(300)

    def publish(some: list[dict[str, Any]]) -> None:
        for one in some:
            producer.produce("plant", key=one["machine"], value=json.dumps(one))
        producer.flush(10)

    for first, last in ((0, 150), (150, 300)):
        publish(everything[first:last])
        with Watch(tmp_path / "a.db", ["x", "y"], threshold=1.0) as watch:
            pump = Pump(watch, Kafka(f"kafka://{broker.host}:{broker.port}/plant", ["x", "y"], time="at"))
            pump.start()
            wait(watch, last - first, pump)
            if first == 0:
                producer.produce("plant", key="m0", value="no JSON")
                producer.flush(10)
                deadline = time.monotonic() + 10
                while not pump.status.refused:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            assert pump.status.behind is not None
            pump.stop()
            if last == 300:
                assert_whole(watch, 300)
    with pytest.raises(SpecError, match="must be given for Kafka"):
        Kafka("kafka://127.0.0.1:1/plant", None)
    with pytest.raises(SpecError, match="kafka://host"):
        Kafka("kafka://127.0.0.1:1", ["x"])
