"""Callback variables: who is called for which row, with what, and what happens when they fail."""

from __future__ import annotations

import os
import pickle
import queue
import re
import runpy
import signal
import threading
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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
    Recorded,
    Shift,
    Soft,
    SpecError,
    SpecTypeError,
    Stochastic,
    TimeIndex,
    Uniform,
    Uniqueness,
)

BLOCK = 32_768
SOME = Anomaly(frequency=0.1, duration=(2, 9))


def healthy(ctx: Context) -> float:
    return ctx.rng.normal(0.0, 0.1) + float(ctx.row % 10)


def stuck(ctx: Context) -> float:
    return 5.0 + ctx.offset / ctx.duration + ctx.rng.uniform(0.0, 0.1)


def healthy_block(block: Block) -> Any:
    return block.rng.normal(0.0, 0.1, len(block)) + block.row % 10


def stuck_block(block: Block) -> Any:
    return 5.0 + block.offset / block.duration + block.rng.uniform(0.0, 0.1, len(block))


def nothing(ctx: Context) -> float:
    return 0.0


SCALAR = Callback(normal=healthy, anomalous=stuck)
VECTOR = Callback(normal=healthy_block, anomalous=stuck_block, vectorized=True)


def test_each_row_of_a_class_is_asked_for_once_and_no_other() -> None:
    calls: dict[str, Counter[int]] = {"normal": Counter(), "anomalous": Counter()}
    told = {}

    def normal(ctx: Context) -> float:
        calls["normal"][ctx.row] += 1
        assert (ctx.event, ctx.offset, ctx.duration, ctx.attempt) == (None, 0, 0, 0)
        return 1.0

    def anomalous(ctx: Context) -> float:
        calls["anomalous"][ctx.row] += 1
        told[ctx.row] = (ctx.event, ctx.offset, ctx.duration)
        return 2.0

    gen = Generator({"x": Callback(normal=normal, anomalous=anomalous), "y": Stochastic(Uniform(0, 1))}, anomalies=SOME)
    data = gen.generate(70_000, threads=2)
    rows = np.arange(len(data))
    assert calls["normal"] == Counter(rows[data.y == 0].tolist())
    assert calls["anomalous"] == Counter(rows[data.y == 1].tolist())
    assert np.array_equal(data["x"], 1.0 + data.y)
    for event in data.events:
        for row in range(event.start, min(event.stop, len(data))):
            assert told[row] == (event.id, row - event.start, event.stop - event.start)


@given(
    start=st.integers(0, 3 * BLOCK),
    rows=st.integers(0, 600),
    threads=st.sampled_from([1, 2]),
    variable=st.sampled_from([SCALAR, VECTOR]),
    clean=st.booleans(),
)
def test_any_slice_is_the_same(start: int, rows: int, threads: int, variable: Callback, clean: bool) -> None:
    whole = WHOLE[variable]
    data = whole.generator.generate(rows, start=start, threads=threads)
    if clean:
        data, whole = data.clean, whole.clean
    assert np.array_equal(data["x"], whole["x"][start : start + rows])


WHOLE = {v: Generator({"x": v}, anomalies=SOME, seed=5).generate(3 * BLOCK + 700, threads=2) for v in (SCALAR, VECTOR)}


def test_normal_rows_are_those_of_the_clean_copy() -> None:
    for data in WHOLE.values():
        quiet = data.y == 0
        assert np.array_equal(data["x"][quiet], data.clean["x"][quiet])
        assert (data["x"][~quiet] >= 5.0).all()


def test_a_seed_and_a_name_make_the_stream() -> None:
    for variable in (SCALAR, VECTOR):
        gen = Generator({"x": variable, "z": variable}, anomalies=SOME, seed=5)
        data = gen.generate(1000)
        assert np.array_equal(data["x"], WHOLE[variable]["x"][:1000])
        assert not np.array_equal(data["x"], data["z"])
        other = Generator({"x": variable}, anomalies=SOME, seed=6).generate(1000)
        assert not np.array_equal(data["x"], other["x"])


