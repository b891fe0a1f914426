"""GutenTAG's configurations as generators: each kind of theirs, what is said about what differs, and bad files."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paranom_rs import Generator, SpecError

yaml = pytest.importorskip("yaml")

ROWS = 3000
OSCILLATIONS: dict[str, dict[str, Any]] = {
    "sine": {"kind": "sine", "frequency": 2.0, "amplitude": 1.5, "variance": 0.05, "offset": 3.0},
    "cosine": {"kind": "cosine", "frequency": 1.0, "freq-mod": 0.1},
    "square": {"kind": "square", "frequency": 2.0, "duty": 0.3},
    "sawtooth": {"kind": "sawtooth", "frequency": 2.0, "width": 0.25},
    "dirichlet": {"kind": "dirichlet", "frequency": 1.0, "periodicity": 7},
    "mls": {"kind": "mls", "complexity": 6, "amplitude": 2.0},
    "ecg": {"kind": "ecg", "frequency": 2.0},
    "random-walk": {"kind": "random-walk", "amplitude": 1.0, "trend": {"kind": "polynomial", "polynomial": [1, 0.01]}},
    "random-mode-jump": {"kind": "random-mode-jump", "frequency": 30, "channel-diff": 1.0, "channel-offset": 0.5},
    "cylinder-bell-funnel": {"kind": "cylinder-bell-funnel", "avg-pattern-length": 30, "variance-pattern-length": 5},
    "polynomial": {"kind": "polynomial", "polynomial": [1.0, 0.5, -1e-4]},
}
KINDS: list[dict[str, Any]] = [
    {"kind": "amplitude", "amplitude_factor": 2.0},
    {"kind": "extremum", "min": False, "local": False},
    {"kind": "frequency", "frequency_factor": 3.0},
    {"kind": "mean", "offset": 2.0},
    {"kind": "pattern-shift", "shift_by": 8, "transition_window": 4},
    {"kind": "platform", "value": 0.1},
    {"kind": "variance", "variance": 0.4},
    {"kind": "trend", "oscillation": {"kind": "polynomial", "polynomial": [0, 0.02]}},
]


def read(tmp_path: Path, *series: dict[str, Any]) -> list[Any]:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"timeseries": list(series)}), encoding="utf-8")
    return Generator.from_gutentag(path, seed=3)


@pytest.mark.parametrize("kind", OSCILLATIONS)
def test_each_base_oscillation(kind: str, tmp_path: Path) -> None:
    [made] = read(tmp_path, {"name": kind, "length": ROWS, "base-oscillations": [OSCILLATIONS[kind]], "anomalies": []})
    assert (made.name, made.rows) == (kind, ROWS)
    data = made.generator.generate(made.rows)
    assert np.isfinite(data.X).all()
    assert data.X.std() > 0
    assert data.names == ["value-0"]


def test_periods_amplitudes_offsets_and_noise_are_theirs(tmp_path: Path) -> None:
    [made] = read(tmp_path, {"length": ROWS, "base-oscillations": [OSCILLATIONS["sine"]], "anomalies": []})
    values = made.generator.generate(ROWS)["value-0"]
    wanted = 3.0 + 1.5 * np.sin(2 * np.pi * np.arange(ROWS) * 2.0 / 100.0)
    assert (values - wanted).std() == pytest.approx(0.05 * 1.5, rel=0.1)
    assert made.name == "ts_0"
    assert made.notes == ()


def test_each_anomaly_kind_changes_the_rows_it_labels(tmp_path: Path) -> None:
    places = [{"exact-position": 300 * (i + 1), "length": 50, "kinds": [kind]} for i, kind in enumerate(KINDS)]
    places[3]["creeping-length"] = 25
    series = {"name": "all", "length": ROWS, "base-oscillation": OSCILLATIONS["sine"], "channels": 2}
    [made] = read(tmp_path, series | {"anomalies": [{**place, "channel": 1} for place in places]})
    data = made.generator.generate(made.rows)
    assert [(int(e.start), int(e.stop)) for e in data.events] == [(300 * (i + 1), 300 * (i + 1) + 50) for i in range(8)]
    assert [e.name for e in data.events] == [f"{kind['kind']}-{i}" for i, kind in enumerate(KINDS)]
    np.testing.assert_array_equal(data["value-0"], data.clean["value-0"])
    changed = data["value-1"] != data.clean["value-1"]
    assert changed[data.y == 1].mean() > 0.9
    assert not changed[data.y == 0].any()
    assert any("trend" in note for note in made.notes)


@pytest.mark.parametrize(
    ("kind", "extra"), [("square", {"square_duty": 0.8}), ("sawtooth", {"sawtooth_width": 0.9}), ("ecg", {})]
)
def test_patterns(kind: str, extra: dict[str, Any], tmp_path: Path) -> None:
    anomaly = {"position": "end", "length": 100, "kinds": [{"kind": "pattern"} | extra]}
    [made] = read(tmp_path, {"length": ROWS, "base-oscillations": [OSCILLATIONS[kind]], "anomalies": [anomaly]})
    data = made.generator.generate(ROWS)
    [event] = list(data.events)
    assert event.start >= 2000
    assert (data.X != data.clean.X)[data.y == 1].any()


def test_positions_lie_in_their_thirds_apart_from_each_other(tmp_path: Path) -> None:
    words = ["beginning", "middle", "end"] * 4
    anomalies = [{"position": word, "length": 40, "kinds": [KINDS[3]]} for word in words]
    [made] = read(
        tmp_path, {"name": "x", "length": ROWS, "base-oscillations": [OSCILLATIONS["sine"]], "anomalies": anomalies}
    )
    events = list(made.generator.generate(ROWS).events)
    assert len(events) == 12
    thirds = [int(event.start) // 1000 for event in events]
    assert [thirds.count(third) for third in range(3)] == [4, 4, 4]
    assert all(a.stop < b.start for a, b in itertools.pairwise(events))


def test_what_cannot_be_mapped_is_said(tmp_path: Path) -> None:
    custom, unknown, pattern, wide = read(
        tmp_path,
        {"base-oscillations": [{"kind": "custom-input"}]},
        {"base-oscillations": [{"kind": "squiggle"}]},
        {"base-oscillations": [{"kind": "sine"}], "anomalies": [{"length": 9, "kinds": [{"kind": "pattern"}]}]},
        {"base-oscillations": [{"kind": "polynomial", "polynomial": [1] * 9}]},
    )
    assert custom.generator is None
    assert "Recorded" in custom.notes[0]
    assert unknown.generator is None
    assert "squiggle" in unknown.notes[0]
    assert pattern.generator is not None
    assert "anomalies[0]: is left out" in pattern.notes
    assert wide.generator is None
    assert "1 to 8" in wide.notes[0]


def formula_of(tmp_path: Path, formula: dict[str, Any], **more: Any) -> Any:
    made = {"kind": "formula", "formula": formula} | more.pop("base", {})
    series = {"length": ROWS, "base-oscillations": [OSCILLATIONS["sine"], OSCILLATIONS["cosine"], made]}
    return read(tmp_path, series | more)[0]


def test_formulas_are_references(tmp_path: Path) -> None:
    twice = {"base": 0, "operation": {"kind": "*", "operand": 2.0}}
    for operation, wanted in [
        ({"kind": "+", "operand": {"base": 1}}, lambda a, b: 2 * a + b),
        ({"kind": "-", "operand": {"base": 1}}, lambda a, b: 2 * a - b),
        ({"kind": "*", "operand": {"base": 1}}, lambda a, b: 2 * a * b),
        ({"kind": "-", "operand": 0.5}, lambda a, b: 2 * a - 0.5),
        ({"kind": "/", "operand": 4.0}, lambda a, b: a / 2),
        ({"kind": "**", "operand": 3.0}, lambda a, b: (2 * a) ** 3),
    ]:
        made = formula_of(tmp_path, {"base": twice, "operation": operation})
        data = made.generator.generate(ROWS)
        np.testing.assert_allclose(data["value-2"], wanted(data["value-0"], data["value-1"]), rtol=1e-12, atol=1e-12)
        assert {edge.target for edge in made.generator.graph} == {"value-2"}
        assert "formula: refers to channels" in made.notes[0]
    alone = formula_of(tmp_path, {"base": 0}, base={"offset": 5.0, "variance": 0.1}).generator.generate(ROWS)
    assert (alone["value-2"] - alone["value-0"]).mean() == pytest.approx(5.0, abs=0.02)


def test_anomalies_of_formulas(tmp_path: Path) -> None:
    places = [
        {"exact-position": 300 * (i + 1), "length": 50, "channel": 2, "kinds": [kind]} for i, kind in enumerate(KINDS)
    ]
    made = formula_of(tmp_path, {"base": 0}, base={"variance": 0.5}, anomalies=places)
    data = made.generator.generate(ROWS)
    assert {e.name.rsplit("-", 1)[0] for e in data.events} == {k["kind"] for k in KINDS} - {
        "frequency",
        "pattern-shift",
    }
    assert any("no signal of its own" in note for note in made.notes)
    assert not (data.X != data.clean.X)[data.y == 0].any()


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ({"base": 2}, "before channel 2, got 2"),
        ({"base": "x"}, "got 'x'"),
        ({"base": 0, "aggregation": {"kind": "sum"}}, "aggregation"),
        ({"base": 0, "operation": {"kind": "/", "operand": {"base": 1}}}, "not / "),
        ({"base": 0, "operation": {"kind": "**", "operand": 0.5}}, "not ** 0.5"),
        ({"base": 0, "operation": {"kind": "%", "operand": 2.0}}, "not % 2.0"),
        ({"operation": {"kind": "+", "operand": 1.0}}, "is refused"),
    ],
)
def test_formulas_that_cannot_be_had(formula: dict[str, Any], says: str, tmp_path: Path) -> None:
    made = formula_of(tmp_path, formula)
    assert made.generator is None
    assert says in made.notes[-1]


@pytest.mark.parametrize("text", ["a: [", "3", "timeseries: 4", "timeseries: [4]"])
def test_bad_files(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"bad\.yaml: (must be YAML|must hold)"):
        Generator.from_gutentag(path)
