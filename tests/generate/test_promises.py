"""The promises of the generator: pure, growing, independent, labelled with the truth, cleanly twinned.

Bit for bit throughout. Each test fails when its promise is broken: a phase that starts with the slice, a stream keyed
by a column's place, an event that depends on the length asked for, a label one row short.
"""

from __future__ import annotations

import copy
import hashlib
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import Generator, build_info
from paranom_rs._core import Plan
from support.generated import Rows, assert_same_values, bits, generated
from support.strategies import NAMES, anomalous, in_stream, rules, slices, specs

Spec = dict[str, Any]

MORE = settings(max_examples=settings().max_examples * 2)


def stochastic(normal: Any, anomalous: Any = None) -> Spec:
    return {"kind": "stochastic", "normal": normal} | ({} if anomalous is None else {"anomalous": anomalous})


def plant() -> Spec:
    """Something of every kind; every anomalous rule changes the value for sure."""
    noise = {"kind": "normal", "std": 0.1}
    waves = [{"kind": kind, "period": 37.7, "phase": 0.1} for kind in ("sine", "cosine", "sawtooth", "ecg")]
    far = {"kind": "uniform", "low": 500.0, "high": 600.0}
    row = {"kind": "each_row", "of": far}
    rows = {"kind": "constant", "value": row}
    shift, stuck = {"kind": "shift", "by": far}, {"kind": "flatline"}
    square = {"kind": "square", "period": 900, "amplitude": {"kind": "uniform", "low": 1, "high": 2}, "duty": 0.3}
    uniform = {"kind": "uniform", "low": -1, "high": {"kind": "sum", "of": [1, {"kind": "lognormal"}]}}
    scaled = {"kind": "scale", "factor": -2, "center": 500.5}
    rng = np.random.default_rng(1)
    return {
        "seed": 99,
        "variables": {
            "waves": stochastic({"kind": "sum", "of": [*waves, noise]}, shift),
            "walk": stochastic({"kind": "random_walk", "std": 0.2, "drift": 1e-4}, {"kind": "drift", "by": far}),
            "trend": stochastic({"kind": "trend", "coefficients": [1, 1e-5, 1e-9]}, {"kind": "missing"}),
            "product": stochastic({"kind": "product", "of": [square, noise]}, far),
            "uniform": stochastic(uniform, {"kind": "spike", "height": row}),
            "integers": stochastic({"kind": "integers", "low": -9, "high": 10}, scaled),
            "choice": stochastic({"kind": "choice", "values": [1, 2, 5], "weights": [0.2, 0.3, 0.5]}, rows),
            "bernoulli": stochastic({"kind": "bernoulli", "p": 0.3}, {"kind": "noise", "std": far}),
            "truncated": stochastic({"kind": "normal", "low": -1, "high": 2}, {"kind": "flatline", "value": far}),
            "stuck": stochastic(noise),
            "лог": stochastic({"kind": "lognormal", "sigma": 0.4}),
            "mixed": stochastic({"kind": "mixture", "of": [
                {"kind": "laplace"}, {"kind": "cauchy"}, {"kind": "student_t", "df": 2.5},
                {"kind": "gamma", "shape": 0.6}, {"kind": "beta", "a": 0.5, "b": 2},
                {"kind": "poisson", "rate": 5}, {"kind": "poisson", "rate": 99},
            ]}),
            "record": {"kind": "recorded", "values": rng.normal(size=777), "labels": [[300, 320], [776, 777]]},
        },
        "anomalies": [
            {"frequency": 0.03, "duration": [3, 40], "gap": 2},
            {"name": "count", "count": 3, "within": 2000, "duration": 5, "values": {"лог": shift}},
            {"name": "rare", "frequency": 0.003, "duration": [2, 9], "values": {"stuck": stuck, "record": far}},
        ],
    }  # fmt: skip


def digest(rows: Rows) -> str:
    """One number for all bits of some rows."""
    total = hashlib.sha256(repr(rows.events).encode() + rows.y.tobytes())
    for column in rows.columns.values():
        total.update(bits(column).tobytes())
    return total.hexdigest()


# Rows enough for several blocks of 32,768, so that threads share the work.
MANY = 100_000


@pytest.fixture(scope="module")
def whole() -> Rows:
    return generated(plant(), 12_345, MANY, threads=1)


# Pure: a value is a function of (spec, seed, row), nothing else.


@MORE
@given(specs(), slices(most=1300), st.data())
def test_any_slice_is_the_same_rows(spec: Spec, where: tuple[int, int], data: st.DataObject) -> None:
    start, rows = where
    all_rows = generated(spec, start, rows)
    first = data.draw(st.integers(0, min(rows, 2**64 - 1 - start)))
    last = data.draw(st.integers(first, rows))
    part = generated(spec, start + first, last - first)
    assert_same_values(part, all_rows[first:last])
    inside = [e for e in all_rows.events if e[0] < start + last and e[1] > start + first]
    assert part.events == (inside if last > first else [])