def test_the_source_draws_what_it_says() -> None:
    drawn: dict[str, list[Any]] = {"uniform": [], "normal": [], "integers": [], "choice": [], "random": []}

    def draw(ctx: Context) -> float:
        rng = ctx.rng
        drawn["uniform"].append(rng.uniform(2.0, 5.0))
        drawn["normal"].append(rng.normal(1.0, 2.0))
        drawn["integers"].append(rng.integers(-2, 3))
        drawn["choice"].append(rng.choice("abcd"))
        drawn["random"].append(rng.random())
        assert 0 <= rng.integers(7) < 7
        return 0.0

    Generator({"x": Callback(normal=draw)}, seed=11).generate(20_000, threads=1)
    assert stats.kstest(drawn["uniform"], stats.uniform(2.0, 3.0).cdf).pvalue > 1e-3
    assert stats.kstest(drawn["normal"], stats.norm(1.0, 2.0).cdf).pvalue > 1e-3
    assert stats.kstest(drawn["random"], "uniform").pvalue > 1e-3
    for name, items in (("integers", {-2, -1, 0, 1, 2}), ("choice", set("abcd"))):
        counts = Counter(drawn[name])
        assert set(counts) == items
        assert stats.chisquare(list(counts.values())).pvalue > 1e-3
    assert abs(np.corrcoef(drawn["random"], drawn["uniform"])[0, 1]) < 0.03


def test_a_redraw_brings_the_attempt() -> None:
    seen: Counter[tuple[int, int]] = Counter()

    def value(ctx: Context) -> float:
        seen[ctx.row, ctx.attempt] += 1
        return 0.0 if ctx.attempt < 3 else float(ctx.row)

    gen = Generator({"x": Callback(normal=value)}, uniqueness=Uniqueness(normal=Soft(tries=10)))
    assert np.array_equal(gen.generate(5)["x"], [0.0, 1.0, 2.0, 3.0, 4.0])
    assert seen == Counter([(0, 0), *((row, attempt) for row in range(1, 5) for attempt in range(4))])


def test_vectorized_redraws_are_pure() -> None:
    def value(block: Block) -> Any:
        return block.rng.integers(0, 500, len(block))

    gen = Generator(
        {"x": Callback(normal=value, vectorized=True)}, uniqueness=Uniqueness(normal=Soft(tries=40)), seed=2
    )
    data = gen.generate(450, threads=2)
    assert data.duplicates.normal == 450 - len(np.unique(data["x"]))
    assert len(np.unique(data["x"])) > 400
    assert np.array_equal(gen.generate(200, start=250)["x"], data["x"][250:])


def test_time_is_what_the_generator_says() -> None:
    seen: dict[str, Any] = {}

    def scalar(ctx: Context) -> float:
        seen[f"scalar {ctx.row}"] = ctx.t
        return 0.0

    def vector(block: Block) -> Any:
        seen["vector"] = block.t
        return np.zeros(len(block))

    variables = {"a": Callback(normal=scalar), "b": Callback(normal=vector, vectorized=True)}
    for index in (None, TimeIndex(5.0, 0.5), TimeIndex("2026-01-01", "1min")):
        data = Generator(variables, time=index).generate(3)
        assert [seen[f"scalar {row}"] for row in range(3)] == list(data.t)
        assert seen["vector"].dtype == data.t.dtype
        assert np.array_equal(seen["vector"][:3], data.t)


def test_vectorized_functions_see_whole_blocks() -> None:
    blocks: list[Block] = []

    def normal(block: Block) -> Any:
        blocks.append(block)
        return block.row.astype(float)

    def anomalous(block: Block) -> Any:
        first = block.row[0] // BLOCK * BLOCK
        assert len(block) == (whole.y[first : first + BLOCK] == 1).sum() > 0
        assert np.array_equal(block.event, whole.event[block.row])
        return -1.0 - block.offset

    whole = WHOLE[SCALAR]  # the schedule is the seed's
    gen = Generator({"x": Callback(normal, anomalous, vectorized=True)}, anomalies=SOME, seed=5)
    data = gen.generate(10, start=BLOCK - 5, threads=1)
    assert [(block.row[0], len(block)) for block in blocks] == [(0, BLOCK), (BLOCK, BLOCK)]
    assert (blocks[0].event == -1).all()
    quiet = data.y == 0
    assert np.array_equal(data["x"][quiet], data.row[quiet])


