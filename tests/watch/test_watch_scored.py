"""The page over detectors that run elsewhere: it shows what they found, and keeps verdicts as labels."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import SpecError
from paranom_rs.connect.keyed import KeyedRAMP
from paranom_rs.watch import Watch
from paranom_rs.watch.feeds.files import CsvFile, JsonFile
from paranom_rs.watch.feeds.pump import Pump
from paranom_rs.watch.labels import entries
from paranom_rs.watch.why import explain
from support.watched import stream

RAMP: dict[str, Any] = {"window": 5, "reference": 200, "threshold": 1.0}
NAMES = ["flow", "pressure", "speed"]
KEYS = ("pump 1", "ç")


def records(n: int) -> list[tuple[str, dict[str, Any]]]:
    """Each key's samples, one after another, as an engine gets them."""
    parts = {key: stream(n, seed=i) for i, key in enumerate(KEYS)}
    return [
        (key, {"machine": key, "at": float(i), **dict(zip(NAMES, X[i].tolist(), strict=True))})
        for i in range(n)
        for key, X in parts.items()
    ]


def scored(n: int) -> list[dict[str, Any]]:
    """What the adapters of engines give for them."""
    keyed = KeyedRAMP(NAMES, **RAMP)
    ramps = {key: keyed.new() for key in KEYS}
    return [record | keyed.score(ramps[key], [record])[0] for key, record in records(n)]


def all_in(watch: Watch, path: Path) -> None:
    pump = Pump(watch, JsonFile(path, NAMES, key="machine", time="at", scored=True))
    pump.start()
    pump.join()
    assert (pump.status.state, pump.status.refused) == ("ended", 0), pump.status.message


def assert_same(watch: Watch, n: int) -> None:
    """The watch shows what a watch shows that scores for itself."""
    with Watch(watch.store_of_its_own, NAMES, **RAMP) as other:  # type: ignore[attr-defined]
        for i, key in enumerate(KEYS):
            other.update_many(stream(n, seed=i), [key] * n, t=np.arange(float(n)))
            ours, theirs = watch.rows(key), other.rows(key)
            np.testing.assert_array_equal(ours.X, theirs.X)
            np.testing.assert_array_equal(ours.t, theirs.t)
            np.testing.assert_array_equal(ours.score, theirs.score)
            np.testing.assert_array_equal(ours.flags, theirs.flags)
            edges = [[(a.start, a.stop, a.peak, a.score, a.channel) for a in one.alarms(key)] for one in (watch, other)]
            assert edges[0] == edges[1]
            assert edges[0]


@pytest.fixture
def watch(tmp_path: Path) -> Any:
    with Watch(tmp_path / "a.db", NAMES, scored=True, **RAMP) as found:
        found.store_of_its_own = tmp_path / "b.db"  # type: ignore[attr-defined]
        yield found


def test_what_bytewax_writes(watch: Watch, tmp_path: Path) -> None:
    pytest.importorskip("bytewax")
    import bytewax.operators as op
    from bytewax.connectors.files import FileSink
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSource, run_main

    from paranom_rs.connect.bytewax import detect

    out = tmp_path / "scored.jsonl"
    out.touch()
    flow = Dataflow("plant")
    found = detect("ramp", op.input("in", flow, TestingSource(records(600))), KeyedRAMP(NAMES, **RAMP))
    op.output("out", op.map_value("json", found, json.dumps), FileSink(out))
    run_main(flow)
    all_in(watch, out)
    assert_same(watch, 600)


def test_verdicts_are_labels(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "scored.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in scored(600)))
    all_in(watch, path)
    assert_same(watch, 600)
    before = watch.detector("ç").to_bytes()
    alarm = watch.alarms("ç")[0]
    done = watch.feedback(alarm.id, real=False, who="Ada")
    assert (done.taught, done.muted, done.score) == (False, [], None)
    assert not watch.mark_missed("ç", 10, 20).taught
    assert [entry["label"] for entry in entries(watch)] == ["missed", "false"]
    watch.undo(done.action)
    assert [entry["label"] for entry in entries(watch)] == ["missed"]
    assert watch.detector("ç").to_bytes() == before
    why = explain(watch, alarm.id)
    assert why is not None
    assert why.channels[0].share == 1.0
    with pytest.raises(SpecError, match="where the detectors run"):
        watch.set_threshold(2.0, "ç")


def test_it_goes_on_after_a_restart(watch: Watch, tmp_path: Path) -> None:
    path, lines = tmp_path / "scored.jsonl", [json.dumps(record) + "\n" for record in scored(600)]
    path.write_text("".join(lines[:1010]))  # within an alarm
    all_in(watch, path)
    assert any(state.alarm is not None for state in watch.states())
    watch.close()
    with path.open("a") as file:
        file.writelines(lines[1010:])
    with Watch(tmp_path / "a.db", NAMES, scored=True, **RAMP) as again:
        again.store_of_its_own = tmp_path / "b.db"  # type: ignore[attr-defined]
        all_in(again, path)
        assert_same(again, 600)


@pytest.mark.parametrize("read", [CsvFile, JsonFile])
def test_records_of_files(tmp_path: Path, read: Callable[..., Any]) -> None:
    fields = ["k", "x", "score", "is_anomaly", "alarm", "time", "channel"]
    rows: list[list[Any]] = [
        ["a", 1.5, None, False, False, None, None],
        ["a", 2.0, 3.25, True, True, 1, "x"],
        ["b", None, 0.5, True, False, 2, "gone"],
        ["b", 1.0, 0.5, "perhaps", False, 3, None],
        ["b", 1.0, "much", False, False, 3, None],
    ]
    path = tmp_path / "feed"
    if read is JsonFile:
        path.write_text("\n".join(json.dumps(dict(zip(fields, row, strict=True))) for row in rows) + "\nnull\n\n")
    else:
        texts = [["" if value is None else str(value) for value in row] for row in rows]
        path.write_text("\n".join(",".join(row) for row in [fields, *texts]) + "\nshort,1\n")
    feed = read(path, key="k", scored=True)
    assert feed.channels == ("x",)
    [samples] = feed.batches(None, threading.Event())
    np.testing.assert_array_equal(samples.X, [[1.5], [2.0], [np.nan]])
    assert samples.keys == ["a", "a", "b"]
    assert np.isnan(samples.t).all()  # `time` is the detector's own
    np.testing.assert_array_equal(samples.found.score, [np.nan, 3.25, 0.5])
    assert samples.found.flags.tolist() == [0, 3, 1]
    assert samples.found.channel.tolist() == [-1, 0, -1]
    assert samples.refused == 3


def test_wrong_arguments(watch: Watch, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="must be given: scored=True"):
        watch.update_many(np.zeros((2, 3)))
    [samples] = JsonFile(_one(tmp_path), NAMES, scored=True).batches(None, threading.Event())
    with pytest.raises(SpecError, match="for each of 2 rows"):
        watch.update_many(np.zeros((2, 3)), found=samples.found)
    assert watch.samples == 0
    with pytest.raises(SpecError, match="must be given with scored"):
        Watch(tmp_path / "c.db", NAMES, scored=True)
    with (
        Watch(tmp_path / "d.db", NAMES, threshold=1.0) as other,
        pytest.raises(SpecError, match="must not be given: scored=False"),
    ):
        other.update_many(samples.X, found=samples.found)


def _one(folder: Path) -> Path:
    path = folder / "one.jsonl"
    path.write_text(json.dumps(dict.fromkeys(NAMES, 1.0)) + "\n")
    return path