@given(specs(), slices(most=1300))
def test_row_by_row(spec: Spec, where: tuple[int, int]) -> None:
    start, rows = where
    all_rows = generated(spec, start, rows)
    for j in {0, 1, 255, 256, 511, 512, rows - 2, rows - 1} & set(range(rows)):
        assert_same_values(generated(spec, start + j, 1), all_rows[j : j + 1])


@pytest.mark.parametrize("threads", [2, 3, 16])
def test_any_number_of_threads(whole: Rows, threads: int) -> None:
    again = generated(plant(), 12_345, MANY, threads=threads)
    assert_same_values(again, whole)
    assert again.events == whole.events


@pytest.mark.parametrize("size", [999, 4096, 33_000, MANY])
def test_any_size_of_batches(whole: Rows, size: int) -> None:
    generator = Generator.from_spec(plant())
    batches = list(generator.batches(MANY, batch_rows=size, start=12_345, threads=2))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in whole.columns}
    y = np.concatenate([batch.y for batch in batches])
    assert_same_values(Rows(columns, y, []), whole)


def test_several_stretches_in_one_call(whole: Rows) -> None:
    plan = Plan(plant())
    stretches = [(12_345 + 70_000, 20_000), (12_345, 1), (12_345 + 511, 40_000), (2**64 - 3, 3)]
    total = sum(rows for _, rows in stretches)
    columns, y = [np.empty(total) for _ in plan.names], np.empty(total, np.int8)
    plan.fill(stretches, columns, y, clean=False, threads=2, progress=None, state=None)
    together, at = Rows(dict(zip(plan.names, columns, strict=True)), y, []), 0
    for start, rows in stretches:
        assert_same_values(together[at : at + rows], generated(plant(), start, rows))
        at += rows


DIGEST = """
from support.generated import generated
from paranom_rs import build_info
from test_promises import MANY, digest, plant
print(build_info()["simd"], digest(generated(plant(), 12_345, MANY, threads=2)))
"""


