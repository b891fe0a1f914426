"""Stream 1 is frozen: the vectors in golden/stream1 come out of the library and of the reference, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from paranom_rs import Generator
from paranom_rs._core import Plan
from reference import fmath, generator, random, time
from support.generated import Rows, assert_same_values, generated

FOLDER = Path(__file__).parents[1] / "golden" / "stream1"
DATASETS = ["distributions", "signals", "anomalous", "transforms", "references", "clock", "schedule"]


def load(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert vectors["stream"] == 1
    if "spec" in vectors:
        vectors["spec"]["stream"] = 1
    return vectors


def floats(text: str) -> NDArray[np.float64]:
    return np.array([float.fromhex(word) for word in text.split()])


def slices(name: str) -> list[tuple[dict[str, Any], int, Rows]]:
    vectors = load(name)
    found = []
    for part in vectors["slices"]:
        columns = {name: floats(text) for name, text in part["columns"].items()}
        for name, first in part["first"].items():
            np.testing.assert_equal(columns[name][0], first)
        y = np.array([int(digit) for digit in part["y"]], np.int8)
        found.append((vectors["spec"], part["start"], Rows(columns, y, [tuple(e) for e in part["events"]])))
    return found


def test_the_folder_holds_what_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*DATASETS, "functions"}


@pytest.mark.parametrize("name", DATASETS)
def test_the_library_gives_stream_1(name: str) -> None:
    for spec, start, golden in slices(name):
        made = generated(spec, start, len(golden.y))
        assert_same_values(made, golden)
        assert made.events == golden.events


@pytest.mark.parametrize("name", DATASETS)
def test_the_reference_gives_stream_1(name: str) -> None:
    for spec, start, golden in slices(name):
        columns, y, events = generator.generate(spec, start, len(golden.y))
        assert_same_values(Rows(columns, y, events), golden)
        assert events == golden.events


def test_the_public_face_gives_stream_1() -> None:
    for name in DATASETS:
        for spec, start, golden in slices(name):
            data = Generator.from_spec(spec).generate(len(golden.y), start=start)
            assert_same_values(Rows({name: data[name] for name in data.names}, data.y, []), golden)


def test_timestamps() -> None:
    vectors = load("clock")
    for part in vectors["slices"]:
        start, golden = part["start"], floats(part["t"])
        np.testing.assert_array_equal(Plan(vectors["spec"]).times(start, len(golden)), golden)
        rows = list(range(start, start + len(golden)))
        assert time.timestamps(vectors["spec"]["time"], vectors["spec"]["seed"], rows, stream=1) == golden.tolist()


def test_keys() -> None:
    for text, golden in load("functions")["keys"].items():
        seed, domain, *name = text.split(" ")
        assert "{:08x} {:08x}".format(*random.key_of(int(seed), domain, " ".join(name))) == golden


def test_elementary_functions() -> None:
    functions = {
        "ln": fmath.ln,
        "exp": fmath.exp,
        "sin2pi": lambda v: fmath.sincos2pi(v)[0],
        "cos2pi": lambda v: fmath.sincos2pi(v)[1],
        "normal_cdf": fmath.normal_cdf,
        "normal_quantile": fmath.normal_quantile,
    }
    vectors = load("functions")["functions"]
    assert vectors.keys() == functions.keys()
    for name, function in functions.items():
        of, golden = floats(vectors[name]["of"]), floats(vectors[name]["is"])
        assert list(map(float.hex, function(of))) == list(map(float.hex, golden)), name


@pytest.mark.parametrize("path", sorted((FOLDER.parent / "stream2").glob("*.json")), ids=lambda path: path.stem)
def test_stream_2(path: Path) -> None:
    """What differs from stream 1: values, ids and times, from the library and from the reference."""
    vectors = json.loads(path.read_text(encoding="utf-8"))
    spec = vectors["spec"]
    for part in vectors["slices"]:
        start, rows = part["start"], len(part["y"])
        columns = {name: floats(text) for name, text in part["columns"].items()}
        golden = Rows(columns, np.array([*map(int, part["y"])], np.int8), [tuple(event) for event in part["events"]])
        reference = Rows(*generator.generate(spec, start, rows))
        for made in (generated(spec, start, rows), reference):
            assert_same_values(made, golden)
            assert made.events == golden.events
        times = [int(word) for word in part["t"].split()]
        assert Plan(spec).times(start, rows).tolist() == times
        assert time.timestamps(spec["time"], spec["seed"], list(range(start, start + rows)), 2) == times
