"""GutenTAG's configurations as generators: each kind of theirs, what is said about what differs, and bad files."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paranom_rs import Generator, SpecError
from paranom_rs.connect.gutentag.placement import Taken, Wanted, place

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
    # An extremum has one row.
    rows = [1 if kind["kind"] == "extremum" else 50 for kind in KINDS]
    assert [(int(e.start), int(e.stop)) for e in data.events] == [
        (300 * (i + 1), 300 * (i + 1) + n) for i, n in enumerate(rows)
    ]
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
        {"base-oscillations": [{"kind": "sine"}], "anomalies": [{"length": 9, "kinds": [{"kind": "wobble"}]}]},
        {"base-oscillations": [{"kind": "polynomial", "polynomial": [1] * 9}]},
    )
    assert custom.generator is None
    assert "input-timeseries-path-test: must be given" in custom.notes[0]
    assert unknown.generator is None
    assert "squiggle" in unknown.notes[0]
    assert pattern.generator is not None
    assert any("'wobble' is not known" in note for note in pattern.notes)
    assert any(note.startswith("anomalies[0]: is left out") for note in pattern.notes)
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
    assert any("a formula has none" in note for note in made.notes)
    assert not (data.X != data.clean.X)[data.y == 0].any()


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ({"base": 2}, "before channel 2, got 2"),
        ({"base": "x"}, "got 'x'"),
        ({"base": 0, "aggregation": {"kind": "sum"}}, "aggregation"),
        ({"base": 0, "operation": {"kind": "/", "operand": {"base": 1}}}, "got / "),
        ({"base": 0, "operation": {"kind": "**", "operand": 0.5}}, "got ** 0.5"),
        ({"base": 0, "operation": {"kind": "%", "operand": 2.0}}, "got % 2.0"),
        ({"operation": {"kind": "+", "operand": 1.0}}, "formula.base: must be a channel"),
    ],
)
def test_formulas_that_cannot_be_had(formula: dict[str, Any], says: str, tmp_path: Path) -> None:
    made = formula_of(tmp_path, formula)
    assert made.generator is None
    assert says in made.notes[-1]


@pytest.mark.parametrize(
    "text", ["a: [", "3", "timeseries: 4", "x: &x [*x]", "[" * 3000, "a: !!python/object/apply:os.system [ls]"]
)
def test_bad_files(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"bad\.yaml: must (be YAML|hold|be nested)"):
        Generator.from_gutentag(path)


def one(tmp_path: Path, base: dict[str, Any], *kinds: dict[str, Any], **more: Any) -> tuple[Any, Any]:
    """A series of one channel with one anomaly in rows 900 to 949, generated; and the notes."""
    anomaly = {"exact-position": 900, "length": 50, "kinds": list(kinds)} | more
    [made] = read(tmp_path, {"length": ROWS, "base-oscillations": [base], "anomalies": [anomaly]})
    return made.generator.generate(ROWS), made.notes


WAVE = {"kind": "sine", "frequency": 4.0, "amplitude": 1.5, "variance": 0.2, "offset": 7.0}
RISING = WAVE | {"trend": {"kind": "polynomial", "polynomial": [0, 0.1]}}
ROW = np.arange(900, 950)
SINE = 1.5 * np.sin(2 * np.pi * ROW * 4.0 / 100.0)


@pytest.mark.parametrize(
    ("kind", "changes_by"),
    [
        ({"kind": "amplitude", "amplitude_factor": 3.0}, 2.0 * SINE),
        ({"kind": "mean", "offset": -2.0}, np.full(50, -2.0)),
        ({"kind": "frequency", "frequency_factor": 2.5}, 1.5 * np.sin(2 * np.pi * np.arange(50) / 10.0) - SINE),
        ({"kind": "pattern-shift", "shift_by": 5}, 1.5 * np.sin(2 * np.pi * (ROW - 5) / 25.0) - SINE),
        ({"kind": "pattern", "sinusoid_k": 4.0}, 1.5 * np.arctan(4.0 * SINE) / np.arctan(4.0 * 1.5) - SINE),
        (
            {"kind": "trend", "oscillation": {"kind": "sine", "frequency": 1.0, "amplitude": 0.5}},
            0.5 * np.sin(2 * np.pi * np.arange(50) / 100.0),
        ),
        (
            {"kind": "trend", "oscillation": {"kind": "polynomial", "polynomial": [1, 0.5, -0.01]}},
            1 + 0.5 * np.arange(50) - 0.01 * np.arange(50) ** 2,
        ),
    ],
    ids=lambda x: x["kind"] if isinstance(x, dict) else "",
)
def test_anomalies_change_the_base_and_leave_noise_trend_and_offset(
    kind: dict[str, Any], changes_by: Any, tmp_path: Path
) -> None:
    data, _ = one(tmp_path, RISING, kind)
    difference = data["value-0"] - data.clean["value-0"]
    np.testing.assert_allclose(difference[900:950], changes_by, atol=2e-3)
    assert not np.delete(difference, slice(900, 950)).any()


def test_a_platform_takes_the_trend_and_leaves_offset_and_noise(tmp_path: Path) -> None:
    values = one(tmp_path, RISING, {"kind": "platform", "value": 4.0})[0]["value-0"][900:950]
    assert values.mean() == pytest.approx(11.0, abs=0.2)
    assert values.std() == pytest.approx(0.3, rel=0.4)


def test_variance_is_noise_of_that_size(tmp_path: Path) -> None:
    for variance in (0.05, 1.0):
        data, _ = one(
            tmp_path, RISING, {"kind": "variance", "variance": variance}, **{"exact-position": 0, "length": 2900}
        )
        row = np.arange(2900)
        noise = data["value-0"][:2900] - 7.0 - 0.1 * row - 1.5 * np.sin(2 * np.pi * row / 25.0)
        assert noise.std() == pytest.approx(1.5 * variance, rel=0.05)


def test_several_kinds_add_up_as_theirs(tmp_path: Path) -> None:
    data, _ = one(tmp_path, WAVE, {"kind": "amplitude", "amplitude_factor": 2.0}, {"kind": "mean", "offset": 1.0})
    np.testing.assert_allclose((data["value-0"] - data.clean["value-0"])[900:950], 2 * SINE + 1.0, atol=1e-9)


@pytest.mark.parametrize("kind", ["random-walk", "cylinder-bell-funnel", "random-mode-jump"])
@pytest.mark.parametrize(
    ("anomaly", "changes"),
    [
        ({"kind": "amplitude", "amplitude_factor": 3.0}, lambda base: 2 * base),
        ({"kind": "mode-correlation"}, lambda base: -2 * base),
        ({"kind": "mean", "offset": 2.0}, lambda base: 0 * base + 2.0),
    ],
)
def test_anomalies_of_a_random_base_leave_noise_trend_and_offset(
    kind: str, anomaly: dict[str, Any], changes: Any, tmp_path: Path
) -> None:
    slope = {"kind": "polynomial", "polynomial": [0, 0.01]}
    data, _ = one(tmp_path, {"kind": kind, "offset": 5.0, "trend": slope, "frequency": 20.0}, anomaly)
    base = data.clean["value-0"][900:950] - 5.0 - 0.01 * ROW
    difference = data["value-0"] - data.clean["value-0"]
    np.testing.assert_allclose(difference[900:950], changes(base), atol=1e-9)
    assert not np.delete(difference, slice(900, 950)).any()
    assert data.names == ["value-0"]


def test_channels_of_one_seed_jump_together(tmp_path: Path) -> None:
    jumps = {"kind": "random-mode-jump", "frequency": 30, "channel-offset": 2.0, "channel-diff": 1.0}
    bases = [jumps | {"random-seed": 7}, jumps | {"random-seed": 7}, jumps | {"random-seed": 8}, jumps]
    [made] = read(tmp_path, {"length": ROWS, "base-oscillations": bases, "anomalies": []})
    values = made.generator.generate(ROWS).X
    np.testing.assert_array_equal(values[:, 1], 1.5 * values[:, 0])
    for a, b in [(0, 2), (0, 3), (2, 3)]:
        assert (np.sign(values[:, a]) != np.sign(values[:, b])).any()


def test_older_spellings_are_read_as_the_newer(tmp_path: Path) -> None:
    old = {
        "length": ROWS,
        "channels": 2,
        "base_oscillation": {"kind": "sinus", "frequency": 4.0},
        "anomalies": [
            {"exact_position": 900, "length": 50, "creep-length": 10, "kinds": [KINDS[3]]},
            {"exact_position": 1200, "length": 50, "kinds": [{"kind": "mean", "parameters": {"offset": 2.0}}]},
            {
                "exact_position": 1500,
                "length": 50,
                "kinds": [{"kind": "trend", "parameters": {"kind": "polynomial", "polynomial": [0, 0.02]}}],
            },
            {"exact_position": 1800, "length": 50, "kinds": [{"kind": "mode_correlation", "parameters": None}]},
        ],
    }
    new = {
        "length": ROWS,
        "channels": 2,
        "base-oscillation": {"kind": "sine", "frequency": 4.0},
        "anomalies": [
            {"exact-position": 900, "length": 50, "creeping-length": 10, "kinds": [KINDS[3]]},
            {"exact-position": 1200, "length": 50, "kinds": [KINDS[3]]},
            {"exact-position": 1500, "length": 50, "kinds": [KINDS[7]]},
            {"exact-position": 1800, "length": 50, "kinds": [{"kind": "mode-correlation"}]},
        ],
    }
    first, second = read(tmp_path, old, new)
    assert first.generator.to_toml() == second.generator.to_toml()
    assert len(first.generator.generate(ROWS).events) == 4
    older = [note for note in first.notes if "its newer name" in note]
    assert "anomalies[0].creep-length: is read as creeping-length, its newer name" in older
    assert "base_oscillation: is read as base-oscillation, its newer name" in older
    assert set(first.notes) - set(older) == set(second.notes)


def test_what_is_given_twice_is_said(tmp_path: Path) -> None:
    twice = {"kind": "mean", "offset": 1.0, "parameters": {"offset": 2.0}}
    flat = {"kind": "mean", "parameters": 3}
    anomalies = [{"exact-position": 100 * i, "length": 5, "kinds": [k]} for i, k in enumerate([twice, flat, KINDS[3]])]
    [made] = read(tmp_path, {"channels": 2, "base-oscillations": [{"kind": "sine"}], "anomalies": anomalies})
    assert len(made.generator.generate(1000).events) == 1
    assert [note for note in made.notes if "left out" in note] == [
        "anomalies[0].kinds[0].offset: must be given once, and is under parameters as well: the anomaly is left out",
        "anomalies[1].kinds[0].parameters: must be a mapping, got 3: the anomaly is left out",
    ]
    assert "channels: 2 is not read: there are 1 base-oscillations" in made.notes


@pytest.mark.parametrize(
    "column", [{"use-column-test": 1}, {"use-column-test": "flow"}, {"usecols": ["flow"]}, {}], ids=str
)
def test_custom_input_is_a_column_of_a_file(column: dict[str, Any], tmp_path: Path) -> None:
    recorded = np.round(np.random.default_rng(5).normal(size=ROWS), 6)
    path = tmp_path / "flow.csv"
    path.write_text(
        "timestamp,flow,level\n" + "".join(f"{i},{x},0\n" for i, x in enumerate(recorded)), encoding="utf-8"
    )
    base = {"kind": "custom-input", "input-timeseries-path-test": str(path), "offset": 5.0} | column
    data, notes = one(tmp_path, base, {"kind": "amplitude", "amplitude_factor": 2.0})
    np.testing.assert_array_equal(data.clean["value-0"], recorded + 5.0)
    difference = data["value-0"] - data.clean["value-0"]
    np.testing.assert_allclose(difference[900:950], recorded[900:950], atol=1e-9)
    assert not np.delete(difference, slice(900, 950)).any()
    assert not any("not read" in note for note in notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"input-timeseries-path-test": "nowhere.csv"}, "must be a file that can be read"),
        ({"input-timeseries-path-test": "."}, "must be a file that can be read"),
        ({"input-timeseries-path-test": 3}, "must be a text"),
        ({"use-column-test": "other"}, "must have a column 'other'"),
        ({"use-column-test": 7}, "use-column-test: must be a column of"),
        ({"use-column-test": -1}, "must be a whole number from 0"),
        ({"use-column-test": [1]}, "must be a number"),
        ({"length": 4}, "must have the 4 rows of the series at least, got 3"),
    ],
)
def test_a_custom_input_that_cannot_be_had_is_said(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = tmp_path / "flow.csv"
    path.write_text("timestamp,flow\n0,1.5\n1,2.5\n2,3.5\n", encoding="utf-8")
    base = {"kind": "custom-input", "input-timeseries-path-test": str(path)} | change
    length = base.pop("length", 3)
    good = {"name": "good", "base-oscillations": [{"kind": "sine"}]}
    bad, other = read(tmp_path, {"length": length, "base-oscillations": [base]}, good)
    assert bad.generator is None
    assert says in bad.notes[-1], bad.notes
    assert other.generator is not None


def test_an_anomaly_that_the_generator_refuses_costs_no_other(tmp_path: Path) -> None:
    anomalies = [
        {"exact-position": 100 * (i + 1), "length": length, "kinds": [kind]}
        for i, (length, kind) in enumerate([(20, KINDS[3]), (1, {"kind": "pattern"}), (20, KINDS[0])])
    ]
    [made] = read(tmp_path, {"length": ROWS, "base-oscillations": [OSCILLATIONS["ecg"]], "anomalies": anomalies})
    assert [e.name for e in made.generator.generate(ROWS).events] == ["mean-0", "amplitude-2"]
    [note] = [note for note in made.notes if "left out" in note]
    assert note.startswith("anomaly pattern-1: is left out: it is refused: anomalies[")


@pytest.mark.parametrize("kind", sorted(OSCILLATIONS))
@pytest.mark.parametrize(
    "anomaly",
    [*KINDS, {"kind": "pattern"}, {"kind": "mode-correlation"}, {"kind": "variance", "variance": 0.0}],
    ids=str,
)
def test_each_kind_on_each_base_comes_out_or_is_said(kind: str, anomaly: dict[str, Any], tmp_path: Path) -> None:
    data, notes = one(tmp_path, OSCILLATIONS[kind] | {"variance": 0.1}, anomaly)
    changed = data["value-0"] != data.clean["value-0"]
    assert not changed[data.y == 0].any()
    if len(data.events) == 0:
        assert anomaly["kind"] in ("frequency", "pattern-shift")
        assert "anomalies[0]: is left out: none of its kinds can be had" in notes
        assert any(note.startswith("anomalies[0].kinds[0]: ") and "theirs ignores it" in note for note in notes)
    else:
        assert changed[data.y == 1].any()


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "amplitude"},
        {"kind": "amplitude", "amplitude_factor": 1.0},
        {"kind": "mean"},
        {"kind": "frequency"},
        {"kind": "variance", "variance": 0.2},
    ],
    ids=str,
)
def test_an_anomaly_that_changes_nothing_is_said(kind: dict[str, Any], tmp_path: Path) -> None:
    data, notes = one(tmp_path, WAVE, kind)
    assert any(note.startswith("anomalies[0].kinds[0].") and "changes nothing" in note for note in notes), notes
    assert kind["kind"] == "frequency" or (data.X == data.clean.X).all()


@pytest.mark.parametrize("amplitude", [0.0, 1e-320, 1e308])
@pytest.mark.parametrize("kind", ["pattern", "variance", "trend", "extremum", "amplitude"])
def test_numbers_at_the_ends_of_float64_raise_nothing_raw(kind: str, amplitude: float, tmp_path: Path) -> None:
    anomaly = {"kind": kind, "variance": 0.5, "amplitude_factor": 2.0, "oscillation": {"kind": "sine"}}
    for base in ("sine", "cylinder-bell-funnel"):
        entry = {"kind": base, "amplitude": amplitude, "variance": 0.1}
        place = {"exact-position": 900, "length": 50, "kinds": [anomaly]}
        [made] = read(tmp_path, {"length": ROWS, "base-oscillations": [entry], "anomalies": [place]})
        if made.generator is None:
            assert made.notes
            continue
        try:
            events = made.generator.generate(ROWS).events
        except SpecError:  # values that overflow are refused
            continue
        assert len(events) == 1 or any("left out" in note for note in made.notes)


def test_a_series_that_cannot_be_had_names_the_anomalies_that_it_takes_along(tmp_path: Path) -> None:
    anomalies = [{"length": 5, "kinds": [KINDS[3]]}] * 3
    [made] = read(tmp_path, {"name": "x", "base-oscillations": [{"kind": "custom-input"}], "anomalies": anomalies})
    assert made.generator is None
    assert "anomalies[0] to [2]: left out with the whole series 'x'" in made.notes


def test_all_anomalies_find_room_where_there_is_room(tmp_path: Path) -> None:
    mean = [{"kind": "mean", "offset": 3.0}]
    for lengths in ([140, 140], [12, 140, 90, 80], [1] * 160, [340], [900]):
        entries = [{"position": "middle", "length": n, "kinds": mean} for n in lengths]
        for name in "abc":
            series = {"name": name, "length": 1000, "base-oscillations": [{"kind": "sine"}], "anomalies": entries}
            [made] = read(tmp_path, series)
            data = made.generator.generate(1000)
            assert sorted(int(e.stop - e.start) for e in data.events) == sorted(lengths), made.notes
            assert data.y.sum() == sum(lengths)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2)), max_size=30),
    st.lists(st.tuples(st.integers(0, 280), st.integers(1, 20)), max_size=5),
    st.integers(0, 99),
)
def test_places_touch_nothing(shapes: list[tuple[int, int]], held: list[tuple[int, int]], seed: int) -> None:
    """Row by row: no two intervals share a row, or lie side by side; what is left out fits in no gap of a packing."""
    rows, taken, used = 300, Taken(), np.zeros(301, bool)
    for start, length in held:
        if taken.touching(start, start + length) is None:
            assert not used[max(start - 1, 0) : start + length + 1].any()
            taken.add(start, start + length)
            used[start : start + length] = True
        else:
            assert used[max(start - 1, 0) : start + length + 1].any()
    wanted = [Wanted(i, length, third) for i, (length, third) in enumerate(shapes)]
    found = place(wanted, taken, rows, np.random.default_rng(seed))
    for i, start in found.items():
        assert 0 <= start <= rows - wanted[i].length
        assert not used[max(start - 1, 0) : start + wanted[i].length + 1].any()
        used[start : start + wanted[i].length] = True
    if sum(length + 1 for length, _ in shapes) <= 60 and not held:
        assert len(found) == len(shapes)


def test_channels_share_an_event_and_what_touches_is_named(tmp_path: Path) -> None:
    mean = [{"kind": "mean", "offset": 3.0}]
    places = [(100, 20, 0), (100, 20, 1), (100, 20, 0), (110, 20, 1), (300, 5, 1)]
    entries = [{"exact-position": p, "length": n, "channel": c, "kinds": mean} for p, n, c in places]
    [made] = read(tmp_path, {"length": 1000, "base-oscillation": {"kind": "sine"}, "channels": 2, "anomalies": entries})
    labels = made.generator.generate(1000).labels
    assert [labels[:, i].sum() for i in range(2)] == [20, 25]
    left_out = [note for note in made.notes if "is left out" in note]
    assert [note[:12] for note in left_out] == ["anomalies[2]", "anomalies[3]"]


BAD = [
    "length: .inf", "length: abc", "length: -3", "length: 0", "base-oscillations: 5", "base-oscillations: [1]",
    "base-oscillations: [{kind: sine, frequency: 0}]", "base-oscillations: [{kind: sine, frequency: .inf}]",
    "base-oscillations: [{kind: sine, frequency: text}]", "base-oscillation: {kind: sine}\n  channels: 1e400",
    "base-oscillation: {kind: sine}\n  channels: 100000000000", "base-oscillations: [{kind: sine}]\n  anomalies: 5",
    "base-oscillations: [{kind: random-mode-jump, frequency: 0}]", "base-oscillations: [{kind: ecg, freq-mod: .nan}]",
    "base-oscillations: [{kind: dirichlet, periodicity: .inf}]", "base-oscillations: [{kind: formula, formula: 3}]",
    "base-oscillations: [{kind: polynomial, polynomial: 3}]", "base-oscillations: [{kind: sine, trend: 7}]",
    "base-oscillations: [{kind: sine, amplitude: [1]}]", "base-oscillations: [{kind: sine, variance: -1}]",
    "base-oscillations: [{kind: random-mode-jump, frequency: 1.0e-308}]",
    "base-oscillations: [{kind: cylinder-bell-funnel, variance-pattern-length: 1.0e+308}]",
    "base-oscillations: [{kind: [sine]}]", "length: " + "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_a_bad_series_is_said_and_costs_no_other(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    good = "- name: good\n  base-oscillations: [{kind: sine}]\n"
    bad = f"- name: bad\n  {text}\n" + ("" if "oscillation" in text else "  base-oscillations: [{kind: sine}]\n")
    path.write_text(f"timeseries:\n{bad}{good}", encoding="utf-8")
    if "9" * 5000 in text:  # a number that YAML itself cannot read
        with pytest.raises(SpecError, match="must be YAML"):
            Generator.from_gutentag(path)
        return
    made = Generator.from_gutentag(path)
    assert [(x.name, x.generator is None) for x in made] == [("bad", True), ("good", False)]
    assert "must" in made[0].notes[-1]
    assert "1e-300" not in made[0].notes[-1]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{length: 5, channel: 3, kinds: [{kind: mean, offset: 1}]}", "channel: must be a whole number from 0 to 0"),
        ("{length: 5, position: nowhere, kinds: [{kind: mean, offset: 1}]}", "position: must be one of"),
        ("{length: 0, kinds: [{kind: mean, offset: 1}]}", "length: must be a whole number from 1"),
        ("{length: 1e400, kinds: [{kind: mean, offset: 1}]}", "length: must be"),
        ("{length: 5, kinds: []}", "kinds: must name a kind"),
        ("{length: 5, kinds: [4]}", "must be a mapping"),
        ("{length: 5, exact-position: 9998, kinds: [{kind: mean}]}", "exact-position: must leave room"),
        ("{length: 5, kinds: [{kind: mean, offset: text}]}", "offset: must be a number"),
        ("{length: 5, kinds: [{kind: frequency, frequency_factor: 0}]}", "frequency_factor: must be > 0"),
        ("7", "must be a mapping"),
    ],
)
def test_a_bad_anomaly_is_said_and_costs_no_other(entry: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    good = "{exact-position: 10, length: 5, kinds: [{kind: mean, offset: 1}]}"
    path.write_text(
        f"timeseries:\n- base-oscillations: [{{kind: sine}}]\n  anomalies: [{entry}, {good}]\n", encoding="utf-8"
    )
    [made] = Generator.from_gutentag(path)
    assert made.generator.generate(100).y.sum() == 5
    assert any(says in note for note in made.notes), made.notes


def test_what_is_not_read_is_said_with_the_nearest_key(tmp_path: Path) -> None:
    anomaly = {"exact-position": 10, "length": 50, "creep-lengthing": 40, "kinds": [{"kind": "mean", "ofset": 1.0}]}
    [made] = read(
        tmp_path,
        {"base-oscillations": [{"kind": "sine", "freqency": 3.0}], "anomalies": [anomaly], "lenght": 5},
    )
    for near in ("creeping-length", "offset", "frequency", "length"):
        assert any(f"did you mean {near}?" in note for note in made.notes), made.notes


def test_aliases_are_not_written_out_without_end(tmp_path: Path) -> None:
    lines = ["x0: &x0 {base: 0}"]
    lines += [f"x{i}: &x{i} {{base: *x{i - 1}, operation: {{kind: '+', operand: *x{i - 1}}}}}" for i in range(1, 40)]
    formula = "{kind: formula, formula: *x39}"
    path = tmp_path / "bomb.yaml"
    path.write_text(
        "\n".join(lines) + f"\ntimeseries:\n- base-oscillations: [{{kind: sine}}, {formula}]\n", encoding="utf-8"
    )
    with pytest.raises(SpecError, match="must hold at most 1000000 values"):
        Generator.from_gutentag(path)