@pytest.mark.parametrize("level", ["baseline", "avx2", "avx512"])
def test_any_instruction_set_and_another_process(whole: Rows, level: str) -> None:
    tests = Path(__file__).parents[1]
    path = os.pathsep.join([str(tests), str(tests / "generate"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PARANOM_SIMD": level, "PYTHONPATH": path}
    result = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
    used, found = result.stdout.split()
    order = ["baseline", "avx2", "avx512"]
    assert used in order[: order.index(level) + 1], "a level that was not asked for"
    if os.environ.get("PARANOM_SIMD") is None:
        assert used == min(level, build_info()["simd"], key=order.index)
    assert found == digest(whole)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child(whole: Rows) -> None:
    """After the parent has used its threads, a forked child must not wait for them: they are not in it."""
    generated(plant(), 0, MANY, threads=2)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork beside threads
        child = os.fork()
    if child == 0:
        try:
            os.write(writer, digest(generated(plant(), 12_345, MANY, threads=2)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], 60)
        assert ready, "the child hangs"
        assert os.read(reader, 1000).decode() == digest(whole)
        end = time.monotonic() + 60
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            assert time.monotonic() < end, "the child does not end"
            time.sleep(0.01)
        child = 0
    finally:
        os.close(reader)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@given(specs(), slices())
def test_plans_of_one_spec_are_one(spec: Spec, where: tuple[int, int]) -> None:
    """Asking does not change what is asked."""
    plan = Plan(spec)
    first = generated(spec, *where)
    plan.events(0, 10)
    assert_same_values(generated(copy.deepcopy(spec), *where), first)
    assert Plan(copy.deepcopy(spec)).canonical == plan.canonical


# Grows: generate(n) is the first n rows of generate(m).


@MORE
@given(specs(), st.integers(0, 900), st.integers(0, 900))
def test_a_longer_dataset_begins_with_the_shorter(spec: Spec, n: int, more: int) -> None:
    generator = Generator.from_spec(spec)
    short, long = generator.generate(n), generator.generate(n + more)
    for name in generator.names:
        np.testing.assert_array_equal(bits(short[name]), bits(long[name][:n]))
    np.testing.assert_array_equal(short.y, long.y[:n])
    np.testing.assert_array_equal(short.labels, long.labels[:n])
    np.testing.assert_array_equal(short.event, long.event[:n])
    assert list(short.events) == [event for event in long.events if event.start < n]


# Independent: a variable's stream is keyed by its name; the schedule has a stream of its own.


@MORE
@given(
    st.dictionaries(NAMES, st.tuples(rules(1, "normal"), anomalous(1)), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
    slices(),
)
def test_other_variables_change_nothing(
    variables: dict[str, tuple[Any, Any]], random: Any, where: tuple[int, int]
) -> None:
    def spec(names: list[str]) -> Spec:
        return {
            "stream": stream,
            "seed": 3,
            "variables": {name: stochastic(*variables[name]) for name in names},
            "anomalies": [{"frequency": 0.1, "duration": [2, 30]}],
        }

    stream = in_stream({"variables": variables}).get("stream", 2)
    names = list(variables)
    everyone = generated(spec(names), *where)
    random.shuffle(names)
    kept = names[: random.randint(1, len(names))]
    fewer = generated(spec(kept), *where)
    assert fewer.events == everyone.events, "the schedule has a stream of its own"
    assert_same_values(fewer, Rows({name: everyone.columns[name] for name in kept}, everyone.y, []))


@pytest.mark.parametrize("change", ["name", "seed", "case", "accent"])
def test_another_name_or_seed_is_another_stream(change: str) -> None:
    def column(name: str, seed: int) -> np.ndarray[Any, Any]:
        spec = {"seed": seed, "variables": {name: stochastic({"kind": "uniform", "low": 0, "high": 1})}}
        return generated(spec, 0, 2000).columns[name]

    name, seed = {"name": ("b", 1), "seed": ("a", 2), "case": ("A", 1), "accent": ("á", 1)}[change]
    assert not (column("a", 1) == column(name, seed)).any()


def test_sites_of_one_variable_share_no_draws() -> None:
    """The same rule twice in a sum, in the normal and in the anomalous rule: all are other draws."""
    uniform = {"kind": "uniform", "low": 0, "high": 1}
    difference = {"kind": "sum", "of": [uniform, {"kind": "product", "of": [-1, uniform]}]}
    twice = generated({"variables": {"x": stochastic(difference)}}, 0, 2000)
    assert (twice.columns["x"] != 0).all()
    spec = {"variables": {"x": stochastic(uniform, uniform)}, "anomalies": [{"events": [[0, 2000]]}]}
    normal, hit = generated(spec, 0, 2000, clean=True), generated(spec, 0, 2000)
    assert (normal.columns["x"] != hit.columns["x"]).all()


# The labels are the truth, and the clean copy is the same without anomalies.


@MORE
@given(specs(), slices())
def test_labels_and_clean_copy_follow_the_events(spec: Spec, where: tuple[int, int]) -> None:
    start, rows = where
    made, clean = generated(spec, *where), generated(spec, *where, clean=True)
    names = list(made.columns)
    touches = {kind: [names[i] for i in at] for kind, at in Plan(spec).kinds}
    y, recorded = np.zeros(rows, np.int8), np.zeros(rows, np.int8)
    touched = {name: np.zeros(rows, bool) for name in made.columns}
    before = 0
    for first, stop, kind, _ in made.events:
        assert before <= first < stop, "in order, without overlap"
        before = stop
        part = slice(max(first - start, 0), min(stop - start, rows))
        y[part] = 1
        if kind == "recorded":
            recorded[part] = 1
        else:
            for name in touches[kind]:
                touched[name][part] = True
    np.testing.assert_array_equal(made.y, y)
    np.testing.assert_array_equal(clean.y, recorded)
    for name in made.columns:
        same = bits(made.columns[name]) == bits(clean.columns[name])
        assert same[~touched[name]].all(), f"{name} is changed outside its events"


def test_a_row_is_labelled_exactly_where_it_is_changed(whole: Rows) -> None:
    """In `plant` each anomalous rule changes the value for sure, but for the first row of a stuck sensor."""
    clean = generated(plant(), 12_345, MANY, clean=True)
    labels = Generator.from_spec(plant()).generate(MANY, start=12_345).labels
    recorded = np.zeros(MANY, bool)
    for start, stop, kind, _ in whole.events:
        if kind == "recorded":
            recorded[max(start - 12_345, 0) : stop - 12_345] = True
    np.testing.assert_array_equal(clean.y, recorded)
    for j, name in enumerate(whole.columns):
        changed = bits(whole.columns[name]) != bits(clean.columns[name])
        expected = (labels[:, j] == 1) & ~recorded
        if name == "stuck":
            firsts = [start - 12_345 for start, _, kind, _ in whole.events if kind == "rare" and start >= 12_345]
            expected[firsts] = False
        np.testing.assert_array_equal(changed, expected, err_msg=name)
    np.testing.assert_array_equal(whole.y, labels.any(axis=1))
    assert {kind for _, _, kind, _ in whole.events} == {"anomaly", "count", "rare", "recorded"}
