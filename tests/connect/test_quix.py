"""Quix Streams: each message key has its own detector, behind a Kafka broker that lives in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paranom_rs.connect.keyed import KeyedRAMP
from support.valve import samples

pytest.importorskip("quixstreams")

from confluent_kafka import Producer
from quixstreams import Application
from quixstreams.models.topics import TopicAdmin, TopicConfig

from paranom_rs.connect.quix import detect

pytestmark = pytest.mark.filterwarnings("default")  # the engine warns about itself


def test_each_key_has_its_own_detector(keyed: KeyedRAMP, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # librdkafka brings a mock broker, which does not answer what topics are configured like.
    config = TopicConfig(num_partitions=1, replication_factor=1, extra_config={"retention.ms": "-1"})
    monkeypatch.setattr(TopicAdmin, "inspect_topics", lambda self, names, *a, **k: dict.fromkeys(names, config))
    broker = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    address = next(iter(broker.list_topics(timeout=10).brokers.values()))
    streams = {key: samples(60, i) for i, key in enumerate("ab")}
    for at in range(60):
        for key, records in streams.items():
            broker.produce("plant", key=key, value=json.dumps(records[at]))
    broker.flush(10)

    app = Application(
        broker_address=f"{address.host}:{address.port}",
        consumer_group="test",
        auto_offset_reset="earliest",
        state_dir=tmp_path,
        use_changelog_topics=False,
        loglevel=None,
    )
    seen: list[tuple[str, dict[str, Any]]] = []
    frame = detect(app.dataframe(app.topic("plant", value_deserializer="json", key_deserializer="str")), keyed)
    frame.update(lambda value, key, timestamp, headers: seen.append((key, value)), metadata=True)
    app.run(count=120, timeout=30)
    for key, records in streams.items():
        found = keyed.score(keyed.new(), records)
        assert [value for k, value in seen if k == key] == [r | f for r, f in zip(records, found, strict=True)]
