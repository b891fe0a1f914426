"""Why an alarm came, and what verdicts are good for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP, Generator, Recorded, Shift
from paranom_rs.watch import Watch, labels
from paranom_rs.watch.why import explain, nearest
from reference import watch as reference
from support.watched import feed, stream

Make = Callable[..., Watch]
FEW = st.sampled_from([0.0, 1.0, -2.0, 3.0, float("nan")])


@given(
    st.integers(1, 2).flatmap(
        lambda d: st.tuples(
            st.lists(st.lists(FEW, min_size=d, max_size=d), min_size=2, max_size=4),
            st.lists(st.lists(FEW, min_size=d, max_size=d), min_size=4, max_size=12),
        )
    ),
    st.booleans(),
)
def test_the_nearest_window_is_the_nearest(series: tuple[Any, Any], relative: bool) -> None:
    window, past = np.array(series[0]), np.array(series[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = [reference.nearest(window, np.where(past == 0, 0.5, past), relative=relative)]
    assert nearest(window, np.where(past == 0, 0.5, past), relative=relative) == [k for k, _ in expected[0]]


@pytest.mark.parametrize("scale", ["none", "relative"])
@pytest.mark.parametrize("refresh", ["never", "sliding"])
def test_the_window_that_is_shown_is_the_one_that_ramp_compared(make: Make, scale: str, refresh: str) -> None:
    """Without training, a score is the sum of the distances to the windows shown."""
    X, watch = stream(1000), make(scale=scale, refresh=refresh, p_limit=0.0, threshold=2.0)
    X[:, :] += 5
    feed(watch, X)
    if scale == "relative":
        watch = make("relative.db", scale=scale, refresh=refresh, p_limit=0.0, threshold=0.3)
        feed(watch, X)
    assert watch.alarms()
    for alarm in watch.alarms():
        why = explain(watch, alarm.id)
        assert why is not None
        total = 0.0
        for channel in why.channels:
            assert channel.reference is not None
            np.testing.assert_array_equal(channel.window, X[why.first : why.first + 5, channel.channel])
            np.testing.assert_array_equal(channel.reference, X[channel.start : channel.start + 5, channel.channel])
            distance = np.abs(channel.window - channel.reference)
            part = distance.sum() / np.abs(channel.reference).sum() if scale == "relative" else distance.mean()
            assert channel.share * alarm.score == pytest.approx(part, rel=1e-4)
            total += part
        assert total == pytest.approx(alarm.score)
        assert [channel.share for channel in why.channels] == sorted((c.share for c in why.channels), reverse=True)


def test_what_cannot_be_explained(make: Make) -> None:
    watch = make(refresh="clean")
    feed(watch, stream(700))
    assert explain(watch, 1) is None
    watch = make("old.db")
    feed(watch, stream(6000))
    assert explain(watch, 1) is None


def test_verdicts_become_labels(make: Make) -> None:
    X, watch = stream(1800), make()
    assert labels.to_csv(watch) == ",".join(labels.COLUMNS) + "\n"
    feed(watch, X[:1400], key='=1+"x",\n<b>')
    third, second, first = watch.alarms()
    watch.feedback(first.id, real=True, who="Ada")
    watch.feedback(second.id, real=False, who="Ada")
    watch.mark_missed('=1+"x",\n<b>', 600, 620, who="Bob")
    watch.undo(watch.feedback(third.id, real=True).action)
    table = list(csv.DictReader(io.StringIO(labels.to_csv(watch))))
    assert [(row["label"], int(row["start"]), int(row["stop"]), row["who"]) for row in table] == [
        ("real", first.start, first.stop, "Ada"),
        ("missed", 600, 620, "Bob"),
        ("false", second.start, second.stop, "Ada"),
    ]
    assert {row["key"] for row in table} == {'=1+"x",\n<b>'}
    pq = pytest.importorskip("pyarrow.parquet")
    again = pq.read_table(io.BytesIO(labels.to_parquet(watch))).to_pylist()
    assert [row["label"] for row in again] == ["real", "missed", "false"]
    rows, y = labels.labelled(watch, '=1+"x",\n<b>')
    np.testing.assert_array_equal(rows, X[:1400])
    assert np.flatnonzero(y).tolist() == [*range(first.start, first.stop), *range(600, 620)]
    # They go where labels go.
    data = Generator({"flow": Recorded(rows[:, 1], labels=y, anomalous=Shift(1.0))}).generate(1400)
    np.testing.assert_array_equal(data.y.astype(bool), y)
    ordinary = rows[~y]
    assert RAMP(3, window=5, reference=200, threshold=1.0).calibrate(ordinary, quantile=0.99) > 0
