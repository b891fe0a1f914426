"""Native callbacks: compiled code of the documented signature runs; everything else is refused with its signature."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from paranom_rs import (
    Anomaly,
    Callback,
    CallbackError,
    Generator,
    Integers,
    NativeFunction,
    Soft,
    SpecError,
    SpecTypeError,
    Stochastic,
    Uniform,
    Uniqueness,
)

BLOCK = 32_768
SOME = Anomaly(frequency=0.1, duration=(2, 700))

CODE = r"""
#include <stdint.h>
#include <math.h>
#define ARGUMENTS int64_t row, int64_t n, int64_t event, int64_t offset, int64_t duration, int64_t attempt, \
    const uint64_t *random, double *out
static double unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }
void healthy(ARGUMENTS) { for (int64_t j = 0; j < n; j++) out[j] = (row + j) % 10 + unit(random[j]); }
void stuck(ARGUMENTS) {
    for (int64_t j = 0; j < n; j++) out[j] = -1 - (offset + j) / (double)duration - unit(random[j]);
}
/* Not a function of the row alone: the sum over what it was called for so far. */
void summing(ARGUMENTS) { double sum = 0; for (int64_t j = 0; j < n; j++) out[j] = sum += unit(random[j]); }
void told(ARGUMENTS) { for (int64_t j = 0; j < n; j++) out[j] = j == 0 ? n : event < 0 ? -1 : event; }
void drawn(ARGUMENTS) { for (int64_t j = 0; j < n; j++) out[j] = (double)(random[j] >> 58); }
void tried(ARGUMENTS) { for (int64_t j = 0; j < n; j++) out[j] = attempt < 3 ? 0 : row + j; }
void missing(ARGUMENTS) { for (int64_t j = 0; j < n; j++) out[j] = row + j == 1000 ? NAN : 1; }
void other(double x) {}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("native")
    (folder / "functions.c").write_text(CODE)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", folder / "functions.so", folder / "functions.c"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "functions.so"))


def native(library: Any, name: str) -> Any:
    return NativeFunction((name, library))


def test_any_slice_is_the_same(library: Any) -> None:
    for normal, anomalous in (("healthy", "stuck"), ("summing", "summing"), ("told", "told")):
        variable = Callback(native(library, normal), native(library, anomalous))
        gen = Generator({"x": variable, "u": Stochastic(Uniform(0, 1))}, anomalies=SOME, seed=5)
        whole = gen.generate(2 * BLOCK + 99, threads=2)
        assert np.array_equal(gen.generate(len(whole), threads=1).X, whole.X)
        for start, rows in [(0, 1), (511, 2), (700, 1000), (BLOCK - 3, 900), (2 * BLOCK + 98, 1)]:
            part = gen.generate(rows, start=start)
            assert np.array_equal(part.X, whole.X[start : start + rows])
            assert np.array_equal(part.clean.X, whole.clean.X[start : start + rows])
        quiet = whole.y == 0
        assert np.array_equal(whole.X[quiet], whole.clean.X[quiet])
        assert np.array_equal(np.concatenate([b.X for b in gen.batches(len(whole), batch_rows=5000)]), whole.X)


def test_what_it_is_told(library: Any) -> None:
    variable = Callback(native(library, "healthy"), native(library, "stuck"))
    data = Generator({"x": variable}, anomalies=SOME, seed=5).generate(5000)
    quiet = data.y == 0
    assert np.array_equal(np.floor(data["x"][quiet]), data.row[quiet] % 10)
    for event in data.events:
        part = data["x"][event.start : event.stop]
        ramp = np.arange(len(part)) / (event.stop - event.start)
        assert ((-1 - ramp - part) >= 0).all()
        assert ((-1 - ramp - part) < 1).all()
    told = Callback(native(library, "told"), native(library, "told"))
    data = Generator({"x": told}, anomalies=SOME, seed=5).generate(2048)
    first = [int(row) for row in (0, 512, 1024, 1536) if data.y[row] == 0]
    assert (data["x"][first] == 512).all(), "whole tiles"
    for event in data.events:
        inside = np.arange(event.start, min(event.stop, 2048))
        heads = (inside == event.start) | (inside % 512 == 0)
        assert (data["x"][inside[~heads]] == event.id).all()


def test_its_random_bits_are_those_of_the_row(library: Any) -> None:
    def drawn(seed: int, name: str) -> Any:
        data = Generator({name: Callback(native(library, "healthy"))}, seed=seed).generate(20_000)
        return data[name] - data.row % 10

    values = drawn(11, "x")
    assert stats.kstest(values, "uniform").pvalue > 1e-3
    for other in (drawn(12, "x"), drawn(11, "y"), np.roll(values, 1), np.roll(values, 256)):
        assert abs(np.corrcoef(values, other)[0, 1]) < 0.03


def test_uniqueness_draws_anew(library: Any) -> None:
    gen = Generator({"x": Callback(native(library, "tried"))}, uniqueness=Uniqueness(normal=Soft(9)))
    assert gen.generate(600, threads=2)["x"].tolist() == [0.0, *range(1, 600)]
    few = {"x": Callback(native(library, "drawn"), native(library, "drawn")), "k": Stochastic(Integers(0, 20))}
    gen = Generator(few, anomalies=SOME, seed=2, uniqueness=Uniqueness(normal=Soft(9), anomalous=Soft(5)))
    data = gen.generate(1500, threads=2)
    assert data.duplicates.normal > 0
    kept = {tuple(x) for x in data.X[data.y == 0]}
    assert (data.y == 0).sum() - len(kept) == data.duplicates.normal
    assert np.array_equal(gen.generate(500, start=1000).X, data.X[1000:])


