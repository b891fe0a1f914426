"""Sequential callbacks: what `previous` holds, in any slice, batch and number of threads."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import (
    Anomaly,
    Block,
    Callback,
    CallbackError,
    Context,
    Flatline,
    Generator,
    Integers,
    Missing,
    Shift,
    Soft,
    SpecError,
    Stochastic,
    Uniform,
    Uniqueness,
)
from reference.sequential import BLOCK, Event, walk

SOME = Anomaly(frequency=0.2, duration=(2, 9))


def step(row: int, past: tuple[float, ...]) -> float:
    """An integer recurrence, exact in floats, that never forgets."""
    return float((sum((i + 2) * int(x) for i, x in enumerate(past)) * 31 + row * 7 + len(past)) % 1009)


def change(row: int, offset: int, past: tuple[float, ...]) -> float:
    return -float((sum(int(x) for x in past) + row + 3 * offset) % 997) - 1.0


def normal(ctx: Context) -> float:
    return step(ctx.row, ctx.previous)


def anomalous(ctx: Context) -> float:
    return change(ctx.row, ctx.offset, ctx.previous)


RULES: dict[str, tuple[Any, Any]] = {
    "function": (anomalous, lambda row, event, x, first, past: change(row, row - event.start, past)),
    "shift": (Shift(1000.0), lambda row, event, x, first, past: x + 1000.0),
    "flatline": (Flatline(), lambda row, event, x, first, past: first),
    "constant": (-5.0, lambda row, event, x, first, past: -5.0),
    "none": (None, None),
}


EVENTS = [(3, 9), (20, 29), (BLOCK - 60, BLOCK + 5), (BLOCK + 7, BLOCK + 9), (3 * BLOCK - 40, 3 * BLOCK + 99)]


def grown(twin: Any, onset: float | None) -> Any:
    """What an effect has come to in a row, where it grows over a share of its event."""

    def change(row: int, event: Event, x: float, first: float, past: tuple[float, ...]) -> float:
        y = twin(row, event, x, first, past)
        weight = 1.0 if onset is None else (row - event.start + 1.0) / (onset * (event.stop - event.start))
        return float(y if weight >= 1.0 else x + weight * (y - x))

    return change


def events(gen: Generator, start: int, rows: int) -> list[Event]:
    starts, stops, _, _ = gen.source.plan.events(start, rows)
    return [Event(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


@given(
    seed=st.integers(0, 2**16),
    rule=st.sampled_from(sorted(RULES)),
    previous=st.sampled_from([None, 1, 2, 5]),
    warmup=st.sampled_from([None, 0, 1, 3, 40]),
    start=st.sampled_from([0, 1, 30, BLOCK - 7, BLOCK, BLOCK + 2, 3 * BLOCK - 3]),
    rows=st.integers(0, 12),
    threads=st.sampled_from([1, 3]),
    onset=st.sampled_from([None, 0.5]),
)
def test_equals_the_walk_row_by_row(
    seed: int,
    rule: str,
    previous: int | None,
    warmup: int | None,
    start: int,
    rows: int,
    threads: int,
    onset: float | None,
) -> None:
    if warmup is None:
        start %= BLOCK // 100  # the reference walks each row from row 0
    else:
        # A short way from the block's beginning: the reference walks that for each row, too.
        start = start if start % BLOCK < 100 else start // BLOCK * BLOCK + 90
    given_rule, twin = RULES[rule]
    variable = Callback(normal, given_rule, sequential=True, previous=previous, warmup=warmup)
    anomalies = None if rule == "none" else Anomaly(events=EVENTS, onset=onset)
    gen = Generator({"x": variable, "u": Stochastic(Uniform(0, 1))}, anomalies=anomalies, seed=seed)
    data = gen.generate(rows, start=start, threads=threads)
    creeping = None if twin is None else grown(twin, onset)
    values, clean = walk(start, rows, step, creeping, events(gen, 0, 4 * BLOCK), previous or 1, warmup)
    assert data["x"].tolist() == values
    assert data.clean["x"].tolist() == clean


@pytest.mark.parametrize("warmup", [None, 0, 50])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_slices_batches_threads_and_counts_agree(rule: str, warmup: int | None) -> None:
    variables = {
        "x": Callback(normal, RULES[rule][0], sequential=True, previous=3, warmup=warmup),
        "u": Stochastic(Uniform(0, 1), anomalous=Uniform(5, 6)),
        "s": Callback(lambda ctx: ctx.rng.random(), lambda ctx: 2.0),
        "z": Callback(normal, anomalous, sequential=True),
    }
    gen = Generator(variables, anomalies=SOME, seed=3)
    rows = BLOCK + 3000
    whole = gen.generate(rows, threads=2)
    assert np.array_equal(gen.generate(rows, threads=1).X, whole.X)
    for start, count in [(0, 10), (777, 100), (BLOCK - 20, 60), (rows - 1, 1)]:
        part = gen.generate(count, start=start, threads=3)
        assert np.array_equal(part.X, whole.X[start : start + count])
        assert np.array_equal(part.clean.X, whole.clean.X[start : start + count])
    batches = list(gen.batches(rows, batch_rows=9001, threads=2))
    assert np.array_equal(np.concatenate([batch.X for batch in batches]), whole.X)
    counted = gen.generate(normal=500, anomalous=200)
    assert np.array_equal(counted.X, whole.X[counted.row.astype(np.int64)])
    assert np.array_equal(gen.generate(300, dtype=np.float32).X, whole.X[:300].astype(np.float32))
    quiet = whole.y == 0
    assert np.array_equal(whole.X[quiet], whole.clean.X[quiet]), "events leave no trace in later rows"
    alone = Generator({"x": variables["x"]}, anomalies=SOME if rule != "none" else None, seed=3).generate(400)
    if rule != "none":
        assert np.array_equal(alone["x"], whole["x"][:400])


def test_what_previous_holds() -> None:
    seen: dict[str, list[Any]] = {"normal": [], "anomalous": []}

    def healthy(ctx: Context) -> float:
        assert (ctx.event, ctx.offset, ctx.attempt) == (None, 0, 0)
        seen["normal"].append((ctx.row, ctx.previous))
        return float(ctx.row)

    def stuck(ctx: Context) -> float:
        seen["anomalous"].append((ctx.row, ctx.offset, ctx.previous))
        return -float(ctx.row)

    variable = Callback(healthy, stuck, sequential=True, previous=3)
    data = Generator({"x": variable}, anomalies=Anomaly(events=[(3, 5)])).generate(7)
    assert data["x"].tolist() == [0, 1, 2, -3, -4, 5, 6]
    assert seen["normal"] == [
        (0, ()),
        (1, (0.0,)),
        (2, (0.0, 1.0)),
        (3, (0.0, 1.0, 2.0)),
        (4, (1.0, 2.0, 3.0)),
        (5, (2.0, 3.0, 4.0)),
        (6, (3.0, 4.0, 5.0)),
    ]
    assert seen["anomalous"] == [(3, 0, (0.0, 1.0, 2.0)), (4, 1, (1.0, 2.0, -3.0))]


def test_rows_are_asked_for_once_and_in_order() -> None:
    asked: list[int] = []

    def healthy(ctx: Context) -> float:
        asked.append(ctx.row)
        return 0.0

    gen = Generator({"x": Callback(healthy, sequential=True), "u": Stochastic(Uniform(0, 1))})
    list(gen.batches(2 * BLOCK + 5, batch_rows=10_000, threads=2))
    assert asked == list(range(2 * BLOCK + 5)), "batches remember; nothing is replayed"
    asked.clear()
    gen.generate(2, start=100)
    assert asked == list(range(102)), "a slice replays"
    asked.clear()
    Generator({"x": Callback(healthy, sequential=True, warmup=9)}).generate(2, start=BLOCK + 4)
    assert asked == list(range(BLOCK - 9, BLOCK + 6)), "from the warmup on"


def test_a_warmup_as_long_as_the_memory_changes_nothing() -> None:
    def moving(ctx: Context) -> float:
        noise = ctx.rng.normal()
        return noise + 0.0 * sum(ctx.previous) + len(ctx.previous)

    free = Generator({"x": Callback(moving, sequential=True, previous=4)}).generate(BLOCK + 50)
    warm = Generator({"x": Callback(moving, sequential=True, previous=4, warmup=4)}).generate(BLOCK + 50, threads=2)
    assert np.array_equal(free["x"], warm["x"])


@pytest.mark.parametrize("warmup", [None, 8])
def test_uniqueness_leaves_sequential_values_alone(warmup: int | None) -> None:
    variables = {
        "x": Callback(lambda ctx: (sum(ctx.previous) + 1.0) % 3, anomalous, sequential=True, warmup=warmup),
        "k": Stochastic(normal=Integers(0, 40), anomalous=Integers(0, 9)),
    }
    plain = Generator(variables, anomalies=SOME, seed=4).generate(100)
    gen = Generator(variables, anomalies=SOME, seed=4, uniqueness=Uniqueness(normal=Soft(30), anomalous=Soft(30)))
    data = gen.generate(100, threads=2)
    assert np.array_equal(data["x"], plain["x"])
    assert not np.array_equal(data["k"], plain["k"])
    normal_data = Counter(map(tuple, data.X[data.y == 0]))
    assert sum(normal_data.values()) - len(normal_data) == data.duplicates.normal
    assert np.array_equal(gen.generate(40, start=60).X, data.X[60:])
    batches = list(gen.batches(100, batch_rows=17))
    assert np.array_equal(np.concatenate([batch.X for batch in batches]), data.X)
    assert np.array_equal(data.clean["x"], Generator(variables, seed=4).generate(100)["x"])
    quiet = data.y == 0
    assert np.array_equal(data.clean.X[quiet], data.X[quiet])
    with pytest.raises(SpecError, match=r"uniqueness\.normal.*drawn anew"):
        Generator(variables, uniqueness=Uniqueness(normal=Soft(), over=["x"]))


def test_a_failing_function_stops_all() -> None:
    calls: Counter[str] = Counter()

    def fails(ctx: Context) -> float:
        if ctx.row == 50:
            raise KeyError("here")
        return 0.0

    def counts(ctx: Context) -> float:
        calls["other"] += 1
        return 0.0

    gen = Generator({"x": Callback(fails, sequential=True), "y": Callback(counts)})
    with pytest.raises(CallbackError, match=r"variables\.x\.normal.*row 50") as caught:
        gen.generate(100 * BLOCK, threads=2)
    assert isinstance(caught.value.__cause__, KeyError)
    assert calls["other"] < 50 * BLOCK
    nan = Callback(lambda ctx: float("nan"), sequential=True)
    with pytest.raises(CallbackError, match="NaN"):
        Generator({"x": nan}).generate(1)
    missing = Generator({"x": Callback(normal, Missing(), sequential=True)}, anomalies=Anomaly(events=[(2, 4)]))
    assert np.isnan(missing.generate(5)["x"]).tolist() == [False, False, True, True, False]


def test_ctrl_c_stops_a_long_replay() -> None:
    last = [0]

    def slow(ctx: Context) -> float:
        last[0] = ctx.row
        time.sleep(0.001)
        return 0.0

    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        Generator({"x": Callback(slow, sequential=True)}).generate(1, start=10**9)
    timer.join()
    assert 0 < last[0] < 10_000


def test_what_is_refused() -> None:
    def block(block: Block) -> Any:
        return block.row * 1.0

    bad: list[tuple[dict[str, Any], str]] = [
        ({"previous": 2}, r"variables\.x\.previous: must go with sequential=True"),
        ({"warmup": 2}, r"variables\.x\.warmup: must go with sequential=True"),
        ({"sequential": True, "previous": 0}, r"variables\.x\.previous: must be from 1 to 65536"),
        ({"sequential": True, "warmup": -1}, r"variables\.x\.warmup: must be from 0"),
        ({"sequential": True, "vectorized": True}, r"variables\.x\.sequential.*neither vectorized nor native"),
    ]
    for options, message in bad:
        with pytest.raises(SpecError, match=message):
            Generator({"x": Callback(block, **options)})
    with pytest.raises(CallbackError) as caught:
        Generator({"x": Callback(lambda ctx: ctx.previous[0])}).generate(1)
    assert "sequential=True" in str(caught.value.__cause__)


def walk_by_name(ctx: Context) -> float:
    return (ctx.previous[-1] if ctx.previous else 0.0) + 1.0


def test_the_spec_travels() -> None:
    gen = Generator({"x": Callback(f"{__name__}:walk_by_name", sequential=True, previous=2, warmup=40)}, seed=5)
    text = gen.to_toml()
    assert "sequential = true" in text
    assert "warmup = 40" in text
    again = Generator.from_spec(gen.to_spec(), import_functions=True)
    assert again == gen
    assert np.array_equal(again.generate(9)["x"], np.arange(1.0, 10.0))
    assert Generator({"x": Callback(f"{__name__}:walk_by_name", sequential=True, previous=2)}, seed=5) != gen
