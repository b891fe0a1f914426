"""Uniqueness: the library's parallel result is the one of the sequential definition, for whatever is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from paranom_rs import (
    Anomaly,
    Callback,
    Choice,
    Generator,
    Hard,
    Integers,
    Normal,
    Recorded,
    Shift,
    Sine,
    Soft,
    SpecError,
    SpecTypeError,
    Stochastic,
    Uniform,
    Uniqueness,
    UniquenessError,
)
from reference.uniqueness import NotUniqueError, Outcome, settle

ROWS = 400
LIMITS = st.none() | st.builds(Hard, st.integers(1, 20)) | st.builds(Soft, st.integers(1, 20))


def table(seed: int, support: int) -> Callable[[int, int], float]:
    """A function of (row, attempt) that the test owns; values come from a set of ``support``, a NaN among them."""
    values = np.concatenate([[np.nan, -0.0, 0.0], np.arange(1.0, support)])[:support]

    def value(row: int, attempt: int) -> float:
        mixed = (row * 0x9E3779B1 + attempt * 0x85EBCA77 + seed * 0xC2B2AE3D) & 0xFFFFFFFF
        return float(values[(mixed ^ (mixed >> 15)) % support])

    return value


def limits(uniqueness: Uniqueness) -> dict[bool, tuple[int, bool]]:
    sides = {False: uniqueness.normal, True: uniqueness.anomalous}
    return {side: (limit.tries, isinstance(limit, Hard)) for side, limit in sides.items() if limit is not None}


def expected(
    spec: Uniqueness, y: NDArray[np.int8], values: dict[str, Callable[[int, int], float]], over: list[str]
) -> Outcome:
    def draw(row: int, attempt: int) -> tuple[float, ...]:
        return tuple(values[name](row, attempt) for name in over)

    return settle(len(y), lambda row: bool(y[row]), draw, limits(spec))


@given(
    seed=st.integers(0, 2**16),
    support=st.sampled_from([1, 2, 3, 10, 60, 300, 5000]),
    normal=LIMITS,
    anomalous=LIMITS,
    frequency=st.sampled_from([0.02, 0.3]),
    rows=st.sampled_from([0, 1, 2, 50, ROWS]),
    only=st.booleans(),
    threads=st.sampled_from([1, 2, 5]),
    batch_rows=st.sampled_from([1, 7, 100, ROWS]),
)
def test_equals_the_sequential_definition(
    seed: int,
    support: int,
    normal: Hard | Soft | None,
    anomalous: Hard | Soft | None,
    frequency: float,
    rows: int,
    only: bool,
    threads: int,
    batch_rows: int,
) -> None:
    values = {"a": table(seed, support), "b": table(seed + 1, 3)}
    over = ["a"] if only else ["a", "b"]
    calls: dict[str, Counter[tuple[int, int]]] = {name: Counter() for name in values}

    def callback(name: str) -> Callback:
        def call(ctx: Any) -> float:
            calls[name][ctx.row, ctx.attempt] += 1
            return values[name](ctx.row, ctx.attempt)

        return Callback(normal=call, anomalous=call, allow_nan=True)

    spec = Uniqueness(normal=normal, anomalous=anomalous, over=over if only else None)
    gen = Generator(
        {name: callback(name) for name in values},
        anomalies=Anomaly(frequency=frequency, duration=(1, 4)),
        uniqueness=spec,
        seed=seed,
    )
    y = np.zeros(rows, np.int8)
    for start, stop in events(gen, rows):
        y[start:stop] = 1
    failing, outcome = None, Outcome([], [], [])
    try:
        outcome = expected(spec, y, values, over)
    except NotUniqueError as error:
        failing = error.args[0]
    if failing is not None:
        with pytest.raises(UniquenessError) as caught:
            gen.generate(rows, threads=threads)
        assert caught.value.row == failing
        assert caught.value.class_ == ("anomalous" if y[caught.value.row] else "normal")
        return
    data = gen.generate(rows, threads=threads)
    assert np.array_equal(data.y, y)
    for name in values:
        attempts = outcome.attempts if name in over else [0] * rows
        column = [values[name](row, attempt) for row, attempt in enumerate(attempts)]
        np.testing.assert_array_equal(data[name], column)
        drawn = outcome.draws if name in over else [(row, 0) for row in range(rows)]
        assert calls[name] == Counter(drawn), "each draw of the definition once, and no other"
    assert data.duplicates.normal == sum(not y[row] for row in outcome.duplicates)
    assert data.duplicates.anomalous == sum(bool(y[row]) for row in outcome.duplicates)
    batches = list(gen.batches(rows, batch_rows=batch_rows, threads=threads))
    if batches:
        np.testing.assert_array_equal(np.concatenate([batch.X for batch in batches]), data.X)
        assert sum(batch.duplicates.normal for batch in batches) == data.duplicates.normal
    cut = gen.generate(rows - rows // 3, start=rows // 3, threads=threads)
    np.testing.assert_array_equal(cut.X, data.X[rows // 3 :])
    np.testing.assert_array_equal(gen.generate(rows // 2, threads=threads).X, data.X[: rows // 2])
    quiet = data.y == 0
    np.testing.assert_array_equal(data.clean.X[quiet], data.X[quiet])


def events(gen: Generator, rows: int) -> list[tuple[int, int]]:
    starts, stops, _, _ = gen.source.plan.events(0, rows)
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


@given(
    seed=st.integers(0, 2**16),
    width=st.sampled_from([1, 5, 200, 1000]),
    tries=st.integers(1, 20),
    threads=st.sampled_from([1, 3]),
)
def test_stochastic_variables_are_drawn_anew_by_attempt(seed: int, width: int, tries: int, threads: int) -> None:
    """The draws of attempt k are those that uniqueness uses, found by asking for one row at a time."""
    spec = {
        "a": Stochastic(normal=Integers(0, width) + Sine(period=4), anomalous=Shift(Uniform(5.0, 6.0))),
        "b": Stochastic(normal=Choice((0.0, 1.0)), anomalous=Normal()),
    }
    anomalies = Anomaly(frequency=0.1, duration=(1, 6))
    plain = Generator(spec, anomalies=anomalies, seed=seed).generate(ROWS)
    soft = Uniqueness(normal=Soft(tries), anomalous=Soft(tries))
    data = Generator(spec, anomalies=anomalies, uniqueness=soft, seed=seed).generate(ROWS, threads=threads)
    assert np.array_equal(data.y, plain.y)
    registers: tuple[set[Any], set[Any]] = (set(), set())
    repeated = [0, 0]
    for row in range(ROWS):
        side, first, now = int(data.y[row]), tuple(plain.X[row]), tuple(data.X[row])
        if first not in registers[side]:
            assert now == first, "the first attempt is the plain draw"
        if now in registers[side]:
            repeated[side] += 1
        registers[side].add(now)
    assert tuple(data.duplicates) == tuple(repeated)
    once = Uniqueness(normal=Soft(1), anomalous=Soft(1))
    assert np.array_equal(Generator(spec, anomalies=anomalies, uniqueness=once, seed=seed).generate(ROWS).X, plain.X)


def test_many_rows_across_blocks_windows_and_batches() -> None:
    gen = Generator(
        {"a": Stochastic(normal=Integers(0, 150_000), anomalous=Integers(0, 40_000))},
        anomalies=Anomaly(frequency=0.1, duration=(1, 20)),
        uniqueness=Uniqueness(normal=Soft(tries=30), anomalous=Hard(tries=5000)),
        seed=3,
    )
    rows = 150_000
    data = gen.generate(rows, threads=2)
    normal, anomalous = data["a"][data.y == 0], data["a"][data.y == 1]
    assert len(np.unique(anomalous)) == len(anomalous)
    assert len(normal) - len(np.unique(normal)) == data.duplicates.normal > 0
    for threads, batch_rows in [(1, 40_000), (3, 33_333)]:
        parts = list(gen.batches(rows, batch_rows=batch_rows, threads=threads))
        assert np.array_equal(np.concatenate([part["a"] for part in parts]), data["a"])
        assert sum(part.duplicates.normal for part in parts) == data.duplicates.normal
    assert np.array_equal(gen.generate(5, start=100_000)["a"], data["a"][100_000:100_005])
    counted = gen.generate(normal=500, anomalous=100)
    assert (counted.y == 1).sum() == 100
    assert np.array_equal(counted["a"], data["a"][counted.row.astype(np.int64)])
    assert np.array_equal(gen.generate(rows, dtype=np.float32)["a"], data["a"].astype(np.float32))


def test_a_support_too_small_is_refused_before_anything_is_drawn() -> None:
    """The paper's example: with the values 0 and 1, the third anomalous datum is impossible."""
    drawn: list[int] = []

    def normal(ctx: Any) -> float:
        drawn.append(ctx.row)
        return 0.0

    gen = Generator(
        {"x": Callback(normal=normal, anomalous=Choice((0.0, 1.0)))},
        anomalies=Anomaly(events=[(3, 5), (8, 9)]),
        uniqueness=Uniqueness(anomalous=Hard(tries=10**6)),
    )
    with pytest.raises(UniquenessError, match="only 2 different anomalous data") as caught:
        gen.generate(20)
    assert (caught.value.row, caught.value.class_, caught.value.tries, drawn) == (8, "anomalous", None, [])
    data = gen.generate(8)
    assert sorted(data["x"][data.y == 1]) == [0.0, 1.0]