def test_rules_and_functions_mix() -> None:
    rows = np.arange(50.0)
    anomaly = Anomaly(events=[(10, 14), (20, 22)])
    shifted = Generator({"x": Callback(lambda ctx: ctx.row, Shift(100.0))}, anomalies=anomaly).generate(50)
    assert np.array_equal(shifted["x"], np.where(shifted.y, rows + 100.0, rows))
    flat = Generator({"x": Callback(lambda ctx: ctx.row, Flatline())}, anomalies=anomaly).generate(8, start=12)
    assert np.array_equal(flat["x"], [10.0, 10.0, 14.0, 15.0, 16.0, 17.0, 18.0, 19.0])
    gone = Generator({"x": Callback(lambda ctx: ctx.row, Missing())}, anomalies=anomaly).generate(50)
    assert np.isnan(gone["x"][gone.y == 1]).all()
    named = Anomaly(events=[(5, 8)], values={"x": lambda ctx: -float(ctx.offset)})
    other = Generator({"x": Recorded(rows)}, anomalies=named).generate(50)
    assert np.array_equal(other["x"][4:9], [4.0, 0.0, -1.0, -2.0, 8.0])


def test_an_exception_is_the_cause_of_a_callback_error() -> None:
    def fails(ctx: Context) -> float:
        if ctx.row == 1234:
            raise KeyError("no such valve")
        return 0.0

    with pytest.raises(CallbackError, match=r"variables\.x\.normal: .*fails\(\) raised .*KeyError.*row 1234") as caught:
        Generator({"x": Callback(normal=fails)}).generate(5000, threads=2)
    error = caught.value
    assert isinstance(error, RuntimeError)
    assert (error.variable, error.class_, error.row) == ("x", "normal", 1234)
    assert isinstance(error.__cause__, KeyError)
    assert error.__cause__.__traceback__ is not None


def test_an_exception_stops_the_run_within_a_block() -> None:
    calls: Counter[int] = Counter()

    def fails(ctx: Context) -> float:
        calls[ctx.row // BLOCK] += 1
        raise ValueError

    with pytest.raises(CallbackError):
        Generator({"x": Callback(normal=fails)}).generate(100 * BLOCK, threads=2)
    assert sum(calls.values()) <= 4


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    def fails(ctx: Context) -> float:
        if ctx.row == 150:
            raise ValueError
        return 0.0

    with pytest.raises(CallbackError):
        Generator({"x": Callback(normal=fails)}).write(tmp_path / "data.csv", 300, batch_rows=100)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda block: np.zeros(len(block) - 1), r"must give shape \(32768,\), got \(32767,\), for block 1"),
        (lambda block: np.zeros((len(block), 1)), "must give shape"),
        (lambda block: [0.0] * len(block), "must give an array, got list"),
        (lambda block: np.zeros(len(block), complex), "must give real numbers, got dtype complex128"),
        (lambda block: np.full(len(block), "a"), "must give real numbers"),
        (lambda block: np.where(block.row == 40_000, np.nan, 1.0), r"gave NaN; allow_nan=True.*row 40000"),
    ],
)
def test_what_is_no_block_of_values_is_refused(give: Any, message: str) -> None:
    def fine_at_first(block: Block) -> Any:
        return give(block) if block.row[0] > 0 else np.zeros(len(block))

    with pytest.raises(CallbackError, match=message) as caught:
        Generator({"x": Callback(normal=fine_at_first, vectorized=True)}).generate(50_000)
    assert caught.value.__cause__ is None
    assert "fine_at_first" in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint64, bool])
def test_real_dtypes_become_float64(dtype: Any) -> None:
    def give(block: Block) -> Any:
        return (block.row % 2).astype(dtype)

    data = Generator({"x": Callback(normal=give, vectorized=True)}).generate(10)
    assert np.array_equal(data["x"], np.arange(10) % 2)


