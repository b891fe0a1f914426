"""Whatever people do in whatever order, the detector is the one that the record describes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import RAMP
from paranom_rs.watch import Watch
from paranom_rs.watch.detector import apply

GIVEN: dict[str, Any] = {"window": 4, "reference": 40, "threshold": 0.9}
CHANNELS = ["a", "b"]
STEP = st.one_of(
    st.tuples(st.just("feed"), st.integers(1, 120)),
    st.tuples(st.just("judge"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("missed"), st.floats(0, 1), st.integers(1, 60)),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("threshold"), st.sampled_from([0.5, 0.9, 2.0])),
    st.tuples(st.just("restart")),
)


def stream(n: int) -> np.ndarray[Any, Any]:
    X = np.sin(np.arange(n)[:, None] / [3.0, 7.0]) + 0.1 * np.random.default_rng(5).normal(size=(n, 2))
    X[np.arange(n) % 90 > 83] += 3
    return X


@given(steps=st.lists(STEP, max_size=14), refresh=st.sampled_from(["never", "sliding", "clean"]))
def test_the_detector_is_what_the_record_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]], refresh: str
) -> None:
    X, store = stream(2000), tmp_path_factory.mktemp("store") / "a.db"
    watch = Watch(store, CHANNELS, keep=4096, refresh=refresh, **GIVEN)
    watch.update_many(X[:250], t=np.arange(250))
    for kind, *more in steps:
        position = watch.key("").position
        if kind == "feed":
            watch.update_many(X[position : position + more[0]], t=np.arange(position, position + more[0]))
        elif kind == "judge" and (alarms := watch.alarms()):
            watch.feedback(alarms[more[0] % len(alarms)].id, real=more[1])
            assert watch.verdicts_on([alarms[more[0] % len(alarms)].id])
        elif kind == "missed":
            start = int(more[0] * (position - 1))
            watch.mark_missed("", start, min(start + more[1], position))
        elif kind == "undo" and (held := watch.actions(only_held=True)):
            watch.undo(held[more[0] % len(held)].id)
        elif kind == "threshold":
            watch.set_threshold(more[0])
        elif kind == "restart":
            watch.close()
            watch = Watch(store, CHANNELS, keep=4096, refresh=refresh, **GIVEN)
    with watch:
        ramp, seen = RAMP(2, refresh=refresh, **GIVEN), 0
        for action in watch.actions(only_held=True):
            if action.taught:
                ramp.score(X[seen : action.position])
                seen = action.position
                apply(ramp, action)
        ramp.score(X[seen : watch.key("").position])
        assert ramp.to_bytes() == watch.detector().to_bytes()
        assert watch.threshold() == ramp.threshold