def test_hard_names_row_class_tries_and_datum() -> None:
    gen = Generator(
        {"x": Callback(normal=lambda ctx: ctx.row % 7)}, uniqueness=Uniqueness(normal=Hard(tries=3)), seed=1
    )
    with pytest.raises(UniquenessError, match="none of 3 tries gave row 7") as caught:
        gen.generate(100)
    error = caught.value
    assert (error.row, error.class_, error.tries, error.datum) == (7, "normal", 3, {"x": 0.0})
    out = {"x": np.full(100, -1.0)}
    with pytest.raises(UniquenessError):
        gen.generate(100, out=out)
    assert (out["x"] == -1.0).all(), "nothing is delivered"


def test_what_cannot_be_drawn_anew_is_refused() -> None:
    recorded = Recorded(np.arange(10.0), anomalous=Shift(1.0))
    for variables in ({"x": recorded}, {"x": Stochastic(normal=Sine(period=9))}):
        with pytest.raises(SpecError, match=r"uniqueness\.normal.*drawn anew"):
            Generator(variables, uniqueness=Uniqueness(normal=Hard()))
    mixed = {"x": recorded, "y": Stochastic(normal=Uniform(0, 1))}
    data = Generator(mixed, uniqueness=Uniqueness(normal=Hard())).generate(50)
    assert data.duplicates == (0, 0)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (Uniqueness(normal=Soft(0)), r"uniqueness\.normal\.tries"),
        (Uniqueness(normal=Hard(2**24 + 1)), r"uniqueness\.normal\.tries"),
        (Uniqueness(normal=Soft(), over=["z"]), "must be a variable"),
        (Uniqueness(normal=Soft(), over=[]), "at least one"),
    ],
)
def test_bad_arguments_are_named(bad: Uniqueness, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Generator({"x": Stochastic(normal=Uniform(0, 1))}, uniqueness=bad)


def test_bad_types_are_named() -> None:
    variables = {"x": Stochastic(normal=Uniform(0, 1))}
    for bad in (5, Uniqueness(normal=5), Uniqueness(normal=Soft(), over="x"), Soft()):
        with pytest.raises(SpecTypeError, match="uniqueness"):
            Generator(variables, uniqueness=bad)  # type: ignore[arg-type]


def test_the_spec_travels(tmp_path: Any) -> None:
    gen = Generator(
        {"x": Stochastic(normal=Integers(0, 500))},
        uniqueness=Uniqueness(normal=Soft(tries=4), anomalous=Hard(), over=["x"]),
    )
    gen.to_toml(tmp_path / "spec.toml")
    again = Generator.from_toml(tmp_path / "spec.toml")
    assert again == gen
    assert np.array_equal(again.generate(400)["x"], gen.generate(400)["x"])


def test_a_register_takes_sixteen_bytes_a_datum_at_most() -> None:
    from paranom_rs import _core

    gen = Generator({"x": Stochastic(normal=Uniform(0, 1))}, uniqueness=Uniqueness(normal=Hard()))
    state, x, y = _core.FillState(), np.empty(700_000), np.empty(700_000, np.int8)
    gen.source.plan.fill([(0, len(x))], [x], y, clean=False, threads=2, progress=None, state=state)
    data, size = state.size
    assert data == len(x)
    assert size <= 16 * data