def test_nan_is_an_error_unless_allowed() -> None:
    def some(ctx: Context) -> float:
        return float("nan") if ctx.row == 3 else 1.0

    with pytest.raises(CallbackError, match=r"NaN; allow_nan=True.*row 3"):
        Generator({"x": Callback(normal=some)}).generate(10)
    assert np.isnan(Generator({"x": Callback(normal=some, allow_nan=True)}).generate(10)["x"][3])


def test_no_number_is_an_error() -> None:
    for bad in ("a", None, [1.0]):
        with pytest.raises(CallbackError, match="must give a number"):
            Generator({"x": Callback(normal=lambda ctx, bad=bad: bad)}).generate(10)


def test_flags_that_change_what_is_generated_are_in_the_fingerprint() -> None:
    def value(ctx: Any) -> Any:
        return ctx.row * 1.0

    flags: list[dict[str, Any]] = [{}, {"vectorized": True}, {"allow_nan": True}, {"sequential": True}]
    made = [Generator({"x": Callback(value, **some)}) for some in flags]
    assert len({gen.fingerprint for gen in made}) == 4
    assert made[0].fingerprint == Generator({"x": Callback(value, vectorized=False)}).fingerprint


def test_locks_queues_and_locals_work() -> None:
    lock, items, local = threading.Lock(), queue.Queue[int](), threading.local()
    total, begun = [0], list[int]()

    def locked(ctx: Context) -> float:
        with lock:
            total[0] += 1
            if ctx.row % 5000 == 0:
                time.sleep(0.001)  # lets the GIL go while the lock is held
        return 0.0

    def queued(ctx: Context) -> float:
        items.put(ctx.row)
        if not hasattr(local, "calls"):
            local.calls = 0
            begun.append(threading.get_ident())
        local.calls += 1
        return float(items.get() >= 0)

    gen = Generator({"a": Callback(normal=locked), "b": Callback(normal=queued)})
    data = gen.generate(9 * BLOCK, threads=4)
    assert total[0] == 9 * BLOCK
    assert len(begun) <= 4, "a local lasts as long as its thread"
    assert data["b"].all()


def test_ctrl_c_stops_a_slow_callback() -> None:
    calls: Counter[int] = Counter()

    def slow(ctx: Context) -> float:
        calls[0] += 1
        time.sleep(0.002)
        return 0.0

    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        Generator({"x": Callback(normal=slow)}).generate(20_000, threads=2)
    timer.join()
    assert calls[0] < 20_000


def test_a_function_goes_into_toml_by_its_import_path() -> None:
    gen = Generator({"x": Callback(normal=healthy, anomalous=stuck)}, anomalies=SOME, seed=5)
    with pytest.raises(SpecError, match=r"variables\.x\.normal: must be an import path .* to be written as TOML"):
        gen.to_toml()
    here = __name__
    named = Generator({"x": Callback(normal=f"{here}:healthy", anomalous=f"{here}:stuck")}, anomalies=SOME, seed=5)
    text = named.to_toml()
    assert f'normal = "{here}:healthy"' in text
    again = Generator.from_spec(tomllib.loads(text), import_functions=True)
    assert again == named
    assert np.array_equal(again.generate(300)["x"], gen.generate(300)["x"])