def test_nan_is_an_error_unless_allowed(library: Any) -> None:
    with pytest.raises(CallbackError, match=r"native function .* gave NaN; allow_nan=True.*row 1000") as caught:
        Generator({"x": Callback(native(library, "missing"))}).generate(5000)
    assert (caught.value.variable, caught.value.class_, caught.value.row) == ("x", "normal", 1000)
    data = Generator({"x": Callback(native(library, "missing"), allow_nan=True)}).generate(5000)
    assert np.flatnonzero(np.isnan(data["x"])).tolist() == [1000]


def test_it_keeps_the_code_alive() -> None:
    """Code made by ctypes itself: it takes the GIL, and goes with its owner."""
    calls: list[tuple[int, int, str]] = []

    def python(row: int, n: int, event: int, offset: int, duration: int, attempt: int, random: Any, out: Any) -> None:
        calls.append((row, n, threading.current_thread().name))
        for j in range(n):
            out[j] = row + j

    gen = Generator({"x": Callback(NativeFunction(python))})
    assert np.array_equal(gen.generate(100, start=1000)["x"], np.arange(1000.0, 1100.0))
    assert [call[:2] for call in calls] == [(512, 512), (1024, 512)]
    assert threading.current_thread().name not in {call[2] for call in calls}


def test_numba_and_scipy() -> None:
    numba = pytest.importorskip("numba")
    scipy = pytest.importorskip("scipy")
    arguments = "int64, int64, int64, int64, int64, int64, CPointer(uint64), CPointer(float64)"

    @numba.cfunc(f"void({arguments})")
    def rows(row, n, event, offset, duration, attempt, random, out):  # type: ignore[no-untyped-def]
        for j in range(n):
            out[j] = row + j

    @numba.cfunc("float64(float64)")
    def other(x):  # type: ignore[no-untyped-def]
        return x

    for function in (rows, rows.ctypes, scipy.LowLevelCallable(rows.ctypes)):
        data = Generator({"x": Callback(function)}).generate(3000, threads=2)
        assert np.array_equal(data["x"], np.arange(3000.0))
    for function in (other, other.ctypes, scipy.LowLevelCallable(other.ctypes)):
        with pytest.raises(SpecTypeError, match=r"variables\.x\.normal: must be a native function with the signature"):
            Generator({"x": Callback(function)})


def test_scipy_capsules(library: Any) -> None:
    scipy = pytest.importorskip("scipy")
    address = ctypes.cast(library.healthy, ctypes.c_void_p).value
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    expected = Generator({"x": Callback(native(library, "healthy"))}).generate(700)["x"]
    good = [
        b"void (int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, uint64_t *, double *)",
        b"void(long,long,long,long,long,long long,const unsigned long*,double*)",
    ]
    for name in good:
        function = scipy.LowLevelCallable(new(address, name, None))
        assert np.array_equal(Generator({"x": Callback(function)}).generate(700)["x"], expected)
    for name in (b"void (double)", good[0].replace(b"void", b"double"), good[0].replace(b", double *", b"")):
        function = scipy.LowLevelCallable(new(address, name, None))
        with pytest.raises(SpecTypeError, match="native function with the signature"):
            Generator({"x": Callback(function)})
    with pytest.raises(SpecTypeError, match="without user_data"):
        Generator({"x": Callback(scipy.LowLevelCallable(new(address, good[0], None), ctypes.c_void_p(5)))})


def test_what_is_refused(library: Any) -> None:
    with pytest.raises(SpecTypeError, match=r"variables\.x\.normal: .*with none; set its argtypes and restype"):
        Generator({"x": Callback(library.healthy)})
    library.other.argtypes = [ctypes.c_double]
    with pytest.raises(SpecTypeError, match=r"signature void \(int64_t.*with c_int \(c_double\)"):
        Generator({"x": Callback(library.other)})
    library.stuck.argtypes, library.stuck.restype = NativeFunction._argtypes_, None
    Generator({"x": Callback(library.stuck)})
    with pytest.raises(SpecTypeError, match=r"normal: must be a function.*NativeFunction\(address\)"):
        Callback(ctypes.cast(library.healthy, ctypes.c_void_p).value)
    with pytest.raises(SpecTypeError, match="a null pointer"):
        Generator({"x": Callback(NativeFunction(0))})
    with pytest.raises(SpecError, match="neither vectorized nor native"):
        Generator({"x": Callback(native(library, "healthy"), sequential=True)})
    with pytest.raises(SpecError, match=r"variables\.x\.normal: must be an import path .* to be written as TOML"):
        Generator({"x": Callback(native(library, "healthy"))}).to_toml()


def test_native_and_python_functions_mix(library: Any) -> None:
    mixed = Callback(native(library, "healthy"), lambda block: -5.0 - block.offset, vectorized=True)
    data = Generator({"x": mixed}, anomalies=SOME, seed=5).generate(3000)
    plain = Generator({"x": Callback(native(library, "healthy"))}, seed=5).generate(3000)
    quiet = data.y == 0
    assert np.array_equal(data["x"][quiet], plain["x"][quiet])
    assert (data["x"][~quiet] <= -5).all()


def test_an_import_path_may_name_a_native_function(tmp_path: Path, library: Any, monkeypatch: Any) -> None:
    (tmp_path / "natively.py").write_text(
        "import ctypes\nfrom paranom_rs import NativeFunction\n"
        f"f = NativeFunction(('healthy', ctypes.CDLL({library._name!r})))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    gen = Generator({"x": Callback("natively:f")}, seed=3)
    again = Generator.from_spec(gen.to_spec(), import_functions=True)
    assert np.array_equal(again.generate(50)["x"], gen.generate(50)["x"])