def test_functions_are_imported_only_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ran_when_imported.py").write_text(
        "from pathlib import Path\nPath('ran').touch()\ndef f(ctx): return 1.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    here = "ran_when_imported:f"
    normal = f'[variables.x]\nkind = "callback"\nnormal = "{here}"\n'
    anomalous = f'[variables.x]\nkind = "callback"\nnormal = "math:sin"\nanomalous = "{here}"\n'
    values = '[variables.x]\nkind = "callback"\n[[anomalies]]\nfrequency = 0.1\nvalues = {x = "ran_when_imported:f"}\n'
    for text, path in (
        (normal, "variables.x.normal"),
        (anomalous, "variables.x.normal"),
        (values, "anomalies[0].values.x"),
    ):
        (tmp_path / "spec.toml").write_text(text)
        with pytest.raises(SpecError, match=f"import_functions: must be set .*{re.escape(path)}"):
            Generator.from_toml("spec.toml")
        with pytest.raises(SpecError, match="import_functions: must be set"):
            Generator.from_spec(tomllib.loads(text))
    assert not (tmp_path / "ran").exists()
    (tmp_path / "spec.toml").write_text(normal)
    gen = Generator.from_toml("spec.toml", import_functions=True)
    assert (tmp_path / "ran").exists()
    assert gen.generate(3)["x"].tolist() == [1.0, 1.0, 1.0]
    assert pickle.loads(pickle.dumps(gen)) == gen, "a pickle names functions anyway"
    pytest.importorskip("pyarrow")
    gen.write("data.parquet", 3)
    with pytest.raises(SpecError, match="import_functions: must be set"):
        Generator.from_parquet("data.parquet")
    assert Generator.from_parquet("data.parquet", import_functions=True) == gen


def test_a_callback_may_generate() -> None:
    """Also when all workers are busy with callbacks that do, and while it holds a lock that others wait for."""
    inner = Generator({"y": Callback(nothing), "z": Stochastic(Uniform(0, 1))}, uniqueness=Uniqueness(normal=Soft(2)))
    lock, waiting = threading.Lock(), threading.Barrier(3)

    def outer(block: Block) -> Any:
        waiting.wait(60)
        with lock:
            z = inner.generate(10, threads=3)["z"]
        return np.full(len(block), z[0])

    gen = Generator({"x": Callback(outer, vectorized=True)})
    data = gen.generate(3 * BLOCK, threads=3)
    assert (data["x"] == inner.generate(1)["z"][0]).all()


def test_a_spec_with_functions_makes_the_same_generator_again() -> None:
    gen = Generator({"x": VECTOR}, anomalies=SOME, seed=5)
    assert np.array_equal(Generator.from_spec(gen.to_spec()).generate(100)["x"], gen.generate(100)["x"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("healthy", "module:function"),
        ("no_such_module_here:f", "must be what can be imported"),
        ("math:no_such", "must be what can be imported"),
    ],
)
def test_bad_import_paths_are_named(path: str, message: str) -> None:
    with pytest.raises(SpecError, match=rf"variables\.x\.normal: .*{message}"):
        Generator({"x": Callback(normal=path)})


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(SpecTypeError, match="must be a function, got 'math:pi'"):
        Generator({"x": Callback(normal="math:pi")})
    with pytest.raises(SpecTypeError, match="normal: must be a function"):
        Callback(normal=3.0)  # type: ignore[arg-type]
    with pytest.raises(SpecTypeError):
        Generator({"x": Stochastic(normal=nothing)})  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="2\\^63"):
        Generator({"x": Callback(normal=nothing)}).generate(1, start=2**63)


def test_other_variables_do_not_care() -> None:
    alone = Generator({"y": Stochastic(Integers(0, 9))}, seed=5).generate(100)
    beside = Generator({"x": Callback(normal=nothing), "y": Stochastic(Integers(0, 9))}, seed=5).generate(100)
    assert np.array_equal(alone["y"], beside["y"])


def test_the_shuttle_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    path = Path(__file__).parents[2] / "examples" / "shuttle_callbacks.py"
    if not path.exists():
        pytest.skip("the examples are not part of an installed package")
    script = runpy.run_path(str(path))
    monkeypatch.setattr("sys.argv", ["shuttle_callbacks.py", "--out", str(tmp_path)])
    script["main"]()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["shuttle_callbacks.csv", "shuttle_callbacks.png"]
    data = script["shuttle_callbacks"]().generate(10_000)
    valve = script["Valve"]()
    values = data["current"][data.y == 1]
    assert 0.005 < data.y.mean() < 0.015
    assert len(np.unique(values)) == len(values), "anomalous rows are hard-unique"
    assert ((values < valve.low) | (values > valve.high)).all(), "and unlike any healthy one"
